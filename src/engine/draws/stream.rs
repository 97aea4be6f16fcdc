//! Streams of units: NumPy's one for a whole network, or one for each array.

use nalgebra::DMatrix;
use ndarray::Array2;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::experiment::UnitLaw;

use super::lanes::Lanes;
use super::{Tensor, split_mix};
use crate::engine::kernels::STANDARD;
use crate::engine::number::Real;
use crate::engine::numpy::NumpyStream;

/// A source of units.
pub(in crate::engine) enum Stream {
    /// NumPy's stream, array after array.
    Numpy(Box<NumpyStream>),
    /// The few numbers of x, y or a b, one after the other.
    Single(Box<Xoshiro256PlusPlus>),
    /// The many of a W, side by side; also those of a network that is drawn in law.
    Lanes(Box<Lanes>),
}

/// Names the stream of [`Stream::in_law`] beside those of the arrays, which count from 0.
const IN_LAW: u64 = u64::MAX;

impl Stream {
    /// The layered stream of one array of one seed.
    pub fn layered(seed: u64, tensor: Tensor) -> Self {
        match tensor {
            Tensor::Input => Self::Single(Box::new(single(seed, 0))),
            Tensor::Target => Self::Single(Box::new(single(seed, 1))),
            Tensor::Weight(layer) => {
                Self::Lanes(Box::new(Lanes::new(stream_seed(seed, 2 * layer as u64))))
            }
            Tensor::Bias(layer) => Self::Single(Box::new(single(seed, 2 * layer as u64 + 1))),
        }
    }

    /// The stream of one seed's network that is drawn in law, without its weights.
    pub fn in_law(seed: u64) -> Self {
        Self::Lanes(Box::new(Lanes::new(stream_seed(seed, IN_LAW))))
    }

    /// Overwrites all numbers with standard normal ones.
    pub fn fill_normal<T: Real>(&mut self, out: &mut [T]) {
        match self {
            Self::Numpy(stream) => out.fill_with(|| T::from_f64(stream.normal())),
            Self::Single(rng) => out.fill_with(|| T::from_f64(StandardNormal.sample(rng))),
            Self::Lanes(lanes) => lanes.fill_normal(out),
        }
    }

    /// [`Self::fill_normal`], which may prefetch two arrays meanwhile.
    pub fn fill_normal_prefetching<T: Real>(&mut self, out: &mut [T], next: [&[T]; 2]) {
        match self {
            Self::Lanes(lanes) => lanes.fill_normal_prefetching(out, next),
            Self::Numpy(_) | Self::Single(_) => self.fill_normal(out),
        }
    }

    /// Overwrites all numbers with uniform ones in [−1, 1).
    fn fill_uniform<T: Real>(&mut self, out: &mut [T]) {
        match self {
            Self::Numpy(stream) => out.fill_with(|| T::from_f64(2.0 * stream.uniform() - 1.0)),
            Self::Single(rng) => {
                out.fill_with(|| T::from_f64(2.0 * rng.random::<f64>() - 1.0));
            }
            Self::Lanes(lanes) => lanes.fill_uniform(out),
        }
    }

    /// Overwrites all numbers with the stream's next normals of magnitude at most 2. In double
    /// precision only: a rounded number could pass where the number itself does not.
    fn fill_truncated(&mut self, out: &mut [f64]) {
        let mut kept = 0;
        while kept < out.len() {
            let from = kept;
            self.fill_normal(&mut out[from..]);
            for index in from..out.len() {
                if out[index].abs() <= 2.0 {
                    out[kept] = out[index];
                    kept += 1;
                }
            }
        }
    }

    /// One row of independent units.
    pub fn row(&mut self, law: UnitLaw, columns: usize) -> Array2<f64> {
        let mut units = Array2::zeros((1, columns));
        self.draw_into(law, &mut units);
        units
    }

    /// Passes over as many numbers as an array of that law would take.
    pub fn skip(&mut self, law: UnitLaw, numbers: usize) {
        match (self, law) {
            (_, UnitLaw::Fixed(_)) => {}
            (Self::Numpy(stream), UnitLaw::Normal) => stream.skip_normals(numbers),
            (Self::Numpy(stream), UnitLaw::Uniform) => stream.skip_uniforms(numbers),
            (stream, law) => drop(stream.row(law, numbers)),
        }
    }

