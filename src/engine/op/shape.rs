//! The ops of a variant before a number is drawn: which there are, and how large.

use crate::experiment::{Activation, Experiment, Normalization, Skip, Variant};

/// An op without its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OpShape {
    /// z = W a + b, with W n_out × n_in.
    Dense {
        /// n_in.
        inputs: usize,
        /// n_out.
        units: usize,
    },
    /// a = φ(z), entry by entry.
    Activation(Activation),
    /// u = γ ⊙ ẑ + β.
    Norm {
        /// Over what, and ε.
        spec: Normalization,
        /// n.
        units: usize,
    },
    /// The skip of the layer below is added: h^(l) = h^(l−1) + α r.
    Add {
        /// α.
        alpha: f64,
    },
    /// The skip of the layer above starts here.
    Save,
}

impl OpShape {
    /// The ops of a variant in the order of the forward pass, each with its layer, 1…L: the one
    /// place that lays ops into layers.
    ///
    /// ```
    /// use gradient_lab::engine::OpShape;
    /// use gradient_lab::experiment::Experiment;
    /// let chapter = Experiment::default();
    /// let mut ops = OpShape::of_variant(&chapter, &chapter.variants[0]);
    /// assert_eq!(ops.next(), Some((1, OpShape::Dense { inputs: 10, units: 20 })));
    /// ```
    pub fn of_variant(
        experiment: &Experiment,
        variant: &Variant,
    ) -> impl Iterator<Item = (usize, Self)> {
        let sizes = experiment.sizes();
        (1..sizes.len()).flat_map(move |l| {
            let dense = Self::Dense { inputs: sizes[l - 1], units: sizes[l] };
            let activation = Self::Activation(experiment.activation_of(variant, l));
            let hidden = l + 1 < sizes.len();
            let norm = variant.normalization.filter(|_| hidden);
            let norm = norm.map(|spec| Self::Norm { spec, units: sizes[l] });
            let skip = variant.skip.filter(|_| hidden);
            let alpha = variant.skip_scale.of_depth(sizes.len() - 2);
            let add = skip.filter(|_| l > 1).map(|_| Self::Add { alpha });
            let (phi, save) = (Some(activation), skip.map(|_| Self::Save));
            let between = match skip {
                None | Some(Skip::Post) => [norm, phi, add, save],
                Some(Skip::Pre) => [add, save, norm, phi],
                Some(Skip::PostNorm) => [phi, add, norm, save],
            };
            std::iter::once(dense).chain(between.into_iter().flatten()).map(move |op| (l, op))
        })
    }

    /// Multiply-adds of its matrix product for one example: n_out n_in, and as many on the way
    /// back. What costs O(n) does not count.
    pub fn multiply_adds(self) -> usize {
        self.weights()
    }

    /// Its weights: n_out n_in.
    pub fn weights(self) -> usize {
        match self {
            Self::Dense { inputs, units } => inputs * units,
            _ => 0,
        }
    }

    /// Its biases, zero or not: n_out.
    pub fn biases(self) -> usize {
        match self {
            Self::Dense { units, .. } => units,
            _ => 0,
        }
    }

    /// Its γ and β: 2n.
    pub fn norm_parameters(self) -> usize {
        match self {
            Self::Norm { units, .. } => 2 * units,
            _ => 0,
        }
    }
}
