//! The wide network as the test knows it, and where its q goes.

use gradient_lab::experiment::{Activation, Experiment, Sine, UnitLaw, Variant};
use gradient_lab::study::FixedPoint;

use super::law::Law;

/// Of q and χ by the trapezoidal rule of [`Law`].
pub const QUADRATURE: f64 = 2e-4;

/// The wide network as the test knows it: σ_w² and biases read off the experiment's draws.
pub struct Wide {
    activation: Activation,
    pub weight_variance: f64,
    pub mean: f64,
    variance: f64,
    uniform: f64,
    /// E b² in layer 1, whose fan may differ, its normal variance and its uniform part.
    pub first: f64,
    first_parts: (f64, f64),
    /// The part of q in layer 1 that comes from the weights, example by example.
    pub starts: Vec<f64>,
}

impl Wide {
    pub fn of(experiment: &Experiment, variant: &Variant) -> Self {
        let sizes = experiment.sizes();
        let n = sizes[1];
        let scale = variant.bias.scale(n, n);
        let (mean, variance, uniform) = match variant.bias.unit_law() {
            UnitLaw::Fixed(_) => (scale, 0.0, 0.0),
            UnitLaw::Uniform => (0.0, 0.0, scale.abs()),
            _ => (0.0, variant.bias.variance(n, n), 0.0),
        };
        let squares: Vec<f64> = match &experiment.data {
            Some(data) => data.x.iter().map(|x| x.iter().map(|x| x * x).sum()).collect(),
            None => vec![sizes[0] as f64],
        };
        let first = variant.init.variance(sizes[0], n);
        let first_scale = variant.bias.scale(sizes[0], n);
        Self {
            activation: variant.activation,
            weight_variance: n as f64 * variant.init.variance(n, n),
            mean,
            variance,
            uniform,
            first_parts: match variant.bias.unit_law() {
                UnitLaw::Fixed(_) => (0.0, 0.0),
                UnitLaw::Uniform => (0.0, first_scale.abs()),
                _ => (variant.bias.variance(sizes[0], n), 0.0),
            },
            first: match variant.bias.unit_law() {
                UnitLaw::Fixed(_) => first_scale * first_scale,
                UnitLaw::Uniform => first_scale * first_scale / 3.0,
                _ => variant.bias.variance(sizes[0], n),
            },
            starts: squares.iter().map(|square| square * first).collect(),
        }
    }

    /// The weights' part of a layer with the q of layer 1 and the biases of the others.
    pub fn start(&self) -> f64 {
        let mean = self.starts.iter().sum::<f64>() / self.starts.len() as f64;
        (mean + self.first - self.fixed()).max(0.0)
    }

    pub fn fixed(&self) -> f64 {
        self.mean * self.mean + self.variance + self.uniform * self.uniform / 3.0
    }

    /// The weights' part of the next q, and σ_w² E φ′².
    pub fn step(&self, part: f64) -> [f64; 2] {
        self.step_with(part, self.variance, self.uniform)
    }

    /// The same of layer 1.
    pub fn first_step(&self) -> [f64; 2] {
        let mean = self.starts.iter().sum::<f64>() / self.starts.len() as f64;
        self.step_with(mean, self.first_parts.0, self.first_parts.1)
    }

    fn step_with(&self, part: f64, variance: f64, uniform: f64) -> [f64; 2] {
        let law = Law { mean: self.mean, std: (part.max(0.0) + variance).sqrt(), uniform };
        if let Activation::Sine(Sine { omega }) = self.activation {
            return law.sine(omega).map(|e| self.weight_variance * e);
        }
        let (value, slope) = (|z| self.activation.value(z), |z| self.activation.derivative(z));
        law.expect(&|z| [value(z).powi(2), slope(z).powi(2)]).map(|e| self.weight_variance * e)
    }

    /// The weights' part of q after as many layers, or until it no longer moves.
    fn run(&self, start: f64, layers: usize) -> (f64, bool) {
        let mut part = start;
        for _ in 0..layers {
            let next = self.step(part)[0];
            if (next - part).abs() <= 1e-9 * part || part > 1e9 || next < part.min(1e-11) {
                return (next, true);
            }
            part = next;
        }
        (part, false)
    }
}

pub fn check(is_true: bool, what: &str) -> Result<(), String> {
    if is_true { Ok(()) } else { Err(what.to_owned()) }
}

pub fn near(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * a.abs().max(b.abs()) + 1e-9
}

/// Whether q from this start goes where it is said to go.
pub fn goes(wide: &Wide, start: f64, point: FixedPoint) -> Result<(), String> {
    let (end, arrived) = wide.run(start, 120);
    let q = end + wide.fixed();
    match point {
        FixedPoint::Every => check(near(wide.step(start)[0], start, QUADRATURE), "q is not kept"),
        FixedPoint::Diverges => {
            let grows = wide.step(end)[0] > end;
            check(grows && (end > start || start > 1e9), &format!("q does not grow: {end}"))
        }
        FixedPoint::At(claimed) if arrived => {
            check(near(q, claimed, 1e-3) || claimed < 1e-9 && q < 1e-6, &format!("q → {q}"))
        }
        // Too slow to arrive: it must have come nearer, and move towards it still.
        FixedPoint::At(claimed) => {
            let from = start + wide.fixed();
            let nearer = (q - claimed).abs() < (from - claimed).abs();
            let next = wide.step(end)[0] + wide.fixed();
            // And where it is said to go it must stay.
            let rests = wide.step(claimed - wide.fixed())[0] + wide.fixed();
            check(near(rests, claimed, QUADRATURE), &format!("q leaves {claimed} for {rests}"))?;
            check(
                near(q, claimed, 1e-3) || nearer && (next - q) * (claimed - q) >= 0.0,
                &format!("q at {q} of {claimed}"),
            )
        }
    }
}
