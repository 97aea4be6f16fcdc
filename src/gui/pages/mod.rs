//! The lab's pages, one file each.

pub mod check;
pub mod flow;
pub mod graph;
pub mod law;
pub mod precision;
pub mod spread;
pub mod steps;
pub mod story;
pub mod sweep;
mod under_way;
pub mod why;

use std::sync::Arc;

use eframe::egui::{self, Align, Layout, Rect, RichText, Ui, UiBuilder, pos2, vec2};
use serde::{Deserialize, Serialize};

use crate::figure::{Figure, not_emulated};

use super::command::{Command, Commands};
use super::lab::Lab;
use crate::paint::{Medium, Painter};

/// Every page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Page {
    /// The chapter's gradient-flow figure, live.
    #[default]
    Flow,
    /// One example by hand, equation by equation.
    Steps,
    /// The network's diagram.
    Graph,
    /// The product behind BP2.
    Why,
    /// The gradient check, the cost of a pass and the losses.
    Check,
    /// Thousands of networks beside the theory.
    Law,
    /// The chapter in short, with buttons that set the lab up.
    Story,
    /// Maps over one or two settings.
    Sweep,
    /// How z, a and δ are spread in every layer.
    Spread,
    /// What narrow floating-point formats keep of δ.
    Precision,
}

impl Page {
    /// Every page, in the order of the tabs.
    pub const ALL: [Self; 10] = [
        Self::Flow,
        Self::Steps,
        Self::Graph,
        Self::Why,
        Self::Spread,
        Self::Precision,
        Self::Check,
        Self::Law,
        Self::Sweep,
        Self::Story,
    ];

    /// The tab's words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Flow => "Gradient flow",
            Self::Steps => "Step by step",
            Self::Graph => "Graph",
            Self::Why => "Why",
            Self::Check => "Check and cost",
            Self::Law => "Ensemble and theory",
            Self::Story => "The chapter",
            Self::Sweep => "Sweep",
            Self::Spread => "Distributions",
            Self::Precision => "Precision",
        }
    }

    /// What there is to do, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Flow => "Watch ‖δ⁽ˡ⁾‖ shrink or grow through the layers.",
            Self::Steps => {
                "One example by hand: forward, BP1 to BP4, one update, with every number put in."
            }
            Self::Graph => "The network as a diagram: units, weights, and δ on its way back.",
            Self::Why => "The product behind BP2: what the weights and the slopes do to δ.",
            Self::Check => {
                "Backpropagation against finite differences, what a pass costs, the losses."
            }
            Self::Law => {
                "How ‖δ⁽ˡ⁾‖ is distributed over thousands of networks, and what theory says."
            }
            Self::Story => "Read the chapter in short; every paragraph can set the lab up.",
            Self::Spread => {
                "How z, a and δ are spread in every layer, zeros and saturation included."
            }
            Self::Precision => {
                "What fp8, fp16, bf16 and fp32 would keep of δ, and the loss scale that would save it."
            }
            Self::Sweep => "Map where gradients vanish and explode over one or two settings.",
        }
    }
}

impl Page {
    /// Whether what is set stands beside the page. Where there is nothing to see of it, the
    /// room is for reading.
    pub fn has_controls(self) -> bool {
        self != Self::Story
    }

    /// Whether it shows passes as fp16 and bf16 compute them, or nothing that is computed.
    fn shows_emulation(self) -> bool {
        matches!(self, Self::Flow | Self::Precision | Self::Story)
    }
}

/// The pages' own state: how each is looked at, and its study.
pub struct Pages {
    /// The run by hand.
    pub steps: steps::StepsPage,
    /// The diagram's.
    pub graph: graph::GraphPage,
    /// The factors of BP2.
    pub why: why::WhyPage,
    /// Gradient check, cost and losses.
    pub check: check::CheckPage,
    /// The ensemble's.
    pub law: law::LawPage,
    /// The chapter's.
    pub story: story::StoryPage,
    /// The map's.
    pub sweep: sweep::SweepPage,
    /// The distributions'.
    pub spread: spread::SpreadPage,
    /// The precision lens.
    pub precision: precision::PrecisionPage,
}

impl Pages {
    /// Whether a page that asks by itself waits for its study.
    pub fn is_busy(&self) -> bool {
        self.graph.is_busy()
            || self.why.is_busy()
            || self.spread.is_busy()
            || self.precision.is_busy()
            || self.law.is_busy()
            || self.sweep.is_busy()
    }

    /// As they are at the start.
    pub fn new(context: &egui::Context) -> Self {
        Self {
            steps: steps::StepsPage::new(context),
            graph: graph::GraphPage::new(context),
            why: why::WhyPage::new(context),
            check: check::CheckPage::new(context),
            law: law::LawPage::new(context),
            story: story::StoryPage::default(),
            sweep: sweep::SweepPage::new(context),
            spread: spread::SpreadPage::new(context),
            precision: precision::PrecisionPage::new(context),
        }
    }

