//! What every chart lets a pointer do, in one place: pan and zoom within the data, a way back, a
//! menu, a tooltip that says what a click does.

use std::sync::Arc;

use eframe::egui::{
    self, Align, Button, Color32, CursorIcon, Id, Layout, PointerButton, Pos2, Rect, Response,
    RichText, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, accesskit::Role, pos2,
};
use egui_plot::{Plot, PlotBounds, PlotPoint, PlotTransform, PlotUi};

use crate::experiment::Experiment;
use crate::figure::{Figure, Scale};

use super::layout::Medium;
use super::view::{magnified, moved, within};

/// A box drawn with the right button is a wish to zoom from this size on, in points.
const SMALLEST_BOX: f32 = 6.0;
/// An axis that is dragged by so many points is magnified by a factor of e.
const POINTS_OF_E: f32 = 60.0;

/// What somebody asks of a figure by touching it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To see why this layer's δ is what it is.
    Layer {
        /// From 1.
        layer: usize,
        /// Whose, where one was touched.
        variant: Option<usize>,
    },
    /// This cell (x, y) of a map.
    Cell(usize, usize),
    /// The figure as a picture on the clipboard.
    CopyPicture,
    /// The figure in a file, as a picture.
    ExportPicture,
    /// The figure's numbers in a file.
    ExportNumbers,
}

/// What lies under the pointer.
pub struct Under<'a> {
    /// The number, for the clipboard.
    pub value: Option<String>,
    /// What a click does, in words, and the wish that it is.
    pub click: Option<(String, Wish)>,
    /// The tooltip's words.
    pub tooltip: Box<dyn FnOnce(&mut Ui) + 'a>,
}

/// What a click on a layer does.
pub fn to_layer(layer: usize, variant: Option<usize>) -> Option<(String, Wish)> {
    Some((format!("Click: layer {layer} in Why"), Wish::Layer { layer, variant }))
}

/// Where a panel of a figure is painted.
pub struct Stage<'a> {
    /// The figure.
    pub figure: &'a Arc<Figure>,
    /// The panel's place in it.
    pub panel: usize,
    /// A window or paper.
    pub medium: Medium,
    /// What is remembered of the panel from frame to frame, under this name.
    pub id: Id,
}

/// How far a plot can be zoomed, and what is to stay in sight.
pub struct Reach<D> {
    /// What the panel is about. Where that changes, the view goes back to the whole; so it does
    /// where the experiment is another.
    pub about: u64,
    /// The least width and height of a view.
    pub least: [f64; 2],
    /// Points near a view, of which it keeps one in sight.
    pub data: D,
}

/// What is remembered of a plot from frame to frame.
#[derive(Clone)]
struct Memory {
    experiment: Arc<Experiment>,
    about: u64,
    /// All that there is to see, once it has been shown.
    whole: Option<PlotBounds>,
    /// What is seen, where it is not the whole.
    view: Option<PlotBounds>,
    /// Where the right button went down.
    corner: Option<Pos2>,
}

/// A plot that has been shown.
pub struct Shown {
    /// From the plot's numbers to places on the screen.
    pub transform: PlotTransform,
    response: Response,
    memory: Option<Memory>,
}

impl Stage<'_> {
    fn memory(&self, ui: &Ui, about: u64) -> Memory {
        let known: Option<Memory> = ui.data(|data| data.get_temp(self.id));
        let same = |known: &Memory| {
            let (old, new) = (&known.experiment, &self.figure.experiment);
            known.about == about && (Arc::ptr_eq(old, new) || old == new)
        };
        known.filter(same).unwrap_or_else(|| Memory {
            experiment: self.figure.experiment.clone(),
            about,
            whole: None,
            view: None,
            corner: None,
        })
    }

    /// Shows a plot: on paper as it is, in a window with a view that pans and zooms.
    pub fn plot<'p>(
        &self,
        ui: &mut Ui,
        plot: Plot<'p>,
        reach: Reach<impl FnOnce(PlotBounds) -> Vec<[f64; 2]> + 'p>,
        add: impl FnOnce(&mut PlotUi<'p>) + 'p,
    ) -> Shown {
        if self.medium == Medium::Paper {
            let shown = plot.show(ui, add);
            return Shown { transform: shown.transform, response: shown.response, memory: None };
        }
        let outer = ui.cursor().min;
        let memory = self.memory(ui, reach.about);
        let shown = plot.show(ui, move |plot_ui| {
            let memory = memory.navigated(plot_ui, reach);
            add(plot_ui);
            memory
        });
        let (transform, response) = (shown.transform, shown.response);
        let mut memory = shown.inner;
        if memory.view.is_none() {
            memory.whole = Some(*transform.bounds()).filter(PlotBounds::is_valid);
        }
        self.axes(ui, outer, &transform, &mut memory);
        memory.paint_box(ui, &response, *transform.frame());
        Shown { transform, response, memory: Some(memory) }
    }

    /// An axis that is dragged is magnified.
    fn axes(&self, ui: &Ui, outer: Pos2, transform: &PlotTransform, memory: &mut Memory) {
        let frame = *transform.frame();
        let below = ui.min_rect().bottom().max(frame.bottom() + 8.0);
        let places = [
            Rect::from_min_max(frame.left_bottom(), pos2(frame.right(), below)),
            Rect::from_min_max(pos2(outer.x, frame.top()), frame.left_bottom()),
        ];
        let cursors = [CursorIcon::ResizeHorizontal, CursorIcon::ResizeVertical];
        for (axis, (place, cursor)) in places.into_iter().zip(cursors).enumerate() {
            let response = ui.interact(place, self.id.with(("axis", axis)), Sense::drag());
            let response = response.on_hover_cursor(cursor);
            let (Some(whole), true) = (memory.whole, response.dragged()) else { continue };
            let by = [response.drag_delta().x, -response.drag_delta().y][axis];
            let mut factor = [1.0; 2];
            factor[axis] = f64::from(by / POINTS_OF_E).exp();
            let view = memory.view.unwrap_or(whole);
            let centre = view.center();
            memory.view = Some(magnified(view, factor, [centre.x, centre.y]));
            ui.request_repaint();
        }
    }
}

