//! The window: what a person sees and touches.

mod app;
mod ask;
mod asked;
mod bar;
mod card_limit;
mod command;
mod controls;
pub mod fonts;
mod history;
mod input_limit;
mod jobs;
mod keys;
mod lab;
pub mod mathtext;
mod pages;
pub mod painter;
mod saved;
mod state;
pub mod story;
pub mod theme;
mod window;

pub use app::App;
pub use command::{Command, Commands};
pub use lab::Lab;
pub use pages::{Page, Pages};
pub use state::State;
pub use window::{WindowError, run};
