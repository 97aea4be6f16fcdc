//! A gradient check's findings in words.

use crate::figure::grouped;
use crate::figure::number::two_digits;
use crate::study::CheckFinding;

/// A difference that is off by less than this of itself shows one digit.
pub const SHOWS: f64 = 0.1;

/// All findings, one after the other.
pub fn sentences(findings: &[CheckFinding]) -> String {
    findings.iter().map(sentence).collect::<Vec<_>>().join(" ")
}

/// One finding.
pub fn sentence(finding: &CheckFinding) -> String {
    let number = |count: usize| grouped(count as u128);
    match *finding {
        CheckFinding::Differs { count, checked, worst } => format!(
            "Backpropagation fails: {} of {} {} from finite differences by more than their error bound; {} by {} of itself, where {} is allowed.",
            number(count),
            derivatives(checked),
            if count == 1 { "differs" } else { "differ" },
            worst.differences.parameter,
            two_digits(worst.relative_error),
            two_digits(worst.relative_bound().unwrap_or_default())
        ),
        CheckFinding::Agrees { count, checked, worst } => format!(
            "Backpropagation passes: {} of {} {} with finite differences within their error bound; the worst, {}, is off by {} of itself, where {} is allowed.",
            number(count),
            derivatives(checked),
            if count == 1 { "agrees" } else { "agree" },
            worst.differences.parameter,
            two_digits(worst.relative_error),
            two_digits(worst.relative_bound().unwrap_or_default())
        ),
        CheckFinding::NothingResolved => {
            "Nothing speaks for or against backpropagation: no derivative other than 0 can be resolved.".to_owned()
        }
        CheckFinding::Zero { count, checked } if count == checked => format!(
            "Backpropagation passes: all {} are exactly 0 both ways. The loss does not move with any of these parameters, and gradient descent will not move them.",
            derivatives(checked)
        ),
        CheckFinding::Zero { count, .. } => {
            format!("{} {} exactly 0 both ways.", number(count), are(count))
        }
        CheckFinding::OnKink { count, unit } => format!(
            "{} cannot be resolved: unit {} of layer {} sits on the kink of its activation, z = 0 (example {}), so that every difference crosses a kink and proves nothing.",
            number(count),
            unit.unit,
            unit.layer,
            unit.example
        ),
        CheckFinding::BelowRounding { count, single } => format!(
            "{} cannot be resolved: {} what is left of terms that cancel, too small beside their rounding{}.",
            number(count),
            are(count),
            if single { "; precision f64 has more digits" } else { "" }
        ),
        CheckFinding::PlainDifferences { step, median, compared } if median < SHOWS => format!(
            "With one h for all, plain centred differences of the loss come closest at h = {}: the median of {} is off by {}.",
            two_digits(step),
            derivatives(compared),
            two_digits(median)
        ),
        CheckFinding::PlainDifferences { compared, .. } => format!(
            "At no single h do plain centred differences of the loss show half of {} to one digit: at a small h the rounding of L hides what is small, at a large one the loss bends.",
            derivatives(compared)
        ),
    }
}

fn derivatives(count: usize) -> String {
    let number = grouped(count as u128);
    if count == 1 { format!("{number} derivative") } else { format!("{number} derivatives") }
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
