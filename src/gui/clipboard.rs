//! The clipboard, read and written on a thread of its own. What lies on it belongs to another
//! program, which may take seconds to hand it over, or never do so; the window does not wait.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use eframe::CreationContext;
use eframe::egui::{ColorImage, Context, Event, FullOutput, Id, OutputCommand};
use eframe::egui::{Plugin, PointerButton, Pos2, RawInput};

/// What egui's own clipboard holds: with it every paste key makes a [`Event::Paste`], which
/// [`Clipboard`] replaces by the real text once that has come.
const PLACEHOLDER: &str = "paste";

/// Where a text that is read is to go.
enum Target {
    /// The field that had the keyboard.
    Field(Option<Id>),
    /// Where the middle button was pressed; the text is the selection's.
    Place(Pos2),
}

enum Request {
    Read(Target),
    Write(OutputCommand),
}

enum Answer {
    /// The text, or why there is none; `None` where what lies there is no text.
    Read(Target, Result<Option<String>, String>),
    NotWritten(String),
}

/// Replaces egui's clipboard in a context.
pub struct Clipboard {
    /// `None` once the window is closed.
    requests: Option<Sender<Request>>,
    /// In a mutex, for a plugin is to be `Sync`; only the window's thread takes from it.
    answers: Mutex<Receiver<Answer>>,
    thread: Option<JoinHandle<()>>,
    /// Whether a text is being read: a key that is held down does not queue up for a program that
    /// does not answer.
    is_reading: bool,
    has_placeholder: bool,
    failure: Option<String>,
}

impl Clipboard {
    /// Opens the desktop's clipboard for a window.
    ///
    /// # Errors
    /// The system's words where it gives no thread.
    pub fn start(creation: &CreationContext<'_>) -> std::io::Result<Self> {
        let mut boards = Boards::open(creation);
        let context = creation.egui_ctx.clone();
        let (requests, asked) = channel();
        let (answer, answers) = channel();
        let thread = Builder::new().name("clipboard".to_owned()).spawn(move || {
            for request in asked {
                // The window may close before an answer comes.
                if let Some(message) = boards.answer(request)
                    && answer.send(message).is_ok()
                {
                    context.request_repaint();
                }
            }
        })?;
        Ok(Self {
            requests: Some(requests),
            answers: Mutex::new(answers),
            thread: Some(thread),
            is_reading: false,
            has_placeholder: false,
            failure: None,
        })
    }

    /// Why the clipboard failed since this was last asked, as a sentence.
    pub fn take_failure(context: &Context) -> Option<String> {
        context.with_plugin(|clipboard: &mut Self| clipboard.failure.take()).flatten()
    }

    fn request(&self, request: Request) {
        if let Some(requests) = &self.requests {
            // The thread ends no earlier than its sender.
            let _ = requests.send(request);
        }
    }

    fn answer(&mut self) -> Option<Answer> {
        self.answers.get_mut().unwrap_or_else(PoisonError::into_inner).try_recv().ok()
    }

    fn read(&mut self, target: Target) {
        if !std::mem::replace(&mut self.is_reading, true) {
            self.request(Request::Read(target));
        }
    }

    /// The event that an answer makes. A text whose field has lost the keyboard goes nowhere.
    fn event(&mut self, answer: Answer, field: Option<Id>) -> Option<Event> {
        let (target, text) = match answer {
            Answer::Read(target, text) => {
                self.is_reading = false;
                (target, text)
            }
            Answer::NotWritten(why) => {
                self.failure = Some(format!(
                    "Nothing was copied, for the clipboard could not be written ({why}); export it as a file."
                ));
                return None;
            }
        };
        match text {
            Ok(text) => {
                let text = text.filter(|text| !text.is_empty())?.replace("\r\n", "\n");
                match target {
                    Target::Field(asking) => (asking == field).then_some(Event::Paste(text)),
                    Target::Place(pos) => Some(Event::MiddleClickPaste { pos, text }),
                }
            }
            Err(why) => {
                self.failure = Some(format!(
                    "Nothing was pasted, for the clipboard could not be read ({why}); copy it once more."
                ));
                None
            }
        }
    }
}

impl Plugin for Clipboard {
    fn debug_name(&self) -> &'static str {
        "clipboard"
    }

    fn input_hook(&mut self, context: &Context, input: &mut RawInput) {
        let field = context.memory(|memory| memory.focused());
        input.events.retain(|event| {
            let is_paste = matches!(event, Event::Paste(_));
            if is_paste {
                self.read(Target::Field(field));
            } else if let Event::PointerButton { pos, button, pressed: true, .. } = event
                && *button == PointerButton::Middle
                && cfg!(target_os = "linux")
            {
                self.read(Target::Place(*pos));
            }
            !is_paste
        });
        while let Some(answer) = self.answer() {
            input.events.extend(self.event(answer, field));
        }
    }

    fn output_hook(&mut self, _context: &Context, output: &mut FullOutput) {
        let commands = &mut output.platform_output.commands;
        for command in std::mem::take(commands) {
            match command {
                OutputCommand::OpenUrl(_) => commands.push(command),
                _ => self.request(Request::Write(command)),
            }
        }
        if !std::mem::replace(&mut self.has_placeholder, true) {
            commands.push(OutputCommand::CopyText(PLACEHOLDER.to_owned()));
        }
    }

    fn on_exit(&mut self, _context: &Context) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // What was copied last is handed over before the process ends. A panic was told of.
            let _ = thread.join();
        }
    }
}

