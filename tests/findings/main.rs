//! Every sentence true: what the lab finds in random networks, verified against raw numbers.

mod ensembles;
#[path = "../helpers/mod.rs"]
mod helpers;
mod random;
mod sweeps;
mod theory;
mod theory_cases;
