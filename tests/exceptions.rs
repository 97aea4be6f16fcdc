//! Layers that are set up unlike the others of their variant: built, passed, told and swept.

mod helpers;

use gradient_lab::engine::{DrawCache, ExactLaw, Network, NotExact};
use gradient_lab::experiment::{Activation, Draws, Experiment, Init, Scheme, Variant};
use gradient_lab::figure::words;
use gradient_lab::study::{
    Axis, DrawStudy, Engine, Quantity, Sampler, Setting, Spacing, Sweep, SweepFinding, TaskContext,
    steps,
};
use helpers::{draw, experiment};

/// Five layers, each unlike the next in something.
const MIXED: &str = "
    [architecture]
    input = 6
    depth = 4
    width = 7
    output = 2
    [[variant]]
    name = 'Mixed'
    activation = 'tanh'
    [[variant.layer]]
    index = 4
    activation = 'relu'
    bias = { scheme = 'uniform', bound = 0.5 }
    [[variant.layer]]
    index = 2
    init = { scheme = 'he_uniform', gain = 3.0 }
    [[variant.layer]]
    index = 3
    init = { scheme = 'identity', gain = 0.5 }
    [[variant.layer]]
    index = 5
    activation = 'linear'
    init = { scheme = 'orthogonal' }";

fn network(experiment: &Experiment, variant: &Variant) -> Network<f64> {
    Network::build(experiment, variant, &mut DrawCache::new(), &mut || true).expect("not stopped")
}

/// Every layer has the numbers, and the φ, that it would have if its whole variant were set up as
/// it is: of either stream, whatever is drawn before it.
#[test]
fn a_layer_is_what_its_own_settings_make_it() {
    let he = Init { gain: Some(3.0), ..Init::of(Scheme::HeUniform) };
    let half = Init { gain: Some(0.5), ..Init::of(Scheme::Identity) };
    let bias = Init { bound: Some(0.5), ..Init::of(Scheme::Uniform) };
    let zeros = Init::of(Scheme::Zeros);
    let expected = [
        (Activation::Tanh, Init::default(), zeros),
        (Activation::Tanh, he, zeros),
        (Activation::Tanh, half, zeros),
        (Activation::Relu, Init::default(), bias),
        (Activation::Linear, Init::of(Scheme::Orthogonal), zeros),
    ];
    for draws in Draws::ALL {
        let experiment = Experiment { draws, ..experiment(MIXED) };
        let mixed = network(&experiment, &experiment.variants[0]);
        for (index, (activation, init, bias)) in expected.into_iter().enumerate() {
            let whole = Variant { init, bias, ..Variant::of(activation) };
            let whole = network(&experiment, &whole);
            assert_eq!(mixed.activation(index), activation);
            assert_eq!(mixed.weight(index), whole.weight(index), "layer {}", index + 1);
            assert_eq!(mixed.dense(index).bias, whole.dense(index).bias, "layer {}", index + 1);
            assert_eq!((&mixed.input, &mixed.target), (&whole.input, &whole.target));
            let is_random = init.scheme != Scheme::Identity;
            assert_eq!(mixed.dense(index).is_random, is_random);
        }
    }
}

/// z, a and δ of every layer worked out from the raw weights as a textbook writes them.
#[test]
fn the_pass_is_the_textbooks() {
    let experiment = experiment(MIXED);
    let network = network(&experiment, &experiment.variants[0]);
    let pass = network.pass();
    let phi = |layer: usize, z: f64| match layer {
        1..=3 => (z.tanh(), 1.0 - z.tanh().powi(2)),
        4 => (z.max(0.0), f64::from(u8::from(z > 0.0))),
        _ => (z, 1.0),
    };
    let mut a: Vec<f64> = network.input.mantissa.column(0).to_vec();
    let mut slopes: Vec<Vec<f64>> = Vec::new();
    let close = |found: Vec<gradient_lab::engine::Scaled>, expected: &[f64], what: &str| {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found.to_f64() - expected).abs() < 1e-13, "{what}: {found:?} {expected}");
        }
    };
    for layer in 1..=5 {
        let bias = network.dense(layer - 1).bias.clone();
        let rows = network.weight(layer - 1);
        let dot = |row: ndarray::ArrayView1<'_, f64>| row.iter().zip(&a).map(|(w, a)| w * a).sum();
        let mut z: Vec<f64> = rows.rows().into_iter().map(dot).collect();
        z.iter_mut().zip(bias.iter().flatten()).for_each(|(z, b)| *z += b);
        close(pass.layers[layer - 1].z.column(0), &z, "z");
        let (next, slope): (Vec<f64>, Vec<f64>) = z.iter().map(|z| phi(layer, *z)).unzip();
        close(pass.layers[layer - 1].a.column(0), &next, "a");
        (a, slopes) = (next, [slopes, vec![slope]].concat());
    }
    let y = network.target.mantissa.column(0);
    let mut delta: Vec<f64> = a.iter().zip(y).map(|(a, y)| a - y).collect();
    for layer in (1..=5).rev() {
        delta.iter_mut().zip(&slopes[layer - 1]).for_each(|(d, slope)| *d *= slope);
        close(pass.layers[layer - 1].delta.column(0), &delta, "δ");
        let columns = network.weight(layer - 1);
        let back = |column: ndarray::ArrayView1<'_, f64>| {
            column.iter().zip(&delta).map(|(w, d)| w * d).sum::<f64>()
        };
        delta = columns.columns().into_iter().map(back).collect();
    }
}

