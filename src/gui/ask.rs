//! The small windows that ask for a path: open, save, export. A path can always be typed;
//! the system's dialog is a convenience that not every system has.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{self, DragValue, Grid, Ui};

use crate::experiment::visible;
use crate::export::atomic;
use crate::export::picture::{self, PAPERS, POINTS_PER_INCH, PictureFormat, PictureOptions};
use crate::export::table::{Numbers, TableFormat};
use crate::figure::Figure;

use super::input_limit::LETTERS;
use super::jobs::{Done, Jobs, Picked};

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    /// An experiment to open.
    Open,
    /// Where to save the experiment.
    Save,
    /// Where to write this figure as a picture.
    Picture(Arc<Figure>),
    /// Where to write these numbers.
    Table(Numbers),
}

/// A dialog that ends sooner than this has not been seen by anybody.
const SEEN: Duration = Duration::from_millis(300);

const NO_DIALOG: &str =
    "This system shows no file dialog: it has neither a desktop portal nor zenity. Type the path.";

/// The window, while it is open.
pub struct Ask {
    /// What for.
    pub purpose: Purpose,
    path: String,
    options: PictureOptions,
    browsing: bool,
    /// Whether the path has just been offered, so that the field takes the keyboard.
    fresh: bool,
    /// The path that was answered, while it is being opened or written.
    answered: Option<String>,
    /// Why the path of this text was refused, or no dialog came.
    refusal: Option<(String, String)>,
}

/// What a person decided in this frame.
pub enum Answer {
    /// Nothing yet.
    Waiting,
    /// Do it.
    Go(PathBuf),
    /// Never mind.
    Close,
}

impl Ask {
    /// A window with a sensible path.
    pub fn new(purpose: Purpose, folder: &Path, title: &str, dark: bool) -> Self {
        let name = match &purpose {
            Purpose::Open => String::new(),
            Purpose::Save => format!("{}.toml", slug(title)),
            Purpose::Picture(figure) => format!("{}-{}.png", slug(title), figure.id.id()),
            Purpose::Table(numbers) => format!("{}-{}.csv", slug(title), numbers.id().id()),
        };
        let scale = PictureOptions::PRINT_SCALE;
        let size = match &purpose {
            Purpose::Picture(figure) => {
                picture::fitting_size(figure, None, scale).unwrap_or(figure.id.default_size())
            }
            _ => [960.0, 560.0],
        };
        Self {
            path: folder.join(name).display().to_string(),
            purpose,
            options: PictureOptions { size, scale, dark },
            browsing: false,
            fresh: true,
            answered: None,
            refusal: None,
        }
    }

    /// Offers this path in place of the usual one.
    pub fn at(mut self, place: Option<PathBuf>) -> Self {
        if let Some(path) = place {
            self.path = path.display().to_string();
        }
        self
    }

    /// Whether a path was answered and is not refused yet.
    pub fn is_answered(&self) -> bool {
        self.answered.is_some()
    }

    /// Nothing comes of the answer; another may be given.
    pub fn reconsider(&mut self) {
        self.answered = None;
    }

    /// Says why the path cannot be taken; what was typed stays.
    pub fn refuse(&mut self, why: &str) {
        let path = self.answered.take().unwrap_or_default();
        self.refusal = Some((path, visible(why)));
        self.fresh = true;
    }

    /// Size, density and ground for a picture.
    pub fn options(&self) -> PictureOptions {
        self.options
    }

    /// The system's dialog has answered.
    pub fn picked(&mut self, picked: Picked) {
        self.browsing = false;
        match picked {
            Picked::Path(path) => self.path = path.display().to_string(),
            Picked::Nothing => {}
            Picked::NoDialog => self.refusal = Some((self.path.clone(), NO_DIALOG.to_owned())),
        }
    }

