//! A normalization forward: mean, variance, ẑ and u, each an equation.

use crate::engine::{Norm, Scaled};
use crate::experiment::NormKind;

use super::arrays::{Layer, name_of};
use super::groups::{Groups, column};
use super::latex::{
    Digits, average, bracketed, computed, entries, factor, matrix, ones_row, signed_sum, table,
    times,
};
use super::round::Round;
use super::rows::{Rows, rows};
use super::step::{Part, Step, Values};

/// A normalization in a pass.
pub(super) struct NormInPass<'a> {
    pub layer: &'a Layer<'a>,
    pub norm: &'a Norm<f64>,
    pub groups: Groups,
    /// What is normalized.
    pub from: Values,
    /// μ of each group; nothing for RMS normalization.
    pub means: Option<Vec<Scaled>>,
    /// v of each group.
    pub variances: Vec<Scaled>,
}

impl<'a> NormInPass<'a> {
    /// The normalization whose u has that place among the layer's arrays.
    pub fn new(layer: &'a Layer<'a>, norm: &'a Norm<f64>, place: usize) -> Self {
        let groups = Groups::of(norm);
        let numbers = groups.split(layer.signal(place - 1));
        let mean = |group: &Vec<Scaled>| mean(group);
        let centres = norm.spec.kind != NormKind::Rms;
        let means = centres.then(|| numbers.iter().map(mean).collect::<Vec<_>>());
        let of = |group: usize| means.as_ref().map_or(Scaled::ZERO, |means| means[group]);
        let square = |(group, numbers): (usize, &Vec<Scaled>)| {
            let squares = numbers.iter().map(|&z| (z - of(group)) * (z - of(group)));
            self::mean(&squares.collect::<Vec<_>>())
        };
        let variances = numbers.iter().enumerate().map(square).collect();
        Self { layer, norm, groups, from: layer.values(place - 1), means, variances }
    }

    /// What each group’s numbers are divided by: v + ε.
    fn sums_with_epsilon(&self) -> Vec<String> {
        let epsilon = self.epsilon();
        let variances = entries(&column(&self.variances), Digits::Computed).into_iter().flatten();
        variances.map(|variance| format!("{variance}+{epsilon}")).collect()
    }

    pub fn epsilon(&self) -> String {
        matrix(&[vec![self.norm.spec.epsilon]], Digits::Given)
    }

    /// 1/√(v + ε) of each group, written out.
    pub fn inverse_roots(&self) -> String {
        let root = |sum: String| self.groups.inverse_root(&sum);
        self.spread(self.sums_with_epsilon().into_iter().map(root).collect())
    }

    /// ε/(v + ε) of each group, written out.
    pub fn epsilon_shares(&self) -> String {
        let epsilon = self.epsilon();
        let share = |sum: String| self.groups.quotient(&epsilon, &sum);
        self.spread(self.sums_with_epsilon().into_iter().map(share).collect())
    }

    pub fn spread(&self, of_groups: Vec<String>) -> String {
        self.groups.spread(of_groups, self.layer.arrays.batch())
    }

    /// The mean over each group of terms that are given group by group.
    pub fn means_of(&self, terms: Vec<Vec<String>>) -> (String, Vec<String>) {
        let count = average(terms.first().map_or(1, Vec::len));
        let sums = terms.into_iter().map(|terms| signed_sum(terms.into_iter()));
        (count, sums.collect())
    }

    /// Which numbers are one group, in words.
    fn whose(&self) -> String {
        match self.norm.spec.kind {
            NormKind::Batch => format!("each unit of layer {} over the batch", self.layer.number),
            NormKind::Layer | NormKind::Rms => {
                format!("layer {} over its units", self.layer.number)
            }
        }
    }
}

/// The mean of numbers.
pub(super) fn mean(numbers: &[Scaled]) -> Scaled {
    numbers.iter().copied().sum::<Scaled>() * (1.0 / numbers.len() as f64)
}

/// Mean, variance, ẑ and u, the array of that place.
pub(super) fn forward(
    layer: &Layer<'_>,
    norm: &Norm<f64>,
    place: usize,
    round: Round,
) -> Vec<Step> {
    let norm = NormInPass::new(layer, norm, place);
    let mut steps = Vec::new();
    steps.extend(norm.means.as_ref().map(|means| mean_step(&norm, means, round)));
    steps.push(variance(&norm, round));
    steps.push(normalized(&norm, round));
    steps.push(output(&norm, layer.values(place), round));
    steps
}

/// μ.
fn mean_step(norm: &NormInPass<'_>, means: &[Scaled], round: Round) -> Step {
    let (number, groups, from) = (norm.layer.number, norm.groups, norm.from.part);
    let terms = groups.split_cells(entries(&norm.from.rows, Digits::Computed));
    let result = Values { part: Part::Mean(number), rows: column(means) };
    Step {
        id: format!("{}mu{number}", round.prefix()),
        title: format!("The mean of {}", norm.whose()),
        symbols: format!(
            "{}={}{}",
            groups.statistic(result.part),
            groups.mean(),
            groups.entry(from)
        ),
        numbers: averaged(norm, terms, &result.rows),
        reads: vec![from],
        ..Step::making(round.kind(), Some(number), result)
    }
}

