//! The theory's findings against raw numbers: the recursion of q by a quadrature of its own,
//! networks drawn weight by weight, and planted lies.

use gradient_lab::experiment::{Activation, Experiment, Sine, UnitLaw, Variant};
use gradient_lab::study::{
    Engine, FixedPoint, Footing, Phase, Sampler, Theory, TheoryFinding, VariantTheory,
};

use crate::random::Population;

/// Of q and χ by the trapezoidal rule below.
const QUADRATURE: f64 = 2e-4;

/// z = mean + std·g + U(±uniform).
#[derive(Clone, Copy, Debug)]
pub struct Law {
    pub mean: f64,
    pub std: f64,
    pub uniform: f64,
}

impl Law {
    /// E f(z), K functions at once, by the trapezoidal rule: on z = sinh t, which is dense where
    /// activations bend and reaches far, or evenly where the law is narrow.
    pub fn expect<const K: usize>(&self, f: &dyn Fn(f64) -> [f64; K]) -> [f64; K] {
        // Less than that is as good as normal: (1/20)⁴/120 of the fourth moment.
        if self.uniform > 0.05 * self.std {
            // Midpoints of the uniform part.
            let parts = ((6.0 * self.uniform / self.std.max(0.1)) as i32).clamp(40, 600);
            let mut sums = [0.0; K];
            for part in 0..parts {
                let share = (f64::from(part) + 0.5) / f64::from(parts);
                let mean = self.mean + self.uniform * (2.0 * share - 1.0);
                let point = Self { mean, uniform: 0.0, ..*self };
                let each = if self.std == 0.0 { f(mean) } else { point.normal(f) };
                (0..K).for_each(|k| sums[k] += each[k] / f64::from(parts));
            }
            return sums;
        }
        let std = self.std.hypot(self.uniform / 3_f64.sqrt());
        if std == 0.0 {
            return f(self.mean);
        }
        let this = Self { std, uniform: 0.0, ..*self };
        this.normal(f)
    }

    /// E sin² and E (ω cos)² of ωz, in closed form: any rule of points misses waves that are finer
    /// than they are. E cos 2ωz = cos 2ωm · e^(−2ω²s²) · sinc 2ωu.
    pub fn sine(&self, omega: f64) -> [f64; 2] {
        let turned = 2.0 * omega * self.uniform;
        let sinc = if turned == 0.0 { 1.0 } else { turned.sin() / turned };
        let damped = (-2.0 * (omega * self.std).powi(2)).exp();
        let wave = (2.0 * omega * self.mean).cos() * damped * sinc;
        [0.5 * (1.0 - wave), 0.5 * omega * omega * (1.0 + wave)]
    }

    fn normal<const K: usize>(&self, f: &dyn Fn(f64) -> [f64; K]) -> [f64; K] {
        let narrow = self.std < 0.3;
        let reach = 9.0 * self.std;
        let inverse = |z: f64| if narrow { z } else { z.asinh() };
        let (from, to) = (inverse(self.mean - reach), inverse(self.mean + reach));
        let step = if narrow { self.std / 16.0 } else { (self.std / 16.0).min(0.04) };
        let (first, last) = ((from / step).floor() as i64, (to / step).ceil() as i64);
        let (mut sums, mut total) = ([0.0; K], 0.0);
        for index in first..=last {
            let t = index as f64 * step;
            let (z, width) = if narrow { (t, 1.0) } else { (t.sinh(), t.cosh()) };
            let g = (z - self.mean) / self.std;
            let weight = width * (-0.5 * g * g).exp();
            // A kink at 0 counts half to either side.
            let (left, right) = (f(z - 1e-300), f(z + 1e-300));
            let values: [f64; K] = std::array::from_fn(|k| 0.5 * (left[k] + right[k]));
            total += weight;
            (0..K).for_each(|k| sums[k] += weight * values[k]);
        }
        sums.map(|sum| sum / total)
    }
}

