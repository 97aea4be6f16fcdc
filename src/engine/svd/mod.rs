//! The singular values of long products of matrices, however many decades they lie apart.

mod column;
mod product;
mod qr;

pub use product::ProductSvd;
