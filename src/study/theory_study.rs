//! All that the theory says of an experiment: each variant's prediction, its band at finite
//! width, and the constants of the wide and deep limit.

use crate::experiment::{Experiment, Variant};

use super::mean_field::critical_while_watched;
use super::no_spread::{NoSpread, no_spread};
use super::survival::{Survival, survival};
use super::theory::input_squares;
use super::{
    Basin, FixedPoint, LayerBand, MeanField, NormalizedLimit, Phase, Prediction, Stopped,
    TaskContext, TheoryError, band, predict,
};

/// Where the curve of χ begins and ends, as log10 σ_w².
const CURVE: (f64, f64) = (-1.0, 3.0);
/// Points of that curve for each decade of σ_w².
const CURVE_PER_DECADE: usize = 10;

/// The theory of every variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Theory {
    /// What was asked.
    pub experiment: Experiment,
    /// One for each variant, in order.
    pub variants: Vec<VariantTheory>,
}

/// What the theory says of one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantTheory {
    /// The variant's name.
    pub name: String,
    /// Every layer in numbers, or why there are none.
    pub layers: Result<LayerTheory, TheoryError>,
    /// The wide and deep limit; nothing where no layer repeats.
    pub limit: Option<Limit>,
    /// The wide limit of a normalized variant, where there is one.
    pub normalized: Option<NormalizedLimit>,
}

/// The layers' numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerTheory {
    /// Root mean squares of layers 1…L.
    pub prediction: Prediction,
    /// Mean and spread of log10 ‖δ^(l)‖/‖δ^(L)‖ at this width.
    pub bands: Vec<LayerBand>,
    /// How often a signal survives the hidden layers; nothing where no slope is exactly 0.
    pub survival: Option<Survival>,
    /// Why the bands say nothing of networks of this width, where they do not.
    pub no_spread: Option<NoSpread>,
}

/// Mean-field constants of a variant: what holds in the limit of wide layers, deep in the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// φ, σ_w², the biases and the input.
    pub field: MeanField,
    /// q*.
    pub fixed_point: FixedPoint,
    /// χ at the fixed point.
    pub chi: f64,
    /// Vanishing, exploding, or neither.
    pub phase: Phase,
    /// ξ_∇ = −1/ln χ in layers; negative where ‖δ‖ grows.
    pub depth_scale: f64,
    /// 6 ξ_c, where the lab knows it.
    pub trainable_depth: Option<f64>,
    /// Where other inputs of this network settle, if not all settle alike.
    pub basins: Option<Basins>,
    /// χ over σ_w², once it is computed.
    pub critical: Option<CriticalLine>,
}

/// Two basins, and on which side of their boundary the experiment's inputs lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Basins {
    /// The one that the mean input does not fall into.
    pub other: Basin,
    /// Given examples that do fall into it; 0 for drawn inputs, which count with their mean.
    pub examples_beyond: usize,
    /// Given examples, or 1.
    pub examples: usize,
}

/// χ at the fixed point over σ_w², all else as it is: some tenths of a second's work.
#[derive(Clone, Debug, PartialEq)]
pub struct CriticalLine {
    /// The smallest σ_w² with χ = 1.
    pub weight_variance: Option<f64>,
    /// (log10 σ_w², log10 χ) over four decades of σ_w².
    pub curve: Vec<[f64; 2]>,
}

/// Asks the theory, and keeps what took long from one question to the next.
#[derive(Default)]
pub struct TheoryStudy {
    known: Vec<Known>,
}

/// What depends on everything but σ_w².
#[derive(Clone, Debug)]
struct Known {
    /// With σ_w² = 1.
    field: MeanField,
    line: CriticalLine,
}

/// Curves that are kept: more than an experiment has variants.
const KEPT: usize = 32;

impl TheoryStudy {
    /// With nothing kept yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The theory of every variant of a valid experiment.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    ///
    /// ```
    /// use gradient_lab::experiment::Experiment;
    /// use gradient_lab::study::{TheoryStudy, TaskContext};
    /// let theory = TheoryStudy::new()
    ///     .run(&Experiment::default(), &TaskContext::unattended())
    ///     .expect("nobody stops it");
    /// let limit = theory.variants[0].limit.as_ref().expect("five layers of one width");
    /// assert_eq!(format!("{:.6}", limit.chi), "0.055721");
    /// ```
    pub fn run(
        &mut self,
        experiment: &Experiment,
        task: &TaskContext<'_>,
    ) -> Result<Theory, Stopped> {
        self.complete(Theory::at_once(experiment), task)
    }

