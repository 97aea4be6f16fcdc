//! The ensemble's findings against the networks' own norms, one by one.

use gradient_lab::experiment::{Activation, Experiment, Init, Scheme, UnitLaw, Variant};
use gradient_lab::figure::words;
use gradient_lab::study::{
    Comparison, EnsembleFinding, EnsembleSettings, Footing, NoSpread, Place, Sampler, TaskContext,
    Theory, TheoryError, ensemble,
};

const SEEDS: u32 = 300;

/// log10 ‖δ^(l)‖ of every network, straight from the draws.
fn raw(experiment: &Experiment) -> Vec<Vec<Option<f64>>> {
    let mut sampler = Sampler::new(experiment, None).expect("any scheme");
    let seeds = (0..u64::from(SEEDS)).map(|seed| {
        let norms = sampler.sample(experiment.seed + seed, &|| true).expect("not stopped");
        norms.iter().map(|norm| norm.log10()).collect()
    });
    seeds.collect()
}

fn found(experiment: &Experiment) -> Vec<EnsembleFinding> {
    let settings = EnsembleSettings { seeds: SEEDS, ..EnsembleSettings::default() };
    let measured =
        ensemble(experiment, &settings, &TaskContext::unattended(), |_| {}).expect("valid");
    let theory = Theory::at_once(experiment);
    let (variant, measured, theory) =
        (&experiment.variants[0], &measured.variants[0], &theory.variants[0]);
    let layers = theory.layers.as_ref().ok();
    let comparison = layers.and_then(|layers| Comparison::of(measured, layers));
    let mut findings = EnsembleFinding::verdict(measured, theory, comparison.as_ref());
    findings.extend(EnsembleFinding::caveats(experiment, variant, measured, theory));
    findings.extend((1..=experiment.layers()).map(|l| EnsembleFinding::layer(measured, theory, l)));
    findings
}

fn near(a: f64, b: f64, off: f64) -> bool {
    (a - b).abs() <= off
}

fn mean_std(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, square.sqrt())
}

/// log10 of the root mean square of numbers given by their logarithms, zeros counted, and the
/// largest one's share of it.
fn rms(values: &[Option<f64>]) -> (f64, f64) {
    let living = values.iter().flatten();
    let top = living.clone().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = living.map(|v| 10_f64.powf(2.0 * (v - top))).sum();
    (top + 0.5 * (sum / values.len() as f64).log10(), 1.0 / sum)
}

/// Histograms put a number at most this far off.
const BIN: f64 = 0.03;

