//! The ops as a narrow format computes them: every result is stored in the format.

use ndarray::{Array2, ArrayView1, Axis};

use crate::engine::chain::AlongSkip;
use crate::engine::kernels::{self, STANDARD};
use crate::engine::network::Network;
use crate::engine::number::{Format, Signal};
use crate::engine::op::{Dense, Norm, Op};
use crate::engine::pass::{Below, LayerTrace, Pass};
use crate::experiment::{Activation, NormKind};

/// What the ops of one layer leave in its trace, as the format stores it.
pub(crate) fn forward_stored(
    ops: &[Op<f64>],
    format: Format,
    below: Below<'_, f32>,
    trace: &mut LayerTrace<f32>,
) {
    let Some((Op::Dense(dense), between)) = ops.split_first() else {
        unreachable!("a layer begins with a dense op");
    };
    let z = &mut trace.z.columns_mut().mantissa;
    let input = &below.input.columns().mantissa;
    kernels::product(&weight(dense, format).view(), input, 1.0, z);
    for (unit, mut row) in z.rows_mut().into_iter().enumerate() {
        let bias = dense.bias.as_ref().map_or(0.0, |bias| format.round(bias[unit]));
        row.mapv_inplace(|z| format.store(z + bias as f32));
    }
    let LayerTrace { z, a, slope, chain, .. } = trace;
    let mut rest = chain.as_deref_mut().map_or(&mut [][..], |chain| &mut chain.made[..]);
    let mut from = &*z;
    for op in between.iter().filter(|op| !matches!(op, Op::Save)) {
        let Some((to, others)) = std::mem::take(&mut rest).split_first_mut() else {
            make(op, format, (from, below.handed_on), a, slope);
            return;
        };
        make(op, format, (from, below.handed_on), to, slope);
        (from, rest) = (to, others);
    }
}

/// What an op between z and a makes of a signal; a skip also of what was `handed_on`.
fn make(
    op: &Op<f64>,
    format: Format,
    (from, handed_on): (&Signal<f32>, Option<&Signal<f32>>),
    to: &mut Signal<f32>,
    slope: &mut Array2<f32>,
) {
    let (from, to) = (&from.columns().mantissa, &mut to.columns_mut().mantissa);
    match op {
        Op::Activation(activation) => activate(*activation, format, (from, to), slope),
        Op::Norm(norm) => norm.forward_stored(format, from, to),
        Op::Add { alpha } => {
            let alpha = format.round(*alpha) as f32;
            let handed_on = handed_on.expect("a layer that adds a skip lies above one");
            let pairs = from.iter().zip(&handed_on.columns().mantissa);
            for (to, (r, h)) in to.iter_mut().zip(pairs) {
                *to = format.store(h + format.store(alpha * r));
            }
        }
        Op::Dense(_) | Op::Save => unreachable!("makes nothing between z and a"),
    }
}

/// δ on its way back to a layer, left in its trace, as the format stores it; `above` is the trace
/// of the layer above with its δ.
pub(crate) fn backward_stored(
    ops: &[Op<f64>],
    format: Format,
    above: &LayerTrace<f32>,
    trace: &mut LayerTrace<f32>,
) {
    let Some((Op::Dense(dense), between)) = ops.split_last() else {
        unreachable!("the last op before z is a dense one");
    };
    let u = &mut trace.delta.columns_mut().mantissa;
    let delta = &above.delta.columns().mantissa;
    kernels::product_transposed(&weight(dense, format).view(), delta, 1.0, u);
    u.mapv_inplace(|u| format.store(u));
    let along_skip = above.along_skip();
    let mut place = between.iter().filter(|op| !matches!(op, Op::Save)).count();
    for op in between.iter().rev() {
        if let (Op::Save, Some(skip)) = (op, along_skip) {
            let u = &mut trace.delta.columns_mut().mantissa;
            u.zip_mut_with(&skip.columns().mantissa, |u, skip| *u = format.store(*u + skip));
        }
        if !matches!(op, Op::Save) {
            send_back(op, format, place, trace);
            place -= 1;
        }
    }
}

