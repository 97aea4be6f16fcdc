//! A normalization on the way back: g = γ ⊙ ∂L/∂u loses its mean, and its part along ẑ but for
//! the share that ε lets through (THEORY: δ = (g⊥ + g∥ ε/(v + ε))/√(v + ε)).

use crate::engine::{Norm, Scaled};

use super::arrays::{Layer, error_part};
use super::groups::column;
use super::latex::{
    Digits, bracketed, computed, entries, factor, ones_row, signed_sum, table, times,
};
use super::norm::{NormInPass, in_brackets, mean, ones_in_symbols};
use super::rows::{Rows, rows};
use super::step::{Part, Step, StepKind, Values};

/// A normalization, the error signals about it, and their parts along ẑ and across.
struct Split<'a> {
    norm: NormInPass<'a>,
    /// What the normalization makes.
    output: Part,
    /// ∂L/∂u.
    above: Rows,
    /// g = γ ⊙ ∂L/∂u.
    g: Rows,
    /// The mean of g over each group; nothing for RMS normalization.
    means: Option<Vec<Scaled>>,
    /// g without its mean.
    centred: Rows,
    /// ẑ.
    normalized: Rows,
    /// How much of ẑ there is in g, of each group.
    factors: Vec<Scaled>,
    /// g∥.
    along: Rows,
    /// g⊥.
    across: Rows,
}

/// From ∂L/∂ of the array of that place, which the normalization makes, to ∂L/∂ of what it takes
/// in: `to`, by the step of that name.
pub(super) fn backward(
    layer: &Layer<'_>,
    norm: &Norm<f64>,
    place: usize,
    id: String,
    to: Values,
) -> Vec<Step> {
    let split = Split::new(layer, norm, place);
    let mut steps = vec![scaled(&split)];
    steps.extend(split.means.as_ref().map(|means| centred(&split, means)));
    steps.extend([along_factor(&split), along(&split), across(&split), through(&split, id, to)]);
    steps
}

impl<'a> Split<'a> {
    fn new(layer: &'a Layer<'a>, norm: &'a Norm<f64>, place: usize) -> Self {
        const NORMALIZED: &str = "the layer is normalized, and its pass went back";
        let trace = &layer.pass.layers[layer.number - 1];
        let [above, normalized] =
            [trace.above_norm(), trace.normalized()].map(|signal| signal.expect(NORMALIZED));
        let in_pass = NormInPass::new(layer, norm, place);
        let groups = in_pass.groups;
        let gamma = layer.arrays.gamma(layer.number);
        let mut across = groups.split(above);
        for (group, numbers) in across.iter_mut().enumerate() {
            let units = (0..).map(|place| groups.unit(group, place));
            numbers.iter_mut().zip(units).for_each(|(g, unit)| *g *= gamma[unit][0]);
        }
        let g = groups.join(across.clone());
        let means: Vec<Scaled> = across.iter().map(|numbers| mean(numbers)).collect();
        let means = in_pass.means.is_some().then_some(means);
        let directions = groups.split(normalized);
        let pairs = across.iter_mut().zip(&directions);
        let along: Vec<Vec<Scaled>> = pairs.map(|(g, along)| norm.split(g, along)).collect();
        let parts = along.iter().zip(&across);
        let whole = |(along, across): (&Vec<Scaled>, &Vec<Scaled>)| {
            along.iter().zip(across).map(|(&along, &across)| along + across).collect()
        };
        Self {
            output: layer.parts[place],
            above: rows(above),
            g,
            means,
            centred: groups.join(parts.map(whole).collect()),
            normalized: rows(normalized),
            factors: along.iter().zip(&directions).map(|(a, z)| factor_of(a, z)).collect(),
            along: groups.join(along),
            across: groups.join(across),
            norm: in_pass,
        }
    }

    /// l.
    fn number(&self) -> usize {
        self.norm.layer.number
    }

    fn batch(&self) -> usize {
        self.norm.layer.arrays.batch()
    }

    /// What is split into its parts along ẑ and across.
    fn base(&self) -> Part {
        match self.means {
            Some(_) => Part::CentredError(self.number()),
            None => Part::NormError(self.number()),
        }
    }
}

