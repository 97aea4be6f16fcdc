//! What is found when a backward pass is taken apart, verified against its raw numbers.

use gradient_lab::engine::{FromDraws, Real, Scaled};
use gradient_lab::experiment::Precision;
use gradient_lab::study::{
    BackwardSettings, Cause, CutBy, DrawStudy, JacobianSpectrum, TaskContext, WhyFinding,
    backward_factors, factors,
};

use crate::random::Population;
use crate::raw::{Raw, rms_of_norms};

/// Two ways of computing the same norms differ by rounding, in f32 by more.
const CLOSE: f64 = 1e-4;

/// log10 of the weight gain and of all other factors of every step, from weights and δ alone, and how
/// far rounding may take the first: where a normalization has made δ's sum 0, weights that are all
/// alike send back what cancels.
fn step_factors(raw: &Raw) -> Option<Vec<[f64; 3]>> {
    let variant = &raw.experiment.variants[0];
    let is_plain = variant.normalization.is_none() && variant.skip.is_none();
    let epsilon = match raw.experiment.architecture.precision {
        _ if is_plain => 0.0,
        Precision::F32 => f64::from(f32::EPSILON),
        _ => f64::EPSILON,
    };
    let step = |l: usize| {
        let above = raw.layer(l + 1);
        let exponents = above.delta.iter().flatten().filter(|d| !d.is_zero()).map(|d| d.exponent());
        let base = exponents.max()?;
        let sums = |term: fn(Scaled) -> Scaled| -> Vec<Vec<Scaled>> {
            let of_example = |delta: &Vec<Scaled>| {
                let units = 0..raw.layer(l).weight.len();
                let sum = |j: usize| {
                    let terms = above.weight.iter().zip(delta);
                    terms.fold(Scaled::ZERO, |sum, (row, d)| sum + term(*d * row[j]))
                };
                units.map(sum).collect()
            };
            above.delta.iter().map(of_example).collect()
        };
        let [sent, sizes, from, to] =
            [&sums(|term| term), &sums(Scaled::abs), &above.delta, &raw.layer(l).delta]
                .map(|entries| rms_of_norms(entries, base));
        // |fl(Σ) − Σ| ≤ n ε Σ |terms|, to first order.
        // What cancels to the last digit says nothing of its size.
        let (from, to, sizes) = (from?, to?, sizes?);
        let Some(sent) = sent else {
            return (!is_plain).then_some([0.0, to - from, f64::INFINITY]);
        };
        let noise = epsilon * above.weight.len() as f64 * 10_f64.powf(sizes - sent);
        Some([sent - from, to - sent, noise / std::f64::consts::LN_10])
    };
    (1..raw.last()).map(step).collect()
}

fn verify(raw: &Raw, found: &[WhyFinding]) -> Result<(), String> {
    let Some(factors) = step_factors(raw) else {
        return if found.is_empty() {
            Ok(())
        } else {
            Err(format!("there is no product\n{}\n{found:?}", raw.experiment.to_toml()))
        };
    };
    let [WhyFinding::Product { steps, weights: w, slopes: s, norms, skips, measured }, blame] =
        found
    else {
        // A skip may bring what no factor can.
        let has_skip = raw.experiment.variants[0].skip.is_some();
        return if has_skip && found.is_empty() { Ok(()) } else { Err(format!("{found:?}")) };
    };
    let count = factors.len() as f64;
    let [weights, rest, noise] =
        [0, 1, 2].map(|part| factors.iter().map(|f| f[part]).sum::<f64>() / count);
    let size = factors.iter().flat_map(|f| &f[..2]).fold(1.0_f64, |top, f| top.max(f.abs()));
    let close = |a: f64, b: f64| (a - b).abs() <= CLOSE + 1e-9 * size + 2.0 * noise;
    let variant = &raw.experiment.variants[0];
    let [n, k] = [norms, skips].map(|part| part.unwrap_or(0.0));
    let product = *steps == factors.len()
        && close(*w, weights)
        && close(*s + n + k, rest)
        && norms.is_some() == variant.normalization.is_some()
        && skips.is_some() == variant.skip.is_some()
        && [weights + rest, w + s + n + k]
            .iter()
            .all(|each| (measured - count * each).abs() <= count * (CLOSE + 1e-9 * size));
    let parts = [
        (Cause::Weights, Some(*w)),
        (Cause::Slopes, Some(*s)),
        (Cause::Normalization, *norms),
        (Cause::Skip, *skips),
    ];
    let parts: Vec<(Cause, f64)> =
        parts.into_iter().filter_map(|(cause, log10)| Some((cause, log10?))).collect();
    match (product, blamed(&parts, blame)) {
        (true, true) => Ok(()),
        _ => Err(format!(
            "{found:?} of {weights} and {rest}, noise {noise:e}\n{}",
            raw.experiment.to_toml()
        )),
    }
}

