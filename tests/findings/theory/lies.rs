//! Lies made of what the theory claims.

use gradient_lab::experiment::Experiment;
use gradient_lab::study::{FixedPoint, Phase, TheoryFinding};

use super::drawn::Drawn;

/// False claims that differ from a true one by more than what chance and quadrature leave open.
pub fn lies(finding: &TheoryFinding, experiment: &Experiment, drawn: &Drawn) -> Vec<TheoryFinding> {
    let mut lies = Vec::new();
    match *finding {
        TheoryFinding::Limit { phase, chi, bias_mean, fixed_point, .. } => {
            let mut lie = |change: &dyn Fn(&mut TheoryFinding)| {
                let mut lie = finding.clone();
                change(&mut lie);
                lies.push(lie);
            };
            let other = if phase == Phase::Ordered { Phase::Chaotic } else { Phase::Ordered };
            lie(&|f| {
                if let TheoryFinding::Limit { phase, .. } = f {
                    *phase = other;
                }
            });
            if chi > 1e-6 {
                lie(&|f| {
                    if let TheoryFinding::Limit { chi, .. } = f {
                        *chi *= 1.02;
                    }
                });
            }
            if bias_mean != 0.0 {
                lie(&|f| {
                    if let TheoryFinding::Limit { bias_mean, bias_variance, .. } = f {
                        *bias_variance = *bias_mean * *bias_mean;
                        *bias_mean = 0.0;
                    }
                });
            }
            let elsewhere = match fixed_point {
                FixedPoint::At(q) if q > 1e-3 => FixedPoint::At(1.1 * q),
                FixedPoint::At(_) => FixedPoint::Diverges,
                _ if chi > 1.01 || phase == Phase::Critical => FixedPoint::At(0.5),
                _ => return lies,
            };
            lie(&|f| {
                if let TheoryFinding::Limit { fixed_point, .. } = f {
                    *fixed_point = elsewhere;
                }
            });
        }
        TheoryFinding::AtThisSize { mean_log10, std_log10, .. } => {
            let hidden = experiment.layers() - 1;
            if drawn.change(1, hidden).2 < 6.0 {
                return lies;
            }
            let (far, wider) = (6.0 * std_log10 + 0.2 * mean_log10.abs(), 12.0 * std_log10);
            for (mean, std) in [(mean_log10 + far, std_log10), (mean_log10 - far, std_log10)] {
                let mut lie = finding.clone();
                if let TheoryFinding::AtThisSize { mean_log10, std_log10, .. } = &mut lie {
                    (*mean_log10, *std_log10) = (mean, std);
                }
                lies.push(lie);
            }
            // Examples of a batch share weights: their networks stray less.
            if experiment.architecture.batch == 1 {
                let mut lie = finding.clone();
                if let TheoryFinding::AtThisSize { std_log10, .. } = &mut lie {
                    *std_log10 = wider;
                }
                lies.push(lie);
            }
            let mut lie = finding.clone();
            if let TheoryFinding::AtThisSize { steps, .. } = &mut lie {
                *steps += 1;
            }
            lies.push(lie);
        }
        _ => {}
    }
    lies
}
