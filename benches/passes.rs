//! The pass of a network: forward, backward and every ‖δ^(l)‖, scaled, after nothing, a new
//! seed or a moved gain.
//!
//! A benchmark is named WORKLOAD/KIND/PRECISION/THREADS, as `W2/pass/f32/1`. Workloads: sigmoid,
//! Xavier normal, squared error, no bias. Kinds: `pass` alone; `gradients`, the pass and every
//! ‖∂W^(l)‖; `rescale`, the network of a moved gain and its pass; `redraw`, that of a new seed.
//! `benches/peers.py` runs them beside other programs.

use std::hint::black_box;
use std::ops::Range;
use std::thread;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use gradient_lab::engine::kernels::InstructionSet;
use gradient_lab::engine::{FromDraws, Network, Pass, Real};
use gradient_lab::experiment::{
    Architecture, Draws, Experiment, NormKind, Normalization, Precision,
};
use gradient_lab::study::{DrawStudy, TaskContext, pass};

const W1: Workload = Workload { name: "W1", depth: 50, width: 256, batch: 1, seeds: 1, norm: None };
const W2: Workload =
    Workload { name: "W2", depth: 100, width: 256, batch: 32, seeds: 1, norm: None };
const W3: Workload =
    Workload { name: "W3", depth: 100, width: 512, batch: 64, seeds: 1, norm: None };
const W4: Workload =
    Workload { name: "W4", depth: 1000, width: 64, batch: 1, seeds: 1, norm: None };
/// The chapter's net, with its own draws.
const W5: Workload = Workload { name: "W5", depth: 5, width: 20, batch: 1, seeds: 1, norm: None };
const W6: Workload =
    Workload { name: "W6", depth: 30, width: 128, batch: 1, seeds: 64, norm: None };

/// W2 with layer, batch and RMS normalization.
const NORMALIZED: [Workload; 3] = [
    Workload { name: "W2-layer", norm: Some(NormKind::Layer), ..W2 },
    Workload { name: "W2-batch", norm: Some(NormKind::Batch), ..W2 },
    Workload { name: "W2-rms", norm: Some(NormKind::Rms), ..W2 },
];

const KINDS: [Kind; 4] = [Kind::Pass, Kind::Gradients, Kind::Rescale, Kind::Redraw];

struct Workload {
    name: &'static str,
    depth: usize,
    width: usize,
    batch: usize,
    seeds: u64,
    norm: Option<NormKind>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Pass,
    Gradients,
    Rescale,
    Redraw,
}

impl Kind {
    fn id(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Gradients => "gradients",
            Self::Rescale => "rescale",
            Self::Redraw => "redraw",
        }
    }
}

impl Workload {
    /// The chapter's sigmoid, in this size.
    fn experiment(&self, precision: Precision) -> Experiment {
        let mut experiment = Experiment::default();
        experiment.variants.truncate(1);
        experiment.variants[0].normalization = self.norm.map(Normalization::of);
        if self.name != W5.name {
            experiment.draws = Draws::Layered;
            experiment.architecture = Architecture {
                input: self.width,
                depth: self.depth,
                width: self.width,
                batch: self.batch,
                ..experiment.architecture
            };
        }
        experiment.architecture.precision = precision;
        experiment
    }
}

/// The networks of some seeds on one thread, or one network on several.
struct Lane<T> {
    experiment: Experiment,
    study: DrawStudy,
    networks: Vec<Network<T>>,
    buffers: Option<Pass<T>>,
    threads: usize,
    seeds: Range<u64>,
}

impl<T: Real + FromDraws> Lane<T> {
    fn new(experiment: &Experiment, seeds: Range<u64>, threads: usize) -> Self {
        let mut lane = Self {
            experiment: experiment.clone(),
            study: DrawStudy::on_threads(threads),
            networks: Vec::new(),
            buffers: None,
            threads,
            seeds: seeds.clone(),
        };
        lane.networks = seeds.map(|seed| lane.network(seed)).collect();
        lane
    }

    fn network(&mut self, seed: u64) -> Network<T> {
        self.experiment.seed = seed;
        let network = self.study.network(
            &self.experiment,
            &self.experiment.variants[0],
            &TaskContext::unattended(),
        );
        network.expect("nobody stops it")
    }

