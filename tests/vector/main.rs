//! Every figure as SVG and PDF: the same bytes twice, and as SVG the same picture as the PNG, read
//! by a reader that shares no code with the lab. What other readers make of both kinds is in
//! `README.md`, with the script that asks them.

use std::sync::Arc;

use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::export::open;
use gradient_lab::export::picture::{self, PictureFormat, PictureOptions};
use gradient_lab::figure::{Figure, FigureId, View};
use gradient_lab::raster::Image;
use gradient_lab::study::TaskContext;
use resvg::{tiny_skia, usvg};

/// 150 dots an inch.
const SCALE: f32 = 1.5625;

/// Channel values by which a pixel may leave the range of its neighbourhood in the other picture:
/// an eighth of all. Chosen with the share below after seeing all figures.
const APART: u8 = 32;
/// The largest share of such pixels.
const SHARE: f64 = 0.0025;

fn figures(experiment: &Experiment) -> impl Iterator<Item = Arc<Figure>> {
    FigureId::ALL.into_iter().map(|id| {
        let figure = id.compute(experiment, View::default(), &TaskContext::unattended());
        Arc::new(figure.expect("nobody stops it"))
    })
}

fn options(figure: &Figure) -> PictureOptions {
    let size = picture::fitting_size(figure, None, SCALE).expect("a size");
    PictureOptions { size, scale: SCALE, dark: false }
}

fn encoded(figure: &Arc<Figure>, format: PictureFormat) -> Vec<u8> {
    picture::encode(figure, format, options(figure)).expect("a picture")
}

/// An SVG as another reader paints it.
fn read(svg: &[u8], width: usize, height: usize) -> Vec<[u8; 4]> {
    let tree = usvg::Tree::from_data(svg, &usvg::Options::default()).expect("an SVG");
    let mut pixels = tiny_skia::Pixmap::new(width as u32, height as u32).expect("a size");
    let scale = tiny_skia::Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scale, &mut pixels.as_mut());
    pixels.data().chunks_exact(4).map(|p| [p[0], p[1], p[2], p[3]]).collect()
}

/// The share of pixels that no neighbour in the image, however they are mixed, comes near.
fn apart(image: &Image, read: &[[u8; 4]]) -> f64 {
    let (width, height) = (image.width(), image.height());
    let is_apart = |index: usize| {
        let (x, y) = (index % width, index / width);
        let near = |at: usize, end: usize| at.saturating_sub(1)..(at + 2).min(end);
        (0..3).any(|channel| {
            let around = near(y, height)
                .flat_map(|y| near(x, width).map(move |x| image.pixels()[y * width + x][channel]));
            let (low, high) = around.fold((255, 0), |(low, high), v| (v.min(low), v.max(high)));
            let value = read[index][channel];
            value < low.saturating_sub(APART) || value > high.saturating_add(APART)
        })
    };
    let count = (0..width * height).filter(|&index| is_apart(index)).count();
    count as f64 / (width * height) as f64
}

#[test]
fn every_figure_as_svg_is_the_picture_of_its_png() {
    for figure in figures(&Experiment::default()) {
        let id = figure.id.id();
        let svg = encoded(&figure, PictureFormat::Svg);
        let image = picture::paint(&figure, options(&figure)).expect("a picture");
        let share = apart(&image, &read(&svg, image.width(), image.height()));
        if let Some(folder) = std::env::var_os("PICTURES") {
            let folder = std::path::Path::new(&folder);
            for format in PictureFormat::ALL {
                let file = folder.join(format!("{id}.{}", format.ending()));
                std::fs::write(file, encoded(&figure, format)).expect("a written picture");
            }
        }
        assert!(share < SHARE, "{id}: {share}");
        assert_eq!(encoded(&figure, PictureFormat::Svg), svg, "{id}");
    }
}

/// A picture without its text is told apart from one with it.
#[test]
fn a_missing_mark_is_seen() {
    let figure = figures(&Experiment::default()).next().expect("figures");
    let svg = String::from_utf8(encoded(&figure, PictureFormat::Svg)).expect("text");
    let bare = svg.replace("<use ", "<desc ");
    let image = picture::paint(&figure, options(&figure)).expect("a picture");
    let share = apart(&image, &read(bare.as_bytes(), image.width(), image.height()));
    assert!(share > SHARE, "{share}");
}

#[test]
fn every_figure_is_one_page_of_the_same_bytes() {
    for figure in figures(&Experiment::default()) {
        let pdf = encoded(&figure, PictureFormat::Pdf);
        assert!(pdf.starts_with(b"%PDF-1."), "{}", figure.id.id());
        assert_eq!(encoded(&figure, PictureFormat::Pdf), pdf, "{}", figure.id.id());
    }
}

/// A name in letters that no font has, more layers than there are pixels, and a dark ground.
#[test]
fn what_is_unusual_is_written_as_well() {
    let mut foreign = Experiment::default();
    foreign.variants[0].name = "שלום 你好".to_owned();
    let deep = Preset::find("deep").expect("a preset").experiment();
    for experiment in [foreign, deep] {
        let figure = FigureId::Sheet
            .compute(&experiment, View::default(), &TaskContext::unattended())
            .expect("nobody stops it");
        let figure = Arc::new(figure);
        let options = PictureOptions { dark: true, ..options(&figure) };
        let image = picture::paint(&figure, options).expect("a picture");
        let svg = picture::encode(&figure, PictureFormat::Svg, options).expect("a picture");
        let share = apart(&image, &read(&svg, image.width(), image.height()));
        assert!(share < SHARE, "{share}");
        picture::encode(&figure, PictureFormat::Pdf, options).expect("a picture");
    }
}

/// Each kind of picture is opened again, whatever its experiment is called.
#[test]
fn every_picture_has_its_experiment_inside() {
    let mut experiment = Preset::find("worked-example").expect("a preset").experiment();
    experiment.title = "A & <b> \"c\" 'd' ]]> &lt; </metadata> ‖δ‖ 你".to_owned();
    let task = TaskContext::unattended();
    let figure = FigureId::Norms.compute(&experiment, View::default(), &task);
    let figure = Arc::new(figure.expect("nobody stops it"));
    for format in PictureFormat::ALL {
        let bytes = encoded(&figure, format);
        let opened = open::from_reader(&bytes[..]).expect("an experiment");
        assert_eq!(opened, experiment, "{format:?}");
        if format == PictureFormat::Svg {
            usvg::Tree::from_data(&bytes, &usvg::Options::default()).expect("an SVG");
        }
    }
    for other in [
        &b"%PDF-1.7\nnothing"[..],
        b"<svg></svg>",
        b"<svg><metadata id=\"gradient-lab-experiment\">",
    ] {
        let error = open::from_reader(other).expect_err("no experiment");
        assert!(error.to_string().contains("carries no experiment"), "{error}");
    }
}
