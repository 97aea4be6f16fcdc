//! One step: its title, its equation in symbols and with the numbers, and what it gives.

use std::cell::Cell;

use eframe::egui::{Frame, Pos2, Rect, RichText, ScrollArea, Theme, Ui, UiBuilder, Vec2, vec2};

use super::run_by_hand::{Equation, Shown};
use crate::paint::mathtext::{Math, MathCache, MathStyle};
use crate::paint::theme;
use crate::raster::Image;
use crate::raster::offscreen;

/// Em of the equation in symbols, in points.
const LARGE: f32 = 27.0;
/// Em of the equation with its numbers, in points.
const NUMBERS: f32 = 19.0;
/// Below this em an equation is broken instead of shrunk, in points.
const UNBROKEN: f32 = 15.0;
/// No equation is smaller than this, in points.
const SMALLEST: f32 = 12.0;
/// From this width on everything is set larger, in points.
const ROOMY: f32 = 900.0;

/// How much larger.
const LARGER: f32 = 1.3;
/// Room around a step's picture, in points.
const MARGIN: f32 = 16.0;
/// A step's picture is at least this wide, in points.
const PICTURE: f32 = 640.0;

/// The step as a picture of its own, as wide as its widest line.
///
/// # Errors
/// Where memory does not suffice.
pub fn picture(step: &Shown, theme: Theme) -> Result<Image, offscreen::Error> {
    let scale = 2.0;
    let framed = |ui: &mut Ui| {
        Frame::NONE.inner_margin(MARGIN).show(ui, |ui| show(ui, step)).response.rect.size()
    };
    let size = Cell::new(Vec2::splat(1.0));
    let measure = |ui: &mut Ui| {
        let width = match widest(ui, step) {
            width if width > ROOMY => LARGER * width,
            width => width.max(PICTURE),
        };
        let room = Rect::from_min_size(Pos2::ZERO, vec2(width + 2.0 * MARGIN, 10_000.0));
        size.set(ui.scope_builder(UiBuilder::new().max_rect(room), framed).inner);
    };
    offscreen::paint(size.get(), scale, theme, theme::install, measure)?;
    offscreen::paint(size.get().ceil(), scale, theme, theme::install, |ui| _ = framed(ui))
}

/// The width of what is not broken into lines, with the frame around the result.
fn widest(ui: &Ui, step: &Shown) -> f32 {
    let width = |equation: &Equation, size: f32| {
        let formula = MathCache::formula(ui.ctx(), &equation.latex, MathStyle::Display);
        formula.map_or(0.0, |formula| formula.size(size).x)
    };
    let between = step.between.iter().map(|array| width(array, UNBROKEN) + 24.0).sum::<f32>();
    let result = width(&step.result, NUMBERS) + 24.0;
    let line = |latex: &String| {
        let formula = MathCache::formula(ui.ctx(), latex, MathStyle::Display);
        formula.map_or(0.0, |formula| formula.size(SMALLEST).x)
    };
    let numbers = step.numbers.lines.iter().map(line).fold(0.0, f32::max);
    width(&step.symbols, LARGE).max(between).max(result).max(numbers)
}

/// The step.
pub fn show(ui: &mut Ui, step: &Shown) {
    let scale = if ui.available_width() > ROOMY { LARGER } else { 1.0 };
    ui.add_space(4.0);
    ui.heading(&step.title);
    ui.add_space(8.0);
    wide(ui, "symbols", |ui| {
        ui.add(Math::new(&step.symbols.latex).size(scale * LARGE).alt(&step.symbols.spoken));
    });
    caption(ui, "With the numbers");
    numbers(ui, &step.numbers, scale * NUMBERS);
    if !step.between.is_empty() {
        caption(ui, "On the way");
        arrays(ui, &step.between, scale * UNBROKEN);
    }
    caption(ui, "Result");
    let fill = ui.visuals().faint_bg_color;
    Frame::group(ui.style()).fill(fill).inner_margin(10.0).show(ui, |ui| {
        wide(ui, "result", |ui| {
            ui.add(Math::new(&step.result.latex).size(scale * NUMBERS).alt(&step.result.spoken));
        });
    });
    if let Some(remark) = &step.remark {
        ui.add_space(6.0);
        ui.label(remark);
    }
}

