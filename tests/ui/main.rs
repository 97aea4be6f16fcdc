//! The real window, driven without a display through the names that a screen reader reads.

#[path = "../support/mod.rs"]
mod support;

mod charts;
mod charts_at_random;
mod class;
mod clipboard;
mod dropped;
mod exceptions;
mod extremes;
mod files;
mod fits;
mod look;
mod pasted;
mod pictures;
mod places;
mod preview;
mod refused;
mod session;
mod settings;
mod sizes;
mod sweep;
mod table;
mod tables;
mod variants;
mod welcome;
mod window;
mod words;
