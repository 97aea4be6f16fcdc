//! Exercises 16.1 to 16.5, as tasks for the lab.

use super::action::file;
use super::{Action, Block, Place, Section, Setup};

/// The exercises.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "Exercises",
        level: 1,
        blocks: &[Block::Text(
            "Try each one on paper first. Then let the lab show it, and only then unfold the answer.",
        )],
    },
    Section {
        title: "16.1: sigmoid, cross-entropy",
        level: 2,
        blocks: &[
            Block::Text(
                "*To do.* The output is a sigmoid and the loss of one example is the binary cross-entropy. Show that $\\delta^{(L)}=a^{(L)}-y$.",
            ),
            Block::Formula(r"L=-y\ln a-(1-y)\ln(1-a)", ""),
            Block::Text(
                "*To look at.* In the worked example $a=0.803158$ and $y=0.01$. Read off $\\delta^{(2)}$ under both losses. Then look at an output that says 1 with great confidence where 0 is right.",
            ),
            Block::Actions(&[
                Action {
                    label: "16.1: the worked example under cross-entropy",
                    setup: file!("cross-entropy"),
                    place: Place::Graph,
                },
                Action {
                    label: "16.1: confidently wrong, cross-entropy",
                    setup: file!("wrong-cross-entropy"),
                    place: Place::Flow,
                },
                Action {
                    label: "16.1: confidently wrong, squared error",
                    setup: file!("wrong-squared-error"),
                    place: Place::Flow,
                },
            ]),
            Block::Fold(
                "Answer to 16.1",
                &[
                    Block::Formula(
                        r"\frac{\partial L}{\partial a}=-\frac{y}{a}+\frac{1-y}{1-a}=\frac{a-y}{a(1-a)},\qquad \sigma'(z)=a(1-a)",
                        "",
                    ),
                    Block::Text(
                        "By BP1 the two are multiplied, and the denominator cancels: $\\delta=a-y$. In the worked example it is 0.793158 instead of the squared error’s 0.125394, which still carries $\\sigma'(z)=0.158095$. The confidently wrong output ($a=0.9989$, $y=0$) gets $\\delta=0.9989$ from the cross-entropy and 0.0011 from the squared error: just where the network should learn most, the squared error lets the gradient vanish in the very first step.",
                    ),
                ],
            ),
        ],
    },
    Section {
        title: "16.2: XOR on 2–2–1",
        level: 2,
        blocks: &[
            Block::Text(
                "*To do.* Take two inputs, two hidden units and one output, all sigmoids, and the four examples of XOR. Why is a hidden layer needed at all? Go once forward and once back by hand. What happens if all weights are equal at the start?",
            ),
            Block::Text(
                "*To look at.* On the diagram, go through the four examples and compare the $\\delta$ of the two hidden units. Try other seeds.",
            ),
            Block::Actions(&[
                Action {
                    label: "16.2: XOR from random weights",
                    setup: Setup::Preset("xor"),
                    place: Place::Graph,
                },
                Action {
                    label: "16.2: XOR from equal weights",
                    setup: file!("xor-symmetric"),
                    place: Place::Graph,
                },
            ]),
            Block::Fold(
                "Answer to 16.2",
                &[
                    Block::Text(
                        "No straight line separates (0,0) and (1,1) from the other two, and a single unit can draw only one line. With two hidden units, one can stand for “or”, the other for “and”, and the output for “or, but not and”.",
                    ),
                    Block::Text(
                        "From equal weights both hidden units compute the same, get the same $\\delta$ and the same update, so they stay equal: the network never has more than one line. Random weights break the tie, but promise nothing. With $\\eta=2$ and all four examples in each step, seed 8 comes to a loss of 0.001 in 2000 steps; seed 10 is then at 0.085 and seed 2 at 0.064.",
                    ),
                ],
            ),
        ],
    },
    Section {
        title: "16.3: the cost of going back",
        level: 2,
        blocks: &[
            Block::Text(
                "*To do.* Count the multiply-adds of both passes for layers of any sizes. When is backward almost twice as dear as forward, and when is it hardly dearer at all?",
            ),
            Block::Text(
                "*To look at.* The ratio for the deep, narrow net, and how it falls when you make the input much larger.",
            ),
            Block::Actions(&[Action {
                label: "16.3: count the cost of 50 layers",
                setup: Setup::Preset("vanishing"),
                place: Place::Check,
            }]),
            Block::Fold(
                "Answer to 16.3",
                &[
                    Block::Formula(
                        r"\frac{\text{backward}}{\text{forward}}=2-\frac{n_1n_0}{\sum_{l=1}^{L}n_l\,n_{l-1}}<2",
                        "",
                    ),
                    Block::Text(
                        "BP3 uses each weight once, BP2 each weight once except those of layer 1. So the ratio comes close to 2 where layer 1 is a small part of the whole: 1.99 for the 50 layers. It is 1 for a net with a single layer, and comes close to 1 where the input is very large.",
                    ),
                ],
            ),
        ],
    },
    Section {
        title: "16.4: softmax, cross-entropy",
        level: 2,
        blocks: &[
            Block::Text(
                "*To do.* Now the outputs are probabilities that share a softmax. Show that again $\\delta^{(L)}=a^{(L)}-y$, although each output depends on every $z$.",
            ),
            Block::Formula(
                r"a_i=\frac{e^{z_i}}{\sum_k e^{z_k}},\qquad L=-\sum_k y_k\ln a_k,\qquad \sum_k y_k=1",
                "",
            ),
            Block::Text(
                "*To look at.* The three $\\delta$ of the output layer: their signs, and their sum.",
            ),
            Block::Actions(&[Action {
                label: "16.4: softmax over three classes",
                setup: file!("softmax"),
                place: Place::Graph,
            }]),
            Block::Fold(
                "Answer to 16.4",
                &[
                    Block::Text("Put the softmax into the loss before taking the derivative:"),
                    Block::Formula(
                        r"L=-\sum_k y_kz_k+\ln\sum_k e^{z_k},\qquad \frac{\partial L}{\partial z_i}=-y_i+\frac{e^{z_i}}{\sum_k e^{z_k}}=a_i-y_i",
                        "",
                    ),
                    Block::Text(
                        "The other way is to multiply $\\nabla_aL$, whose entries are $-y_k/a_k$, by the Jacobian $\\operatorname{diag}(a)-a\\,a^{\\top}$; everything but $a-y$ cancels. Both $a$ and $y$ add up to 1, so the $\\delta$ add up to 0: only the right class has a negative one, and what it is pushed up by, the others are pushed down by together.",
                    ),
                ],
            ),
        ],
    },
    Section {
        title: "16.5: the costs of 5–10–8–3",
        level: 2,
        blocks: &[
            Block::Text(
                "*To do.* Count the weights, the biases, and the multiply-adds of a forward and of a backward pass. What would finite differences cost?",
            ),
            Block::Text("*To look at.* The lab’s own count, layer by layer."),
            Block::Actions(&[Action {
                label: "16.5: count the cost of 5–10–8–3",
                setup: Setup::Preset("cost-5-10-8-3"),
                place: Place::Check,
            }]),
            Block::Fold(
                "Answer to 16.5",
                &[
                    Block::Pairs(&[
                        ("Weights", "$10\\cdot5+8\\cdot10+3\\cdot8=50+80+24=154$"),
                        ("Biases", "$10+8+3=21$, together $P=175$ parameters"),
                        ("Forward", "154 multiply-adds"),
                        ("Backward", "BP2: $80+24=104$, BP3: 154, together 258"),
                        ("Ratio", "$258/154=1.68\\le2$"),
                    ]),
                    Block::Text(
                        "Forward and backward together are 412 multiply-adds. One-sided differences need 176 passes, 27,104 multiply-adds, about 66 times as many; central differences need 350 passes, 53,900 multiply-adds, about 131 times as many.",
                    ),
                ],
            ),
        ],
    },
];