    fn run(&mut self, kind: Kind) {
        match kind {
            Kind::Pass | Kind::Gradients => {}
            Kind::Redraw => {
                let count = self.seeds.end - self.seeds.start;
                // Each time seeds that were never drawn, those of other lanes left out.
                self.seeds = self.seeds.start + 1000..self.seeds.start + 1000 + count;
                for seed in self.seeds.clone() {
                    let network = self.network(seed);
                    measure(&network, &mut self.buffers, self.threads, kind);
                }
                return;
            }
            Kind::Rescale if self.networks.len() == 1 => {
                let gain = &mut self.experiment.variants[0].init.gain;
                *gain = Some(if *gain == Some(1.1) { 1.0 } else { 1.1 });
                self.networks = vec![self.network(self.seeds.start)];
            }
            // The draws of so many seeds are not kept: their scales are moved in place.
            Kind::Rescale => {
                let factor =
                    if self.networks[0].dense(0).scale.to_f64() > 0.09 { 0.9 } else { 1.1 };
                for network in &mut self.networks {
                    for index in 0..network.depth() {
                        let scale = &mut network.dense_mut(index).scale;
                        *scale = T::from_f64(scale.to_f64() * factor);
                    }
                }
            }
        }
        for network in &self.networks {
            measure(network, &mut self.buffers, self.threads, kind);
        }
    }
}

fn measure<T: Real>(
    network: &Network<T>,
    buffers: &mut Option<Pass<T>>,
    threads: usize,
    kind: Kind,
) {
    let pass: &Pass<T> =
        pass(network, buffers, threads, &TaskContext::unattended()).expect("nobody stops it");
    for (index, layer) in pass.layers.iter().enumerate() {
        black_box(layer.delta.rms_norm());
        if kind == Kind::Gradients {
            black_box(pass.weight_gradient_norm(index));
        }
    }
}

/// Seeds are shared out among the threads; one seed's batch and layers are, where there is
/// only one.
fn lanes<T: Real + FromDraws>(
    workload: &Workload,
    precision: Precision,
    threads: u64,
) -> Vec<Lane<T>> {
    let experiment = workload.experiment(precision);
    if workload.seeds == 1 {
        return vec![Lane::new(&experiment, 42..43, threads as usize)];
    }
    let share = workload.seeds / threads;
    (0..threads).map(|lane| Lane::new(&experiment, lane * share..(lane + 1) * share, 1)).collect()
}

fn run<T: Real + FromDraws>(lanes: &mut [Lane<T>], kind: Kind) {
    if let [lane] = lanes {
        return lane.run(kind);
    }
    thread::scope(|scope| {
        for lane in lanes {
            scope.spawn(|| lane.run(kind));
        }
    });
}

fn bench<T: Real + FromDraws>(
    criterion: &mut Criterion,
    workload: &Workload,
    precision: Precision,
) {
    for threads in [1, 2] {
        for kind in KINDS {
            let name = format!("{}/{}/{}/{threads}", workload.name, kind.id(), precision.id());
            let mut made = None;
            criterion.bench_function(&name, |bencher| {
                // Made when the filter has let the benchmark through.
                let lanes = made.get_or_insert_with(|| lanes::<T>(workload, precision, threads));
                bencher.iter(|| run(lanes, kind));
            });
        }
    }
}

/// The instruction set that `LAB_INSTRUCTION_SET` names is the widest that serves.
fn limit_instruction_set() {
    let Ok(name) = std::env::var("LAB_INSTRUCTION_SET") else { return };
    let set = InstructionSet::ALL.iter().find(|set| format!("{set:?}").to_lowercase() == name);
    InstructionSet::limit_to(*set.expect("portable, avx2 or avx512"));
}

fn all(criterion: &mut Criterion) {
    limit_instruction_set();
    for workload in [W1, W2, W3, W4, W5, W6].into_iter().chain(NORMALIZED) {
        bench::<f32>(criterion, &workload, Precision::F32);
        bench::<f64>(criterion, &workload, Precision::F64);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = all
}
criterion_main!(benches);
