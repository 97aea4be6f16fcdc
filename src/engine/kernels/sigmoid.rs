//! The sigmoid and the hyperbolic tangent in a form that the compiler turns into vector code.
//!
//! Only additions, multiplications, divisions and bit moves, in one fixed order and without
//! fused operations: every machine gives the same bits. The exponential is a range
//! reduction to |r| ≤ ½ ln 2 and a Taylor polynomial, whose remainder is below one rounding.

macro_rules! vector_forms {
    ($module:ident, $float:ty, $uint:ty, $mantissa_bits:literal, $bias:literal,
     $magic:literal, $ln2_high:literal, $ln2_low:literal, $reach:literal, $coefficients:expr) => {
        pub mod $module {
            /// 1/k! from the highest power down to 1/2!.
            const COEFFICIENTS: &[$float] = &$coefficients;
            /// −x beyond which the scalar form takes over.
            pub const REACH: $float = $reach;

            /// eˣ − 1 for −REACH ≤ x ≤ 0, split into 2^k·p and 2^k so that neither
            /// e^x near 0 nor e^x − 1 near 1 loses digits.
            #[inline(always)]
            fn split_exp(x: $float) -> ($float, $float) {
                let x = if x < -REACH { -REACH } else { x };
                // Adding 1.5 × 2^(mantissa bits) rounds to the nearest whole number and
                // leaves it in the low bits.
                let shifted = x * (std::f64::consts::LOG2_E as $float) + $magic;
                let k = shifted - $magic;
                let r = (x - k * $ln2_high) - k * $ln2_low;
                let mut p = COEFFICIENTS[0];
                for &c in &COEFFICIENTS[1..] {
                    p = p * r + c;
                }
                let p = p * r * r + r;
                let bits = (shifted.to_bits().wrapping_add($bias)) << $mantissa_bits;
                let power = <$float>::from_bits(bits as $uint);
                (power * p, power)
            }

            /// σ(z) and σ′(z).
            #[inline(always)]
            pub fn sigmoid(z: $float) -> ($float, $float) {
                let (part, power) = split_exp(-z.abs());
                let e = part + power;
                let denominator = 1.0 + e;
                let small = e / denominator;
                let a = if z >= 0.0 { 1.0 / denominator } else { small };
                (a, small / denominator)
            }

            /// tanh z and 1 − tanh² z.
            #[inline(always)]
            pub fn tanh(z: $float) -> ($float, $float) {
                let (part, power) = split_exp(-2.0 * z.abs());
                let minus_expm1 = (1.0 - power) - part;
                let e = part + power;
                let denominator = 1.0 + e;
                let magnitude = minus_expm1 / denominator;
                let a = if z >= 0.0 { magnitude } else { -magnitude };
                (a, 4.0 * e / denominator / denominator)
            }
        }
    };
}

vector_forms!(
    double,
    f64,
    u64,
    52,
    1023,
    6_755_399_441_055_744.0,
    6.931_471_803_691_238e-1,
    1.908_214_929_270_587_7e-10,
    700.0,
    [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
    ]
);
vector_forms!(
    single,
    f32,
    u32,
    23,
    127,
    12_582_912.0,
    6.931_457_5e-1,
    1.428_606_8e-6,
    80.0,
    [1.0 / 5_040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5]
);
