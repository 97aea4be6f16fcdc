//! Every sentence true: what the lab finds in random networks, verified against raw numbers.

mod random;
mod theory;
