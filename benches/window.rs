//! What a user of the window waits for, without a display: the app's own frames, run and
//! tessellated, while its worker computes.
//!
//! `cargo bench --bench window [-- WORD]` prints tables of milliseconds; WORD chooses the
//! lines whose names contain it. Each line is a median of repeats with the 5th and the 95th
//! percentile. What a graphics card would do with the meshes is left out; the lab's own
//! rasterizer is timed beside it.
#![expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use eframe::App as _;
use eframe::egui::{
    ClippedPrimitive, Color32, Context, Event, Key, Modifiers, Pos2, RawInput, Rect, ViewportId,
    pos2, vec2,
};
use gradient_lab::experiment::{
    Activation, Architecture, Draws, Experiment, Precision, Preset, Variant,
};
use gradient_lab::gui::{App, Command, LawPage, Page, SweepPage};
use gradient_lab::raster::texture::Textures;
use gradient_lab::raster::{self, Image};
use gradient_lab::study::{Axis, Engine, Quantity, Setting, Sweep, SweepPreset};

/// The size in which the window opens, in points and pixels.
const SIZE: [f32; 2] = [1280.0, 860.0];
/// Repeats of a line, unless they take longer than `PATIENCE` together.
const REPEATS: usize = 31;
const FEWEST: usize = 5;
const PATIENCE: Duration = Duration::from_secs(8);
/// A frame at 60 Hz.
const FRAME: f64 = 16.0;
/// What a person takes for at once.
const AT_ONCE: f64 = 100.0;
/// Between two looks whether a worker has ended.
const LOOK: Duration = Duration::from_millis(2);
/// Nothing takes as long as this.
const NEVER: Duration = Duration::from_secs(60);

/// When the app wants its next frame.
///
/// What the window asks of itself, animations above all, comes 60 times a second as on a
/// display. What a worker asks for comes at once: the display's own pace is not what is
/// measured.
struct Wake {
    window: ThreadId,
    due: Mutex<Due>,
    changed: Condvar,
}

struct Due {
    at: Option<Instant>,
    last_frame: Instant,
}

