//! One draw as a narrow format computes it, beside the exact pass, which tells what is lost.

use crate::engine::{Format, LayerTrace, Network, OutputRecord};
use crate::experiment::{Experiment, Variant};

use super::parallel::all_threads;
use super::pass::{logarithms, pass_once, record};
use super::{Diagnosis, Draw, DrawStudy, PrecisionFinding, Stopped, TaskContext, VariantDraw};

impl DrawStudy {
    /// Every variant's, each as in [`Self::run_emulated`].
    pub(super) fn answer_emulated(
        &mut self,
        format: Format,
        experiment: &Experiment,
        task: &TaskContext<'_>,
    ) -> Result<Draw, Stopped> {
        let count = experiment.variants.len();
        let mut variants = Vec::with_capacity(count);
        for variant in &experiment.variants {
            task.report(variants.len() as f32 / count as f32);
            variants.push(self.run_emulated(format, experiment, variant, task)?);
        }
        task.report(1.0);
        let examples = experiment.architecture.batch;
        Ok(Draw { experiment: experiment.clone(), examples, variants })
    }

    /// A variant's network passed through in `format`, recorded.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    fn run_emulated(
        &mut self,
        format: Format,
        experiment: &Experiment,
        variant: &Variant,
        task: &TaskContext<'_>,
    ) -> Result<VariantDraw, Stopped> {
        let network: Network<f64> = self.network(experiment, variant, task)?;
        let exact = task.quietly(|task| pass_once(&network, task))?;
        let (exact_layers, exact_profile) = record(&network, &exact, all_threads(), task)?;
        drop(exact);
        let mut proceed = || task.proceed().is_ok();
        let mut pass = network.emulated_forward(format, &mut proceed).map_err(|_| Stopped)?;
        network.emulated_backward(format, 0, &mut pass, &mut proceed).map_err(|_| Stopped)?;
        let layers = network.emulated_record(format, &pass, &exact_layers, &mut proceed);
        let layers = layers.map_err(|_| Stopped)?;
        let stored = pass.layers.iter().map(LayerTrace::stored_profile);
        let profile: Vec<Vec<Option<f64>>> = stored.map(logarithms).collect();
        let output = OutputRecord::of(&network, &pass);
        Ok(VariantDraw {
            name: variant.name.clone(),
            loss: pass.loss,
            lost: profile.iter().zip(&exact_profile).map(|(kept, all)| lost(kept, all)).collect(),
            profile,
            precision: PrecisionFinding::of_pass(format, &pass.layers).into_iter().collect(),
            diagnosis: Diagnosis::of(experiment, variant, &layers, &output),
            layers,
            output,
        })
    }
}

/// Which entries of a layer's profile are 0 and should not be.
fn lost(kept: &[Option<f64>], exact: &[Option<f64>]) -> Vec<bool> {
    kept.iter().zip(exact).map(|(kept, exact)| kept.is_none() && exact.is_some()).collect()
}