/// What an op between z and a sends back of the signal that it makes, the one of that `place`.
fn send_back(op: &Op<f64>, format: Format, place: usize, trace: &mut LayerTrace<f32>) {
    match op {
        Op::Activation(activation) => times_slope_stored(*activation, format, trace),
        Op::Norm(norm) => {
            let from = trace.signal(place - 1).columns().mantissa.clone();
            // ∂L/∂u, for the gradients of γ and β.
            let chain = trace.chain.as_mut().expect("a trace is made for its layer's ops");
            chain.norm.above = Some(trace.delta.clone());
            norm.backward_stored(format, &from, &mut trace.delta.columns_mut().mantissa);
        }
        Op::Add { alpha } => {
            let alpha = format.round(*alpha) as f32;
            let LayerTrace { delta, chain, .. } = trace;
            let chain = chain.as_mut().expect("a trace is made for its layer's ops");
            if let AlongSkip::Other(along) = &mut chain.along_skip {
                along.copy_from(delta);
            }
            delta.columns_mut().mantissa.mapv_inplace(|delta| format.store(alpha * delta));
        }
        Op::Dense(_) | Op::Save => unreachable!("makes nothing between z and a"),
    }
}

impl Network<f64> {
    /// ∂L/∂γ and ∂L/∂β of the mean loss after an emulated backward pass, loss scale included, summed
    /// in double precision and rounded to `f32`, in which γ and β are kept; `index` = l − 1.
    ///
    /// # Panics
    /// If the layer has no normalization.
    pub(crate) fn stored_norm_gradients(&self, pass: &Pass<f32>, index: usize) -> [Vec<f32>; 2] {
        const NORMALIZED: &str = "the layer is normalized, and the pass went back";
        let (norm, trace) = (self.norm(index).expect(NORMALIZED), &pass.layers[index]);
        let chain = trace.chain.as_ref().expect(NORMALIZED);
        let entering = trace.signal(chain.normalized.expect(NORMALIZED) - 1);
        let above = &chain.norm.above.as_ref().expect(NORMALIZED).columns().mantissa;
        let mut normalized = entering.columns().mantissa.mapv(f64::from);
        for mut group in normalized.lanes_mut(norm.axis()) {
            let stored = group.mapv(|z| z as f32);
            let [mean, inverse, _] = norm.statistics(&stored.view());
            group.mapv_inplace(|z| (z - mean) * inverse);
        }
        let rows = above.rows().into_iter().zip(normalized.rows());
        let gamma = rows.map(|(above, normalized)| {
            let products = above.iter().zip(normalized).map(|(&u, z)| f64::from(u) * z);
            products.sum::<f64>() as f32
        });
        let beta = above
            .rows()
            .into_iter()
            .map(|above| above.iter().map(|&u| f64::from(u)).sum::<f64>() as f32);
        [gamma.collect(), beta.collect()]
    }
}

impl Norm<f64> {
    /// u as the format stores it: mean, variance and quotient are those of wider numbers, as
    /// PyTorch has them, and only u is rounded.
    fn forward_stored(&self, format: Format, z: &Array2<f32>, u: &mut Array2<f32>) {
        let axis = self.axis();
        for (group, (z, mut u)) in z.lanes(axis).into_iter().zip(u.lanes_mut(axis)).enumerate() {
            let [mean, inverse, _] = self.statistics(&z);
            for (place, (z, u)) in z.iter().zip(&mut u).enumerate() {
                let unit = if self.spec.kind.couples_examples() { group } else { place };
                let normalized = (f64::from(*z) - mean) * inverse;
                *u = format.store((normalized * self.gamma(unit) + self.beta(unit)) as f32);
            }
        }
    }

