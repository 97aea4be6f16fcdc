//! The lens against closed forms, against the literature's counts, and against itself.

use super::*;
use crate::experiment::{Activation, Draws, Preset, Variant};

fn lens_of(experiment: &Experiment) -> Lens {
    precision(&mut DrawStudy::new(), experiment, &Watch::unattended()).expect("nobody stops it")
}

fn preset(name: &str) -> Experiment {
    Preset::find(name).expect("a preset").experiment()
}

/// `depth` hidden sigmoid layers of 20 units, with draws that are frozen.
fn sigmoid(depth: usize) -> Experiment {
    let mut experiment = preset("vanishing");
    experiment.draws = Draws::Numpy;
    experiment.architecture.depth = depth;
    experiment
}

fn median(mut numbers: Vec<usize>) -> usize {
    numbers.sort_unstable();
    numbers[numbers.len() / 2]
}

/// THEORY.md, section 6: for sigmoid, Xavier, n = 20 a plainly computed norm is 0 after 7, 34
/// and 253 layers in fp16, fp32 and fp64, and max|δ| after 12, 69 and 504.
///
/// Counted here: layers from the output that keep some square (some |δ_j|) above zero, all
/// layers 20 units wide, the output too; the median over eleven seeds. A start ten times as
/// large, or as small, moves each count by about 1.6 layers.
#[test]
fn a_sigmoid_net_is_lost_after_as_many_layers_as_the_literature_says() {
    let mut experiment = sigmoid(600);
    (experiment.architecture.input, experiment.architecture.output) = (20, 20);
    let lenses: Vec<VariantLens> = (0..11)
        .map(|seed| {
            experiment.seed = seed;
            lens_of(&experiment).variants.remove(0)
        })
        .collect();
    for (format, norm, largest, within) in
        [(Format::Fp16, 7, 12, 1), (Format::Fp32, 34, 69, 2), (Format::Fp64, 253, 504, 3)]
    {
        let all = |kept: &dyn Fn(&VariantLens) -> Option<usize>| {
            median(lenses.iter().map(|lens| kept(lens).expect("lost at last")).collect())
        };
        let measured =
            [all(&|lens| lens.kept_squares(format)), all(&|lens| lens.kept_layers(format))];
        assert!(measured[0].abs_diff(norm) <= within, "{format:?} {measured:?}");
        assert!(measured[1].abs_diff(largest) <= within, "{format:?} {measured:?}");
    }
}

/// What the emulated pass loses is what the exact δ says it will, to a layer.
#[test]
fn the_computed_pass_loses_the_layers_that_the_exact_one_foresees() {
    for seed in 0..5 {
        let mut experiment = sigmoid(100);
        experiment.seed = seed;
        let lens = lens_of(&experiment).variants.remove(0);
        for emulation in &lens.emulations {
            let kept = |is_zero: fn(&StoredDelta) -> bool| {
                emulation.plain.iter().rev().position(is_zero).expect("lost at last")
            };
            let numbers = lens.kept_layers(emulation.format).expect("lost at last");
            let squares = lens.kept_squares(emulation.format).expect("lost at last");
            assert!(kept(|stored| stored.zeros == stored.total).abs_diff(numbers) <= 1);
            assert!(kept(|stored| stored.plain_norm == 0.0).abs_diff(squares) <= 1);
        }
    }
}

#[test]
fn the_shares_are_those_of_the_rounded_numbers() {
    let experiment = sigmoid(12);
    let lens = lens_of(&experiment).variants.remove(0);
    let network: Network<f64> = DrawStudy::new()
        .network(&experiment, &experiment.variants[0], &Watch::unattended())
        .expect("nobody stops it");
    for (trace, layer) in network.pass().layers.iter().zip(&lens.layers) {
        let delta: Vec<f64> = trace.exact_delta(0).into_iter().map(Scaled::to_f64).collect();
        assert_eq!((layer.total, layer.nonzero), (delta.len() as u64, delta.len() as u64));
        for (format, lost) in Format::ALL.into_iter().zip(layer.held) {
            let count = |of: &dyn Fn(f64) -> bool| {
                delta.iter().filter(|delta| of(format.round(**delta).abs())).count() as u64
            };
            assert_eq!(lost.flushed, count(&|stored| stored == 0.0));
            let subnormal = |stored| stored > 0.0 && stored < format.smallest_normal();
            assert_eq!(lost.subnormal, count(&subnormal));
            assert_eq!(lost.overflow, count(&|stored: f64| !stored.is_finite()));
        }
    }
}