impl Memory {
    /// Takes what the pointer does, before anything is painted.
    fn navigated(
        mut self,
        plot_ui: &mut PlotUi<'_>,
        reach: Reach<impl FnOnce(PlotBounds) -> Vec<[f64; 2]>>,
    ) -> Self {
        let before = self.view;
        if let Some(whole) = self.whole {
            let view = self.view.unwrap_or(whole);
            let wished = self.wished(plot_ui, view);
            if wished != whole {
                self.view = within(wished, whole, reach.least, reach.data);
            }
        }
        match self.view {
            Some(view) => plot_ui.set_plot_bounds(view),
            None => plot_ui.set_auto_bounds(true),
        }
        if self.view != before {
            // What is painted follows from how large it was painted last.
            plot_ui.ctx().request_repaint();
        }
        self
    }

    /// The view that the pointer asks for.
    fn wished(&mut self, plot_ui: &PlotUi<'_>, view: PlotBounds) -> PlotBounds {
        let (response, transform) = (plot_ui.response(), plot_ui.transform());
        let value = |at: Pos2| transform.value_from_position(at);
        if response.dragged_by(PointerButton::Primary) {
            let by = response.drag_delta();
            let scale = transform.dpos_dvalue();
            return moved(view, [-f64::from(by.x) / scale[0], -f64::from(by.y) / scale[1]]);
        }
        if response.drag_started_by(PointerButton::Secondary) {
            self.corner = response.ctx.input(|input| input.pointer.press_origin());
        }
        if response.drag_stopped_by(PointerButton::Secondary)
            && let (Some(from), Some(to)) =
                (self.corner.take(), response.ctx.input(|input| input.pointer.latest_pos()))
        {
            return boxed(view, [from, to], value);
        }
        let pointer = response.ctx.input(|input| input.pointer.hover_pos());
        match pointer.filter(|_| response.contains_pointer()) {
            Some(pointer) => {
                let factor = response.ctx.input(egui::InputState::zoom_delta_2d);
                let around = value(pointer);
                magnified(view, [f64::from(factor.x), f64::from(factor.y)], [around.x, around.y])
            }
            None => view,
        }
    }

    /// The box that is being drawn.
    fn paint_box(&self, ui: &Ui, response: &Response, frame: Rect) {
        if let (Some(corner), true, Some(pointer)) = (
            self.corner,
            response.dragged_by(PointerButton::Secondary),
            response.interact_pointer_pos(),
        ) {
            let rect = Rect::from_two_pos(corner, pointer).intersect(frame);
            for (width, colour) in [(4.0, Color32::from_black_alpha(140)), (2.0, Color32::WHITE)] {
                ui.painter().rect_stroke(rect, 0.0, Stroke::new(width, colour), StrokeKind::Middle);
            }
            ui.set_cursor_icon(CursorIcon::ZoomIn);
        }
    }

    /// A button in the plot's corner that leads back, where this is not the whole.
    fn way_back(&mut self, ui: &mut Ui, frame: Rect) {
        if self.view.is_none() {
            return;
        }
        let corner = frame.shrink(5.0);
        let builder = UiBuilder::new()
            .id_salt("way back")
            .max_rect(corner)
            .layout(Layout::right_to_left(Align::Min));
        let mut place = ui.new_child(builder);
        let button = Button::new(RichText::new("Reset view").small());
        let (fill, stroke) = (ui.visuals().panel_fill, ui.visuals().window_stroke);
        let button = place.add(button.fill(fill).stroke(stroke).frame(true));
        if button.on_hover_text("Zoomed or moved: back to the whole chart").clicked() {
            self.view = None;
            ui.request_repaint();
        }
    }
}

