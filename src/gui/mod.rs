//! The window: what is drawn on the screen, and with what.

pub mod mathtext;
