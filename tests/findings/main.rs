//! Every sentence true: what the lab finds in random networks, verified against raw numbers.

mod cases;
mod flow;
mod precision;
mod random;
mod raw;
mod spread;
mod why;
