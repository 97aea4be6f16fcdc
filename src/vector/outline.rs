//! Outlines of straight lines and curves.

use eframe::egui::epaint::CornerRadiusF32;
use eframe::egui::{Pos2, Rect, Vec2, pos2, vec2};

/// How far the two middle points of a cubic lie from its ends, as a share of the radius, so that it
/// is a quarter of a circle to 0.03 %.
const QUARTER: f32 = 0.552_284_8;

/// One step of a pen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Begins a line there.
    Move(Pos2),
    /// A straight line.
    Line(Pos2),
    /// A quadratic Bézier curve by its middle point and its end.
    Quadratic(Pos2, Pos2),
    /// A cubic one by its two middle points and its end.
    Cubic(Pos2, Pos2, Pos2),
    /// Back to where the line began.
    Close,
}

/// What a pen draws.
pub type Outline = Vec<Step>;

/// Straight lines from point to point.
pub(super) fn polyline(points: &[Pos2], closed: bool) -> Outline {
    let step = |(number, &point)| if number == 0 { Step::Move(point) } else { Step::Line(point) };
    let steps = points.iter().enumerate().map(step);
    steps.chain(closed.then_some(Step::Close)).collect()
}

pub(super) fn ellipse(centre: Pos2, radius: Vec2) -> Outline {
    rounded(Rect::from_center_size(centre, 2.0 * radius), [radius; 4])
}

pub(super) fn rectangle(rect: Rect, corners: CornerRadiusF32) -> Outline {
    let most = 0.5 * rect.width().min(rect.height()).max(0.0);
    let radii = [corners.ne, corners.se, corners.sw, corners.nw];
    rounded(rect, radii.map(|radius| Vec2::splat(radius.clamp(0.0, most))))
}

/// A rectangle with quarters of ellipses as its corners, clockwise from the upper right.
fn rounded(rect: Rect, radii: [Vec2; 4]) -> Outline {
    let corners = [rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    // The directions in which the pen comes to a corner and leaves it.
    let ways = [vec2(1.0, 0.0), vec2(0.0, 1.0), vec2(-1.0, 0.0), vec2(0.0, -1.0)];
    let mut outline = Vec::with_capacity(10);
    for (index, (corner, radius)) in corners.into_iter().zip(radii).enumerate() {
        let (comes, leaves) = (ways[index] * radius, ways[(index + 1) % 4] * radius);
        let begin = corner - comes;
        outline.push(if index == 0 { Step::Move(begin) } else { Step::Line(begin) });
        if radius != Vec2::ZERO {
            let near = 1.0 - QUARTER;
            outline.push(Step::Cubic(
                corner - near * comes,
                corner + near * leaves,
                corner + leaves,
            ));
        }
    }
    outline.push(Step::Close);
    outline
}

/// A step with each of its points moved by `map`.
pub(super) fn mapped(step: Step, map: impl Fn(Pos2) -> Pos2) -> Step {
    match step {
        Step::Move(to) => Step::Move(map(to)),
        Step::Line(to) => Step::Line(map(to)),
        Step::Quadratic(by, to) => Step::Quadratic(map(by), map(to)),
        Step::Cubic(first, second, to) => Step::Cubic(map(first), map(second), map(to)),
        Step::Close => Step::Close,
    }
}

/// `point` turned clockwise about `pivot`, in radians.
pub(super) fn turned(point: Pos2, pivot: Pos2, angle: f32) -> Pos2 {
    let (sin, cos) = angle.sin_cos();
    let from = point - pivot;
    pos2(pivot.x + cos * from.x - sin * from.y, pivot.y + sin * from.x + cos * from.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_keeps_its_radius() {
        let centre = pos2(3.0, 4.0);
        let mut from = centre;
        for step in ellipse(centre, Vec2::splat(10.0)) {
            if let Step::Cubic(first, second, to) = step {
                // The middle of a cubic is an eighth of its ends and three of what lies between.
                let sum =
                    from.to_vec2() + to.to_vec2() + 3.0 * (first.to_vec2() + second.to_vec2());
                let middle = (sum / 8.0).to_pos2();
                assert!((middle.distance(centre) - 10.0).abs() < 0.01);
                assert!((to.distance(centre) - 10.0).abs() < 1e-4);
            }
            if let Step::Move(to) | Step::Line(to) | Step::Cubic(_, _, to) = step {
                from = to;
            }
        }
    }

    #[test]
    fn corners_are_no_larger_than_their_rectangle() {
        let rect = Rect::from_min_size(pos2(1.0, 2.0), vec2(10.0, 4.0));
        for radius in [0.0, 1.0, 100.0] {
            for step in rectangle(rect, CornerRadiusF32::same(radius)) {
                mapped(step, |point| {
                    assert!(rect.expand(1e-4).contains(point), "{radius} {point}");
                    point
                });
            }
        }
    }

    #[test]
    fn a_quarter_turn_is_clockwise() {
        let point = turned(pos2(2.0, 1.0), pos2(1.0, 1.0), std::f32::consts::FRAC_PI_2);
        assert!(point.distance(pos2(1.0, 2.0)) < 1e-6);
    }
}