impl Wake {
    fn new() -> Self {
        Self {
            window: thread::current().id(),
            due: Mutex::new(Due { at: None, last_frame: Instant::now() }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, delay: Duration) {
        let mut due = self.lock();
        let mut asked = Instant::now() + delay.min(NEVER);
        if thread::current().id() == self.window {
            asked = asked.max(due.last_frame + Duration::from_secs_f64(1.0 / 60.0));
        }
        due.at = Some(due.at.map_or(asked, |at| at.min(asked)));
        self.changed.notify_all();
    }

    /// A frame begins.
    fn clear(&self) {
        *self.lock() = Due { at: None, last_frame: Instant::now() };
    }

    /// Sleeps until the next frame is due, or for `longest`; whether one is due.
    fn wait(&self, longest: Duration) -> bool {
        let end = Instant::now() + longest;
        let mut due = self.lock();
        loop {
            let next = due.at.unwrap_or(end).min(end);
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return next < end;
            }
            let waited = self.changed.wait_timeout(due, left);
            due = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The app without a window, driven as eframe drives it.
struct Stage {
    context: Context,
    app: App,
    frame: eframe::Frame,
    wake: Arc<Wake>,
    start: Instant,
    textures: Textures,
    meshes: Vec<ClippedPrimitive>,
    /// Seconds that frames took, run and tessellated.
    frames: Vec<f64>,
    /// Seconds that this thread computed in them: without what it waited for the worker.
    computed: Vec<f64>,
}

impl Stage {
    fn open(experiment: &Experiment, page: Page) -> Self {
        let context = Context::default();
        let wake = Arc::new(Wake::new());
        let waker = wake.clone();
        context.set_request_repaint_callback(move |info| waker.ask(info.delay));
        let creation = eframe::CreationContext::_new_kittest(context.clone());
        let mut app = App::new(&creation, Some(experiment.clone()));
        app.command(Command::Go(page));
        app.command(Command::ComputeLarge);
        let mut stage = Self {
            context,
            app,
            frame: eframe::Frame::_new_kittest(),
            wake,
            start: Instant::now(),
            textures: Textures::default(),
            meshes: Vec::new(),
            frames: Vec::new(),
            computed: Vec::new(),
        };
        stage.until(NEVER, |stage| stage.shows_whole());
        stage.rest();
        stage
    }

    /// One frame, from input to meshes.
    fn frame(&mut self, events: Vec<Event>) {
        self.wake.clear();
        let (start, computed) = (Instant::now(), thread_seconds());
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE.into())),
            time: Some((start - self.start).as_secs_f64()),
            focused: true,
            events,
            ..RawInput::default()
        };
        if let Some(viewport) = input.viewports.get_mut(&ViewportId::ROOT) {
            viewport.native_pixels_per_point = Some(1.0);
        }
        let (app, frame) = (&mut self.app, &mut self.frame);
        let mut output = self.context.run_ui(input, |ui| {
            app.logic(&ui.ctx().clone(), frame);
            app.ui(ui, frame);
        });
        self.meshes = self.context.tessellate(output.shapes, 1.0);
        self.frames.push(start.elapsed().as_secs_f64());
        self.computed.push(thread_seconds() - computed);
        self.textures.set(&mut output.textures_delta);
        self.textures.free(&mut output.textures_delta);
        for viewport in output.viewport_output.values() {
            if viewport.repaint_delay < NEVER {
                self.wake.ask(viewport.repaint_delay);
            }
        }
    }

    /// Frames, each when the app wants it, until `done` after one of them.
    fn until(&mut self, longest: Duration, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let end = Instant::now() + longest;
        loop {
            let before = self.busy();
            self.frame(Vec::new());
            if done(self) {
                return true;
            }
            self.sleep(before, end);
            if Instant::now() >= end {
                return false;
            }
        }
    }

    /// Sleeps until a frame is due. A worker that has ended is worth one soon, which egui
    /// does not ask for where the window has asked for a later one already. Whoever looks more often
    /// takes a processor from what is waited for: four looks a millisecond made W2 a fifth slower.
    fn sleep(&mut self, before: [bool; 2], end: Instant) {
        let mut busy = before;
        loop {
            let now = self.busy();
            if busy.iter().zip(now).any(|(before, now)| *before && !now) {
                return;
            }
            busy = now;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.wake.wait(left.min(LOOK)) {
                return;
            }
        }
    }

    /// The worker of draws and that of ensembles.
    fn busy(&mut self) -> [bool; 2] {
        [self.app.lab().is_busy(), self.app.pages().is_busy_at(Page::Law)]
    }

    /// Frames while the mouse moves and a page's worker computes.
    fn report_frames(&mut self, name: &str, page: Page) {
        self.frames.clear();
        for step in 0..300 {
            let at = pos2(500.0, 400.0) + vec2((step % 60) as f32 * 5.0, (step % 40) as f32 * 4.0);
            self.frame(vec![Event::PointerMoved(at)]);
            thread::sleep(Duration::from_millis(10));
        }
        let times = self.frames.iter().map(|seconds| 1000.0 * seconds).collect();
        report(name, times, highest, FRAME);
        if !self.app.pages().is_busy_at(page) {
            println!("    (the worker was done before the last frame)");
        }
    }

    /// Frames until none is due for a while.
    fn rest(&mut self) {
        while self.wake.wait(Duration::from_millis(30)) {
            self.frame(Vec::new());
        }
    }

    fn shows(&self, experiment: &Experiment) -> bool {
        self.app.lab().result().is_some_and(|draw| draw.experiment == *experiment)
    }

    fn shows_whole(&self) -> bool {
        let lab = self.app.lab();
        self.shows(&lab.experiment) && lab.preview().is_none()
    }

    /// Milliseconds of frames in which nothing changes, what egui needs for the same widgets: of
    /// frames in a row, or after a rest, as a frame after a change has it.
    fn still(&mut self, rest: Duration) -> f64 {
        self.computed.clear();
        for _ in 0..REPEATS {
            thread::sleep(rest);
            self.frame(Vec::new());
        }
        1000.0 * Spread::of(std::mem::take(&mut self.computed)).median()
    }

    /// Milliseconds that the last frame's meshes take on the processor.
    fn rasterize(&self) -> f64 {
        let start = Instant::now();
        let mut image = Image::filled(SIZE[0] as usize, SIZE[1] as usize, Color32::TRANSPARENT);
        raster::paint(&mut image, &self.meshes, 1.0, &self.textures);
        milliseconds(start)
    }
}

/// Seconds that this thread has computed so far; where the system does not tell, those that went by.
fn thread_seconds() -> f64 {
    #[cfg(unix)]
    {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is there to be filled.
        if unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) } == 0 {
            return time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64;
        }
    }
    static BEGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BEGIN.get_or_init(Instant::now).elapsed().as_secs_f64()
}