fn verify(finding: &EnsembleFinding, experiment: &Experiment, raw: &[Vec<Option<f64>>]) -> bool {
    let layers = experiment.layers();
    let layer = |l: usize| raw.iter().map(|network| network[l - 1]).collect::<Vec<_>>();
    let ratios: Vec<f64> =
        raw.iter().filter_map(|network| Some(network[0]? - network[layers - 1]?)).collect();
    let zeros = |l: usize| layer(l).iter().filter(|v| v.is_none()).count();
    let theory = Theory::at_once(experiment).variants.remove(0).layers;
    let line = |l: usize| theory.as_ref().ok()?.prediction.layers[l - 1].delta.log10();
    match *finding {
        EnsembleFinding::Ratio { networks, measured_mean, measured_std, layers: l, .. }
        | EnsembleFinding::RatioAlone {
            networks, measured_mean, measured_std, layers: l, ..
        } => {
            let (mean, std) = mean_std(&ratios);
            l == layers
                && networks == ratios.len() as u64
                && near(measured_mean, mean, 1e-9)
                && measured_std.is_some_and(|s| near(s, std, 1e-9))
        }
        EnsembleFinding::Band { layer: l, off_decades, .. } => {
            // Measured and expected start together in the output layer.
            let bands = &theory.as_ref().expect("random").bands;
            let living = |l: usize| layer(l).into_iter().flatten().collect::<Vec<_>>();
            let mean = |l: usize| mean_std(&living(l)).0;
            near(off_decades, mean(l) - mean(layers) - bands[l - 1].mean_log10, 1e-9)
        }
        EnsembleFinding::NoSpread => mean_std(&ratios).1 < 1e-8,
        EnsembleFinding::Chance { errors } => {
            let (mean, std) = mean_std(&ratios);
            let expected = theory.as_ref().expect("random").bands[0].mean_log10;
            let own = (mean - expected) / (std / (ratios.len() as f64).sqrt());
            errors.is_some_and(|errors| near(errors, own, 1e-6 * own.abs()))
        }
        EnsembleFinding::Zeros { share } => near(share, zeros(1) as f64 / raw.len() as f64, 1e-12),
        EnsembleFinding::Layer { layer: l, quantiles, rms: root, predicted_rms, zero_share } => {
            let mut living: Vec<f64> = layer(l).into_iter().flatten().collect();
            living.sort_by(f64::total_cmp);
            let of =
                |p: f64| living.get(((p * living.len() as f64) as usize).min(living.len() - 1));
            let neighbours = |p: f64| [of((p - 0.01).max(0.0)), of((p + 0.01).min(1.0))];
            let fits = quantiles.iter().zip([0.05, 0.5, 0.95]).all(|(told, p)| {
                let [low, high] = if living.is_empty() { [None; 2] } else { neighbours(p) };
                match (told, low, high) {
                    (Some(told), Some(low), Some(high)) => {
                        *told >= low - BIN && *told <= high + BIN
                    }
                    (None, None, None) => true,
                    _ => false,
                }
            });
            fits && near(zero_share, zeros(l) as f64 / raw.len() as f64, 1e-12)
                && root.is_none_or(|root| near(root, rms(&layer(l)).0, 1e-9))
                && predicted_rms == line(l)
        }
        EnsembleFinding::CaveatWidth { width, median_off, .. } => {
            let sizes = experiment.sizes();
            let mut living: Vec<f64> = layer(1).into_iter().flatten().collect();
            living.sort_by(f64::total_cmp);
            let own = living[living.len() / 2] - line(1).unwrap_or(f64::NAN);
            sizes[1..layers].iter().min() == Some(&width)
                && median_off.is_some_and(|off| near(off, own, BIN + 0.01 * own.abs()))
        }
        EnsembleFinding::CaveatRms { networks, off_decades, largest_share, carried_at_stds } => {
            let (root, share) = rms(&layer(1));
            let living: Vec<f64> = layer(1).into_iter().flatten().collect();
            let carried = 2.0 * std::f64::consts::LN_10 * mean_std(&living).1;
            networks == raw.len() as u64
                && off_decades.is_some_and(|off| near(off, root - line(1).unwrap_or(f64::NAN), 1e-9))
                && largest_share.map_or(share <= 0.1, |told| near(told, share, 1e-6))
                // None that far up: none of the sample, by 3 standard deviations at least.
                && carried_at_stds.is_none_or(|told| near(told, carried, 1e-6) && told > 2.7)
        }
        EnsembleFinding::CaveatOutput { several } => {
            several == (experiment.architecture.output > 1)
        }
        EnsembleFinding::CaveatZeros => zeros(1) > 0,
        EnsembleFinding::CaveatBatch => experiment.architecture.batch > 1,
        EnsembleFinding::CaveatWeights { law } => {
            let variant = &experiment.variants[0];
            let own = variant.exceptions.iter().filter_map(|own| own.init);
            own.chain([variant.init]).any(|init| init.unit_law() == law)
        }
        EnsembleFinding::NothingToCompare { everywhere } => {
            ratios.is_empty() && everywhere == (zeros(layers) == raw.len())
        }
        EnsembleFinding::NoTheory { .. } => theory.is_err(),
    }
}

fn experiments() -> Vec<Experiment> {
    let he = Init::of(Scheme::HeNormal);
    let linear = |variant| Variant { output_activation: Some(Activation::Linear), ..variant };
    let variants = [
        Variant::of(Activation::Sigmoid),
        Variant::of(Activation::Relu),
        linear(Variant { init: he, ..Variant::of(Activation::Relu) }),
        Variant { init: Init::of(Scheme::Orthogonal), ..Variant::of(Activation::Tanh) },
        Variant { init: Init::of(Scheme::Orthogonal), ..Variant::of(Activation::Linear) },
        Variant { init: Init::of(Scheme::Zeros), ..Variant::of(Activation::Tanh) },
        Variant { init: Init::of(Scheme::XavierUniform), ..Variant::of(Activation::Silu) },
    ];
    let mut all = Vec::new();
    for variant in variants {
        for (depth, batch) in [(4, 1), (40, 1), (6, 3)] {
            let mut experiment =
                Experiment { variants: vec![variant.clone()], ..Experiment::default() };
            (experiment.architecture.depth, experiment.architecture.batch) = (depth, batch);
            all.push(experiment);
        }
    }
    all.extend(mixed());
    all
}

