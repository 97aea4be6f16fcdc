//! One look for the window and for the paper: sizes, spacing and colours of both themes.

use eframe::egui::{self, Color32, FontFamily, FontId, Stroke, TextStyle, Theme, Visuals};

use crate::figure::Rgb;

use crate::paint::fonts;

/// Text size of tick labels, captions and hints, in points.
pub const SMALL: f32 = 11.5;
/// Text size of everything else.
pub const BODY: f32 = 13.5;
/// Text size of panel headings.
pub const HEADING: f32 = 15.0;
/// Text size of a figure's title.
pub const TITLE: f32 = 20.0;

/// Fonts, sizes and colours for a context, on the screen or off it.
pub fn install(context: &egui::Context) {
    fonts::install(context);
    context.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, FontId::new(SMALL, FontFamily::Proportional)),
            (TextStyle::Body, FontId::new(BODY, FontFamily::Proportional)),
            (TextStyle::Button, FontId::new(BODY, FontFamily::Proportional)),
            (TextStyle::Monospace, FontId::new(12.5, FontFamily::Monospace)),
            (TextStyle::Heading, FontId::new(HEADING, fonts::bold())),
        ]
        .into();
        style.spacing.item_spacing = egui::vec2(8.0, 5.0);
        style.spacing.button_padding = egui::vec2(7.0, 3.0);
        style.spacing.slider_width = 128.0;
        style.spacing.interact_size.y = 22.0;
    });
    context.set_visuals_of(Theme::Light, light());
    context.set_visuals_of(Theme::Dark, dark());
}

fn light() -> Visuals {
    let mut visuals = Visuals::light();
    visuals.panel_fill = Color32::WHITE;
    visuals.window_fill = Color32::WHITE;
    visuals.faint_bg_color = Color32::from_gray(245);
    // Text fields would be white on white.
    visuals.text_edit_bg_color = Some(Color32::from_gray(238));
    visuals.widgets.noninteractive.fg_stroke = Stroke::new(1.0, Color32::from_gray(35));
    visuals.widgets.inactive.fg_stroke = Stroke::new(1.0, Color32::from_gray(35));
    visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, Color32::from_gray(215));
    visuals.weak_text_color = Some(Color32::from_gray(95));
    visuals.warn_fg_color = Color32::from_rgb(150, 85, 0);
    visuals.error_fg_color = Color32::from_rgb(178, 24, 24);
    visuals.slider_trailing_fill = true;
    visuals
}

fn dark() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.panel_fill = Color32::from_rgb(24, 26, 30);
    visuals.window_fill = Color32::from_rgb(32, 34, 39);
    visuals.faint_bg_color = Color32::from_rgb(32, 35, 40);
    visuals.extreme_bg_color = Color32::from_rgb(16, 17, 20);
    visuals.widgets.noninteractive.fg_stroke = Stroke::new(1.0, Color32::from_gray(225));
    visuals.widgets.inactive.fg_stroke = Stroke::new(1.0, Color32::from_gray(225));
    visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, Color32::from_gray(62));
    visuals.weak_text_color = Some(Color32::from_gray(165));
    visuals.error_fg_color = Color32::from_rgb(255, 120, 110);
    visuals.slider_trailing_fill = true;
    visuals
}

/// A figure's colour for egui.
pub fn colour(rgb: Rgb) -> Color32 {
    Color32::from_rgb(rgb[0], rgb[1], rgb[2])
}

/// A variant's colour on this ground.
pub fn variant(index: usize, visuals: &Visuals) -> Color32 {
    colour(crate::figure::variant_colour(index, visuals.dark_mode))
}

/// The mark of a true zero: no colour of any map.
pub fn zero(visuals: &Visuals) -> Color32 {
    if visuals.dark_mode { Color32::from_gray(70) } else { Color32::from_gray(212) }
}

/// The mark of a number that a format does not keep: no colour of any map either.
pub fn lost(visuals: &Visuals) -> Color32 {
    if visuals.dark_mode {
        Color32::from_rgb(112, 52, 52)
    } else {
        Color32::from_rgb(244, 196, 190)
    }
}

/// The line on which bars stand.
pub fn axis_line(visuals: &Visuals) -> Color32 {
    Color32::from_gray(if visuals.dark_mode { 140 } else { 110 })
}
