//! The gradient lab: vanishing and exploding gradients, measured by real backpropagation.
//!
//! A person sets an **experiment** (one architecture, one or more variants). A **study** asks a
//! question of it and returns plain data: passes, ensembles, sweeps, theory, checks. A
//! **figure** is a picture as plain data made of a study's answer, and its sentences are made of
//! typed findings. Figures are painted on the screen and on paper by the same code.
//!
//! # Rooms
//!
//! Imports run one way; `tests/imports.rs` resolves every path and finds circles of files.
//!
//! | room | what it holds | may import |
//! |---|---|---|
//! | [`experiment`] | what a person sets: types, limits, the file's format, presets | nothing |
//! | [`engine`] | networks as lists of ops, passes, losses, numbers with an exponent of their own; no file, clock, thread or screen | `experiment` |
//! | [`study`] | questions: passes, ensembles, sweeps, theory, gradient check, precision, remedies; their findings | the two above |
//! | [`runtime`] | one worker thread a study: the newest request wins | `study` |
//! | [`figure`] | studies' answers as pictures and sentences; runs no study | `study` |
//! | [`paint`] | figures as egui shapes: painters, theme, fonts, formulas | `figure` |
//! | [`raster`] | egui's meshes as pixels, without a graphics card | nothing |
//! | [`vector`] | egui's shapes as SVG and PDF | `raster` |
//! | [`export`] | PNG, SVG, PDF, CSV, JSON, safetensors, written whole or not at all; and reading them back | `paint`, `raster`, `vector` |
//! | [`gui`] | the window: app, controls, pages | all above |
//! | [`cli`] | the commands | all above |
//!
//! # Where to add what
//!
//! - **An activation**: its [`experiment::Spec`] in a file of `src/experiment/activation`, and a
//!   line of the list in `mod.rs` there. Engine, theory, window and file read both.
//! - **A key of the file**: a row of [`experiment::limits::KEYS`]; it feeds the checks, the
//!   sentences of refusals and `gradient-lab list`.
//! - **A scheme**: one block in `src/experiment/scheme.rs`.
//! - **A loss**: one file in `src/engine/loss` with its value and its δ, and its name in
//!   [`experiment::Loss`]; the compiler names what else asks it: the theory's output error, the
//!   gradient check's rise, and its equation in the steps by hand.
//! - **An op of the network**: one file in `src/engine/op` and a variant of [`engine::Op`], laid
//!   into its layers by [`engine::OpShape::of_variant`]; passes, Jacobians and costs ask the op,
//!   and the compiler names the guards that must know it and the steps by hand that write it out.
//! - **A study**: one file in `src/study` with a function that takes a
//!   [`study::TaskContext`], reports progress, and stops when told to.
//! - **A figure**: one file in `src/figure`, a name in [`figure::FigureId`], and in
//!   `src/export/compute.rs` the study that it needs.
//! - **A kind of panel**: a variant of [`figure::Panel`] and a painter in `src/paint`.
//! - **A page**: one file in `src/gui/pages` that is a `PageView`, and a name in [`gui::Page`].
//! - **A sentence**: a finding in the study that knows it, its words in `src/figure/words`, and a
//!   test in `tests/findings` that checks it against raw numbers.
//!
//! # Where to look
//!
//! - δ is renormalized in `src/engine/op/extent.rs`, once for each layer.
//! - A file is written by `src/export/atomic.rs`, a PNG encoded by `src/export/png.rs`.
//! - The window computes anew where [`gui::Lab::submit`] finds another experiment (`src/gui/lab.rs`;
//!   `src/gui/app.rs` calls it in every frame), and each page asks its own study in `PageView::ask`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a panic is how a test fails"))]

mod allocator;
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
pub mod vector;