fn milliseconds(since: Instant) -> f64 {
    1000.0 * since.elapsed().as_secs_f64()
}

/// Median, 5th and 95th percentile.
struct Spread([f64; 3]);

impl Spread {
    fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let rank = |share: f64| (share * times.len().saturating_sub(1) as f64).round() as usize;
        Self([0.5, 0.05, 0.95].map(|share| times.get(rank(share)).copied().unwrap_or(f64::NAN)))
    }

    fn median(&self) -> f64 {
        self.0[0]
    }

    fn words(&self) -> String {
        let [median, low, high] = self.0;
        format!("{median:8.1}  {:>15}", format!("{low:.1}–{high:.1}"))
    }
}

fn verdict(time: f64, target: f64) -> &'static str {
    if time <= target { "yes" } else { "NO" }
}

/// Calls `once` up to `REPEATS` times.
fn repeat<T>(mut once: impl FnMut(usize) -> T) -> Vec<T> {
    let start = Instant::now();
    let mut results = Vec::new();
    while results.len() < REPEATS && (results.len() < FEWEST || start.elapsed() < PATIENCE) {
        results.push(once(results.len()));
    }
    results
}

fn net(depth: usize, width: usize, batch: usize) -> Experiment {
    Experiment {
        draws: Draws::Layered,
        architecture: Architecture { depth, width, batch, ..Architecture::default() },
        variants: vec![Variant::of(Activation::Sigmoid)],
        ..Experiment::default()
    }
}

fn chapter() -> Experiment {
    Preset::find("chapter-16").map_or_else(Experiment::default, |preset| preset.experiment())
}

/// What a setting is changed to.
#[derive(Clone, Copy)]
enum Change {
    Gain,
    Seed,
}

impl Change {
    fn label(self) -> &'static str {
        match self {
            Self::Gain => "gain",
            Self::Seed => "seed",
        }
    }

    /// A setting that has not been there before.
    fn apply(self, experiment: &mut Experiment) {
        match self {
            Self::Gain => {
                for variant in &mut experiment.variants {
                    variant.init.gain = Some(variant.init.gain() + 1e-3);
                }
            }
            Self::Seed => experiment.next_seed(),
        }
    }
}

/// One change of a setting: milliseconds until the frame with the whole result, until the one
/// with a preview where there is one, and of the frames alone with their number.
struct Answered {
    whole: f64,
    preview: Option<f64>,
    frames: f64,
    count: usize,
}

fn answer(
    stage: &mut Stage,
    change: Change,
    whole: fn(&mut Stage, &Experiment) -> bool,
) -> Answered {
    let mut wanted = stage.app.lab().experiment.clone();
    change.apply(&mut wanted);
    stage.computed.clear();
    let mut preview = None;
    let start = Instant::now();
    stage.app.command(Command::Set(Box::new(wanted.clone())));
    stage.until(NEVER, |stage| {
        if preview.is_none() && stage.shows(&wanted) && stage.app.lab().preview().is_some() {
            preview = Some(milliseconds(start));
        }
        whole(stage, &wanted)
    });
    let answered = milliseconds(start);
    let frames = 1000.0 * stage.computed.iter().sum::<f64>();
    let count = stage.computed.len();
    stage.rest();
    Answered { whole: answered, preview, frames, count }
}

fn draw_is_whole(stage: &mut Stage, wanted: &Experiment) -> bool {
    stage.shows(wanted) && stage.shows_whole()
}

fn ensemble_is_whole(stage: &mut Stage, wanted: &Experiment) -> bool {
    let seeds = stage.app.pages().get::<LawPage>().settings().seeds;
    let shown = stage.app.pages().get::<LawPage>().ensemble();
    shown.is_some_and(|shown| shown.experiment == *wanted && shown.seeds == seeds)
}

fn line(name: &str, stage: &mut Stage, whole: fn(&mut Stage, &Experiment) -> bool) {
    for change in [Change::Gain, Change::Seed] {
        let answers = repeat(|_| answer(stage, change, whole));
        let time = Spread::of(answers.iter().map(|answer| answer.whole).collect());
        let frames = Spread::of(answers.iter().map(|answer| answer.frames).collect());
        let count = Spread::of(answers.iter().map(|answer| answer.count as f64).collect());
        let previews: Vec<f64> = answers.iter().filter_map(|answer| answer.preview).collect();
        let preview = if previews.is_empty() {
            String::new()
        } else {
            format!("preview {}", Spread::of(previews).words().trim())
        };
        println!(
            "{name:34} {:6} {}  {:>4}  {:8.2} in {:2}  {:6.2}  {:6.2}  {:8.1}  {preview}",
            change.label(),
            time.words(),
            verdict(time.median(), FRAME),
            frames.median(),
            count.median(),
            stage.still(Duration::ZERO),
            stage.still(Duration::from_millis(10)),
            stage.rasterize(),
        );
    }
}

