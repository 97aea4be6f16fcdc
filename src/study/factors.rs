//! The product behind BP2: why ‖δ‖ shrinks or grows from layer to layer.
//!
//! ‖δ^(l)‖/‖δ^(l+1)‖ = (‖u‖/‖δ^(l+1)‖) · (‖u ⊙ σ′(z^(l))‖/‖u‖) with u = W^(l+1)ᵀ δ^(l+1):
//! a weight gain times a slope factor. It never exceeds ‖W^(l+1)‖₂ · max|σ′(z^(l))|.
//! A normalization and a skip between the two layers have factors of their own.

use nalgebra::DMatrix;
use ndarray::Array2;

use crate::engine::{Network, Op, Pass, Real, Scaled, record};

use super::{Stopped, TaskContext};

/// Weight matrices whose shorter side is longer than this are bounded and not decomposed.
const MOST_DECOMPOSED: usize = 256;

/// One step back, from layer l + 1 to layer l. Norms are the root mean square over the batch
/// of each example's own, as in the record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    /// l, from 1 to L − 1.
    pub layer: usize,
    /// ‖δ^(l)‖/‖δ^(l+1)‖; none where δ^(l+1) is a true zero.
    pub ratio: Option<Scaled>,
    /// ‖W^(l+1)ᵀ δ^(l+1)‖/‖δ^(l+1)‖; none where δ^(l+1) is a true zero.
    pub weight_gain: Option<Scaled>,
    /// ‖u ⊙ σ′(z^(l))‖/‖u‖, what the slopes leave of the u that comes to them; none where that is a
    /// true zero. In a plain net u = W^(l+1)ᵀ δ^(l+1), and the product is δ^(l).
    pub slope_factor: Option<Scaled>,
    /// What the normalization of layer l leaves, likewise; none where there is none.
    pub norm_factor: Option<Scaled>,
    /// What the skips do: the one over layer l + 1 adds, the α of the one over layer l multiplies. None
    /// where there is no skip.
    pub skip_factor: Option<Scaled>,
    /// Whether nothing comes through the weights, and all that there is by the skip.
    pub is_skip_alone: bool,
    /// Mean of |σ′(z^(l))| over units and examples.
    pub mean_slope: f64,
    /// √(mean of σ′(z^(l))²), which mean-field theory puts in the slope factor's place.
    pub rms_slope: f64,
    /// Largest |σ′(z^(l))|.
    pub max_slope: f64,
    /// Share of units of layer l whose slope is exactly 0 in every example.
    pub dead_share: f64,
    /// Share of (unit, example) pairs of layer l whose slope has faded.
    pub saturated_share: f64,
    /// ‖W^(l+1)‖₂, the largest singular value, or a bound of it.
    pub spectral_norm: SpectralNorm,
}

impl Factor {
    /// ‖W^(l+1)‖₂ · max|σ′(z^(l))|, which the ratio never exceeds.
    pub fn bound(&self) -> f64 {
        self.spectral_norm.value() * self.max_slope
    }

    /// The product of all factors. It is the ratio up to rounding, and 0 where one of them is; none
    /// where the skip alone brings something, which no factor of nothing is.
    pub fn product(&self) -> Option<Scaled> {
        if self.is_skip_alone {
            return None;
        }
        let slope = self.slope_factor.unwrap_or(Scaled::ZERO);
        let others = [self.norm_factor, self.skip_factor].into_iter().flatten();
        self.weight_gain.map(|gain| others.fold(gain * slope, |product, factor| product * factor))
    }
}

/// ‖W‖₂.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SpectralNorm {
    /// The largest singular value.
    Exact(f64),
    /// min(‖W‖_F, √(‖W‖₁‖W‖_∞)) ≥ ‖W‖₂, of a matrix too large to decompose while one waits.
    AtMost(f64),
}

impl SpectralNorm {
    /// The number.
    pub fn value(self) -> f64 {
        match self {
            Self::Exact(norm) | Self::AtMost(norm) => norm,
        }
    }

    /// Of any matrix.
    pub fn of(weight: &Array2<f64>) -> Self {
        let (rows, columns) = weight.dim();
        if rows.min(columns) <= MOST_DECOMPOSED {
            let matrix = DMatrix::from_fn(rows, columns, |i, j| weight[[i, j]]);
            return Self::Exact(matrix.singular_values().max());
        }
        let sum = |line: ndarray::ArrayView1<'_, f64>| line.iter().map(|w| w.abs()).sum::<f64>();
        let widest_row = weight.rows().into_iter().map(sum).fold(0.0, f64::max);
        let widest_column = weight.columns().into_iter().map(sum).fold(0.0, f64::max);
        let frobenius = weight.iter().map(|w| w * w).sum::<f64>().sqrt();
        Self::AtMost(frobenius.min((widest_row * widest_column).sqrt()))
    }
}

/// All steps back of one pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Factors {
    /// Layers 1…L − 1.
    pub steps: Vec<Factor>,
    /// log10 ‖δ^(1)‖/‖δ^(L)‖ as measured; none where either is a true zero.
    pub measured_log10: Option<f64>,
}

