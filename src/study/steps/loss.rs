//! The losses in LaTeX, with their numbers.

use crate::experiment::Loss;

use super::latex::{Digits, average, bracketed, matrix, scalar};
use super::rows::Rows;

/// The loss in symbols, and its terms with the numbers put in; of several examples the mean.
pub(super) fn loss_equation(loss: Loss, a: &Rows, y: &Rows) -> (String, String) {
    let pairs = a.iter().flatten().zip(y.iter().flatten());
    let given = |y: f64| matrix(&[vec![y]], Digits::Given);
    let (symbols, numbers) = match loss {
        Loss::Mse => {
            let square = |(&a, &y)| format!("({}-{})^2", scalar(a), bracketed(&given(y)));
            let squares: Vec<String> = pairs.map(square).collect();
            let sum = match &squares[..] {
                [one] => one.clone(),
                _ => format!(r"\left({}\right)", squares.join("+")),
            };
            (r"\tfrac12\|a-y\|^2", format!(r"\tfrac12{sum}"))
        }
        Loss::Bce => {
            let term = |(&a, &y)| {
                format!(r"{}\ln{}-{}\ln{}", given(y), scalar(a), given(1.0 - y), scalar(1.0 - a))
            };
            let terms: Vec<String> = pairs.map(term).collect();
            (r"-\sum_j\left(y_j\ln a_j+(1-y_j)\ln(1-a_j)\right)", format!("-{}", terms.join("-")))
        }
        Loss::SoftmaxCe => {
            let term = |(&a, &y)| format!(r"{}\ln{}", given(y), scalar(a));
            let terms: Vec<String> = pairs.map(term).collect();
            (r"-\sum_j y_j\ln a_j", format!("-{}", terms.join("-")))
        }
    };
    match a.first().map_or(1, Vec::len) {
        1 => (format!("L={symbols}"), numbers),
        batch => {
            let numbers = format!(r"{}\left({numbers}\right)", average(batch));
            (format!("L={}", of_the_batch(loss)), numbers)
        }
    }
}

/// The mean loss of a batch, whose examples count by b.
fn of_the_batch(loss: Loss) -> &'static str {
    match loss {
        Loss::Mse => r"\frac1B\sum_b\tfrac12\|a_b-y_b\|^2",
        Loss::Bce => r"-\frac1B\sum_b\sum_j\left(y_{jb}\ln a_{jb}+(1-y_{jb})\ln(1-a_{jb})\right)",
        Loss::SoftmaxCe => r"-\frac1B\sum_b\sum_j y_{jb}\ln a_{jb}",
    }
}