/// From a changed setting to the finished frame.
fn changes(wanted: impl Fn(&str) -> bool) {
    println!("\nFrom a changed setting to the finished frame, milliseconds");
    println!(
        "{:34} {:6} {:>8}  {:>15}  {:>4}  {:>14}  {:>6}  {:>6}  {:>8}",
        "workload", "change", "median", "5–95 %", "≤ 16", "frames", "still", "rested", "(raster)"
    );
    let workloads = [
        ("W1 50 × 256, batch 1", net(50, 256, 1)),
        ("W2 100 × 256, batch 32", net(100, 256, 32)),
        ("W3 100 × 512, batch 64", net(100, 512, 64)),
        ("P2 100 × 512, batch 2", net(100, 512, 2)),
        ("P4 100 × 512, batch 4", net(100, 512, 4)),
        ("P8 100 × 512, batch 8", net(100, 512, 8)),
        ("P16 100 × 512, batch 16", net(100, 512, 16)),
        ("W4 1000 × 64, batch 1", net(1000, 64, 1)),
        ("W5 the chapter's, NumPy's stream", chapter()),
    ];
    for (name, mut experiment) in workloads {
        for precision in [Precision::F64, Precision::F32] {
            let name = format!("{name}, {}", precision.id());
            if wanted(&name) {
                experiment.architecture.precision = precision;
                line(&name, &mut Stage::open(&experiment, Page::Flow), draw_is_whole);
            }
        }
    }
    for engine in [None, Some(Engine::Direct)] {
        for precision in [Precision::F64, Precision::F32] {
            let by = if engine.is_some() { "drawn" } else { "in law" };
            let name = format!("W6 64 seeds of 30 × 128 {by}, {}", precision.id());
            if wanted(&name) {
                let mut experiment = net(30, 128, 1);
                experiment.architecture.precision = precision;
                let mut stage = Stage::open(&experiment, Page::Law);
                let settings = stage.app.pages().get::<LawPage>().settings();
                (settings.seeds, settings.engine) = (64, engine);
                stage.until(NEVER, |stage| ensemble_is_whole(stage, &experiment));
                stage.rest();
                line(&name, &mut stage, ensemble_is_whole);
            }
        }
    }
}

/// A slider is held and moved: a new setting with every frame at 60 Hz, for two seconds. How many
/// settings were seen in a second, whole or as a preview, and how long after they were set.
fn drags(wanted: impl Fn(&str) -> bool) {
    println!("\nWhile the gain is dragged, a new value in each frame at 60 Hz, f64");
    println!("{:34} {:>14}  {:>8}  {:>15}", "workload", "seen a second", "age, ms", "5–95 %");
    let workloads = [
        ("D1 50 × 256, batch 1", net(50, 256, 1)),
        ("D2 100 × 256, batch 32", net(100, 256, 32)),
        ("D3 100 × 512, batch 64", net(100, 512, 64)),
        ("D4 100 × 512, batch 256", net(100, 512, 256)),
    ];
    for (name, experiment) in workloads {
        if wanted(name) {
            let ages = drag(&mut Stage::open(&experiment, Page::Flow));
            let seen = ages.len() as f64 / DRAG.as_secs_f64();
            println!("{name:34} {seen:14.1}  {}", Spread::of(ages).words());
        }
    }
}

/// How long a slider is dragged.
const DRAG: Duration = Duration::from_secs(2);

/// The ages of what was seen, in milliseconds since its setting was asked for.
fn drag(stage: &mut Stage) -> Vec<f64> {
    let frame = Duration::from_secs_f64(1.0 / 60.0);
    let mut experiment = stage.app.lab().experiment.clone();
    let mut asked: Vec<(Experiment, Instant)> = Vec::new();
    let mut ages = Vec::new();
    let start = Instant::now();
    while start.elapsed() < DRAG {
        let begun = Instant::now();
        Change::Gain.apply(&mut experiment);
        stage.app.command(Command::Set(Box::new(experiment.clone())));
        asked.push((experiment.clone(), begun));
        stage.frame(Vec::new());
        let shown = stage.app.lab().result().map(|draw| &draw.experiment);
        let seen = asked.iter().position(|(experiment, _)| Some(experiment) == shown);
        if let Some(seen) = seen {
            ages.push(milliseconds(asked[seen].1));
            asked.drain(..=seen);
        }
        thread::sleep(frame.saturating_sub(begun.elapsed()));
    }
    ages
}

