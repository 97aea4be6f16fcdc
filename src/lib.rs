//! The gradient lab: vanishing and exploding gradients, measured by real backpropagation.
//!
//! Imports run one way:
//! `experiment` ← `engine` ← `study` ← `figure` ← {`gui`, `export`} ← `cli` ← `main`;
//! `runtime` needs only `study`. The numeric core names no GUI.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a panic is how a test fails"))]

pub mod cli;
pub mod engine;
pub mod experiment;
pub mod export;
pub mod figure;
pub mod gui;
pub mod paint;
pub mod raster;
pub mod runtime;
pub mod study;