/// Takes a pass of a network apart.
///
/// # Errors
/// [`Stopped`] when told to stop.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::{DrawStudy, TaskContext, factors};
/// let (experiment, task) = (Experiment::default(), TaskContext::unattended());
/// let network = DrawStudy::new()
///     .network::<f64>(&experiment, &experiment.variants[0], &task)?;
/// let factors = factors(&network, &network.pass(), &task)?;
/// let ratio = factors.measured_log10.expect("a sigmoid is never dead");
/// assert_eq!(format!("{:.6e}", 10_f64.powf(ratio)), "8.110576e-4"); // the chapter's digits
/// # Ok::<(), gradient_lab::study::Stopped>(())
/// ```
pub fn factors<T: Real>(
    network: &Network<T>,
    pass: &Pass<T>,
    task: &TaskContext<'_>,
) -> Result<Factors, Stopped> {
    let records = record(network, pass);
    let last = records.len().saturating_sub(1);
    let mut steps = Vec::with_capacity(last);
    for (index, record) in records[..last].iter().enumerate() {
        task.proceed()?;
        task.report(index as f32 / last as f32);
        let above = records[index + 1].delta;
        let between = Between::of(network, pass, index);
        let slopes = pass.layers[index].slope.mapv(|slope| slope.to_f64().abs());
        let count = slopes.len() as f64;
        steps.push(Factor {
            layer: record.layer,
            ratio: record.delta.checked_div(above),
            weight_gain: between.sent.checked_div(above),
            slope_factor: between.slopes,
            norm_factor: between.norm,
            skip_factor: between.skip,
            is_skip_alone: between.is_skip_alone,
            mean_slope: slopes.sum() / count,
            rms_slope: (slopes.iter().map(|slope| slope * slope).sum::<f64>() / count).sqrt(),
            max_slope: slopes.iter().copied().fold(0.0, f64::max),
            dead_share: record.dead_share,
            saturated_share: record.saturated_share,
            spectral_norm: SpectralNorm::of(&network.weight(index + 1)),
        });
    }
    let ends = records.first().zip(records.last());
    let measured = ends.and_then(|(first, last)| first.delta.checked_div(last.delta));
    Ok(Factors { steps, measured_log10: measured.and_then(Scaled::log10) })
}

/// What lies between W^(l+1)ᵀ δ^(l+1) and δ^(l), op by op.
struct Between {
    /// ‖W^(l+1)ᵀ δ^(l+1)‖.
    sent: Scaled,
    slopes: Option<Scaled>,
    norm: Option<Scaled>,
    skip: Option<Scaled>,
    is_skip_alone: bool,
}

impl Between {
    /// Of the step from layer l + 1 to layer l; `index` = l − 1.
    fn of<T: Real>(network: &Network<T>, pass: &Pass<T>, index: usize) -> Self {
        let norms = network.norms_back(pass, index);
        let mut between =
            Self { sent: norms[0], slopes: None, norm: None, skip: None, is_skip_alone: false };
        let ops = network.ops_between(index).iter().rev().skip(1);
        for (op, ends) in ops.zip(norms.windows(2)) {
            let factor = ends[1].checked_div(ends[0]);
            match op {
                Op::Dense(_) => unreachable!("there is one dense op between two layers"),
                Op::Activation(_) => between.slopes = factor,
                Op::Norm(_) => between.norm = factor,
                Op::Add { .. } | Op::Save => {
                    between.is_skip_alone |= factor.is_none() && !ends[1].is_zero();
                    let other = between.skip.unwrap_or(Scaled::from(1.0));
                    between.skip = factor.map(|factor| other * factor);
                }
            }
        }
        between
    }
}

#[cfg(test)]
mod tests {
    use crate::experiment::{Experiment, Preset};
    use crate::study::{Cause, DrawStudy};

    use super::*;

    fn of(experiment: &Experiment, variant: usize) -> Factors {
        let (variant, task) = (&experiment.variants[variant], TaskContext::unattended());
        let network = DrawStudy::new().network::<f64>(experiment, variant, &task).unwrap();
        factors(&network, &network.pass(), &task).unwrap()
    }

    #[test]
    fn the_factors_multiply_to_what_was_measured() {
        for preset in ["chapter-16", "vanishing", "exploding", "deep"] {
            let factors = of(&Preset::find(preset).unwrap().experiment(), 0);
            let steps = || factors.steps.iter();
            let product: f64 = steps().map(|of| of.product().unwrap().log10().unwrap()).sum();
            let measured = factors.measured_log10.unwrap();
            assert!((product - measured).abs() < 1e-9 * measured.abs().max(1.0), "{preset}");
            let parts = factors.log10_of(Cause::Weights).unwrap()
                + factors.log10_of(Cause::Slopes).unwrap();
            assert!((parts - measured).abs() < 1e-9 * measured.abs().max(1.0), "{preset}");
            let bound: f64 = steps().map(|of| of.bound().log10()).sum();
            assert!(bound > measured);
        }
    }

