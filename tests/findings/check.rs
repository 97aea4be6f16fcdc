//! The gradient check: right gradients pass, wrong ones are caught, and every finding is true
//! of the raw numbers.

#![expect(clippy::print_stdout, reason = "what was measured is read with --nocapture")]

#[path = "check/backward.rs"]
mod backward;
#[path = "check/cases.rs"]
mod cases;
#[path = "check/lies.rs"]
mod lies;
#[path = "check/raw.rs"]
mod raw;

use gradient_lab::engine::{FromDraws, Network, Parameter, Real, Scaled};
use gradient_lab::experiment::{Experiment, Precision};
use gradient_lab::study::{
    Compared, Derivative, Differences, DrawStudy, Outcome, Sample, TaskContext, Unresolved,
};

use crate::random::Population;
use backward::{Backward, Mistake};

/// Small networks of every kind; one in five has gains from 1e-3 to 1e3.
fn experiment(number: u64) -> Experiment {
    let gain = if number.is_multiple_of(5) { 1e-3..=1e3 } else { 0.3..=3.0 };
    Population { depth: 1..=6, width: 1..=8, batch: 1..=4, gain }.experiment(number)
}

fn network<T: Real + FromDraws>(experiment: &Experiment, variant: usize) -> Network<T> {
    let variant = &experiment.variants[variant];
    let network = DrawStudy::new().network(experiment, variant, &TaskContext::unattended());
    network.expect("nobody stops it")
}

/// |number|.
fn size(number: Scaled) -> Scaled {
    Scaled::new(number.mantissa().abs(), number.exponent())
}

/// |a − b| beside the larger, and 0 where both are 0.
fn relative(a: Scaled, b: Scaled) -> f64 {
    let larger = if (size(a) - size(b)).mantissa() > 0.0 { a } else { b };
    (a - b).checked_div(larger).map_or(0.0, |share| share.to_f64().abs())
}

/// Differences of a network's parameters, forty at the most.
struct Checked<T> {
    network: Network<T>,
    differences: Vec<Derivative>,
}

impl<T: Real + FromDraws> Checked<T> {
    fn new(experiment: &Experiment, number: u64) -> Self {
        let network = network::<T>(experiment, 0);
        let indices = Sample::Some { count: 40, seed: number }.indices(network.parameter_count());
        let of = Differences::new(&network);
        let parameters = indices.into_iter().filter_map(|index| network.parameter(index));
        let differences = parameters.map(|parameter| of.derivative(parameter)).collect();
        Self { network, differences }
    }

    fn compare(&self, gradient: &dyn Fn(Parameter) -> Scaled) -> Vec<Compared> {
        let all = self.differences.iter();
        all.map(|differences| differences.compare::<T>(gradient(differences.parameter))).collect()
    }
}

/// What was found in many networks.
#[derive(Default)]
struct Tally {
    networks: usize,
    outcomes: [usize; 5],
    /// |difference| / bound of what agrees.
    shares: Vec<f64>,
    /// bound / |derivative| of what agrees.
    bounds: Vec<f64>,
    /// By mistake: networks in which it changes something, and those of them that catch it.
    planted: [(usize, usize); Mistake::ALL.len()],
}

impl Tally {
    fn network<T: Real + FromDraws>(&mut self, experiment: &Experiment, number: u64) {
        self.networks += 1;
        let checked = Checked::<T>::new(experiment, number);
        let pass = checked.network.pass();
        let written_out = Backward::new(&checked.network, &pass, Mistake::None, 0);
        let right = checked.compare(&|parameter| written_out.gradient(parameter));
        self.no_differs(&right, &format!("network {number}, written out"));
        let engine = checked.compare(&|parameter| pass.gradient(parameter));
        self.no_differs(&engine, &format!("network {number}"));
        engine.iter().for_each(|of| self.add(of));
        self.plant(&checked, &right, number);
    }

    fn no_differs(&self, compared: &[Compared], which: &str) {
        let wrong = compared.iter().find(|of| differs(of));
        assert!(wrong.is_none(), "{which}: {wrong:?}");
    }

