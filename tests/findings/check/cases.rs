//! The presets, and small experiments of which the truth is known.

use gradient_lab::engine::Parameter;
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::figure::words::check::sentences;
use gradient_lab::study::{
    CheckFinding, CheckSettings, DrawStudy, GradientCheck, KinkUnit, Outcome, Sample, TaskContext,
    Unresolved, gradient_check,
};

use super::network;
use super::raw::Raw;

fn check(experiment: &Experiment, variant: usize, settings: &CheckSettings) -> GradientCheck {
    let (mut study, task) = (DrawStudy::new(), TaskContext::unattended());
    gradient_check(experiment, variant, settings, &mut study, &task).expect("nobody stops it")
}

fn case(toml: &str) -> GradientCheck {
    check(&Experiment::from_toml(toml).expect("a case"), 0, &CheckSettings::default())
}

fn words(check: &GradientCheck) -> String {
    sentences(&check.findings())
}

/// Prints how many of each outcome, as the page counts them.
fn print(name: &str, check: &GradientCheck) {
    let [agrees, differs, zero, on_kink, below] = [
        Outcome::Agrees,
        Outcome::Differs,
        Outcome::Zero,
        Outcome::Unresolved(Unresolved::OnKink),
        Outcome::Unresolved(Unresolved::BelowRounding),
    ]
    .map(|outcome| check.count(outcome));
    println!(
        "{name}: {} checked: {agrees} agree, {differs} differ, {zero} zero, {on_kink} on a kink, {below} below rounding; bound {:.1e}",
        check.checked,
        check.median_bound().unwrap_or_default()
    );
    println!("    {}", words(check));
}

/// All non-zero derivatives of every preset are resolved and agree, and the findings are true. Those
/// that learn from a set have so many examples that it would take minutes.
#[test]
fn every_preset_is_resolved() {
    for preset in Preset::ALL {
        let experiment = preset.experiment();
        if experiment.data_set.is_some() {
            continue;
        }
        for (variant, of) in experiment.variants.iter().enumerate() {
            let count = match experiment.architecture.depth() {
                // Nothing is verified of these but that they are resolved.
                _ if !of.is_plain() => 5,
                depth if depth > 100 => 30,
                _ => 100,
            };
            let settings = CheckSettings {
                sample: Sample::Some { count, seed: 1 },
                steps: vec![1e-3, 1e-5, 1e-7],
            };
            let check = check(&experiment, variant, &settings);
            print(&format!("{}, {}", preset.id, of.name), &check);
            let resolved = check.count(Outcome::Agrees) + check.count(Outcome::Zero);
            assert_eq!(resolved, check.checked, "{}", words(&check));
            // The derivatives of this test know no normalization, skip or tie.
            if !of.is_plain() {
                continue;
            }
            let network = network::<f64>(&experiment, variant);
            let pass = network.pass();
            let raw = Raw::new(&network, &|parameter| pass.gradient(parameter), &check);
            assert_eq!(raw.verify(&check.findings()), Ok(()), "{} {variant}", preset.id);
        }
    }
}

/// Today's best h was 0 where most derivatives are: it is of those that are not.
#[test]
fn half_of_the_derivatives_being_zero_says_nothing_of_h() {
    let experiment = Preset::find("xavier-vs-he").expect("a preset").experiment();
    let settings =
        CheckSettings { sample: Sample::Some { count: 60, seed: 1 }, ..CheckSettings::default() };
    let check = check(&experiment, 1, &settings);
    assert!(check.count(Outcome::Zero) > 30 && check.count(Outcome::Agrees) > 10);
    let best = check.best_step().expect("some can be compared");
    let median = best.centred.as_ref().expect("some can be compared").median;
    assert!(median > 0.0 && median < 1e-6 && best.step > 1e-9, "{best:?}");
}

/// Every derivative of the chapter's ReLU network, whose output is dead.
#[test]
fn a_dead_output_is_zero_both_ways() {
    let check = check(&Experiment::default(), 1, &CheckSettings::default());
    assert_eq!(check.findings(), [CheckFinding::Zero { count: 1921, checked: 1921 }]);
    assert!(words(&check).contains("all 1,921 derivatives are exactly 0 both ways"));
}

