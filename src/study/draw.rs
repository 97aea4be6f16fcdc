//! One draw: every variant's network with one seed, forward and backward, recorded.

use std::sync::Arc;

use crate::engine::{
    Format, FromDraws, LayerRecord, Network, OutputRecord, Pass, PassBuffers, Real, Scaled,
};
use crate::experiment::{Experiment, Precision, Variant};

use super::parallel::all_threads;
use super::pass::{leave, pass, pass_once, record};
use super::preview::wants_preview;
use super::shared_draws::SharedDraws;
use super::{Diagnosis, PrecisionFinding, Stopped, TaskContext};

/// The share of its way that a fresh variant has behind it when it is drawn: its draws take six
/// sevenths of the time with one example of 256 units, a third with 64 of 512.
const DRAWN: f32 = 0.5;

/// What one seed's networks leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// What was asked.
    pub experiment: Experiment,
    /// Examples that were passed through: the whole batch, or the first one for a preview.
    pub examples: usize,
    /// One result for each variant, in order.
    pub variants: Vec<VariantDraw>,
}

impl Draw {
    /// Whether only a part of the batch has been passed through.
    pub fn is_preview(&self) -> bool {
        self.examples < self.experiment.architecture.batch
    }
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
    /// log10 |δ_j^(l)| of every unit of layers 1…L, the root mean square over the batch; `None` for a
    /// zero.
    pub profile: Vec<Vec<Option<f64>>>,
    /// Where the pass is emulated in a narrow format: for each entry of the profile, whether it
    /// is 0 although it should not be. Empty otherwise.
    pub lost: Vec<Vec<bool>>,
    /// What the pass leaves at the output.
    pub output: OutputRecord,
    /// What is found in the records.
    pub diagnosis: Diagnosis,
    /// What a pass emulated in a narrow format loses besides.
    pub precision: Vec<PrecisionFinding>,
}

/// Runs draws and keeps the unit draws from one to the next.
pub struct DrawStudy {
    draws: Arc<SharedDraws>,
    /// Whether its draws come before those of the studies beside it.
    goes_first: bool,
    buffers: PassBuffers,
    threads: usize,
}

impl Default for DrawStudy {
    fn default() -> Self {
        Self::on_threads(all_threads())
    }
}

impl DrawStudy {
    /// With nothing kept yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With so many threads: they change how soon it is done, not a bit of the result.
    pub fn on_threads(threads: usize) -> Self {
        Self { draws: Arc::default(), goes_first: true, buffers: PassBuffers::default(), threads }
    }

