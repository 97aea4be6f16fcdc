//! The page of the precision report: what narrow floating-point formats keep of δ, and the loss
//! scale that would save it.

use std::sync::Arc;

use eframe::egui::{self, Context, RichText, ScrollArea, Ui};

use crate::experiment::Experiment;
use crate::figure::Figure;
use crate::study::{DrawStudy, PrecisionReport, precision};

use crate::gui::command::Commands;
use crate::gui::controls;
use crate::gui::figure_tools::figure_with_tools;
use crate::gui::lab::Lab;
use crate::gui::page_view::{PageContext, PageView};
use crate::gui::study_handle::{Study, StudyHandle};
use crate::gui::under_way;
use crate::paint::{self, Painter};

/// Height of the strips, in points.
const STRIPS: f32 = 196.0;
/// The bars are no lower than this, in points.
const LOWEST: f32 = 270.0;

/// Sentences of all variants at the most.
const MOST_NOTES: usize = 2;

/// The page's state.
pub struct PrecisionPage {
    asked: StudyHandle<Experiment, Arc<PrecisionReport>>,
    /// Whether the marks are those of the pass with the advised loss scale.
    with_scale: bool,
    made: Option<Made>,
}

/// The figures of an answer, as they are looked at.
struct Made {
    variant: usize,
    bars: Arc<Figure>,
    strips: Arc<Figure>,
}

impl PageView for PrecisionPage {
    fn studies(&mut self) -> Vec<&mut dyn Study> {
        vec![&mut self.asked]
    }

    fn ask(&mut self, lab: &Lab) {
        if lab.refusal().is_none() && !self.asked.has_asked(|asked| *asked == lab.experiment) {
            self.asked.ask(&lab.experiment);
        }
    }

    fn answered(&mut self) {
        self.made = None;
    }

    fn show(&mut self, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, painter, commands } = context;
        egui::CentralPanel::default().show(ui, |ui| {
            ui.horizontal_wrapped(|ui| self.choices(ui, lab, commands));
            under_way::show(ui, &mut self.asked, "Rounding every layer to the formats");
            self.make(lab.view.variant);
            if let Some(made) = &self.made {
                ScrollArea::vertical()
                    .auto_shrink(false)
                    .show(ui, |ui| results(ui, made, painter, commands));
            }
        });
    }
}

impl PrecisionPage {
    /// Looking at the passes without a loss scale.
    pub fn new(context: &Context, draws: &DrawStudy) -> Self {
        let mut study = draws.beside();
        let asked = StudyHandle::live(
            context,
            "gradient-lab precision",
            move |experiment: Experiment, task, _| {
                precision(&mut study, &experiment, task).map(Arc::new)
            },
        );
        Self { asked, with_scale: false, made: None }
    }

    fn choices(&mut self, ui: &mut Ui, lab: &Lab, commands: &mut Commands) {
        let before = self.with_scale;
        ui.selectable_value(&mut self.with_scale, false, "no loss scale")
            .on_hover_text("Marks: fp16 and bf16 as they are");
        ui.selectable_value(&mut self.with_scale, true, "the advised loss scale").on_hover_text(
            "Marks: the loss times the advised power of two, where there is one; norms are over that power",
        );
        if self.with_scale != before {
            self.made = None;
        }
        ui.separator();
        controls::variant_shown(ui, "Variant shown", lab, commands);
    }

    fn make(&mut self, variant: usize) {
        let Some(report) = self.asked.answer() else { return };
        let variant = variant.min(report.variants.len().saturating_sub(1));
        if self.made.as_ref().is_none_or(|made| made.variant != variant) {
            let bars = Arc::new(Figure::precision(report, self.with_scale));
            self.made =
                Some(Made { variant, bars, strips: Arc::new(Figure::flush(report, variant)) });
        }
    }
}

/// What fp16 and bf16 keep of every variant, the bars, the strips of one variant, and what
/// each format would do to it.
fn results(ui: &mut Ui, made: &Made, painter: &mut Painter, commands: &mut Commands) {
    let room = ui.available_height();
    let top = ui.cursor().top();
    // Of many variants the one that is chosen: the bars come first.
    let notes = made.bars.notes.iter();
    let few = made.bars.notes.len() <= MOST_NOTES;
    for note in notes.filter(|note| few || note.variant == made.variant) {
        paint::sheet::note(ui, note);
    }
    if let Some(how_to_read) = made.bars.caption.last() {
        ui.label(RichText::new(how_to_read).small().weak());
    }
    let height = (room - (ui.cursor().top() - top) - STRIPS - 20.0).max(LOWEST);
    figure_with_tools(ui, painter, &made.bars, height, commands, |_, _| {});
    ui.add_space(4.0);
    figure_with_tools(ui, painter, &made.strips, STRIPS, commands, |_, _| {});
    ui.add_space(4.0);
    for note in &made.strips.notes {
        paint::sheet::note(ui, note);
    }
}
