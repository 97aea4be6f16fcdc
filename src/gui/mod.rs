//! The window: what a person sees and touches.

pub mod fonts;
pub mod mathtext;
pub mod painter;
pub mod theme;
