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

/// Decimals of a number known by its log10: of a log10 in the thousands the last bit is worth 5e-13
/// of the number.
const LOG10_DECIMALS: usize = 10;

/// A number with all its digits, for tables: read back it is the same `f64`. What no `f64` holds
/// has eleven digits and its exponent all the same: as many as its log10 determines.
pub(super) fn full(number: Scaled) -> String {
    let plain = number.to_f64();
    if plain.is_finite() && plain.abs() >= f64::MIN_POSITIVE {
        format!("{plain:e}")
    } else {
        scientific(number, LOG10_DECIMALS)
    }
}

/// A number known by its log10 with the eleven digits that this determines, for tables.
pub(super) fn full_of_log10(log10: f64) -> String {
    scientific_of_log10(log10, LOG10_DECIMALS)
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

/// A number as bars, cells, graphs and tooltips write it: so many digits that count, plain from
/// 10⁻³ to 10⁴ and as [`scientific`] elsewhere, with a true minus sign.
///
/// ```
/// use gradient_lab::engine::Scaled;
/// use gradient_lab::figure::readable;
/// assert_eq!(readable(Scaled::from(-0.086), 3), "−0.0860");
/// assert_eq!(readable(Scaled::from(7.002996e-5), 2), "7.0e-05");
/// ```
pub fn readable(number: Scaled, digits: usize) -> String {
    let Some(log10) = number.abs().log10() else { return "0".to_owned() };
    let sign = if number.mantissa() < 0.0 { "−" } else { "" };
    format!("{sign}{}", readable_of_log10(log10, digits))
}

/// [`readable`] of a positive number by its log10.
pub fn readable_of_log10(log10: f64, digits: usize) -> String {
    if (-3.0..4.0).contains(&log10) {
        let decimals = (digits as f64 - 1.0 - log10.floor()).max(0.0) as usize;
        format!("{:.*}", decimals, libm::exp10(log10))
    } else {
        scientific_of_log10(log10, digits - 1)
    }
}

/// A positive number on a logarithmic axis by its log10, as [`readable`] with as few digits as
/// say it, at most four.
///
/// ```
/// use gradient_lab::figure::tick;
/// let ticks = [-5.0, -3.0, 0.5_f64.log10(), 0.0, 3.0, 4.0, 2e-600_f64.log10()].map(tick);
/// assert_eq!(ticks[..6], ["1e-05", "0.001", "0.5", "1", "1000", "1e+04"]);
/// ```
pub fn tick(log10: f64) -> String {
    // A log10 that is a little too small must not become the nines below.
    let power = (log10 + 1e-6).floor();
    let digits = without_idle_zeros(format!("{:.3}", libm::exp10(log10 - power)));
    if (-3.0..4.0).contains(&power) {
        without_idle_zeros(format!("{:.*}", (3.0 - power) as usize, libm::exp10(log10)))
    } else {
        let direction = if power < 0.0 { '-' } else { '+' };
        format!("{digits}e{direction}{:02}", power.abs())
    }
}

/// A positive number by its log10 in three digits, for sentences.
pub(super) fn three_digits(log10: f64) -> String {
    readable_of_log10(log10, 3)
}

/// Four digits, plain from 10⁻³ to 10⁵, with true minus signs.
pub(super) fn four_digits(number: f64) -> String {
    let size = number.abs();
    let text = if size == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        let decimals = (3.0 - size.log10().floor()).clamp(0.0, 6.0) as usize;
        without_idle_zeros(format!("{number:.decimals$}"))
    } else {
        format!("{number:.3e}")
    };
    text.replace('-', "−")
}

/// [`scientific`] with two digits, for errors and steps.
pub(super) fn two_digits(number: impl Into<Scaled>) -> String {
    scientific(number.into(), 1)
}

/// Five decimals, or a power of ten where they would be zeros.
pub(super) fn five_decimals(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        size if size < 1e-3 => format!("{number:.2e}"),
        _ => format!("{number:.5}"),
    }
}

/// Two decimals, three below a tenth, with a true minus sign and no minus zero.
pub(super) fn decades(number: f64) -> String {
    let text = if number.abs() < 0.1 { format!("{number:.3}") } else { format!("{number:.2}") };
    let is_zero = text.bytes().all(|letter| b"-0.".contains(&letter));
    if is_zero { "0".to_owned() } else { text.replace('-', "−") }
}

/// Up to four decimals, without idle zeros.
pub(super) fn trimmed(number: f64) -> String {
    without_idle_zeros(format!("{number:.4}"))
}

fn without_idle_zeros(text: String) -> String {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// `12.5 %` of a share from 0 to 1, with so many decimals.
pub fn percent(share: f64, decimals: usize) -> String {
    format!("{:.decimals$} %", 100.0 * share)
}

/// `12.5 %` of a share from 0 to 1, or its power of ten where one decimal shows nothing.
pub(super) fn small_percent(share: f64) -> String {
    let small = 100.0 * share;
    if small >= 0.1 { percent(share, 1) } else { format!("{small:.0e} %") }
}

/// `12 %` of a share from 0 to 1, and one digit where there is little; number and sign stay on one
/// line. What is not `all` is not told as 100 %.
pub(super) fn percent_of(share: f64, all: bool) -> String {
    match 100.0 * share {
        percent @ ..10.0 => format!("{percent:.1}\u{a0}%"),
        99.5.. if !all => "over 99\u{a0}%".to_owned(),
        percent => format!("{percent:.0}\u{a0}%"),
    }
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

/// `2¹²`.
pub(super) fn power_of_two(power: i64) -> String {
    format!("2{}", superscript(power))
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
    fn all_digits_are_read_back() {
        for number in [7.002995968e-5_f64, -1.0 / 3.0, 1e300] {
            assert_eq!(full(number.into()).parse(), Ok(number));
        }
        assert_eq!(full(Scaled::new(1.0, -5000)), "7.0798112610e-1506");
        assert_eq!(full(Scaled::ZERO), "0");
    }

    #[test]
    fn signs_are_kept() {
        assert_eq!(scientific(Scaled::from(-0.5), 1), "-5.0e-01");
    }

    #[test]
    fn ticks_are_plain_where_that_is_short() {
        let ticks = |numbers: &[f64]| -> Vec<String> {
            numbers.iter().map(|number| tick(number.log10())).collect()
        };
        let plain = ["0.001", "0.002", "0.05", "0.5", "1", "2", "20", "5000", "1.05", "0.9995"];
        let numbers = plain.map(|word| word.parse().expect("a number"));
        assert_eq!(ticks(&numbers), plain);
        assert_eq!(ticks(&[1e-4, 2e-5, 5e4, 1e100]), ["1e-04", "2e-05", "5e+04", "1e+100"]);
        assert_eq!(tick(-630.0), "1e-630");
    }

    #[test]
    fn one_style_from_axes_to_tooltips() {
        assert_eq!(readable(Scaled::from(0.129_633_7), 2), "0.13");
        assert_eq!(readable(Scaled::from(1.4e-3), 2), "0.0014");
        assert_eq!(readable(Scaled::from(-12_345.0), 3), "−1.23e+04");
        assert_eq!(readable(Scaled::new(1.0, -5000), 4), "7.080e-1506");
        assert_eq!(readable(Scaled::ZERO, 4), "0");
    }
}
