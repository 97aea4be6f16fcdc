//! What theory says of a variant with normalization or skips, where it says something.

use serde::Serialize;

use super::mean_field::MeanField;
use super::theory::{check_weights, input_squares};
use super::{NormalizedMoments, PreSkips};
use crate::experiment::{Experiment, NormKind, Skip, Variant};

/// Examples from which on the limit of many examples describes batch normalization: at width 512,
/// B = 4, 8, 32 and 128 measure 2.87, 1.79, 1.53 and 1.47 for ReLU, where the limit is 1.467.
pub const MANY_EXAMPLES: usize = 128;
/// ε must be small beside what it is added to.
const SMALL_EPSILON: f64 = 1e-3;

/// What a step back does in the limit of wide layers of one width, set up alike.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum NormalizedLimit {
    /// Without skips: ‖δ‖² is multiplied by χ.
    Plain {
        /// Over what is normalized.
        #[serde(serialize_with = "id")]
        normalization: NormKind,
        /// χ.
        chi: f64,
        /// Batch normalization of fewer than [`MANY_EXAMPLES`]: the limit does not apply.
        few_examples: Option<usize>,
    },
    /// With pre-normalized skips: a power of the depth.
    PreSkips {
        /// log10 of ‖∂L/∂h^(1)‖/‖∂L/∂h^(D)‖.
        growth_log10: f64,
        /// D.
        depth: usize,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn id<S: serde::Serializer>(kind: &NormKind, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(kind.id())
}

impl NormalizedLimit {
    /// Of a variant with normalization. `None` where theory has none: other skips than
    /// pre-normalized ones, tied or given weights, layers that differ, biases that are not normal
    /// or, without skips, not zero (but before batch normalization, which takes them out), an ε that
    /// counts, or skips about batch normalization.
    pub fn of(experiment: &Experiment, variant: &Variant) -> Option<Self> {
        let norm = variant.normalization?;
        if variant.tied || check_weights(experiment, variant).is_err() {
            return None;
        }
        let squares = input_squares(experiment);
        let square = squares.iter().sum::<f64>() / squares.len() as f64;
        let field = MeanField::of_hidden_layers(experiment, variant, square)?;
        let moments = NormalizedMoments::of(field.activation);
        let couples = norm.kind.couples_examples();
        let is_normal = field.bias.uniform == 0.0 && field.bias.mean == 0.0;
        let is_zero = field.bias.mean_square() == 0.0;
        if !(couples || is_zero || is_normal && variant.skip.is_some()) {
            return None;
        }
        match variant.skip {
            None => {
                let square = match couples {
                    true => moments.value_square - moments.value * moments.value,
                    false => moments.value_square,
                };
                let variance = field.weight_variance * square;
                if norm.epsilon > SMALL_EPSILON * variance {
                    return None;
                }
                let examples = experiment.architecture.batch;
                Some(Self::Plain {
                    normalization: norm.kind,
                    chi: if couples { moments.batch_chi() } else { moments.layer_chi() },
                    few_examples: Some(examples).filter(|&b| couples && b < MANY_EXAMPLES),
                })
            }
            Some(Skip::Pre) if !couples => {
                let depth = experiment.layers() - 1;
                let skips = PreSkips {
                    activation: field.activation,
                    weight_variance: field.weight_variance,
                    bias_square: field.bias.spread(),
                    scale: variant.skip_scale.of_depth(depth),
                    first_q: field.first_q(),
                };
                let is_small = norm.epsilon <= SMALL_EPSILON * skips.first_q;
                let growth = skips.growth(1, depth).log10()?;
                is_small.then_some(Self::PreSkips { growth_log10: 0.5 * growth, depth })
            }
            Some(Skip::Pre | Skip::Post | Skip::PostNorm) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{DrawStudy, TaskContext, Theory, TheoryFinding};

    fn experiment(settings: &str, variant: &str) -> Experiment {
        Experiment::from_toml(&format!(
            "draws = 'layered'\n[architecture]\n{settings}\n[[variant]]\n{variant}"
        ))
        .expect("valid")
    }

    fn limit(settings: &str, variant: &str) -> Option<NormalizedLimit> {
        let experiment = experiment(settings, variant);
        NormalizedLimit::of(&experiment, &experiment.variants[0])
    }

    #[test]
    fn the_gain_cancels() {
        for gain in ["0.5", "7.0"] {
            let init = format!("init = {{ scheme = 'he_normal', gain = {gain} }}");
            let layer = limit("", &format!("activation = 'gelu'\nnormalization = 'layer'\n{init}"));
            let Some(NormalizedLimit::Plain { chi, few_examples: None, .. }) = layer else {
                panic!("{layer:?}")
            };
            assert_eq!(format!("{chi:.6}"), "1.072032");
            let few = limit(
                "batch = 8",
                &format!("activation = 'silu'\nnormalization = 'batch'\n{init}"),
            );
            let Some(NormalizedLimit::Plain { chi, few_examples: Some(8), .. }) = few else {
                panic!("{few:?}")
            };
            assert_eq!(format!("{chi:.6}"), "1.212081");
        }
    }

    #[test]
    fn where_there_is_no_theory_there_is_none() {
        for variant in [
            "activation = 'relu'",
            "activation = 'relu'\nnormalization = 'layer'\nskip = 'post'",
            "activation = 'relu'\nnormalization = 'layer'\nskip = 'post_norm'",
            "activation = 'relu'\nnormalization = 'layer'\ntied = true",
            "activation = 'relu'\nnormalization = { kind = 'rms', epsilon = 0.5 }",
            "activation = 'relu'\nnormalization = 'rms'\nbias = { scheme = 'normal', std = 0.5 }",
            "activation = 'relu'\nnormalization = 'rms'\ninit = { scheme = 'constant', value = 0.1 }",
        ] {
            assert_eq!(limit("", variant), None, "{variant}");
            let experiment = experiment("", variant);
            let theory = Theory::at_once(&experiment).variants.remove(0);
            let is_normalized = |f: &TheoryFinding| matches!(f, TheoryFinding::Normalized { .. });
            assert!(!theory.findings().iter().any(is_normalized), "{variant}");
        }
    }

    /// Twelve layers of 256 units: the mean of log10 from layer 10 to 2 over 8 seeds of 16 examples
    /// within .1 decades, where a network of this width strays by about .1.
    #[test]
    fn networks_have_it() {
        let settings = "input = 256\nwidth = 256\ndepth = 12\noutput = 8\nbatch = 16";
        for variant in [
            "normalization = 'layer'\nactivation = 'tanh'",
            "normalization = 'rms'\nactivation = 'sigmoid'",
        ] {
            let mut experiment = experiment(settings, variant);
            let limit = NormalizedLimit::of(&experiment, &experiment.variants[0]);
            let Some(NormalizedLimit::Plain { chi, .. }) = limit else { panic!("{limit:?}") };
            let mut sum = 0.0;
            for seed in 0..8 {
                experiment.seed = seed;
                let draw = DrawStudy::new().run(&experiment, &TaskContext::unattended()).unwrap();
                let layers = &draw.variants[0].layers;
                sum += layers[1].delta.log10().unwrap() - layers[9].delta.log10().unwrap();
            }
            let (mean, expected) = (sum / 8.0, 8.0 * 0.5 * chi.log10());
            assert!((mean - expected).abs() < 0.1, "{variant}: {mean} {expected}");
        }
    }
}
