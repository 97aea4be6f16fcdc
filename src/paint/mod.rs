//! Figures as egui shapes: painters, theme, fonts, formulas. The window, the PNG and the tests
//! all use this one painter.

mod axis;
mod bars;
mod chart;
mod colour_bar;
pub mod fonts;
mod graph;
mod heat;
mod layout;
mod legend;
mod limits;
mod map;
mod marks;
pub mod mathtext;
mod painter;
mod ridge;
pub mod sheet;
mod stage;
mod surface;
mod texture;
pub mod theme;
mod values;
mod view;

pub use axis::shortened;
pub use layout::Medium;
pub use marks::ink;
pub use painter::{Painter, natural_height};
pub use stage::Wish;
