//! What is found when a backward pass is taken apart, verified against its raw numbers.

use gradient_lab::engine::{FromDraws, Real};
use gradient_lab::experiment::Precision;
use gradient_lab::study::{
    BackwardSettings, Cause, CutBy, DrawStudy, JacobianSpectrum, TaskContext, WhyFinding,
    backward_factors, factors,
};

use crate::random::Population;
use crate::raw::{Raw, rms_of_norms};

/// Two ways of computing the same norms differ by rounding, in f32 by more.
const CLOSE: f64 = 1e-4;

/// log10 of the weight gain and the slope factor of every step, from weights and δ alone.
fn step_factors(raw: &Raw) -> Option<Vec<[f64; 2]>> {
    let step = |l: usize| {
        let above = raw.layer(l + 1);
        let exponents = above.delta.iter().flatten().filter(|d| !d.is_zero()).map(|d| d.exponent());
        let base = exponents.max()?;
        let sent: Vec<Vec<_>> = above
            .delta
            .iter()
            .map(|delta| {
                let units = 0..raw.layer(l).weight.len();
                let sum = |j: usize| {
                    let terms = above.weight.iter().zip(delta);
                    terms
                        .fold(gradient_lab::engine::Scaled::ZERO, |sum, (row, d)| sum + *d * row[j])
                };
                units.map(sum).collect()
            })
            .collect();
        let [sent, from, to] =
            [&sent, &above.delta, &raw.layer(l).delta].map(|entries| rms_of_norms(entries, base));
        Some([sent? - from?, to? - sent?])
    };
    (1..raw.last()).map(step).collect()
}

fn verify(raw: &Raw, found: &[WhyFinding]) -> Result<(), String> {
    let Some(factors) = step_factors(raw) else {
        return if found.is_empty() { Ok(()) } else { Err("there is no product".to_owned()) };
    };
    let count = factors.len() as f64;
    let [weights, slopes] = [0, 1].map(|part| factors.iter().map(|f| f[part]).sum::<f64>() / count);
    let size = factors.iter().flatten().fold(1.0_f64, |top, f| top.max(f.abs()));
    let close = |a: f64, b: f64| (a - b).abs() <= CLOSE + 1e-9 * size;
    for finding in found {
        let holds = match finding {
            WhyFinding::Product { steps, weights: w, slopes: s, measured } => {
                *steps == factors.len()
                    && close(*w, weights)
                    && close(*s, slopes)
                    && (measured - count * (weights + slopes)).abs()
                        <= count * (CLOSE + 1e-9 * size)
            }
            WhyFinding::Blame { grows, cause, against } => {
                blamed(weights, slopes, *grows, *cause, *against)
            }
            _ => false,
        };
        if !holds {
            return Err(format!("{finding:?} of {weights} and {slopes}"));
        }
    }
    if found.len() == 2 { Ok(()) } else { Err("a product and its cause".to_owned()) }
}

/// Whether the blame is right: what is blamed pulls that way, what is not does not.
fn blamed(weights: f64, slopes: f64, grows: Option<bool>, cause: Cause, against: bool) -> bool {
    let slight = 0.021 + CLOSE;
    let Some(grows) = grows else {
        return (weights + slopes).abs() < slight && (against || weights.abs() < slight);
    };
    let sign = if grows { 1.0 } else { -1.0 };
    let (w, s) = (weights * sign, slopes * sign);
    let pulls = |part: f64| part > -CLOSE;
    let idle = |part: f64| part < slight;
    let shared = match cause {
        Cause::Weights => pulls(w) && idle(s),
        Cause::Slopes => pulls(s) && idle(w),
        Cause::Both => pulls(w) && pulls(s),
    };
    w + s > 0.0 && shared && (!against || w.min(s) < -0.021 + CLOSE)
}

fn anatomized(raw: &Raw) -> (Vec<WhyFinding>, Option<JacobianSpectrum>) {
    let (settings, task) = (BackwardSettings::default(), TaskContext::unattended());
    let backward =
        backward_factors(&mut DrawStudy::on_threads(1), &raw.experiment, settings, &|_| {}, &task);
    let backward = backward.expect("nobody stops it");
    (backward.factors.findings(), backward.spectrum.and_then(Result::ok))
}

fn taken_apart<T: Real + FromDraws>(raw: &Raw) -> Vec<WhyFinding> {
    let (variant, task) = (&raw.experiment.variants[0], TaskContext::unattended());
    let network = DrawStudy::on_threads(1).network::<T>(&raw.experiment, variant, &task);
    let network = network.expect("nobody stops it");
    factors(&network, &network.pass(), &task).expect("nobody stops it").findings()
}

/// Where directions are lost there is a cause, and each cause is there in the raw slopes.
fn verify_spectrum(raw: &Raw, spectrum: &JacobianSpectrum) -> Result<(), String> {
    for finding in spectrum.findings(1) {
        let WhyFinding::Lost { directions, of, causes } = finding else { continue };
        let width = |l: usize| raw.layer(l).weight.len();
        let none = |l: usize| raw.layer(l).slope[0].iter().filter(|s| **s == 0.0).count();
        let holds = of == width(spectrum.top)
            && directions == of - spectrum.layers[0].log10.len()
            && !causes.is_empty()
            && causes.iter().all(|cut| {
                let smooth = raw.layer(cut.layer).activation.saturates();
                match cut.by {
                    CutBy::Narrow => width(cut.layer) < of,
                    CutBy::Inactive => !smooth && none(cut.layer) > 0,
                    CutBy::TinySlopes => smooth && none(cut.layer) > 0,
                    CutBy::LowRank => true,
                }
            });
        if !holds {
            return Err(format!("{directions} of {of} by {causes:?}"));
        }
    }
    Ok(())
}

#[test]
fn every_blame_is_right() {
    // Singular values take the cube of the width; every fourth network is narrow and has them.
    let narrow = Population { depth: 1..=40, width: 1..=24, ..Population::wide() };
    let mut blamed = [0; 3];
    for number in 0..2000 {
        let of = if number % 4 == 0 { narrow.clone() } else { Population::wide() };
        let raw = Raw::of(&of.experiment(number));
        let (found, spectrum) = match (number % 4, raw.experiment.architecture.precision) {
            (0, _) => anatomized(&raw),
            (_, Precision::F32) => (taken_apart::<f32>(&raw), None),
            _ => (taken_apart::<f64>(&raw), None),
        };
        verify(&raw, &found).unwrap_or_else(|e| panic!("{number}: {e}"));
        if let Some(spectrum) = spectrum {
            verify_spectrum(&raw, &spectrum).unwrap_or_else(|e| panic!("{number}: {e}"));
        }
        for finding in &found {
            let lies = match *finding {
                WhyFinding::Product { steps, weights, slopes, measured } => vec![
                    WhyFinding::Product {
                        steps,
                        weights: weights + 0.01 * (1.0 + slopes.abs()),
                        slopes,
                        measured,
                    },
                    WhyFinding::Product { steps: steps + 1, weights, slopes, measured },
                ],
                WhyFinding::Blame { grows: Some(grows), cause, against } => {
                    blamed[cause as usize] += 1;
                    vec![WhyFinding::Blame { grows: Some(!grows), cause, against }]
                }
                _ => Vec::new(),
            };
            for lie in lies {
                let told: Vec<WhyFinding> = found
                    .iter()
                    .map(|f| if f == finding { lie.clone() } else { f.clone() })
                    .collect();
                assert!(verify(&raw, &told).is_err(), "{number}: not caught: {lie:?}");
            }
        }
    }
    assert!(blamed.iter().all(|count| *count > 10), "{blamed:?}");
}
