//! Lies made of what was found.

use gradient_lab::engine::{PlainNorm, ZeroCause};
use gradient_lab::study::{FlowFinding, Swing};

/// Lies made of a true finding: a sign turned, a layer moved by one, a count or a word changed.
pub fn lies(finding: &FlowFinding) -> Vec<FlowFinding> {
    use FlowFinding as F;
    let swings = |swing: &Swing| {
        vec![
            Swing { decades: -swing.decades, ..*swing },
            Swing { decades: swing.decades * 1.01, ..*swing },
            Swing { from: swing.from + 1, ..*swing },
            Swing { to: swing.to + 1, ..*swing },
            Swing { from: swing.to, to: swing.from, ..*swing },
        ]
    };
    let moved = |layers: &std::ops::RangeInclusive<usize>| {
        vec![layers.start() + 1..=layers.end() + 1, *layers.start()..=layers.end() + 1]
    };
    match finding.clone() {
        F::Zero { cause, layer, output_preactivation, examples } => {
            let other = match cause {
                ZeroCause::DeadOutput => ZeroCause::SaturatedLayer(layer + 1),
                _ => ZeroCause::DeadOutput,
            };
            vec![
                F::Zero { cause: other, layer, output_preactivation, examples },
                F::Zero { cause, layer: layer + 1, output_preactivation, examples },
                F::Zero { cause, layer, output_preactivation, examples: examples + 1 },
            ]
        }
        F::SaturatedOutput { steepest, error_log10, delta_log10 } => vec![
            F::SaturatedOutput { steepest: steepest + 0.01, error_log10, delta_log10 },
            F::SaturatedOutput { steepest, error_log10, delta_log10: -delta_log10 - 1.0 },
        ],
        F::SmallError { error_log10 } => vec![F::SmallError { error_log10: error_log10 - 0.1 }],
        F::OutputStep { decades, outputs, units } => vec![
            F::OutputStep { decades: decades + 0.01 * (1.0 + decades.abs()), outputs, units },
            F::OutputStep { decades, outputs: outputs + 1, units },
        ],
        F::DeltaSwing(swing) => swings(&swing).into_iter().map(F::DeltaSwing).collect(),
        F::ForwardSwing(swing) => swings(&swing).into_iter().map(F::ForwardSwing).collect(),
        F::Across { decades, from, to } => vec![
            F::Across { decades: decades + 0.01 * (1.0 + decades.abs()), from, to },
            F::Across { decades, from: from + 1, to },
            F::Across { decades, from, to: to + 1 },
        ],
        F::ZeroExamples { layer, zero, examples } => vec![
            F::ZeroExamples { layer, zero: zero + 1, examples },
            F::ZeroExamples { layer, zero, examples: examples + 1 },
        ],
        F::AlikeUnits { layers } => {
            moved(&layers).into_iter().map(|layers| F::AlikeUnits { layers }).collect()
        }
        F::InactiveUnits { layers, share, examples } => {
            let moved = moved(&layers).into_iter();
            let moved = moved.map(|layers| F::InactiveUnits { layers, share, examples });
            moved.chain([F::InactiveUnits { layers, share: share - 0.01, examples }]).collect()
        }
        F::Gap { cause, layers } => {
            moved(&layers).into_iter().map(|layers| F::Gap { cause, layers }).collect()
        }
        F::IdleBias { layers } => {
            moved(&layers).into_iter().map(|layers| F::IdleBias { layers }).collect()
        }
        F::SaturatedUnits { layers, share } => {
            let moved = moved(&layers).into_iter();
            let moved = moved.map(|layers| F::SaturatedUnits { layers, share });
            moved.chain([F::SaturatedUnits { layers, share: share - 0.01 }]).collect()
        }
        F::ForwardRounding { layer, precision } => vec![
            F::ForwardRounding { layer: layer + 1, precision },
            F::ForwardRounding { layer: layer - 1, precision },
        ],
        F::Plain { prints, layers, precision } => {
            let other = match prints {
                PlainNorm::Zero => PlainNorm::Infinite,
                _ => PlainNorm::Zero,
            };
            let shorter = (layers.start() < layers.end()).then(|| F::Plain {
                prints,
                layers: layers.start() + 1..=*layers.end(),
                precision,
            });
            let swapped = F::Plain { prints: other, layers, precision };
            shorter.into_iter().chain([swapped]).collect()
        }
        F::Advice { .. } => Vec::new(),
    }
}
