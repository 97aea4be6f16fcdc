//! What an ensemble finds beside its theory: whether they agree, and what stands between them.

use serde::Serialize;

use crate::experiment::{Experiment, UnitLaw, Variant};

use super::theory_study::VariantTheory;
use super::{
    Comparison, Distribution, Footing, LayerTheory, NoSpread, TheoryError, VariantEnsemble,
};

/// Layers narrower than this make the wide limit a rough guide.
const NARROW: usize = 100;
/// A spread in decades below this is rounding noise.
const NO_SPREAD: f64 = 1e-9;
/// The share of networks in the theory's band from which on it counts as holding; 0.9 if true.
const MOST_INSIDE: f64 = 0.8;
/// The share of the mean square that a single network may have before it is told.
const LARGE_SHARE: f64 = 0.1;
/// Decades between a root mean square and the theory's from which on a skewed law is its cause.
const FAR_BELOW: f64 = 0.1;

/// One claim about an ensemble of one variant, in decades of ‖δ‖ to base 10. What begins with
/// `Caveat` says what of the theory's assumptions does not hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EnsembleFinding {
    /// There is no theory to compare with.
    NoTheory {
        /// Why not.
        #[serde(serialize_with = "in_words")]
        reason: TheoryError,
    },
    /// No network has a number to compare.
    NothingToCompare {
        /// Whether δ is zero in the output layer already.
        everywhere: bool,
    },
    /// log10 ‖δ^(1)‖/‖δ^(L)‖ over the networks whose δ^(1) is not zero.
    Ratio {
        /// L.
        layers: usize,
        /// Networks that count.
        networks: u64,
        /// Their mean.
        measured_mean: f64,
        /// Their standard deviation.
        measured_std: Option<f64>,
        /// The theory's mean at this width.
        expected_mean: f64,
        /// The theory's standard deviation.
        expected_std: f64,
        /// Exact or estimated.
        footing: Footing,
    },
    /// The measured ratio alone, where the lab cannot tell what to expect at this width.
    RatioAlone {
        /// L.
        layers: usize,
        /// Networks that count.
        networks: u64,
        /// Their mean.
        measured_mean: f64,
        /// Their standard deviation.
        measured_std: Option<f64>,
        /// Why not.
        reason: NoSpread,
    },
    /// The layer whose mean lies farthest from the theory's.
    Band {
        /// Whether theory and networks agree there.
        place: Place,
        /// l.
        layer: usize,
        /// Measured less expected mean.
        off_decades: f64,
        /// Measured less expected mean, in expected standard deviations.
        off_stds: f64,
        /// The share of networks between 5 and 95 % of the expected law.
        inside: f64,
    },
    /// All networks have the same ratio.
    NoSpread,
    /// Layer 1's difference beside what chance makes of it.
    Chance {
        /// In standard errors of the measured mean; nothing for one network.
        errors: Option<f64>,
    },
    /// How log10 ‖δ‖ of one layer is distributed.
    Layer {
        /// l.
        layer: usize,
        /// 5, 50 and 95 % of the networks that are not zero; nothing where all are.
        quantiles: [Option<f64>; 3],
        /// log10 of the root mean square over all networks.
        rms: Option<f64>,
        /// What the theory expects of that.
        predicted_rms: Option<f64>,
        /// True zeros among all.
        zero_share: f64,
    },
    /// True zeros in layer 1.
    Zeros {
        /// Their share.
        share: f64,
    },
    /// The layers are narrow.
    CaveatWidth {
        /// Units of the narrowest hidden layer.
        width: usize,
        /// The expected standard deviation over all layers.
        std_log10: f64,
        /// The measured median in layer 1 less the predicted root mean square.
        median_off: Option<f64>,
    },
    /// How the root mean square in layer 1 hangs on single networks.
    CaveatRms {
        /// Networks.
        networks: u64,
        /// log10 of the measured over the predicted root mean square.
        off_decades: Option<f64>,
        /// The share of the mean square that the largest network has, where that is much.
        largest_share: Option<f64>,
        /// Standard deviations above the mean logarithm at which the mean square of a lognormal
        /// law lies, 2 ln 10 σ, where no sample of this size has any there.
        carried_at_stds: Option<f64>,
    },
    /// The output layer differs from the hidden ones.
    CaveatOutput {
        /// Whether there are several outputs.
        several: bool,
    },
    /// Zeros are left out of some numbers and not of others.
    CaveatZeros,
    /// The weights are no normal ones.
    CaveatWeights {
        /// Their law.
        #[serde(skip)]
        law: UnitLaw,
    },
    /// Several examples share the weights.
    CaveatBatch,
}