/// Layers of other activations, weights and biases between those of a variant.
fn mixed() -> Vec<Experiment> {
    let layer = |index: usize, activation: &str, scheme: &str| {
        format!(
            "[[variant.layer]]\nindex = {index}\nactivation = '{activation}'\n\
             init = {{ scheme = '{scheme}' }}\n"
        )
    };
    let experiment = |variant: &str, layers: &str| {
        let text =
            format!("[architecture]\ndepth = 8\nwidth = 30\n[[variant]]\n{variant}\n{layers}");
        Experiment::from_toml(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    };
    let relu = "activation = 'relu'\ninit = { scheme = 'he_normal' }";
    let both = layer(3, "tanh", "lecun_normal") + &layer(6, "silu", "he_uniform");
    let bias = "[[variant.layer]]\nindex = 4\nbias = { scheme = 'constant', value = -0.3 }\n";
    vec![
        experiment(relu, &layer(4, "linear", "xavier_normal")),
        experiment(relu, &both),
        experiment(relu, bias),
        experiment("activation = 'tanh'", &layer(2, "tanh", "orthogonal")),
        experiment("activation = 'tanh'", &layer(9, "linear", "identity")),
        experiment(relu, &layer(9, "linear", "zeros")),
    ]
}

#[test]
fn what_is_said_of_ensembles_is_so() {
    let mut kinds = std::collections::BTreeSet::new();
    for experiment in experiments() {
        let raw = raw(&experiment);
        for finding in found(&experiment) {
            assert!(verify(&finding, &experiment, &raw), "{finding:?}\n{experiment:?}");
            assert!(!words::ensemble::found(&finding).is_empty());
            kinds.insert(serde_json::to_value(&finding).expect("data")["kind"].to_string());
        }
    }
    assert!(kinds.len() >= 12, "{kinds:?}");
}

#[test]
fn lies_about_ensembles_are_caught() {
    let mut caught = 0;
    for experiment in experiments().iter().take(9) {
        let raw = raw(experiment);
        for mut finding in found(experiment) {
            match &mut finding {
                EnsembleFinding::Ratio { measured_mean, .. }
                | EnsembleFinding::RatioAlone { measured_mean, .. } => *measured_mean *= -1.0,
                EnsembleFinding::Band { layer, .. } => {
                    *layer = if *layer > 1 { *layer - 1 } else { 2 }
                }
                EnsembleFinding::Chance { errors: Some(errors) } => *errors *= -1.0,
                EnsembleFinding::Zeros { share } => *share = 1.0 - 0.5 * *share,
                EnsembleFinding::Layer { quantiles: [Some(low), _, Some(high)], .. } => {
                    std::mem::swap(low, high);
                }
                EnsembleFinding::CaveatRms { off_decades: Some(off), .. } => *off *= -1.0,
                EnsembleFinding::CaveatWidth { median_off: Some(off), .. } => *off *= -1.0,
                EnsembleFinding::CaveatOutput { several } => *several = !*several,
                _ => continue,
            }
            assert!(!verify(&finding, experiment, &raw), "{finding:?}\n{experiment:?}");
            caught += 1;
        }
    }
    assert!(caught > 100, "{caught}");
}

/// Where the mean square is said to be out of a sample's reach, samples do lie below the line:
/// 40 samples of 100 networks each of 60 ReLU layers of 20, whose E‖δ‖² is exact.
#[test]
fn skewed_samples_lie_below_the_line() {
    let mut experiment = experiments().swap_remove(7);
    experiment.architecture.depth = 150;
    let line = Theory::at_once(&experiment).variants.remove(0).layers.expect("random");
    let line = line.prediction.layers[0].delta.log10().expect("not 0");
    let mut below = 0;
    for sample in 0..40 {
        let mut sampler = Sampler::new(&experiment, None).expect("any scheme");
        let norms: Vec<Option<f64>> = (0..100)
            .map(|seed| sampler.sample(sample * 100 + seed, &|| true).expect("on")[0].log10())
            .collect();
        below += usize::from(rms(&norms).0 < line);
    }
    assert!(below >= 36, "{below}");
    let told = found(&experiment).into_iter().any(|finding| {
        matches!(finding, EnsembleFinding::CaveatRms { carried_at_stds: Some(_), .. })
    });
    assert!(told);
}

#[test]
fn what_cannot_be_told_is_not_compared() {
    let orthogonal = &experiments()[9];
    let findings = found(orthogonal);
    assert!(matches!(
        findings[0],
        EnsembleFinding::RatioAlone { reason: NoSpread::Orthogonal, .. }
    ));
    assert!(!findings.iter().any(|f| matches!(f, EnsembleFinding::Band { .. })));
}

/// Where layers differ the lab compares with what holds layer by layer, or says that it cannot.
#[test]
fn layers_that_differ_are_not_taken_for_one_kind() {
    let findings: Vec<Vec<EnsembleFinding>> = mixed().iter().map(found).collect();
    let is = |index: usize, is: &dyn Fn(&EnsembleFinding) -> bool| findings[index].iter().any(is);
    assert!(is(0, &|f| matches!(f, EnsembleFinding::Ratio { footing: Footing::Exact, .. })));
    assert!(is(0, &|f| matches!(f, EnsembleFinding::Band { place: Place::Inside, .. })));
    let mixed = |f: &EnsembleFinding| {
        matches!(f, EnsembleFinding::RatioAlone { reason: NoSpread::MixedLayers, .. })
    };
    assert!(is(1, &mixed) && is(2, &mixed));
    let uniform =
        |f: &EnsembleFinding| matches!(f, EnsembleFinding::CaveatWeights { law: UnitLaw::Uniform });
    assert!(is(1, &uniform) && !is(0, &uniform));
    assert!(is(3, &|f| matches!(
        f,
        EnsembleFinding::RatioAlone { reason: NoSpread::Orthogonal, .. }
    )));
    assert!(is(4, &|f| matches!(
        f,
        EnsembleFinding::NoTheory {
            reason: TheoryError::FixedLayer { layer: 9, scheme: Scheme::Identity }
        }
    )));
    assert!(is(5, &|f| matches!(f, EnsembleFinding::NothingToCompare { .. })));
}
