//! Mean-field theory of an infinitely wide, infinitely deep network: the fixed point q*, the
//! slope χ that decides between vanishing and exploding, depth scales, and the critical line
//! (Poole et al. 2016; Schoenholz et al. 2017).

use std::convert::Infallible;

use crate::experiment::{Activation, Experiment, Variant};

use super::moments::{BiasLaw, mean_of_squares};
use super::theory::{TheoryError, check, input_squares};
use super::{Stopped, TaskContext};

/// An activation with weights of variance σ_w²/fan_in and one law of biases, both kept through
/// the layers, and the input that the first of them sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanField {
    /// φ.
    pub activation: Activation,
    /// σ_w².
    pub weight_variance: f64,
    /// The law of the biases.
    pub bias: BiasLaw,
    /// E x² as layer 1 sees it: E z² there is σ_w² times this and the bias' own mean square. 1
    /// for standard normal inputs where layer 1 has the σ_w² of the layers above.
    pub input_square: f64,
}

/// Where the pre-activations' mean square q = E z² settles, started from the input's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FixedPoint {
    /// At this q*; 0 where the forward signal dies out.
    At(f64),
    /// Every q is kept as it is: ReLU at σ_w² = 2, linear units at 1.
    Every,
    /// Nowhere: q grows without bound.
    Diverges,
}

/// What χ makes of an error signal in the limit of wide layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// χ < 1: gradients vanish.
    Ordered,
    /// χ = 1 to a millionth: gradients keep their size.
    Critical,
    /// χ > 1: gradients explode.
    Chaotic,
}

impl Phase {
    /// Of χ.
    pub fn of(chi: f64) -> Self {
        let excess = chi - 1.0;
        if excess.abs() < CRITICAL_WITHIN {
            Self::Critical
        } else if excess < 0.0 {
            Self::Ordered
        } else {
            Self::Chaotic
        }
    }
}

/// Variance of z's weight part beyond which growth counts as unbounded, unless φ is bounded.
const UNBOUNDED: f64 = 1e12;
/// Variance of z's weight part below which the forward signal counts as dying out.
const EXTINCT: f64 = 1e-12;
/// Steps of the scan for a bracket, a factor in that variance or in σ_w².
const SCAN: f64 = 1.1;
/// |χ − 1| within which a setting counts as critical.
const CRITICAL_WITHIN: f64 = 1e-6;
/// σ_w² in which [`critical_weight_variance`] looks.
const WEIGHT_VARIANCES: (f64, f64) = (1e-3, 1e6);

impl MeanField {
    /// Of inputs of mean square 1.
    pub fn new(activation: Activation, weight_variance: f64, bias: BiasLaw) -> Self {
        Self { activation, weight_variance, bias, input_square: 1.0 }
    }

    /// Of a variant whose hidden layers have one width and are set up alike: σ_w² = n Var W, the law of its
    /// biases, and the mean square of its input, E‖x‖² Var W^(1)/σ_w². Given examples count with
    /// the mean of their ‖x‖².
    ///
    /// # Errors
    /// [`TheoryError`] as for [`predict`](super::predict). `None` where hidden layers differ in
    /// width or in how they are set up, or there is only one, so that nothing repeats.
    pub fn of(experiment: &Experiment, variant: &Variant) -> Result<Option<Self>, TheoryError> {
        let squares = input_squares(experiment);
        let mean = squares.iter().sum::<f64>() / squares.len() as f64;
        Self::of_input(experiment, variant, mean)
    }

    /// [`MeanField::of`] for one input of this ‖x‖².
    ///
    /// # Errors
    /// [`TheoryError`] as for [`predict`](super::predict).
    pub fn of_input(
        experiment: &Experiment,
        variant: &Variant,
        input_norm_square: f64,
    ) -> Result<Option<Self>, TheoryError> {
        check(experiment, variant)?;
        Ok(Self::of_hidden_layers(experiment, variant, input_norm_square))
    }

