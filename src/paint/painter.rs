//! The painter: one panel of any kind.

use std::sync::Arc;

use eframe::egui::{Ui, Vec2};

use crate::figure::{Figure, Panel};

use super::layout::{LEGEND_ROW, Medium};
use super::texture::Textures;
use super::{bars, chart, graph, heat, map, ridge};

/// Paints figures and keeps their textures from frame to frame.
#[derive(Default)]
pub struct Painter {
    textures: Textures,
    /// The cell of a map that was clicked during this frame.
    clicked: Option<(usize, usize)>,
}

impl Painter {
    /// A painter with no textures yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The cell (x, y) of a map that was clicked since this was last asked.
    pub fn take_clicked_cell(&mut self) -> Option<(usize, usize)> {
        self.clicked.take()
    }

    /// One panel with its heading, in the given size.
    pub fn panel(
        &mut self,
        ui: &mut Ui,
        figure: &Arc<Figure>,
        index: usize,
        size: Vec2,
        medium: Medium,
    ) {
        match figure.panels.get(index) {
            Some(Panel::Bars(panel)) => bars::show(ui, panel, size, medium),
            Some(Panel::Heat(panel)) => {
                heat::show(ui, panel, (figure, index), &mut self.textures, size, medium);
            }
            Some(Panel::Graph(panel)) => graph::show(ui, panel, size, medium),
            Some(Panel::Chart(panel)) => chart::show(ui, panel, size, medium),
            Some(Panel::Ridge(panel)) => ridge::show(ui, panel, size, medium),
            Some(Panel::Map(panel)) => {
                let clicked =
                    map::show(ui, panel, (figure, index), &mut self.textures, size, medium);
                self.clicked = clicked.or(self.clicked);
            }
            None => {}
        }
    }
}

/// The height a panel would like for a given width; sheets share out what there is.
pub fn natural_height(panel: &Panel) -> f32 {
    match panel {
        Panel::Bars(_) => 300.0,
        Panel::Chart(_) => 280.0,
        Panel::Graph(_) => 460.0,
        Panel::Map(_) => 420.0,
        Panel::Ridge(_) => 620.0,
        Panel::Heat(heat) => heat::natural_height(heat),
    }
}

/// The least height of a panel in which its labels keep apart.
pub fn least_height(panel: &Panel) -> f32 {
    let share = 0.6 * natural_height(panel);
    // A legend beside the plot, below the heading.
    let below = |rows: usize| share.max(LEGEND_ROW * (rows + 1) as f32 + 10.0);
    match panel {
        Panel::Heat(heat) if heat.is_strip() => heat::natural_height(heat),
        Panel::Chart(chart) => below(chart::legend_rows(chart)),
        Panel::Bars(bars) if bars.limits.is_empty() => below(bars::legend_rows(bars)),
        _ => share,
    }
}

/// The least width of the paper on which a panel's labels keep apart.
pub fn least_width(panel: &Panel) -> f32 {
    match panel {
        Panel::Graph(_) => 800.0,
        Panel::Bars(bars) if !bars.limits.is_empty() => 600.0,
        _ => 0.0,
    }
}
