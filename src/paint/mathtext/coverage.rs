//! Outlines (tall brackets, hats, arrows) turned into exact pixel coverage.
//!
//! egui smooths the edges of convex shapes only, and a bracket is not convex. Here the share of
//! each physical pixel that an outline covers is computed once, and then painted as rectangles
//! that lie on whole pixels: as sharp as the text beside it, without a texture to look after.

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use eframe::egui::{Color32, Mesh, Pos2, Rect, Vec2, pos2, vec2};
use ratex_types::path_command::PathCommand;

/// No bracket is larger than this many pixels a side; anything larger is not painted.
const LARGEST_SIDE_PX: f32 = 4096.0;

/// Each pixel is judged at this many places along each side. What matters is where two parts
/// of a brace meet or overlap within a pixel: neither the sum of their shares nor the larger
/// one is right there, and a seam would show.
const FINE: usize = 4;

/// A rectangle on whole pixels that is covered evenly. Pixels from the formula's origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Patch {
    rect_px: Rect,
    coverage: f32,
}

impl Patch {
    /// Appends the patch to `mesh`; `origin` is a whole pixel, in points.
    pub(super) fn paint(self, mesh: &mut Mesh, origin: Pos2, pixels_per_point: f32, ink: Color32) {
        let to_points = |px: Pos2| origin + px.to_vec2() / pixels_per_point;
        let rect = Rect::from_min_max(to_points(self.rect_px.min), to_points(self.rect_px.max));
        mesh.add_colored_rect(rect, ink.gamma_multiply(self.coverage));
    }
}

/// Covers the inside of `outlines`, each filled for itself; overlaps are not doubled.
///
/// `origin_px` is where the outlines' own origin stands, in pixels from the formula's, and
/// `em_px` is what their unit measures. Outlines that are not finite, or larger than any
/// bracket, give nothing.
pub(super) fn cover(outlines: &[Vec<PathCommand>], origin_px: Vec2, em_px: f32) -> Vec<Patch> {
    let Some(frame) = frame(outlines, origin_px, em_px) else {
        return Vec::new();
    };
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let mut inside = vec![false; width * height * FINE * FINE];
    for outline in outlines {
        let mut rasterizer = Rasterizer::new(width * FINE, height * FINE);
        let shift_px = origin_px - frame.min.to_vec2();
        let fine = FINE as f32;
        draw(&mut rasterizer, outline, shift_px * fine, em_px * fine);
        rasterizer.for_each_pixel(|index, share| inside[index] |= share > 0.49);
    }
    merge(&pixel_shares(&inside, width), width, frame.min)
}

/// The covered share of each pixel, from the finer grid; `width` is in pixels.
fn pixel_shares(inside: &[bool], width: usize) -> Vec<f32> {
    let mut shares = vec![0.0; inside.len() / (FINE * FINE)];
    let place = 1.0 / (FINE * FINE) as f32;
    for (fine_y, row) in inside.chunks(width * FINE).enumerate() {
        for (fine_x, _) in row.iter().enumerate().filter(|(_, inside)| **inside) {
            shares[fine_y / FINE * width + fine_x / FINE] += place;
        }
    }
    shares
}

/// The whole pixels that hold all the outlines' control points, with a pixel to spare.
fn frame(outlines: &[Vec<PathCommand>], origin_px: Vec2, em_px: f32) -> Option<Rect> {
    let mut frame = Rect::NOTHING;
    for command in outlines.iter().flatten() {
        for corner in control_points(command) {
            let corner = pos2(corner.x, corner.y) * em_px + origin_px;
            if !corner.is_finite() {
                return None;
            }
            frame.extend_with(corner);
        }
    }
    let frame = Rect::from_min_max(frame.min.floor(), frame.max.ceil()).expand(1.0);
    let paintable = frame.is_finite() && frame.size().max_elem() <= LARGEST_SIDE_PX;
    (paintable && frame.is_positive()).then_some(frame)
}

fn control_points(command: &PathCommand) -> Vec<Point> {
    let at = |x: f64, y: f64| point(x as f32, y as f32);
    match *command {
        PathCommand::MoveTo { x, y } | PathCommand::LineTo { x, y } => vec![at(x, y)],
        PathCommand::QuadTo { x1, y1, x, y } => vec![at(x1, y1), at(x, y)],
        PathCommand::CubicTo { x1, y1, x2, y2, x, y } => vec![at(x1, y1), at(x2, y2), at(x, y)],
        PathCommand::Close => Vec::new(),
    }
}