    /// Adds the critical lines to what [`Theory::at_once`] gives.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn complete(
        &mut self,
        mut theory: Theory,
        task: &TaskContext<'_>,
    ) -> Result<Theory, Stopped> {
        for limit in theory.variants.iter_mut().filter_map(|variant| variant.limit.as_mut()) {
            limit.critical = Some(self.line(limit.field, task)?);
        }
        Ok(theory)
    }

    /// Completes a theory from what is kept of earlier runs; `None` where something would have to
    /// be computed.
    pub fn recall(&self, theory: &Theory) -> Option<Theory> {
        let mut theory = theory.clone();
        for limit in theory.variants.iter_mut().filter_map(|variant| variant.limit.as_mut()) {
            limit.critical = Some(self.kept(limit.field)?.clone());
        }
        Some(theory)
    }

    fn kept(&self, field: MeanField) -> Option<&CriticalLine> {
        let field = unit(field);
        self.known.iter().find(|known| known.field == field).map(|known| &known.line)
    }

    fn line(&mut self, field: MeanField, task: &TaskContext<'_>) -> Result<CriticalLine, Stopped> {
        if let Some(line) = self.kept(field) {
            return Ok(line.clone());
        }
        let curve = curve(field, task)?;
        let weight_variance = critical_while_watched(field, task)?;
        let line = CriticalLine { weight_variance, curve };
        self.known.truncate(KEPT - 1);
        self.known.insert(0, Known { field: unit(field), line: line.clone() });
        Ok(line)
    }
}

fn unit(field: MeanField) -> MeanField {
    MeanField { weight_variance: 1.0, ..field }
}

impl Theory {
    /// All that takes no time: everything but the critical lines.
    pub fn at_once(experiment: &Experiment) -> Self {
        let variant = |variant: &Variant| VariantTheory {
            name: variant.name.clone(),
            layers: layers_of(experiment, variant),
            limit: Limit::of(experiment, variant),
            normalized: NormalizedLimit::of(experiment, variant),
        };
        Self {
            experiment: experiment.clone(),
            variants: experiment.variants.iter().map(variant).collect(),
        }
    }
}

impl Limit {
    fn of(experiment: &Experiment, variant: &Variant) -> Option<Self> {
        let field = MeanField::of(experiment, variant).ok().flatten()?;
        let fixed_point = field.fixed_point();
        let chi = field.chi_of(fixed_point);
        Some(Self {
            field,
            fixed_point,
            chi,
            phase: Phase::of(chi),
            depth_scale: -1.0 / libm::log(chi),
            trainable_depth: field.trainable_depth(),
            basins: Basins::of(experiment, variant, field),
            critical: None,
        })
    }
}

impl Basins {
    fn of(experiment: &Experiment, variant: &Variant, field: MeanField) -> Option<Self> {
        let other = field.other_basin()?;
        let squares = input_squares(experiment);
        let is_beyond = |&square: &f64| {
            let single = MeanField::of_input(experiment, variant, square).ok().flatten();
            single.is_some_and(|single| {
                (single.first_q() > other.boundary) != (field.first_q() > other.boundary)
            })
        };
        let examples_beyond = squares.iter().filter(|square| is_beyond(square)).count();
        Some(Self { other, examples_beyond, examples: squares.len() })
    }
}

/// Prediction, band and survival of one variant.
fn layers_of(experiment: &Experiment, variant: &Variant) -> Result<LayerTheory, TheoryError> {
    let prediction = predict(experiment, variant)?;
    let survival = survival(experiment, variant, &prediction.layers);
    let bands = band(experiment, variant)?;
    let std_log10 = bands.first().map_or(0.0, |band| band.std_log10);
    let no_spread = no_spread(experiment, variant, &prediction.layers, std_log10);
    Ok(LayerTheory { prediction, bands, survival, no_spread })
}

/// χ at the fixed point over σ_w², both as log10. Values of 0 have no logarithm and are left out.
fn curve(field: MeanField, task: &TaskContext<'_>) -> Result<Vec<[f64; 2]>, Stopped> {
    let (from, to) = CURVE;
    let steps = ((to - from) * CURVE_PER_DECADE as f64).round() as usize;
    let mut curve = Vec::with_capacity(steps + 1);
    for step in 0..=steps {
        task.proceed()?;
        let log10 = from + (to - from) * step as f64 / steps as f64;
        let weight_variance = libm::pow(10.0, log10);
        let chi = MeanField { weight_variance, ..field }.chi();
        if chi > 0.0 {
            curve.push([log10, libm::log10(chi)]);
        }
    }
    Ok(curve)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Preset;

    #[test]
    fn what_is_kept_is_what_would_be_computed() {
        let task = TaskContext::unattended();
        let experiment = Experiment::default();
        let mut study = TheoryStudy::new();
        let first = study.run(&experiment, &task).expect("nobody stops it");
        assert_eq!(study.run(&experiment, &task).expect("nobody stops it"), first);
        let quick = Theory::at_once(&experiment);
        assert_eq!(study.recall(&quick), Some(first.clone()));
        assert_eq!(TheoryStudy::new().recall(&quick), None);
        let relu = first.variants[1].limit.as_ref().expect("one width");
        let relu = relu.critical.as_ref().expect("computed");
        assert!((relu.weight_variance.expect("He") - 2.0).abs() < 1e-9);
        // Without a bias χ of ReLU is half of σ_w² everywhere.
        assert!(relu.curve.iter().all(|[w, chi]| (chi - (w - libm::log10(2.0))).abs() < 1e-9));
    }

    #[test]
    fn given_numbers_have_no_theory() {
        let preset = Preset::find("worked-example").expect("it comes with the lab");
        let theory = TheoryStudy::new()
            .run(&preset.experiment(), &TaskContext::unattended())
            .expect("nobody stops it");
        assert_eq!(theory.variants[0].layers, Err(TheoryError::GivenNumbers));
        assert_eq!(theory.variants[0].limit, None);
    }
}