/// The view in a box between two places; what is no box along one axis stays whole along it.
fn boxed(view: PlotBounds, [from, to]: [Pos2; 2], value: impl Fn(Pos2) -> PlotPoint) -> PlotBounds {
    let (mut min, mut max) = (view.min(), view.max());
    let (from_value, to_value) = (value(from), value(to));
    let ends = [[from_value.x, to_value.x], [from_value.y, to_value.y]];
    let sides = [(to.x - from.x).abs(), (to.y - from.y).abs()];
    for axis in 0..2 {
        if sides[axis] >= SMALLEST_BOX {
            let [a, b] = ends[axis];
            (min[axis], max[axis]) = (a.min(b), a.max(b));
        }
    }
    PlotBounds::from_min_max(min, max)
}

impl Shown {
    /// Tells of what lies under the pointer, and returns what somebody wishes.
    pub fn touched<'u>(
        self,
        ui: &mut Ui,
        stage: &Stage<'_>,
        under: impl FnOnce(PlotPoint) -> Option<Under<'u>>,
    ) -> Option<Wish> {
        let mut memory = self.memory?;
        memory.way_back(ui, *self.transform.frame());
        let at = self.response.hover_pos().map(|at| self.transform.value_from_position(at));
        let under = at.and_then(under);
        let is_zoomed = memory.view.is_some();
        let (wish, reset) = touched(ui, stage, self.response, under, Some(is_zoomed));
        if reset {
            memory.view = None;
            ui.request_repaint();
        }
        ui.data_mut(|data| data.insert_temp(stage.id, memory));
        wish
    }
}

/// Tells of what is under the pointer, and returns what somebody wishes, and whether the view is to
/// be reset. `zoomed` is `None` for what does not zoom.
pub fn touched(
    ui: &Ui,
    stage: &Stage<'_>,
    response: Response,
    under: Option<Under<'_>>,
    zoomed: Option<bool>,
) -> (Option<Wish>, bool) {
    if stage.medium == Medium::Paper {
        return (None, false);
    }
    let heading = stage.figure.panels[stage.panel].heading();
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, heading));
    // The pointer leaves the number for the menu.
    let id = stage.id.with("value");
    if response.secondary_clicked() {
        let value = under.as_ref().and_then(|under| under.value.clone());
        ui.data_mut(|data| data.insert_temp(id, value));
    }
    let value: Option<String> = ui.data(|data| data.get_temp(id)).flatten();
    let (wish, reset) = menu(&response, zoomed, value.as_deref());
    (wish.or_else(|| hovered(response, under, zoomed)), reset)
}

/// Shows the tooltip of what is under the pointer; returns what a click on it wishes.
fn hovered(response: Response, under: Option<Under<'_>>, zoomed: Option<bool>) -> Option<Wish> {
    let Under { click, tooltip, .. } = under?;
    let is_clicked = response.clicked();
    let response = match &click {
        Some(_) => response.on_hover_cursor(CursorIcon::PointingHand),
        None => response,
    };
    let hint = match zoomed {
        Some(false) => "Ctrl + wheel or right-drag: zoom · right-click: more",
        Some(true) => "Drag: move · right-click: reset the view, and more",
        None => "Right-click: more",
    };
    response.on_hover_ui_at_pointer(|ui| {
        tooltip(ui);
        let words = click.iter().map(|(words, _)| words.as_str());
        for line in words.chain([hint]) {
            ui.label(RichText::new(line).small().weak());
        }
    });
    click.map(|(_, wish)| wish).filter(|_| is_clicked)
}

/// The menu of the right button.
fn menu(response: &Response, zoomed: Option<bool>, value: Option<&str>) -> (Option<Wish>, bool) {
    let (mut wish, mut reset) = (None, false);
    response.context_menu(|ui| {
        if let Some(is_zoomed) = zoomed {
            reset = ui.add_enabled(is_zoomed, Button::new("Reset view")).clicked();
        }
        let copy = Button::new("Copy value").shortcut_text(value.unwrap_or_default());
        if ui.add_enabled(value.is_some(), copy).clicked() {
            ui.copy_text(value.unwrap_or_default().to_owned());
        }
        for (words, each) in [
            ("Copy picture", Wish::CopyPicture),
            ("Export picture…", Wish::ExportPicture),
            ("Export numbers…", Wish::ExportNumbers),
        ] {
            if ui.button(words).clicked() {
                wish = Some(each);
            }
        }
    });
    (wish, reset)
}

/// The least height of a view of so many units: on a logarithmic axis it holds a decade's label.
pub fn least_height(scale: Scale, whole: f64) -> f64 {
    match scale {
        Scale::Log10 => 0.7,
        Scale::Linear { .. } => whole / 50.0,
    }
}
