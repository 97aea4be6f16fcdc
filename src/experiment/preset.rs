//! The presets: experiment files that come with the lab.

use std::sync::OnceLock;

use super::Experiment;

/// A named experiment that comes with the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The name on the command line.
    pub id: &'static str,
    /// What there is to see, in a sentence.
    pub hint: &'static str,
    text: &'static str,
}

macro_rules! preset {
    ($id:literal, $hint:literal) => {
        Preset {
            id: $id,
            hint: $hint,
            text: include_str!(concat!("../../assets/presets/", $id, ".toml")),
        }
    };
}

impl Preset {
    /// Every preset, in the order in which menus show them.
    pub const ALL: [Self; 17] = [
        preset!(
            "chapter-16",
            "The chapter's gradient-flow figure: a sigmoid net vanishes, the ReLU net's one output is dead."
        ),
        preset!(
            "worked-example",
            "The chapter's worked example, 2–3–1 with given numbers: one step of gradient descent by hand."
        ),
        preset!("xor", "Exercise 16.2: XOR on 2–2–1 with sigmoids, all four examples at once."),
        preset!(
            "cost-5-10-8-3",
            "Exercise 16.5: count 175 parameters and the multiply-adds of a pass."
        ),
        preset!(
            "vanishing",
            "Sigmoid, 50 layers: δ loses about two thirds of a decade in every layer."
        ),
        preset!(
            "exploding",
            "Weights too large, 30 layers: ReLU and tanh let δ grow without bound."
        ),
        preset!(
            "xavier-vs-he",
            "ReLU, 30 layers: Xavier loses half of ‖δ‖² in every layer, He keeps it."
        ),
        preset!("deep", "Sigmoid, 1000 layers: norms down to 1e-641, far below what f64 can hold."),
        preset!(
            "orthogonal",
            "Linear and tanh, 50 layers: orthogonal weights keep δ where Gaussian ones wander."
        ),
        preset!(
            "what-cures",
            "ReLU, 24 layers: Xavier loses 3.6 decades; He, LSUV, SELU, layer norm and skips keep δ."
        ),
        preset!(
            "batch-norm-explodes",
            "50 layers with batch norm: δ grows by 4 decades with ReLU, and not with skips around it."
        ),
        preset!(
            "selu-vs-layer-norm",
            "50 layers: SELU and layer norm both keep the forward signal; a sigmoid vanishes all the same."
        ),
        preset!(
            "residual-scale",
            "ReLU, 50 layers: δ vanishes without skips, explodes with them, and keeps its size with α = 1/√depth."
        ),
        preset!(
            "pre-vs-post-ln",
            "Skips and layer norm, 40 layers: before the block δ keeps its size, behind the sum it grows."
        ),
        preset!(
            "recurrent",
            "One orthogonal matrix 50 times: δ vanishes, stays and explodes at gain 0.9, 1 and 1.1."
        ),
        preset!(
            "spirals",
            "Training: two spirals, which three layers of tanh or ReLU learn and sigmoids do not."
        ),
        preset!(
            "digits-deep",
            "Training: twenty sigmoid layers stay at chance on handwritten digits; each remedy learns."
        ),
    ];

    /// The preset of that name.
    pub fn find(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.id == id)
    }

    /// The preset's experiment.
    ///
    /// # Panics
    /// Never: a test reads every preset.
    pub fn experiment(self) -> Experiment {
        let index = Self::ALL.iter().position(|preset| preset.id == self.id);
        Self::experiments()[index.expect("there are no others")].clone()
    }

    /// The preset that an experiment is, where it is one.
    pub fn of(experiment: &Experiment) -> Option<Self> {
        let index = Self::experiments().iter().position(|preset| preset == experiment)?;
        Some(Self::ALL[index])
    }

    /// All presets' experiments, read once: the window asks in every frame which one is set.
    fn experiments() -> &'static [Experiment] {
        static READ: OnceLock<Vec<Experiment>> = OnceLock::new();
        READ.get_or_init(|| Self::ALL.iter().map(|preset| preset.read()).collect())
    }

    fn read(self) -> Experiment {
        match Experiment::from_toml(self.text) {
            Ok(experiment) => experiment,
            Err(error) => panic!("the preset {} is tested to be valid: {error}", self.id),
        }
    }
}
