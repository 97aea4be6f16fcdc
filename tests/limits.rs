//! Theory's limits of wide networks with normalization beside drawn networks: a thin share of what
//! `cargo bench --bench limits` measures.

#[path = "support/limits.rs"]
mod limits;

use gradient_lab::experiment::{Activation, NormKind};
use gradient_lab::study::NormalizedMoments;
use limits::{SKIP_DEPTH, measured_chi, measured_growth};

/// Of 128 units, two seeds, so that the bounds are wider than the benchmark's.
#[test]
fn chi_is_that_of_drawn_networks() {
    for activation in [Activation::Sigmoid, Activation::Tanh, Activation::Relu] {
        let moments = NormalizedMoments::of(activation);
        for kind in NormKind::ALL {
            let couples = kind.couples_examples();
            let theory = if couples { moments.batch_chi() } else { moments.layer_chi() };
            let measured = measured_chi(activation, kind, [128, 128], 2);
            let error = measured / theory - 1.0;
            assert!(error.abs() < 0.1, "{activation:?} {kind:?}: {measured} {theory}");
        }
    }
}

/// At 512 units: 128 are too few to lie within 15 % of the limit.
#[test]
fn pre_normalized_skips_grow_as_a_power_of_the_depth() {
    for kind in [NormKind::Layer, NormKind::Rms] {
        for (l, measured) in [1, 6].into_iter().zip(measured_growth(kind, 512, 20)) {
            let theory = (SKIP_DEPTH + 1) as f64 / (l + 1) as f64;
            assert!((measured / theory - 1.0).abs() < 0.15, "{kind:?} {l}: {measured} {theory}");
        }
    }
}
