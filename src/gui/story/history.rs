//! Where it comes from.

use super::{Block, Section};

/// The timeline.
pub const SECTIONS: &[Section] = &[Section {
    title: "From 1960 to 1986",
    level: 1,
    blocks: &[
        Block::Text(
            "Backpropagation was found several times, for different purposes, and often without knowledge of the work before.",
        ),
        Block::Pairs(&[
            (
                "1960",
                "*Henry Kelley* computes gradients for optimal flight paths, backward along the path. It is the method of control theory, before there were layers.",
            ),
            (
                "1961–62",
                "*Arthur Bryson*, soon with *Walter Denham*, does it for processes of many stages: steepest descent by backward recursion.",
            ),
            ("1962", "*Stuart Dreyfus* derives the recursion from the chain rule alone."),
            (
                "1970",
                "*Seppo Linnainmaa*, in his master’s thesis in Helsinki, gives the general method for any computation made of elementary steps, to estimate rounding errors. Today it is called the reverse mode of automatic differentiation.",
            ),
            (
                "1974",
                "*Paul Werbos* brings backward derivatives to learning models in his thesis at Harvard; in a paper of 1981, printed in 1982, he applies them to neural networks.",
            ),
            (
                "1985",
                "*David Parker* and *Yann LeCun* publish the learning rule for networks with hidden units, each on his own.",
            ),
            (
                "1986",
                "*David Rumelhart, Geoffrey Hinton and Ronald Williams* show in *Nature* that hidden units trained so find useful representations. From then on the method is known everywhere.",
            ),
        ]),
        Block::Text(
            "Five years later, in 1991, Sepp Hochreiter’s diploma thesis explained why deep and recurrent networks trained so badly all the same: vanishing and exploding gradients.",
        ),
    ],
}];