    /// The numbers of hidden layers of one width that are set up alike, whatever normalization and
    /// skips lie between them; `None` where they differ or there is only one.
    pub(super) fn of_hidden_layers(
        experiment: &Experiment,
        variant: &Variant,
        input_norm_square: f64,
    ) -> Option<Self> {
        let sizes = experiment.sizes();
        let hidden = &sizes[1..sizes.len() - 1];
        let width = hidden[0];
        let is_one_width = hidden.iter().all(|&size| size == width);
        if hidden.len() < 2 || !is_one_width || !experiment.hidden_layers_are_alike(variant) {
            return None;
        }
        let (init, law) = (variant.init_of(1), variant.bias_of(1));
        let weight_variance = width as f64 * init.variance(width, width);
        let bias = BiasLaw::of(law, width, width);
        // PyTorch's default bias goes by the fan: q of layer 1 is what counts.
        let first_bias = BiasLaw::of(law, sizes[0], width);
        let first = input_norm_square * init.variance(sizes[0], width);
        let first = (first + first_bias.spread() - bias.spread()).max(0.0);
        Some(Self {
            activation: experiment.activation_of(variant, 1),
            weight_variance,
            bias,
            input_square: if weight_variance > 0.0 { first / weight_variance } else { 0.0 },
        })
    }

    /// q in layer 1.
    pub fn first_q(&self) -> f64 {
        self.start() + self.bias.mean_square()
    }

    /// V(q) = σ_w² E[φ(z)²] + E b²: the next layer's q. z has the biases' mean and the variance
    /// that is left of q.
    pub fn next_q(&self, q: f64) -> f64 {
        self.next(q - self.bias.mean_square()) + self.bias.mean_square()
    }

    /// χ(q) = σ_w² E[φ′(z)²]: what one step back multiplies ‖δ‖² by.
    ///
    /// At q = 0 the kink of ReLU and its kin counts half to either side, the limit q → 0.
    pub fn chi_at(&self, q: f64) -> f64 {
        let square = match self.activation.slopes_at_origin() {
            Some(slopes) if q == 0.0 => mean_of_squares(slopes),
            _ => {
                let law = self.bias.with((q - self.bias.mean_square()).max(0.0).into());
                law.expectation_of(self.activation, |z| [self.activation.derivative(z).powi(2)])[0]
            }
        };
        self.weight_variance * square
    }

    /// The part of layer 1's q that comes from the weights.
    pub(super) fn start(&self) -> f64 {
        self.weight_variance * self.input_square
    }

    /// The weights' part of the next layer's q, given that of a layer.
    pub(super) fn next(&self, part: f64) -> f64 {
        let law = self.bias.with(part.max(0.0).into());
        let [square] = law.expectation_of(self.activation, |z| [self.activation.value(z).powi(2)]);
        self.weight_variance * square
    }

    pub(super) fn drift(&self, part: f64) -> f64 {
        self.next(part) - part
    }

    /// q*, found by bracketing V(q) = q from the input's q in the direction in which q moves,
    /// and halving.
    ///
    /// Where V grows with q, which it does wherever it matters that it does, the recursion cannot
    /// pass a fixed point; where it falls (a sigmoid with a large constant bias), it falls less
    /// steeply than 1/q, so that the recursion closes in on the fixed point from both sides.
    ///
    /// ```
    /// use gradient_lab::experiment::Activation;
    /// use gradient_lab::study::{BiasLaw, FixedPoint, MeanField};
    /// let tanh = MeanField::new(Activation::Tanh, 25.0 / 9.0, BiasLaw::default());
    /// let FixedPoint::At(q) = tanh.fixed_point() else { unreachable!() };
    /// assert_eq!(format!("{q:.6}"), "1.178480");
    /// ```
    pub fn fixed_point(&self) -> FixedPoint {
        if self.keeps_every_q() {
            return FixedPoint::Every;
        }
        self.fixed_point_from(self.start())
    }

    pub(super) fn fixed_point_from(&self, start: f64) -> FixedPoint {
        let (least, most) = self.reach();
        // Nothing comes in: the biases alone make the next layer's signal.
        let start = if start > 0.0 { start } else { self.next(0.0) };
        if start == 0.0 {
            return self.at(0.0);
        }
        let grows = self.drift(start) > 0.0;
        let factor = if grows { SCAN } else { 1.0 / SCAN };
        let mut part = start;
        while (self.drift(part * factor) > 0.0) == grows {
            part *= factor;
            if grows && part > most {
                return FixedPoint::Diverges;
            }
            if !grows && part < least {
                return self.at(0.0);
            }
        }
        let stays = |part| Ok::<_, Infallible>((self.drift(part) > 0.0) == grows);
        let Ok(part) = halve(part, part * factor, stays);
        self.at(part)
    }

