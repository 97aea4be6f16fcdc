//! Opens the native window: with wgpu, with OpenGL where that fails, else with a sentence.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eframe::egui_wgpu::{RenderState, WgpuConfiguration, WgpuSetup};
use eframe::{NativeOptions, Renderer, egui};

use crate::experiment::{Experiment, visible};

use super::App;
use super::clipboard::Clipboard;
use super::state::State;

/// The lab to the desktop, and the folder of its state.
const NAME: &str = "gradient-lab";

/// The smallest window in which every control can be reached and no words overlap.
const SMALLEST: [f32; 2] = [900.0, 560.0];

const ICON: &[u8] = include_bytes!("../../assets/icon.png");

/// No window could be opened.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// There is no display to open it on.
    #[error(
        "There is no display to open a window on. Start the lab in a desktop session, or use `gradient-lab run` and `gradient-lab render`, which need none."
    )]
    NoDisplay,
    /// A display is named, and no connection to it comes about.
    #[error(
        "The display gave no connection ({0}). Check DISPLAY or WAYLAND_DISPLAY and whether you may use it, or use `gradient-lab run` and `gradient-lab render`, which need none."
    )]
    Refused(String),
    /// Neither wgpu nor OpenGL works here.
    #[error(
        "No window could be opened: {wgpu}; and with OpenGL: {glow}. Install a graphics driver (for a software one: Mesa), or use `gradient-lab run` and `gradient-lab render`, which need none."
    )]
    NoRenderer {
        /// Why not with wgpu.
        wgpu: String,
        /// Why not with OpenGL.
        glow: String,
    },
}

/// Opens the window and returns when it is closed: on an experiment, that of `file` where it is
/// read from one, or on what the last session left.
///
/// # Errors
/// [`WindowError`] where there is no display or no way to draw on it.
pub fn run(experiment: Option<Experiment>, file: Option<&Path>) -> Result<(), WindowError> {
    if !has_display() {
        return Err(WindowError::NoDisplay);
    }
    let state = eframe::storage_dir(NAME).map(|folder| State::prepare(&folder));
    for sentence in state.iter().flat_map(|state| &state.said) {
        // The window says it too; a terminal that is gone is no reason to end.
        let _ = writeln!(std::io::stderr(), "{NAME}: {}", visible(sentence));
    }
    let wgpu = match run_with(Renderer::Wgpu, experiment.clone(), file, state.as_ref()) {
        Ok(()) => return Ok(()),
        // The display is named but does not answer; no renderer can mend that.
        Err(error @ eframe::Error::WinitEventLoop(_)) => {
            // Before it winit names a place in its own source.
            let words = error.to_string();
            let why = words.rsplit(": ").next().unwrap_or(&words);
            return Err(WindowError::Refused(why.trim_end_matches('.').to_owned()));
        }
        Err(error) => error,
    };
    match run_with(Renderer::Glow, experiment, file, state.as_ref()) {
        Ok(()) => Ok(()),
        Err(glow) => {
            Err(WindowError::NoRenderer { wgpu: wgpu.to_string(), glow: glow.to_string() })
        }
    }
}

fn run_with(
    renderer: Renderer,
    experiment: Option<Experiment>,
    file: Option<&Path>,
    state: Option<&State>,
) -> eframe::Result {
    let viewport = egui::ViewportBuilder::default()
        .with_title("Gradient lab")
        .with_app_id(NAME)
        .with_icon(icon())
        .with_inner_size([1280.0, 860.0])
        .with_min_inner_size(SMALLEST);
    let options = NativeOptions {
        viewport,
        renderer,
        centered: true,
        // Every sign comes from the lab's own fonts, so that all machines show the same.
        system_font_fallback: false,
        // A second renderer may have to start after the first one failed.
        run_and_return: true,
        wgpu_options: wgpu_options(),
        persistence_path: state.map(|state| state.path.clone()),
        ..NativeOptions::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(move |creation| {
        if let Some(wgpu) = &creation.wgpu_render_state {
            outlive_errors(wgpu);
        }
        // Before the app's own limit on input, so that what is pasted comes through it.
        creation.egui_ctx.add_plugin(Clipboard::start(creation)?);
        let mut app = App::new(creation, experiment);
        if let Some(file) = file {
            app = app.with_file(file);
        }
        if let Some(state) = state {
            app = app.with_state(state);
        }
        Ok(Box::new(app))
    });
    eframe::run_native(NAME, options, create)
}

/// eframe's, but with the largest textures that the card has in place of 8192 pixels: three
/// screens side by side are wider.
fn wgpu_options() -> WgpuConfiguration {
    let mut options = WgpuConfiguration::default();
    if let WgpuSetup::CreateNew(setup) = &mut options.wgpu_setup {
        let usual = setup.device_descriptor.clone();
        setup.device_descriptor = Arc::new(move |adapter| {
            let mut descriptor = usual(adapter);
            let limits = adapter.limits();
            descriptor.required_limits.max_texture_dimension_2d = limits.max_texture_dimension_2d;
            descriptor
        });
    }
    options
}

/// Has a frame that wgpu refuses left out and told of, once. By itself wgpu would end the
/// process, and what was set would be lost with it.
fn outlive_errors(wgpu: &RenderState) {
    let has_told = AtomicBool::new(false);
    wgpu.device.on_uncaptured_error(Arc::new(move |error| {
        if has_told.swap(true, Ordering::Relaxed) {
            return;
        }
        // The last line says what, those before it in which call.
        let words = error.to_string();
        let why = words.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("no reason");
        let why = visible(why.trim_end_matches('.'));
        // A terminal that is gone is no reason to end.
        let _ = writeln!(
            std::io::stderr(),
            "{NAME}: The graphics card refused a frame, which was left out ({why}). Make the window smaller, or save the experiment and start again."
        );
    }));
}

/// The picture in the task bar. A test decodes it; at run time a window without one would do.
fn icon() -> egui::IconData {
    eframe::icon_data::from_png_bytes(ICON).unwrap_or_default()
}

/// On Linux a window needs a display server, and says so in an environment variable.
fn has_display() -> bool {
    let named = |variable| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || named("DISPLAY") || named("WAYLAND_DISPLAY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_is_a_square_picture() {
        let icon = eframe::icon_data::from_png_bytes(ICON).expect("a PNG");
        assert_eq!((icon.width, icon.height), (256, 256));
        assert_eq!(icon.rgba[3], 0, "its corners are clear");
    }
}
