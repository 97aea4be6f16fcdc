//! Pictures that leave the lab: painted off the screen, written as PNG.

pub mod atomic;
mod image;
pub mod offscreen;
pub mod picture;
pub mod png;
pub mod raster;
pub mod table;
pub mod texture;

pub use image::Image;
