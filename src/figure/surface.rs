//! What a network with two inputs says of every point, under its examples.

use crate::study::{DecisionSurface, SURFACE_CELLS, TrainingState};

use super::colour::ColourMap;
use super::heat::ColourScale;
use super::{Figure, FigureId, Panel};

/// A square of cells, and examples on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    /// The panel's heading.
    pub heading: String,
    /// Along the bottom, and upwards.
    pub labels: [&'static str; 2],
    /// The ends of the square along each input.
    pub range: (f64, f64),
    /// Cells along each side.
    pub side: usize,
    /// Row by row from the bottom.
    pub values: Vec<f64>,
    /// Examples: where, and the target.
    pub examples: Vec<([f64; 2], f64)>,
    /// How numbers become colours.
    pub scale: ColourScale,
    /// What the colours show.
    pub quantity: &'static str,
}

impl Surface {
    fn of(name: &str, surface: &DecisionSurface) -> Self {
        Self {
            heading: format!("{name}: what it says of every point"),
            labels: ["x₁", "x₂"],
            range: surface.range,
            side: SURFACE_CELLS,
            values: surface.values.clone(),
            examples: surface.examples.clone(),
            scale: ColourScale { min: 0.0, max: 1.0, map: ColourMap::PurpleOrange },
            quantity: "for the second class",
        }
    }

    /// The middle of a cell along a side.
    pub fn middle(&self, cell: usize) -> f64 {
        let (low, high) = self.range;
        low + (high - low) * (cell as f64 + 0.5) / self.side as f64
    }

    /// The cell at a place along a side.
    pub fn cell_at(&self, place: f64) -> Option<usize> {
        let (low, high) = self.range;
        let cell = ((place - low) / (high - low) * self.side as f64).floor();
        (cell >= 0.0 && cell < self.side as f64).then_some(cell as usize)
    }
}

impl Figure {
    /// The decision surface of one variant, an index past the last meaning the last; nothing where
    /// there is none.
    pub fn surface(state: &TrainingState, variant: usize) -> Option<Self> {
        let variant = &state.variants[variant.min(state.variants.len() - 1)];
        let panel = Surface::of(&variant.name, variant.surface.as_ref()?);
        Some(Self::of_training(FigureId::DecisionSurface, state, vec![Panel::Surface(panel)]))
    }
}