    /// The window.
    pub fn show(&mut self, context: &egui::Context, jobs: &mut Jobs) -> Answer {
        let mut open = true;
        let mut answer = Answer::Waiting;
        egui::Window::new(self.title())
            .open(&mut open)
            .collapsible(false)
            .resizable(false)
            .anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0])
            .show(context, |ui| {
                ui.set_width(440.0);
                if matches!(self.purpose, Purpose::Picture(_)) {
                    self.picture_options(ui);
                }
                answer = self.path_and_buttons(ui, jobs);
            });
        let escaped =
            context.input_mut(|i| i.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
        if !open || escaped { Answer::Close } else { answer }
    }

    fn title(&self) -> &'static str {
        match self.purpose {
            Purpose::Open => "Open experiment",
            Purpose::Save => "Save experiment",
            Purpose::Picture(_) => "Export picture",
            Purpose::Table(_) => "Export numbers",
        }
    }

    fn verb(&self) -> &'static str {
        match self.purpose {
            Purpose::Open => "Open",
            Purpose::Save => "Save",
            Purpose::Picture(_) | Purpose::Table(_) => "Export",
        }
    }

    fn picture_options(&mut self, ui: &mut Ui) {
        let options = &mut self.options;
        Grid::new("picture options").num_columns(2).spacing([12.0, 8.0]).show(ui, |ui| {
            let word = ui.label("Size");
            ui.horizontal(|ui| {
                fn side(side: &mut f32) -> DragValue<'_> {
                    DragValue::new(side).range(320.0..=4000.0).suffix(" pt")
                }
                ui.add(side(&mut options.size[0]))
                    .labelled_by(word.id)
                    .on_hover_text("Width in points, 1/96 inch");
                ui.label("×");
                ui.add(side(&mut options.size[1]))
                    .labelled_by(word.id)
                    .on_hover_text("Height in points, 1/96 inch");
                ui.weak(format!(
                    "{:.1} × {:.1} cm",
                    options.size[0] / POINTS_PER_INCH * 2.54,
                    options.size[1] / POINTS_PER_INCH * 2.54
                ));
            });
            ui.end_row();
            let word = ui.label("Paper");
            paper_choice(ui, &mut options.size, word.id);
            ui.end_row();
            let word = ui.label("Density");
            ui.horizontal(|ui| {
                let mut dpi = options.dots_per_inch().round();
                let field = DragValue::new(&mut dpi).range(48.0..=1200.0).suffix(" dpi");
                if ui.add(field).labelled_by(word.id).changed() {
                    options.scale = dpi / POINTS_PER_INCH;
                }
                for (text, scale) in [
                    ("1×", 1.0),
                    ("2×", 2.0),
                    ("3×", 3.0),
                    ("4×", 4.0),
                    ("print", PictureOptions::PRINT_SCALE),
                ] {
                    ui.selectable_value(&mut options.scale, scale, text);
                }
            });
            ui.end_row();
            ui.label("Ground");
            ui.horizontal(|ui| {
                ui.selectable_value(&mut options.dark, false, "light");
                ui.selectable_value(&mut options.dark, true, "dark");
                let [w, h] = options.size.map(|side| (side * options.scale).round());
                ui.weak(format!("{w} × {h} pixels"));
            });
            ui.end_row();
        });
        ui.add_space(6.0);
    }

    fn path_and_buttons(&mut self, ui: &mut Ui, jobs: &mut Jobs) -> Answer {
        let mut answer = Answer::Waiting;
        let word = ui.label("File");
        let field = egui::TextEdit::singleline(&mut self.path).char_limit(LETTERS);
        let mut field = ui.add(field.desired_width(f32::INFINITY)).labelled_by(word.id);
        let endings = match self.purpose {
            Purpose::Open | Purpose::Save => None,
            Purpose::Picture(_) => Some("Its ending says what it is: .png, .svg or .pdf"),
            Purpose::Table(_) => Some("Its ending says what it is: .csv or .json"),
        };
        if let Some(words) = endings {
            field = field.on_hover_text(words);
        }
        if std::mem::take(&mut self.fresh) {
            field.request_focus();
        }
        let entered = field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        let path = PathBuf::from(self.path.trim());
        self.told(ui, &path);
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            // A newer path to open takes the place of the one before; what is written is written.
            let waits = self.is_answered() && self.purpose != Purpose::Open;
            let ready = !self.path.trim().is_empty() && !waits;
            if ui.add_enabled(ready, egui::Button::new(self.verb())).clicked() || (entered && ready)
            {
                self.answered = Some(self.path.clone());
                self.refusal = None;
                answer = Answer::Go(path);
            }
            if ui.button("Cancel").clicked() {
                answer = Answer::Close;
            }
            let browse = ui.add_enabled(!self.browsing, egui::Button::new("Browse…"));
            if browse.on_disabled_hover_text("The system's dialog is open").clicked() {
                self.browse(jobs);
            }
        });
        answer
    }

    /// What is to be known of the path before it is taken, or after it was refused.
    fn told(&mut self, ui: &mut Ui, path: &Path) {
        if self.refusal.as_ref().is_some_and(|(of, _)| *of != self.path) {
            self.refusal = None;
        }
        if let Some((_, why)) = &self.refusal {
            ui.colored_label(ui.visuals().error_fg_color, why);
        } else if self.is_answered() {
            let words = if self.purpose == Purpose::Open { "Opening…" } else { "Writing…" };
            ui.weak(words);
        } else if self.purpose != Purpose::Open && path.is_file() {
            ui.colored_label(ui.visuals().warn_fg_color, "This file exists and will be replaced.");
        }
    }

    /// Opens the system's dialog on a thread of its own: it may block for long, or not exist.
    fn browse(&mut self, jobs: &mut Jobs) {
        self.browsing = true;
        let purpose = self.purpose.clone();
        let path = PathBuf::from(self.path.trim());
        jobs.start("file dialog", move || {
            let begin = Instant::now();
            let path = dialog(&purpose, &path);
            Done::Picked(Picked::of(path, begin.elapsed() >= SEEN))
        });
    }
}

