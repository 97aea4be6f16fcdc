//! What the gradient costs.

use super::{Action, Block, Place, Section, Setup};

/// Costs.
pub const SECTIONS: &[Section] = &[Section {
    title: "What it costs",
    level: 1,
    blocks: &[
        Block::Text(
            "Count the multiply-adds of the matrix products; all the rest is small beside them. Forward, each weight is used once. Backward, each weight is used once for BP3 and once for BP2, except in layer 1, below which no $\\delta$ is needed:",
        ),
        Block::Formula(
            r"\text{forward}=\sum_{l=1}^{L}n_l\,n_{l-1},\qquad \text{backward}=\underbrace{\sum_{l=2}^{L}n_l\,n_{l-1}}_{\text{BP2}}+\underbrace{\sum_{l=1}^{L}n_l\,n_{l-1}}_{\text{BP3}}\;\le\;2\cdot\text{forward}",
            "",
        ),
        Block::Text(
            "So the loss and *all* its derivatives together cost no more than three forward passes. Finite differences need at least one more forward pass for *each* of the $P$ parameters, and $2P$ for central differences. They remain the best check of a backward pass, and a hopeless way to train.",
        ),
        Block::Actions(&[Action {
            label: "Check the gradient and count the cost: 5–10–8–3",
            setup: Setup::Preset("cost-5-10-8-3"),
            place: Place::Check,
        }]),
    ],
}];
