//! Why gradients vanish and explode, and what a zero is.

use super::action::file;
use super::{Action, Block, Place, Section, Setup};

/// Vanishing, exploding, exactly zero.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "Why gradients vanish",
        level: 1,
        blocks: &[
            Block::Text(
                "Put BP2 into itself until the output is reached. With $D^{(l)}=\\operatorname{diag}\\,\\sigma'(z^{(l)})$ the error of the first layer is a long product of matrices:",
            ),
            Block::Formula(
                r"\delta^{(1)}=D^{(1)}\bigl(W^{(2)}\bigr)^{\!\top}D^{(2)}\bigl(W^{(3)}\bigr)^{\!\top}\cdots D^{(L-1)}\bigl(W^{(L)}\bigr)^{\!\top}\delta^{(L)}",
                "",
            ),
            Block::Text(
                "A product of many factors hardly ever stays near 1. If a layer takes two thirds away, fifty layers leave about $10^{-24}$. For the sigmoid, the slope alone has a hard limit:",
            ),
            Block::Formula(
                r"\sigma'(z)=\sigma(z)\bigl(1-\sigma(z)\bigr)\le\tfrac14,\qquad \bigl\|\delta^{(l)}\bigr\|\le\tfrac14\,\bigl\|W^{(l+1)}\bigr\|_2\,\bigl\|\delta^{(l+1)}\bigr\|",
                "",
            ),
            Block::Text(
                "Here $\\|W\\|_2$ is the largest factor by which $W$ can stretch a vector. Unless the weights make up for the quarter, every layer shrinks $\\delta$, and with it, by BP3 and BP4, the gradients. The first layers are the ones that learn least.",
            ),
            Block::Text(
                "*In the lab.* Fifty hidden layers of 20 sigmoids with Xavier weights: $\\|\\delta\\|$ is 0.30 at the output and $9.0\\cdot10^{-33}$ in layer 1. It loses 0.63 decades a layer, a factor of 4.3. With a thousand hidden layers it ends near $10^{-641}$, which an ordinary 64-bit number cannot even hold; the lab carries the exponent apart, so that you still see it.",
            ),
            Block::Actions(&[
                Action {
                    label: "Show in the lab: sigmoid, 50 layers",
                    setup: Setup::Preset("vanishing"),
                    place: Place::Flow,
                },
                Action {
                    label: "Show in the lab: sigmoid, 1000 layers",
                    setup: Setup::Preset("deep"),
                    place: Place::Flow,
                },
                Action {
                    label: "Why does it shrink? The two factors of BP2",
                    setup: Setup::Preset("vanishing"),
                    place: Place::Why,
                },
            ]),
        ],
    },
    Section {
        title: "Why gradients explode",
        level: 1,
        blocks: &[
            Block::Text(
                "The same product grows when the factors are larger than 1 on the average. Where $\\sigma'$ is 1, as in the active half of a ReLU, nothing holds the weights back. For weights of mean zero and variance $\\operatorname{Var}W$, one step of BP2 multiplies the mean square of $\\|\\delta\\|$ by about",
            ),
            Block::Formula(
                r"n_l\;\operatorname{Var}\bigl(W^{(l+1)}\bigr)\;\mathbb{E}\bigl[\sigma'(z^{(l)})^2\bigr]",
                "",
            ),
            Block::Text(
                "Below 1 it vanishes, above 1 it explodes, and only close to 1 a deep network can learn. This one expression is the whole theory of initialization.",
            ),
            Block::Text(
                "*In the lab.* Thirty hidden layers of 100 units whose weights are too large: on the way back $\\|\\delta\\|$ grows by a factor of 13,000 with ReLU (He, gain 2) and of 105 million with tanh (standard deviation 0.5).",
            ),
            Block::Text(
                "Can larger weights save the sigmoid? Only at a price: they push $z$ outward, where $\\sigma'$ is far below a quarter. A gain of 10 does keep $\\delta$ alive over 50 layers, with most units nearly saturated.",
            ),
            Block::Actions(&[
                Action {
                    label: "Show in the lab: weights too large, 30 layers",
                    setup: Setup::Preset("exploding"),
                    place: Place::Flow,
                },
                Action {
                    label: "Show in the lab: sigmoid with gain 1, 4 and 10",
                    setup: file!("sigmoid-gains"),
                    place: Place::Flow,
                },
                Action {
                    label: "The same product over many seeds",
                    setup: Setup::Preset("exploding"),
                    place: Place::Ensemble,
                },
            ]),
        ],
    },
    Section {
        title: "A zero is not a small number",
        level: 1,
        blocks: &[
            Block::Text(
                "The chapter’s figure compares sigmoid and ReLU in a net of six layers, with seed 42. The sigmoid’s $\\|\\delta\\|$ falls from 0.0863 at the output to 0.0000700 in layer 1. The ReLU’s is exactly 0 in every layer, and it would be wrong to call that vanishing.",
            ),
            Block::Text(
                "The reason stands at the top: the only output unit is a ReLU too, and for this draw its $z$ is $-0.0683$. There the slope is 0, so by BP1 $\\delta^{(L)}=0$, and BP2 can only make zeros of a zero. The output is *dead* for this input; about half of all seeds have it so. A small gradient can be mended by scaling; this one says nothing at all.",
            ),
            Block::Text(
                "Give the output a linear unit and keep every draw: now the ReLU net’s $\\|\\delta\\|$ goes from 0.78 to 0.13, six times less, where the sigmoid loses a factor of 1233.",
            ),
            Block::Actions(&[
                Action {
                    label: "Show in the lab: the chapter’s figure",
                    setup: Setup::Preset("chapter-16"),
                    place: Place::Flow,
                },
                Action {
                    label: "Show in the lab: the same draws, linear output",
                    setup: file!("relu-alive"),
                    place: Place::Flow,
                },
            ]),
        ],
    },
];
