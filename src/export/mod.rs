//! What leaves the lab: pictures as PNG, records as JSON and CSV, weights; and the way back.

pub mod atomic;
pub mod checkpoint;
mod compute;
pub mod csv;
pub mod data_file;
pub mod ensemble;
pub mod json;
pub mod open;
pub mod picture;
pub mod png;
pub mod pytorch;
pub mod remedies;
mod row;
pub mod sweep;
pub mod table;
pub mod theory;
pub mod training_log;
pub mod weights;
pub mod weights_file;