/// The wide network as the test knows it: σ_w² and biases read off the experiment's draws.
struct Wide {
    activation: Activation,
    weight_variance: f64,
    mean: f64,
    variance: f64,
    uniform: f64,
    /// E b² in layer 1, whose fan may differ, its normal variance and its uniform part.
    first: f64,
    first_parts: (f64, f64),
    /// The part of q in layer 1 that comes from the weights, example by example.
    starts: Vec<f64>,
}

impl Wide {
    fn of(experiment: &Experiment, variant: &Variant) -> Self {
        let sizes = experiment.sizes();
        let n = sizes[1];
        let scale = variant.bias.scale(n, n);
        let (mean, variance, uniform) = match variant.bias.unit_law() {
            UnitLaw::Fixed(_) => (scale, 0.0, 0.0),
            UnitLaw::Uniform => (0.0, 0.0, scale.abs()),
            _ => (0.0, variant.bias.variance(n, n), 0.0),
        };
        let squares: Vec<f64> = match &experiment.data {
            Some(data) => data.x.iter().map(|x| x.iter().map(|x| x * x).sum()).collect(),
            None => vec![sizes[0] as f64],
        };
        let first = variant.init.variance(sizes[0], n);
        let first_scale = variant.bias.scale(sizes[0], n);
        Self {
            activation: variant.activation,
            weight_variance: n as f64 * variant.init.variance(n, n),
            mean,
            variance,
            uniform,
            first_parts: match variant.bias.unit_law() {
                UnitLaw::Fixed(_) => (0.0, 0.0),
                UnitLaw::Uniform => (0.0, first_scale.abs()),
                _ => (variant.bias.variance(sizes[0], n), 0.0),
            },
            first: match variant.bias.unit_law() {
                UnitLaw::Fixed(_) => first_scale * first_scale,
                UnitLaw::Uniform => first_scale * first_scale / 3.0,
                _ => variant.bias.variance(sizes[0], n),
            },
            starts: squares.iter().map(|square| square * first).collect(),
        }
    }

    /// The weights' part of a layer with the q of layer 1 and the biases of the others.
    fn start(&self) -> f64 {
        let mean = self.starts.iter().sum::<f64>() / self.starts.len() as f64;
        (mean + self.first - self.fixed()).max(0.0)
    }

    fn fixed(&self) -> f64 {
        self.mean * self.mean + self.variance + self.uniform * self.uniform / 3.0
    }

    /// The weights' part of the next q, and σ_w² E φ′².
    fn step(&self, part: f64) -> [f64; 2] {
        self.step_with(part, self.variance, self.uniform)
    }

    /// The same of layer 1.
    fn first_step(&self) -> [f64; 2] {
        let mean = self.starts.iter().sum::<f64>() / self.starts.len() as f64;
        self.step_with(mean, self.first_parts.0, self.first_parts.1)
    }

    fn step_with(&self, part: f64, variance: f64, uniform: f64) -> [f64; 2] {
        let law = Law { mean: self.mean, std: (part.max(0.0) + variance).sqrt(), uniform };
        if let Activation::Sine(Sine { omega }) = self.activation {
            return law.sine(omega).map(|e| self.weight_variance * e);
        }
        let (value, slope) = (|z| self.activation.value(z), |z| self.activation.derivative(z));
        law.expect(&|z| [value(z).powi(2), slope(z).powi(2)]).map(|e| self.weight_variance * e)
    }

    /// The weights' part of q after as many layers, or until it no longer moves.
    fn run(&self, start: f64, layers: usize) -> (f64, bool) {
        let mut part = start;
        for _ in 0..layers {
            let next = self.step(part)[0];
            if (next - part).abs() <= 1e-9 * part || part > 1e9 || next < part.min(1e-11) {
                return (next, true);
            }
            part = next;
        }
        (part, false)
    }
}

fn check(is_true: bool, what: &str) -> Result<(), String> {
    if is_true { Ok(()) } else { Err(what.to_owned()) }
}