/// Drawn in law where every layer's weights are normal, with each layer's own φ, scale and bias;
/// else weight by weight.
#[test]
fn the_exact_law_asks_every_layer() {
    let mut experiment = experiment(MIXED);
    let refused = |experiment: &Experiment| ExactLaw::applies(experiment, &experiment.variants[0]);
    assert_eq!(refused(&experiment), Err(NotExact::Weights));
    let exceptions = &mut experiment.variants[0].exceptions;
    exceptions[1].init = Some(Init { gain: Some(2.0), ..Init::of(Scheme::HeNormal) });
    exceptions[2].init = Some(Init { gain: Some(0.5), ..Init::of(Scheme::LecunNormal) });
    assert_eq!(refused(&experiment), Err(NotExact::Weights), "orthogonal at the output");
    experiment.variants[0].exceptions[3].init = Some(Init::of(Scheme::LecunNormal));
    assert_eq!(refused(&experiment), Ok(()));
    // Means of log10 ‖δ^(l)‖ by either engine, within four standard errors.
    let networks = 6000;
    let sampled = |engine| {
        let mut sampler = Sampler::new(&experiment, Some(engine)).expect("both apply");
        let mut logs = vec![Vec::new(); 5];
        for seed in 0..networks {
            let norms = sampler.sample(seed, &|| true).expect("not stopped");
            let all: Option<Vec<f64>> = norms.iter().map(|norm| norm.log10()).collect();
            let Some(all) = all else { continue };
            logs.iter_mut().zip(all).for_each(|(logs, log)| logs.push(log));
        }
        logs
    };
    let [law, direct] = [Engine::ExactInLaw, Engine::Direct].map(sampled);
    for (layer, (law, direct)) in law.iter().zip(&direct).enumerate() {
        let moments = |logs: &[f64]| {
            let mean = logs.iter().sum::<f64>() / logs.len() as f64;
            let square = logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
            (mean, square / logs.len() as f64, logs.len() as f64)
        };
        let ((a, va, na), (b, vb, nb)) = (moments(law), moments(direct));
        let error = (va / na + vb / nb).sqrt();
        assert!((a - b).abs() < 4.0 * error, "layer {}: {a} {b} ± {error}", layer + 1);
        assert!((va / vb - 1.0).abs() < 0.15, "layer {}: {va} {vb}", layer + 1);
    }
}

/// Captions, diagnosis and steps speak of the layer's own settings.
#[test]
fn what_is_said_is_the_layers_own() {
    let mixed = experiment(MIXED);
    assert_eq!(mixed.variants[0].describe(), "Tanh, Xavier normal; 4 layers set up by themselves");
    let mut few = mixed.clone();
    few.variants[0].exceptions.truncate(2);
    assert_eq!(
        few.variants[0].describe(),
        "Tanh, Xavier normal; layer 4: ReLU, bias uniform, bound 0.5; layer 2: He uniform, gain 3"
    );
    let small = experiment(
        "[architecture]\ninput = 2\ndepth = 2\nwidth = 2\n[[variant]]\nactivation = 'tanh'\n\
         [[variant.layer]]\nindex = 1\nactivation = 'relu'\n\
         [[variant.layer]]\nindex = 3\nactivation = 'linear'",
    );
    let walk = steps(&small, 0, 0, &mut DrawStudy::new(), &TaskContext::unattended());
    let walk = format!("{:?}", walk.expect("small enough"));
    for name in ["ReLU", "the identity", "Tanh"] {
        assert!(walk.contains(name), "{name}");
    }
    // Zeros in the middle of a random variant: the advice is for those weights.
    let zeros = experiment(
        "[architecture]\ndepth = 4\n[[variant]]\nactivation = 'tanh'\n\
         [[variant.layer]]\nindex = 3\ninit = { scheme = 'zeros' }",
    );
    let said = words::flow::sentence(&draw(&zeros).variants[0].diagnosis);
    assert!(said.contains("all weights of layer 3 are 0"), "{said}");
    assert!(said.contains("Draw the weights at random"), "{said}");
    // He's advice is for ReLU nets: not where a layer is a sigmoid.
    let advised = |exception: &str| {
        let text = format!(
            "[architecture]\ndepth = 12\n[[variant]]\nactivation = 'relu'\n\
             output_activation = 'linear'\n{exception}"
        );
        words::flow::sentence(&draw(&experiment(&text)).variants[0].diagnosis).contains("He’s")
    };
    assert!(advised(""));
    assert!(!advised("[[variant.layer]]\nindex = 2\nactivation = 'sigmoid'"));
    assert!(!advised("[[variant.layer]]\nindex = 2\ninit = { scheme = 'he_normal' }"));
}