/// What ẑ is multiplied by to give g∥.
fn factor_of(along: &[Scaled], normalized: &[Scaled]) -> Scaled {
    let pairs = along.iter().zip(normalized);
    let largest = pairs.max_by_key(|(_, z)| z.abs());
    largest.and_then(|(along, z)| along.checked_div(*z)).unwrap_or_default()
}

/// g = γ ⊙ ∂L/∂u.
fn scaled(split: &Split<'_>) -> Step {
    let (number, batch) = (split.number(), split.batch());
    let (gamma, above) = (Part::Gamma(number), error_part(split.output));
    let result = Values { part: Part::NormError(number), rows: split.g.clone() };
    Step {
        id: format!("bp2-g{number}"),
        title: format!("BP2: the error signal passes γ of layer {number}"),
        symbols: format!(
            r"{}={}{}\odot {}",
            result.part.symbol(),
            gamma.symbol(),
            ones_in_symbols(batch),
            above.symbol()
        ),
        numbers: format!(
            "{}{}{}{}={}",
            factor(&split.norm.layer.arrays.gamma(number), Digits::Given),
            ones_row(batch),
            times(&split.above),
            factor(&split.above, Digits::Computed),
            computed(&result.rows)
        ),
        reads: vec![gamma, above],
        ..Step::making(StepKind::Bp2, Some(number), result)
    }
}

/// g without its mean.
fn centred(split: &Split<'_>, means: &[Scaled]) -> Step {
    let (number, norm) = (split.number(), &split.norm);
    let groups = norm.groups;
    let g = Part::NormError(number);
    let result = Values { part: Part::CentredError(number), rows: split.centred.clone() };
    let means = Values { part: Part::MeanError(number), rows: column(means) };
    let terms = groups.split_cells(entries(&split.g, Digits::Computed));
    let (share, sums) = norm.means_of(terms);
    let ones = match norm.layer.arrays.batch() {
        1 => table(&vec![vec!["1".to_owned()]; split.g.len()]),
        batch => ones_row(batch),
    };
    let sums = table(&sums.into_iter().map(|sum| vec![sum]).collect::<Vec<_>>());
    Step {
        id: format!("bp2-g-centred{number}"),
        title: format!("BP2: layer {number} takes the mean off, and so does the way back"),
        symbols: format!(
            "{}={}-{}{}",
            groups.array(result.part),
            groups.array(g),
            groups.mean(),
            groups.entry(g)
        ),
        numbers: format!(
            "{g}-{share}{}{ones}={g}-{}{ones}={}",
            in_brackets(sums),
            factor(&means.rows, Digits::Computed),
            computed(&result.rows),
            g = computed(&split.g)
        ),
        between: vec![means],
        reads: vec![g],
        ..Step::making(StepKind::Bp2, Some(number), result)
    }
}

/// c, how much of ẑ there is in g without its mean.
fn along_factor(split: &Split<'_>) -> Step {
    let (number, groups) = (split.number(), split.norm.groups);
    let (base, normalized) = (split.base(), Part::Normalized(number));
    let result = Values { part: Part::AlongFactor(number), rows: column(&split.factors) };
    Step {
        id: format!("bp2-c{number}"),
        title: format!(
            "BP2: how far the error signal lies along the normalized numbers of layer {number}"
        ),
        symbols: format!(
            r"{}=\frac{{{sum} {}\,{z}}}{{{sum} ({z})^2}}",
            groups.statistic(result.part),
            groups.entry(base),
            sum = groups.sum(),
            z = groups.entry(normalized)
        ),
        numbers: format!("{}={}", projections(split), computed(&result.rows)),
        reads: vec![base, normalized],
        ..Step::making(StepKind::Bp2, Some(number), result)
    }
}

