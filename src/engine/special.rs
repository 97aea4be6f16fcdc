//! The digamma and trigamma functions, the logarithmic moments of χ².

/// Above this the asymptotic series are good to the last digit.
const ASYMPTOTIC_FROM: f64 = 12.0;

/// ψ(x) = d ln Γ(x)/dx for x > 0, with an absolute error of a few 10⁻¹⁶.
///
/// ψ(x) = ψ(x + 1) − 1/x up to x ≥ 12, there ψ(x) ~ ln x − 1/(2x) − Σ B₂ₖ/(2k x²ᵏ)
/// (Abramowitz & Stegun 6.3.5 and 6.3.18).
///
/// ```
/// use gradient_lab::engine::special::digamma;
/// assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-15); // −γ
/// ```
pub fn digamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < ASYMPTOTIC_FROM {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let inverse_square = 1.0 / (x * x);
    let series = horner(
        inverse_square,
        &[
            1.0 / 12.0,
            -1.0 / 120.0,
            1.0 / 252.0,
            -1.0 / 240.0,
            1.0 / 132.0,
            -691.0 / 32_760.0,
            1.0 / 12.0,
        ],
    );
    shift + libm::log(x) - 0.5 / x - inverse_square * series
}

/// ψ₁(x) = d²ln Γ(x)/dx² for x > 0, with a relative error of a few 10⁻¹⁶.
///
/// ψ₁(x) = ψ₁(x + 1) + 1/x² up to x ≥ 12, there ψ₁(x) ~ 1/x + 1/(2x²) + Σ B₂ₖ/x²ᵏ⁺¹
/// (Abramowitz & Stegun 6.4.6 and 6.4.12).
///
/// ```
/// use gradient_lab::engine::special::trigamma;
/// assert!((trigamma(1.0) - std::f64::consts::PI.powi(2) / 6.0).abs() < 1e-14);
/// ```
pub fn trigamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < ASYMPTOTIC_FROM {
        shift += 1.0 / (x * x);
        x += 1.0;
    }
    let inverse_square = 1.0 / (x * x);
    let bernoulli =
        [1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2_730.0, 7.0 / 6.0];
    let series = horner(inverse_square, &bernoulli);
    shift + 1.0 / x + 0.5 * inverse_square + series * inverse_square / x
}

/// c₀ + c₁ x + c₂ x² + …
fn horner(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{LN_2, PI};

    const GAMMA: f64 = 0.577_215_664_901_532_9;

    #[test]
    fn closed_forms_at_half_and_whole_numbers() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 2e-15 * b.abs().max(1.0), "{a} {b}");
        close(digamma(0.5), -GAMMA - 2.0 * LN_2);
        close(digamma(2.0), 1.0 - GAMMA);
        close(digamma(10.0), (1..10).map(|k| 1.0 / f64::from(k)).sum::<f64>() - GAMMA);
        close(digamma(40.0), (1..40).map(|k| 1.0 / f64::from(k)).sum::<f64>() - GAMMA);
        close(trigamma(0.5), PI * PI / 2.0);
        let below: f64 = (1..30).map(|k| 1.0 / f64::from(k * k)).sum();
        close(trigamma(30.0), PI * PI / 6.0 - below);
    }

    #[test]
    fn trigamma_is_the_slope_of_digamma() {
        for x in [0.5, 1.0, 3.5, 11.9, 12.1, 700.0] {
            let h = 1e-4 * x;
            let slope = (digamma(x + h) - digamma(x - h)) / (2.0 * h);
            assert!((slope / trigamma(x) - 1.0).abs() < 1e-7, "{x}");
        }
    }
}
