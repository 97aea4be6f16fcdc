//! The gradient lab: vanishing and exploding gradients, measured by real backpropagation.
//!
//! Imports run one way:
//! `experiment` ← `engine` ← `study` ← `figure` ← {`gui`, `export`} ← `cli` ← `main`;
//! `runtime` needs only `study`. The numeric core names no GUI.

pub mod cli;
pub mod engine;
pub mod experiment;
pub mod export;
pub mod gui;
pub mod study;
