//! The painter: one panel of any kind.

use std::sync::Arc;

use eframe::egui::{Ui, Vec2};

use crate::figure::{Figure, Panel};

use super::layout::{LEGEND_ROW, Medium};
use super::stage::{Stage, Wish};
use super::texture::Textures;
use super::{bars, chart, graph, heat, limits, map, ridge, surface};

/// Paints figures and keeps their textures from frame to frame.
#[derive(Default)]
pub struct Painter {
    textures: Textures,
}

impl Painter {
    /// A painter with no textures yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One panel with its heading, in the given size. Returns what somebody asks of it.
    pub fn panel(
        &mut self,
        ui: &mut Ui,
        figure: &Arc<Figure>,
        index: usize,
        size: Vec2,
        medium: Medium,
    ) -> Option<Wish> {
        let id = ui.scope_id().with(("panel", index));
        let stage = Stage { figure, panel: index, medium, id };
        match figure.panels.get(index)? {
            Panel::Bars(panel) => bars::show(ui, panel, size, &stage),
            Panel::Heat(panel) => heat::show(ui, panel, &mut self.textures, size, &stage),
            Panel::Graph(panel) => graph::show(ui, panel, size, &stage),
            Panel::Chart(panel) => chart::show(ui, panel, size, &stage),
            Panel::Ridge(panel) => ridge::show(ui, panel, size, &stage),
            Panel::Map(panel) => map::show(ui, panel, &mut self.textures, size, &stage),
            Panel::Surface(panel) => surface::show(ui, panel, &mut self.textures, size, &stage),
        }
    }
}

/// The height a panel would like for a given width; sheets share out what there is.
pub fn natural_height(panel: &Panel) -> f32 {
    match panel {
        Panel::Bars(_) => 300.0,
        Panel::Chart(_) => 280.0,
        Panel::Graph(_) => 460.0,
        Panel::Map(_) | Panel::Surface(_) => 420.0,
        Panel::Ridge(_) => 620.0,
        Panel::Heat(heat) => heat::natural_height(heat),
    }
}

/// The least height of a panel in which its labels keep apart, and its vertical axis' label from
/// the heading.
pub fn least_height(panel: &Panel) -> f32 {
    // A legend beside the plot, below the heading.
    let beside = |rows: usize| (LEGEND_ROW * (rows + 1) as f32 + 10.0).max(190.0);
    match panel {
        Panel::Heat(heat) => heat::least_height(heat),
        Panel::Chart(chart) => beside(chart::legend_rows(chart)),
        Panel::Bars(bars) if bars.limits.is_empty() => beside(bars::legend_rows(bars)),
        Panel::Bars(bars) => limits::least_height(bars),
        Panel::Graph(_) => 276.0,
        Panel::Map(_) | Panel::Surface(_) => 252.0,
        Panel::Ridge(_) => 310.0,
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
