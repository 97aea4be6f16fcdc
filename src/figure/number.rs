//! Numbers in words: seven digits wherever the chapter prints seven, far beyond `f64`.

use crate::engine::Scaled;

/// `7.002996e-05`, with the given number of decimals and an exponent as long as it takes.
///
/// ```
/// use gradient_lab::engine::Scaled;
/// use gradient_lab::figure::scientific;
/// assert_eq!(scientific(Scaled::from(7.002996e-5), 6), "7.002996e-05");
/// assert_eq!(scientific(Scaled::new(1.0, -5000), 3), "7.080e-1506");
/// assert_eq!(scientific(Scaled::ZERO, 6), "0");
/// ```
pub fn scientific(number: Scaled, decimals: usize) -> String {
    let Some(log10) = number.log10() else { return "0".to_owned() };
    let plain = number.to_f64();
    let (mantissa, exponent) = if plain.is_finite() && plain.abs() >= f64::MIN_POSITIVE {
        split(&format!("{:.*e}", decimals, plain.abs()))
    } else {
        let exponent = log10.floor();
        let (mantissa, carried) =
            split(&format!("{:.*e}", decimals, libm::pow(10.0, log10 - exponent)));
        (mantissa, exponent as i64 + carried)
    };
    let sign = if number.mantissa() < 0.0 { "-" } else { "" };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{mantissa}e{direction}{:02}", exponent.abs())
}

/// `scientific` of a number known by its log10, for figures' cells and labels.
pub fn scientific_of_log10(log10: f64, decimals: usize) -> String {
    scientific(Scaled::from_ln(log10 * std::f64::consts::LN_10), decimals)
}

/// A number with so many decimals from `least` to 10⁴, where they say something, and as
/// [`scientific`] with so many digits elsewhere.
pub(super) fn plain_or_scientific(
    number: Scaled,
    decimals: usize,
    least: f64,
    digits: usize,
) -> String {
    let plain = number.to_f64();
    let readable = number.is_zero() || (least..1e4).contains(&plain.abs());
    if readable { format!("{plain:.decimals$}") } else { scientific(number, digits) }
}

/// A positive number by its log10: three digits, or as [`scientific`] below 10⁻³ and from 10⁴ on.
pub(super) fn three_digits(log10: f64) -> String {
    if (-3.0..4.0).contains(&log10) {
        let decimals = (2.0 - log10.floor()).max(0.0) as usize;
        format!("{:.*}", decimals, libm::exp10(log10))
    } else {
        scientific_of_log10(log10, 2)
    }
}

/// Up to four decimals, without idle zeros.
pub(super) fn trimmed(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `12.5 %` of a share from 0 to 1, with so many decimals.
pub fn percent(share: f64, decimals: usize) -> String {
    format!("{:.decimals$} %", 100.0 * share)
}

/// Digits in groups of three; from 10¹⁵ on in scientific notation.
///
/// ```
/// use gradient_lab::figure::grouped;
/// assert_eq!((grouped(175), grouped(27_104)), ("175".to_owned(), "27,104".to_owned()));
/// ```
pub fn grouped(number: u128) -> String {
    if number >= 1_000_000_000_000_000 {
        return format!("{:.2e}", number as f64);
    }
    let digits = number.to_string();
    let mut words = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

fn split(scientific: &str) -> (String, i64) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    (mantissa.to_owned(), exponent.parse().unwrap_or(0))
}

/// Words with true minus signs before their numbers, for sentences on screen; exponents
/// such as `1e-05` and hyphens between letters stay.
///
/// ```
/// use gradient_lab::figure::with_minus;
/// assert_eq!(with_minus("is -0.07 ≤ 0, as 1e-05"), "is −0.07 ≤ 0, as 1e-05");
/// ```
pub fn with_minus(words: &str) -> String {
    let mut before = ' ';
    let mut letters = words.chars().peekable();
    let mut changed = String::with_capacity(words.len());
    while let Some(letter) = letters.next() {
        let number = letters.peek().is_some_and(char::is_ascii_digit);
        let minus = letter == '-' && number && !before.is_alphanumeric();
        changed.push(if minus { '−' } else { letter });
        before = letter;
    }
    changed
}

/// `10⁻⁴`, the label of a decade.
pub fn decade(power: i64) -> String {
    format!("10{}", superscript(power))
}

/// A whole number in superscript digits.
pub fn superscript(number: i64) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |letter: char| match letter.to_digit(10) {
        Some(digit) => DIGITS[digit as usize],
        None => '⁻',
    };
    number.to_string().chars().map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mantissa_that_rounds_up_carries() {
        assert_eq!(scientific(Scaled::from(9.9999), 2), "1.00e+01");
        assert_eq!(scientific_of_log10(-630.000_000_1, 3), "1.000e-630");
        assert_eq!(scientific_of_log10(400.0, 1), "1.0e+400");
    }

    #[test]
    fn signs_are_kept() {
        assert_eq!(scientific(Scaled::from(-0.5), 1), "-5.0e-01");
    }

    #[test]
    fn decades_are_raised() {
        assert_eq!(decade(-630), "10⁻⁶³⁰");
        assert_eq!(decade(4), "10⁴");
    }
}