fn near(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * a.abs().max(b.abs()) + 1e-9
}

/// Whether q from this start goes where it is said to go.
fn goes(wide: &Wide, start: f64, point: FixedPoint) -> Result<(), String> {
    let (end, arrived) = wide.run(start, 120);
    let q = end + wide.fixed();
    match point {
        FixedPoint::Every => check(near(wide.step(start)[0], start, QUADRATURE), "q is not kept"),
        FixedPoint::Diverges => {
            let grows = wide.step(end)[0] > end;
            check(grows && (end > start || start > 1e9), &format!("q does not grow: {end}"))
        }
        FixedPoint::At(claimed) if arrived => {
            check(near(q, claimed, 1e-3) || claimed < 1e-9 && q < 1e-6, &format!("q → {q}"))
        }
        // Too slow to arrive: it must have come nearer, and move towards it still.
        FixedPoint::At(claimed) => {
            let from = start + wide.fixed();
            let nearer = (q - claimed).abs() < (from - claimed).abs();
            let next = wide.step(end)[0] + wide.fixed();
            // And where it is said to go it must stay.
            let rests = wide.step(claimed - wide.fixed())[0] + wide.fixed();
            check(near(rests, claimed, QUADRATURE), &format!("q leaves {claimed} for {rests}"))?;
            check(
                near(q, claimed, 1e-3) || nearer && (next - q) * (claimed - q) >= 0.0,
                &format!("q at {q} of {claimed}"),
            )
        }
    }
}

/// log10 ‖δ^(l)‖ of drawn networks, layer by layer; nothing for a true zero.
pub struct Drawn {
    networks: Vec<Vec<Option<f64>>>,
}

impl Drawn {
    pub fn of(experiment: &Experiment, networks: u64) -> Self {
        let mut sampler = Sampler::new(experiment, Some(Engine::Direct)).expect("any scheme");
        let networks = (0..networks).map(|seed| {
            let norms = sampler.sample(seed + 1, &|| true).expect("nobody stops it");
            norms.iter().map(|norm| norm.log10()).collect()
        });
        Self { networks: networks.collect() }
    }

    /// Mean, standard deviation and number of log10 ‖δ^(low)‖/‖δ^(high)‖ over the living.
    pub fn change(&self, low: usize, high: usize) -> (f64, f64, f64) {
        let all = self.networks.iter().filter_map(|n| Some(n[low - 1]? - n[high - 1]?));
        let all: Vec<f64> = all.collect();
        let count = all.len() as f64;
        let mean = all.iter().sum::<f64>() / count;
        let square = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, square.sqrt(), count)
    }

    /// Networks with δ^(1) among those with δ^(L), and those.
    pub fn survivors(&self) -> (usize, usize) {
        let started = self.networks.iter().filter(|n| n.last().is_some_and(Option::is_some));
        let started: Vec<_> = started.collect();
        (started.iter().filter(|n| n[0].is_some()).count(), started.len())
    }
}

