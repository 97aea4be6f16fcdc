//! Narrow formats against every bit pattern and against other implementations.

use float8::{F8E4M3, F8E5M2};
use gradient_lab::engine::{Format, Held, Scaled};
use half::{bf16, f16};

/// Every finite non-negative number of a format in ascending order, decoded from its bit
/// patterns by the definition.
fn numbers(format: Format) -> Vec<f64> {
    let bits = format.mantissa_bits();
    let bias = 1 - format.smallest_normal().log2() as i64;
    let decode = |pattern: i64| {
        let (exponent, mantissa) = (pattern >> bits, (pattern & ((1 << bits) - 1)) as f64);
        let fraction = mantissa / 2_f64.powi(bits as i32);
        match exponent {
            0 => fraction * 2_f64.powi(1 - bias as i32),
            _ => (1.0 + fraction) * 2_f64.powi((exponent - bias) as i32),
        }
    };
    (0..).map(decode).take_while(|number| *number <= format.largest()).collect()
}

/// THEORY.md, section 6.
#[test]
fn the_formats_hold_what_the_literature_says() {
    let digits = |number: f64| format!("{number:.3e}");
    for (format, largest, normal, subnormal) in [
        (Format::Fp16, "6.550e4", "6.104e-5", "5.960e-8"),
        (Format::Bf16, "3.390e38", "1.175e-38", "9.184e-41"),
        (Format::Fp32, "3.403e38", "1.175e-38", "1.401e-45"),
        (Format::Fp64, "1.798e308", "2.225e-308", "4.941e-324"),
        (Format::E4m3, "4.480e2", "1.562e-2", "1.953e-3"),
        (Format::E5m2, "5.734e4", "6.104e-5", "1.526e-5"),
    ] {
        assert_eq!(digits(format.largest()), largest, "{format:?}");
        assert_eq!(digits(format.smallest_normal()), normal, "{format:?}");
        assert_eq!(digits(format.smallest_subnormal()), subnormal, "{format:?}");
    }
    assert_eq!(Format::Fp16.largest(), 65504.0);
    assert_eq!(Format::E4m3.largest(), 448.0);
    assert_eq!(Format::E5m2.largest(), 57344.0);
    assert_eq!(Format::E4m3.smallest_normal(), 1.0 / 64.0);
    assert_eq!(Format::Fp64.largest(), f64::MAX);
    assert_eq!(Format::Fp32.largest(), f64::from(f32::MAX));
}

#[test]
fn every_pattern_of_sixteen_bits_is_what_half_says() {
    for pattern in 0..=u16::MAX {
        for (format, number) in [
            (Format::Fp16, f16::from_bits(pattern).to_f64()),
            (Format::Bf16, bf16::from_bits(pattern).to_f64()),
        ] {
            let rounded = format.round(number);
            assert!(rounded.to_bits() == number.to_bits() || rounded.is_nan() && number.is_nan());
        }
    }
    // Finite patterns of one sign: all but those of the last exponent.
    assert_eq!(numbers(Format::Fp16).len(), 31 << 10);
    assert_eq!(numbers(Format::Bf16).len(), 255 << 7);
    assert_eq!(numbers(Format::E5m2).len(), 31 << 2);
    assert_eq!(numbers(Format::E4m3).len(), (16 << 3) - 1);
}

#[test]
fn every_pattern_of_eight_bits_is_what_float8_says() {
    for pattern in 0..=u8::MAX {
        for (format, number) in [
            (Format::E4m3, F8E4M3::from_bits(pattern).to_f64()),
            (Format::E5m2, F8E5M2::from_bits(pattern).to_f64()),
        ] {
            let rounded = format.round(number);
            assert!(
                rounded.to_bits() == number.to_bits() || rounded.is_nan() && number.is_nan(),
                "{format:?}: {number:e} becomes {rounded:e}"
            );
        }
    }
}

/// Up to the largest number: above it `float8` saturates.
#[test]
fn midpoints_and_their_neighbours_agree_with_float8() {
    for (format, float8) in [
        (Format::E4m3, (|x| F8E4M3::from_f64(x).to_f64()) as fn(f64) -> f64),
        (Format::E5m2, |x| F8E5M2::from_f64(x).to_f64()),
    ] {
        for pair in numbers(format).windows(2) {
            let middle = 0.5 * (pair[0] + pair[1]);
            let quarter = 0.25 * (pair[1] - pair[0]);
            for number in [middle - quarter, middle, middle + quarter, -middle] {
                let rounded = format.round(number);
                assert_eq!(rounded.to_bits(), float8(number).to_bits(), "{format:?} {number:e}");
            }
        }
    }
}