    /// Takes what the pages' workers have answered.
    pub fn poll(&mut self) {
        self.steps.poll();
        self.graph.poll();
        self.why.poll();
        self.check.poll();
        self.law.poll();
        self.sweep.poll();
        self.spread.poll();
        self.precision.poll();
    }

    /// Has the page that is shown ask its study, where it asks by itself, so that the answer
    /// need not wait for the next frame.
    pub fn ask(&mut self, page: Page, lab: &Lab) {
        match page {
            Page::Graph => self.graph.ask(lab),
            Page::Why => self.why.ask(lab),
            Page::Law => self.law.ask(lab),
            Page::Spread => self.spread.ask(lab),
            Page::Precision => self.precision.ask(lab),
            _ => {}
        }
    }

    /// Shows one page.
    pub fn show(
        &mut self,
        page: Page,
        ui: &mut Ui,
        lab: &mut Lab,
        painter: &mut Painter,
        commands: &mut Commands,
    ) {
        let precision = lab.experiment.architecture.precision;
        if precision.is_emulated() && !page.shows_emulation() {
            egui::Panel::top("not emulated").show(ui, |ui| {
                ui.label(RichText::new(not_emulated(precision)).small().weak());
            });
        }
        match page {
            Page::Flow => flow::show(ui, lab, painter, commands),
            Page::Steps => self.steps.show(ui, lab, commands),
            Page::Graph => self.graph.show(ui, lab, painter, commands),
            Page::Why => self.why.show(ui, lab, painter, commands),
            Page::Check => self.check.show(ui, lab, painter, commands),
            Page::Law => self.law.show(ui, lab, painter, commands),
            Page::Story => self.story.show(ui, commands),
            Page::Sweep => self.sweep.show(ui, lab, painter, commands),
            Page::Spread => self.spread.show(ui, lab, painter, commands),
            Page::Precision => self.precision.show(ui, lab, painter, commands),
        }
    }
}

/// Height of a figure's tools where they have a row of their own, in points.
const TOOLS: f32 = 24.0;

/// A figure of one panel, with buttons beside its heading: what `choices` adds, and then copy,
/// PNG and CSV.
pub fn figure_with_tools(
    ui: &mut Ui,
    painter: &mut Painter,
    figure: &Arc<Figure>,
    height: f32,
    commands: &mut Commands,
    choices: impl FnOnce(&mut Ui, &mut Commands),
) {
    let width = ui.available_width();
    let heading = heading_width(ui, figure);
    let id = ui.scope_id().with((figure.id.id(), "tools"));
    let tools_width: f32 = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    // Beside the heading the tools take no room of their own; where both do not fit, they stand
    // above it.
    let row_height = if heading + tools_width > width { TOOLS } else { 0.0 };
    let top = ui.cursor().min;
    ui.add_space(row_height);
    let size = vec2(width, height - row_height);
    ui.push_id(figure.id.id(), |ui| painter.panel(ui, figure, 0, size, Medium::Screen));
    let bottom = ui.cursor().min;
    let left = if row_height > 0.0 { top.x } else { top.x + heading };
    let row = Rect::from_min_max(pos2(left, top.y - 2.0), pos2(top.x + width, top.y + 20.0));
    let builder = UiBuilder::new().max_rect(row).layout(Layout::right_to_left(Align::Center));
    let used = ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        tools(ui, figure, commands);
        choices(ui, commands);
        ui.min_rect().width()
    });
    if used.inner != tools_width {
        ui.data_mut(|data| data.insert_temp(id, used.inner));
        ui.ctx().request_discard("the tools have another width");
    }
    ui.advance_cursor_after_rect(Rect::from_min_max(top, pos2(top.x + width, bottom.y)));
}

fn heading_width(ui: &Ui, figure: &Figure) -> f32 {
    let Some(panel) = figure.panels.first() else { return 0.0 };
    let font = egui::TextStyle::Heading.resolve(ui.style());
    let heading = panel.heading().to_owned();
    let galley = ui.painter().layout_no_wrap(heading, font, ui.visuals().text_color());
    galley.size().x + 12.0
}

fn tools(ui: &mut Ui, figure: &Arc<Figure>, commands: &mut Commands) {
    let mut button = |text: &str, hint: &str, command: fn(Arc<Figure>) -> Command| {
        let label = RichText::new(text).small();
        let button = egui::Button::new(label).frame_when_inactive(false);
        if ui.add(button).on_hover_text(hint).clicked() {
            commands.push(command(figure.clone()));
        }
    };
    button("CSV…", "Export this figure's numbers", Command::AskTable);
    button("PNG…", "Export this figure as a picture", Command::AskPicture);
    button("Copy", "Copy this figure as a picture", Command::Copy);
}
