//! A network written out as THEORY's section 7 has it, without the lab's engine.

use std::collections::HashMap;

use gradient_lab::experiment::{NormKind, Normalization, Skip};
use gradient_lab::study::Part;

pub type Rows = Vec<Vec<f64>>;

/// An entry of an array, moved by so much when the array is made.
#[derive(Clone, Copy)]
pub struct Nudge {
    pub part: Part,
    pub row: usize,
    pub column: usize,
    pub by: f64,
}

/// Tanh in every layer, squared error.
#[derive(Clone)]
pub struct Net {
    /// x and y, n × B.
    pub data: [Rows; 2],
    pub weights: Vec<Rows>,
    /// n × 1.
    pub biases: Vec<Rows>,
    /// γ and β of each hidden layer, n × 1.
    pub norms: Vec<[Rows; 2]>,
    pub normalization: Option<Normalization>,
    pub skip: Option<Skip>,
    pub alpha: f64,
}

/// What a pass makes.
struct Run<'a> {
    net: &'a Net,
    nudge: Option<Nudge>,
    made: HashMap<Part, Rows>,
}

pub fn zipped(left: &Rows, right: &Rows, of: impl Fn(f64, f64) -> f64) -> Rows {
    let row = |(left, right): (&Vec<f64>, &Vec<f64>)| {
        left.iter().zip(right).map(|(left, right)| of(*left, *right)).collect()
    };
    left.iter().zip(right).map(row).collect()
}

fn mapped(rows: &Rows, of: impl Fn(f64) -> f64) -> Rows {
    rows.iter().map(|row| row.iter().map(|x| of(*x)).collect()).collect()
}

impl Net {
    /// Every array that a pass makes, and the mean loss.
    pub fn forward(&self, nudge: Option<Nudge>) -> (HashMap<Part, Rows>, f64) {
        let mut run = Run { net: self, nudge, made: HashMap::new() };
        let output = run.pass();
        let [_, y] = &self.data;
        let squares = zipped(&output, y, |a, y| 0.5 * (a - y) * (a - y));
        let loss = squares.iter().flatten().sum::<f64>() / y[0].len() as f64;
        (run.made, loss)
    }

    /// ∂L/∂ of every entry of an array, L being the mean loss: the five-point stencil.
    pub fn derivative(&self, part: Part, shape: (usize, usize)) -> Rows {
        const STEP: f64 = 3e-4;
        let entry = |row, column| {
            let loss = |by| self.forward(Some(Nudge { part, row, column, by })).1;
            let (near, far) = (loss(STEP) - loss(-STEP), loss(2.0 * STEP) - loss(-2.0 * STEP));
            (8.0 * near - far) / (12.0 * STEP)
        };
        (0..shape.0).map(|row| (0..shape.1).map(|column| entry(row, column)).collect()).collect()
    }
}

