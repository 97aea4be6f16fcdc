//! Signs and shapes, and the forward pass.

use super::{Action, Block, Place, Section, Setup};

/// What the signs mean, and the forward pass.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "The signs",
        level: 1,
        blocks: &[
            Block::Text(
                "A network is a chain of $L$ layers. Layer $l$ has $n_l$ units; layer 0 is the input and layer $L$ the output. The number in brackets above a sign is its layer and never a power.",
            ),
            Block::Pairs(&[
                ("$a^{(0)}=x$", "the input, $n_0$ numbers; $y$ is the target, $n_L$ numbers"),
                (
                    "$W^{(l)}$",
                    "the weights, $n_l\\times n_{l-1}$: row $j$ holds what unit $j$ gives to each unit below it",
                ),
                ("$b^{(l)}$", "the biases, $n_l$ numbers"),
                ("$z^{(l)}$", "the pre-activations, $n_l$ numbers: what the units receive"),
                ("$a^{(l)}$", "the activations, $n_l$ numbers: what the units send on"),
                (
                    "$\\delta^{(l)}$",
                    "the error signal $\\partial L/\\partial z^{(l)}$, $n_l$ numbers: how fast the loss rises with each $z$",
                ),
                (
                    "$\\odot$",
                    "the product entry by entry: $(u\\odot v)_j=u_j\\,v_j$, where $u$ and $v$ are equally long",
                ),
                ("$\\|\\delta^{(l)}\\|$", "the length of that list of numbers: the lab’s bars"),
            ]),
        ],
    },
    Section {
        title: "The way forward",
        level: 1,
        blocks: &[
            Block::Text(
                "Each layer weighs what the layer below sends, adds its bias, and bends the sum with its activation $\\sigma$:",
            ),
            Block::Formula(
                r"z^{(l)}=W^{(l)}a^{(l-1)}+b^{(l)},\qquad a^{(l)}=\sigma\bigl(z^{(l)}\bigr),\qquad l=1,\dots,L",
                "",
            ),
            Block::Text(
                "At the end stands one number, the loss $L$. (It shares its letter with the number of layers, as in most textbooks; the place tells which is meant.) For one example the squared error is",
            ),
            Block::Formula(
                r"L=\tfrac12\,\bigl\|a^{(L)}-y\bigr\|^2,\qquad \nabla_a L=a^{(L)}-y",
                "",
            ),
            Block::Text(
                "The pass backward needs every $z^{(l)}$ and $a^{(l)}$ again. They are kept, which is why training takes more memory than prediction.",
            ),
            Block::Actions(&[Action {
                label: "Show the worked example: 2–3–1 with given numbers",
                setup: Setup::Preset("worked-example"),
                place: Place::Steps,
            }]),
        ],
    },
];
