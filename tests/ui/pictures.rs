//! Every page and every kind of panel as it looks, in both themes, 4 × 4 pixels averaged to
//! one so that all of them together stay small. Painted by the lab's own rasterizer, so that
//! every machine gives the same pixels. After an intended change: look at the new pictures,
//! then `UPDATE_SNAPSHOTS=1 cargo test --test ui pictures`.

use std::sync::Arc;

use eframe::egui::{Theme, accesskit::Role};
use egui_kittest::{SnapshotOptions, SnapshotResults};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::export::picture::{self, PictureOptions};
use gradient_lab::figure::{FigureId, View};
use gradient_lab::gui::Page;
use gradient_lab::study::TaskContext;
use image::{RgbaImage, imageops};

use super::window::Window;

const THEMES: [(Theme, &str); 2] = [(Theme::Light, "light"), (Theme::Dark, "dark")];

/// A figure for each kind of panel, and the sheet.
const FIGURES: [&str; 10] = [
    "norms",
    "strips",
    "units",
    "sheet",
    "graph",
    "shares",
    "histogram",
    "sweep",
    "dist-delta",
    "ridge-delta",
];

/// Adds a picture to the results: the smallest difference counts.
fn compare(results: &mut SnapshotResults, picture: &RgbaImage, name: String) {
    let small = imageops::thumbnail(picture, picture.width() / 4, picture.height() / 4);
    let options = SnapshotOptions::new().threshold(0.0);
    results.add(egui_kittest::try_image_snapshot_options(&small, name, &options));
}

#[test]
fn every_page_looks_as_it_did() {
    let mut results = SnapshotResults::new();
    let mut window = Window::open_as(None, [1024.0, 640.0], Theme::Light);
    for page in Page::ALL {
        window.find(Role::Button, page.label(), 0).click();
        window.settle();
        window.wait_until_idle();
        let name = page.label().to_lowercase().replace(' ', "-");
        for (theme, ground) in THEMES {
            window.harness.ctx.set_theme(theme);
            window.frames();
            let picture = window.harness.render().expect("the rasterizer needs no hardware");
            compare(&mut results, &picture, format!("page-{name}-{ground}"));
        }
    }
}

#[test]
fn every_kind_of_panel_looks_as_it_did() {
    let mut results = SnapshotResults::new();
    let experiment = small();
    for id in FIGURES.map(|id| FigureId::find(id).expect("a figure")) {
        let figure = id.compute(&experiment, View::default(), &TaskContext::unattended());
        let figure = Arc::new(figure.expect("nobody stops it"));
        for (theme, ground) in THEMES {
            let dark = theme == Theme::Dark;
            let options = PictureOptions { size: id.default_size(), scale: 1.0, dark };
            let painted = picture::paint(&figure, options).expect("a picture");
            let [width, height] = [painted.width(), painted.height()].map(|side| side as u32);
            let picture = RgbaImage::from_raw(width, height, painted.bytes().to_vec());
            let picture = picture.expect("four bytes a pixel");
            compare(&mut results, &picture, format!("panel-{}-{ground}", id.id()));
        }
    }
}

/// An experiment whose sweep and ensemble take little time.
fn small() -> Experiment {
    let mut experiment = Preset::find("vanishing").expect("a preset").experiment();
    (experiment.architecture.depth, experiment.architecture.width) = (20, 8);
    experiment
}