/// A size that fits what it is printed on.
fn paper_choice(ui: &mut Ui, size: &mut [f32; 2], word: egui::Id) {
    let present = PAPERS.iter().find(|(_, of)| of == size);
    let chosen = present.map_or("of its own", |(name, _)| name);
    let choice = egui::ComboBox::from_id_salt("paper").selected_text(chosen);
    let choice = choice.show_ui(ui, |ui| {
        for (name, of) in PAPERS {
            ui.selectable_value(size, of, name);
        }
    });
    choice.response.labelled_by(word).on_hover_text(
        "A whole page, the width of its text, or a journal's two columns; for SVG and PDF these are the real sizes",
    );
}

fn dialog(purpose: &Purpose, path: &Path) -> Option<PathBuf> {
    let mut dialog = rfd::FileDialog::new();
    if let Some(folder) = path.parent().filter(|folder| folder.is_dir()) {
        dialog = dialog.set_directory(folder);
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match purpose {
        Purpose::Open => {
            dialog.add_filter("Experiment", &["toml", "png", "svg", "pdf"]).pick_file()
        }
        Purpose::Save => dialog.add_filter("Experiment", &["toml"]).set_file_name(name).save_file(),
        Purpose::Picture(_) => {
            let endings = PictureFormat::ALL.map(PictureFormat::ending);
            dialog.add_filter("Picture", &endings).set_file_name(name).save_file()
        }
        Purpose::Table(_) => {
            dialog.add_filter("Numbers", &["csv", "json"]).set_file_name(name).save_file()
        }
    }
}

/// A title as a file's name: letters, digits and hyphens.
fn slug(title: &str) -> String {
    let plain =
        |letter: char| if letter.is_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let spelled: String = title.chars().map(plain).collect();
    let parts: Vec<&str> = spelled.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "gradients".to_owned() } else { parts.join("-") }
}

/// Writes a figure as the kind of picture that the path's ending names.
pub fn write_picture(figure: &Arc<Figure>, options: PictureOptions, path: &Path) -> Done {
    let Some(format) = PictureFormat::of(path) else {
        return Done::Refused("A picture's file ends in .png, .svg or .pdf.".to_owned());
    };
    let encoded = picture::fitting_size(figure, Some(options.size), options.scale)
        .and_then(|size| picture::encode(figure, format, PictureOptions { size, ..options }));
    match encoded {
        Ok(bytes) => match (written(path, &bytes), picture::left_out(&figure.experiment)) {
            (Done::Written(path), Some(but)) => Done::WrittenBut(path, but),
            (done, _) => done,
        },
        Err(error) => Done::Refused(error.to_string()),
    }
}

/// Writes numbers in the form that the path's ending names.
pub fn write_table(numbers: &Numbers, path: &Path) -> Done {
    let Some(format) = TableFormat::of(path) else {
        return Done::Refused("A file of numbers ends in .csv or .json.".to_owned());
    };
    match numbers.encode(format) {
        Ok(bytes) => written(path, &bytes),
        Err(error) => Done::Refused(error.to_string()),
    }
}

/// Writes bytes, and tells how it went.
pub fn written(path: &Path, bytes: &[u8]) -> Done {
    match atomic::write(path, bytes) {
        Ok(()) => Done::Written(path.to_owned()),
        Err(error) => Done::Refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_without_a_dialog_is_told_of_until_the_path_changes() {
        let mut ask = Ask::new(Purpose::Open, Path::new("/"), "", false);
        for (quick, is_told) in [(false, false), (true, true)] {
            ask.picked(Picked::of(None, !quick));
            assert_eq!(ask.refusal.is_some(), is_told);
        }
        ask.picked(Picked::of(Some("/net.toml".into()), true));
        assert_eq!(ask.path, "/net.toml");
        assert!(ask.refusal.is_some_and(|(of, why)| of != ask.path && why.contains("portal")));
    }

    #[test]
    fn titles_become_file_names() {
        assert_eq!(slug("Sigmoid against ReLU"), "sigmoid-against-relu");
        assert_eq!(slug("../../etc: passwd?"), "etc-passwd");
        assert_eq!(slug("‖‖"), "gradients");
    }
}