    /// A study that shares this one's unit draws, so that a network that both ask for is in
    /// memory once. Where both draw at the same time, this one goes first.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self { draws: self.draws.clone(), goes_first: false, ..Self::on_threads(self.threads) }
    }

    #[cfg(test)]
    pub(super) fn draws(&self) -> &Arc<SharedDraws> {
        &self.draws
    }

    /// Draws every variant's network and passes forward and backward. Where the precision is
    /// fp16 or bf16, the pass is emulated and loses what that format loses.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    ///
    /// ```
    /// use gradient_lab::experiment::Experiment;
    /// use gradient_lab::study::{DrawStudy, TaskContext};
    /// let draw = DrawStudy::new()
    ///     .run(&Experiment::default(), &TaskContext::unattended())
    ///     .expect("nobody stops it");
    /// let first = draw.variants[0].layers[0].delta.to_f64();
    /// assert_eq!(format!("{first:.6e}"), "7.002996e-5"); // the chapter's digits
    /// ```
    pub fn run(
        &mut self,
        experiment: &Experiment,
        task: &TaskContext<'_>,
    ) -> Result<Draw, Stopped> {
        self.answer(experiment, task, None)
    }

    /// Runs every variant; where the batch takes longer than a moment, `preview` first receives what
    /// the same networks do to the first example alone. The result does not depend on it.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn run_with_preview(
        &mut self,
        experiment: &Experiment,
        task: &TaskContext<'_>,
        preview: &dyn Fn(Draw),
    ) -> Result<Draw, Stopped> {
        self.answer(experiment, task, Some(preview).filter(|_| wants_preview(experiment)))
    }

    fn answer(
        &mut self,
        experiment: &Experiment,
        task: &TaskContext<'_>,
        preview: Option<&dyn Fn(Draw)>,
    ) -> Result<Draw, Stopped> {
        match experiment.architecture.precision {
            Precision::F64 => self.answer_in::<f64>(experiment, task, preview),
            Precision::F32 => self.answer_in::<f32>(experiment, task, preview),
            Precision::Fp16 => self.answer_emulated(Format::Fp16, experiment, task),
            Precision::Bf16 => self.answer_emulated(Format::Bf16, experiment, task),
        }
    }

    fn answer_in<T: Real + FromDraws>(
        &mut self,
        experiment: &Experiment,
        task: &TaskContext<'_>,
        preview: Option<&dyn Fn(Draw)>,
    ) -> Result<Draw, Stopped> {
        let mut drawn = Vec::new().into_iter();
        let mut begin = 0.0;
        // One example alone says nothing where the examples depend on each other.
        let is_coupled = experiment.variants.iter().any(Variant::couples_examples);
        if let Some(preview) = preview.filter(|_| !is_coupled) {
            let networks = task.part(0.0..DRAWN, |task| self.networks::<T>(experiment, task))?;
            let mut buffers = None;
            let first = |(network, variant): (&Network<T>, &Variant)| {
                let first = network.with_example(0);
                task.quietly(|task| {
                    pass_through(&first, (experiment, variant), &mut buffers, 1, task)
                })
            };
            let variants = networks.iter().zip(&experiment.variants).map(first);
            let variants = variants.collect::<Result<_, _>>()?;
            preview(Draw { experiment: experiment.clone(), examples: 1, variants });
            drawn = networks.into_iter();
            begin = DRAWN;
        }
        let count = experiment.variants.len();
        let mut variants = Vec::with_capacity(count);
        for variant in &experiment.variants {
            let share = |done: usize| begin + (1.0 - begin) * done as f32 / count as f32;
            let shares = share(variants.len())..share(variants.len() + 1);
            variants.push(task.part(shares, |task| {
                let (network, rest) = match drawn.next() {
                    Some(network) => (network, 0.0..1.0),
                    None => {
                        let network =
                            |task: &TaskContext<'_>| self.built(experiment, variant, task);
                        (task.part(0.0..DRAWN, network)?, DRAWN..1.0)
                    }
                };
                let buffers = T::buffers(&mut self.buffers);
                let asked = (experiment, variant);
                task.part(rest, |task| pass_through(&network, asked, buffers, self.threads, task))
            })?);
        }
        task.report(1.0);
        let examples = experiment.architecture.batch;
        Ok(Draw { experiment: experiment.clone(), examples, variants })
    }

    /// Every variant's network.
    fn networks<T: Real + FromDraws>(
        &mut self,
        experiment: &Experiment,
        task: &TaskContext<'_>,
    ) -> Result<Vec<Network<T>>, Stopped> {
        let count = experiment.variants.len() as f32;
        let variants = experiment.variants.iter().enumerate();
        let network = |(number, variant): (usize, &Variant)| {
            let shares = number as f32 / count..(number + 1) as f32 / count;
            task.part(shares, |task| self.built(experiment, variant, task))
        };
        variants.map(network).collect()
    }

    /// A variant's network, ready to run.
    ///
    /// # Errors
    /// [`Stopped`] when told to stop.
    pub fn network<T: Real + FromDraws>(
        &mut self,
        experiment: &Experiment,
        variant: &Variant,
        task: &TaskContext<'_>,
    ) -> Result<Network<T>, Stopped> {
        task.quietly(|task| self.built(experiment, variant, task))
    }

    /// A variant's network and its pass, on all threads, reporting the share done.
    pub(super) fn passed<T: Real + FromDraws>(
        &mut self,
        experiment: &Experiment,
        variant: &Variant,
        task: &TaskContext<'_>,
    ) -> Result<(Network<T>, Pass<T>), Stopped> {
        let network = task.part(0.0..DRAWN, |task| self.built(experiment, variant, task))?;
        let pass = task.part(DRAWN..1.0, |task| pass_once(&network, task))?;
        Ok((network, pass))
    }

    /// [`Self::network`], reporting the share drawn.
    fn built<T: Real + FromDraws>(
        &mut self,
        experiment: &Experiment,
        variant: &Variant,
        task: &TaskContext<'_>,
    ) -> Result<Network<T>, Stopped> {
        self.draws.build(experiment, variant, self.goes_first, self.threads, task)
    }
}

