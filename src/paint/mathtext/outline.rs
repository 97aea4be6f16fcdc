//! The layout engine's paths, made ready for filling.

use eframe::egui::{Vec2, vec2};
use ratex_types::path_command::PathCommand;

/// The outlines of a filled path, each to be filled for itself.
///
/// A path is parted where the pen is lifted: the parts of an arrow run in opposite directions
/// and would cancel where they overlap.
pub(super) fn closed_outlines(commands: &[PathCommand]) -> Vec<Vec<PathCommand>> {
    commands
        .chunk_by(|_, next| !matches!(next, PathCommand::MoveTo { .. }))
        .map(|outline| {
            let mut outline = outline.to_vec();
            lower_foot_of_left_bracket(&mut outline);
            outline
        })
        .collect()
}

/// The points that an open path runs through; its curves count as straight.
pub(super) fn end_points(commands: &[PathCommand]) -> impl Iterator<Item = Vec2> {
    commands.iter().filter_map(|command| {
        let [x, y] = end(command)?;
        Some(vec2(x as f32, y as f32))
    })
}

fn end(command: &PathCommand) -> Option<[f64; 2]> {
    match *command {
        PathCommand::MoveTo { x, y }
        | PathCommand::LineTo { x, y }
        | PathCommand::QuadTo { x, y, .. }
        | PathCommand::CubicTo { x, y, .. } => Some([x, y]),
        PathCommand::Close => None,
    }
}

/// Mends KaTeX's tall `[`, which ends above its `]` by the thickness of the foot.
///
/// The two are drawn alike but for that, and beside each other it shows. No other outline
/// consists of eleven straight corners with its head and foot to the right of its stem.
fn lower_foot_of_left_bracket(outline: &mut [PathCommand]) {
    let corners: Option<Vec<[f64; 2]>> = outline.iter().take(11).map(straight_corner).collect();
    let (Some(corners), 12) = (corners, outline.len()) else {
        return;
    };
    let [.., right_of_head, top_right, top_left, _, _, bottom_left, bottom_right, _, inner] =
        corners[..]
    else {
        return;
    };
    let thickness = right_of_head[1] - top_right[1];
    let is_left_bracket = top_left[0] < inner[0]
        && inner[0] < top_right[0]
        && top_left[0] == bottom_left[0]
        && top_right[0] == bottom_right[0]
        && thickness > 0.0;
    if is_left_bracket {
        for command in &mut outline[7..11] {
            if let PathCommand::LineTo { y, .. } = command {
                *y += thickness;
            }
        }
    }
}

fn straight_corner(command: &PathCommand) -> Option<[f64; 2]> {
    match command {
        PathCommand::MoveTo { .. } | PathCommand::LineTo { .. } => end(command),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::mathtext::formula::Item;
    use crate::paint::mathtext::{Formula, MathStyle};

    /// The lowest point of each delimiter that is made of outlines, in em below the baseline.
    fn feet(latex: &str) -> Vec<f32> {
        let formula = Formula::parse(latex, MathStyle::Display).expect("correct LaTeX");
        let foot = |item: &Item| match item {
            Item::Outlines { at, outlines, .. } => outlines
                .iter()
                .flat_map(|outline| end_points(outline))
                .map(|point| point.y + at.y)
                .reduce(f32::max),
            _ => None,
        };
        formula.items.iter().filter_map(foot).collect()
    }

    #[test]
    fn tall_delimiters_of_a_pair_end_at_the_same_height() {
        for matrix in ["bmatrix", "pmatrix", "vmatrix", "Vmatrix"] {
            let rows = r"1\\2\\3\\4\\5\\6";
            let feet = feet(&format!(r"\begin{{{matrix}}}{rows}\end{{{matrix}}}"));
            let [left, right] = feet[..] else {
                panic!("two delimiters expected, not {feet:?}");
            };
            assert!((left - right).abs() < 1e-3, "{matrix}: {left} and {right}");
        }
    }
}
