//! The error signal's norms of one seed after the other, by either engine.

use crate::engine::{
    DrawCache, ExactLaw, FromDraws, LayerTrace, Network, NotExact, PassBuffers, Real, Scaled,
    ScaledColumns, Serial, in_precision,
};
use crate::experiment::{Activation, Experiment, Variant};

use super::Stopped;

/// How an ensemble finds the norms of a seed's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Draws the weights and passes forward and backward: what
    /// [`DrawStudy`](super::DrawStudy) does, to the last bit, for any scheme and batch.
    Direct,
    /// Draws from the norms' exact joint law, 2nB numbers a layer ([`ExactLaw`]): another
    /// network for each seed, the same ensemble. For normal weights.
    ExactInLaw,
}

impl Engine {
    /// Both engines.
    pub const ALL: [Self; 2] = [Self::Direct, Self::ExactInLaw];

    /// The faster engine that applies to a variant.
    pub fn fastest(experiment: &Experiment, variant: &Variant) -> Self {
        let applies = ExactLaw::applies(experiment, variant).is_ok();
        match applies && ExactLaw::is_cheaper(experiment, variant) {
            true => Self::ExactInLaw,
            false => Self::Direct,
        }
    }

    /// The name in files and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::ExactInLaw => "exact_in_law",
        }
    }

    /// The name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Direct => "Drawing the weights",
            Self::ExactInLaw => "Exact in law",
        }
    }

    /// One sentence for a tooltip.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Direct => {
                "Draws every weight: each seed is the network that the lab shows for it."
            }
            Self::ExactInLaw => {
                "Draws 2n numbers a layer and example from the exact joint law of all layers' norms: another network for each seed, the same ensemble, with one example a hundred times sooner."
            }
        }
    }
}

/// ‖δ^(l)‖ of every layer of every variant, seed by seed, in buffers used again.
///
/// ```
/// use gradient_lab::experiment::Experiment;
/// use gradient_lab::study::{Engine, Sampler};
/// let chapter = Experiment::default();
/// let mut sampler = Sampler::new(&chapter, Some(Engine::Direct)).expect("any scheme");
/// let norms = sampler.sample(42, &|| true).expect("nobody stops it");
/// assert_eq!(format!("{:.6e}", norms[0].to_f64()), "7.002996e-5"); // the chapter's digits
/// ```
pub struct Sampler {
    experiment: Experiment,
    /// One for each variant; none where the weights are drawn.
    laws: Vec<Option<ExactLaw>>,
    norms: Vec<Scaled>,
    /// Nothing drawn for one seed serves another, but its memory does, and the variants share it.
    cache: DrawCache,
    buffers: PassBuffers,
    /// Beside the norms, where they are wanted.
    layers: Option<Vec<LayerSample>>,
}

/// What a sample leaves of a layer beside ‖δ‖.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerSample {
    /// Units whose slope is exactly 0 in every example.
    pub dead: f64,
    /// (Unit, example) pairs whose slope has faded below 5 % of the largest.
    pub saturated: f64,
    /// ‖a‖, what the layer hands to the weights above, the root mean square over examples.
    pub activation: Scaled,
    /// 1 − a₁·a₂/(‖a₁‖‖a₂‖) of two examples, the mean over the pairs (1, 2), (3, 4), … of the
    /// batch: 0 where examples are alike, 1 where they have nothing in common; nothing for one
    /// example.
    pub difference: Option<f64>,
}

impl Sampler {
    /// With the same engine for all variants, or for each the fastest that applies.
    ///
    /// # Errors
    /// [`NotExact`] where `ExactInLaw` is demanded and does not apply.
    pub fn new(experiment: &Experiment, engine: Option<Engine>) -> Result<Self, NotExact> {
        let law = |variant| match engine.unwrap_or_else(|| Engine::fastest(experiment, variant)) {
            Engine::Direct => Ok(None),
            Engine::ExactInLaw => ExactLaw::new(experiment, variant).map(Some),
        };
        Ok(Self {
            laws: experiment.variants.iter().map(law).collect::<Result<_, _>>()?,
            experiment: experiment.clone(),
            norms: Vec::new(),
            cache: DrawCache::keeping(0),
            buffers: PassBuffers::default(),
            layers: None,
        })
    }

    /// Has what else a sample leaves of each layer measured as well.
    #[must_use]
    pub fn with_layers(self) -> Self {
        let laws = self.laws.into_iter().map(|law| law.map(ExactLaw::with_traces)).collect();
        Self { layers: Some(Vec::new()), laws, ..self }
    }

    /// Of the last sample, like its norms; nothing unless asked for.
    pub fn layers(&self) -> &[LayerSample] {
        self.layers.as_deref().unwrap_or_default()
    }