/// Verifies one claim against the recursion and the drawn networks.
fn verify(
    finding: &TheoryFinding,
    experiment: &Experiment,
    wide: &Wide,
    drawn: &Drawn,
) -> Result<(), String> {
    let hidden = experiment.layers() - 1;
    match *finding {
        TheoryFinding::Limit { .. } => verify_limit(finding, wide),
        TheoryFinding::Basins {
            first_q, boundary, here, there, examples_beyond, examples, ..
        } => {
            let fixed = wide.fixed();
            check(near(first_q, wide.start() + fixed, QUADRATURE), "q in layer 1")?;
            let side = if first_q > boundary { 1.0 } else { -1.0 };
            let edge = boundary - fixed;
            goes(wide, edge * (1.0 + 0.02 * side), here)?;
            goes(wide, edge * (1.0 - 0.02 * side), there)?;
            let beyond =
                |start: &&f64| (**start + wide.first - fixed > edge) != (wide.start() > edge);
            let counted = wide.starts.iter().filter(beyond).count();
            check((counted, wide.starts.len()) == (examples_beyond, examples), "examples")
        }
        TheoryFinding::AtThisSize { steps, wide_log10, mean_log10, std_log10, footing, .. } => {
            check(steps == hidden - 1, "the number of steps")?;
            let equal = experiment.sizes()[1..=hidden].iter().all(|n| *n == experiment.sizes()[1]);
            if equal {
                let (mut part, mut log10) = (0.0, 0.0);
                for step in 0..steps {
                    let [next, chi] = if step == 0 { wide.first_step() } else { wide.step(part) };
                    log10 += 0.5 * chi.log10();
                    part = next;
                }
                let tolerance = 1e-3 * (1.0 + wide_log10.abs()) + 1e-4 * steps as f64;
                check((log10 - wide_log10).abs() < tolerance, &format!("wide: {log10}"))?;
            }
            let (mean, std, count) = drawn.change(1, hidden);
            if count < 6.0 {
                return Ok(());
            }
            let error = 4.0 * std_log10.max(std) / count.sqrt();
            // An estimate is said to be good to about the spread: 1.5 of it, chosen after a look
            // at 250 other experiments whose worst was 1.2.
            let (slack, factor) = match footing {
                Footing::Exact => (0.0, 1.0),
                Footing::Heuristic => (1.5 * std_log10, 2.5),
            };
            check((mean - mean_log10).abs() < error + slack, &format!("mean {mean}"))?;
            let sampling = 1.0 + 5.0 / (2.0 * count).sqrt();
            let ratio = std / std_log10;
            check(ratio < factor * sampling, &format!("spread {std}"))?;
            let batch = experiment.architecture.batch > 1;
            check(batch || ratio * factor * sampling > 1.0, &format!("spread {std}"))?;
            verify_decade(finding, drawn, hidden, error + slack)
        }
        TheoryFinding::Silence { survival, units, active, footing, .. } => {
            check(active <= units as f64, "more active units than there are")?;
            let (alive, of) = drawn.survivors();
            let share = alive as f64 / of.max(1) as f64;
            let error = 4.0 * (survival * (1.0 - survival) / of.max(1) as f64).sqrt();
            let off = share - survival;
            match footing {
                _ if of < 6 => Ok(()),
                Footing::Exact => {
                    check(off.abs() <= error + 2.0 / of as f64, &format!("{share} survive"))
                }
                // With several examples one of them is enough.
                Footing::Heuristic if experiment.architecture.batch > 1 => {
                    check(off > -error - 0.2, &format!("{share} survive"))
                }
                Footing::Heuristic => check(off.abs() <= error + 0.2, &format!("{share} survive")),
            }
        }
        TheoryFinding::NoSpread { .. }
        | TheoryFinding::Critical { .. }
        | TheoryFinding::NoLimit
        | TheoryFinding::NoTheory { .. } => Ok(()),
    }
}

fn verify_limit(finding: &TheoryFinding, wide: &Wide) -> Result<(), String> {
    let TheoryFinding::Limit {
        weight_variance,
        bias_mean,
        bias_variance,
        fixed_point,
        chi,
        phase,
        depth_scale,
        trainable_depth,
    } = *finding
    else {
        panic!("the limit")
    };
    check(near(weight_variance, wide.weight_variance, 1e-12), "σ_w²")?;
    let spread = wide.fixed() - wide.mean * wide.mean;
    check(bias_mean == wide.mean && near(bias_variance, spread, 1e-9), "biases")?;
    goes(wide, wide.start(), fixed_point)?;
    let at = match fixed_point {
        FixedPoint::At(q) => q - wide.fixed(),
        FixedPoint::Every => wide.start(),
        FixedPoint::Diverges => 1e12,
    };
    // A straight line through 0 has two slopes there: the limit from above counts.
    let own = wide.step(if at <= 0.0 && wide.fixed() == 0.0 { 1e-12 } else { at })[1];
    check(near(own, chi, 1e-3), &format!("χ = {own}"))?;
    let is = match phase {
        Phase::Ordered => chi < 1.0 - 1e-6,
        Phase::Critical => (chi - 1.0).abs() <= 1e-6,
        Phase::Chaotic => chi > 1.0 + 1e-6,
    };
    check(is, "the phase")?;
    check(near(depth_scale, 1.0 / chi.ln().abs(), 1e-9) || chi == 1.0, "ξ")?;
    let depth = match phase {
        Phase::Ordered => Some(6.0 * depth_scale),
        Phase::Critical => Some(f64::INFINITY),
        Phase::Chaotic => None,
    };
    check(trainable_depth == depth, "the trainable depth")
}