/// The desktop's clipboards: Wayland's own where the window is one of Wayland's, else, and for
/// pictures, the one that arboard finds.
struct Boards {
    #[cfg(target_os = "linux")]
    wayland: Option<smithay_clipboard::Clipboard>,
    other: Result<arboard::Clipboard, arboard::Error>,
}

impl Boards {
    #[cfg_attr(not(target_os = "linux"), expect(unused_variables))]
    fn open(creation: &CreationContext<'_>) -> Self {
        Self {
            #[cfg(target_os = "linux")]
            wayland: wayland(creation),
            other: arboard::Clipboard::new(),
        }
    }

    fn answer(&mut self, request: Request) -> Option<Answer> {
        match request {
            Request::Read(target) => {
                let text = match self.read(&target) {
                    Ok(text) => Ok(Some(text)),
                    Err(arboard::Error::ContentNotAvailable) => Ok(None),
                    Err(error) => Err(words(&error)),
                };
                Some(Answer::Read(target, text))
            }
            Request::Write(command) => {
                self.write(command).err().map(|error| Answer::NotWritten(words(&error)))
            }
        }
    }

    fn read(&mut self, target: &Target) -> Result<String, arboard::Error> {
        let is_selection = matches!(target, Target::Place(_));
        #[cfg(target_os = "linux")]
        if let Some(wayland) = &self.wayland {
            let loaded = if is_selection { wayland.load_primary() } else { wayland.load() };
            if let Ok(text) = loaded {
                return Ok(text);
            }
        }
        let board = self.other()?;
        #[cfg(target_os = "linux")]
        if is_selection {
            use arboard::{GetExtLinux as _, LinuxClipboardKind};
            return board.get().clipboard(LinuxClipboardKind::Primary).text();
        }
        if is_selection { Err(arboard::Error::ContentNotAvailable) } else { board.get_text() }
    }

    fn write(&mut self, command: OutputCommand) -> Result<(), arboard::Error> {
        match command {
            OutputCommand::CopyText(text) => self.write_text(text),
            OutputCommand::TextSelectionSettled(text) => {
                // Not every desktop has one, and nobody asked for it by a key.
                let _ = self.write_selection(text);
                Ok(())
            }
            OutputCommand::CopyImage(image) => self.other()?.set_image(picture(&image)),
            OutputCommand::OpenUrl(_) => unreachable!("links are left to the window"),
        }
    }

    fn write_text(&mut self, text: String) -> Result<(), arboard::Error> {
        #[cfg(target_os = "linux")]
        if let Some(wayland) = &self.wayland {
            wayland.store(text);
            return Ok(());
        }
        self.other()?.set_text(text)
    }

    /// What the middle button pastes; only Linux has it.
    #[cfg_attr(not(target_os = "linux"), expect(clippy::unused_self, unused_variables))]
    fn write_selection(&mut self, text: String) -> Result<(), arboard::Error> {
        #[cfg(target_os = "linux")]
        {
            use arboard::{LinuxClipboardKind, SetExtLinux as _};
            if let Some(wayland) = &self.wayland {
                wayland.store_primary(text);
                return Ok(());
            }
            self.other()?.set().clipboard(LinuxClipboardKind::Primary).text(text)?;
        }
        Ok(())
    }

    fn other(&mut self) -> Result<&mut arboard::Clipboard, arboard::Error> {
        self.other.as_mut().map_err(|error| arboard::Error::Unknown { description: words(error) })
    }
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code)]
fn wayland(creation: &CreationContext<'_>) -> Option<smithay_clipboard::Clipboard> {
    use winit::raw_window_handle::{HasDisplayHandle as _, RawDisplayHandle};
    let RawDisplayHandle::Wayland(display) = creation.display_handle().ok()?.as_raw() else {
        return None;
    };
    // SAFETY: the window's display outlives the thread that owns the clipboard, which
    // `Clipboard::on_exit` joins while the window is still there.
    Some(unsafe { smithay_clipboard::Clipboard::new(display.display.as_ptr()) })
}

/// A picture as the desktop takes it: without premultiplied alpha.
fn picture(image: &ColorImage) -> arboard::ImageData<'static> {
    let [width, height] = image.size;
    let bytes = image.pixels.iter().flat_map(|color| color.to_srgba_unmultiplied()).collect();
    arboard::ImageData { width, height, bytes }
}

/// An error's words without its full stop.
fn words(error: &arboard::Error) -> String {
    let words = match error {
        arboard::Error::Unknown { description } => description.clone(),
        known => known.to_string(),
    };
    words.trim_end_matches('.').to_owned()
}
