//! Every finding of random networks is true, and a lie is found out.

use gradient_lab::engine::{FromDraws, Parameter, Real};
use gradient_lab::experiment::{Experiment, Precision};
use gradient_lab::study::{
    CheckFinding, CheckSettings, GradientCheck, Outcome, Sample, TaskContext, Unresolved,
    check_against,
};

use super::backward::{Backward, Mistake};
use super::raw::Raw;
use super::{experiment, network};

/// How often each kind of finding was there, and each lie told.
#[derive(Default)]
struct Told {
    kinds: [usize; 7],
    lies: [usize; 5],
}

fn kind(finding: &CheckFinding) -> usize {
    match finding {
        CheckFinding::Differs { .. } => 0,
        CheckFinding::Agrees { .. } => 1,
        CheckFinding::NothingResolved => 2,
        CheckFinding::Zero { .. } => 3,
        CheckFinding::OnKink { .. } => 4,
        CheckFinding::BelowRounding { .. } => 5,
        CheckFinding::PlainDifferences { .. } => 6,
    }
}

/// A finding with one thing in it turned: a number's sign, a count, a place, its kind.
fn lie(finding: CheckFinding, which: usize, check: &GradientCheck) -> Option<CheckFinding> {
    let mut lie = finding;
    match (which, &mut lie) {
        (0, CheckFinding::Agrees { worst, .. } | CheckFinding::Differs { worst, .. }) => {
            worst.analytic = -worst.analytic;
        }
        (0, CheckFinding::PlainDifferences { median, .. }) => *median *= -1.0,
        (0, CheckFinding::BelowRounding { single, .. }) => *single = !*single,
        (
            1,
            CheckFinding::Agrees { count, .. }
            | CheckFinding::Differs { count, .. }
            | CheckFinding::Zero { count, .. }
            | CheckFinding::OnKink { count, .. }
            | CheckFinding::BelowRounding { count, .. }
            | CheckFinding::PlainDifferences { compared: count, .. },
        ) => *count += 1,
        (2, CheckFinding::OnKink { unit, .. }) => {
            // Up, or down from the last layer.
            let last = check.details.iter().map(|of| layer(of.differences.parameter)).max()?;
            unit.layer = if unit.layer < last { unit.layer + 1 } else { unit.layer.max(2) - 1 };
            unit.unit = 1;
            (lie != finding).then_some(())?;
        }
        (2, CheckFinding::PlainDifferences { step, .. }) => *step *= 10.0,
        (2, CheckFinding::Agrees { worst, .. }) => {
            let of = |outcome| check.with(outcome).next();
            *worst = *of(Outcome::Zero).or(of(Outcome::Unresolved(Unresolved::OnKink)))?;
        }
        (3, CheckFinding::Agrees { count, checked, worst }) => {
            lie = CheckFinding::Differs { count: *count, checked: *checked, worst: *worst };
        }
        (3, CheckFinding::Differs { count, checked, worst }) => {
            lie = CheckFinding::Agrees { count: *count, checked: *checked, worst: *worst };
        }
        (3, CheckFinding::Zero { count, .. } | CheckFinding::OnKink { count, .. }) => {
            lie = CheckFinding::BelowRounding { count: *count, single: check.epsilon > 1e-10 };
        }
        (3, CheckFinding::BelowRounding { count, .. }) => {
            lie = CheckFinding::Zero { count: *count, checked: check.checked };
        }
        (4, CheckFinding::Agrees { worst, .. } | CheckFinding::Differs { worst, .. }) => {
            worst.relative_error += 0.01 + 4.0 * worst.relative_bound().unwrap_or_default();
        }
        (4, CheckFinding::PlainDifferences { median, .. }) => *median *= 1.1,
        (4, CheckFinding::Zero { .. }) => lie = CheckFinding::NothingResolved,
        _ => return None,
    }
    (lie != finding).then_some(lie)
}

fn layer(parameter: Parameter) -> usize {
    parameter.layer()
}

/// Checks a gradient, right or wrong, verifies its findings and plants lies in them.
fn examine<T: Real + FromDraws>(experiment: &Experiment, number: u64, told: &mut Told) {
    let network = network::<T>(experiment, 0);
    let pass = network.forward();
    let wrong = [Mistake::None, Mistake::FactorInLayer, Mistake::NoBias][number as usize % 3];
    let backward = Backward::new(&network, &pass, wrong, number);
    let claimed = |parameter| backward.gradient(parameter);
    let settings = CheckSettings {
        sample: Sample::Some { count: 12, seed: number },
        steps: vec![1e-3, 1e-5, 1e-7],
    };
    let check = check_against(&network, &claimed, &settings, &TaskContext::unattended());
    let check = check.expect("nobody stops it");
    let raw = Raw::new(&network, &claimed, &check);
    let findings = check.findings();
    let verdict = raw.verify(&findings);
    assert!(verdict.is_ok(), "network {number}: {verdict:?}\n{findings:#?}");
    for (index, &finding) in findings.iter().enumerate() {
        told.kinds[kind(&finding)] += 1;
        for which in 0..told.lies.len() {
            let Some(lie) = lie(finding, which, &check) else { continue };
            let mut findings = findings.clone();
            findings[index] = lie;
            told.lies[which] += 1;
            assert!(raw.verify(&findings).is_err(), "network {number}: believed {lie:?}");
        }
    }
}

#[test]
fn every_finding_is_true_and_lies_are_found_out() {
    let mut told = Told::default();
    for number in 0..2000 {
        let experiment = experiment(number);
        match experiment.architecture.precision {
            Precision::F32 => examine::<f32>(&experiment, number, &mut told),
            _ => examine::<f64>(&experiment, number, &mut told),
        }
    }
    println!("{:?} findings, {:?} lies", told.kinds, told.lies);
    assert!(told.kinds.iter().all(|&count| count > 0), "{:?}", told.kinds);
    assert!(told.lies.iter().all(|&count| count > 300), "{:?}", told.lies);
}
