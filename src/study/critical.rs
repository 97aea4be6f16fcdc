//! Where theory says that a sweep neither vanishes nor explodes: the line χ = 1 on its axes.

use super::mean_field::{FixedPoint, MeanField, critical_while_watched};
use super::{Axis, Correlation, Quantity, Setting, Stopped, Sweep, SweepMap, TaskContext};

/// Values of the other axis at which the line is solved for, at the most.
const POINTS: usize = 33;
/// Parts into which the first step is divided where the biases begin at 0: there the critical
/// σ_w leaves its value with a vertical tangent, as a power of σ_b below 1.
const FIRST_PARTS: u32 = 10;

/// Depth scales through which networks train.
const TRAINABLE: f64 = 6.0;

/// A sweep with what was measured of it, and the theory's line.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepResult {
    /// What was asked.
    pub sweep: Sweep,
    /// What is known so far.
    pub map: SweepMap,
    /// χ = 1, or of a training 6ξ_c, as (x, y) in the axes' values; nothing where theory has none or it is yet to come.
    pub critical: Vec<[f64; 2]>,
}

/// The settings at which χ = 1, where the scale of the weights (gain or σ_w) is on an axis:
/// for each value of the other axis the critical scale, √(σ_w²(critical)/σ_w²(at scale 1)).
/// A curve over the scale has one such point, with y = 0. Theory's networks are infinitely
/// wide and deep, with hidden layers of one width; elsewhere there is no line.
///
/// # Errors
/// [`Stopped`] when told to stop.
///
/// ```
/// use gradient_lab::study::{SweepPreset, TaskContext, critical_line};
/// let he = SweepPreset::DepthGainRelu.sweep();
/// let line = critical_line(&he, &TaskContext::unattended()).expect("nobody stops it");
/// assert!(line.iter().all(|[gain, _depth]| (gain - 2_f64.sqrt()).abs() < 1e-9));
/// ```
pub fn critical_line(sweep: &Sweep, task: &TaskContext<'_>) -> Result<Vec<[f64; 2]>, Stopped> {
    let is_scale = |axis: &Axis| matches!(axis.setting, Setting::Gain | Setting::WeightStd);
    let (scale, other, swapped) = match (sweep.x, sweep.y) {
        (x, y) if is_scale(&x) => (x.setting, y, false),
        (x, Some(y)) if is_scale(&y) => (y.setting, Some(x), true),
        _ => return Ok(Vec::new()),
    };
    if sweep.quantity == Quantity::Learned {
        return match other {
            Some(depth) if depth.setting == Setting::Depth => {
                trainable_line(sweep, scale, &depth, swapped, task)
            }
            _ => Ok(Vec::new()),
        };
    }
    let Some(other) = other else {
        let Some(unit) = unit_field(sweep, scale, None) else { return Ok(Vec::new()) };
        let point = critical_of(unit, task)?.map(|scale| [scale, 0.0]);
        return Ok(point.into_iter().collect());
    };
    let mut line = Vec::new();
    let mut last: Option<(MeanField, Option<f64>)> = None;
    for value in values(&other) {
        task.proceed()?;
        let Some(unit) = unit_field(sweep, scale, Some((other.setting, value))) else { continue };
        // Depth and width change nothing: then the one point serves for all.
        let critical = match last {
            Some((field, critical)) if field == unit => critical,
            _ => critical_of(unit, task)?,
        };
        last = Some((unit, critical));
        if let Some(scale) = critical {
            line.push(if swapped { [value, scale] } else { [scale, value] });
        }
    }
    Ok(line)
}

/// 6ξ_c for each scale of the weights: to such a depth networks train (Schoenholz et al. 2017), with
/// ξ_c = −1/ln χ_c the layers in which two examples' correlation settles by a factor of e. Where it
/// lies above the map the line follows the map's edge.
fn trainable_line(
    sweep: &Sweep,
    scale: Setting,
    depth: &Axis,
    swapped: bool,
    task: &TaskContext<'_>,
) -> Result<Vec<[f64; 2]>, Stopped> {
    let axis = if swapped { sweep.y.unwrap_or(sweep.x) } else { sweep.x };
    let Some(unit) = unit_field(sweep, scale, None) else { return Ok(Vec::new()) };
    let mut line = Vec::new();
    for value in values(&axis) {
        task.proceed()?;
        let field = MeanField { weight_variance: unit.weight_variance * value * value, ..unit };
        let slope = match (field.correlation(), field.fixed_point()) {
            (Some(correlation), _) => correlation.slope,
            // What fades away does so as fast as the error signal.
            (None, FixedPoint::At(q)) if q == 0.0 => field.chi_at(q),
            _ => continue,
        };
        let scale = Correlation { fixed_point: 1.0, slope }.depth_scale();
        let reach = if scale > 0.0 { (TRAINABLE * scale).min(depth.to) } else { depth.to };
        if reach >= depth.from {
            line.push(if swapped { [reach, value] } else { [value, reach] });
        }
    }
    Ok(line)
}

/// The values at which the line is solved for, the axis' own ends among them.
fn values(axis: &Axis) -> Vec<f64> {
    let axis = Axis { cells: axis.cells.min(POINTS), ..*axis };
    let mut values: Vec<f64> = (0..axis.cells).map(|cell| axis.value(cell)).collect();
    if let (Setting::BiasStd, [0.0, next, ..]) = (axis.setting, &values[..]) {
        // Ever closer together towards 0.
        let share = |part: u32| f64::from(part) / f64::from(FIRST_PARTS);
        let between = (1..FIRST_PARTS).map(|part| next * share(part) * share(part));
        let between: Vec<f64> = between.collect();
        values.splice(1..1, between);
    }
    values
}

fn critical_of(unit: MeanField, task: &TaskContext<'_>) -> Result<Option<f64>, Stopped> {
    let variance = critical_while_watched(unit, task)?;
    let variance = variance.filter(|_| unit.weight_variance > 0.0);
    Ok(variance.map(|variance| (variance / unit.weight_variance).sqrt()))
}

/// The theory of the sweep's variant where the weights' scale is 1.
fn unit_field(sweep: &Sweep, scale: Setting, other: Option<(Setting, f64)>) -> Option<MeanField> {
    let mut experiment = sweep.experiment_at((0, 0));
    if let Some((setting, value)) = other {
        setting.apply(&mut experiment, value);
    }
    scale.apply(&mut experiment, 1.0);
    // χ is a property of what repeats: one layer shows the same as many.
    if experiment.architecture.depth() < 2 {
        Setting::Depth.apply(&mut experiment, 2.0);
    }
    MeanField::of(&experiment, &experiment.variants[0]).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::SweepPreset;

    /// No part of the line turns its direction by much, with both axes stretched to 1.
    #[test]
    fn the_line_has_no_kink_near_zero_bias() {
        let request = SweepPreset::PhaseDiagram.sweep();
        let line = critical_line(&request, &TaskContext::unattended()).unwrap();
        let y = request.y.unwrap();
        let scaled: Vec<[f64; 2]> = (line.iter())
            .map(|[a, b]| [a / (request.x.to - request.x.from), b / (y.to - y.from)])
            .collect();
        let angle = |pair: &[[f64; 2]]| (pair[1][1] - pair[0][1]).atan2(pair[1][0] - pair[0][0]);
        let angles: Vec<f64> = scaled.windows(2).map(angle).collect();
        let turn = angles.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
        assert!(turn < 0.3, "{turn} rad: {line:?}");
        assert_eq!(line.first().map(|point| point[1]), Some(0.0));
        assert_eq!(line.last().map(|point| point[1]), Some(y.to));
    }
}
