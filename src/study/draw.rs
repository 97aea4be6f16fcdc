//! One draw: every variant's network with one seed, forward and backward, recorded.

use crate::engine::{
    Blank, DrawCache, Format, FromDraws, LayerRecord, Network, Pass, Real, Rooms, Scaled,
};
use crate::experiment::{Experiment, Precision, Variant};

use super::pass::{draw_all, pass, record};
use super::{Stopped, Verdict, Watch};

/// What one seed's networks leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// What was asked.
    pub experiment: Experiment,
    /// One result for each variant, in order.
    pub variants: Vec<VariantDraw>,
}

/// One variant's result.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantDraw {
    /// The variant's name.
    pub name: String,
    /// The mean loss of the batch.
    pub loss: Scaled,
    /// The record of layers 1…L.
    pub layers: Vec<LayerRecord>,
    /// |δ_j^(l)| of every unit of layers 1…L, the root mean square over the batch.
    pub profile: Vec<Vec<Scaled>>,
    /// Where the pass is emulated in a narrow format: for each entry of the profile, whether it
    /// is 0 although it should not be. Empty otherwise.
    pub lost: Vec<Vec<bool>>,
    /// The largest pre-activation of the output layer, for the words about dead outputs.
    pub output_preactivation: f64,
    /// What the norms say.
    pub verdict: Verdict,
}

/// Runs draws and keeps the unit draws from one to the next.
pub struct DrawStudy {
    cache: DrawCache,
    rooms: Rooms,
    threads: usize,
}

impl Default for DrawStudy {
    fn default() -> Self {
        Self::on_threads(std::thread::available_parallelism().map_or(1, usize::from))
    }
}

impl DrawStudy {
    /// With nothing kept yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With so many threads: they change how soon it is done, not a bit of the result.
    pub fn on_threads(threads: usize) -> Self {
        Self { cache: DrawCache::new(), rooms: Rooms::default(), threads }
    }

    /// Draws every variant's network and passes forward and backward. Where the precision is
    /// fp16 or bf16, the pass is emulated and loses what that format loses.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    ///
    /// ```
    /// use gradient_lab::experiment::Experiment;
    /// use gradient_lab::study::{DrawStudy, Watch};
    /// let draw = DrawStudy::new()
    ///     .run(&Experiment::default(), &Watch::unattended())
    ///     .expect("nobody stops it");
    /// let first = draw.variants[0].layers[0].delta.to_f64();
    /// assert_eq!(format!("{first:.6e}"), "7.002996e-5"); // the chapter's digits
    /// ```
    pub fn run(&mut self, experiment: &Experiment, watch: &Watch<'_>) -> Result<Draw, Stopped> {
        let count = experiment.variants.len() as f32;
        let mut variants = Vec::with_capacity(experiment.variants.len());
        for (index, variant) in experiment.variants.iter().enumerate() {
            watch.report(index as f32 / count);
            variants.push(match experiment.architecture.precision {
                Precision::F64 => self.run_variant::<f64>(experiment, variant, watch)?,
                Precision::F32 => self.run_variant::<f32>(experiment, variant, watch)?,
                Precision::Fp16 => self.run_emulated(Format::Fp16, experiment, variant, watch)?,
                Precision::Bf16 => self.run_emulated(Format::Bf16, experiment, variant, watch)?,
            });
        }
        watch.report(1.0);
        Ok(Draw { experiment: experiment.clone(), variants })
    }

    fn run_variant<T: Real + FromDraws>(
        &mut self,
        experiment: &Experiment,
        variant: &Variant,
        watch: &Watch<'_>,
    ) -> Result<VariantDraw, Stopped> {
        let network = self.network::<T>(experiment, variant, watch)?;
        let pass = pass(&network, T::room(&mut self.rooms), self.threads, watch)?;
        let (layers, profile) = record(&network, pass, self.threads, watch)?;
        let output_preactivation = largest_output(pass);
        Ok(VariantDraw {
            name: variant.name.clone(),
            loss: pass.loss,
            profile,
            verdict: Verdict::of(&layers, output_preactivation),
            layers,
            lost: Vec::new(),
            output_preactivation,
        })
    }

    /// A variant's network, ready to run.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn network<T: Real + FromDraws>(
        &mut self,
        experiment: &Experiment,
        variant: &Variant,
        watch: &Watch<'_>,
    ) -> Result<Network<T>, Stopped> {
        let threads = self.threads;
        let mut draw = |blanks: &mut [Blank]| draw_all(blanks, threads, watch);
        Network::build_by(experiment, variant, &mut self.cache, &mut draw).map_err(|_| Stopped)
    }
}

/// The largest pre-activation of the output layer, over units and examples.
pub(super) fn largest_output<T: Real>(pass: &Pass<T>) -> f64 {
    pass.layers.last().map_or(0.0, |last| {
        let entries = (0..last.z.batch())
            .flat_map(|b| (0..last.z.units()).map(move |unit| last.z.get(unit, b).to_f64()));
        entries.fold(f64::NEG_INFINITY, f64::max)
    })
}