/// One variant's pass, recorded.
fn pass_through<T: Real>(
    network: &Network<T>,
    (experiment, variant): (&Experiment, &Variant),
    buffers: &mut Option<Pass<T>>,
    threads: usize,
    task: &TaskContext<'_>,
) -> Result<VariantDraw, Stopped> {
    let pass = pass(network, buffers, threads, task)?;
    let (layers, profile) = record(network, pass, threads, task)?;
    let (output, loss) = (OutputRecord::of(network, pass), pass.loss);
    leave(buffers);
    Ok(VariantDraw {
        name: variant.name.clone(),
        loss,
        profile,
        diagnosis: Diagnosis::of(experiment, variant, &layers, &output),
        layers,
        lost: Vec::new(),
        precision: Vec::new(),
        output,
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::experiment::{Data, Draws, Preset};

    /// A large batch through two variants, more work than is done at once.
    fn large() -> Experiment {
        let mut experiment = Experiment { draws: Draws::Layered, ..Experiment::default() };
        let architecture = &mut experiment.architecture;
        (architecture.depth, architecture.width, architecture.batch) = (25, 320, 512);
        experiment
    }

    fn with_previews(experiment: &Experiment) -> (Vec<Draw>, Draw) {
        let previews = RefCell::new(Vec::new());
        let draw = DrawStudy::new()
            .run_with_preview(experiment, &TaskContext::unattended(), &|draw| {
                previews.borrow_mut().push(draw);
            })
            .unwrap();
        (previews.into_inner(), draw)
    }

    /// A copy of the experiment with its first example alone, written out as data.
    fn first_example(experiment: &Experiment) -> Experiment {
        let variant = &experiment.variants[0];
        let network: Network<f64> =
            DrawStudy::new().network(experiment, variant, &TaskContext::unattended()).unwrap();
        let mut alone = experiment.clone();
        alone.architecture.batch = 1;
        alone.data = Some(Data {
            x: vec![network.input.mantissa.column(0).to_vec()],
            y: vec![network.target.mantissa.column(0).to_vec()],
        });
        alone
    }

    #[test]
    fn a_draw_reports_how_far_it_is() {
        for batch in [1, 512] {
            let mut experiment = large();
            experiment.architecture.batch = batch;
            let shares = RefCell::new(Vec::new());
            let report = |share: f32| shares.borrow_mut().push(share);
            let task = TaskContext::new(&|| false, &report);
            DrawStudy::on_threads(1).run_with_preview(&experiment, &task, &|_| {}).unwrap();
            let shares = shares.into_inner();
            assert!(shares.is_sorted(), "{shares:?}");
            assert_eq!(shares.last(), Some(&1.0));
            let within = |low: f32, high: f32| shares.iter().any(|s| (low..high).contains(s));
            // A single example's pass is over before anybody could read a share of it.
            assert!(within(0.05, 0.25) && (batch == 1 || within(0.8, 0.95)), "{shares:?}");
        }
    }

    #[test]
    fn a_preview_is_the_first_examples_own_draw_and_changes_nothing() {
        for precision in [Precision::F64, Precision::F32] {
            let mut experiment = large();
            let alone = first_example(&experiment);
            experiment.architecture.precision = precision;
            let (previews, draw) = with_previews(&experiment);
            let [preview] = &previews[..] else { panic!("{} previews", previews.len()) };
            assert!(preview.is_preview() && !draw.is_preview());
            assert_eq!((preview.examples, &preview.experiment), (1, &experiment));
            let mut alone = alone.clone();
            alone.architecture.precision = precision;
            let task = TaskContext::unattended();
            let own = DrawStudy::new().run(&alone, &task).unwrap();
            assert_eq!(preview.variants, own.variants);
            assert_eq!(draw, DrawStudy::new().run(&experiment, &task).unwrap());
        }
    }

    #[test]
    fn what_is_done_at_once_comes_without_a_preview() {
        let small = Preset::find("xor").unwrap().experiment();
        let mut one = large();
        one.architecture.batch = 1;
        for experiment in [Experiment::default(), small, one] {
            assert!(with_previews(&experiment).0.is_empty());
        }
    }

    #[test]
    fn a_stop_during_the_preview_ends_it() {
        let stopped = RefCell::new(false);
        let stop = || *stopped.borrow();
        let task = TaskContext::new(&stop, &|_| {});
        let preview = |_| *stopped.borrow_mut() = true;
        let answer = DrawStudy::new().run_with_preview(&large(), &task, &preview);
        assert_eq!(answer, Err(Stopped));
    }
}
