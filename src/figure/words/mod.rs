//! Findings in words: one function for each kind makes the sentence that screen, command line,
//! JSON and sheet share.

pub mod ensemble;
pub mod sweep;
pub mod theory;