    /// Draws over an array in standard layout. In single precision each number is the double
    /// one, rounded.
    pub fn draw_into<T: Real>(&mut self, law: UnitLaw, units: &mut Array2<T>) {
        let (rows, columns) = units.dim();
        let out = units.as_slice_mut().expect(STANDARD);
        match law {
            UnitLaw::Fixed(pattern) => {
                let entry = |place| pattern.entry(place / columns, place % columns);
                out.iter_mut().enumerate().for_each(|(i, unit)| *unit = T::from_f64(entry(i)));
            }
            UnitLaw::Normal => self.fill_normal(out),
            UnitLaw::Uniform => self.fill_uniform(out),
            UnitLaw::TruncatedNormal => {
                let mut double = vec![0.0; out.len()];
                self.fill_truncated(&mut double);
                narrow(&double, out);
            }
            UnitLaw::Orthogonal => {
                let mut normals = Array2::zeros((rows, columns));
                self.draw_into(UnitLaw::Normal, &mut normals);
                narrow(orthogonal(&normals).as_slice().expect(STANDARD), out);
            }
        }
    }
}

fn narrow<T: Real>(double: &[f64], out: &mut [T]) {
    out.iter_mut().zip(double).for_each(|(out, &unit)| *out = T::from_f64(unit));
}

/// The generator of an array of few numbers.
fn single(seed: u64, code: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(stream_seed(seed, code))
}

/// The seed of one of a seed's streams.
fn stream_seed(seed: u64, code: u64) -> u64 {
    split_mix(split_mix(seed).wrapping_add(code))
}

/// Q·sign(diag R) of the QR decomposition of a standard normal matrix, transposed where
/// there are fewer rows than columns: uniform among matrices with orthonormal rows or
/// columns (Saxe et al. 2013; Mezzadri 2007).
fn orthogonal(normals: &Array2<f64>) -> Array2<f64> {
    let (rows, columns) = normals.dim();
    let tall = rows >= columns;
    let matrix = if tall {
        DMatrix::from_fn(rows, columns, |i, j| normals[[i, j]])
    } else {
        DMatrix::from_fn(columns, rows, |i, j| normals[[j, i]])
    };
    let (q, r) = matrix.qr().unpack();
    let sign = |k: usize| if r[(k, k)] < 0.0 { -1.0 } else { 1.0 };
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        if tall { q[(i, j)] * sign(j) } else { q[(j, i)] * sign(i) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Pattern;

    fn drawn(tensor: Tensor, law: UnitLaw, rows: usize, columns: usize) -> Array2<f64> {
        let mut units = Array2::zeros((rows, columns));
        Stream::layered(42, tensor).draw_into(law, &mut units);
        units
    }

    #[test]
    fn orthogonal_has_orthonormal_rows_or_columns() {
        for (rows, columns) in [(6, 6), (9, 4), (4, 9)] {
            let q = drawn(Tensor::Weight(1), UnitLaw::Orthogonal, rows, columns);
            let gram = if rows <= columns { q.dot(&q.t()) } else { q.t().dot(&q) };
            for ((i, j), &value) in gram.indexed_iter() {
                let expected = f64::from(u8::from(i == j));
                assert!((value - expected).abs() < 1e-14, "{rows}×{columns}");
            }
        }
    }

    #[test]
    fn what_is_skipped_is_what_would_be_drawn() {
        use UnitLaw::{Fixed, Normal, TruncatedNormal, Uniform};
        for law in [Fixed(Pattern::Ones), Normal, Uniform, TruncatedNormal] {
            for numbers in [0, 1, 2, 7, 10] {
                let start = || {
                    let mut stream = Stream::Numpy(Box::new(NumpyStream::new(7)));
                    stream.row(Normal, 1); // one of a pair waits
                    stream
                };
                let (mut drawn, mut skipped) = (start(), start());
                drawn.row(law, numbers);
                skipped.skip(law, numbers);
                for law in [Uniform, Normal] {
                    assert_eq!(drawn.row(law, 3), skipped.row(law, 3), "{numbers} of {law:?}");
                }
            }
        }
    }

    #[test]
    fn layered_streams_are_frozen() {
        for (tensor, law, frozen) in [
            (Tensor::Weight(1), UnitLaw::Normal, FROZEN_NORMALS),
            (Tensor::Weight(2), UnitLaw::Uniform, FROZEN_UNIFORMS),
            (Tensor::Input, UnitLaw::Normal, FROZEN_INPUTS),
        ] {
            assert_eq!(drawn(tensor, law, 1, 3).as_slice().expect("contiguous"), frozen);
        }
    }

    // Written down when the streams were defined; a change would alter every layered
    // experiment. The first two agree to the last digit but one with a transcription of the
    // definition into Python's floats.
    const FROZEN_NORMALS: &[f64] = &[-1.0566185364018519, -0.2941209525090908, 0.4748744336908183];
    const FROZEN_UNIFORMS: &[f64] = &[-0.4693427488738937, 0.933237214683587, -0.2507207568587684];
    const FROZEN_INPUTS: &[f64] = &[0.7919353874584977, 0.8017667604241774, -0.2571233963916292];
}
