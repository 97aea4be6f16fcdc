//! A window at one page, driven by its accessible names.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use eframe::egui::{Theme, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, Node};
use gradient_lab::experiment::Experiment;
use gradient_lab::export::picture::{self, PictureFormat, PictureOptions};
use gradient_lab::figure::Figure;
use gradient_lab::gui::App;

use super::support::CpuRenderer;

/// A debug build on a busy machine still answers within this.
const PATIENCE: Duration = Duration::from_secs(120);

/// Prints a figure in both themes; where the variable PAGES names a folder, it is left there.
#[allow(dead_code, reason = "not every page has figures of its own")]
pub fn on_paper(figure: &Figure, name: &str) {
    for dark in [false, true] {
        let options = PictureOptions { size: figure.id.default_size(), scale: 1.0, dark };
        let png =
            picture::encode(&figure.clone().into(), PictureFormat::Png, options).expect("a PNG");
        if let Some(folder) = std::env::var_os("PAGES") {
            let ground = if dark { "dark" } else { "light" };
            let file = format!("paper-{}-{name}-{ground}.png", figure.id.id());
            let file = std::path::Path::new(&folder).join(file);
            std::fs::write(file, png).expect("a written picture");
        }
    }
}

/// The window.
pub struct PageWindow {
    harness: Harness<'static, App>,
}

impl Deref for PageWindow {
    type Target = Harness<'static, App>;

    fn deref(&self) -> &Self::Target {
        &self.harness
    }
}

impl DerefMut for PageWindow {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.harness
    }
}

impl PageWindow {
    /// At the page of this name.
    pub fn open(experiment: Experiment, size: [f32; 2], theme: Theme, page: &str) -> Self {
        let mut harness = Harness::builder()
            .with_size(size)
            .with_theme(theme)
            .with_max_steps(12)
            .with_render_cursor(false)
            .renderer(CpuRenderer::default())
            .build_eframe(|creation| App::new(creation, Some(experiment)));
        harness.run_ok();
        harness.get_by_role_and_label(Role::Button, page).click();
        Self { harness }
    }

    /// Every label and value.
    pub fn texts(&self) -> Vec<String> {
        let words = |node: Node<'_>| {
            let node = node.accesskit_node();
            [node.label(), node.value()].into_iter().flatten().collect::<Vec<_>>()
        };
        self.harness.root().children_recursive().flat_map(words).collect()
    }

    /// Goes on until some text contains `part` and nothing is under way.
    pub fn wait_for(&mut self, part: &str) {
        let start = Instant::now();
        loop {
            self.harness.run_ok();
            let texts = self.texts();
            let idle = !self.harness.state_mut().pages().is_busy();
            if idle && texts.iter().any(|text| text.contains(part)) {
                // Whatever came with the text is laid out by now.
                self.harness.run_ok();
                return;
            }
            assert!(start.elapsed() < PATIENCE, "no “{part}”: {texts:#?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Paints it; where the variable PAGES names a folder, the picture is left there.
    pub fn keep(&mut self, name: &str) {
        let picture = self.harness.render().expect("the rasterizer needs no hardware");
        if let Some(folder) = std::env::var_os("PAGES") {
            let file = std::path::Path::new(&folder).join(format!("{name}.png"));
            picture.save(file).expect("a written picture");
        }
    }
}