/// v, the mean square of what is left without the mean.
fn variance(norm: &NormInPass<'_>, round: Round) -> Step {
    let (number, groups, from) = (norm.layer.number, norm.groups, norm.from.part);
    let mut reads = vec![from];
    let mut base = groups.entry(from);
    let mut name = "mean square";
    if norm.means.is_some() {
        (base, name) = (format!("{base}-{}", groups.statistic(Part::Mean(number))), "variance");
        reads.push(Part::Mean(number));
    }
    let square = |cell: &String| format!("({cell})^2");
    let terms = groups.split_cells(centred(norm));
    let terms = terms.iter().map(|group| group.iter().map(square).collect()).collect();
    let result = Values { part: Part::Variance(number), rows: column(&norm.variances) };
    Step {
        id: format!("{}v{number}", round.prefix()),
        title: format!("The {name} of {}", norm.whose()),
        symbols: format!("{}={}({base})^2", groups.statistic(result.part), groups.mean()),
        numbers: averaged(norm, terms, &result.rows),
        reads,
        ..Step::making(round.kind(), Some(number), result)
    }
}

/// ẑ.
fn normalized(norm: &NormInPass<'_>, round: Round) -> Step {
    let (number, groups, from) = (norm.layer.number, norm.groups, norm.from.part);
    let trace = &norm.layer.pass.layers[number - 1];
    let signal = trace.normalized().expect("the layer is normalized");
    let result = Values { part: Part::Normalized(number), rows: rows(signal) };
    let mut reads = vec![from, Part::Variance(number)];
    let (mut top, mut how) = (groups.array(from), "divide by the root mean square");
    if norm.means.is_some() {
        top = format!("{top}-{}", groups.statistic_of_all(Part::Mean(number)));
        how = "take the mean off, and divide by the standard deviation";
        reads.push(Part::Mean(number));
    }
    Step {
        id: format!("{}zhat{number}", round.prefix()),
        title: format!("Normalize layer {number}: {how}"),
        symbols: format!(
            r"{}=\frac{{{top}}}{{\sqrt{{{}+\varepsilon}}}}",
            groups.array(result.part),
            groups.statistic(Part::Variance(number))
        ),
        numbers: format!(
            "{}{}{}={}",
            norm.inverse_roots(),
            groups.times(),
            in_brackets(table(&centred(norm))),
            computed(&result.rows)
        ),
        reads,
        ..Step::making(round.kind(), Some(number), result)
    }
}

/// u = γ ⊙ ẑ + β.
fn output(norm: &NormInPass<'_>, to: Values, round: Round) -> Step {
    let (number, arrays) = (norm.layer.number, norm.layer.arrays);
    let [gamma, normalized, beta] =
        [Part::Gamma(number), Part::Normalized(number), Part::Beta(number)];
    let signal = norm.layer.pass.layers[number - 1].normalized().expect("the layer is normalized");
    let (batch, digits) = (arrays.batch(), round.parameters());
    let (in_symbols, ones) = (ones_in_symbols(batch), ones_row(batch));
    Step {
        id: format!("{}{}", round.prefix(), name_of(to.part)),
        title: format!("Scale layer {number} by γ and shift it by β"),
        symbols: format!(
            r"{}={}{in_symbols}\odot {}+{}{in_symbols}",
            to.part.symbol(),
            gamma.symbol(),
            normalized.symbol(),
            beta.symbol()
        ),
        numbers: format!(
            "{}{ones}{}{}+{}{ones}={}",
            factor(&arrays.gamma(number), digits),
            times(&to.rows),
            factor(&rows(signal), Digits::Computed),
            bracketed(&matrix(&arrays.beta(number), digits)),
            computed(&to.rows)
        ),
        reads: vec![gamma, normalized, beta],
        ..Step::making(round.kind(), Some(number), to)
    }
}

/// Behind a vector that every one of several examples has.
pub(super) fn ones_in_symbols(batch: usize) -> &'static str {
    if batch == 1 { "" } else { r"\mathbf{1}^{\top}" }
}

/// What is normalized without its mean, as differences, n × B.
fn centred(norm: &NormInPass<'_>) -> Vec<Vec<String>> {
    let cells = entries(&norm.from.rows, Digits::Computed);
    let Some(means) = &norm.means else { return cells };
    let means: Vec<String> =
        entries(&column(means), Digits::Computed).into_iter().flatten().collect();
    let difference = |(row, cells): (usize, Vec<String>)| {
        let mean = bracketed(&means[if means.len() == 1 { 0 } else { row }]);
        cells.into_iter().map(|cell| format!("{cell}-{mean}")).collect()
    };
    cells.into_iter().enumerate().map(difference).collect()
}

/// The mean over each group of terms that are given group by group, and what it comes to.
fn averaged(norm: &NormInPass<'_>, terms: Vec<Vec<String>>, result: &Rows) -> String {
    let (share, sums) = norm.means_of(terms);
    let column: Vec<Vec<String>> = sums.into_iter().map(|sum| vec![sum]).collect();
    format!("{share}{}={}", in_brackets(table(&column)), computed(result))
}

/// A single expression in round brackets; a matrix has its own.
pub(super) fn in_brackets(text: String) -> String {
    if text.starts_with(r"\begin") { text } else { format!(r"\left({text}\right)") }
}
