//! Harmed states of the last session: what is read of them is mended once and then stays, eframe
//! finds nothing in it that it cannot read, and the window that opens on it can be used.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use eframe::egui::{Memory, accesskit::Role};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use gradient_lab::gui::{App, Command, Page, State};

use crate::corpus::{Corpus, Kind, kept};
use crate::helpers::process::fault;
use crate::mutate::Mutator;
use crate::parsing::{Verdict, fail};
use crate::{Clock, seed};

/// A frame of the window takes some milliseconds; a debug build on a busy machine much longer.
const HANG: Duration = Duration::from_secs(5);

/// What eframe reads: texts by key.
type Entries = HashMap<String, String>;

/// Reads a state as the lab does when it starts, in a folder without a last good one.
///
/// # Errors
/// What the lab should not have done.
pub fn read(bytes: &[u8]) -> Result<Verdict, String> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let (_, said) = prepared(folder.path(), bytes)?;
    Ok(match said {
        said if said.is_empty() => Verdict::Accepted(Box::default()),
        said => Verdict::Refused(said.join(" ")),
    })
}

/// What eframe finds in the state's place after it is made fit, and what was said of it.
fn prepared(folder: &Path, bytes: &[u8]) -> Result<(Entries, Vec<String>), String> {
    std::fs::write(folder.join("app.ron"), bytes).expect("a file");
    let state = State::prepare(folder);
    for sentence in &state.said {
        if let Some(wrong) = fault(sentence) {
            return Err(format!("{wrong}: {sentence:?}"));
        }
    }
    let left = std::fs::read(&state.path).ok();
    let entries: Entries = match &left {
        Some(left) => ron::de::from_bytes(left).map_err(|error| format!("it leaves {error}"))?,
        None => Entries::new(),
    };
    if let Some(text) = entries.get("egui") {
        let memory: Memory = ron::from_str(text).map_err(|error| format!("memory: {error}"))?;
        let zoom = memory.options.zoom_factor;
        if !(0.2..=5.0).contains(&zoom) {
            return Err(format!("it leaves the zoom {zoom}"));
        }
    }
    let again = State::prepare(folder);
    if !again.said.is_empty() {
        return Err(format!("mended once it is not mended: {:?}", again.said));
    }
    if std::fs::read(&again.path).ok() != left {
        return Err("what is good does not stay as it is".to_owned());
    }
    Ok((entries, state.said))
}

/// Opens the window on egui's memory, visits every page and uses it.
fn use_window(memory: Memory) -> Result<(), String> {
    let start = |creation: &mut eframe::CreationContext<'_>| {
        creation.egui_ctx.memory_mut(|held| *held = memory);
        App::new(creation, None)
    };
    let mut window: Harness<'_, App> =
        Harness::builder().with_size([1280.0, 860.0]).with_max_steps(12).build_eframe(start);
    for page in Page::ALL {
        let begin = Instant::now();
        window.state_mut().command(Command::Go(page));
        window.step();
        window.step();
        if begin.elapsed() > HANG {
            return Err(format!("{page:?} took {:?}", begin.elapsed()));
        }
    }
    // Whatever the panels' saved sizes were, what is most needed is on the screen.
    window.state_mut().command(Command::Go(Page::Flow));
    window.step();
    window.step();
    for name in ["File", "Undo"] {
        let place = window.get_by_role_and_label(Role::Button, name).rect();
        if !window.ctx.content_rect().contains_rect(place) {
            return Err(format!("“{name}” is at {place:?}"));
        }
    }
    let screen = window.ctx.content_rect();
    let slider = window.query_all_by_role(Role::Slider).next().map(|node| node.rect());
    if !slider.is_some_and(|place| place.is_finite() && place.left() < screen.right()) {
        return Err(format!("the first slider is at {slider:?}"));
    }
    Ok(())
}

#[test]
fn the_window_can_be_used_whatever_was_saved() {
    let corpus = Corpus::get();
    let clock = Clock::start(0.4);
    let (mut number, mut used, mut usual) = (0, 0, 0);
    while clock.goes_on() || used < 10 {
        // Other numbers than where states are only read.
        let mut mutator = Mutator::new(seed() ^ 0x5555, number);
        let bytes = corpus.harmed(Kind::State, &mut mutator);
        number += 1;
        let fail = |wrong: &str| fail(number - 1, Kind::State, &bytes, wrong);
        std::fs::write(kept("state-now"), &bytes).expect("a file");
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let entries = match prepared(folder.path(), &bytes) {
            Ok((entries, _)) => entries,
            Err(wrong) => fail(&wrong),
        };
        let Some(text) = entries.get("egui") else { continue };
        // Where nothing of the memory is harmed, there is nothing to find out.
        if corpus.states.iter().any(|state| holds(state, text)) {
            usual += 1;
            continue;
        }
        let memory = ron::from_str(text).expect("just read");
        if let Err(wrong) = use_window(memory) {
            fail(&wrong);
        }
        used += 1;
    }
    let report = format!("{number} made; {used} windows used, {usual} with a memory as it was\n");
    std::fs::write(kept("states.txt"), &report).expect("a file");
}

/// Whether a whole state has this text as egui's memory.
fn holds(state: &[u8], text: &str) -> bool {
    let entries: Entries = ron::de::from_bytes(state).expect("a whole state");
    entries["egui"] == text
}

/// The presets' states are good, or nothing of the above would say anything.
#[test]
fn whole_states_are_read_as_they_are() {
    for state in &Corpus::get().states {
        assert!(matches!(read(state), Ok(Verdict::Accepted(_))));
        let entries: Entries = ron::de::from_bytes(state).expect("a whole state");
        use_window(ron::from_str(&entries["egui"]).expect("a memory")).expect("it can be used");
    }
}