/// The step at which networks leave a decade, on average.
fn verify_decade(
    finding: &TheoryFinding,
    drawn: &Drawn,
    hidden: usize,
    slack: f64,
) -> Result<(), String> {
    let TheoryFinding::AtThisSize { leaves_a_decade_after, .. } = *finding else {
        panic!("what to expect at this size")
    };
    let inside = leaves_a_decade_after.map_or(hidden - 1, |steps| steps - 1);
    for steps in 1..=inside {
        let mean = drawn.change(hidden - steps, hidden).0;
        check(mean.abs() <= 1.0 + slack, &format!("{mean} after {steps} steps"))?;
    }
    let Some(steps) = leaves_a_decade_after else { return Ok(()) };
    let mean = drawn.change(hidden - steps, hidden).0;
    check(mean.abs() >= 1.0 - slack, &format!("{mean} after {steps} steps"))
}

/// The theory of the first variant.
fn theory(experiment: &Experiment) -> VariantTheory {
    Theory::at_once(experiment).variants.remove(0)
}

fn verify_all(experiment: &Experiment, findings: &[TheoryFinding], drawn: &Drawn) {
    let wide = Wide::of(experiment, &experiment.variants[0]);
    for finding in findings {
        if let Err(why) = verify(finding, experiment, &wide, drawn) {
            panic!("{why}\n{finding:?}\n{experiment:?}");
        }
    }
}

/// The population on which theory speaks of something that can be measured: gains at which
/// numbers differ, not too deep for layers as wide as these.
fn population() -> Population {
    Population { depth: 2..=60, width: 4..=200, batch: 1..=6, gain: 0.2..=5.0 }
}

#[test]
fn what_is_said_of_random_networks_is_so() {
    let mut kinds = [0; 5];
    for number in 10_000..10_400 {
        let experiment = population().experiment(number);
        let findings = theory(&experiment).findings();
        let told = |f: &TheoryFinding| {
            matches!(f, TheoryFinding::AtThisSize { .. } | TheoryFinding::Silence { .. })
        };
        let cost =
            experiment.architecture.weight_count() as u64 * experiment.architecture.batch as u64;
        let networks = if findings.iter().any(told) { (400_000 / cost).clamp(8, 40) } else { 0 };
        let drawn = Drawn::of(&experiment, networks);
        verify_all(&experiment, &findings, &drawn);
        for finding in &findings {
            let kind = match finding {
                TheoryFinding::Limit { .. } => 0,
                TheoryFinding::AtThisSize { .. } => 1,
                TheoryFinding::Silence { .. } => 2,
                TheoryFinding::NoSpread { .. } => 3,
                _ => 4,
            };
            kinds[kind] += 1;
        }
    }
    assert!(kinds[0] > 150 && kinds[1] > 100 && kinds[2] > 3 && kinds[3] > 30, "{kinds:?}");
}

/// The limits of 1,600 more, whose networks are not drawn.
#[test]
fn limits_of_random_networks_are_so() {
    let mut basins = 0;
    for number in 30_000..31_600 {
        let experiment = population().experiment(number);
        let mut findings = theory(&experiment).findings();
        findings
            .retain(|f| matches!(f, TheoryFinding::Limit { .. } | TheoryFinding::Basins { .. }));
        basins += findings.iter().filter(|f| matches!(f, TheoryFinding::Basins { .. })).count();
        verify_all(&experiment, &findings, &Drawn { networks: Vec::new() });
    }
    assert!(basins > 5, "{basins}");
}

