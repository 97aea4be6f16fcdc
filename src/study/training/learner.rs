//! One variant that learns, and what it leaves on its way.

use std::sync::Arc;

use ndarray::Array2;

use crate::engine::{
    Diverged, Executor, Format, LayerProgress, MixedReport, Network, Pass, Real, Score, SlotKind,
    StepReport, Told, Trainer,
};
use crate::experiment::{Experiment, GivenNetwork, GivenNorm, Variant};

/// What a step leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingRecord {
    /// Updates before it.
    pub step: usize,
    /// η of its update.
    pub rate: f64,
    /// The minibatch's mean loss before the update.
    pub loss: f64,
    /// The share of the minibatch that was right before the update.
    pub accuracy: Option<f64>,
    /// Loss and accuracy of the examples that no step learns from, before the update.
    pub test: Option<Score>,
    /// Layers 1…L; nothing where only the loss was asked for.
    pub layers: Arc<[LayerProgress]>,
    /// What a narrow format tells besides.
    pub mixed: Option<Arc<MixedReport>>,
}

/// Where a variant's numbers left the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Updates before it, after which the network stays as it is.
    pub step: usize,
    /// What was beyond.
    pub what: Diverged,
}

/// One variant that learns.
pub struct Learner<T> {
    name: String,
    trainer: Trainer<T>,
    records: Vec<TrainingRecord>,
    divergence: Option<Divergence>,
    /// W of layers 1…L at the start, row by row, where somebody will ask how far it has moved: as
    /// much memory again as the network takes.
    start: Option<Vec<Vec<T>>>,
    /// x and y of the test examples, n_0 × n and n_L × n.
    test: Option<[Array2<T>; 2]>,
    test_buffers: Option<Pass<T>>,
    /// What a record tells.
    told: Told,
}

impl<T: Real> Learner<T> {
    pub(super) fn new(network: &Network<T>, experiment: &Experiment, variant: &Variant) -> Self {
        let mut trainer = Trainer::new(network, experiment, variant);
        if let Some(format) = Format::emulated(experiment.architecture.precision) {
            trainer.mix(format, experiment.optimization_of(variant).loss_scale);
        }
        Self {
            name: variant.name.clone(),
            trainer,
            start: None,
            records: Vec::new(),
            divergence: None,
            test: None,
            test_buffers: None,
            told: Told::Layers,
        }
    }

    /// The variant's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The network that learns, with its optimizer.
    pub fn trainer(&self) -> &Trainer<T> {
        &self.trainer
    }

    /// The network that learns, to go on from an earlier training.
    pub fn trainer_mut(&mut self) -> &mut Trainer<T> {
        &mut self.trainer
    }

    /// What it left so far, in order.
    pub fn records(&self) -> &[TrainingRecord] {
        &self.records
    }

    /// Keeps W as it is now, for [`Self::moved`].
    pub(super) fn keep_start(&mut self) {
        let weight = |l| self.trainer.parameters(l, SlotKind::Weight).to_vec();
        self.start = Some((1..=self.trainer.depth()).map(weight).collect());
    }

    /// All its parameters as they are now.
    pub fn given(&self) -> GivenNetwork {
        let network = self.trainer.network();
        let numbers = |of: &[T]| -> Vec<f64> { of.iter().map(|number| number.to_f64()).collect() };
        let mut given = GivenNetwork::default();
        for index in 1..=network.depth() {
            let width = network.dense(index - 1).inputs();
            let weights = numbers(self.trainer.parameters(index, SlotKind::Weight));
            given.weights.push(weights.chunks_exact(width).map(<[f64]>::to_vec).collect());
            given.biases.push(numbers(self.trainer.parameters(index, SlotKind::Bias)));
            if network.norm(index - 1).is_some() {
                let [gamma, beta] = [SlotKind::Gamma, SlotKind::Beta]
                    .map(|kind| numbers(self.trainer.parameters(index, kind)));
                given.norms.push(GivenNorm { index, gamma, beta });
            }
        }
        given
    }

    /// ‖W − W₀‖/‖W₀‖ of layers 1…L, with W₀ what W was at the start; nothing where that is 0.
    ///
    /// # Panics
    /// If the start was not kept.
    pub(super) fn moved(&self) -> Vec<Option<f64>> {
        let start = self.start.as_ref().expect("a training that is watched keeps its start");
        let share = |(l, start): (usize, &Vec<T>)| {
            let now = self.trainer.parameters(l, SlotKind::Weight);
            let square =
                |entries: &mut dyn Iterator<Item = f64>| entries.map(|e| e * e).sum::<f64>();
            let size = square(&mut start.iter().map(|w| w.to_f64()));
            let moved = square(&mut now.iter().zip(start).map(|(&now, &w)| (now - w).to_f64()));
            (size > 0.0).then(|| (moved / size).sqrt())
        };
        (1..).zip(start).map(share).collect()
    }

    /// Where it stopped before the others, if it did.
    pub fn divergence(&self) -> Option<Divergence> {
        self.divergence
    }

    /// Why it stopped, and what is left of it.
    pub fn sentence(&self) -> Option<String> {
        let Divergence { step, what } = self.divergence?;
        let name = &self.name;
        Some(format!(
            "Variant “{name}” diverged in step {}: {what}. Its weights are those after {step} steps; lower its learning rate, or clip its gradients.",
            step + 1
        ))
    }

    /// Scores these examples, a row each, with every record.
    pub(super) fn test_on(&mut self, examples: &[Array2<f64>; 2]) {
        self.test = Some([0, 1].map(|side: usize| {
            examples[side].t().mapv(T::from_f64).as_standard_layout().into_owned()
        }));
    }

    /// Records tell no more than the minibatch's loss and accuracy, which takes hardly any time.
    pub(super) fn tell_loss_alone(&mut self) {
        (self.test, self.told) = (None, Told::Loss);
    }

    pub(super) fn is_worth_sharing(&self, executor: &impl Executor) -> bool {
        self.trainer.most_shares(executor) > 1
    }

    pub(super) fn minibatch_mut(&mut self) -> [&mut Array2<T>; 2] {
        self.trainer.minibatch_mut()
    }

    /// Takes one step on the minibatch, and keeps what it tells.
    pub(super) fn step(&mut self, step: usize, executor: &impl Executor, is_recorded: bool) {
        let test = if is_recorded { self.test_score() } else { None };
        // Of a step that is skipped for an overflow the schedule knows nothing.
        let rate = self.trainer.optimizer().settings.rate(self.trainer.steps_taken());
        match self.trainer.step(executor, if is_recorded { self.told } else { Told::Nothing }) {
            Ok(None) => {}
            Ok(Some(StepReport { loss, accuracy, layers, mixed })) => {
                let (layers, mixed) = (layers.into(), mixed.map(Arc::new));
                let record = TrainingRecord { step, rate, loss, accuracy, test, layers, mixed };
                self.records.push(record);
            }
            Err(what) => self.divergence = Some(Divergence { step, what }),
        }
    }

    fn test_score(&mut self) -> Option<Score> {
        let network = self.trainer.network_for(self.test.take()?);
        let score = network.score(&mut self.test_buffers);
        self.test = Some([network.input.mantissa, network.target.mantissa]);
        Some(score)
    }
}
