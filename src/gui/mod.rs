//! The window: what a person sees and touches.

mod app;
mod ask;
mod asked;
mod bar;
mod command;
mod controls;
mod history;
mod jobs;
mod keys;
mod lab;
mod pages;
mod saved;
mod state;
pub mod story;
mod window;

pub use app::App;
pub use command::{Command, Commands};
pub use lab::Lab;
pub use pages::{Page, Pages};
pub use window::{WindowError, run};
