//! Pixels of egui's meshes on the CPU. It knows egui alone: no figure, no file.

mod image;
pub mod offscreen;
mod rasterizer;
mod shader;
pub mod texture;
mod triangle;

pub use image::Image;
pub use rasterizer::paint;