/// h²/12 is no mistake of backpropagation.
#[test]
fn truncation_is_not_a_difference() {
    let check = case(
        "[architecture]\ninput = 1\nhidden = [1, 1, 1]\noutput = 1\n[data]\nx = [[1.0]]\ny = [[0.0]]
        [[variant]]\nname = \"sigmoid\"\nactivation = \"sigmoid\"
        weights = [[[0.5]], [[-0.0001]], [[0.0001]], [[0.0001]]]",
    );
    assert_eq!((check.count(Outcome::Agrees), check.checked), (8, 8), "{}", words(&check));
    let CheckFinding::Agrees { worst, .. } = check.findings()[0] else { panic!() };
    assert!(worst.relative_error < 1e-14, "{}", words(&check));
}

const AT_ZERO: &str = "[architecture]\ninput = 1\nhidden = [1]\noutput = 1
    [data]\nx = [[0.0]]\ny = [[1.0]]
    [[variant]]\nname = \"at zero\"\noutput_activation = \"linear\"
    weights = [[[1.0]], [[1.0]]]\nactivation = ";

/// z = 0 exactly: b^(1) crosses a kink whichever way it goes, x = 0 keeps W^(1) still, and the
/// output is not on a kink.
#[test]
fn a_kink_proves_nothing() {
    let elu = |alpha: f64| format!("{{ kind = \"elu\", alpha = {alpha} }}");
    let plain = ["\"relu\"", "\"leaky_relu\"", "\"selu\""].map(str::to_owned);
    for activation in plain.into_iter().chain([elu(0.5), elu(2.0), elu(1.001)]) {
        let check = case(&format!("{AT_ZERO}{activation}"));
        let unit = KinkUnit { layer: 1, unit: 1, example: 1 };
        assert!(check.findings().contains(&CheckFinding::OnKink { count: 1, unit }));
        let crossing = check.with(Outcome::Unresolved(Unresolved::OnKink)).next();
        let parameter = crossing.map(|of| of.differences.parameter);
        assert_eq!(parameter, Some(Parameter::Bias { layer: 1, row: 1 }), "{activation}");
        assert_eq!((check.count(Outcome::Zero), check.count(Outcome::Agrees)), (2, 1));
        assert!(words(&check).contains("crosses a kink and proves nothing"), "{}", words(&check));
    }
    for activation in ["\"tanh\"".to_owned(), "\"softplus\"".to_owned(), elu(1.0)] {
        let smooth = case(&format!("{AT_ZERO}{activation}"));
        // b^(1) and b^(2); of softplus, which is ln 2 at 0, W^(2) as well.
        let expected = if activation.contains("softplus") { 3 } else { 2 };
        assert_eq!(smooth.count(Outcome::Agrees), expected, "{}", words(&smooth));
        let CheckFinding::Agrees { worst, .. } = smooth.findings()[0] else { panic!() };
        assert!(worst.relative_error < 1e-14, "{}", words(&smooth));
    }
}

/// A kink is avoided by a step that is small enough, however near it is; so is the place where the
/// ELU of α = 1 bends.
#[test]
fn a_near_kink_is_avoided() {
    for x in ["1e-200", "-1e-200", "1e-5"] {
        let near = AT_ZERO.replace("x = [[0.0]]", &format!("x = [[{x}]]"));
        for activation in ["relu", "leaky_relu", "elu"] {
            let check = case(&format!("{near}\"{activation}\""));
            let zeros = if activation == "relu" && x.starts_with('-') { 3 } else { 0 };
            let agree = check.count(Outcome::Agrees);
            assert_eq!(agree + zeros, check.checked, "{activation} {x}: {}", words(&check));
            let CheckFinding::Agrees { worst, .. } = check.findings()[0] else { panic!() };
            assert!(worst.differences.bound.mantissa() > 0.0);
            assert!(worst.relative_error < 1e-14, "{}", words(&check));
        }
    }
}