/// The worst share of a layer that a format flushes, and whether anything overflows, with the
/// exact δ times 2^power.
fn with_scale(experiment: &Experiment, format: Format, power: i64) -> (f64, bool) {
    let network: Network<f64> = DrawStudy::new()
        .network(experiment, &experiment.variants[0], &Watch::unattended())
        .expect("nobody stops it");
    let mut worst = (0.0, false);
    for trace in &network.pass().layers {
        let held: Vec<Held> = trace
            .exact_delta(0)
            .into_iter()
            .map(|delta| format.hold(delta.times(Scaled::new(1.0, power))))
            .collect();
        let flushed = held.iter().filter(|held| **held == Held::Flushed).count();
        worst.0 = f64::max(worst.0, flushed as f64 / held.len() as f64);
        worst.1 |= held.contains(&Held::Overflow);
    }
    worst
}

#[test]
fn a_loss_scale_saves_a_medium_sigmoid_net_in_fp16() {
    let experiment = sigmoid(13);
    let lens = lens_of(&experiment).variants.remove(0);
    let fp16 = lens.emulation(Format::Fp16).expect("computed");
    assert_eq!(fp16.plain[0].zeros, 20, "without a scale the first layer learns nothing");
    let scale = lens.scales[Format::Fp16.place()];
    let LossScale::Range { least, most, chosen, check } = scale else { panic!("{scale:?}") };
    assert!(least > 0 && (least..=most).contains(&chosen), "{scale:?}");
    let Some(Check::Kept { factor }) = check else { panic!("{scale:?}") };
    assert!(scale.is_kept() && factor < 1.05, "{scale:?}");
    let scaled = fp16.scaled.as_ref().expect("computed");
    for (stored, exact) in scaled.iter().zip(&lens.layers) {
        let norms = [stored.norm.expect("finite"), exact.norm].map(|n| n.log10().expect("not 0"));
        assert!((norms[0] - norms[1]).abs() < 0.02, "{norms:?}");
    }
    // The range is as wide as it can be.
    for power in [least, chosen, most] {
        let (flushed, overflow) = with_scale(&experiment, Format::Fp16, power);
        assert!(flushed <= FLUSHED_SHARE && !overflow, "{power}: {flushed} {overflow}");
    }
    assert!(with_scale(&experiment, Format::Fp16, least - 1).0 > FLUSHED_SHARE);
    assert!(with_scale(&experiment, Format::Fp16, most + 1).1);
    // bf16 has the range, and needs none.
    assert_eq!(lens.scales[Format::Bf16.place()].chosen(), Some(0));
    assert!(lens.scales[Format::Bf16.place()].is_kept());
}

#[test]
fn no_loss_scale_saves_a_deep_sigmoid_net() {
    let lens = lens_of(&preset("deep")).variants.remove(0);
    for (format, scale) in Format::ALL.into_iter().zip(&lens.scales) {
        let LossScale::TooWide { spans, holds } = scale else { panic!("{format:?} {scale:?}") };
        // −604 decades and the spread within the layers.
        assert!((2000.0..2250.0).contains(spans) && holds < spans, "{scale:?}");
    }
    let holds = |format: Format| match lens.scales[format.place()] {
        LossScale::TooWide { holds, .. } => holds.round(),
        _ => 0.0,
    };
    // 2^−24 … 2^16, 2^−133 … 2^128, 2^−1074 … 2^1024.
    assert_eq!([Format::Fp16, Format::Bf16, Format::Fp64].map(holds), [40.0, 261.0, 2098.0]);
    assert!(lens.emulations.iter().all(|emulation| emulation.scaled.is_none()));
}

#[test]
fn a_forward_pass_that_overflows_is_saved_by_no_scale() {
    let mut experiment = preset("exploding");
    experiment.architecture.depth = 60;
    let lens = lens_of(&experiment).variants.remove(0);
    let fp16 = lens.emulation(Format::Fp16).expect("computed");
    let first = fp16.forward_overflow.expect("ReLU with gain 2 leaves fp16");
    assert!(fp16.plain.iter().all(|stored| stored.norm.is_none() && stored.not_finite > 0));
    match lens.scales[Format::Fp16.place()] {
        LossScale::Range { check: Some(Check::ForwardOverflow { layer }), .. } => {
            assert_eq!(layer, first);
        }
        LossScale::TooWide { .. } => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_dead_output_is_no_underflow() {
    let lens = lens_of(&Experiment::default());
    let relu = &lens.variants[1];
    assert!(relu.layers.iter().all(|layer| layer.nonzero == 0 && layer.zero.is_some()));
    assert!(relu.layers.iter().all(|layer| layer.held == [Lost::default(); 6]));
    assert_eq!(relu.scales, [LossScale::NoSignal; 6]);
    assert_eq!(relu.kept_layers(Format::E4m3), None);
}

#[test]
fn it_stops_when_told_to() {
    let mut experiment = preset("deep");
    experiment.variants.push(Variant::of(Activation::Tanh));
    let asked = std::cell::Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 1200
    };
    let watch = Watch::new(&stop, &|_| {});
    assert_eq!(precision(&mut DrawStudy::new(), &experiment, &watch), Err(Stopped));
    assert!(asked.get() < 1300, "it went on for long");
}
