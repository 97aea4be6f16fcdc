//! What a spread shows, verified against raw numbers.

use gradient_lab::engine::Scaled;
use gradient_lab::study::{
    DrawStudy, ShareOf, Spread, SpreadFinding, SpreadSettings, SpreadSignal, TaskContext, spread,
};

use crate::random::Population;
use crate::raw::{Entries, Raw};

fn entries(raw: &Raw, signal: SpreadSignal, l: usize) -> Entries {
    match signal {
        SpreadSignal::Z => raw.layer(l).z.clone(),
        SpreadSignal::A => raw.layer(l).a.clone(),
        SpreadSignal::Delta => raw.layer(l).delta.clone(),
        SpreadSignal::Weight => {
            let row = |row: &Vec<f64>| row.iter().map(|&weight| weight.into()).collect();
            raw.layer(l).weight.iter().map(row).collect()
        }
        SpreadSignal::WeightGradient => weight_gradient(raw, l),
    }
}

/// (1/B) Σ_b δ_b a_bᵀ, term by term.
fn weight_gradient(raw: &Raw, l: usize) -> Entries {
    let input = if l == 1 { &raw.input } else { &raw.layer(l - 1).a };
    let delta = &raw.layer(l).delta;
    let share = 1.0 / delta.len() as f64;
    let entry = |unit: usize, from: usize| {
        let terms = delta.iter().zip(input).map(|(delta, input)| delta[unit] * input[from]);
        terms.filter(|term| !term.is_zero()).sum::<Scaled>() * share
    };
    let row = |unit| (0..input[0].len()).map(|from| entry(unit, from)).collect();
    (0..delta[0].len()).map(row).collect()
}

/// Whether the number parts the entries that are not zero in halves, but for its rounding.
fn is_median(entries: &Entries, magnitudes: bool, median: Option<Scaled>) -> bool {
    let size = |e: &Scaled| Scaled::new(e.mantissa().abs(), e.exponent());
    let left = entries.iter().flatten().filter(|e| !e.is_zero());
    let left: Vec<Scaled> = left.map(|e| if magnitudes { size(e) } else { *e }).collect();
    let Some(median) = median else { return left.is_empty() };
    let slack = size(&median) * 1e-6;
    let less = |a: Scaled, b: Scaled| (a - b).mantissa() < 0.0;
    let below = left.iter().filter(|e| less(**e, median - slack)).count();
    let above = left.iter().filter(|e| less(median + slack, **e)).count();
    2 * below <= left.len() && 2 * above <= left.len()
}

fn holds(raw: &Raw, signal: SpreadSignal, finding: &SpreadFinding) -> bool {
    let zeros = |l: usize| {
        let all: Vec<Scaled> = entries(raw, signal, l).into_iter().flatten().collect();
        all.iter().filter(|e| e.is_zero()).count() as f64 / all.len() as f64
    };
    match finding {
        SpreadFinding::AllZero => (1..=raw.last()).all(|l| zeros(l) == 1.0),
        SpreadFinding::Median { first, last, layers, of_magnitudes, without_zeros } => {
            *layers == raw.last()
                && is_median(&entries(raw, signal, 1), *of_magnitudes, *first)
                && is_median(&entries(raw, signal, *layers), *of_magnitudes, *last)
                && *without_zeros == (1..=raw.last()).any(|l| zeros(l) > 0.0)
        }
        SpreadFinding::Most { what, layer, share, examples } => {
            let found = |l: usize| match (what, raw.layer(l).activation.saturates()) {
                (ShareOf::Zeros, _) => zeros(l),
                (ShareOf::Inactive, false) => raw.layer(l).inactive_share(),
                (ShareOf::Saturated, true) => raw.layer(l).faded_share(),
                _ => 0.0,
            };
            *examples == raw.target.len()
                && (1..=raw.last()).contains(layer)
                && (found(*layer) - share).abs() < 1e-9
                && (1..=raw.last()).all(|l| found(l) <= share + 1e-9)
                && (1..*layer).all(|l| found(l) < share - 1e-9)
        }
    }
}

fn of(raw: &Raw, signal: SpreadSignal) -> Spread {
    let settings = SpreadSettings { signal, ..SpreadSettings::default() };
    spread(&mut DrawStudy::on_threads(1), &raw.experiment, settings, &TaskContext::unattended())
        .expect("nobody stops it")
}

#[test]
fn every_finding_of_a_spread_is_true_and_lies_are_caught() {
    let mut planted = 0;
    for number in 0..2000 {
        let raw = Raw::of(&Population::wide().experiment(number));
        let signal = SpreadSignal::ALL[number as usize % SpreadSignal::ALL.len()];
        for finding in of(&raw, signal).findings() {
            assert!(holds(&raw, signal, &finding), "{number} {signal:?}: {finding:?}");
            let lies = match finding {
                SpreadFinding::Most { what, layer, share, examples } => vec![
                    SpreadFinding::Most { what, layer: layer + 1, share, examples },
                    SpreadFinding::Most { what, layer, share: share - 0.01, examples },
                    SpreadFinding::Most { what, layer, share, examples: examples + 1 },
                ],
                SpreadFinding::Median { first, last, layers, of_magnitudes, without_zeros } => {
                    // Beyond all entries: a number between the two in the middle would be no lie.
                    let all = entries(&raw, signal, 1).into_iter().flatten();
                    let sizes = all.map(|e| e.abs()).sum::<Scaled>();
                    let lie = |first, last, without_zeros| SpreadFinding::Median {
                        first,
                        last,
                        layers,
                        of_magnitudes,
                        without_zeros,
                    };
                    std::iter::once(lie(first, last, !without_zeros))
                        .chain(last.map(|_| lie(first, None, without_zeros)))
                        .chain(first.map(|_| lie(Some(sizes * 2.0), last, without_zeros)))
                        .collect()
                }
                SpreadFinding::AllZero => Vec::new(),
            };
            for lie in lies {
                planted += 1;
                assert!(!holds(&raw, signal, &lie), "{number}: not caught: {lie:?}");
            }
        }
    }
    assert!(planted > 3000, "{planted}");
}
