//! Every sentence true: what the lab finds in random networks, verified against raw numbers.

mod cases;
mod check;
mod ensembles;
mod flow;
#[path = "../helpers/mod.rs"]
mod helpers;
mod precision;
mod random;
mod raw;
mod rounding;
mod same_words;
mod spread;
mod sweeps;
mod theory;
mod theory_cases;
mod theory_mixed;
mod why;
