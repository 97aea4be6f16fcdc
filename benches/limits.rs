//! Theory's limits of networks with normalization, and how far drawn networks are from them.
//!
//! `cargo bench --bench limits` takes minutes. It prints χ of 512 units and 512 examples for every
//! activation and normalization (20 seeds), and the growth of δ through pre-normalized skips at 1024
//! units (200 seeds). It exits with 1 where one is farther off than 3 % (SiLU with batch
//! normalization 6 %) or 4 %.

#![allow(clippy::print_stdout, reason = "the numbers are what it is for")]

#[path = "../tests/support/limits.rs"]
mod limits;

use std::process::ExitCode;

use gradient_lab::experiment::{Activation, NormKind};
use gradient_lab::study::NormalizedMoments;
use limits::{SKIP_DEPTH, measured_chi, measured_growth};

/// Prints both numbers; whether they are as close as asked.
fn is_close(of: &str, measured: f64, theory: f64, within: f64) -> bool {
    let error = measured / theory - 1.0;
    let is_close = error.abs() <= within;
    let word = if is_close { "" } else { "  too far" };
    println!(
        "{of:32} measured {measured:9.6}  theory {theory:9.6}  {:+6.2} %{word}",
        100.0 * error
    );
    is_close
}

fn main() -> ExitCode {
    let mut all = true;
    for activation in Activation::ALL {
        let moments = NormalizedMoments::of(activation);
        for kind in NormKind::ALL {
            let couples = kind.couples_examples();
            let theory = if couples { moments.batch_chi() } else { moments.layer_chi() };
            let within = if couples && activation == Activation::Silu { 0.06 } else { 0.03 };
            let measured = measured_chi(activation, kind, [512, 512], 20);
            all &=
                is_close(&format!("{}, {}", activation.id(), kind.id()), measured, theory, within);
        }
    }
    for kind in [NormKind::Layer, NormKind::Rms] {
        for (l, measured) in [1, 6].into_iter().zip(measured_growth(kind, 1024, 200)) {
            let theory = (SKIP_DEPTH + 1) as f64 / (l + 1) as f64;
            all &=
                is_close(&format!("pre skips, {}, layer {l}", kind.id()), measured, theory, 0.04);
        }
    }
    if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
