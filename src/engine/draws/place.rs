//! Where in NumPy's one stream each array of a network lies.

use crate::experiment::UnitLaw;

use super::Tensor;

/// A place in NumPy's stream: how many numbers of each kind come before it.
///
/// The kinds follow each other in this order, so that the three counts say all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::engine) struct Place {
    /// Standard normals (`randn`).
    pub normals: usize,
    /// Uniforms (`random_sample`).
    pub uniforms: usize,
    /// Normals of magnitude at most 2.
    pub truncated: usize,
}

impl Place {
    /// The place behind so many numbers of a law that are drawn here.
    pub fn after(self, law: UnitLaw, numbers: usize) -> Self {
        let Self { normals, uniforms, truncated } = self;
        match law {
            UnitLaw::Fixed(_) => self,
            UnitLaw::Normal | UnitLaw::Orthogonal => Self { normals: normals + numbers, ..self },
            UnitLaw::Uniform => Self { uniforms: uniforms + numbers, ..self },
            UnitLaw::TruncatedNormal => Self { truncated: truncated + numbers, ..self },
        }
    }

    /// Whether the stream comes from here to there.
    pub fn leads_to(self, there: Self) -> bool {
        let at = |place: Self| (place.normals, place.uniforms, place.truncated);
        match (at(self), at(there)) {
            ((n0, 0, 0), (n, _, _)) if n0 < n => true,
            ((n0, u0, 0), (n, u, _)) if n0 == n && u0 < u => true,
            ((n0, u0, t0), (n, u, t)) => n0 == n && u0 == u && t0 <= t,
        }
    }
}

/// The order of NumPy's stream for all variants of an architecture.
///
/// Every array has one place, whatever the other arrays' laws are and whether they are drawn
/// at all: so variants share x, y and each array of equal law. With a `RandomState(seed)`:
/// - `randn`: W^(1) … W^(L), x, y, b^(1) … b^(L); an orthogonal W is made from its normals;
/// - `random_sample`: b^(1) … b^(L);
/// - `randn` without what lies beyond ±2: b^(1) … b^(L), W^(1) … W^(L).
///
/// With another `RandomState(seed)`, `random_sample`: W^(1) … W^(L). That is two words a number
/// where a normal takes two or more, so they end before the words that x, y and b are made of.
pub(in crate::engine) struct NumpyOrder {
    /// Weights before layer l = 1 … L, and of all.
    weights: Vec<usize>,
    /// Biases before layer l = 1 … L, and of all.
    biases: Vec<usize>,
    inputs: usize,
    targets: usize,
}

impl NumpyOrder {
    /// Of sizes n_0 … n_L and so many examples.
    pub fn new(sizes: &[usize], batch: usize) -> Self {
        let sums = |counts: &mut dyn Iterator<Item = usize>| {
            let mut sums = vec![0];
            sums.extend(counts.scan(0, |sum, count| {
                *sum += count;
                Some(*sum)
            }));
            sums
        };
        Self {
            weights: sums(&mut sizes.windows(2).map(|pair| pair[0] * pair[1])),
            biases: sums(&mut sizes[1..].iter().copied()),
            inputs: sizes[0] * batch,
            targets: sizes[sizes.len() - 1] * batch,
        }
    }

    /// Where an array of that law begins.
    pub fn place(&self, tensor: Tensor, law: UnitLaw) -> Place {
        let (weights, biases) = (self.weights[self.layers()], self.biases[self.layers()]);
        let drawn = weights + self.inputs + self.targets;
        let uniform = Place { normals: drawn + biases, ..Place::default() };
        let truncated = Place { uniforms: biases, ..uniform };
        match (tensor, law) {
            (_, UnitLaw::Fixed(_)) => Place::default(),
            (Tensor::Input, _) => Place { normals: weights, ..Place::default() },
            (Tensor::Target, _) => Place { normals: weights + self.inputs, ..Place::default() },
            (Tensor::Weight(l), UnitLaw::Normal | UnitLaw::Orthogonal) => {
                Place { normals: self.weights[l - 1], ..Place::default() }
            }
            (Tensor::Weight(l), UnitLaw::Uniform) => {
                Place { uniforms: self.weights[l - 1], ..Place::default() }
            }
            (Tensor::Weight(l), UnitLaw::TruncatedNormal) => {
                Place { truncated: biases + self.weights[l - 1], ..truncated }
            }
            (Tensor::Bias(l), UnitLaw::Normal | UnitLaw::Orthogonal) => {
                Place { normals: drawn + self.biases[l - 1], ..Place::default() }
            }
            (Tensor::Bias(l), UnitLaw::Uniform) => {
                Place { uniforms: self.biases[l - 1], ..uniform }
            }
            (Tensor::Bias(l), UnitLaw::TruncatedNormal) => {
                Place { truncated: self.biases[l - 1], ..truncated }
            }
        }
    }

    fn layers(&self) -> usize {
        self.biases.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_arrays_of_a_network_overlap() {
        use UnitLaw::{Normal, TruncatedNormal, Uniform};
        let (sizes, batch) = ([3, 5, 2], 4);
        let order = NumpyOrder::new(&sizes, batch);
        for weight_law in [Normal, Uniform, TruncatedNormal] {
            for bias_law in [Normal, Uniform, TruncatedNormal] {
                let mut arrays = vec![
                    (order.place(Tensor::Input, Normal), Normal, 12),
                    (order.place(Tensor::Target, Normal), Normal, 8),
                ];
                for (l, numbers) in [(1, 15), (2, 10)] {
                    arrays.push((order.place(Tensor::Weight(l), weight_law), weight_law, numbers));
                    arrays.push((order.place(Tensor::Bias(l), bias_law), bias_law, sizes[l]));
                }
                // Uniform weights have a stream of their own.
                arrays.retain(|&(place, law, _)| law != Uniform || place.normals > 0);
                arrays.sort_unstable_by_key(|&(place, _, _)| place);
                for pair in arrays.windows(2) {
                    let (place, law, numbers) = pair[0];
                    assert!(place.after(law, numbers).leads_to(pair[1].0), "{pair:?}");
                }
            }
        }
    }

    #[test]
    fn the_stream_leads_forward_only() {
        let place = |normals, uniforms, truncated| Place { normals, uniforms, truncated };
        for there in [place(0, 0, 0), place(5, 0, 0), place(0, 3, 0), place(4, 2, 9)] {
            assert!(place(0, 0, 0).leads_to(there) && there.leads_to(there));
        }
        assert!(place(4, 2, 0).leads_to(place(4, 2, 9)) && place(4, 1, 0).leads_to(place(4, 2, 9)));
        for (here, there) in [
            (place(1, 0, 0), place(0, 3, 0)),
            (place(0, 3, 0), place(5, 0, 0)),
            (place(4, 2, 9), place(4, 3, 0)),
            (place(4, 2, 9), place(4, 2, 8)),
        ] {
            assert!(!here.leads_to(there), "{here:?} {there:?}");
        }
    }
}