/// Whether the blame is right: what is blamed pulls that way, what works against it the other, and the
/// rest does neither.
fn blamed(parts: &[(Cause, f64)], blame: &WhyFinding) -> bool {
    let WhyFinding::Blame { grows, by, against, idle } = blame else { return false };
    let slight = 0.021 + CLOSE;
    let total: f64 = parts.iter().map(|(_, log10)| log10).sum();
    let Some(grows) = grows else {
        let changes = parts.iter().filter(|(_, log10)| log10.abs() >= 0.021 - CLOSE);
        return total.abs() < slight && by.len() == parts.len() && against.len() <= changes.count();
    };
    let sign = if *grows { 1.0 } else { -1.0 };
    let pulls = |cause: &Cause| parts.iter().find(|(own, _)| own == cause).map(|(_, p)| p * sign);
    let all = |causes: &[Cause], is: &dyn Fn(f64) -> bool| {
        causes.iter().all(|cause| pulls(cause).is_some_and(is))
    };
    total * sign > 0.0
        && by.len() + against.len() + idle.len() == parts.len()
        && !by.is_empty()
        && all(by, &|pull| pull > 0.0)
        && all(against, &|pull| pull < -0.021 + CLOSE)
        && all(idle, &|pull| pull.abs() < slight)
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
        let examples = spectrum.coupled.unwrap_or(1);
        let width = |l: usize| raw.layer(l).weight.len() * examples;
        let none = |l: usize| {
            let slopes = raw.layer(l).slope[..examples].iter().flatten();
            slopes.filter(|s| **s == 0.0).count()
        };
        let variant = &raw.experiment.variants[0];
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
                    CutBy::Normalized => variant.normalization.is_some(),
                    CutBy::SkipScale => {
                        variant.skip_scale.of_depth(raw.last() - 1) == 0.0 && cut.layer > 1
                    }
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
    let mut blamed = [0; 4];
    for number in 0..2000 {
        let of = if number % 4 == 0 { narrow.clone() } else { Population::wide() };
        let experiment = match number % 8 {
            2..=4 => of.with_remedies(number),
            _ => of.experiment(number),
        };
        let raw = Raw::of(&experiment);
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
                WhyFinding::Product { steps, weights, slopes, norms, skips, measured } => vec![
                    WhyFinding::Product {
                        steps,
                        weights: weights + 0.01 * (1.0 + slopes.abs()),
                        slopes,
                        norms,
                        skips,
                        measured,
                    },
                    WhyFinding::Product {
                        steps: steps + 1,
                        weights,
                        slopes,
                        norms,
                        skips,
                        measured,
                    },
                ],
                WhyFinding::Blame { grows: Some(grows), ref by, ref against, ref idle } => {
                    by.iter().for_each(|cause| blamed[*cause as usize] += 1);
                    let [by, against, idle] = [by, against, idle].map(Clone::clone);
                    vec![WhyFinding::Blame { grows: Some(!grows), by, against, idle }]
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