impl Run<'_> {
    fn make(&mut self, part: Part, mut rows: Rows) -> Rows {
        if let Some(Nudge { row, column, by, .. }) = self.nudge.filter(|nudge| nudge.part == part) {
            rows[row][column] += by;
        }
        self.made.insert(part, rows.clone());
        rows
    }

    /// A parameter of layer l, its own or shared.
    fn parameter(&self, parts: [Part; 2], rows: &Rows) -> Rows {
        let mut rows = rows.clone();
        if let Some(nudge) = self.nudge.filter(|nudge| parts.contains(&nudge.part)) {
            rows[nudge.row][nudge.column] += nudge.by;
        }
        rows
    }

    fn preactivation(&mut self, layer: usize, input: &Rows) -> Rows {
        let hidden = (2..self.net.weights.len()).contains(&layer);
        let shared = |own, shared| if hidden { [own, shared] } else { [own, own] };
        let parts = shared(Part::Weight(layer), Part::SharedWeight);
        let w = self.parameter(parts, &self.net.weights[layer - 1]);
        let parts = shared(Part::Bias(layer), Part::SharedBias);
        let b = self.parameter(parts, &self.net.biases[layer - 1]);
        let entry = |unit: usize, b_: usize| {
            let sum: f64 = w[unit].iter().zip(input).map(|(w, a)| w * a[b_]).sum();
            sum + b[unit][0]
        };
        let batch = input[0].len();
        let z = (0..w.len()).map(|unit| (0..batch).map(|b| entry(unit, b)).collect()).collect();
        self.make(Part::Preactivation(layer), z)
    }

    /// norm of an array, as the array of that name; without a normalization what came.
    fn norm(&mut self, layer: usize, from: &Rows, to: Part) -> Rows {
        let Some(Normalization { kind, epsilon }) = self.net.normalization else {
            return from.clone();
        };
        let (units, batch) = (from.len(), from[0].len());
        let group = |unit: usize, b: usize| -> Vec<f64> {
            match kind {
                NormKind::Batch => from[unit].clone(),
                NormKind::Layer | NormKind::Rms => from.iter().map(|row| row[b]).collect(),
            }
        };
        let statistics = |unit: usize, b: usize| {
            let numbers = group(unit, b);
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            let mean = if kind == NormKind::Rms { 0.0 } else { mean };
            let squares = numbers.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>();
            (mean, squares / numbers.len() as f64)
        };
        let normalized = (0..units).map(|unit| {
            let entry = |b: usize| {
                let (mean, variance) = statistics(unit, b);
                (from[unit][b] - mean) / (variance + epsilon).sqrt()
            };
            (0..batch).map(entry).collect()
        });
        let normalized: Rows = normalized.collect();
        let groups: Vec<(f64, f64)> = match kind {
            NormKind::Batch => (0..units).map(|unit| statistics(unit, 0)).collect(),
            NormKind::Layer | NormKind::Rms => vec![statistics(0, 0)],
        };
        if kind != NormKind::Rms {
            self.made
                .insert(Part::Mean(layer), groups.iter().map(|(mean, _)| vec![*mean]).collect());
        }
        let variances = groups.iter().map(|(_, variance)| vec![*variance]).collect();
        self.made.insert(Part::Variance(layer), variances);
        self.made.insert(Part::Normalized(layer), normalized.clone());
        let [gamma, beta] = &self.net.norms[layer - 1];
        let gamma = self.parameter([Part::Gamma(layer); 2], gamma);
        let beta = self.parameter([Part::Beta(layer); 2], beta);
        let unit = |(unit, row): (usize, Vec<f64>)| {
            row.into_iter().map(|z| gamma[unit][0] * z + beta[unit][0]).collect()
        };
        let output = normalized.into_iter().enumerate().map(unit).collect();
        self.make(to, output)
    }

    fn phi(&mut self, from: &Rows, to: Part) -> Rows {
        self.make(to, mapped(from, f64::tanh))
    }

    fn add(&mut self, skipped: &Rows, own: &Rows, to: Part) -> Rows {
        let alpha = self.net.alpha;
        self.make(to, zipped(skipped, own, |h, r| h + alpha * r))
    }

    /// a^(L).
    fn pass(&mut self) -> Rows {
        let layers = self.net.weights.len();
        let [mut input, _] = self.net.data.clone();
        // What the skip of the layer above adds.
        let mut handed: Option<Rows> = None;
        for l in 1..layers {
            let z = self.preactivation(l, &input);
            let (u, r, s, h) =
                (Part::NormOutput(l), Part::Branch(l), Part::Sum(l), Part::HandedOn(l));
            let a = Part::Activation(l);
            (input, handed) = match (self.net.skip, handed) {
                (None, _) => {
                    let u = self.norm(l, &z, u);
                    (self.phi(&u, a), None)
                }
                (Some(Skip::Post), below) => {
                    let u = self.norm(l, &z, u);
                    let h = match below {
                        None => self.phi(&u, h),
                        Some(below) => {
                            let r = self.phi(&u, r);
                            self.add(&below, &r, h)
                        }
                    };
                    (h.clone(), Some(h))
                }
                (Some(Skip::Pre), below) => {
                    let h = match below {
                        None => z,
                        Some(below) => self.add(&below, &z, h),
                    };
                    let u = self.norm(l, &h, u);
                    (self.phi(&u, a), Some(h))
                }
                (Some(Skip::PostNorm), below) => {
                    let r = self.phi(&z, r);
                    let s = match below {
                        None => r,
                        Some(below) => self.add(&below, &r, s),
                    };
                    let h = self.norm(l, &s, h);
                    (h.clone(), Some(h))
                }
            };
        }
        let z = self.preactivation(layers, &input);
        self.phi(&z, Part::Activation(layers))
    }
}
