//! How z, a and δ spread: bins against plain counts.

use std::sync::Arc;

use gradient_lab::engine::Scaled;
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::figure::{Figure, SpreadForm};
use gradient_lab::study::{
    DrawStudy, LayerSpread, MOST_BINS, Spread, SpreadSettings, SpreadSignal, Stopped, TaskContext,
    ValueAxis, ValueScale, spread,
};

fn of(experiment: &Experiment, settings: SpreadSettings) -> Spread {
    spread(&mut DrawStudy::new(), experiment, settings, &TaskContext::unattended()).unwrap()
}

fn every_choice() -> impl Iterator<Item = SpreadSettings> {
    let choice = |signal, axis, variant| SpreadSettings { variant, signal, axis: Some(axis) };
    let pairs = SpreadSignal::ALL.into_iter().flat_map(|s| ValueAxis::ALL.map(|axis| (s, axis)));
    pairs.flat_map(move |(signal, axis)| [choice(signal, axis, 0), choice(signal, axis, 9)])
}

/// x = 1 into four linear units with weights 1, −2, 0 and ½; w the weights after them.
fn by_hand() -> Experiment {
    let toml = r#"
        [architecture]
        input = 1
        depth = 1
        width = 4
        output = 1
        [data]
        x = [[1.0]]
        y = [[0.0]]
        [[variant]]
        name = "given"
        activation = "linear"
        weights = [[[1.0], [-2.0], [0.0], [0.5]], [[1.0, 1.0, 1.0, 1.0]]]
    "#;
    Experiment::from_toml(toml).unwrap()
}

#[test]
fn four_values_are_counted_by_hand() {
    let choose = |axis| SpreadSettings { signal: SpreadSignal::Z, axis: Some(axis), variant: 0 };
    // 1, −2, 0 and ½, and the output's −½: 3 in 40 parts, rounded up to 0.1.
    let linear = of(&by_hand(), choose(ValueAxis::Linear));
    assert_eq!((linear.bins.width, linear.bins.ends()), (0.1, (-2.0, 1.1)));
    let filled = |spread: &Spread, layer: usize| -> Vec<(usize, u64)> {
        let counts = spread.layers[layer].counts.iter().copied().enumerate();
        counts.filter(|(_, count)| *count > 0).collect()
    };
    assert_eq!(filled(&linear, 0), [(0, 1), (25, 1), (30, 1)]);
    assert_eq!(filled(&linear, 1), [(15, 1)]);
    let first = &linear.layers[0];
    assert_eq!((first.total, first.zeros, first.zero_share()), (4, 1, 0.25));
    assert_eq!(first.mean.to_f64(), -0.125);
    assert!((first.rms.to_f64() - (5.25_f64 / 4.0).sqrt()).abs() < 1e-15);
    // The middle one of −2, ½ and 1.
    assert_eq!(first.quantiles, Some([-2.0, 0.5, 1.0]));
    // log10 of ½, 1 and 2: 0.602 in 40 parts, rounded up to 0.02.
    let log = of(&by_hand(), choose(ValueAxis::Log));
    assert_eq!((log.bins.width, log.bins.count), (0.02, 32));
    assert_eq!(filled(&log, 0), [(0, 1), (16, 1), (31, 1)]);
    assert_eq!(log.layers[0].zeros, 1);
}

#[test]
fn every_entry_is_counted_once() {
    for id in ["chapter-16", "worked-example", "xor", "orthogonal", "xavier-vs-he"] {
        let mut experiment = Preset::find(id).unwrap().experiment();
        for batch in [1, 5] {
            if experiment.data.is_none() {
                experiment.architecture.batch = batch;
            }
            for settings in every_choice() {
                let spread = of(&experiment, settings);
                assert_eq!(spread.layers.len(), experiment.layers());
                for (index, layer) in spread.layers.iter().enumerate() {
                    let counted: u64 = layer.counts.iter().sum();
                    let (units, batch) = spread.entries(index);
                    assert_eq!(layer.total, (units * batch) as u64, "{id} {settings:?}");
                    assert_eq!(counted + layer.zeros, layer.total, "{id} {settings:?}");
                    assert_eq!(layer.counts.len(), spread.bins.count);
                    assert!(spread.bins.count <= MOST_BINS + 1);
                }
            }
        }
    }
}

#[test]
fn a_dead_relu_is_an_exact_zero() {
    let experiment = Experiment::default();
    let settings =
        SpreadSettings { variant: 1, signal: SpreadSignal::A, axis: Some(ValueAxis::Log) };
    let spread = of(&experiment, settings);
    let draw = DrawStudy::new().run(&experiment, &TaskContext::unattended()).unwrap();
    for (layer, record) in spread.layers.iter().zip(&draw.variants[1].layers) {
        assert_eq!(layer.zero_share(), record.dead_share);
        assert_eq!(layer.dead_share, record.dead_share);
    }
    assert!(spread.layers.iter().any(|layer| layer.zeros > 0));
    // The output is dead: every δ is exactly 0, on every axis.
    for axis in ValueAxis::ALL {
        let delta = of(
            &experiment,
            SpreadSettings { signal: SpreadSignal::Delta, axis: Some(axis), ..settings },
        );
        assert!(delta.layers.iter().all(|layer| layer.zeros == layer.total));
    }
}

