//! Activations. Each has one spec: names, words, the function, its derivative, its limits and
//! what else a reader may ask, beside each other in one file.
//!
//! To add one, write its [`Spec`] in a file here and a line in the list below; the file format,
//! `list`, the window, the engine and the theory read both.
//!
//! Everything is computed in `f64` by `libm`'s portable routines, so that the same
//! experiment gives the same bits on any machine. The engine has faster vector forms of
//! some of these; tests hold them to the functions here.

mod elu;
mod file;
mod gelu;
mod leaky_relu;
mod linear;
mod relu;
mod selu;
mod sigmoid;
mod sine;
mod softplus;
mod spec;

use std::ops::Deref;

pub use elu::Elu;
pub use gelu::Gelu;
pub use leaky_relu::LeakyRelu;
pub use linear::Linear;
pub use relu::Relu;
pub use selu::Selu;
pub use sigmoid::{Sigmoid, Silu, Tanh};
pub use sine::Sine;
pub use softplus::Softplus;
pub use spec::{ActivationParameter, Kernel, Spec, Term};

/// The enum, and what goes over all of its variants, from one list.
macro_rules! activations {
    (@spec $name:ident) => { &$name };
    (@spec $name:ident $own:ident $spec:ident) => { $own };
    ($($(#[$doc:meta])* $name:ident $(($spec:ident { $parameter:ident }))?,)*) => {
        /// A layer's nonlinearity φ, applied to each pre-activation z; dereferences to its
        /// [`Spec`].
        ///
        /// ```
        /// use gradient_lab::experiment::Activation;
        /// assert_eq!(Activation::Sigmoid.value(0.0), 0.5);
        /// assert_eq!(Activation::Relu.value(-3.0), 0.0);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Activation {
            $($(#[$doc])* $name $(($spec))?,)*
        }

        impl Activation {
            /// Every activation with its default parameter, in the order in which menus show
            /// them.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] =
                [$(Self::$name $(($spec::DEFAULT))?),*];

            /// The function with this parameter in place of its own; itself if it takes none.
            #[must_use]
            pub fn with_parameter(self, value: f64) -> Self {
                match self {
                    $($(Self::$name($spec { .. }) => Self::$name($spec { $parameter: value }),)?)*
                    other => other,
                }
            }
        }

        impl Deref for Activation {
            type Target = dyn Spec;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$name $((own @ $spec { .. }))? =>
                        activations!(@spec $name $(own $spec)?),)*
                }
            }
        }
    };
}

activations! {
    /// φ(z) = z.
    Linear,
    /// φ(z) = 1/(1 + e⁻ᶻ).
    Sigmoid,
    /// φ(z) = tanh z.
    Tanh,
    /// φ(z) = max(z, 0); φ′(0) = 0.
    Relu,
    /// φ(z) = z for z > 0, else 0.01 z or another slope.
    LeakyRelu(LeakyRelu { slope }),
    /// φ(z) = λz for z > 0, else λα(eᶻ − 1).
    Selu,
    /// φ(z) = z Φ(z), the exact form with the normal distribution function.
    Gelu,
    /// φ(z) = z σ(z), also called swish.
    Silu,
    /// φ(z) = z for z > 0, else α(eᶻ − 1).
    Elu(Elu { alpha }),
    /// φ(z) = ln(1 + eᶻ).
    Softplus,
    /// φ(z) = sin(ωz).
    Sine(Sine { omega }),
}

impl Activation {
    /// The label, with a parameter that is not the default: “Leaky ReLU (slope 0.2)”.
    pub fn describe(self) -> String {
        match self.own_parameter() {
            Some(own) => format!("{} ({} {})", self.label(), own.key, own.value),
            None => self.label().to_owned(),
        }
    }

    /// Its parameter, where that is not the default.
    fn own_parameter(self) -> Option<ActivationParameter> {
        self.parameter().filter(|own| own.value != own.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_what_the_file_format_writes() {
        for activation in Activation::ALL {
            let written = serde_json::to_string(&activation).expect("an enum serialises");
            assert_eq!(written, format!("\"{}\"", activation.id()));
        }
    }

    #[test]
    fn derivative_is_the_slope_of_value() {
        for activation in Activation::ALL {
            for z in [-7.0, -2.3, -0.9, -0.01, 0.02, 0.7, 1.9, 6.5] {
                let h = 1e-6;
                let numeric = (activation.value(z + h) - activation.value(z - h)) / (2.0 * h);
                let analytic = activation.derivative(z);
                assert!(
                    (numeric - analytic).abs() < 1e-8,
                    "{} at {z}: {numeric} against {analytic}",
                    activation.id()
                );
            }
        }
    }

    #[test]
    fn ln_derivative_goes_on_where_the_derivative_underflows() {
        for activation in Activation::ALL {
            for z in [-36.0, -29.9, -30.1, -3.0, 0.5, 20.0] {
                let slope = activation.derivative(z).abs();
                let ln = activation.ln_derivative(z);
                assert!(
                    (ln - slope.ln()).abs() < 1e-5 || slope == 0.0 && ln == f64::NEG_INFINITY,
                    "{} at {z}: {ln} against {}",
                    activation.id(),
                    slope.ln()
                );
            }
        }
        assert!((Activation::Sigmoid.ln_derivative(2000.0) + 2000.0).abs() < 1e-9);
        assert!(Activation::Gelu.ln_derivative(-100.0) < -4900.0);
    }

    #[test]
    fn the_sign_goes_on_where_the_derivative_underflows() {
        for activation in Activation::ALL {
            for z in [-36.0, -3.0, -2.1, -1.9, -0.5, 0.5, 20.0] {
                let slope = activation.derivative(z);
                let sign = activation.derivative_sign(z);
                assert!(slope * sign >= 0.0, "{} at {z}: {sign}", activation.id());
            }
        }
        assert_eq!(Activation::Gelu.derivative_sign(-1e4), -1.0);
        assert_eq!(Activation::Silu.derivative_sign(-1e4), -1.0);
    }

    #[test]
    fn no_slope_exceeds_the_largest() {
        for activation in Activation::ALL {
            let steepest = (-8000..8000)
                .map(|i| activation.derivative(f64::from(i) * 2.5e-3).abs())
                .fold(0.0, f64::max);
            let bound = activation.largest_slope();
            assert!(steepest <= bound * (1.0 + 1e-9), "{}", activation.id());
            assert!(steepest > bound * 0.999, "{}", activation.id());
        }
    }
}
