//! The lab's window in a harness: what a test does with it, in a person's words.

use std::path::Path;
use std::time::{Duration, Instant};

use eframe::egui::{Event, Key, Modifiers, Pos2, Rect, Theme, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, Node};
use gradient_lab::experiment::Experiment;
use gradient_lab::gui::{App, Lab};

use super::support::CpuRenderer;

/// A debug build on a busy machine still answers within this.
const PATIENCE: Duration = Duration::from_secs(60);
/// Tall enough that every control is on the screen without scrolling.
const TALL: [f32; 2] = [1280.0, 1500.0];

/// The window with the app in it.
pub struct Window {
    /// For what has no word of its own here.
    pub harness: Harness<'static, App>,
}

impl Window {
    /// Opens on the chapter's figure and waits for it.
    pub fn open() -> Self {
        Self::open_with(None)
    }

    /// Opens on an experiment and waits for its result.
    pub fn open_with(experiment: Option<Experiment>) -> Self {
        Self::open_as(experiment, TALL, Theme::Light)
    }

    /// Opens in a size and a theme.
    pub fn open_as(experiment: Option<Experiment>, size: [f32; 2], theme: Theme) -> Self {
        Self::open_stored(None, experiment, size, theme)
    }

    /// Opens on what an earlier session stored.
    pub fn open_stored(
        storage: Option<Box<dyn eframe::Storage>>,
        experiment: Option<Experiment>,
        size: [f32; 2],
        theme: Theme,
    ) -> Self {
        // The harness wants what lives as long as the program.
        let storage = storage.map(|storage| &*Box::leak(storage));
        let harness = Harness::builder()
            .with_size(size)
            .with_theme(theme)
            .with_max_steps(12)
            .with_render_cursor(false)
            .renderer(CpuRenderer::default())
            .build_eframe(|creation| {
                creation.storage = storage;
                App::new(creation, experiment)
            });
        let mut window = Self { harness };
        window.settle();
        window
    }

    /// The experiment and what is known of it.
    pub fn lab(&self) -> &Lab {
        self.harness.state().lab()
    }

    /// What is set.
    pub fn experiment(&self) -> &Experiment {
        &self.lab().experiment
    }

    /// The experiment whose result is on the screen.
    pub fn shown(&self) -> &Experiment {
        &self.lab().result().expect("there has been a result").experiment
    }

    /// Lets a few frames pass, without waiting for the worker.
    pub fn frames(&mut self) {
        self.harness.run_ok();
    }

    /// Waits until the picture is that of the present setting, or the setting is refused.
    pub fn settle(&mut self) {
        self.wait("an answer", |window| {
            let lab = window.lab();
            let answered = lab.result().is_some() && !lab.is_stale();
            let is_opening = window.harness.state().is_opening();
            !is_opening && lab.progress().is_none() && (answered || lab.refusal().is_some())
        });
    }

    /// Waits until no page's study is under way, and what came is laid out.
    pub fn wait_until_idle(&mut self) {
        let start = Instant::now();
        while self.harness.state_mut().pages().is_busy() {
            assert!(start.elapsed() < PATIENCE, "a page is still busy");
            std::thread::sleep(Duration::from_millis(5));
            self.frames();
        }
        self.frames();
    }

    /// Waits until a text on the screen contains this.
    pub fn wait_for_text(&mut self, part: &str) {
        self.wait(part, |window| window.shows(part));
    }

    /// Waits until no text on the screen contains this.
    pub fn wait_for_no_text(&mut self, part: &str) {
        self.wait(&format!("end of “{part}”"), |window| !window.shows(part));
    }

    /// Waits until this is so.
    pub fn wait(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        loop {
            self.frames();
            if done(self) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "no {what}; on screen: {:#?}", self.texts());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Every text on the screen: names of widgets and what they hold.
    pub fn texts(&self) -> Vec<String> {
        let nodes = self.harness.root().children_recursive();
        let words = |node: Node<'_>| {
            let node = node.accesskit_node();
            [node.label(), node.value()].into_iter().flatten().collect::<Vec<_>>()
        };
        nodes.flat_map(words).collect()
    }

    /// Whether some text on the screen contains this.
    pub fn shows(&self, part: &str) -> bool {
        self.texts().iter().any(|text| text.contains(part))
    }

    /// The widget of that kind and name; `index` counts where several variants have one.
    pub fn find<'a>(&'a self, role: Role, name: &'a str, index: usize) -> Node<'a> {
        let found = self.harness.query_all_by_role_and_label(role, name).nth(index);
        found.unwrap_or_else(|| panic!("no {role:?} “{name}” at {index}: {:#?}", self.texts()))
    }

