//! One step: its title, its equation in symbols and with the numbers, and what it gives.

use eframe::egui::{Frame, RichText, ScrollArea, Ui};

use super::super::super::mathtext::{Math, MathCache, MathStyle};
use super::run::{Equation, Shown};

/// Em of the equation in symbols, in points.
const LARGE: f32 = 27.0;
/// Em of the equation with its numbers, in points.
const NUMBERS: f32 = 19.0;
/// Below this em an equation is broken instead of shrunk, in points.
const UNBROKEN: f32 = 15.0;
/// No equation is smaller than this, in points.
const SMALLEST: f32 = 12.0;

/// The step.
pub fn show(ui: &mut Ui, step: &Shown) {
    ui.add_space(4.0);
    ui.heading(&step.title);
    ui.add_space(8.0);
    wide(ui, "symbols", |ui| {
        ui.add(Math::new(&step.symbols.latex).size(LARGE).alt(&step.symbols.spoken));
    });
    caption(ui, "With the numbers");
    numbers(ui, &step.numbers);
    if !step.between.is_empty() {
        caption(ui, "On the way");
        arrays(ui, &step.between);
    }
    caption(ui, "Result");
    let fill = ui.visuals().faint_bg_color;
    Frame::group(ui.style()).fill(fill).inner_margin(10.0).show(ui, |ui| {
        wide(ui, "result", |ui| {
            ui.add(Math::new(&step.result.latex).size(NUMBERS).alt(&step.result.spoken));
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
fn numbers(ui: &mut Ui, equation: &Equation) {
    let formula = MathCache::formula(ui.ctx(), &equation.latex, MathStyle::Display);
    let fits = formula.is_ok_and(|formula| formula.size(UNBROKEN).x <= ui.available_width());
    wide(ui, "numbers", |ui| {
        if fits {
            line(ui, &equation.latex, &equation.spoken);
            return;
        }
        ui.vertical(|ui| {
            for (index, part) in equation.lines.iter().enumerate() {
                // The whole is said once, by its first line.
                line(ui, part, if index == 0 { &equation.spoken } else { "continued" });
            }
        });
    });
}

fn line(ui: &mut Ui, latex: &str, spoken: &str) {
    ui.add(Math::new(latex).size(NUMBERS).shrink_to(SMALLEST).alt(spoken));
}

fn arrays(ui: &mut Ui, arrays: &[Equation]) {
    wide(ui, "between", |ui| {
        ui.horizontal(|ui| {
            for array in arrays {
                ui.add(Math::new(&array.latex).size(UNBROKEN).alt(&array.spoken));
                ui.add_space(24.0);
            }
        });
    });
}

/// Room for what may be wider than the page.
fn wide(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    ui.push_id(name, |ui| {
        let room = ui.available_width();
        ScrollArea::horizontal().auto_shrink([false, true]).show(ui, |ui| {
            ui.set_max_width(room);
            add(ui);
        });
    });
}
