//! Which pixels a triangle covers, and what grows evenly over it.

use eframe::egui::epaint::{Mesh, Vertex};

/// Parts of a pixel that a corner's position is rounded to.
const SUB: i64 = 256;

/// Positions are kept within this many pixels, so that no product of two overflows.
const FAR: f32 = 2_097_152.0;

/// The pixels that may be painted: `left..right` in the rows `top..bottom`.
#[derive(Clone, Copy)]
pub(super) struct Clip {
    pub(super) left: i64,
    pub(super) right: i64,
    pub(super) top: i64,
    pub(super) bottom: i64,
}

impl Clip {
    pub(super) fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }
}

/// The corners of a mesh's triangle, unless an index leads nowhere.
pub(super) fn corners(mesh: &Mesh, indices: [u32; 3]) -> Option<[&Vertex; 3]> {
    let [a, b, c] = indices.map(|index| mesh.vertices.get(index as usize));
    Some([a?, b?, c?])
}

/// A triangle on the grid of 1/256 pixels.
pub(super) struct Triangle<'a> {
    /// The corners, clockwise as seen on the screen.
    pub(super) vertices: [&'a Vertex; 3],
    /// Their positions in [`SUB`] parts of a pixel.
    points: [[i64; 2]; 3],
    /// Twice the area, in squared parts; above zero.
    area: i64,
    edges: [Edge; 3],
}

impl<'a> Triangle<'a> {
    /// `None` for a triangle without area or with a position that is no number.
    pub(super) fn new(vertices: [&'a Vertex; 3], pixels_per_point: f32) -> Option<Self> {
        let [a, b, c] = vertices;
        let [p, q, r] = vertices.map(|vertex| grid_point(vertex, pixels_per_point));
        let (p, q, r) = (p?, q?, r?);
        let area = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
        let (vertices, points) = match area {
            0 => return None,
            1.. => ([a, b, c], [p, q, r]),
            _ => ([a, c, b], [p, r, q]),
        };
        let [p, q, r] = points;
        Some(Self {
            vertices,
            points,
            area: area.abs(),
            edges: [Edge::new(p, q), Edge::new(q, r), Edge::new(r, p)],
        })
    }

    /// The rows with a pixel centre between the highest and the lowest corner.
    pub(super) fn rows(&self, clip: Clip) -> std::ops::Range<i64> {
        let [a, b, c] = self.points.map(|point| point[1]);
        let (first, last) = (a.min(b).min(c), a.max(b).max(c));
        // Row y has its centre at y + 1/2.
        let start = (first - SUB / 2 + SUB - 1).div_euclid(SUB);
        let end = (last - SUB / 2).div_euclid(SUB) + 1;
        start.max(clip.top)..end.min(clip.bottom)
    }

    /// The pixels of one row that belong to the triangle.
    pub(super) fn span(&self, row: i64, clip: Clip) -> std::ops::Range<i64> {
        let mut span = clip.left..clip.right;
        for edge in &self.edges {
            edge.cut(row, &mut span);
        }
        span
    }
}

/// A corner's position in [`SUB`] parts of a pixel, or `None` if it is no number.
fn grid_point(vertex: &Vertex, pixels_per_point: f32) -> Option<[i64; 2]> {
    let grid = |points: f32| {
        let pixels = points * pixels_per_point;
        let parts = pixels.clamp(-FAR, FAR) * SUB as f32;
        // Not `round`, which the default target calls a function for.
        (!pixels.is_nan()).then(|| (parts + 0.5_f32.copysign(parts)) as i64)
    };
    Some([grid(vertex.pos.x)?, grid(vertex.pos.y)?])
}

/// One side of a triangle: the function *at_origin + right × column + down × row* of a pixel's
/// centre, zero or above on the inner side.
struct Edge {
    at_origin: i64,
    right: i64,
    down: i64,
}

impl Edge {
    /// The side from `a` to `b`, with the triangle to its right when looking from `a` to `b`.
    fn new(a: [i64; 2], b: [i64; 2]) -> Self {
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let at_centre = dx * (SUB / 2 - a[1]) - dy * (SUB / 2 - a[0]);
        // A centre right on the edge counts on left sides (which go up) and on top sides
        // (which go right); on the others it has to be further in.
        let owns_its_points = dy < 0 || (dy == 0 && dx > 0);
        Self {
            at_origin: at_centre - i64::from(!owns_its_points),
            right: -dy * SUB,
            down: dx * SUB,
        }
    }

    /// Takes the pixels on the outer side out of a row's span.
    fn cut(&self, row: i64, span: &mut std::ops::Range<i64>) {
        let at_row = self.at_origin + self.down * row;
        match self.right {
            1.. => span.start = span.start.max(-at_row.div_euclid(self.right)),
            0 if at_row < 0 => span.end = span.start,
            0 => {}
            _ => span.end = span.end.min(at_row.div_euclid(-self.right) + 1),
        }
    }
}

/// A quantity that grows evenly over a triangle, known at its corners.
#[derive(Clone, Copy)]
pub(super) struct Slope {
    at_origin: f64,
    pub(super) right: f64,
    pub(super) down: f64,
}

impl Slope {
    pub(super) fn new(triangle: &Triangle<'_>, values: [f32; 3]) -> Self {
        let [a, b, c] = triangle.points;
        let [value, to_b, to_c] = {
            let [va, vb, vc] = values.map(f64::from);
            [va, vb - va, vc - va]
        };
        let scale = SUB as f64 / triangle.area as f64;
        let right = (to_b * (c[1] - a[1]) as f64 - to_c * (b[1] - a[1]) as f64) * scale;
        let down = (to_c * (b[0] - a[0]) as f64 - to_b * (c[0] - a[0]) as f64) * scale;
        let [x, y] = a.map(|part| part as f64 / SUB as f64 - 0.5);
        Self { at_origin: value - right * x - down * y, right, down }
    }

    /// The value at a pixel's centre, and what each pixel further right adds.
    pub(super) fn start(&self, column: i64, row: i64) -> [f32; 2] {
        let value = self.at_origin + self.right * column as f64 + self.down * row as f64;
        [value as f32, self.right as f32]
    }
}