    fn at(&self, part: f64) -> FixedPoint {
        FixedPoint::At(part + self.bias.mean_square())
    }

    /// Between what sizes of the weights' part fixed points are looked for.
    pub(super) fn reach(&self) -> (f64, f64) {
        let largest = if self.activation.is_bounded() { 4.0 * self.weight_variance } else { 0.0 };
        (EXTINCT * self.weight_variance.min(1.0), UNBOUNDED.max(largest))
    }

    /// Straight lines through 0 without a bias, with σ_w² E[φ′²] = 1.
    fn keeps_every_q(&self) -> bool {
        self.activation.is_piecewise_linear()
            && self.bias.mean_square() == 0.0
            && (self.chi_at(1.0) - 1.0).abs() < 1e-12
    }

    /// χ at the fixed point; at infinity where q diverges.
    pub fn chi(&self) -> f64 {
        self.chi_of(self.fixed_point())
    }

    pub(super) fn chi_of(&self, fixed_point: FixedPoint) -> f64 {
        match fixed_point {
            FixedPoint::At(q) => self.chi_at(q),
            FixedPoint::Every => self.chi_at(1.0),
            FixedPoint::Diverges => {
                self.weight_variance * mean_of_squares(self.activation.slopes_at_infinity())
            }
        }
    }

    /// Vanishing, exploding, or neither.
    pub fn phase(&self) -> Phase {
        Phase::of(self.chi())
    }

    /// ξ_∇ = −1/ln χ, the layers in which ‖δ‖² shrinks by e; negative where it grows, infinite
    /// where χ = 1.
    pub fn depth_scale(&self) -> f64 {
        -1.0 / libm::log(self.chi())
    }

    /// 6 ξ_c, the depth up to which Schoenholz et al. found networks to train.
    ///
    /// In the ordered phase two inputs become alike at the rate χ, so that ξ_c = −1/ln χ;
    /// at the critical line there is no limit. In the chaotic phase ξ_c belongs to another
    /// fixed point, [`MeanField::correlation`], which takes too long for every χ: nothing.
    pub fn trainable_depth(&self) -> Option<f64> {
        match self.phase() {
            Phase::Ordered => Some(6.0 * self.depth_scale()),
            Phase::Critical => Some(f64::INFINITY),
            Phase::Chaotic => None,
        }
    }
}

/// The smallest σ_w² with χ = 1 for inputs of mean square 1, where gradients neither vanish nor
/// explode in wide layers, or `None` where no setting between 10⁻³ and 10⁶ has it without a jump.
///
/// ```
/// use gradient_lab::experiment::Activation;
/// use gradient_lab::study::{BiasLaw, critical_weight_variance};
/// let critical = critical_weight_variance(Activation::Relu, BiasLaw::default());
/// assert!((critical.expect("it exists") - 2.0).abs() < 1e-12); // He's initialization
/// ```
pub fn critical_weight_variance(activation: Activation, bias: BiasLaw) -> Option<f64> {
    let field = MeanField::new(activation, 1.0, bias);
    critical_while_watched(field, &TaskContext::unattended()).ok().flatten()
}

