//! One figure alone: it fills the window, in type that is read from the last row, until Escape.

use std::sync::Arc;

use eframe::egui::{Area, Context, Frame, Id, Key, Modifiers, Order, Rect, ScrollArea, Ui, vec2};

use crate::figure::{Figure, FigureId};
use crate::paint::{Medium, Painter, Wish, sheet};

/// The window is at most so many points wide and high while a figure is alone: the fewer, the
/// larger its type.
const SLIDE: [f32; 2] = [800.0, 450.0];

/// The part of that size that type has at least, if some of the figure is below the window then.
const READABLE: f32 = 0.65;

/// What is alone, as long as something is.
#[derive(Clone, Copy)]
struct Alone {
    /// The figure; the page's first where none is named.
    figure: Option<FigureId>,
    /// Whether the page has shown it in this frame.
    is_shown: bool,
}

fn state() -> Id {
    Id::unique("figure alone")
}

fn scale_before() -> Id {
    Id::unique("scale before a figure was alone")
}

fn get(context: &Context) -> Option<Alone> {
    context.data(|data| data.get_temp(state()))
}

fn set(context: &Context, alone: Alone) {
    context.data_mut(|data| data.insert_temp(state(), alone));
}

/// Whether a figure is alone.
pub fn is_on(context: &Context) -> bool {
    get(context).is_some()
}

/// Shows this figure alone from the next frame on, or the page's first one.
pub fn enter(context: &Context, figure: Option<FigureId>) {
    if !is_on(context) {
        let scale = context.zoom_factor();
        // A session that ends meanwhile leaves it to the next one.
        context.data_mut(|data| data.insert_persisted(scale_before(), scale));
    }
    set(context, Alone { figure, is_shown: true });
    context.request_repaint();
}

/// Gives the window its scale and the page back.
pub fn leave(context: &Context) {
    context.data_mut(|data| data.remove::<Alone>(state()));
    if let Some(scale) = context.data_mut(|data| data.get_persisted::<f32>(scale_before())) {
        context.data_mut(|data| data.remove::<f32>(scale_before()));
        context.set_zoom_factor(scale);
    }
}

/// Before the page: whether it shows the figure is seen anew.
pub fn begin(context: &Context) {
    if let Some(alone) = get(context) {
        set(context, Alone { is_shown: false, ..alone });
    }
}

/// After the page and the small windows: Escape leads back, and so does a page without the figure.
pub fn end(context: &Context) {
    let Some(alone) = get(context) else { return };
    let escaped = || context.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
    if !alone.is_shown || escaped() {
        leave(context);
    }
}

/// Whether this figure of the page is the one to be alone.
pub fn is(context: &Context, figure: &Figure) -> bool {
    get(context).is_some_and(|alone| {
        let is_it = alone.figure.is_none_or(|id| id == figure.id);
        if is_it {
            set(context, Alone { figure: Some(figure.id), is_shown: true });
        }
        is_it
    })
}

/// Covers the window with the figure, its title and what is said of it.
pub fn show(context: &Context, painter: &mut Painter, figure: &Arc<Figure>) -> Option<Wish> {
    let window = context.content_rect();
    let area = Area::new(state()).order(Order::Middle).fixed_pos(window.min).constrain(false);
    area.show(context, |ui| {
        Frame::NONE.fill(ui.visuals().panel_fill).show(ui, |ui| {
            ui.set_clip_rect(window);
            ui.set_min_size(window.size());
            ui.set_max_size(window.size());
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                let least = sheet::least_size(ui, figure, window.width(), Medium::Screen);
                fit(ui, window, least.y);
                let size = vec2(window.width(), window.height().max(least.y));
                let rect = Rect::from_min_size(ui.cursor().min, size);
                let builder = eframe::egui::UiBuilder::new().max_rect(rect);
                ui.scope_builder(builder, |ui| sheet::show(painter, ui, figure, Medium::Screen))
            })
        })
    })
    .inner
    .inner
    .inner
    .inner
}

/// As large as the window allows without cutting what takes that height, where that is readable.
fn fit(ui: &Ui, window: Rect, height: f32) {
    let now = ui.ctx().zoom_factor();
    let side = window.size() * now;
    let slide = (side.x / SLIDE[0]).min(side.y / SLIDE[1]);
    let least = (READABLE * slide).max(1.0);
    let scale = slide.min(now * window.height() / height).max(least);
    let is_tight = height > window.height() && now > 1.01 * least;
    // Larger type takes more rows: it only grows where the slide does.
    if is_tight || scale > 1.25 * now {
        ui.ctx().set_zoom_factor(scale);
    }
}