    /// δ of the ∂L/∂u that is there, as the format stores it.
    fn backward_stored(&self, format: Format, z: &Array2<f32>, delta: &mut Array2<f32>) {
        let axis = self.axis();
        let lanes = z.lanes(axis).into_iter().zip(delta.lanes_mut(axis));
        for (group, (z, mut delta)) in lanes.enumerate() {
            let [mean, inverse, share] = self.statistics(&z);
            let z: Vec<f64> = z.iter().map(|&z| (f64::from(z) - mean) * inverse).collect();
            let unit = |place| if self.spec.kind.couples_examples() { group } else { place };
            let g: Vec<f64> = delta
                .iter()
                .enumerate()
                .map(|(place, &g)| f64::from(g) * self.gamma(unit(place)))
                .collect();
            let centre = if self.spec.kind == NormKind::Rms { 0.0 } else { mean_of(&g) };
            let products = z.iter().zip(&g).map(|(z, g)| z * (g - centre)).sum::<f64>();
            let squares = z.iter().map(|z| z * z).sum::<f64>();
            let along = if squares == 0.0 { 0.0 } else { products / squares };
            for ((delta, g), z) in delta.iter_mut().zip(&g).zip(&z) {
                let left = (g - centre - along * z) + along * share * z;
                *delta = format.store((left * inverse) as f32);
            }
        }
    }

    /// Along which the numbers of a group lie.
    fn axis(&self) -> Axis {
        Axis(usize::from(self.spec.kind.couples_examples()))
    }

    fn gamma(&self, unit: usize) -> f64 {
        self.gamma.as_ref().map_or(1.0, |gamma| gamma[unit])
    }

    fn beta(&self, unit: usize) -> f64 {
        self.beta.as_ref().map_or(0.0, |beta| beta[unit])
    }

    /// μ, 1/√(v + ε) and ε/(v + ε) of a group.
    fn statistics(&self, group: &ArrayView1<'_, f32>) -> [f64; 3] {
        let group: Vec<f64> = group.iter().map(|&z| f64::from(z)).collect();
        let mean = if self.spec.kind == NormKind::Rms { 0.0 } else { mean_of(&group) };
        let squares: Vec<f64> = group.iter().map(|z| (z - mean) * (z - mean)).collect();
        let sum = mean_of(&squares) + self.spec.epsilon;
        if sum == 0.0 {
            [mean, 0.0, 0.0]
        } else {
            [mean, 1.0 / sum.sqrt(), self.spec.epsilon / sum]
        }
    }
}

fn mean_of(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// W as the format stores it.
fn weight(dense: &Dense<f64>, format: Format) -> Array2<f32> {
    dense.unit.mapv(|unit| format.round(unit * dense.scale) as f32)
}

/// a and φ′, computed in `f32`. What is no number stays none, where a comparison would make it 0.
fn activate(
    activation: Activation,
    format: Format,
    (z, a): (&Array2<f32>, &mut Array2<f32>),
    slope: &mut Array2<f32>,
) {
    let (z, a) = (z.as_slice().expect(STANDARD), a.as_slice_mut().expect(STANDARD));
    let slope = slope.as_slice_mut().expect(STANDARD);
    kernels::activate(activation, z, a, slope);
    for (index, _) in z.iter().enumerate().filter(|(_, z)| z.is_nan()) {
        (a[index], slope[index]) = (f32::NAN, f32::NAN);
    }
    a.iter_mut().for_each(|a| *a = format.store(*a));
    if let Some(slope_of_stored) = activation.slope_of_value() {
        slope.iter_mut().zip(a).for_each(|(slope, a)| *slope = slope_of_stored(*a));
    }
}

/// δ ← u ⊙ φ′ as the format stores it. ReLU picks 0 where its slope is, whatever u; elsewhere an
/// infinite u times 0 is no number.
pub(crate) fn times_slope_stored(
    activation: Activation,
    format: Format,
    trace: &mut LayerTrace<f32>,
) {
    let picks = activation.switches_off();
    trace.delta.columns_mut().mantissa.zip_mut_with(&trace.slope, |u, &slope| {
        *u = if slope == 0.0 && picks { 0.0 } else { format.store(*u * slope) };
    });
}