/// Where the networks lie beside the theory's 5–95 % band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Mean and most networks.
    Inside,
    /// The mean, but too few networks.
    HalfInside,
    /// Not even the mean.
    Outside,
}

fn in_words<S: serde::Serializer>(reason: &TheoryError, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(reason)
}

impl EnsembleFinding {
    /// Whether measured and expected agree.
    pub fn verdict(
        measured: &VariantEnsemble,
        theory: &VariantTheory,
        comparison: Option<&Comparison>,
    ) -> Vec<Self> {
        let layers = match &theory.layers {
            Ok(layers) => layers,
            Err(reason) => return vec![Self::NoTheory { reason: *reason }],
        };
        let mut findings = match (layers.no_spread, comparison, ratio_alone(measured, layers)) {
            (None, Some(comparison), _) => of_comparison(measured, comparison),
            (_, _, Some(alone)) => vec![alone],
            _ => {
                let everywhere = measured.layers.iter().all(|layer| layer.zeros() == layer.total());
                return vec![Self::NothingToCompare { everywhere }];
            }
        };
        let share = measured.layers.first().map_or(0.0, Distribution::zero_share);
        findings.extend((share > 0.0).then_some(Self::Zeros { share }));
        findings
    }

    /// What of the theory's assumptions the variant breaks; nothing where there is no theory.
    pub fn caveats(
        experiment: &Experiment,
        variant: &Variant,
        measured: &VariantEnsemble,
        theory: &VariantTheory,
    ) -> Vec<Self> {
        let (Ok(layers), Some(first)) = (&theory.layers, measured.layers.first()) else {
            return Vec::new();
        };
        let line = layers.prediction.layers[0].delta.log10();
        let band = layers.bands.first().filter(|_| layers.no_spread.is_none());
        let std = band.map(|band| band.std_log10);
        let mut laws: Vec<UnitLaw> = Vec::new();
        for law in (1..=experiment.layers()).map(|l| variant.init_of(l).unit_law()) {
            let is_known = matches!(law, UnitLaw::Normal | UnitLaw::Fixed(_));
            if !is_known && !laws.contains(&law) {
                laws.push(law);
            }
        }
        let batch = experiment.architecture.batch > 1;
        let before = [
            about_width(experiment, first, line, std),
            about_rms(first, line),
            about_output(experiment),
            (first.zeros() > 0).then_some(Self::CaveatZeros),
        ];
        let weights = laws.into_iter().map(|law| Self::CaveatWeights { law });
        let batch = batch.then_some(Self::CaveatBatch);
        before.into_iter().flatten().chain(weights).chain(batch).collect()
    }

    /// One layer's distribution.
    pub fn layer(measured: &VariantEnsemble, theory: &VariantTheory, layer: usize) -> Self {
        let distribution = &measured.layers[layer - 1];
        let predicted = theory.layers.as_ref().ok();
        Self::Layer {
            layer,
            quantiles: [0.05, 0.5, 0.95].map(|p| distribution.log10_quantile(p)),
            rms: distribution.rms().log10(),
            predicted_rms: predicted
                .and_then(|theory| theory.prediction.layers.get(layer - 1)?.delta.log10()),
            zero_share: distribution.zero_share(),
        }
    }
}

