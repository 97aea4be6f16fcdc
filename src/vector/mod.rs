//! Pictures that stay sharp at any size: SVG and PDF. It knows egui and the rasterizer alone: no
//! figure, no file.
//!
//! [`Drawing`] is one walk over egui's shapes, before they become triangles; [`svg`] and [`pdf`]
//! write it down.

mod drawing;
mod mesh;
mod outline;
pub mod pdf;
mod run;
pub mod svg;
mod text;
mod walk;

pub use drawing::{Drawing, Mark, Piece};
pub use outline::{Outline, Step};
pub use run::{Face, Letter, Run};