    /// Each variant's engine.
    pub fn engines(&self) -> impl ExactSizeIterator<Item = Engine> {
        self.laws.iter().map(|law| match law {
            Some(_) => Engine::ExactInLaw,
            None => Engine::Direct,
        })
    }

    /// ‖δ^(1)‖ … ‖δ^(L)‖ of the first variant, then of the next. The variants of a seed share
    /// their random numbers.
    ///
    /// # Errors
    /// [`Stopped`] where `proceed`, asked before each array of weights and each product with one, or in
    /// law at each layer, says stop.
    pub fn sample(&mut self, seed: u64, proceed: &dyn Fn() -> bool) -> Result<&[Scaled], Stopped> {
        self.experiment.seed = seed;
        self.norms.clear();
        self.layers.iter_mut().for_each(Vec::clear);
        for index in 0..self.laws.len() {
            if let Some(law) = &mut self.laws[index] {
                self.norms.extend(law.draw_while(seed, proceed).ok_or(Stopped)?);
                self.note_layers_in_law(index);
                continue;
            }
            let precision = self.experiment.architecture.precision;
            in_precision!(precision, T => self.pass::<T>(index, proceed))?;
        }
        Ok(&self.norms)
    }

    /// Appends the norms of one variant's network with its weights.
    fn pass<T: Real + FromDraws>(
        &mut self,
        index: usize,
        proceed: &dyn Fn() -> bool,
    ) -> Result<(), Stopped> {
        let variant = &self.experiment.variants[index];
        let (cache, mut proceed) = (&mut self.cache, || proceed());
        let network = Network::<T>::build(&self.experiment, variant, cache, &mut proceed);
        let network = network.map_err(|_| Stopped)?;
        let buffers = T::buffers(&mut self.buffers);
        let pass = network.pass_in(buffers, &Serial, &mut proceed).map_err(|_| Stopped)?;
        self.norms.extend(pass.layers.iter().map(|layer| layer.delta.rms_norm()));
        if let Some(layers) = &mut self.layers {
            let traces = network.activations().zip(&pass.layers);
            layers.extend(traces.map(|(activation, trace)| LayerSample::of(trace, activation)));
        }
        Ok(())
    }

    fn note_layers_in_law(&mut self, index: usize) {
        if let (Some(layers), Some(law)) = (&mut self.layers, &self.laws[index]) {
            let (experiment, variant) = (&self.experiment, &self.experiment.variants[index]);
            layers.extend(law.traces().enumerate().map(|(below, trace)| {
                LayerSample::of(trace, experiment.activation_of(variant, below + 1))
            }));
        }
    }
}

impl LayerSample {
    fn of<T: Real>(trace: &LayerTrace<T>, activation: Activation) -> Self {
        Self {
            dead: trace.dead_share(activation),
            saturated: trace.saturated_share(activation),
            activation: trace.a.rms_norm(),
            difference: difference(trace.a.columns()),
        }
    }
}

/// See [`LayerSample::difference`].
pub(super) fn difference<T: Real>(columns: &ScaledColumns<T>) -> Option<f64> {
    let units: Vec<Option<Vec<f64>>> =
        columns.mantissa.columns().into_iter().map(|column| direction(column.iter())).collect();
    let pairs = units.chunks_exact(2).map(|pair| match (&pair[0], &pair[1]) {
        // Half of the squared distance keeps the digits that 1 less a cosine loses.
        (Some(one), Some(other)) => {
            0.5 * one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
        }
        (None, None) => 0.0,
        _ => 1.0,
    });
    let count = pairs.len();
    (count > 0).then(|| pairs.sum::<f64>() / count as f64)
}

/// A vector of length 1; none of a zero.
fn direction<'a, T: Real>(column: impl Iterator<Item = &'a T> + Clone) -> Option<Vec<f64>> {
    let largest = column.clone().map(|v| v.to_f64().abs()).fold(0.0, f64::max);
    let scaled: Vec<f64> = column.map(|v| v.to_f64() / largest).collect();
    let norm = scaled.iter().map(|v| v * v).sum::<f64>().sqrt();
    (largest > 0.0).then(|| scaled.iter().map(|v| v / norm).collect())
}

/// Weights that all threads may hold together, 1 GB.
const HELD_WEIGHTS: usize = 128_000_000;

/// `threads`, or as many as can hold this experiment's weights side by side.
pub(super) fn threads_that_fit(experiment: &Experiment, threads: usize) -> usize {
    let weights = usize::try_from(experiment.architecture.weight_count()).unwrap_or(usize::MAX);
    threads.min(HELD_WEIGHTS / weights.max(1)).max(1)
}