fn report(name: &str, times: Vec<f64>, judged: fn(&Spread) -> f64, target: f64) {
    let (count, time) = (times.len(), Spread::of(times));
    println!(
        "{name:62} {}  {:>4} (≤ {target}; {count} times)",
        time.words(),
        verdict(judged(&time), target)
    );
}

fn highest(time: &Spread) -> f64 {
    time.0[2]
}

/// A slider is moved while an ensemble of the largest size runs.
fn first_bands(wanted: impl Fn(&str) -> bool) {
    for (name, experiment) in [("the chapter's", chapter()), ("100 × 256", net(100, 256, 1))] {
        let name = format!("first band after a slider move, ensemble of {name}");
        if !wanted(&name) {
            continue;
        }
        let mut stage = Stage::open(&experiment, Page::Law);
        stage.app.pages().get::<LawPage>().settings().seeds = 100_000;
        let times = repeat(|_| {
            stage.until(Duration::from_millis(300), |_| false);
            let mut moved = stage.app.lab().experiment.clone();
            Change::Gain.apply(&mut moved);
            let start = Instant::now();
            stage.app.command(Command::Set(Box::new(moved.clone())));
            stage.until(NEVER, |stage| {
                stage
                    .app
                    .pages()
                    .get::<LawPage>()
                    .ensemble()
                    .is_some_and(|shown| shown.experiment == moved)
            });
            milliseconds(start)
        });
        report(&name, times, highest, AT_ONCE);
    }
}

/// A sweep over the gain of networks that are drawn, each cell some hundred milliseconds.
fn heavy_sweep() -> Sweep {
    Sweep {
        x: Axis::usual(Setting::Gain),
        y: None,
        variant: 0,
        quantity: Quantity::DecadesPerLayer,
        seeds: 20,
        engine: Some(Engine::Direct),
        experiment: net(100, 512, 64),
    }
}

fn largest_map() -> Sweep {
    let mut sweep = SweepPreset::PhaseDiagram.sweep();
    sweep.x.cells = 256;
    if let Some(y) = &mut sweep.y {
        y.cells = 256;
    }
    sweep
}

/// The mouse moves over a map that grows.
fn frames_beside_a_sweep(wanted: impl Fn(&str) -> bool) {
    for (name, sweep) in [("the largest map", largest_map()), ("drawn networks", heavy_sweep())] {
        let name = format!("frames beside a sweep of {name}");
        if !wanted(&name) {
            continue;
        }
        let mut stage = Stage::open(&chapter(), Page::Sweep);
        stage.app.pages().get::<SweepPage>().measure(sweep);
        stage.until(Duration::from_millis(500), |_| false);
        stage.report_frames(&name, Page::Sweep);
        stage.app.pages().get::<SweepPage>().cancel();
    }
}

/// The mouse moves over remedies that come, from the moment they are asked for.
fn frames_beside_remedies(wanted: impl Fn(&str) -> bool) {
    let name = "frames beside the remedies of 50 × 256";
    if wanted(name) {
        let mut stage = Stage::open(&chapter(), Page::Remedies);
        stage.app.command(Command::Set(Box::new(net(50, 256, 1))));
        stage.report_frames(name, Page::Remedies);
    }
}

