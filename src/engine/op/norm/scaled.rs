//! A normalization with an exponent for each number, where plain numbers would lose digits.

use crate::engine::chain::{InverseRoots, NormTrace};
use crate::engine::number::{Real, Scaled, Signal};

use super::Norm;

/// At most so many ε of the largest are what rounding leaves of a g⊥ that is 0.
const NOISE: f64 = 8.0;

/// A layer has units and a batch examples.
const MEMBERS: &str = "a group has numbers";

impl<T: Real> Norm<T> {
    /// The forward pass with an exponent for each number.
    pub(super) fn forward_scaled(
        &self,
        z: &Signal<T>,
        u: &mut Signal<T>,
        trace: &mut NormTrace<T>,
    ) {
        let mut columns: Vec<Vec<Scaled>> = (0..z.batch()).map(|b| z.column(b)).collect();
        let mut inverse = Vec::new();
        trace.share.clear();
        self.each_group(&mut columns, |_, group| {
            let [root, share] = self.normalize(group);
            inverse.push(root);
            trace.share.push(share.to_f64());
        });
        trace.inverse = InverseRoots::Scaled(inverse);
        u.clear_underflowed();
        for (example, column) in columns.iter().enumerate() {
            u.set_settled(example, column);
        }
    }

    /// Makes z of a group ẑ; returns 1/√(v + ε) and ε/(v + ε).
    fn normalize(&self, group: &mut [Scaled]) -> [Scaled; 2] {
        let length = group.len() as f64;
        let mean = |numbers: &[Scaled]| numbers.iter().copied().sum::<Scaled>() * (1.0 / length);
        if self.centres() {
            // Equal numbers differ by exactly 0 from the first of them.
            let first = group[0];
            group.iter_mut().for_each(|z| *z = *z - first);
            for _ in 0..2 {
                let mean = mean(group);
                group.iter_mut().for_each(|z| *z = *z - mean);
            }
        }
        let squares: Vec<Scaled> = group.iter().map(|&z| z * z).collect();
        let epsilon = Scaled::from(self.spec.epsilon);
        let sum = mean(&squares) + epsilon;
        let Some(inverse) = Scaled::from(1.0).checked_div(sum.sqrt()) else {
            return [Scaled::ZERO, Scaled::ZERO];
        };
        group.iter_mut().for_each(|z| *z *= inverse);
        [inverse, epsilon.checked_div(sum).expect("its root has an inverse")]
    }

    /// Has each group worked on, of columns that stand for n × B numbers.
    fn each_group(&self, columns: &mut [Vec<Scaled>], mut work: impl FnMut(usize, &mut [Scaled])) {
        if !self.spec.kind.couples_examples() {
            columns.iter_mut().enumerate().for_each(|(group, column)| work(group, column));
            return;
        }
        for unit in 0..columns[0].len() {
            let mut group: Vec<Scaled> = columns.iter().map(|column| column[unit]).collect();
            work(unit, &mut group);
            columns.iter_mut().zip(group).for_each(|(column, value)| column[unit] = value);
        }
    }

    /// The way back with an exponent for each number.
    pub(super) fn backward_scaled(
        &self,
        normalized: &Signal<T>,
        delta: &mut Signal<T>,
        trace: &NormTrace<T>,
    ) {
        let mut columns: Vec<Vec<Scaled>> = (0..delta.batch()).map(|b| delta.column(b)).collect();
        let z: Vec<Vec<Scaled>> = (0..delta.batch()).map(|b| normalized.column(b)).collect();
        let by_unit = self.spec.kind.couples_examples();
        self.each_group(&mut columns, |group, g| {
            let z: Vec<Scaled> = match by_unit {
                true => z.iter().map(|column| column[group]).collect(),
                false => z[group].clone(),
            };
            self.pull_back(g, &z, trace.inverse.get(group), trace.share[group]);
        });
        delta.clear_underflowed();
        for (example, column) in columns.iter().enumerate() {
            delta.set_column(example, column);
        }
    }

    /// Makes g of a group δ.
    fn pull_back(&self, g: &mut [Scaled], z: &[Scaled], inverse: Scaled, share: f64) {
        let parallel = self.split(g, z);
        for (g, parallel) in g.iter_mut().zip(parallel) {
            *g = (*g + parallel * share) * inverse;
        }
    }

    /// Makes g of a group g⊥, and returns g∥, the part of g − mean(g) (of g for RMS normalization)
    /// along ẑ.
    pub(crate) fn split(&self, g: &mut [Scaled], z: &[Scaled]) -> Vec<Scaled> {
        let length = g.len() as f64;
        let largest = |numbers: &[Scaled]| numbers.iter().map(|number| number.abs()).max();
        let top = largest(g).expect(MEMBERS);
        if self.centres() {
            for _ in 0..2 {
                let mean = g.iter().copied().sum::<Scaled>() * (1.0 / length);
                g.iter_mut().for_each(|g| *g = *g - mean);
            }
        }
        let dot =
            |a: &[Scaled], b: &[Scaled]| a.iter().zip(b).map(|(a, b)| *a * *b).sum::<Scaled>();
        // Of equal numbers ẑ is 0 and has no direction.
        let along = dot(g, z).checked_div(dot(z, z)).unwrap_or(Scaled::ZERO);
        let parallel: Vec<Scaled> = z.iter().map(|&z| z * along).collect();
        let left: Vec<Scaled> = g.iter().zip(&parallel).map(|(&g, &along)| g - along).collect();
        let is_noise = largest(&left).expect(MEMBERS) <= top * (NOISE * T::EPSILON);
        // Of so few numbers all lies along ẑ, where that has a direction.
        let few = g.len() == 1 + usize::from(self.centres());
        let is_all_along = is_noise || few && z.iter().any(|z| !z.is_zero());
        for (g, left) in g.iter_mut().zip(left) {
            *g = if is_all_along { Scaled::ZERO } else { left };
        }
        parallel
    }
}