/// Between each two neighbours the middle goes to the one with the even pattern, and the
/// next `f64` on either side to the nearer one.
#[test]
fn every_midpoint_goes_to_the_even_neighbour() {
    for format in [Format::Fp16, Format::Bf16, Format::E5m2, Format::E4m3] {
        let numbers = numbers(format);
        for (pattern, pair) in numbers.windows(2).enumerate() {
            let [low, high] = [pair[0], pair[1]];
            let middle = 0.5 * (low + high);
            let even = if pattern % 2 == 0 { low } else { high };
            for sign in [1.0, -1.0] {
                let round = |number: f64| sign * format.round(sign * number);
                assert_eq!(round(low), low, "{format:?}");
                assert_eq!(round(middle), even, "{format:?} {middle:e}");
                assert_eq!(round(middle.next_down()), low, "{format:?} {middle:e}");
                assert_eq!(round(middle.next_up()), high, "{format:?} {middle:e}");
            }
        }
    }
}

/// `half` looks at the leading bits of an `f64` only, so that the neighbours here are those
/// that `f32` has.
#[test]
fn midpoints_and_their_neighbours_agree_with_half() {
    for (format, half) in [
        (Format::Fp16, (|x| f16::from_f32(x).to_f64()) as fn(f32) -> f64),
        (Format::Bf16, |x| bf16::from_f32(x).to_f64()),
    ] {
        for pair in numbers(format).windows(2) {
            let middle = (0.5 * (pair[0] + pair[1])) as f32;
            for number in [middle.next_down(), middle, middle.next_up(), -middle] {
                let rounded = format.round(f64::from(number));
                assert_eq!(rounded.to_bits(), half(number).to_bits(), "{number:e}");
            }
        }
    }
}

#[test]
fn single_precision_is_rusts_own() {
    let mut bits = 1_u64;
    for _ in 0..200_000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let number = f64::from_bits(bits);
        let (ours, rusts) = (Format::Fp32.round(number), f64::from(number as f32));
        assert!(ours.to_bits() == rusts.to_bits() || ours.is_nan() && rusts.is_nan());
        // The draw above is almost always out of range: one within.
        let near = f64::from_bits(bits & !(0x7ff << 52) | (1023 - 140 + bits % 280) << 52);
        assert_eq!(Format::Fp32.round(near), f64::from(near as f32), "{near:e}");
    }
}

#[test]
fn the_ends_overflow_where_the_standard_says() {
    for (format, last, first) in [
        (Format::Fp16, 65520.0_f64.next_down(), 65520.0),
        (Format::Bf16, f64::from(bf16::MAX) + 2_f64.powi(119) * 0.999, 2_f64.powi(128)),
        (Format::E5m2, 61440.0_f64.next_down(), 61440.0),
        // 448's pattern is even, so that the middle to what would be 480 goes to it.
        (Format::E4m3, 464.0, 464.0_f64.next_up()),
    ] {
        assert_eq!(format.round(last), format.largest(), "{format:?}");
        assert!(!format.round(first).is_finite(), "{format:?}");
        assert!(!format.round(f64::MAX).is_finite(), "{format:?}");
        assert!(format.round(f64::NAN).is_nan(), "{format:?}");
    }
    assert_eq!(Format::Fp16.round(-1e9), f64::NEG_INFINITY);
    assert!(Format::E4m3.round(f64::INFINITY).is_nan());
}

/// A scaled number is classed as its rounded value is, and far beyond `f64` too.
#[test]
fn scaled_numbers_are_held_as_they_are_rounded() {
    for format in Format::ALL {
        for power in -1100..1024 {
            for mantissa in [0.5, 0.75, 1.0_f64.next_down()] {
                let number = Scaled::new(mantissa, power);
                let rounded = format.round(number.to_f64());
                let expected = match rounded {
                    0.0 => Held::Flushed,
                    _ if !rounded.is_finite() => Held::Overflow,
                    _ if rounded < format.smallest_normal() => Held::Subnormal,
                    _ => Held::Normal,
                };
                assert_eq!(format.hold(number), expected, "{format:?} {number:?}");
            }
        }
        assert_eq!(format.hold(Scaled::new(0.9, -1_000_000)), Held::Flushed);
        assert_eq!(format.hold(Scaled::new(-0.9, 1_000_000)), Held::Overflow);
    }
}

#[test]
fn a_place_is_that_among_all() {
    assert!(Format::ALL.iter().enumerate().all(|(place, format)| format.place() == place));
}

#[test]
fn powers_are_the_widest_that_keep_a_number() {
    for format in Format::ALL {
        for number in [0.5, 0.500_01, 0.7, 0.96, 0.999_999].map(|m| Scaled::new(m, -3000)) {
            let [least, most] = format.powers(number).expect("not zero");
            let held = |power| format.hold(number * Scaled::new(1.0, power));
            assert_eq!(held(least - 1), Held::Flushed);
            assert_ne!(held(least), Held::Flushed);
            assert_ne!(held(most), Held::Overflow);
            assert_eq!(held(most + 1), Held::Overflow);
        }
        assert_eq!(format.powers(Scaled::ZERO), None);
    }
}