/// Each lie about each claim of each experiment is found out.
#[test]
fn lies_are_caught() {
    let mut caught = 0;
    for number in 20_000..20_080 {
        let experiment = population().experiment(number);
        let wide = Wide::of(&experiment, &experiment.variants[0]);
        let findings = theory(&experiment).findings();
        let drawn = Drawn::of(&experiment, if findings.len() > 1 { 12 } else { 0 });
        for finding in &findings {
            for lie in lies(finding, &experiment, &drawn) {
                let verdict = verify(&lie, &experiment, &wide, &drawn);
                assert!(verdict.is_err(), "{lie:?}\n{experiment:?}");
                caught += 1;
            }
        }
    }
    assert!(caught > 250, "{caught}");
}

/// False claims that differ from a true one by more than what chance and quadrature leave open.
fn lies(finding: &TheoryFinding, experiment: &Experiment, drawn: &Drawn) -> Vec<TheoryFinding> {
    let mut lies = Vec::new();
    match *finding {
        TheoryFinding::Limit { phase, chi, bias_mean, fixed_point, .. } => {
            let mut lie = |change: &dyn Fn(&mut TheoryFinding)| {
                let mut lie = finding.clone();
                change(&mut lie);
                lies.push(lie);
            };
            let other = if phase == Phase::Ordered { Phase::Chaotic } else { Phase::Ordered };
            lie(&|f| {
                if let TheoryFinding::Limit { phase, .. } = f {
                    *phase = other;
                }
            });
            if chi > 1e-6 {
                lie(&|f| {
                    if let TheoryFinding::Limit { chi, .. } = f {
                        *chi *= 1.02;
                    }
                });
            }
            if bias_mean != 0.0 {
                lie(&|f| {
                    if let TheoryFinding::Limit { bias_mean, bias_variance, .. } = f {
                        *bias_variance = *bias_mean * *bias_mean;
                        *bias_mean = 0.0;
                    }
                });
            }
            let elsewhere = match fixed_point {
                FixedPoint::At(q) if q > 1e-3 => FixedPoint::At(1.1 * q),
                FixedPoint::At(_) => FixedPoint::Diverges,
                _ if chi > 1.01 || phase == Phase::Critical => FixedPoint::At(0.5),
                _ => return lies,
            };
            lie(&|f| {
                if let TheoryFinding::Limit { fixed_point, .. } = f {
                    *fixed_point = elsewhere;
                }
            });
        }
        TheoryFinding::AtThisSize { mean_log10, std_log10, .. } => {
            let hidden = experiment.layers() - 1;
            if drawn.change(1, hidden).2 < 6.0 {
                return lies;
            }
            let (far, wider) = (6.0 * std_log10 + 0.2 * mean_log10.abs(), 12.0 * std_log10);
            for (mean, std) in [(mean_log10 + far, std_log10), (mean_log10 - far, std_log10)] {
                let mut lie = finding.clone();
                if let TheoryFinding::AtThisSize { mean_log10, std_log10, .. } = &mut lie {
                    (*mean_log10, *std_log10) = (mean, std);
                }
                lies.push(lie);
            }
            // Examples of a batch share weights: their networks stray less.
            if experiment.architecture.batch == 1 {
                let mut lie = finding.clone();
                if let TheoryFinding::AtThisSize { std_log10, .. } = &mut lie {
                    *std_log10 = wider;
                }
                lies.push(lie);
            }
            let mut lie = finding.clone();
            if let TheoryFinding::AtThisSize { steps, .. } = &mut lie {
                *steps += 1;
            }
            lies.push(lie);
        }
        _ => {}
    }
    lies
}
