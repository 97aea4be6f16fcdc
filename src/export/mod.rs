//! What leaves the lab: pictures as PNG, records as JSON and CSV, weights; and the way back.

pub mod atomic;
pub mod csv;
pub mod ensemble;
mod image;
pub mod json;
pub mod offscreen;
pub mod open;
pub mod picture;
pub mod png;
pub mod raster;
mod row;
pub mod sweep;
pub mod table;
pub mod texture;
pub mod theory;
pub mod weights;

pub use image::Image;
