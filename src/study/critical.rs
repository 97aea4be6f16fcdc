//! Where theory says that a sweep neither vanishes nor explodes: the line χ = 1 on its axes.

use super::mean_field::{MeanField, critical_weight_variance};
use super::{Axis, Setting, Stopped, Sweep, SweepMap, Watch};

/// Points of a line, at the most.
const POINTS: usize = 33;

/// A sweep with what was measured of it, and the theory's line.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepResult {
    /// What was asked.
    pub sweep: Sweep,
    /// What is known so far.
    pub map: SweepMap,
    /// χ = 1 as (x, y) in the axes' values; nothing where theory has none or it is yet to come.
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
/// use gradient_lab::study::{SweepPreset, Watch, critical_line};
/// let he = SweepPreset::DepthGainRelu.sweep();
/// let line = critical_line(&he, &Watch::unattended()).expect("nobody stops it");
/// assert!(line.iter().all(|[gain, _depth]| (gain - 2_f64.sqrt()).abs() < 1e-9));
/// ```
pub fn critical_line(sweep: &Sweep, watch: &Watch<'_>) -> Result<Vec<[f64; 2]>, Stopped> {
    let is_scale = |axis: &Axis| matches!(axis.setting, Setting::Gain | Setting::WeightStd);
    let (scale, other, swapped) = match (sweep.x, sweep.y) {
        (x, y) if is_scale(&x) => (x.setting, y, false),
        (x, Some(y)) if is_scale(&y) => (y.setting, Some(x), true),
        _ => return Ok(Vec::new()),
    };
    let Some(other) = other else {
        let point = critical_scale(sweep, scale, None).map(|scale| [scale, 0.0]);
        return Ok(point.into_iter().collect());
    };
    let mut line = Vec::new();
    let mut last: Option<(MeanField, Option<f64>)> = None;
    let values = Axis { cells: other.cells.min(POINTS), ..other };
    for value in (0..values.cells).map(|cell| values.value(cell)) {
        watch.proceed()?;
        let Some(unit) = unit_field(sweep, scale, Some((other.setting, value))) else { continue };
        // Depth and width change nothing: then the one point serves for all.
        let critical = match last {
            Some((field, critical)) if field == unit => critical,
            _ => critical_of(unit),
        };
        last = Some((unit, critical));
        if let Some(scale) = critical {
            line.push(if swapped { [value, scale] } else { [scale, value] });
        }
    }
    Ok(line)
}

fn critical_scale(sweep: &Sweep, scale: Setting, other: Option<(Setting, f64)>) -> Option<f64> {
    critical_of(unit_field(sweep, scale, other)?)
}

fn critical_of(unit: MeanField) -> Option<f64> {
    let variance = critical_weight_variance(unit.activation, unit.bias_variance)?;
    (unit.weight_variance > 0.0).then(|| (variance / unit.weight_variance).sqrt())
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
