//! Studies and number formats as a user of the library meets them.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod by_hand;
mod check;
mod format;
mod precision;
mod spread;
mod steps;