fn space() -> Vec<Event> {
    let key = |pressed| Event::Key {
        key: Key::Space,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    vec![key(true), key(false)]
}

/// The mouse moves over the figures of networks that learn at full speed; then they pause.
fn frames_beside_a_training(wanted: impl Fn(&str) -> bool) {
    for id in ["xor", "digits-deep"] {
        let name = format!("frames beside a training of {id}");
        if !wanted(&name) {
            continue;
        }
        let mut experiment = Preset::find(id).expect("a preset").experiment();
        experiment.training.get_or_insert_default().steps = Some(10_000_000);
        let mut stage = Stage::open(&experiment, Page::Training);
        stage.frame(space());
        stage.until(Duration::from_millis(500), |_| false);
        stage.frames.clear();
        for step in 0..300 {
            let at = pos2(500.0, 400.0) + vec2((step % 60) as f32 * 5.0, (step % 40) as f32 * 4.0);
            stage.frame(vec![Event::PointerMoved(at)]);
            thread::sleep(Duration::from_millis(10));
        }
        assert!(stage.app.pages().is_busy_at(Page::Training), "it learns all the time");
        let times = stage.frames.iter().map(|seconds| 1000.0 * seconds).collect();
        report(&name, times, highest, FRAME);
        let pauses = repeat(|_| {
            let start = Instant::now();
            stage.frame(space());
            idle(&mut stage, |stage| stage.app.pages().is_busy_at(Page::Training));
            let paused = milliseconds(start);
            stage.until(Duration::from_millis(50), |_| false);
            stage.frame(space());
            stage.until(Duration::from_millis(200), |_| false);
            paused
        });
        report(&format!("pause to idle, training of {id}"), pauses, highest, 2.0 * FRAME);
    }
}

/// Milliseconds until nothing is busy any more.
fn idle(stage: &mut Stage, busy: fn(&mut Stage) -> bool) -> f64 {
    let start = Instant::now();
    while busy(stage) {
        thread::sleep(Duration::from_micros(200));
    }
    milliseconds(start)
}

/// Cancels at different moments of the work.
fn cancels(wanted: impl Fn(&str) -> bool) {
    let moments = [35, 120, 260, 410, 730, 90, 550, 310, 1100, 1900].map(Duration::from_millis);
    for (name, sweep) in [("the largest map", largest_map()), ("drawn networks", heavy_sweep())] {
        let name = format!("cancel to idle, sweep of {name}");
        if !wanted(&name) {
            continue;
        }
        let mut stage = Stage::open(&chapter(), Page::Sweep);
        let times = moments.map(|moment| {
            stage.app.pages().get::<SweepPage>().measure(sweep.clone());
            stage.until(moment, |_| false);
            stage.app.pages().get::<SweepPage>().cancel();
            idle(&mut stage, |stage| stage.app.pages().is_busy_at(Page::Sweep))
        });
        report(&name, times.into(), highest, AT_ONCE);
    }
    for (name, experiment) in [
        ("100 × 256 in law", net(100, 256, 1)),
        ("100 × 512 drawn, batch 64", net(100, 512, 64)),
        ("59 × 2048 in law", net(59, 2048, 1)),
    ] {
        let name = format!("cancel to idle, ensemble of {name}");
        if !wanted(&name) {
            continue;
        }
        let mut stage = Stage::open(&experiment, Page::Law);
        stage.app.pages().get::<LawPage>().settings().seeds = 100_000;
        let times = moments.map(|moment| {
            let mut moved = stage.app.lab().experiment.clone();
            Change::Gain.apply(&mut moved);
            stage.app.command(Command::Set(Box::new(moved)));
            stage.until(moment, |_| false);
            stage.app.pages().get::<LawPage>().cancel();
            idle(&mut stage, |stage| stage.app.pages().is_busy_at(Page::Law))
        });
        report(&name, times.into(), highest, AT_ONCE);
    }
    // 2000 × 512 weights are twice what the lab accepts; this is the deepest of that width.
    for (name, experiment) in [
        ("952 × 512", net(952, 512, 1)),
        ("100 × 512, batch 512", net(100, 512, 512)),
        ("2000 × 350, f32", {
            let mut experiment = net(2000, 350, 1);
            experiment.architecture.precision = Precision::F32;
            experiment
        }),
    ] {
        let name = format!("cancel to idle, redraw of {name}");
        if !wanted(&name) {
            continue;
        }
        let mut stage = Stage::open(&chapter(), Page::Flow);
        let mut seed = experiment.clone();
        let times = moments.map(|moment| {
            Change::Seed.apply(&mut seed);
            stage.app.command(Command::Set(Box::new(seed.clone())));
            stage.app.command(Command::ComputeLarge);
            stage.until(moment, |_| false);
            stage.app.lab().cancel();
            idle(&mut stage, |stage| stage.app.lab().is_busy())
        });
        report(&name, times.into(), highest, AT_ONCE);
    }
}

fn main() {
    // `cargo bench` passes `--bench`.
    let word = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| word.as_ref().is_none_or(|word| name.contains(word.as_str()));
    changes(wanted);
    drags(wanted);
    println!("\nMilliseconds; judged by the 95th percentile");
    first_bands(wanted);
    frames_beside_a_sweep(wanted);
    frames_beside_a_training(wanted);
    frames_beside_remedies(wanted);
    cancels(wanted);
}
