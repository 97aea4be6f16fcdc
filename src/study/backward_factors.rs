//! One variant's backward pass taken apart: the product behind BP2, and the singular values
//! of the Jacobians that carry any error signal back.

use crate::engine::{
    FromDraws, LayerRecord, Network, OutputRecord, Pass, Real, in_precision, record,
};
use crate::experiment::Experiment;

use super::{
    Diagnosis, DrawStudy, Factors, JacobianError, JacobianSpectrum, Stopped, TaskContext,
    TiedWeights, factors, jacobian_spectrum,
};

/// The share of the way that is done with the draws and the pass.
const PASSED: f32 = 0.15;
/// The share done with the factors: the Jacobians take most of the time.
const FACTORED: f32 = 0.4;

/// What to take apart. An index past the last means the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackwardSettings {
    /// Which variant, from 0.
    pub variant: usize,
    /// Which example of the batch the Jacobians are at, from 0.
    pub example: usize,
    /// The layer from which the Jacobians start, from 1; see [`BackwardSettings::top`].
    pub top: Option<usize>,
}

impl BackwardSettings {
    /// The layer from which the Jacobians start: the one that was chosen; else the output, or
    /// the last hidden layer where one output alone would leave a single singular value.
    ///
    /// ```
    /// use gradient_lab::experiment::Experiment;
    /// use gradient_lab::study::BackwardSettings;
    /// let mut experiment = Experiment::default(); // 10–20–20–20–20–20–1
    /// assert_eq!(BackwardSettings::default().top(&experiment), 5);
    /// experiment.architecture.output = 3;
    /// assert_eq!(BackwardSettings::default().top(&experiment), 6);
    /// ```
    pub fn top(&self, experiment: &Experiment) -> usize {
        let last = experiment.layers();
        let single = experiment.architecture.output == 1 && last > 2;
        self.top.unwrap_or(if single { last - 1 } else { last }).clamp(1, last)
    }
}

/// One variant's backward pass, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct BackwardFactors {
    /// What was asked.
    pub experiment: Experiment,
    /// Which variant, from 0.
    pub variant: usize,
    /// The variant's name.
    pub name: String,
    /// The record of layers 1…L.
    pub records: Vec<LayerRecord>,
    /// What is found in the records.
    pub diagnosis: Diagnosis,
    /// Weight gain and slope factor of every step back.
    pub factors: Factors,
    /// What the W of tied layers says of them all, where there is one.
    pub tied: Option<TiedWeights>,
    /// Which example of the batch the Jacobians are at, from 0.
    pub example: usize,
    /// The layer from which they start.
    pub top: usize,
    /// Their singular values; none as long as they are under way.
    pub spectrum: Option<Result<JacobianSpectrum, JacobianError>>,
}

/// Takes one variant's pass apart. The factors are quick and `preview` receives them before
/// the singular values are there.
///
/// # Errors
/// [`Stopped`] when told to stop.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::{BackwardSettings, DrawStudy, TaskContext, backward_factors};
/// let (settings, task) = (BackwardSettings::default(), TaskContext::unattended());
/// let mut study = DrawStudy::new();
/// let backward = backward_factors(&mut study, &Experiment::default(), settings, &|_| {}, &task)?;
/// assert_eq!((backward.factors.steps.len(), backward.top), (5, 5));
/// # Ok::<(), gradient_lab::study::Stopped>(())
/// ```
pub fn backward_factors(
    study: &mut DrawStudy,
    experiment: &Experiment,
    settings: BackwardSettings,
    preview: &dyn Fn(BackwardFactors),
    task: &TaskContext<'_>,
) -> Result<BackwardFactors, Stopped> {
    in_precision!(experiment.architecture.precision, T => backward_factors_as::<T>(study, experiment, settings, preview, task))
}

fn backward_factors_as<T: Real + FromDraws>(
    study: &mut DrawStudy,
    experiment: &Experiment,
    settings: BackwardSettings,
    preview: &dyn Fn(BackwardFactors),
    task: &TaskContext<'_>,
) -> Result<BackwardFactors, Stopped> {
    let variant = settings.variant.min(experiment.variants.len() - 1);
    let passed =
        |task: &TaskContext<'_>| study.passed(experiment, &experiment.variants[variant], task);
    let (network, pass): (Network<T>, _) = task.part(0.0..PASSED, passed)?;
    let factors = task.part(PASSED..FACTORED, |task| factors(&network, &pass, task))?;
    let records = record(&network, &pass);
    let mut backward = BackwardFactors {
        experiment: experiment.clone(),
        variant,
        name: experiment.variants[variant].name.clone(),
        diagnosis: Diagnosis::of(
            experiment,
            &experiment.variants[variant],
            &records,
            &OutputRecord::of(&network, &pass),
        ),
        records,
        factors,
        tied: TiedWeights::of(experiment, &experiment.variants[variant], &network),
        example: settings.example.min(experiment.architecture.batch - 1),
        top: settings.top(experiment),
        spectrum: None,
    };
    preview(backward.clone());
    backward.spectrum = Some(spectrum(&network, &pass, &backward, task)?);
    Ok(backward)
}

fn spectrum<T: Real>(
    network: &Network<T>,
    pass: &Pass<T>,
    backward: &BackwardFactors,
    task: &TaskContext<'_>,
) -> Result<Result<JacobianSpectrum, JacobianError>, Stopped> {
    let spectrum = |task: &TaskContext<'_>| {
        jacobian_spectrum(network, pass, backward.example, backward.top, task)
    };
    match task.part(FACTORED..1.0, spectrum) {
        Err(JacobianError::Stopped(stopped)) => Err(stopped),
        outcome => Ok(outcome),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_preview_is_the_answer_without_the_singular_values() {
        let seen = RefCell::new(None);
        let preview = |backward| *seen.borrow_mut() = Some(backward);
        let (settings, task) = (BackwardSettings::default(), TaskContext::unattended());
        let experiment = Experiment::default();
        let answer =
            backward_factors(&mut DrawStudy::new(), &experiment, settings, &preview, &task)
                .unwrap();
        let spectrum = answer.spectrum.clone().unwrap().unwrap();
        assert_eq!((spectrum.top, spectrum.layers.len()), (5, 5));
        assert_eq!(seen.into_inner(), Some(BackwardFactors { spectrum: None, ..answer }));
    }

    #[test]
    fn too_wide_a_layer_keeps_its_factors() {
        let mut experiment = Experiment::default();
        experiment.architecture.hidden = Some(vec![4, 300]);
        let (settings, task) =
            (BackwardSettings { variant: 9, ..Default::default() }, TaskContext::unattended());
        let answer =
            backward_factors(&mut DrawStudy::new(), &experiment, settings, &|_| {}, &task).unwrap();
        assert_eq!((answer.name.as_str(), answer.factors.steps.len()), ("ReLU", 2));
        let error = answer.spectrum.unwrap().unwrap_err();
        assert!(error.to_string().contains("300 units"), "{error}");
    }
}
