//! Pictures of the smallest size that is accepted cut nothing and write nothing over another
//! text, whatever the experiment is called.

use std::sync::{Arc, Mutex};

use eframe::egui::epaint::{ClippedShape, Shape, text::MissingGlyphPolicy};
use eframe::egui::{self, Rect, Theme, Vec2};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::export::picture::{self, PictureError};
use gradient_lab::figure::{Figure, FigureId, Panel, Rows, View};
use gradient_lab::paint::{Medium, Painter, sheet, theme};
use gradient_lab::study::TaskContext;

/// A text and where it may be seen.
#[derive(Clone, Debug)]
struct Text {
    words: String,
    rect: Rect,
    clip: Rect,
}

/// All that is painted of a figure on paper.
fn painted(figure: &Arc<Figure>, size: Vec2, scale: f32, theme: Theme) -> Vec<ClippedShape> {
    let context = egui::Context::default();
    context.set_theme(theme);
    theme::install(&context);
    context.set_missing_glyph_policy(MissingGlyphPolicy::Panic);
    let mut painter = Painter::new();
    let mut shapes = Vec::new();
    for pass in 0..2 {
        let mut input = egui::RawInput {
            screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, size)),
            time: Some(f64::from(pass)),
            ..Default::default()
        };
        let viewport = input.viewports.entry(egui::ViewportId::ROOT).or_default();
        viewport.native_pixels_per_point = Some(scale);
        let mut output = context.run_ui(input, |ui| {
            sheet::show(&mut painter, ui, figure, Medium::Paper);
        });
        // Nobody looks at the pixels.
        output.textures_delta.clear();
        shapes = output.shapes;
    }
    shapes
}

fn collect(shape: &Shape, clip: Rect, texts: &mut Vec<Text>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, texts)),
        Shape::Text(text) => {
            for row in &text.galley.rows {
                let words: String = row.glyphs.iter().map(|glyph| glyph.chr).collect();
                let ink = row.visuals.mesh_bounds.translate(text.pos.to_vec2() + row.pos.to_vec2());
                // A turned label has its own rectangle.
                let rect = if text.angle == 0.0 { ink } else { text.visual_bounding_rect() };
                if !words.trim().is_empty() && rect.is_positive() {
                    texts.push(Text { words, rect, clip });
                }
            }
        }
        _ => {}
    }
}

/// What is cut or written over something else; where names are `short`, what is elided too.
fn faults(shapes: &[ClippedShape], size: Vec2, short: bool) -> Vec<String> {
    let paper = Rect::from_min_size(egui::Pos2::ZERO, size);
    let mut texts = Vec::new();
    for ClippedShape { clip_rect, shape, .. } in shapes {
        collect(shape, *clip_rect, &mut texts);
    }
    let mut faults = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        if short && text.words.ends_with('…') {
            faults.push(format!("“{}” is elided", text.words));
        }
        let seen = text.clip.intersect(paper).expand(0.75);
        if !seen.contains_rect(text.rect) {
            faults.push(format!("“{}” is cut: {:?} of {seen:?}", text.words, text.rect));
        }
        for other in &texts[index + 1..] {
            let both = text.rect.intersect(other.rect);
            if both.width() > 1.0 && both.height() > 1.5 {
                faults.push(format!("“{}” and “{}” overlap by {both:?}", text.words, other.words));
            }
        }
    }
    faults
}

fn experiment(toml: &str) -> Experiment {
    Experiment::from_toml(toml).expect("a good one")
}

/// The chapter's, a deep one, and one with as many variants, and names as long, as there may be.
fn experiments() -> Vec<(&'static str, Experiment)> {
    let deep = "title = 'Deep'\n[architecture]\ndepth = 120\nwidth = 4\n[training]\nsteps = 40\n[[variant]]\nactivation = 'tanh'\n[[variant]]\nactivation = 'sigmoid'";
    let names = [
        "W".repeat(60),
        "wide names ".repeat(5),
        "שלום עולם".into(),
        "漢字仮名交じり文".repeat(3),
        "e\u{f71}\u{301}\u{202e}x".into(),
        "👨‍👩‍👧 emoji".into(),
    ];
    let activations = ["relu", "tanh", "sigmoid", "gelu", "linear", "silu"];
    let mut many = format!(
        "title = '{}'\n[architecture]\ndepth = 5\nwidth = 4\n[training]\nsteps = 40\n",
        "Мир שלום 世界 W".repeat(4)
    );
    for (name, activation) in names.iter().zip(activations) {
        many += &format!("[[variant]]\nname = '{name}'\nactivation = '{activation}'\n");
    }
    let chapter = Preset::find("worked-example").expect("there").experiment();
    vec![("chapter", chapter), ("deep", experiment(deep)), ("many", experiment(&many))]
}

