//! The lab's pages, one file each, and the list of them.

mod chapter;
mod check;
mod flow;
mod graph;
mod law;
mod precision;
mod remedies;
mod spread;
mod steps;
mod sweep;
mod training;
mod why;

use std::any::Any;

use eframe::egui::{self, RichText, Ui};

use crate::figure::not_emulated;
use crate::study::DrawStudy;

use super::lab::Lab;
use super::page::Page;
use super::page_view::{PageContext, PageView};
use super::refused;

pub use law::LawPage;
pub use remedies::RemediesPage;
pub use sweep::SweepPage;
pub use why::WhyPage;

/// Opens a page as it is at the start. Its studies share the draws of `draws`.
fn open(page: Page, context: &egui::Context, draws: &DrawStudy) -> Box<dyn PageView> {
    match page {
        Page::Flow => Box::new(flow::FlowPage),
        Page::Steps => Box::new(steps::StepsPage::new(context, draws)),
        Page::Graph => Box::new(graph::GraphPage::new(context, draws)),
        Page::Why => Box::new(why::WhyPage::new(context, draws)),
        Page::Check => Box::new(check::CheckPage::new(context, draws)),
        Page::Law => Box::new(law::LawPage::new(context, draws)),
        Page::Chapter => Box::new(chapter::ChapterPage::default()),
        Page::Sweep => Box::new(sweep::SweepPage::new(context)),
        Page::Spread => Box::new(spread::SpreadPage::new(context, draws)),
        Page::Training => Box::new(training::TrainingPage::new(context, draws)),
        Page::Remedies => Box::new(remedies::RemediesPage::new(context)),
        Page::Precision => Box::new(precision::PrecisionPage::new(context, draws)),
    }
}

/// Every page with its own state: how it is looked at, and its studies.
pub struct Pages {
    views: [(Page, Box<dyn PageView>); Page::ALL.len()],
}

impl Pages {
    /// As they are at the start; `context` is woken by their studies.
    pub fn new(context: &egui::Context, draws: &DrawStudy) -> Self {
        Self { views: Page::ALL.map(|page| (page, open(page, context, draws))) }
    }

    /// Whether a study of some page is under way.
    pub fn is_busy(&mut self) -> bool {
        Page::ALL.into_iter().any(|page| self.is_busy_at(page))
    }

    /// Whether a study of this page is under way.
    pub fn is_busy_at(&mut self, page: Page) -> bool {
        self.view(page).studies().iter().any(|study| study.is_busy())
    }

    /// Takes what the pages' workers have answered.
    pub fn poll(&mut self) {
        for (_, view) in &mut self.views {
            let answers = view.studies().into_iter().map(|study| study.poll());
            // Every study is polled, whatever the first says.
            if answers.fold(false, |any, new| any | new) {
                view.answered();
            }
        }
    }

    /// Has the page that is shown ask its study, so that the answer need not wait for the next
    /// frame.
    pub fn ask(&mut self, page: Page, lab: &Lab) {
        self.view(page).ask(lab);
    }

    /// Shows one page; where the present setting has no result, with the reason over it.
    pub fn show(&mut self, page: Page, ui: &mut Ui, context: PageContext<'_>) {
        let PageContext { lab, painter, commands } = context;
        let precision = lab.experiment.architecture.precision;
        if precision.is_emulated() && !page.shows_emulation() {
            egui::Panel::top("not emulated").show(ui, |ui| {
                ui.label(RichText::new(not_emulated(precision)).small().weak());
            });
        }
        let view = self.view(page);
        view.ask(lab);
        let place = ui.available_rect_before_wrap();
        view.show(ui, PageContext { lab: &mut *lab, painter, commands: &mut *commands });
        if page.has_controls() {
            refused::over(ui, place, lab, commands);
        }
    }

    /// The page of a type.
    ///
    /// # Panics
    /// Where no page is of that type.
    pub fn get<T: PageView>(&mut self) -> &mut T {
        let views = self.views.iter_mut();
        let mut found = views.filter_map(|(_, view)| (&mut **view as &mut dyn Any).downcast_mut());
        found.next().expect("a type of the list")
    }

    fn view(&mut self, page: Page) -> &mut dyn PageView {
        let found = self.views.iter_mut().find(|(each, _)| *each == page);
        &mut *found.expect("every page is in the list").1
    }
}
