//! BP1 to BP4, each with its reason.

use super::{Action, Block, Place, Section, Setup};

/// The four equations.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "Four equations for the way back",
        level: 1,
        blocks: &[
            Block::Text(
                "Everything follows from the chain rule and from one choice: to ask for the derivative of the loss by each *pre-activation* first. This is $\\delta$. Once it is known in one layer, both the layer below and that layer’s own gradients are one product away.",
            ),
            Block::Formula(r"\delta^{(l)}_j=\frac{\partial L}{\partial z^{(l)}_j}", ""),
        ],
    },
    Section {
        title: "BP1: start at the output",
        level: 2,
        blocks: &[
            Block::Formula(r"\delta^{(L)}=\nabla_a L\odot\sigma'\bigl(z^{(L)}\bigr)", "BP1"),
            Block::Text(
                "*What it says.* The error at the output is how much the loss minds each output, times how far that output still moves when its $z$ does.",
            ),
            Block::Text(
                "*Why.* $z^{(L)}_j$ reaches the loss through its own activation only. With $a_j=\\sigma(z_j)$ the chain rule has two factors, $\\partial L/\\partial a_j$ and $\\sigma'(z_j)$. Where outputs share a softmax they do depend on each other; Exercise 16.4 shows that the result is even simpler.",
            ),
        ],
    },
    Section {
        title: "BP2: one layer down",
        level: 2,
        blocks: &[
            Block::Formula(
                r"\delta^{(l)}=\Bigl(\bigl(W^{(l+1)}\bigr)^{\!\top}\delta^{(l+1)}\Bigr)\odot\sigma'\bigl(z^{(l)}\bigr)",
                "BP2",
            ),
            Block::Text(
                "*What it says.* The error goes back along the very weights on which the signal came, and then through the slope of the activation.",
            ),
            Block::Text(
                "*Why.* A change of $z^{(l)}_j$ reaches the loss through every unit $k$ of the next layer, for which $z^{(l+1)}_k=\\sum_j W^{(l+1)}_{kj}\\,\\sigma(z^{(l)}_j)+b^{(l+1)}_k$. Adding up these ways gives",
            ),
            Block::Formula(
                r"\delta^{(l)}_j=\sum_k\frac{\partial L}{\partial z^{(l+1)}_k}\,\frac{\partial z^{(l+1)}_k}{\partial z^{(l)}_j}=\sum_k\delta^{(l+1)}_k\,W^{(l+1)}_{kj}\,\sigma'\bigl(z^{(l)}_j\bigr)",
                "",
            ),
            Block::Text("The sum runs over the *rows* of $W$. That is all the transpose means."),
        ],
    },
    Section {
        title: "BP3: weight gradients",
        level: 2,
        blocks: &[
            Block::Formula(
                r"\frac{\partial L}{\partial W^{(l)}}=\delta^{(l)}\,\bigl(a^{(l-1)}\bigr)^{\!\top}",
                "BP3",
            ),
            Block::Text(
                "*What it says.* A weight’s gradient is the error at its upper end times the activity at its lower end. It is small as soon as one of the two is.",
            ),
            Block::Text(
                "*Why.* $W^{(l)}_{jk}$ occurs in $z^{(l)}_j$ alone, multiplied by $a^{(l-1)}_k$. A column times a row is a matrix of the shape of $W^{(l)}$, with just these products.",
            ),
        ],
    },
    Section {
        title: "BP4: bias gradients",
        level: 2,
        blocks: &[
            Block::Formula(r"\frac{\partial L}{\partial b^{(l)}}=\delta^{(l)}", "BP4"),
            Block::Text(
                "*What it says.* The error signal *is* the gradient of the bias. *Why.* $b^{(l)}_j$ is added to $z^{(l)}_j$ with the factor 1: a bias is a weight from a unit that always sends 1.",
            ),
            Block::Actions(&[
                Action {
                    label: "Follow BP1 to BP4 through the worked example",
                    setup: Setup::Preset("worked-example"),
                    place: Place::Steps,
                },
                Action {
                    label: "See δ on the diagram of 5–10–8–3",
                    setup: Setup::Preset("cost-5-10-8-3"),
                    place: Place::Graph,
                },
            ]),
        ],
    },
];