/// Draws one closed outline; an outline left open is closed by a straight line.
fn draw(rasterizer: &mut Rasterizer, outline: &[PathCommand], shift_px: Vec2, em_px: f32) {
    let place = |p: &Point| point(p.x * em_px + shift_px.x, p.y * em_px + shift_px.y);
    let mut start = None;
    let mut pen = point(0.0, 0.0);
    for command in outline {
        let corners: Vec<Point> = control_points(command).iter().map(place).collect();
        match (command, corners.as_slice()) {
            (PathCommand::MoveTo { .. }, [to]) => start = Some(*to),
            (_, [to]) => rasterizer.draw_line(pen, *to),
            (_, [bend, to]) => rasterizer.draw_quad(pen, *bend, *to),
            (_, [bend, second, to]) => rasterizer.draw_cubic(pen, *bend, *second, *to),
            _ => {}
        }
        pen = corners.last().copied().unwrap_or(pen);
    }
    if let Some(start) = start {
        rasterizer.draw_line(pen, start);
    }
}

/// Joins evenly covered pixels, first along each row, then rows that are alike.
fn merge(pixels: &[f32], width: usize, corner: Pos2) -> Vec<Patch> {
    let mut done: Vec<Patch> = Vec::new();
    let mut open: Vec<Patch> = Vec::new();
    for (y, row) in pixels.chunks(width).enumerate() {
        let runs = row_runs(row, corner + vec2(0.0, y as f32));
        let continues = open.len() == runs.len()
            && open.iter().zip(&runs).all(|(above, run)| {
                above.coverage == run.coverage && above.rect_px.x_range() == run.rect_px.x_range()
            });
        if continues {
            for (above, run) in open.iter_mut().zip(&runs) {
                above.rect_px.max.y = run.rect_px.max.y;
            }
        } else {
            done.append(&mut open);
            open = runs;
        }
    }
    done.append(&mut open);
    done
}

/// The evenly covered stretches of one row of pixels whose top left corner is `corner`.
fn row_runs(row: &[f32], corner: Pos2) -> Vec<Patch> {
    let mut runs = Vec::new();
    let mut x = 0;
    for stretch in row.chunk_by(|left, right| left == right) {
        let size = vec2(stretch.len() as f32, 1.0);
        if stretch[0] > 0.0 {
            runs.push(Patch {
                rect_px: Rect::from_min_size(corner + vec2(x as f32, 0.0), size),
                coverage: stretch[0],
            });
        }
        x += stretch.len();
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(left: f64, right: f64) -> Vec<PathCommand> {
        vec![
            PathCommand::MoveTo { x: left, y: 0.0 },
            PathCommand::LineTo { x: right, y: 0.0 },
            PathCommand::LineTo { x: right, y: 1.0 },
            PathCommand::LineTo { x: left, y: 1.0 },
            PathCommand::Close,
        ]
    }

    #[test]
    fn a_square_is_covered_by_its_area_in_few_patches() {
        let patches = cover(&[square(0.0, 1.0)], vec2(0.5, 0.0), 10.0);
        let area: f32 = patches.iter().map(|p| p.rect_px.area() * p.coverage).sum();
        assert!((area - 100.0).abs() < 0.2, "area is {area}");
        assert_eq!(patches.len(), 3, "left edge, middle, right edge");
    }

    #[test]
    fn the_direction_and_overlap_of_outlines_do_not_matter() {
        let mut turned = square(0.0, 1.0);
        turned[1..4].reverse();
        let one = cover(&[square(0.0, 1.0)], Vec2::ZERO, 8.0);
        let both = cover(&[square(0.0, 1.0), turned], Vec2::ZERO, 8.0);
        assert_eq!(one, both);
    }

    #[test]
    fn where_two_parts_meet_within_a_pixel_there_is_no_seam() {
        let parts = [square(0.0, 0.43), square(0.43, 1.0)];
        let patches = cover(&parts, Vec2::ZERO, 10.0);
        assert_eq!(patches, cover(&[square(0.0, 1.0)], Vec2::ZERO, 10.0));
    }

    #[test]
    fn what_is_not_finite_or_absurdly_large_is_not_painted() {
        assert!(cover(&[square(0.0, f64::NAN)], Vec2::ZERO, 10.0).is_empty());
        assert!(cover(&[square(0.0, 1e9)], Vec2::ZERO, 10.0).is_empty());
        assert!(cover(&[], Vec2::ZERO, 10.0).is_empty());
    }
}
