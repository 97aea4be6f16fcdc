//! What a loss asks of the output layer and of the targets.

use super::{Architecture, Data, Experiment, ExperimentError, Loss, Variant, error, limits};

type Checked = Result<(), ExperimentError>;

impl Experiment {
    /// Checks that outputs, targets and output activations go with the loss.
    pub(super) fn validate_loss(&self) -> Checked {
        let loss = self.architecture.loss;
        loss.validate_outputs(&self.architecture)?;
        if let Some(data) = &self.data {
            loss.validate_targets(data)?;
        }
        let mut variants = self.variants.iter().enumerate();
        variants.try_for_each(|(index, variant)| loss.validate_activation(index, variant))
    }
}

impl Loss {
    fn validate_outputs(self, architecture: &Architecture) -> Checked {
        if self != Self::SoftmaxCe || limits::SOFTMAX_OUTPUT.contains(&architecture.output) {
            return Ok(());
        }
        let range = limits::whole(&limits::SOFTMAX_OUTPUT);
        let accepted = format!("{range} with loss = \"softmax_ce\"");
        Err(ExperimentError::value_of("architecture.output", architecture.output, accepted))
    }

    /// Targets of a cross-entropy are probabilities, those of a softmax a distribution.
    fn validate_targets(self, data: &Data) -> Checked {
        if self == Self::Mse {
            return Ok(());
        }
        for (index, y) in data.y.iter().enumerate() {
            if let Some(number) = y.iter().find(|number| !limits::PROBABILITY.contains(number)) {
                let accepted = format!("numbers from 0 to 1 with loss = \"{}\"", self.id());
                return Err(refused_target(index, number.to_string(), accepted));
            }
            let sum: f64 = y.iter().sum();
            if self == Self::SoftmaxCe && (sum - 1.0).abs() > limits::SUM_TOLERANCE {
                let accepted = "numbers that sum to 1 with loss = \"softmax_ce\"".to_owned();
                return Err(refused_target(index, format!("numbers that sum to {sum}"), accepted));
            }
        }
        Ok(())
    }

    /// Where the loss decides the output layer's law, a variant may not choose another.
    fn validate_activation(self, index: usize, variant: &Variant) -> Checked {
        let Some(chosen) = variant.output_activation else { return Ok(()) };
        let advice = match self {
            Self::Mse => return Ok(()),
            Self::Bce if self.output_activation() == Some(chosen) => return Ok(()),
            Self::Bce => "binary cross-entropy belongs to a sigmoid output",
            Self::SoftmaxCe => "softmax_ce takes the softmax of the output layer's logits itself",
        };
        Err(ExperimentError::Conflict(format!(
            "{} = \"{}\" does not go with loss = \"{}\": {advice}. Leave output_activation out.",
            error::in_words(&format!("variant[{index}].output_activation")),
            chosen.id(),
            self.id(),
        )))
    }
}

fn refused_target(index: usize, value: String, accepted: String) -> ExperimentError {
    ExperimentError::value_of(&format!("data.y[{index}]"), value, accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Experiment::from_toml(text).expect_err("refused").to_string()
    }

    #[test]
    fn a_cross_entropy_decides_the_output_layer() {
        let text = "[architecture]\nloss = \"bce\"\n[[variant]]\nactivation = \"relu\"\n";
        let experiment = Experiment::from_toml(text).expect("accepted");
        let last = experiment.activation_of(&experiment.variants[0], experiment.layers());
        assert_eq!(last.id(), "sigmoid");
        assert!(
            refusal(&format!("{text}output_activation = \"tanh\"")).contains(
                "variant 1, output_activation = \"tanh\" does not go with loss = \"bce\""
            )
        );
        assert!(Experiment::from_toml(&format!("{text}output_activation = \"sigmoid\"")).is_ok());
    }

    #[test]
    fn a_softmax_needs_two_outputs() {
        let sentence = refusal("[architecture]\nloss = \"softmax_ce\"");
        assert!(sentence.starts_with("architecture.output = 1 is not accepted: it takes a whole"));
        assert!(Experiment::from_toml("[architecture]\nloss = \"softmax_ce\"\noutput = 2").is_ok());
    }

    #[test]
    fn targets_of_a_cross_entropy_are_probabilities() {
        let data = |loss: &str, output: usize, y: &str| {
            format!(
                "[architecture]\ninput = 1\noutput = {output}\nloss = \"{loss}\"\n[data]\nx = [[1.0]]\ny = [{y}]"
            )
        };
        assert!(Experiment::from_toml(&data("bce", 2, "[0.0, 0.3]")).is_ok());
        assert!(
            refusal(&data("bce", 1, "[1.5]"))
                .contains("1.5 is not accepted: it takes numbers from 0 to 1")
        );
        assert!(Experiment::from_toml(&data("softmax_ce", 2, "[0.25, 0.75]")).is_ok());
        assert!(refusal(&data("softmax_ce", 2, "[0.5, 0.25]")).contains("sum to 0.75"));
    }
}