fn axis(setting: Setting, from: f64, to: f64) -> Axis {
    Axis { setting, from, to, cells: 2, spacing: Spacing::Linear }
}

fn sweep_of(x: Axis) -> Sweep {
    Sweep {
        experiment: experiment(MIXED),
        variant: 0,
        x,
        y: None,
        quantity: Quantity::DecadesPerLayer,
        seeds: 3,
        engine: None,
    }
}

/// An axis moves the variant's own settings: layers with theirs keep them, and that is said.
#[test]
fn a_sweep_says_what_it_does_not_move() {
    let gain = sweep_of(axis(Setting::Gain, 1.0, 2.0));
    let moved = gain.experiment_at((1, 0)).variants.remove(0);
    assert_eq!(moved.init_of(1).gain(), 2.0);
    assert_eq!(moved.init_of(2).gain(), 3.0);
    let kept = SweepFinding::LayersKept { layers: vec![2, 3, 5], weights: true };
    assert_eq!(gain.replaces(), std::slice::from_ref(&kept));
    assert_eq!(
        words::sweep::sentence(&kept),
        "Layers 2–3 and 5 keep weights of their own, which the axis does not move."
    );
    let bias = sweep_of(axis(Setting::BiasStd, 0.0, 1.0));
    let kept = SweepFinding::LayersKept { layers: vec![4], weights: false };
    assert_eq!(bias.replaces(), std::slice::from_ref(&kept));
    assert_eq!(
        words::sweep::sentence(&kept),
        "Layer 4 keeps biases of its own, which the axis does not move."
    );
    assert_eq!(sweep_of(axis(Setting::Width, 3.0, 9.0)).replaces(), []);
}

/// With the depth on an axis no hidden layer can keep an exception; the output layer does.
#[test]
fn a_sweep_over_depth_drops_exceptions_aloud() {
    let depth = sweep_of(axis(Setting::Depth, 2.0, 9.0));
    let dropped = SweepFinding::ExceptionsDropped { layers: vec![2, 3, 4] };
    assert_eq!(depth.replaces(), std::slice::from_ref(&dropped));
    assert_eq!(
        words::sweep::sentence(&dropped),
        "The number of layers is on an axis: what is set for layers 2–4 alone gives way to the variant’s own settings."
    );
    for (cell, layers) in [(0, 3), (1, 10)] {
        let experiment = depth.experiment_at((cell, 0));
        experiment.validate().expect("valid at every depth");
        let exceptions = &experiment.variants[0].exceptions;
        assert_eq!((exceptions.len(), exceptions[0].index), (1, layers));
        assert_eq!(experiment.activation_of(&experiment.variants[0], layers), Activation::Linear);
    }
}

/// Sizes that no longer have a layer drop its exception, as they drop weights that do not fit.
#[test]
fn exceptions_of_lost_layers_go() {
    let mut experiment = experiment(MIXED);
    experiment.architecture.depth = 2;
    assert!(experiment.forget_misfits());
    let left: Vec<usize> = experiment.variants[0].exceptions.iter().map(|own| own.index).collect();
    assert_eq!(left, [2, 3]);
    experiment.validate().expect("what fits");
    assert!(!experiment.forget_misfits());
    // Another setting decides the output layer's activation: that of the exception goes.
    experiment.variants[0].exceptions[1].activation = Some(Activation::Tanh);
    experiment.variants[0].output_activation = Some(Activation::Linear);
    assert!(experiment.forget_misfits());
    assert_eq!(experiment.variants[0].exceptions[1].activation, None);
    assert!(experiment.variants[0].exceptions[1].init.is_some());
    experiment.validate().expect("what fits");
}

/// Nothing that studies, draws or prints a network asks the variant for a setting that a layer
/// may have of its own.
#[test]
fn every_layer_is_asked_for_its_own() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // What moves or names the variant's own settings.
    let allowed = [
        "study/setting.rs",
        "study/sweep_finding.rs",
        "study/sweep_preset.rs",
        "study/remedies/candidates.rs",
        "study/remedies/change.rs",
        "figure/words/remedies.rs",
    ];
    let mut folders: Vec<_> =
        ["engine", "study", "figure", "export", "cli"].map(|room| source.join(room)).into();
    folders.push(source.join("gui/pages"));
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&source).expect("inside").display().to_string();
            if allowed.contains(&name.as_str()) || name.ends_with("tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for setting in ["variant.activation", "variant.init", "variant.bias"] {
                for (at, _) in code.match_indices(setting) {
                    let next = code[at + setting.len()..].chars().next().unwrap_or(' ');
                    let line = code[..at].lines().count();
                    let is_another = next.is_alphanumeric() || next == '_';
                    let is_error =
                        name == "study/theory.rs" && code[at..].starts_with("variant.init.scheme");
                    assert!(is_another || is_error, "{name}, line {line}: {setting}");
                }
            }
            read += 1;
        }
    }
    assert!(read > 100, "{read}");
}