fn of_comparison(measured: &VariantEnsemble, comparison: &Comparison) -> Vec<EnsembleFinding> {
    let ratio = &comparison.ratio;
    let mut findings = vec![EnsembleFinding::Ratio {
        layers: measured.layers.len(),
        networks: ratio.count,
        measured_mean: ratio.measured_mean,
        measured_std: ratio.measured_std,
        expected_mean: ratio.expected_mean,
        expected_std: ratio.expected_std,
        footing: ratio.footing,
    }];
    findings.extend(comparison.farthest().map(|layer| EnsembleFinding::Band {
        place: match (comparison.is_inside(), layer.inside >= MOST_INSIDE) {
            (true, true) => Place::Inside,
            (true, false) => Place::HalfInside,
            (false, _) => Place::Outside,
        },
        layer: layer.layer,
        off_decades: layer.off_decades(),
        off_stds: layer.off_stds(),
        inside: layer.inside,
    }));
    findings.push(if ratio.measured_std.is_some_and(|std| std < NO_SPREAD) {
        EnsembleFinding::NoSpread
    } else {
        EnsembleFinding::Chance { errors: ratio.off_errors() }
    });
    findings
}

fn ratio_alone(measured: &VariantEnsemble, layers: &LayerTheory) -> Option<EnsembleFinding> {
    let ratio = &measured.first_over_last;
    Some(EnsembleFinding::RatioAlone {
        layers: measured.layers.len(),
        networks: ratio.total() - ratio.zeros(),
        measured_mean: ratio.log10_mean()?,
        measured_std: ratio.log10_std(),
        reason: layers.no_spread?,
    })
}

fn about_width(
    experiment: &Experiment,
    first: &Distribution,
    line: Option<f64>,
    std: Option<f64>,
) -> Option<EnsembleFinding> {
    let sizes = experiment.sizes();
    let width = sizes[1..sizes.len() - 1].iter().min().copied()?;
    let std_log10 = std.filter(|std| std.is_finite() && width < NARROW)?;
    let median_off = first.log10_quantile(0.5).zip(line).map(|(median, line)| median - line);
    Some(EnsembleFinding::CaveatWidth { width, std_log10, median_off })
}

/// The mean square is a sum: its largest term says how far it hangs on one network. Of a
/// lognormal law the mean square lies 2σ² (in e-folds of ‖δ‖) above the mean logarithm.
fn about_rms(first: &Distribution, line: Option<f64>) -> Option<EnsembleFinding> {
    let (rms, largest) = (first.rms().log10()?, first.log10_max()?);
    let networks = first.total();
    let count = networks as f64;
    let share = libm::pow(10.0, 2.0 * (largest - rms)) / count;
    let much = LARGE_SHARE.max(5.0 / count);
    let off_decades = line.map(|line| rms - line);
    let carried = first.log10_std().map(|std| 2.0 * std::f64::consts::LN_10 * std);
    let is_out_of_reach = |stds: &f64| {
        let beyond = 0.5 * libm::erfc(stds * std::f64::consts::FRAC_1_SQRT_2);
        count * beyond < 1.0 && off_decades.is_some_and(|off| off < -FAR_BELOW)
    };
    let finding = EnsembleFinding::CaveatRms {
        networks,
        off_decades,
        largest_share: Some(share).filter(|share| *share > much),
        carried_at_stds: carried.filter(is_out_of_reach),
    };
    let is_nothing = matches!(
        finding,
        EnsembleFinding::CaveatRms { off_decades: None, largest_share: None, .. }
    );
    (!is_nothing).then_some(finding)
}

fn about_output(experiment: &Experiment) -> Option<EnsembleFinding> {
    let sizes = experiment.sizes();
    let differs = sizes[sizes.len() - 1] != sizes[sizes.len() - 2];
    let several = experiment.architecture.output > 1;
    (differs || several).then_some(EnsembleFinding::CaveatOutput { several })
}