/// The smallest critical σ_w² of a field, all else as it is; some tenths of a second's work,
/// which can be stopped after each χ.
pub(super) fn critical_while_watched(
    field: MeanField,
    task: &TaskContext<'_>,
) -> Result<Option<f64>, Stopped> {
    let chi = |weight_variance| {
        task.proceed()?;
        Ok(MeanField { weight_variance, ..field }.chi())
    };
    let (mut low, end) = WEIGHT_VARIANCES;
    while chi(low * SCAN)? < 1.0 {
        low *= SCAN;
        if low > end {
            return Ok(None);
        }
    }
    let critical = halve(low, low * SCAN, |weight_variance| Ok(chi(weight_variance)? < 1.0))?;
    Ok(((chi(critical)? - 1.0).abs() < CRITICAL_WITHIN).then_some(critical))
}
/// The point between `inside` and `outside` at which `holds` ends.
pub(super) fn halve<E>(
    inside: f64,
    outside: f64,
    holds: impl Fn(f64) -> Result<bool, E>,
) -> Result<f64, E> {
    let (mut inside, mut outside) = (inside, outside);
    loop {
        let middle = 0.5 * (inside + outside);
        if middle == inside || middle == outside {
            return Ok(middle);
        }
        if holds(middle)? {
            inside = middle;
        } else {
            outside = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::LeakyRelu;

    fn field(activation: Activation, weight_variance: f64, bias_variance: f64) -> MeanField {
        MeanField::new(activation, weight_variance, BiasLaw::normal(bias_variance))
    }

    /// The reference table, to all of its digits.
    #[test]
    fn fixed_points_and_slopes_of_the_table() {
        for (field, q_expected, q_digits, chi_expected, chi_digits) in [
            (field(Activation::Sigmoid, 1.0, 0.0), "0.264687", 6, "0.055721", 6),
            (field(Activation::Sigmoid, 2.0, 0.0), "0.555290", 6, "0.100977", 6),
            (field(Activation::Sigmoid, 16.0, 0.0), "5.855", 3, "0.3989", 4),
            (field(Activation::Tanh, 25.0 / 9.0, 0.0), "1.178480", 6, "1.209831", 6),
            (field(Activation::Tanh, 1.76095, 0.05), "0.570045", 6, "1.000", 3),
            (field(Activation::Selu, 1.0, 0.0), "1.0000", 4, "1.0716", 4),
        ] {
            let FixedPoint::At(q) = field.fixed_point() else { panic!("{field:?}") };
            assert_eq!(format!("{q:.q_digits$}"), q_expected, "{field:?}");
            assert_eq!(format!("{:.chi_digits$}", field.chi()), chi_expected, "{field:?}");
        }
    }

    #[test]
    fn critical_lines_of_the_table() {
        let close = |activation, bias, expected: f64, digits: f64| {
            let found =
                critical_weight_variance(activation, BiasLaw::normal(bias)).expect("it exists");
            assert!((found - expected).abs() < digits, "{activation:?} {bias}: {found}");
        };
        close(Activation::Linear, 0.0, 1.0, 1e-9);
        close(Activation::Tanh, 0.0, 1.0, 1e-9);
        close(Activation::Relu, 0.0, 2.0, 1e-9);
        close(Activation::LeakyRelu(LeakyRelu::DEFAULT), 0.0, 2.0 / 1.0001, 1e-9);
        close(Activation::Tanh, 0.05, 1.76095, 5e-6);
        close(Activation::Sigmoid, 0.0, 103.01, 5e-3);
        let critical =
            critical_weight_variance(Activation::Sigmoid, BiasLaw::default()).expect("it exists");
        let FixedPoint::At(q) = field(Activation::Sigmoid, critical, 0.0).fixed_point() else {
            panic!("a sigmoid's q settles")
        };
        assert_eq!(format!("{q:.2}"), "45.62");
    }

    #[test]
    fn every_activation_has_a_phase() {
        for activation in Activation::ALL {
            for weight_variance in [0.0, 0.5, 1.0, 2.0, 3.0, 30.0] {
                for bias_variance in [0.0, 0.3] {
                    let field = field(activation, weight_variance, bias_variance);
                    assert!(field.chi().is_finite(), "{field:?}");
                }
            }
        }
        assert_eq!(field(Activation::Relu, 2.0, 0.0).fixed_point(), FixedPoint::Every);
        assert_eq!(field(Activation::Relu, 2.0, 0.0).phase(), Phase::Critical);
        assert_eq!(field(Activation::Relu, 2.5, 0.0).fixed_point(), FixedPoint::Diverges);
        assert_eq!(field(Activation::Relu, 1.0, 0.0).fixed_point(), FixedPoint::At(0.0));
        assert_eq!(field(Activation::Tanh, 2.0, 0.0).phase(), Phase::Chaotic);
        let sigmoid = field(Activation::Sigmoid, 1.0, 0.0);
        assert!((sigmoid.trainable_depth().expect("ordered") - 2.0780).abs() < 1e-3);
    }
}
