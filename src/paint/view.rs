//! The part of a plot that is seen. It stays within the data, so that no plot is ever lost.

use egui_plot::PlotBounds;

/// The share of a view, on each side, between its edge and a datum that is moved into it.
const AIR: f64 = 0.1;
/// A datum nearer to an edge than this share of the view is not seen.
const RIM: f64 = 0.03;

/// A view moved by so much, in the plot's own numbers.
pub fn moved(view: PlotBounds, by: [f64; 2]) -> PlotBounds {
    let [min, max] = [view.min(), view.max()];
    let at = |corner: [f64; 2]| [corner[0] + by[0], corner[1] + by[1]];
    PlotBounds::from_min_max(at(min), at(max))
}

/// A view magnified by a factor along each axis, around a point that stays where it is.
pub fn magnified(view: PlotBounds, factor: [f64; 2], around: [f64; 2]) -> PlotBounds {
    let at = |corner: [f64; 2]| {
        [0, 1].map(|axis| around[axis] + (corner[axis] - around[axis]) / factor[axis])
    };
    PlotBounds::from_min_max(at(view.min()), at(view.max()))
}

/// The nearest view within the whole that is at least as wide and as high as `least`, and that
/// shows one of the data, where there are any; they are asked for near a view. Nothing where that is
/// the whole itself.
pub fn within(
    view: PlotBounds,
    whole: PlotBounds,
    least: [f64; 2],
    data: impl FnOnce(PlotBounds) -> Vec<[f64; 2]>,
) -> Option<PlotBounds> {
    let sides = [0, 1].map(|axis| {
        let (low, high) = (whole.min()[axis], whole.max()[axis]);
        let (from, to) = (view.min()[axis], view.max()[axis]);
        let side = (to - from).clamp(least[axis].min(high - low), high - low);
        let from = 0.5 * (from + to) - 0.5 * side;
        Side { low, high, from: kept(from, low, high - side), side }
    });
    let data = data(bounds(&sides));
    let sides = with_a_datum(sides, &data);
    let is_whole = sides.iter().all(|side| side.side >= (side.high - side.low) * (1.0 - 1e-6));
    (!is_whole).then_some(bounds(&sides))
}

fn bounds(sides: &[Side; 2]) -> PlotBounds {
    let ends = |end: fn(&Side) -> f64| sides.each_ref().map(end);
    PlotBounds::from_min_max(ends(|side| side.from), ends(|side| side.from + side.side))
}

/// Between two ends, of which the lower one counts where rounding has them cross.
fn kept(number: f64, low: f64, high: f64) -> f64 {
    number.min(high).max(low)
}

/// One side of a view, and the ends of the whole.
struct Side {
    low: f64,
    high: f64,
    from: f64,
    side: f64,
}

impl Side {
    /// How far a number lies outside what is seen, in sides of the view. At an end of the whole
    /// everything is seen.
    fn missed_by(&self, number: f64) -> f64 {
        let (rim, to) = (RIM * self.side, self.from + self.side);
        let from = if self.from > self.low { self.from + rim } else { f64::NEG_INFINITY };
        let to = if to < self.high { to - rim } else { f64::INFINITY };
        (from - number).max(number - to).max(0.0) / self.side
    }

    /// Moved so far that it holds the number.
    fn holding(self, number: f64) -> Self {
        let air = AIR * self.side;
        let from = self.from.clamp(number + air - self.side, number - air);
        Self { from: kept(from, self.low, self.high - self.side), ..self }
    }
}

fn with_a_datum([x, y]: [Side; 2], data: &[[f64; 2]]) -> [Side; 2] {
    // Of the data above and below the view, where there are any: who pans along a curve follows it.
    let missed = |at: &[f64; 2]| [x.missed_by(at[0]), y.missed_by(at[1])];
    let of_the_whole =
        |at: &&[f64; 2]| (x.low..=x.high).contains(&at[0]) && (y.low..=y.high).contains(&at[1]);
    let nearest = data
        .iter()
        .filter(of_the_whole)
        .map(|at| (missed(at), *at))
        .min_by(|([ax, ay], _), ([bx, by], _)| ax.total_cmp(bx).then(ay.total_cmp(by)));
    match nearest {
        Some((missed, at)) if missed != [0.0; 2] => [x.holding(at[0]), y.holding(at[1])],
        _ => [x, y],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: ([f64; 2], [f64; 2]) = ([0.0, -6.0], [10.0, 0.0]);

    fn of((min, max): ([f64; 2], [f64; 2])) -> PlotBounds {
        PlotBounds::from_min_max(min, max)
    }

    fn seen(view: ([f64; 2], [f64; 2]), data: &[[f64; 2]]) -> Option<([f64; 2], [f64; 2])> {
        let view = within(of(view), of(WHOLE), [1.0, 0.5], |_| data.to_vec())?;
        Some((view.min(), view.max()))
    }

    #[test]
    fn a_view_stays_within_the_whole() {
        assert_eq!(seen(WHOLE, &[]), None);
        assert_eq!(seen(([-50.0, -90.0], [70.0, 80.0]), &[]), None, "no further out");
        assert_eq!(seen(([8.0, -3.0], [12.0, 0.0]), &[]), Some(([6.0, -3.0], [10.0, 0.0])));
        assert_eq!(seen(([-9.0, -9.0], [-7.0, -8.0]), &[]), Some(([0.0, -6.0], [2.0, -5.0])));
        let deep = seen(([5.0, -2.0], [5.0 + 1e-9, -2.0 + 1e-9]), &[]).expect("a view");
        assert!((deep.1[0] - deep.0[0] - 1.0).abs() < 1e-9, "as narrow as can be: {deep:?}");
    }

    #[test]
    fn a_view_shows_a_datum() {
        let data = [[1.0, -5.0], [9.0, -1.0], [4.0, 77.0]];
        for from in 0..9 {
            for low in 0..5 {
                let (x, y) = (f64::from(from), f64::from(low) - 6.0);
                let (min, max) = seen(([x, y], [x + 1.0, y + 1.0]), &data).expect("a view");
                let holds = |at: &[f64; 2]| (0..2).all(|i| (min[i]..=max[i]).contains(&at[i]));
                assert!(data.iter().any(holds), "{min:?} {max:?}");
            }
        }
        let untouched = ([0.5, -5.5], [2.0, -4.0]);
        assert_eq!(seen(untouched, &data), Some(untouched));
    }

    #[test]
    fn what_is_pointed_at_stays_where_it_is() {
        let view = magnified(of(WHOLE), [2.0, 4.0], [2.0, -3.0]);
        assert_eq!((view.min(), view.max()), ([1.0, -3.75], [6.0, -2.25]));
        let view = moved(view, [1.0, 0.25]);
        assert_eq!((view.min(), view.max()), ([2.0, -3.5], [7.0, -2.0]));
    }
}
