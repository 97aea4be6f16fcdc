//! Ticks and their words: whole layers, whole decades, nothing outside the picture.

use eframe::egui::{Color32, FontId, Ui, Vec2, Vec2b, Visuals};
use egui_plot::{AxisHints, GridMark, HPlacement, Plot, VPlacement};

use crate::figure::{Scale, tick, with_minus};

use super::layout::{AXIS_HEIGHT, AXIS_WIDTH};
use crate::paint::theme;

/// Labels of numbers keep at least this distance, in points.
pub const LABEL_DISTANCE: f32 = 26.0;
/// Layers' labels keep at least this distance, in points: room for four digits.
const LAYER_DISTANCE: f32 = 40.0;
/// Units' labels keep at least this distance, in points.
const UNIT_DISTANCE: f32 = 24.0;

/// Grid lines lie behind the data: seen when looked for.
fn grid_colour(visuals: &Visuals) -> Color32 {
    if visuals.dark_mode { Color32::from_gray(58) } else { Color32::from_gray(218) }
}

/// A plot with the lab's manners: whole layers below, and none of egui_plot's own interaction, in
/// whose place [`Stage`](super::stage::Stage) has the lab's.
pub fn plot<'a>(ui: &Ui, id: &str, size: Vec2) -> Plot<'a> {
    Plot::new(ui.scope_id().with(id))
        .width(size.x)
        .height(size.y)
        .show_x(false)
        .show_y(false)
        .show_crosshair(false)
        .set_margin_fraction(Vec2::ZERO)
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .label_formatter(|_| None)
        .show_background(false)
        .show_grid(Vec2b::new(false, true))
        .grid_color(grid_colour(ui.visuals()))
        .grid_fade(0.0)
        .x_grid_spacer(move |input| {
            whole_numbers(input.bounds, (size.x - AXIS_WIDTH) / LAYER_DISTANCE)
        })
}

/// The axis below: layers.
pub fn layers(label: &str) -> AxisHints<'static> {
    AxisHints::new_x()
        .label(label.to_owned())
        .formatter(|mark, _| whole_number(mark))
        .placement(VPlacement::Bottom)
        .min_thickness(AXIS_HEIGHT)
        .tick_label_font(FontId::proportional(theme::SMALL))
        .label_spacing(6.0..=10.0)
}

/// The axis on the left for units, counted from 1.
pub fn units(label: &str) -> AxisHints<'static> {
    AxisHints::new_y()
        .label(label.to_owned())
        .formatter(|mark, _| whole_number(mark))
        .placement(HPlacement::Left)
        .min_thickness(AXIS_WIDTH)
        .tick_label_font(FontId::proportional(theme::SMALL))
        .label_spacing(4.0..=8.0)
}

/// The axis on the left for steps, whose row r is step (r − 1) `stride`.
pub fn steps(stride: usize) -> AxisHints<'static> {
    units("step").formatter(move |mark, _| format!("{:.0}", (mark.value - 1.0) * stride as f64))
}

/// The axis below for a number.
pub fn values_below(label: &str, scale: Scale) -> AxisHints<'static> {
    AxisHints::new_x()
        .label(label.to_owned())
        .formatter(move |mark, _| number(mark, scale))
        .placement(VPlacement::Bottom)
        .min_thickness(AXIS_HEIGHT)
        .tick_label_font(FontId::proportional(theme::SMALL))
        .label_spacing(30.0..=50.0)
}

fn number(mark: GridMark, scale: Scale) -> String {
    match scale {
        Scale::Log10 => tick(mark.value),
        Scale::Linear { .. } => linear_label(mark),
    }
}

/// The axis on the left for a number.
pub fn values(label: &str, scale: Scale) -> AxisHints<'static> {
    AxisHints::new_y()
        .label(label.to_owned())
        .formatter(move |mark, _| number(mark, scale))
        .placement(HPlacement::Left)
        .min_thickness(AXIS_WIDTH)
        .tick_label_font(FontId::proportional(theme::SMALL))
        .label_spacing(4.0..=8.0)
}