fn caption(ui: &mut Ui, words: &str) {
    ui.add_space(10.0);
    ui.label(RichText::new(words).weak());
    ui.add_space(2.0);
}

/// On one line where that is legible, and else broken at its equals signs.
fn numbers(ui: &mut Ui, equation: &Equation, size: f32) {
    let lines = packed(ui, equation, ui.available_width());
    ui.vertical(|ui| {
        for (index, latex) in lines.iter().enumerate() {
            // The whole is said once, by its first line.
            let spoken = if index == 0 { &equation.spoken } else { "continued" };
            // One line that is too wide leaves the others as they are.
            wide(ui, ("numbers", index), |ui| {
                ui.add(Math::new(latex).size(size).shrink_to(SMALLEST).alt(spoken));
            });
        }
    });
}

/// As much on each line as is still legible there.
fn packed(ui: &Ui, equation: &Equation, room: f32) -> Vec<String> {
    let fits = |latex: &str, size: f32| {
        let formula = MathCache::formula(ui.ctx(), latex, MathStyle::Display);
        formula.is_ok_and(|formula| formula.size(size).x <= room)
    };
    let mut lines: Vec<String> = Vec::new();
    let mut add = |part: &str| match lines.last_mut() {
        Some(line) if fits(&format!("{line}{part}"), UNBROKEN) => line.push_str(part),
        _ => lines.push(part.to_owned()),
    };
    for part in &equation.lines {
        match fits(part, SMALLEST) {
            true => add(part),
            false => terms(part).into_iter().for_each(&mut add),
        }
    }
    lines
}

/// Parts of a product or sum, each from its sign on; what stands in brackets stays whole.
fn terms(latex: &str) -> Vec<&str> {
    const OPEN: [&str; 4] = [r"\begin{pmatrix}", r"\left(", "{", "("];
    const CLOSED: [&str; 4] = [r"\end{pmatrix}", r"\right)", "}", ")"];
    let (mut starts, mut depth, mut at) = (vec![0], 0, 0);
    while at < latex.len() {
        let rest = &latex[at..];
        let begins = |tokens: [&'static str; 4]| tokens.into_iter().find(|t| rest.starts_with(*t));
        let is_sign = [r"\odot", "+", "-"].iter().any(|sign| rest.starts_with(*sign));
        // A sign behind the equals sign is the first term’s own.
        if depth == 0 && is_sign && at > 1 {
            starts.push(at);
        }
        at += match (begins(OPEN), begins(CLOSED)) {
            (Some(open), _) => {
                depth += 1;
                open.len()
            }
            (_, Some(closed)) => {
                depth -= 1;
                closed.len()
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    let ends = starts.iter().skip(1).copied().chain([latex.len()]);
    starts.iter().zip(ends).map(|(&start, end)| &latex[start..end]).collect()
}

fn arrays(ui: &mut Ui, arrays: &[Equation], size: f32) {
    wide(ui, "between", |ui| {
        ui.horizontal(|ui| {
            for array in arrays {
                ui.add(Math::new(&array.latex).size(size).alt(&array.spoken));
                ui.add_space(24.0);
            }
        });
    });
}

/// Room for what may be wider than the page.
fn wide(ui: &mut Ui, name: impl std::hash::Hash + std::fmt::Debug, add: impl FnOnce(&mut Ui)) {
    ui.push_id(name, |ui| {
        let room = ui.available_width();
        ScrollArea::horizontal().auto_shrink([false, true]).show(ui, |ui| {
            ui.set_max_width(room);
            add(ui);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::terms;

    #[test]
    fn terms_break_before_signs_outside_of_brackets() {
        let product = r"=\begin{pmatrix}-1&2\end{pmatrix}\odot\left(a+b\right)-\frac{1+x}{2}(c-d)";
        let parts = [
            r"=\begin{pmatrix}-1&2\end{pmatrix}",
            r"\odot\left(a+b\right)",
            r"-\frac{1+x}{2}(c-d)",
        ];
        assert_eq!(terms(product), parts);
        assert_eq!(terms("=-a"), ["=-a"]);
        assert_eq!(terms(r"2\cdot10^{-9}"), [r"2\cdot10^{-9}"]);
    }
}
