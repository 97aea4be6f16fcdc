//! What helps.

use super::action::file;
use super::{Action, Block, Place, Section, Setup};

/// Initialization, activation, depth scale, and what the lab has no switch for.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "Remedies",
        level: 1,
        blocks: &[Block::Text(
            "All of them aim at the same number: the factor by which one layer changes $\\|\\delta\\|$ should be close to 1.",
        )],
    },
    Section {
        title: "Initialization",
        level: 2,
        blocks: &[
            Block::Text(
                "Zero weights would let nothing through, and equal weights would keep all units of a layer equal for ever. So weights are drawn at random, with a variance that fits the size of the layer:",
            ),
            Block::Pairs(&[
                (
                    "LeCun",
                    "$\\operatorname{Var}W=\\frac{1}{n_{l-1}}$ keeps the size of the *forward* signal where $\\sigma$ is nearly linear around 0. SELU is made for it.",
                ),
                (
                    "Xavier",
                    "$\\operatorname{Var}W=\\frac{2}{n_{l-1}+n_l}$ is the compromise between the way forward, which wants $1/n_{l-1}$, and the way back, which wants $1/n_l$ (Glorot and Bengio 2010).",
                ),
                (
                    "He",
                    "$\\operatorname{Var}W=\\frac{2}{n_{l-1}}$ makes up for the half that a ReLU cuts away (He and others 2015).",
                ),
                (
                    "Orthogonal",
                    "$W^{\\top}W=I$ lets every vector keep its length exactly, not only on the average (Saxe and others 2013). Then only $\\sigma'$ can shrink $\\delta$.",
                ),
            ]),
            Block::Text(
                "*In the lab.* A ReLU net of 30 hidden layers: with Xavier it loses about half of $\\|\\delta\\|^2$ in every layer, altogether 4.6 decades of $\\|\\delta\\|$; with He it loses 0.2. A linear net of orthogonal square matrices keeps $\\|\\delta\\|$ to the last digit over 50 layers.",
            ),
            Block::Actions(&[
                Action {
                    label: "Show in the lab: ReLU, Xavier against He",
                    setup: Setup::Preset("xavier-vs-he"),
                    place: Place::Flow,
                },
                Action {
                    label: "Show in the lab: orthogonal weights, 50 layers",
                    setup: Setup::Preset("orthogonal"),
                    place: Place::Flow,
                },
                Action {
                    label: "Show in the lab: one tanh net, four initializations",
                    setup: file!("initializations"),
                    place: Place::Flow,
                },
            ]),
        ],
    },
    Section {
        title: "Activation",
        level: 2,
        blocks: &[
            Block::Text(
                "Tanh has slope 1 at 0, four times the sigmoid’s. ReLU has slope 1 on its whole active side, leaky ReLU a small slope on the other side too, so that no unit is ever quite dead. SELU is scaled so that signals drift towards mean 0 and variance 1 by themselves. Each wants its own initialization.",
            ),
            Block::Text(
                "*In the lab.* From output to layer 1 through 30 hidden layers, $\\|\\delta\\|$ changes by $-18.8$ decades with sigmoid, $-0.8$ with tanh (both Xavier), $-0.2$ with ReLU (He) and $-0.2$ with SELU (LeCun).",
            ),
            Block::Actions(&[Action {
                label: "Show in the lab: four activations, 30 layers",
                setup: file!("activations"),
                place: Place::Flow,
            }]),
        ],
    },
    Section {
        title: "The depth scale",
        level: 2,
        blocks: &[
            Block::Text(
                "In wide networks the mean square of $\\|\\delta\\|$ changes by the same factor $\\chi$ in every layer, once the forward signal has settled. So there is a natural unit of depth, the number of layers after which it has changed by a factor $e$:",
            ),
            Block::Formula(
                r"\chi=\sigma_w^2\,\mathbb{E}\bigl[\sigma'(z)^2\bigr],\qquad \xi=\frac{1}{|\ln\chi|}",
                "",
            ),
            Block::Text(
                "Here $\\sigma_w^2=n\\operatorname{Var}W$. A sigmoid net with Xavier has $\\chi=0.056$, hence $\\xi=0.35$ layers: no wonder that it vanishes. ReLU with He has $\\chi=1$ and no limit from this side. Networks many times deeper than $\\xi$ were found not to train (Schoenholz and others 2017). For tanh, a gain of 1.327 with a little random bias lies on the line $\\chi=1$: over 60 layers it changes $\\|\\delta\\|$ by a factor of 2, while gain 1 loses 4.0 decades and gain 2 wins 4.1.",
            ),
            Block::Actions(&[
                Action {
                    label: "Show in the lab: tanh below, on and above the critical line",
                    setup: file!("depth-scale"),
                    place: Place::Flow,
                },
                Action {
                    label: "Many seeds against the theory: sigmoid, 50 layers",
                    setup: Setup::Preset("vanishing"),
                    place: Place::Ensemble,
                },
            ]),
        ],
    },
    Section {
        title: "Beyond this lab",
        level: 2,
        blocks: &[
            Block::Points(&[
                "*Residual connections* add a layer’s input to its output. The factor of a layer becomes the identity plus something, so that the product keeps one way on which nothing is multiplied (He and others 2016).",
                "*Normalization* brings $z$ back to mean 0 and variance 1, over the batch (Ioffe and Szegedy 2015) or over the layer (Ba and others 2016), whatever the weights are.",
                "*Gradient clipping* shortens a gradient that is too long. It helps against explosion only: a direction that has vanished does not come back by scaling what is left.",
            ]),
            Block::Text(
                "They change the network or the update, and this lab is about the plain chain of layers that makes them necessary.",
            ),
        ],
    },
];
