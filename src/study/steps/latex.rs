//! Numbers and matrices in LaTeX, with the chapter's decimals.

use super::rows::Rows;

/// How many decimals a number is shown with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digits {
    /// Given numbers: as few as it takes, at most 8.
    Given,
    /// Computed numbers: 6, or 8 for arrays with entries below .001.
    Computed,
    /// Updated parameters: 8, so that a small step is seen.
    Updated,
}

impl Digits {
    fn decimals(self, rows: &[Vec<f64>]) -> usize {
        let entries = rows.iter().flatten().filter(|entry| **entry != 0.0);
        let smallest = entries.fold(f64::INFINITY, |smallest, entry| smallest.min(entry.abs()));
        match self {
            Self::Computed if smallest >= 0.001 => 6,
            _ => 8,
        }
    }
}

/// One number, or a matrix in round brackets.
pub(super) fn matrix(rows: &[Vec<f64>], digits: Digits) -> String {
    table(&entries(rows, digits))
}

/// Every number of a matrix, all with the same decimals.
pub(super) fn entries(rows: &[Vec<f64>], digits: Digits) -> Vec<Vec<String>> {
    let decimals = digits.decimals(rows);
    let entry = |entry: &f64| number(*entry, decimals, digits == Digits::Given);
    rows.iter().map(|row| row.iter().map(entry).collect()).collect()
}

/// One expression, or a matrix of them in round brackets.
pub(super) fn table(cells: &[Vec<String>]) -> String {
    if let [row] = cells
        && let [only] = &row[..]
    {
        return only.clone();
    }
    let body = cells.iter().map(|row| row.join("&")).collect::<Vec<_>>().join(r"\\");
    format!(r"\begin{{pmatrix}}{body}\end{{pmatrix}}")
}

/// A sum; a negative number is taken off.
pub(super) fn signed_sum(terms: impl Iterator<Item = String>) -> String {
    let signed = |sum: String, term: String| match sum.is_empty() || term.starts_with('-') {
        true => sum + &term,
        false => format!("{sum}+{term}"),
    };
    terms.fold(String::new(), signed)
}

/// A single computed number.
pub(super) fn scalar(value: f64) -> String {
    matrix(&[vec![value]], Digits::Computed)
}

/// In round brackets where a minus sign would otherwise follow another.
pub(super) fn bracketed(number: &str) -> String {
    if number.starts_with('-') { format!("({number})") } else { number.to_owned() }
}

/// The chapter's way of printing a number: no zero before the point. What the decimals cannot
/// show, and what is a million or more, is written with a power of ten.
fn number(value: f64, decimals: usize, trim: bool) -> String {
    if !value.is_finite() {
        let sign = if value < 0.0 { "-" } else { "" };
        return if value.is_nan() {
            r"\text{undefined}".to_owned()
        } else {
            format!(r"{sign}\infty")
        };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-6..1e6).contains(&value.abs()) {
        let text = format!("{value:.6e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!(r"{mantissa}\cdot10^{{{exponent}}}");
    }
    let mut text = format!("{value:.decimals$}");
    if trim && text.contains('.') {
        text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    match text.strip_prefix("0.") {
        Some(rest) => format!(".{rest}"),
        None => text.strip_prefix("-0.").map_or(text.clone(), |rest| format!("-.{rest}")),
    }
}

/// 1/n before a sum, and nothing where n is 1.
pub(super) fn average(count: usize) -> String {
    if count == 1 { String::new() } else { format!(r"\tfrac{{1}}{{{count}}}") }
}

/// A row of ones behind a vector that every one of several examples has, and nothing for one.
pub(super) fn ones_row(batch: usize) -> String {
    if batch == 1 { String::new() } else { table(&[vec!["1".to_owned(); batch]]) }
}

/// A column of ones behind a matrix whose rows are added up, and nothing for one example.
pub(super) fn ones_column(batch: usize) -> String {
    if batch == 1 { String::new() } else { table(&vec![vec!["1".to_owned()]; batch]) }
}

/// ⊙ between vectors, · between numbers.
pub(super) fn times(vector: &Rows) -> &'static str {
    let is_number = vector.len() == 1 && vector[0].len() == 1;
    if is_number { r"\cdot" } else { r"\odot" }
}

/// A factor of a product: a matrix by its brackets, a number in brackets of its own.
pub(super) fn factor(rows: &Rows, digits: Digits) -> String {
    let text = matrix(rows, digits);
    if text.starts_with(r"\begin") { text } else { format!("({text})") }
}

pub(super) fn computed(rows: &Rows) -> String {
    matrix(rows, Digits::Computed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_like_the_chapters() {
        assert_eq!(scalar(0.3775), ".377500");
        assert_eq!(scalar(-0.0682912), "-.068291");
        assert_eq!(scalar(1.40615), "1.406150");
        assert_eq!(scalar(0.000605158), ".00060516");
        assert_eq!(scalar(1.2345678e-9), r"1.234568\cdot10^{-9}");
        assert_eq!(scalar(f64::NEG_INFINITY), r"-\infty");
        assert_eq!(
            matrix(&[vec![0.05], vec![0.1]], Digits::Given),
            r"\begin{pmatrix}.05\\.1\end{pmatrix}"
        );
        assert_eq!(matrix(&[vec![100.0]], Digits::Given), "100");
        assert_eq!(matrix(&[vec![0.362_803_61]], Digits::Updated), ".36280361");
        assert_eq!(
            matrix(&[vec![0.001_504, 0.000_6]], Digits::Computed),
            r"\begin{pmatrix}.00150400&.00060000\end{pmatrix}"
        );
    }
}