/// The axis on the left for rows with names.
pub fn names(ui: &Ui, names: &[String]) -> AxisHints<'static> {
    let names: Vec<String> = names.iter().map(|name| in_two_rows(ui, name)).collect();
    AxisHints::new_y()
        .formatter(move |mark, _| {
            let row = mark.value.round();
            let name = (row >= 1.0).then(|| names.get(row as usize - 1)).flatten();
            name.cloned().unwrap_or_default()
        })
        .placement(HPlacement::Left)
        .min_thickness(AXIS_WIDTH)
        .tick_label_font(FontId::proportional(theme::SMALL))
        .label_spacing(4.0..=8.0)
}

/// Whether words in a tick label's size are no wider than the room beside the axis.
fn fits_beside(ui: &Ui, words: &str) -> bool {
    let font = FontId::proportional(theme::SMALL);
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font, Color32::PLACEHOLDER);
    galley.size().x <= AXIS_WIDTH - 8.0
}

/// A name beside the axis, broken at a space where it is too long for one row.
fn in_two_rows(ui: &Ui, name: &str) -> String {
    if fits_beside(ui, name) {
        return name.to_owned();
    }
    let mut breaks = name.match_indices(' ').map(|(at, _)| (&name[..at], &name[at + 1..]));
    let broken = breaks.rfind(|(first, _)| fits_beside(ui, first));
    broken.map_or_else(
        || elided(ui, name),
        |(first, second)| format!("{first}\n{}", elided(ui, second)),
    )
}

/// As many letters of a name as fit beside the axis.
fn elided(ui: &Ui, name: &str) -> String {
    let letters = name.chars().count();
    let mut shorter = (1..=letters).rev().map(|most| shortened(name, most));
    shorter.find(|short| fits_beside(ui, short)).unwrap_or_default()
}

/// At most `most` letters.
pub fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(most - 1).collect();
    short.push('…');
    short
}

fn whole_number(mark: GridMark) -> String {
    let rounded = mark.value.round();
    if rounded >= 1.0 && (mark.value - rounded).abs() < 1e-6 {
        format!("{rounded}")
    } else {
        String::new()
    }
}

/// Marks at whole numbers inside the bounds, at most `labels` of them, and one at 1.
fn whole_numbers((low, high): (f64, f64), labels: f32) -> Vec<GridMark> {
    let step = round_step(((high - low) / f64::from(labels.max(1.0))).max(1.0));
    let mut all = marks((low, high), step, step);
    if step > 1.0 && low < 1.0 {
        all.retain(|mark| mark.value >= 1.0);
        all.insert(0, GridMark { value: 1.0, step_size: step });
    }
    all
}

/// Marks for the units of a layer, in a plot of that height.
pub fn unit_marks((low, high): (f64, f64), height: f32) -> Vec<GridMark> {
    whole_numbers((low, high), height / UNIT_DISTANCE)
}

/// Marks at round steps, in a plot of that height whose row r is step (r − 1) `stride`.
pub fn step_marks((low, high): (f64, f64), height: f32, stride: usize) -> Vec<GridMark> {
    let stride = stride as f64;
    let row = |step: f64| 1.0 + step / stride;
    let steps = ((low - 1.0) * stride, (high - 1.0) * stride);
    let apart = round_step(((steps.1 - steps.0) / f64::from(height / UNIT_DISTANCE)).max(1.0));
    let marks = marks(steps, apart, apart).into_iter();
    marks.map(|mark| GridMark { value: row(mark.value), step_size: 1.0 }).collect()
}

/// A mark in the middle of each named row.
pub fn row_marks(rows: usize) -> Vec<GridMark> {
    (1..=rows).map(|row| GridMark { value: row as f64, step_size: 1.0 }).collect()
}

/// Marks for log10 values: whole decades, between them 2 and 5 where fewer than three decades are
/// in sight, and round numbers where that leaves fewer than two.
pub fn decades((low, high): (f64, f64), labels: f32) -> Vec<GridMark> {
    let labels = f64::from(labels.max(2.0));
    let step = round_step(((high - low) / labels).max(1.0));
    let mut all = marks((low, high), step, step);
    if all.len() < 2 && step > 1.0 {
        // One mark alone is no scale.
        let step = round_step(step / 2.6);
        all = marks((low, high), step, step);
    }
    if high - low < 2.5 {
        for power in (low.floor() as i64)..=(high.ceil() as i64) {
            for digit in [2.0_f64, 5.0] {
                let value = power as f64 + digit.log10();
                if value > low && value < high {
                    all.push(GridMark { value, step_size: 0.3 });
                }
            }
        }
    }
    if all.len() < 2 { between_decades((low, high), labels) } else { all }
}