/// The words along the axes of a panel.
fn axis_labels(panel: &Panel) -> Vec<&str> {
    match panel {
        Panel::Bars(bars) => vec![&bars.x_label, &bars.y_label],
        Panel::Chart(chart) => vec![&chart.x.label, &chart.y.label],
        Panel::Map(map) => vec![&map.x.label, &map.y.label],
        Panel::Ridge(ridge) => vec![&ridge.x_label, "layer l"],
        Panel::Heat(heat) => match &heat.rows {
            Rows::Values { label, .. } | Rows::Numbered { label, .. } => vec![&heat.x_label, label],
            Rows::Steps(_) => vec![&heat.x_label, "step"],
            Rows::Named(_) | Rows::Formats { .. } => vec![&heat.x_label],
        },
        Panel::Surface(surface) => surface.labels.to_vec(),
        Panel::Graph(_) => Vec::new(),
    }
}

/// The words along an axis stand clear of its ticks and of all else: “size of the derivative”
/// once touched the numbers above it.
#[test]
fn no_axis_label_touches_a_tick() {
    let mut faults = Vec::new();
    let mut labels_seen = 0;
    for (name, theme) in [("chapter-16", Theme::Light), ("xor", Theme::Dark)] {
        let experiment = Preset::find(name).expect("a preset").experiment();
        for id in FigureId::ALL {
            let figure = id.compute(&experiment, View::default(), &TaskContext::unattended());
            let figure = Arc::new(figure.expect("nobody stops it"));
            let size = picture::fitting_size(&figure, None, 1.0).expect("a size");
            let mut texts = Vec::new();
            for ClippedShape { clip_rect, shape, .. } in painted(&figure, size.into(), 1.0, theme) {
                collect(&shape, clip_rect, &mut texts);
            }
            let labels: Vec<&str> = figure.panels.iter().flat_map(axis_labels).collect();
            let is_label = |text: &&Text| labels.contains(&text.words.as_str());
            for label in texts.iter().filter(is_label) {
                labels_seen += 1;
                let clear = label.rect.expand(1.5);
                let touches =
                    |other: &&Text| !std::ptr::eq(*other, label) && clear.intersects(other.rect);
                faults.extend(texts.iter().filter(touches).map(|other| {
                    format!("{} of {name}: “{}” and “{}”", id.id(), label.words, other.words)
                }));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(labels_seen > 80, "only {labels_seen} labels");
}

/// The least size of a figure in that width, as the refusal tells it.
fn least_size(figure: &Figure, width: f32, scale: f32) -> [f32; 2] {
    match picture::fitting_size(figure, Some([width, 1.0]), scale) {
        Err(PictureError::TooSmall { least, .. }) => least,
        other => panic!("{other:?}"),
    }
}

/// Figures that show no layers: of many layers they look the same, and take long.
const WITHOUT_LAYERS: [FigureId; 5] = [
    FigureId::Sweep,
    FigureId::Check,
    FigureId::Derivatives,
    FigureId::LossScale,
    FigureId::RateTest,
];

/// What is wrong with pictures of one figure, in small sizes and the usual one.
fn faults_of(id: FigureId, experiments: &[(&str, Experiment)]) -> Vec<String> {
    let mut all = Vec::new();
    for (name, experiment) in experiments {
        if *name == "deep" && WITHOUT_LAYERS.contains(&id) {
            continue;
        }
        let figure = id.compute(experiment, View::default(), &TaskContext::unattended());
        let figure = Arc::new(figure.expect("nobody stops it"));
        let usual = picture::fitting_size(&figure, None, 1.0).expect("a size");
        for (size, scale, theme) in [
            (least_size(&figure, 1.0, 1.0), 1.0, Theme::Light),
            (least_size(&figure, 1.0, 2.5), 2.5, Theme::Dark),
            (least_size(&figure, 700.0, 2.5), 2.5, Theme::Light),
            (usual, 1.0, Theme::Dark),
        ] {
            let shapes = painted(&figure, size.into(), scale, theme);
            let mut found = faults(&shapes, size.into(), *name != "many");
            found.truncate(3);
            let what = |fault| format!("{} of {name}, {size:?}, {scale}: {fault}", id.id());
            all.extend(found.into_iter().map(what));
        }
    }
    all
}

#[test]
fn the_smallest_pictures_cut_nothing() {
    let only = std::env::var("FIGURE").ok();
    let figures = FigureId::ALL.into_iter();
    let figures = figures.filter(|id| only.as_deref().is_none_or(|only| only == id.id()));
    let (experiments, queue) = (experiments(), Mutex::new(figures));
    let next = || queue.lock().expect("nobody panics with it").next();
    let work =
        || std::iter::from_fn(next).flat_map(|id| faults_of(id, &experiments)).collect::<Vec<_>>();
    let all = std::thread::scope(|scope| {
        let crew = [scope.spawn(work), scope.spawn(work)];
        crew.into_iter().flat_map(|each| each.join().expect("no panic")).collect::<Vec<_>>()
    });
    assert!(all.is_empty(), "{} faults\n{}", all.len(), all.join("\n"));
}