    #[test]
    fn every_step_obeys_its_bound() {
        let mut experiment = Experiment::default();
        experiment.architecture.batch = 6;
        let factors = of(&experiment, 0);
        assert_eq!(factors.steps.len(), 5);
        for step in &factors.steps {
            let ratio = step.ratio.unwrap().to_f64();
            assert!(ratio <= step.bound() && step.max_slope <= 0.25);
            let slope = step.slope_factor.unwrap().to_f64();
            assert!(slope <= step.max_slope && step.mean_slope <= step.rms_slope);
            assert!((step.product().unwrap().to_f64() / ratio - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn the_worked_example_by_hand() {
        let factors = of(&Preset::find("worked-example").unwrap().experiment(), 0);
        let step = factors.steps[0];
        // ‖W2‖ = √(.40² + .45² + .50²), and a single output's δ gains exactly that.
        let norm = (0.16_f64 + 0.2025 + 0.25).sqrt();
        assert!((step.weight_gain.unwrap().to_f64() - norm).abs() < 1e-15);
        assert!((step.spectral_norm.value() - norm).abs() < 1e-15);
        assert!((step.mean_slope - (0.241301 + 0.240613 + 0.239902) / 3.0).abs() < 1e-6);
    }

    fn remedied(normalization: &str, skip: &str) -> Option<Experiment> {
        let text = format!(
            "[architecture]\nbatch = 4\n[[variant]]\nactivation = 'tanh'\nskip_scale = 0.5\nnormalization = '{normalization}'\nskip = '{skip}'"
        );
        Experiment::from_toml(&text).ok()
    }

    #[test]
    fn a_normalization_and_a_skip_have_factors_of_their_own() {
        let mut taken_apart = 0;
        for normalization in ["none", "layer", "rms", "batch"] {
            for skip in ["post", "pre", "post_norm"] {
                let Some(experiment) = remedied(normalization, skip) else { continue };
                taken_apart += 1;
                for step in of(&experiment, 0).steps {
                    let product = step.product().unwrap().to_f64() / step.ratio.unwrap().to_f64();
                    assert!((product - 1.0).abs() < 1e-12, "{normalization} {skip} {product}");
                    assert_eq!(step.norm_factor.is_some(), normalization != "none");
                    assert!(step.skip_factor.is_some());
                    let slope = step.slope_factor.unwrap().to_f64();
                    assert!(slope <= step.max_slope, "the slopes' own share: {slope}");
                }
            }
        }
        assert_eq!(taken_apart, 11);
    }

    /// δ^(l) = α (Wᵀδ^(l+1) ⊙ φ′) + δ^(l+1) for a pre skip without a normalization, by hand.
    #[test]
    fn the_factors_of_a_skip_by_hand() {
        let experiment = remedied("none", "pre").unwrap();
        let (variant, task) = (&experiment.variants[0], TaskContext::unattended());
        let network = DrawStudy::new().network::<f64>(&experiment, variant, &task).unwrap();
        let pass = network.pass();
        let delta = |index: usize, unit: usize, example: usize| {
            pass.layers[index].delta.entry(unit, example).to_f64()
        };
        let rms = |of: &dyn Fn(usize, usize) -> f64| {
            let all = (0..20).flat_map(|unit| (0..4).map(move |example| (unit, example)));
            (all.map(|(unit, example)| of(unit, example).powi(2)).sum::<f64>() / 4.0).sqrt()
        };
        let step = factors(&network, &pass, &task).unwrap().steps[1];
        let weight = network.weight(2);
        let sent = |unit: usize, example: usize| -> f64 {
            (0..20).map(|k| weight[[k, unit]] * delta(2, k, example)).sum()
        };
        let sloped = |unit: usize, example: usize| {
            sent(unit, example) * pass.layers[1].slope[[unit, example]]
        };
        let summed =
            |unit: usize, example: usize| 0.5 * sloped(unit, example) + delta(2, unit, example);
        assert!((rms(&summed) / rms(&|unit, example| delta(1, unit, example)) - 1.0).abs() < 1e-12);
        for (factor, expected) in [
            (step.weight_gain, rms(&sent) / rms(&|unit, example| delta(2, unit, example))),
            (step.slope_factor, rms(&sloped) / rms(&sent)),
            (step.skip_factor, rms(&summed) / rms(&sloped)),
        ] {
            assert!((factor.unwrap().to_f64() / expected - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_dead_output_leaves_no_ratio() {
        let factors = of(&Experiment::default(), 1);
        assert_eq!(factors.measured_log10, None);
        let none = |step: &Factor| step.ratio.is_none() && step.product().is_none();
        assert!(factors.steps.iter().all(none));
    }

    #[test]
    fn a_bound_is_above_the_norm() {
        let weight =
            Array2::from_shape_fn((257, 257), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 5.0);
        let bound = SpectralNorm::of(&weight);
        let exact = DMatrix::from_fn(257, 257, |i, j| weight[[i, j]]).singular_values().max();
        assert!(matches!(bound, SpectralNorm::AtMost(at_most) if at_most >= exact));
    }
}
