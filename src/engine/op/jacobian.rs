//! What an op multiplies a small change of its input by.

use std::ops::Range;

use ndarray::{Array1, Array2};

use crate::engine::number::{Real, Scaled};
use crate::engine::op::{Norm, Op};
use crate::engine::pass::LayerTrace;
use crate::experiment::NormKind;

/// A factor of an op's Jacobian ∂output/∂input at m examples, whose n units are m blocks one below
/// the other.
#[derive(Clone, Debug, PartialEq)]
pub enum Jacobian {
    /// W, n_out × n_in, once for each example along the diagonal.
    Matrix(Array2<f64>),
    /// An orthogonal matrix, nm × nm: it changes the length of nothing.
    Rotation(Array2<f64>),
    /// A diagonal matrix, by its nm entries.
    Diagonal {
        /// The entries.
        entries: Array1<f64>,
        /// What they are.
        of: Scaling,
    },
    /// A multiple of the identity.
    Multiple(Scaled),
}

/// What a diagonal factor is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// φ′(z_j).
    Slopes {
        /// Whether an entry of 0 stands for one below the smallest `f64`: a slope that fades
        /// smoothly is nowhere 0, however far out.
        fades: bool,
    },
    /// What a normalization leaves of each direction: nothing of the mean, ε/(v + ε) of what lies
    /// along ẑ, and the rest whole.
    Normalization,
    /// γ_j.
    Gamma,
}

impl<T: Real> Op<T> {
    /// The factors of its Jacobian at some examples, counted from 0, in the order of the forward pass;
    /// `trace` is what that left of its layer. A skip's are those of the way through the layer.
    ///
    /// # Panics
    /// If batch normalization is asked about some of its examples: it couples all of them.
    pub fn jacobian(&self, trace: &LayerTrace<T>, examples: Range<usize>) -> Vec<Jacobian> {
        match self {
            Self::Dense(dense) => {
                vec![Jacobian::Matrix(block_diagonal(dense.weight(), examples.len()))]
            }
            Self::Activation(activation) => {
                let units = 0..trace.slope.nrows();
                let slopes =
                    examples.flat_map(|b| units.clone().map(move |unit| trace.slope[[unit, b]]));
                let of = Scaling::Slopes { fades: activation.saturates() };
                vec![Jacobian::Diagonal { entries: slopes.map(Real::to_f64).collect(), of }]
            }
            Self::Norm(norm) => norm.jacobian(trace, examples),
            Self::Add { alpha } => vec![Jacobian::Multiple(Scaled::from(*alpha))],
            Self::Save => Vec::new(),
        }
    }
}

/// The matrix `times` times along the diagonal.
fn block_diagonal(matrix: Array2<f64>, times: usize) -> Array2<f64> {
    if times == 1 {
        return matrix;
    }
    let (rows, columns) = matrix.dim();
    Array2::from_shape_fn((rows * times, columns * times), |(i, j)| {
        if i / rows == j / columns { matrix[[i % rows, j % columns]] } else { 0.0 }
    })
}

impl<T: Real> Norm<T> {
    /// (I − 11ᵀ/n − qqᵀ v/(v + ε)) γ/√(v + ε) over each group, q along ẑ, as diag(γ) U Λ Uᵀ with an
    /// orthogonal U: written out, the small share along q would cancel.
    fn jacobian(&self, trace: &LayerTrace<T>, examples: Range<usize>) -> Vec<Jacobian> {
        let chain = trace.chain.as_ref().expect("a normalization leaves a chain");
        let u = trace.normalized().expect("a normalization leaves its ẑ");
        let (units, batch) = (u.units(), u.batch());
        let couples = self.spec.kind.couples_examples();
        assert!(!couples || examples.len() == batch, "batch normalization couples all examples");
        let (first, size) = (examples.start, units * examples.len());
        // Each group's number and the places of its entries.
        let groups: Vec<(usize, Vec<usize>)> = if couples {
            (0..units).map(|j| (j, (0..batch).map(|b| b * units + j).collect())).collect()
        } else {
            let places = |b: usize| ((b - first) * units..(b - first + 1) * units).collect();
            examples.clone().map(|b| (b, places(b))).collect()
        };
        let exponents = groups.iter().map(|(group, _)| chain.norm.inverse.get(*group).exponent());
        let top = exponents.max().unwrap_or(0);
        let mut rotation = Array2::zeros((size, size));
        let mut entries = Array1::zeros(size);
        for (group, places) in &groups {
            let z: Vec<f64> = (places.iter())
                .map(|place| u.entry(place % units, first + place / units).to_f64())
                .collect();
            let centred = usize::from(self.spec.kind != NormKind::Rms);
            let inverse = chain.norm.inverse.get(*group).over_power_of_two(top);
            let of_direction = |direction: usize| match direction {
                0 if centred == 1 => 0.0,
                _ if direction == centred => inverse * chain.norm.share[*group],
                _ => inverse,
            };
            for (column, &to) in places.iter().enumerate() {
                entries[to] = of_direction(column);
                let direction = direction(&z, centred, column);
                places.iter().zip(direction).for_each(|(&from, q)| rotation[[from, to]] = q);
            }
        }
        let mut factors = vec![
            Jacobian::Rotation(rotation.t().to_owned()),
            Jacobian::Diagonal { entries, of: Scaling::Normalization },
            Jacobian::Multiple(Scaled::new(1.0, top)),
            Jacobian::Rotation(rotation),
        ];
        if let Some(gamma) = &self.gamma {
            let entries = (0..size).map(|place| gamma[place % units].to_f64()).collect();
            factors.push(Jacobian::Diagonal { entries, of: Scaling::Gamma });
        }
        factors
    }
}

/// A column of an orthogonal matrix whose first is, where the group is `centred`, ±1/√n in every
/// entry, and whose next is ±z/‖z‖.
fn direction(z: &[f64], centred: usize, column: usize) -> Vec<f64> {
    let mean = vec![1.0; z.len() * centred];
    let mut z = z.to_vec();
    reflect(&mean, &mut z);
    let mut unit = vec![0.0; z.len()];
    unit[column] = 1.0;
    reflect(&z[centred..], &mut unit[centred..]);
    reflect(&mean, &mut unit);
    unit
}

/// Reflects a vector so that e₁ becomes a multiple of `to`; no reflection where that is zero.
fn reflect(to: &[f64], vector: &mut [f64]) {
    let length = to.iter().map(|to| to * to).sum::<f64>().sqrt();
    if length == 0.0 {
        return;
    }
    let mut normal: Vec<f64> = to.iter().map(|to| to / length).collect();
    normal[0] += 1_f64.copysign(normal[0]);
    // ‖v‖² = 2 |v₁| of v = q ± e₁ with ‖q‖ = 1.
    let share = normal.iter().zip(&*vector).map(|(v, x)| v * x).sum::<f64>() / normal[0].abs();
    vector.iter_mut().zip(&normal).for_each(|(x, v)| *x -= share * v);
}
