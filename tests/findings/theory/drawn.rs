//! Networks drawn weight by weight.

use gradient_lab::experiment::Experiment;
use gradient_lab::study::{Engine, Sampler};

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