/// Marks at round numbers between two logarithms that are less than a decade apart, in the
/// four digits that a tick has.
fn between_decades((low, high): (f64, f64), labels: f64) -> Vec<GridMark> {
    let power = low.floor();
    let bounds = (libm::exp10(low - power), libm::exp10(high - power));
    let step = round_step(((bounds.1 - bounds.0) / labels).max(0.001));
    let place = |mark: GridMark| GridMark {
        value: power + libm::log10(mark.value),
        // What lies between the last two, where they are closest.
        step_size: libm::log10(bounds.1 / (bounds.1 - step).max(step)),
    };
    marks(bounds, step, step).into_iter().map(place).collect()
}

/// Marks at round numbers inside the bounds, about `labels` of them and no closer than `least`.
pub fn round_marks((low, high): (f64, f64), labels: f32, least: f64) -> Vec<GridMark> {
    let step = round_step(((high - low) / f64::from(labels.max(2.0))).max(least));
    marks((low, high), step, step)
}

/// Marks for log10 values along the bottom, none in the corner where the other axis begins.
pub fn decades_below((low, high): (f64, f64), labels: f32) -> Vec<GridMark> {
    let mut all = decades((low, high), labels);
    all.retain(|mark| mark.value > low + 0.025 * (high - low));
    all
}

fn marks((low, high): (f64, f64), step: f64, step_size: f64) -> Vec<GridMark> {
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    // Bounds zoomed out beyond all measure must not make a million marks.
    (first..=last.min(first + 500))
        .map(|i| GridMark { value: i as f64 * step, step_size })
        .collect()
}

/// The next larger of 1, 2, 5, 10, 20, 50, …
pub fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let digit = step / power;
    let round = [1.0, 2.0, 5.0, 10.0].into_iter().find(|round| digit <= round * 1.000_001);
    round.unwrap_or(10.0) * power
}

pub fn linear_label(mark: GridMark) -> String {
    let decimals = (-mark.step_size.log10().floor()).clamp(0.0, 12.0) as usize;
    with_minus(&format!("{:.*}", decimals, mark.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (step, round) in [(1.0, 1.0), (1.2, 2.0), (3.0, 5.0), (7.0, 10.0), (130.0, 200.0)] {
            assert!((round_step(step) - round).abs() < 1e-9, "{step}");
        }
    }

    #[test]
    fn counts_have_whole_marks() {
        let values: Vec<f64> = round_marks((0.0, 2.1), 8.0, 1.0).iter().map(|m| m.value).collect();
        assert_eq!(values, [0.0, 1.0, 2.0]);
    }

    fn ticks(bounds: (f64, f64), labels: f32) -> Vec<String> {
        let mut marks = decades(bounds, labels);
        marks.sort_by(|a, b| a.value.total_cmp(&b.value));
        marks.into_iter().map(|mark| tick(mark.value)).collect()
    }

    #[test]
    fn ticks_are_plain_numbers_where_exponents_are_small() {
        let log10 = |low: f64, high: f64| (low.log10(), high.log10());
        assert_eq!(ticks(log10(0.4, 2.5), 8.0), ["0.5", "1", "2"]);
        assert_eq!(ticks(log10(0.9e-5, 0.2), 8.0), ["1e-05", "1e-04", "0.001", "0.01", "0.1"]);
        assert_eq!(
            ticks((-630.5, 1.0), 7.0),
            ["1e-600", "1e-500", "1e-400", "1e-300", "1e-200", "1e-100", "1"]
        );
    }

    #[test]
    fn less_than_a_decade_has_ticks_too() {
        let log10 = |low: f64, high: f64| (low.log10(), high.log10());
        assert_eq!(ticks(log10(1.02, 1.19), 5.0), ["1.05", "1.1", "1.15"]);
        assert_eq!(ticks(log10(0.213, 0.249), 4.0), ["0.22", "0.23", "0.24"]);
        assert_eq!(ticks(log10(6.1e-9, 9.9e-9), 5.0), ["7e-09", "8e-09", "9e-09"]);
    }

    #[test]
    fn decades_stay_inside() {
        let marks = decades((-630.2, -3.1), 10.0);
        assert!(marks.len() > 3 && marks.len() < 12);
        assert!(marks.iter().all(|m| m.value >= -630.2 && m.value <= -3.1));
    }
}