/// Weights and targets of very different size, with a loss of 1e12 beside derivatives of 1e-6.
#[test]
fn sizes_may_be_very_different() {
    let check = case(
        "[architecture]\ninput = 2\nhidden = [2]\noutput = 2
        [data]\nx = [[1e-6, 1e6]]\ny = [[1e6, 0.5]]
        [[variant]]\nname = \"mixed\"\nactivation = \"tanh\"\noutput_activation = \"linear\"
        weights = [[[1e6, 1e-6], [1e-6, 1e-7]], [[1e-6, 1e-3], [1e6, 1e-6]]]",
    );
    assert!(check.loss.to_f64() > 1e11);
    assert_eq!(check.count(Outcome::Agrees), check.checked, "{}", words(&check));
}

/// Σ(a − y) = 0 and equal weights: what is left below the output is rounding.
#[test]
fn what_cancels_is_below_rounding_or_zero() {
    let toml = "[architecture]\ninput = 3\nhidden = [4, 4]\noutput = 3\nloss = \"softmax_ce\"
        [[variant]]\nname = \"constant\"\nactivation = \"tanh\"
        init = { scheme = \"constant\", value = 0.3 }";
    let check = case(toml);
    assert!(check.passes(), "{}", words(&check));
    let below = |of: &gradient_lab::study::Compared| {
        !matches!(of.outcome, Outcome::Agrees | Outcome::Differs)
    };
    let hidden = 3 * 4 + 4 + 4 * 4 + 4;
    assert!(check.details[..hidden].iter().all(below), "{}", words(&check));
    assert_eq!(check.count(Outcome::Agrees), 4 * 3 + 3, "{}", words(&check));
}

/// Verifies all that a check of a network's own gradient finds.
fn verified(toml: &str) -> GradientCheck {
    let experiment = Experiment::from_toml(toml).expect("a case");
    let check = check(&experiment, 0, &CheckSettings::default());
    let network = network::<f64>(&experiment, 0);
    let pass = network.pass();
    let raw = Raw::new(&network, &|parameter| pass.gradient(parameter), &check);
    assert_eq!(raw.verify(&check.findings()), Ok(()), "{}", words(&check));
    check
}

/// GELU leaves a z of about e^(−5·10⁹) beside ReLU's kink: a step that is small beside any plain
/// number crosses it, but z is not 0, and a smaller step has the derivative.
#[test]
fn a_z_that_no_double_can_hold_is_not_on_the_kink() {
    let check = verified(
        "[architecture]\ninput = 1\nhidden = [1]\noutput = 1\n[data]\nx = [[1.0]]\ny = [[1.0]]
        [[variant]]\nname = \"GELU\"\nactivation = \"gelu\"\noutput_activation = \"relu\"
        weights = [[[-1e5]], [[-1.0]]]",
    );
    assert_eq!(check.count(Outcome::Unresolved(Unresolved::OnKink)), 0, "{}", words(&check));
    let bias = Parameter::Bias { layer: 2, row: 1 };
    let bias = check.details.iter().find(|of| of.differences.parameter == bias).expect("checked");
    assert_eq!((bias.outcome, bias.analytic), (Outcome::Agrees, (-1.0).into()));
}

/// All logits of equal weights rise alike, which a softmax does not notice: off the kink L stays
/// as it is, whatever Σ (p_i − y_i) is rounded to.
#[test]
fn logits_that_rise_alike_leave_zeros_beside_a_kink() {
    let check = verified(
        "[architecture]\ninput = 1\nhidden = [1, 5, 2, 2, 7]\noutput = 6\nloss = \"softmax_ce\"
        [data]\nx = [[-0.5]]\ny = [[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]]
        [[variant]]\nname = \"equal\"\nactivation = \"relu\"
        init = { scheme = \"constant\", value = -0.67 }",
    );
    let zeros = check.count(Outcome::Zero);
    assert_eq!((check.count(Outcome::Agrees), zeros), (6, check.checked - 6), "{}", words(&check));
}
