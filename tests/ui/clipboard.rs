//! Pictures on their way to the clipboard.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{ColorImage, OutputCommand, accesskit::Role};
use gradient_lab::export::picture::{self, PictureOptions};
use gradient_lab::figure::{Figure, FigureId, View};

use super::window::Window;

/// The picture that the window hands to the system, frame by frame until it is there.
fn copied(window: &mut Window) -> ColorImage {
    let start = Instant::now();
    loop {
        window.harness.step();
        let commands = &window.harness.output().platform_output.commands;
        let image = commands.iter().find_map(|command| match command {
            OutputCommand::CopyImage(image) => Some(image.clone()),
            _ => None,
        });
        if let Some(image) = image {
            return image;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "no picture");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What an export makes of the figure unless told otherwise, at two pixels a point: no smaller than
/// usual, and large enough for all of it.
fn exported(figure: &Arc<Figure>) -> ColorImage {
    let size = picture::fitting_size(figure, None, 2.0).expect("a size");
    let usual = figure.id.default_size();
    assert!(size[0] >= usual[0] && size[1] >= usual[1], "{:?}: {size:?}", figure.id);
    let options = PictureOptions { size, scale: 2.0, dark: false };
    picture::paint(figure, options).expect("a picture").to_color_image()
}

#[test]
fn a_figures_button_copies_that_figure() {
    let mut window = Window::open();
    for (index, id) in [FigureId::Norms, FigureId::Strips, FigureId::Units].into_iter().enumerate()
    {
        window.find(Role::Button, "Copy", index).click();
        let image = copied(&mut window);
        // The window is light, and so is the picture: the one that is exported.
        let draw = window.lab().result().expect("a result");
        let figure = Arc::new(Figure::of_draw(id, draw, View::default()));
        assert!(image == exported(&figure), "{id:?}: the same pixels");
        window.wait_for_text("The picture is on the clipboard.");
    }
}

#[test]
fn the_menu_copies_the_sheet() {
    let mut window = Window::open();
    window.menu_at_once("Edit", "Copy the sheet as a picture");
    let image = copied(&mut window);
    let draw = window.lab().result().expect("a result");
    let sheet = Arc::new(Figure::of_draw(FigureId::Sheet, draw, View::default()));
    assert!(image == exported(&sheet), "the same pixels");
}