/// g∥, the part along ẑ.
fn along(split: &Split<'_>) -> Step {
    let (number, groups) = (split.number(), split.norm.groups);
    let [along_factor, normalized] = [Part::AlongFactor(number), Part::Normalized(number)];
    let result = Values { part: Part::AlongError(number), rows: split.along.clone() };
    Step {
        id: format!("bp2-g-along{number}"),
        title: format!(
            "BP2: the error signal’s part along the normalized numbers of layer {number}"
        ),
        symbols: format!(
            r"{}={}\,{}",
            groups.array(result.part),
            groups.statistic(along_factor),
            groups.array(normalized)
        ),
        numbers: format!(
            "{}{}{}{}={}",
            factor(&column(&split.factors), Digits::Computed),
            ones_row(split.batch()),
            groups.times(),
            factor(&split.normalized, Digits::Computed),
            computed(&result.rows)
        ),
        reads: vec![along_factor, normalized],
        ..Step::making(StepKind::Bp2, Some(number), result)
    }
}

/// Σ g ẑ/Σ ẑ² of each group, written out.
fn projections(split: &Split<'_>) -> String {
    let groups = split.norm.groups;
    let cells = |rows: &Rows| groups.split_cells(entries(rows, Digits::Computed));
    let of_group = |(g, z): (Vec<String>, Vec<String>)| {
        let products = g.iter().zip(&z).map(|(g, z)| format!(r"{g}\cdot {}", bracketed(z)));
        let squares = z.iter().map(|z| format!("({z})^2"));
        groups.quotient(&signed_sum(products), &signed_sum(squares))
    };
    let pairs = cells(&split.centred).into_iter().zip(cells(&split.normalized));
    table(&pairs.map(|pair| vec![of_group(pair)]).collect::<Vec<_>>())
}

/// g⊥, what is left.
fn across(split: &Split<'_>) -> Step {
    let (number, base) = (split.number(), split.base());
    let along = Part::AlongError(number);
    let result = Values { part: Part::AcrossError(number), rows: split.across.clone() };
    Step {
        id: format!("bp2-g-across{number}"),
        title: format!(
            "BP2: the error signal’s part across the normalized numbers of layer {number}"
        ),
        symbols: format!("{}={}-{}", result.part.symbol(), base.symbol(), along.symbol()),
        numbers: format!(
            "{}-{}={}",
            computed(&split.centred),
            bracketed(&computed(&split.along)),
            computed(&result.rows)
        ),
        reads: vec![base, along],
        ..Step::making(StepKind::Bp2, Some(number), result)
    }
}

/// (g⊥ + g∥ ε/(v + ε))/√(v + ε).
fn through(split: &Split<'_>, id: String, to: Values) -> Step {
    let (number, norm) = (split.number(), &split.norm);
    let groups = norm.groups;
    let [variance, across, along] =
        [Part::Variance(number), Part::AcrossError(number), Part::AlongError(number)];
    let v = groups.statistic(variance);
    let trace = norm.layer.pass.layers[number - 1].chain.as_ref().map(|chain| &chain.norm);
    let trace = trace.expect("the layer is normalized");
    let shares: Vec<Scaled> = trace.share.iter().map(|&share| Scaled::from(share)).collect();
    let roots = Values { part: Part::InverseRoot(number), rows: column(&trace.inverse.to_vec()) };
    let shares = Values { part: Part::EpsilonShare(number), rows: column(&shares) };
    let [ones, times] = [ones_row(split.batch()), groups.times().to_owned()];
    let line = |root: String, share: String| {
        format!(
            r"{root}{times}\left({}+{share}{}{}\right)",
            computed(&split.across),
            if times.is_empty() { r"\cdot " } else { r"\odot " },
            factor(&split.along, Digits::Computed)
        )
    };
    let number_of_each =
        |values: &Values| format!("{}{ones}", factor(&values.rows, Digits::Computed));
    Step {
        id,
        title: format!(
            "BP2: along the normalized numbers of layer {number} only the share of ε goes through"
        ),
        symbols: format!(
            r"{}=\frac{{1}}{{\sqrt{{{v}+\varepsilon}}}}\left({}+\frac{{\varepsilon}}{{{v}+\varepsilon}}{}\right)",
            groups.array(to.part),
            groups.array(across),
            groups.array(along)
        ),
        numbers: format!(
            "{}={}={}",
            line(norm.inverse_roots(), norm.epsilon_shares()),
            line(number_of_each(&roots), number_of_each(&shares)),
            computed(&to.rows)
        ),
        between: vec![roots, shares],
        reads: vec![across, along, variance],
        ..Step::making(StepKind::Bp2, Some(number), to)
    }
}
