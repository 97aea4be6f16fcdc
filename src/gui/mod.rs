//! The window: what a person sees and touches.

mod app;
mod ask;
mod bar;
mod card_limit;
pub mod chapter;
mod clipboard;
mod command;
mod controls;
mod document;
mod figure_tools;
mod files;
mod history;
mod input_limit;
mod jobs;
mod keys;
mod lab;
mod large;
mod message;
mod page;
mod page_view;
mod pages;
mod question;
mod refused;
mod saved;
mod state;
mod study_handle;
mod under_way;
mod welcome;
mod window;

pub use app::App;
pub use command::{Command, Commands};
pub use lab::Lab;
pub use page::Page;
pub use pages::{LawPage, Pages, SweepPage};
pub use state::State;
pub use window::{WindowError, run};