    fn add(&mut self, of: &Compared) {
        self.outcomes[match of.outcome {
            Outcome::Agrees => 0,
            Outcome::Zero => 1,
            Outcome::Unresolved(Unresolved::OnKink) => 2,
            Outcome::Unresolved(Unresolved::BelowRounding) => 3,
            Outcome::Differs => 4,
        }] += 1;
        if of.outcome == Outcome::Agrees {
            self.shares.extend(of.share_of_bound());
            self.bounds.extend(of.relative_bound());
        }
    }

    /// Every mistake, where it changes a derivative that is resolved.
    fn plant<T: Real + FromDraws>(
        &mut self,
        checked: &Checked<T>,
        right: &[Compared],
        number: u64,
    ) {
        let pass = checked.network.forward();
        for (mistake, count) in Mistake::ALL.into_iter().zip(&mut self.planted) {
            let backward = Backward::new(&checked.network, &pass, mistake, number);
            let wrong = checked.compare(&|parameter| backward.gradient(parameter));
            let changed = right.iter().zip(&wrong).any(|(right, wrong)| {
                // A sum that happens to be 0 is known to its bound only.
                let still = right.outcome == Outcome::Zero && right.differences.bound.is_zero();
                let resolved = still || right.outcome == Outcome::Agrees;
                resolved && relative(right.analytic, wrong.analytic) > 1e-5
            });
            count.0 += usize::from(changed);
            count.1 += usize::from(changed && wrong.iter().any(differs));
        }
    }

    fn print(&mut self, name: &str) {
        let [agrees, zero, on_kink, below, differs] = self.outcomes;
        println!(
            "{name}: {} networks: {agrees} agree, {zero} zero, {on_kink} on a kink, {below} below rounding, {differs} differ",
            self.networks
        );
        for (what, numbers) in [("difference/bound", &mut self.shares), ("bound", &mut self.bounds)]
        {
            numbers.sort_by(f64::total_cmp);
            let at = |q: f64| numbers[((numbers.len() - 1) as f64 * q) as usize];
            println!(
                "  {what}: median {:.1e}, 99 % {:.1e}, most {:.1e}",
                at(0.5),
                at(0.99),
                at(1.0)
            );
        }
        for (mistake, (changed, caught)) in Mistake::ALL.iter().zip(&self.planted) {
            println!("  {mistake:?}: {caught} of {changed}");
        }
    }
}

fn differs(of: &Compared) -> bool {
    of.outcome == Outcome::Differs
}

/// No right gradient differs; each mistake is caught in 99 % of the networks in which it
/// changes a resolved derivative by more than 1e-5 of itself, whatever the precision; in double
/// precision in 99.8 %.
#[test]
fn right_gradients_pass_and_mistakes_are_caught_in_2000_networks() {
    let [mut double, mut single] = [Tally::default(), Tally::default()];
    for number in 0..2000 {
        let experiment = experiment(number);
        match experiment.architecture.precision {
            Precision::F32 => single.network::<f32>(&experiment, number),
            _ => double.network::<f64>(&experiment, number),
        }
    }
    double.print("f64");
    single.print("f32");
    for (index, mistake) in Mistake::ALL.iter().enumerate() {
        let ((changed, caught), (changed_single, caught_single)) =
            (double.planted[index], single.planted[index]);
        assert!(changed > 200, "{mistake:?}: {changed}");
        assert!(caught as f64 >= 0.998 * changed as f64, "{mistake:?}: {caught} of {changed}");
        let (changed, caught) = (changed + changed_single, caught + caught_single);
        assert!(caught as f64 >= 0.99 * changed as f64, "{mistake:?}: {caught} of {changed}");
    }
    for tally in [&double, &single] {
        // Chosen with the numbers seen: the largest is 0.12, eight times below the bound.
        let largest = tally.shares.iter().copied().fold(0.0, f64::max);
        assert!(largest < 0.5, "{largest}");
        let [agrees, _, _, below, _] = tally.outcomes;
        assert!(below < agrees / 10, "{below} below rounding, {agrees} agree");
    }
}
