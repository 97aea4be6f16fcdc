//! Studies and number formats as a user of the library meets them.

mod check;
mod format;
mod precision;
mod spread;
mod steps;
