//! What this machine can do at the most, on one thread: fused multiply-adds a second by
//! instruction set and precision, and bytes read a second by the size of the working set; and how
//! near to the first the lab's products of batches come, over the same arrays again and again.
//!
//! Prints JSON; `benches/peers.py` holds the passes against it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use gradient_lab::engine::Real;
use gradient_lab::engine::kernels::{InstructionSet, outer, product, product_transposed};
use ndarray::Array2;
use serde_json::{Value, json};

/// How long each rate is measured; the best of many short runs counts, for others may be running.
const MEASURED: Duration = Duration::from_millis(300);
/// Sizes of working sets, from half of a first-level cache to beyond the last level.
const SETS: std::ops::RangeInclusive<u32> = 14..=28;

/// The most per second of what one call does `amount` times.
fn rate(amount: f64, mut call: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut best = 0.0_f64;
    while begin.elapsed() < MEASURED {
        let start = Instant::now();
        call();
        best = best.max(amount / start.elapsed().as_secs_f64());
    }
    best
}

/// Sums in so many accumulators at once hide an instruction's latency: 4 or 5 cycles, two a cycle.
const CHAINS: usize = 12;
const STEPS: usize = 20_000;

/// One loop of multiply-adds on vectors of `$lanes` numbers, for an instruction set.
macro_rules! multiply_adds {
    ($name:ident, $features:literal, $vector:ident, $set:ident, $fma:ident) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $features)]
        fn $name() {
            use std::arch::x86_64::*;
            let factor = $set(black_box(0.999));
            let mut sums: [$vector; CHAINS] = [$set(black_box(1.0)); CHAINS];
            for _ in 0..STEPS {
                for sum in &mut sums {
                    *sum = $fma(*sum, factor, factor);
                }
            }
            black_box(sums);
        }
    };
}
multiply_adds!(avx2_f32, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps);
multiply_adds!(avx2_f64, "avx2,fma", __m256d, _mm256_set1_pd, _mm256_fmadd_pd);
multiply_adds!(avx512_f32, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps);
multiply_adds!(avx512_f64, "avx512f", __m512d, _mm512_set1_pd, _mm512_fmadd_pd);

/// Multiply-adds a second of every instruction set that this processor has.
fn peaks() -> Value {
    let mut peaks = serde_json::Map::new();
    #[cfg(target_arch = "x86_64")]
    {
        let done = |lanes: usize| (lanes * CHAINS * STEPS) as f64;
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has been asked for AVX2 and FMA.
            let single = rate(done(8), || unsafe { avx2_f32() });
            // SAFETY: as above.
            let double = rate(done(4), || unsafe { avx2_f64() });
            peaks.insert("avx2".to_owned(), json!({ "f32": single, "f64": double }));
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has been asked for AVX-512.
            let single = rate(done(16), || unsafe { avx512_f32() });
            // SAFETY: as above.
            let double = rate(done(8), || unsafe { avx512_f64() });
            peaks.insert("avx512".to_owned(), json!({ "f32": single, "f64": double }));
        }
    }
    Value::Object(peaks)
}

/// Independent sums, enough to keep two loads a cycle under way.
const LANES: usize = 128;

fn sum(numbers: &[f32]) -> [f32; LANES] {
    let mut sums = [0.0; LANES];
    for chunk in numbers.as_chunks::<LANES>().0 {
        for (sum, number) in sums.iter_mut().zip(chunk) {
            *sum += number;
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn wide_sum(numbers: &[f32]) -> [f32; LANES] {
    sum(numbers)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn widest_sum(numbers: &[f32]) -> [f32; LANES] {
    sum(numbers)
}

fn best_sum(numbers: &[f32]) -> [f32; LANES] {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has been asked for it.
            return unsafe { widest_sum(numbers) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has been asked for it.
            return unsafe { wide_sum(numbers) };
        }
    }
    sum(numbers)
}

/// Bytes read a second, for each size of a working set that is read again and again.
fn reads() -> Vec<Value> {
    let most = vec![1.0_f32; (1 << SETS.end()) / size_of::<f32>()];
    SETS.map(|bits| {
        let numbers = &most[..(1 << bits) / size_of::<f32>()];
        // A call of at least a megabyte, so that the clock's own time does not count.
        let repeats = (1 << 20 >> bits).max(1);
        let bytes = (repeats << bits) as f64;
        let read = rate(bytes, || {
            for _ in 0..repeats {
                black_box(best_sum(black_box(numbers)));
            }
        });
        json!({ "bytes": 1_u64 << bits, "per_second": read })
    })
    .collect()
}

/// Units and examples of W2 and W3.
const LAYERS: [[usize; 2]; 2] = [[256, 32], [512, 64]];
/// Examples of the ∂W that are measured.
const BATCHES: [usize; 3] = [10, 32, 128];

/// Numbers between −1 and 1 that differ, rows × columns.
fn numbers<T: Real>(rows: usize, columns: usize) -> Array2<T> {
    Array2::from_shape_fn((rows, columns), |(i, j)| T::from_f64(((7 * i + 3 * j) as f64).sin()))
}

/// How many times as long as its multiply-adds would take at this peak each product takes.
fn products<T: Real>(peak: f64) -> Vec<Value> {
    let mut products = Vec::new();
    let scale = T::from_f64(0.3);
    let mut add = |what: &str, [units, batch]: [usize; 2], mut call: Box<dyn FnMut() + '_>| {
        let multiply_adds = (units * units * batch) as f64;
        let times_limit = peak / rate(multiply_adds, &mut call);
        let shape = json!({ "units": units, "examples": batch });
        products.push(json!({ "product": what, "shape": shape, "times_limit": times_limit }));
    };
    for [units, batch] in LAYERS {
        let (w, x) = (numbers::<T>(units, units), numbers::<T>(units, batch));
        let mut out = x.clone();
        let forward = || product(&w.view(), black_box(&x), scale, &mut out);
        add("W a", [units, batch], Box::new(forward));
        let backward = || product_transposed(&w.view(), black_box(&x), scale, &mut out);
        add("Wᵀδ", [units, batch], Box::new(backward));
    }
    for ([units, _], batch) in LAYERS.into_iter().flat_map(|layer| BATCHES.map(|b| (layer, b))) {
        let (x, mut out) = (numbers::<T>(units, batch), numbers::<T>(units, units));
        let gradient = || outer(black_box(&x), &x, scale, &mut out);
        add("∂W", [units, batch], Box::new(gradient));
    }
    products
}

/// [`products`] of each instruction set and precision.
fn all_products(peaks: &Value) -> Value {
    let mut all = serde_json::Map::new();
    for &set in InstructionSet::ALL {
        let name = format!("{set:?}").to_lowercase();
        let peak = |precision: &str| peaks[&name][precision].as_f64();
        if let (Some(single), Some(double)) = (peak("f32"), peak("f64")) {
            InstructionSet::limit_to(set);
            let (single, double) = (products::<f32>(single), products::<f64>(double));
            all.insert(name, json!({ "f32": single, "f64": double }));
        }
    }
    Value::Object(all)
}

/// The processor's name, where the system tells it.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned())
}

#[expect(clippy::print_stdout, reason = "a benchmark's result")]
fn main() {
    let (peaks, reads) = (peaks(), reads());
    let products = all_products(&peaks);
    let machine =
        json!({ "processor": processor(), "peaks": peaks, "reads": reads, "products": products });
    println!("{machine:#}");
}