    /// Where a widget stands.
    pub fn place(&self, role: Role, name: &str, index: usize) -> Rect {
        self.find(role, name, index).rect()
    }

    /// Where the labels of that name stand.
    pub fn labels(&self, name: &str) -> Vec<Rect> {
        let found = self.harness.query_all_by_role_and_label(Role::Label, name);
        found.map(|node| node.rect()).collect()
    }

    /// Where texts stand that contain this.
    pub fn places_of_text(&self, part: &str) -> Vec<Rect> {
        let nodes = self.harness.root().children_recursive();
        let has = |node: &Node<'_>| {
            let node = node.accesskit_node();
            [node.label(), node.value()].iter().flatten().any(|text| text.contains(part))
        };
        nodes.filter(has).map(|node| node.rect()).collect()
    }

    /// Clicks a button and waits.
    pub fn click(&mut self, name: &str) {
        self.click_nth(name, 0);
    }

    /// Clicks one of several buttons of a name and waits.
    pub fn click_nth(&mut self, name: &str, index: usize) {
        let place = self.place(Role::Button, name, index);
        if !self.harness.ctx.content_rect().contains_rect(place) {
            self.find(Role::Button, name, index).scroll_to_me();
            self.frames();
        }
        self.find(Role::Button, name, index).click();
        self.settle();
    }

    /// Opens a menu, chooses an entry and waits.
    pub fn menu(&mut self, menu: &str, entry: &str) {
        self.menu_at_once(menu, entry);
        self.settle();
    }

    /// The same; what it does begins with the next frame.
    pub fn menu_at_once(&mut self, menu: &str, entry: &str) {
        self.find(Role::Button, menu, 0).click();
        self.frames();
        // A shortcut stands behind the words.
        let found = |node: &Node<'_>| {
            node.accesskit_node().label().is_some_and(|label| label.starts_with(entry))
        };
        let nodes = self.harness.root().children_recursive();
        nodes.filter(found).last().unwrap_or_else(|| panic!("no entry “{entry}”")).click();
    }

    /// Chooses an entry of a combo box.
    pub fn choose(&mut self, name: &str, index: usize, entry: &str) {
        self.find(Role::ComboBox, name, index).click();
        self.frames();
        self.entry(entry).scroll_to_me();
        self.frames();
        self.entry(entry).click();
        self.settle();
    }

    /// An entry of the open list. It is painted last, and so is the last widget of its name.
    fn entry<'a>(&'a self, entry: &'a str) -> Node<'a> {
        let entries = self.harness.query_all_by_role_and_label(Role::Button, entry);
        entries.last().unwrap_or_else(|| panic!("no entry “{entry}”: {:#?}", self.texts()))
    }

    /// Presses keys and waits.
    pub fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    /// Clicks into a number or a text, replaces it and presses Enter.
    pub fn type_into(&mut self, role: Role, name: &str, index: usize, text: &str) {
        self.find(role, name, index).click();
        self.frames();
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        self.frames();
        if text.is_empty() {
            self.harness.key_press(Key::Backspace);
        } else {
            self.harness.event(Event::Text(text.to_owned()));
        }
        self.frames();
        self.harness.key_press(Key::Enter);
        self.settle();
    }

    /// Types a path into the small window that asks for one, and says yes with `verb`.
    pub fn answer_path(&mut self, path: &Path, verb: &str) {
        self.type_path(path);
        self.click(verb);
    }

    /// Puts a path into that field.
    pub fn type_path(&mut self, path: &Path) {
        self.frames();
        self.find(Role::TextInput, "File", 0).set_text_value_accesskit(&path.display().to_string());
        self.frames();
    }

    /// Drags with the mouse through points, a frame for each.
    pub fn drag(&mut self, points: &[Pos2]) {
        let (first, last) = (points[0], points[points.len() - 1]);
        self.harness.hover_at(first);
        self.harness.drag_at(first);
        for point in points {
            self.harness.hover_at(*point);
        }
        self.harness.step();
        self.harness.drop_at(last);
        self.harness.step();
    }
}

/// Keeps a picture for a person to look at, where the variable PAGES names a folder.
pub fn keep(window: &mut Window, name: &str) {
    if let Some(folder) = std::env::var_os("PAGES") {
        let path = Path::new(&folder).join(name).with_extension("png");
        window.harness.render().expect("a picture").save(path).expect("a folder");
    }
}
