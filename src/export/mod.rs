//! Pictures that leave the lab: painted off the screen, written as PNG.

pub mod atomic;
mod image;
pub mod offscreen;
pub mod png;
pub mod raster;
pub mod texture;

pub use image::Image;
