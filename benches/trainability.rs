//! To which depth tanh networks learn, beside 6ξ_c of theory (Schoenholz et al. 2017).
//!
//! `cargo bench --bench trainability` measures the map that comes with the lab, 24 × 16 networks, in
//! some minutes. A network has learned where half of its loss is gone. Over the ordered columns, where
//! χ < 1, it prints the deepest such depth and 6ξ_c, and their rank correlation. It exits with 1
//! where that is below .9 or a depth is more than twice the other.

#![allow(clippy::print_stdout, reason = "the numbers are what it is for")]

use std::process::ExitCode;
use std::time::Instant;

use gradient_lab::study::{
    MeanField, Phase, Setting, Shard, SweepPreset, TaskContext, all_threads, sweep,
};

const LEARNED: f64 = 0.5;

/// Places in order, the mean of them where numbers are equal.
fn ranks(numbers: &[f64]) -> Vec<f64> {
    let place = |number: &f64| {
        let below = numbers.iter().filter(|other| *other < number).count();
        let equal = numbers.iter().filter(|other| *other == number).count();
        below as f64 + 0.5 * (equal as f64 - 1.0)
    };
    numbers.iter().map(place).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product = |x: &[f64], mx: f64, y: &[f64], my: f64| {
        x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
    };
    product(a, mean_a, b, mean_b)
        / (product(a, mean_a, a, mean_a) * product(b, mean_b, b, mean_b)).sqrt()
}

fn main() -> ExitCode {
    let request = SweepPreset::Trainability.sweep();
    let start = Instant::now();
    let task = TaskContext::unattended();
    let map = sweep(&request, Shard::WHOLE, all_threads(), &task, |_| {}).expect("valid");
    println!("{} cells in {:.0} s", map.cells.len(), start.elapsed().as_secs_f64());
    let depths = request.y.expect("a map");
    let (mut trained, mut theory) = (Vec::new(), Vec::new());
    let mut is_close = true;
    for x in 0..map.width {
        let mut experiment = request.experiment_at((x, 0));
        Setting::Depth.apply(&mut experiment, 2.0);
        let field = MeanField::of(&experiment, &experiment.variants[0]);
        let field = field.ok().flatten().expect("theory has it");
        let correlation = field.correlation().expect("biases keep q above 0");
        if Phase::of(correlation.slope) != Phase::Ordered || correlation.fixed_point < 1.0 {
            break;
        }
        let has_learned = |y: &usize| {
            map.cell(x, *y).and_then(|cell| cell.value).is_some_and(|share| share >= LEARNED)
        };
        let deepest = (0..map.height).rev().find(has_learned).map(|y| depths.value(y));
        let reach = 6.0 * correlation.depth_scale();
        let sigma = request.x.value(x);
        // Beyond the map neither is known.
        let deepest = match deepest {
            Some(depth) if depth < depths.to && reach < 2.0 * depths.to => depth,
            other => {
                println!("σ_w {sigma:.3}: learned to {other:?}, 6ξ {reach:.1}, left out");
                continue;
            }
        };
        println!(
            "σ_w {sigma:.3}: learned to {deepest:3}, 6ξ {reach:5.1}, ratio {:.2}",
            deepest / reach
        );
        is_close &= (0.5..=2.0).contains(&(deepest / reach));
        trained.push(deepest);
        theory.push(reach);
    }
    let correlation = correlation(&ranks(&trained), &ranks(&theory));
    println!("rank correlation {correlation:.3} over {} columns", trained.len());
    if is_close && correlation >= 0.9 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
