//! The window and what paints in it.

pub mod fonts;
