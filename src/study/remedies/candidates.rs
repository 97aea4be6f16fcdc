//! Which remedies are tried on a variant, the smallest first.

use crate::experiment::{Activation, Elu, Experiment, LeakyRelu, NormKind, Scheme, Skip};

use super::change::{Change, matching_scheme};

/// Outputs up to which a layer of units that switch off is often dead as a whole: 2⁻⁴ is 6 %.
const FEW_OUTPUTS: usize = 4;
/// Examples with which batch normalization is tried where there is one.
const BATCH: usize = 32;
/// Hidden layers that are all narrower than this are tried wider, by [`WIDER`].
const NARROW: usize = 100;
/// See [`NARROW`].
const WIDER: usize = 4;

/// Schemes that are tried by themselves.
const SCHEMES: [Scheme; 5] =
    [Scheme::HeNormal, Scheme::XavierNormal, Scheme::LecunNormal, Scheme::Orthogonal, Scheme::Lsuv];

/// The changes of each remedy for the one variant of an experiment, none twice. What the
/// experiment's rules refuse is still among them.
pub(super) fn candidates(experiment: &Experiment) -> Vec<Vec<Change>> {
    use Change::{
        Activation as Phi, Batch, CriticalGain, InverseSqrtDepth, LinearOutput, NoBias, Normalize,
        Plain, Skip as Skips, Untie, Widen,
    };
    let variant = &experiment.variants[0];
    let sizes = experiment.sizes();
    let hidden = &sizes[1..sizes.len() - 1];
    let own = variant.activation;
    let has_bias = variant.biases.is_some()
        || (1..=experiment.layers()).any(|l| variant.bias_of(l).scale(1, 1) != 0.0);
    // What every other remedy needs as well, or it keeps δ of dead networks.
    let mut base = Vec::new();
    if variant.tied {
        base.push(Untie);
    }
    let output = experiment.activation_of(variant, experiment.layers());
    if output.switches_off() && experiment.architecture.output <= FEW_OUTPUTS {
        base.push(LinearOutput);
    }
    let widest = hidden.iter().copied().max().unwrap_or(1);
    let is_equal = hidden.iter().all(|&units| units == widest);
    let wider = if is_equal && widest < NARROW { widest * WIDER } else { widest };
    let widen = (!is_equal || wider > widest).then_some(Widen(wider));

    let mut all: Vec<Vec<Change>> = vec![Vec::new()];
    let mut add = |changes: &[Change]| all.push([&base[..], changes].concat());
    add(&[]);
    let given = variant.weights.is_some();
    let plain = if variant.is_plain() { &[][..] } else { &[Plain][..] };
    let no_bias = if has_bias { &[NoBias][..] } else { &[][..] };
    let scheme = Change::Scheme;
    SCHEMES
        .into_iter()
        .filter(|&s| given || s != variant.init.scheme)
        .for_each(|s| add(&[scheme(s)]));
    if !given {
        add(&[CriticalGain]);
    }
    if has_bias {
        add(&[NoBias]);
    }
    add(plain);
    if variant.skip.is_some() {
        add(&[InverseSqrtDepth]);
    }
    for kind in NormKind::ALL {
        let batch = kind == NormKind::Batch && experiment.architecture.batch < 2;
        add(&[&[Batch(BATCH)][..usize::from(batch)], &[Normalize(kind)]].concat());
    }
    let (gain, he) = (CriticalGain, scheme(matching_scheme(own)));
    add(&[plain, no_bias, &[he, gain]].concat());
    add(&[scheme(Scheme::Orthogonal), gain]);
    for kind in [NormKind::Layer, NormKind::Batch] {
        add(&[he, Normalize(kind)]);
    }
    if hidden.len() > 1 {
        for skip in [Skip::Pre, Skip::Post] {
            add(&[Skips(skip)]);
            add(&[Skips(skip), InverseSqrtDepth]);
            add(&[Skips(skip), InverseSqrtDepth, gain]);
        }
        for kind in [NormKind::Layer, NormKind::Rms] {
            add(&[Normalize(kind), Skips(Skip::Pre)]);
            add(&[Normalize(kind), Skips(Skip::Pre), InverseSqrtDepth]);
        }
        add(&[Normalize(NormKind::Layer), Skips(Skip::PostNorm)]);
    }
    let usual = [
        Activation::Relu,
        Activation::LeakyRelu(LeakyRelu::DEFAULT),
        Activation::Tanh,
        Activation::Selu,
        Activation::Elu(Elu::DEFAULT),
        Activation::Gelu,
        Activation::Silu,
    ];
    for phi in usual.into_iter().filter(|phi| phi.id() != own.id()) {
        let matching = scheme(matching_scheme(phi));
        add(&[Phi(phi)]);
        add(&[plain, &[Phi(phi), matching], no_bias].concat());
        add(&[plain, &[Phi(phi), matching], no_bias, &[gain]].concat());
    }
    add(&[Phi(Activation::Relu), scheme(Scheme::HeNormal), Normalize(NormKind::Layer)]);
    if let Some(widen) = widen {
        let tanh = [Phi(Activation::Tanh), scheme(Scheme::XavierNormal)];
        let leaky = [Phi(Activation::LeakyRelu(LeakyRelu::DEFAULT)), scheme(Scheme::HeNormal)];
        add(&[widen]);
        add(&[plain, &[widen, he], no_bias, &[gain]].concat());
        add(&[plain, &[widen], &tanh, no_bias, &[gain]].concat());
        add(&[plain, &[widen], &leaky, no_bias, &[gain]].concat());
    }
    all
}
