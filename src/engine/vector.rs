//! Activations over whole slices, in a form that the compiler turns into vector code.
//!
//! Only additions, multiplications, divisions and bit moves, in one fixed order and without
//! fused operations: every machine gives the same bits. The exponential is a range
//! reduction to |r| ≤ ½ ln 2 and a Taylor polynomial, whose remainder is below one rounding.
//! Far out, where the vector form leaves its range, the exact scalar form takes over.

use crate::experiment::{Activation, LEAKY_SLOPE};

macro_rules! vector_forms {
    ($module:ident, $float:ty, $uint:ty, $mantissa_bits:literal, $bias:literal,
     $magic:literal, $ln2_high:literal, $ln2_low:literal, $reach:literal, $coefficients:expr) => {
        mod $module {
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

/// Numbers at a time.
const BLOCK: usize = 16;

macro_rules! activate {
    ($name:ident, $wide:ident, $widest:ident, $body:ident, $module:ident, $float:ty) => {
        /// a = φ(z), slope = φ′(z).
        pub fn $name(activation: Activation, z: &[$float], a: &mut [$float], slope: &mut [$float]) {
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                if std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                {
                    // SAFETY: the processor has just been asked for both.
                    return unsafe { $widest(activation, z, a, slope) };
                }
                // SAFETY: the processor has just been asked for AVX2.
                return unsafe { $wide(activation, z, a, slope) };
            }
            $body(activation, z, a, slope);
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn $wide(activation: Activation, z: &[$float], a: &mut [$float], slope: &mut [$float]) {
            $body(activation, z, a, slope);
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512dq,avx2")]
        fn $widest(activation: Activation, z: &[$float], a: &mut [$float], slope: &mut [$float]) {
            $body(activation, z, a, slope);
        }

        #[inline(always)]
        fn $body(activation: Activation, z: &[$float], a: &mut [$float], slope: &mut [$float]) {
            let elements = z.iter().zip(a.iter_mut()).zip(slope.iter_mut());
            match activation {
                Activation::Linear => elements.for_each(|((&z, a), s)| (*a, *s) = (z, 1.0)),
                Activation::Relu => elements.for_each(|((&z, a), s)| {
                    let on = z > 0.0;
                    (*a, *s) = (if on { z } else { 0.0 }, if on { 1.0 } else { 0.0 });
                }),
                Activation::LeakyRelu => elements.for_each(|((&z, a), s)| {
                    let slope = if z > 0.0 { 1.0 } else { LEAKY_SLOPE as $float };
                    (*a, *s) = (slope * z, slope);
                }),
                Activation::Sigmoid => {
                    in_blocks(z, a, slope, $module::sigmoid);
                    mend_far_out(z, $module::REACH, |i, z| {
                        (a[i], slope[i]) = exact(activation, z);
                    });
                }
                Activation::Tanh => {
                    in_blocks(z, a, slope, $module::tanh);
                    mend_far_out(z, $module::REACH / 2.0, |i, z| {
                        (a[i], slope[i]) = exact(activation, z);
                    });
                }
                Activation::Selu | Activation::Gelu | Activation::Silu => {
                    elements.for_each(|((&z, a), s)| (*a, *s) = exact(activation, z));
                }
            }

            /// The last few numbers make a block of their own, filled up with zeros: a loop over
            /// them alone would take longer than all the others.
            #[inline(always)]
            fn in_blocks(
                z: &[$float],
                a: &mut [$float],
                slope: &mut [$float],
                f: impl Fn($float) -> ($float, $float),
            ) {
                let (z, z_rest) = z.as_chunks::<BLOCK>();
                let (a, a_rest) = a.as_chunks_mut::<BLOCK>();
                let (slope, slope_rest) = slope.as_chunks_mut::<BLOCK>();
                for ((z, a), slope) in z.iter().zip(a).zip(slope) {
                    for lane in 0..BLOCK {
                        (a[lane], slope[lane]) = f(z[lane]);
                    }
                }
                if !z_rest.is_empty() {
                    let mut last = [[0.0; BLOCK]; 3];
                    last[0][..z_rest.len()].copy_from_slice(z_rest);
                    for lane in 0..BLOCK {
                        (last[1][lane], last[2][lane]) = f(last[0][lane]);
                    }
                    a_rest.copy_from_slice(&last[1][..z_rest.len()]);
                    slope_rest.copy_from_slice(&last[2][..z_rest.len()]);
                }
            }

            #[inline(always)]
            fn exact(activation: Activation, z: $float) -> ($float, $float) {
                let z = f64::from(z);
                (activation.value(z) as $float, activation.derivative(z) as $float)
            }

            #[inline(always)]
            fn mend_far_out(z: &[$float], reach: $float, mut mend: impl FnMut(usize, $float)) {
                let farthest =
                    z.iter().fold(0.0, |far: $float, z| if z.abs() > far { z.abs() } else { far });
                if farthest > reach {
                    for (i, &z) in z.iter().enumerate() {
                        if z.abs() > reach {
                            mend(i, z);
                        }
                    }
                }
            }
        }
    };
}

activate!(activate_f64, activate_f64_wide, activate_f64_widest, activate_f64_body, double, f64);
activate!(activate_f32, activate_f32_wide, activate_f32_widest, activate_f32_body, single, f32);

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> Vec<f64> {
        let mut z: Vec<f64> = (-3000..3000).map(|i| f64::from(i) * 0.0137).collect();
        z.extend((0..40).flat_map(|i| {
            let small = 10_f64.powi(-i);
            [small, -small]
        }));
        z.extend([0.0, 699.9, -699.9, 720.0, -720.0, 5000.0, -5000.0]);
        z
    }

    #[test]
    fn double_precision_agrees_with_the_scalar_form() {
        let z = points();
        for activation in Activation::ALL {
            let (mut a, mut slope) = (vec![0.0; z.len()], vec![0.0; z.len()]);
            activate_f64(activation, &z, &mut a, &mut slope);
            for (i, &z) in z.iter().enumerate() {
                for (fast, exact) in
                    [(a[i], activation.value(z)), (slope[i], activation.derivative(z))]
                {
                    let error = (fast - exact).abs();
                    assert!(
                        error <= 4e-15 * exact.abs(),
                        "{} {z}: {fast} {exact}",
                        activation.id()
                    );
                }
            }
        }
    }

    #[test]
    fn single_precision_agrees_with_the_scalar_form() {
        let z: Vec<f32> = points().into_iter().map(|z| z as f32).collect();
        for activation in Activation::ALL {
            let (mut a, mut slope) = (vec![0.0; z.len()], vec![0.0; z.len()]);
            activate_f32(activation, &z, &mut a, &mut slope);
            for (i, &z) in z.iter().enumerate() {
                let z = f64::from(z);
                for (fast, exact) in
                    [(a[i], activation.value(z)), (slope[i], activation.derivative(z))]
                {
                    let error = (f64::from(fast) - exact).abs();
                    let floor = f64::from(f32::MIN_POSITIVE);
                    assert!(
                        error <= 1e-6 * exact.abs() + floor,
                        "{} {z}: {fast} {exact}",
                        activation.id()
                    );
                }
            }
        }
    }

    #[test]
    fn wide_and_narrow_instructions_give_the_same_bits() {
        let z = points();
        let single: Vec<f32> = z.iter().map(|&z| z as f32).collect();
        for activation in Activation::ALL {
            let (mut a, mut slope) = (vec![0.0; z.len()], vec![0.0; z.len()]);
            let (mut a_narrow, mut slope_narrow) = (a.clone(), slope.clone());
            activate_f64(activation, &z, &mut a, &mut slope);
            activate_f64_body(activation, &z, &mut a_narrow, &mut slope_narrow);
            assert_eq!((a, slope), (a_narrow, slope_narrow));
            let (mut a, mut slope) = (vec![0.0; z.len()], vec![0.0; z.len()]);
            let (mut a_narrow, mut slope_narrow) = (a.clone(), slope.clone());
            activate_f32(activation, &single, &mut a, &mut slope);
            activate_f32_body(activation, &single, &mut a_narrow, &mut slope_narrow);
            assert_eq!((a, slope), (a_narrow, slope_narrow));
        }
    }
}