#[test]
fn norms_that_no_f64_holds_are_in_finite_bins() {
    let experiment = Preset::find("deep").unwrap().experiment();
    let draw = DrawStudy::new().run(&experiment, &TaskContext::unattended()).unwrap();
    for axis in [ValueAxis::Log, ValueAxis::SignedLog] {
        let settings = SpreadSettings { axis: Some(axis), ..Default::default() };
        let spread = of(&experiment, settings);
        assert!(spread.bins.width.is_finite() && spread.bins.count > 40, "{:?}", spread.bins);
        for (layer, record) in spread.layers.iter().zip(&draw.variants[0].layers) {
            let norm = record.delta.log10().unwrap();
            let rms = layer.rms.log10().unwrap();
            assert!((rms + 0.5 * (layer.total as f64).log10() - norm).abs() < 1e-9);
            // The largest entry lies at most half the logarithm of their number above the rms.
            let top = layer.counts.iter().rposition(|count| *count > 0).unwrap();
            let upper = spread.scale.value(spread.bins.edge(top + 1)).log10().unwrap();
            if axis == ValueAxis::Log {
                assert!(upper >= rms && upper <= norm + 1.01 * spread.bins.width);
            }
        }
    }
    let first = of(&experiment, SpreadSettings::default());
    assert!(first.layers[0].rms.log10().unwrap() < -600.0);
}

#[test]
fn both_precisions_count_alike() {
    let mut experiment = Experiment::default();
    let settings =
        SpreadSettings { signal: SpreadSignal::A, axis: Some(ValueAxis::Linear), variant: 0 };
    let double = of(&experiment, settings);
    experiment.architecture.precision = gradient_lab::experiment::Precision::F32;
    let single = of(&experiment, settings);
    assert_eq!(double.bins, single.bins);
    let counts =
        |spread: &Spread| spread.layers.iter().map(|l| l.counts.clone()).collect::<Vec<_>>();
    assert_eq!(counts(&double), counts(&single));
}

#[test]
fn positions_and_values_agree_on_both_sides_and_far_out() {
    for scale in [
        ValueScale::SignedLog { threshold: -700 },
        ValueScale::SignedLog { threshold: 2 },
        ValueScale::Linear { power: -640 },
        ValueScale::Linear { power: 0 },
    ] {
        for number in [Scaled::new(0.7, -2100), (-0.03).into(), 5e7.into()] {
            let position = scale.position(number).unwrap();
            if !(1e-6..1e6).contains(&position.abs()) {
                continue;
            }
            let back = scale.value(position);
            let off = back.checked_div(number).unwrap().to_f64() - 1.0;
            assert!(off.abs() < 1e-8, "{scale:?} {number:?} {back:?}");
        }
        assert_eq!(scale.position(Scaled::ZERO), Some(0.0));
    }
}

#[test]
fn a_stop_is_obeyed() {
    let (stop, ignore) = (|| true, |_| {});
    let task = TaskContext::new(&stop, &ignore);
    let asked = spread(&mut DrawStudy::new(), &Experiment::default(), Default::default(), &task);
    assert_eq!(asked, Err(Stopped));
}

#[test]
fn the_usual_axis_suits_the_data() {
    let usual = |experiment: &Experiment, signal| {
        let settings = SpreadSettings { signal, ..Default::default() };
        of(experiment, settings).scale.axis()
    };
    let chapter = Experiment::default();
    assert_eq!(usual(&chapter, SpreadSignal::Z), ValueAxis::Linear);
    assert_eq!(usual(&chapter, SpreadSignal::Delta), ValueAxis::Log);
    let exploding = Preset::find("exploding").unwrap().experiment();
    // A Gaussian has two humps on a signed logarithmic axis.
    assert_eq!(usual(&exploding, SpreadSignal::Z), ValueAxis::Linear);
    assert_eq!(usual(&exploding, SpreadSignal::A), ValueAxis::SignedLog);
}

#[test]
fn a_linear_axis_says_which_layers_it_hides() {
    let how_to_read = |name: &str| {
        let experiment = Preset::find(name).unwrap().experiment();
        let settings = SpreadSettings { signal: SpreadSignal::Z, ..Default::default() };
        let spread = Arc::new(of(&experiment, settings));
        let rms = |layer: &LayerSpread| layer.rms.log10().expect("not zero");
        let hidden = || spread.layers[..spread.layers.len() - 1].iter().map(rms);
        let apart = hidden().fold(f64::MIN, f64::max) - hidden().fold(f64::MAX, f64::min);
        let figure = Figure::spread(&spread, SpreadForm::Heat);
        (apart, figure.caption.last().expect("words").clone())
    };
    let (apart, words) = how_to_read("exploding");
    assert!(words.contains(&format!("{apart:.1} decades apart: signed log")), "{words}");
    let (apart, words) = how_to_read("chapter-16");
    assert!(apart < 1.5 && !words.contains("apart"), "{apart} {words}");
}
