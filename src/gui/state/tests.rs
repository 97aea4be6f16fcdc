//! A saved state of each harmful kind, as files in a folder of their own.

use std::path::Path;
use std::time::Instant;

use eframe::egui::{Memory, ThemePreference};

use super::*;

#[cfg(unix)]
mod unix;

/// What egui itself saved of the lab, with one scroll bar, one panel and one open heading.
const EGUI_TEXT: &str = concat!(
    r#"(options:(theme_preference:System,fallback_theme:Dark,sync_window_theme:true,"#,
    r#"zoom_factor:1.0,tessellation_options:(feathering:true,"#,
    r#"feathering_size_in_pixels:1.0,coarse_tessellation_culling:true,"#,
    r#"prerasterized_discs:true,round_text_to_pixels:true,"#,
    r#"round_line_segments_to_pixels:true,round_rects_to_pixels:true,"#,
    r#"debug_paint_clip_rects:false,debug_paint_text_rects:false,"#,
    r#"debug_ignore_clip_rects:false,bezier_tolerance:0.1,epsilon:1e-5,"#,
    r#"parallel_tessellation:true,validate_meshes:false),"#,
    r#"repaint_on_widget_change:false,max_passes:2,screen_reader:false,"#,
    r#"warn_on_id_clash:false,input_options:(line_scroll_speed:40.0,"#,
    r#"scroll_zoom_speed:0.005,max_click_dist:6.0,max_click_duration:0.8,"#,
    r#"max_double_click_delay:0.3,zoom_modifier:(alt:false,ctrl:false,shift:false,"#,
    r#"mac_cmd:false,command:true),horizontal_scroll_modifier:(alt:false,ctrl:false,"#,
    r#"shift:true,mac_cmd:false,command:false),vertical_scroll_modifier:(alt:true,"#,
    r#"ctrl:false,shift:false,mac_cmd:false,command:false),surrender_focus_on:Clicks),"#,
    r#"reduce_texture_memory:false),data:([(3410130753925790254,"#,
    r#"(type_id:(1250939063938515826),ron:"(open:true,open_height:Some(217.34375))","#,
    r#"generation:1)),(8664832034382958080,(type_id:(11139110518733498717),"#,
    r#"ron:"(outer_rect:(min:(x:0.0,y:833.0),max:(x:1280.0,y:860.0)))",generation:1)),"#,
    r#"(13553482032139650500,(type_id:(3916113567667440845),ron:"(offset:(x:0.0,y:0.0),"#,
    r#"max_offset:(x:0.0,y:174.03125),offset_target:(None,None),show_scroll:(x:false,"#,
    r#"y:true),content_is_too_large:(x:false,y:true),scroll_bar_interaction:(x:false,"#,
    r#"y:false),scroll_start_offset_from_top_left:(None,None),"#,
    r#"scroll_stuck_to_end:(x:true,y:false),interact_rect:Some((min:(x:8.0,y:56.0),"#,
    r#"max:(x:303.0,y:831.0))))",generation:1))]),to_global:{},"#,
    r#"areas:{((18446744073709551615)):(areas:{(4209038104994339390):(pivot_pos:Some((x:0.0,"#,
    r#"y:0.0)),pivot:((Min,Min)),interactable:true)},"#,
    r#"visible_areas_last_frame:[(order:Background,id:(4209038104994339390))],"#,
    r#"visible_areas_current_frame:[],order:[(order:Background,"#,
    r#"id:(4209038104994339390))],order_map:{(order:Background,"#,
    r#"id:(4209038104994339390)):0},wants_to_be_on_top:[],sublayers:{})})"#,
);

const WINDOW_TEXT: &str = concat!(
    "(normal_geometry:(outer_position_pixels:Some((x:640.0,y:370.0)),scale_factor:1.0,",
    "inner_size_points:(x:1280.0,y:860.0)),fullscreen:false,maximized:false)",
);

const LAB_TEXT: &str = r#"(page:Flow,linear:true,folder:Some("."),experiment:Some("seed = 7\n"))"#;

/// A file as eframe writes it, with `from` in one of its texts turned into `to`.
fn file(from: &str, to: &str) -> String {
    let texts = [("egui", EGUI_TEXT), ("window", WINDOW_TEXT), ("gradient-lab", LAB_TEXT)];
    assert!(from.is_empty() || texts.iter().any(|(_, text)| text.contains(from)), "{from}");
    let put = |text: &str| if from.is_empty() { text.to_owned() } else { text.replace(from, to) };
    text(&texts.map(|(key, text)| (key.to_owned(), put(text))).into_iter().collect())
}

fn good() -> String {
    file("", "")
}

fn folder_with(newest: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(NEWEST), newest).unwrap();
    folder
}

/// What eframe would read after the state is prepared, as eframe reads it.
fn read_as_eframe(state: &State) -> Option<Entries> {
    ron::de::from_reader(File::open(&state.path).ok()?).ok()
}

fn memory(entries: &Entries) -> Memory {
    ron::from_str(&entries["egui"]).unwrap()
}

/// Prepares the file, which must be mended with one sentence that has these words.
fn mended(newest: &str, words: &str) -> Entries {
    let folder = folder_with(newest);
    let state = State::prepare(folder.path());
    assert_eq!(state.said.len(), 1, "{:?}", state.said);
    assert!(state.said[0].contains(words), "no “{words}” in {:?}", state.said);
    assert_eq!(state.path, folder.path().join(NEWEST));
    let again = State::prepare(folder.path());
    assert!(again.said.is_empty(), "mended once is mended: {:?}", again.said);
    read_as_eframe(&state).unwrap()
}

#[test]
fn a_good_state_stays_as_it_is() {
    let folder = folder_with(&good());
    let state = State::prepare(folder.path());
    assert!(state.said.is_empty(), "{:?}", state.said);
    assert_eq!(fs::read_to_string(&state.path).unwrap(), good());
    assert_eq!(read(&folder.path().join(LAST_GOOD)).unwrap(), read(&state.path).unwrap());
}

#[test]
fn the_last_good_copy_steps_in_for_an_experiment_that_is_not_valid() {
    let nothing = text(&Entries::new());
    for bad in [file("seed = 7", "architecture.depth = 0"), nothing] {
        let folder = folder_with(&bad);
        fs::write(folder.path().join(LAST_GOOD), good()).unwrap();
        let state = State::prepare(folder.path());
        assert_eq!(state.said.len(), 1, "{:?}", state.said);
        assert!(state.said[0].contains("holds no valid experiment"), "{:?}", state.said);
        assert_eq!(read_as_eframe(&state).unwrap()["gradient-lab"], LAB_TEXT);
        assert_eq!(fs::read_to_string(folder.path().join(REFUSED)).unwrap(), bad);
    }
}

#[test]
fn a_folder_that_went_meanwhile_is_made_again() {
    #[derive(Default)]
    struct Storage;
    impl eframe::Storage for Storage {
        fn get_string(&self, key: &str) -> Option<String> {
            (key == saved::KEY).then(|| LAB_TEXT.to_owned())
        }
        fn set_string(&mut self, _: &str, _: String) {}
        fn remove_string(&mut self, _: &str) {}
        fn flush(&mut self) {}
    }
    let folder = folder_with(&good());
    let state = State::prepare(folder.path());
    let mut keeper = Keeper::new(&state);
    fs::remove_dir_all(folder.path()).unwrap();
    keeper.keep(&Storage);
    drop(keeper);
    assert_eq!(read(&folder.path().join(LAST_GOOD)).unwrap()["gradient-lab"], LAB_TEXT);
}

#[test]
fn a_first_start_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::prepare(&folder.path().join("share/gradient-lab"));
    assert!(state.said.is_empty(), "{:?}", state.said);
    assert!(state.path.parent().unwrap().is_dir());
}

#[test]
fn a_zoom_out_of_range_becomes_one() {
    for zoom in ["0.0", "NaN", "1000.0", "0.001", "-1.0", "inf", "-inf", "1e-40", "3e38"] {
        let entries = mended(&file("zoom_factor:1.0", &format!("zoom_factor:{zoom}")), "zoom");
        assert_eq!(memory(&entries).options.zoom_factor, 1.0, "{zoom}");
        assert_eq!(entries["window"], WINDOW_TEXT, "the rest stays");
        assert_eq!(entries["gradient-lab"], LAB_TEXT);
        assert!(!memory(&entries).data.is_empty(), "{zoom}: the panels stay");
    }
}

#[test]
fn a_zoom_that_the_keys_lead_to_stays() {
    for zoom in ["0.2", "0.5", "5.0"] {
        let folder = folder_with(&file("zoom_factor:1.0", &format!("zoom_factor:{zoom}")));
        let state = State::prepare(folder.path());
        assert!(state.said.is_empty(), "{zoom}: {:?}", state.said);
    }
}

#[test]
fn a_window_without_size_or_place_opens_with_its_first() {
    // With what follows, for a panel is as large.
    let size = "(x:1280.0,y:860.0)),full";
    let place = "(x:640.0,y:370.0)";
    let turned = [
        (size, "(x:0.0,y:0.0)),full"),
        (size, "(x:1280.0,y:0.0)),full"),
        (size, "(x:NaN,y:860.0)),full"),
        (size, "(x:-5.0,y:860.0)),full"),
        (size, "(x:1e9,y:860.0)),full"),
        (size, "(x:inf,y:inf)),full"),
        (size, "(x:16385.0,y:860.0)),full"),
        (place, "(x:NaN,y:370.0)"),
        (place, "(x:640.0,y:-1e6)"),
        ("scale_factor:1.0", "scale_factor:0.0"),
        ("scale_factor:1.0", "scale_factor:NaN"),
        ("fullscreen:false", "fullscreen:perhaps"),
    ];
    for (from, to) in turned {
        let entries = mended(&file(from, to), "saved window");
        assert_eq!(entries.get("window"), None, "{to}");
        assert_eq!(entries["egui"], EGUI_TEXT, "{to}");
    }
}

#[test]
fn scroll_bars_and_panels_that_are_nowhere_begin_anew() {
    let offset = "offset:(x:0.0,y:0.0)";
    let turned = [
        (offset, "offset:(x:NaN,y:NaN)"),
        (offset, "offset:(x:0.0,y:inf)"),
        (offset, "offset:(x:0.0,y:-1e30)"),
        (offset, "offset:(x:0.0,y:99999999999999)"),
        ("outer_rect:(min:(x:0.0,", "outer_rect:(min:(x:NaN,"),
        ("open_height:Some(217.34375)", "open_height:Some(-inf)"),
        ("pivot_pos:Some((x:0.0,", "pivot_pos:Some((x:1e20,"),
        ("bezier_tolerance:0.1", "bezier_tolerance:0.0"),
        ("line_scroll_speed:40.0", "line_scroll_speed:NaN"),
        ("max_passes:2", "max_passes:4000000000"),
    ];
    for (from, to) in turned {
        let newest = file(from, to).replace("theme_preference:System", "theme_preference:Dark");
        let memory = memory(&mended(&newest, "scroll bars and panels"));
        assert!(memory.data.is_empty(), "{to}");
        assert_eq!(memory.options.theme_preference, ThemePreference::Dark, "the choice stays");
    }
}

#[test]
fn texts_that_cannot_be_read_are_left_out() {
    let entries = mended(&file("theme_preference:System", "theme_preference:["), "zoom and panels");
    assert_eq!(entries.get("egui"), None);
    // egui would add 1 to it.
    for age in
        [u64::MAX.to_string(), format!("{:#X}", u64::MAX), "18_446_744_073_709_551_615".into()]
    {
        let newest = file("generation:1)", &format!("generation: {age})"));
        assert_eq!(mended(&newest, "zoom and panels").get("egui"), None, "{age}");
    }
    let entries = mended(&file("page:Flow", "page:Nowhere"), "page and experiment");
    assert_eq!(entries.get("gradient-lab"), None);
    let entries = mended(&file("seed = 7", "seed = -7"), "not valid");
    assert_eq!(entries.get("gradient-lab"), None);
}

/// What is no state is set aside, and the last good one is read. Returns what was set aside.
fn set_aside(folder: &Path, words: &str) -> PathBuf {
    let last = file("linear:true", "linear:false");
    fs::write(folder.join(LAST_GOOD), &last).unwrap();
    let state = State::prepare(folder);
    assert_eq!(state.said.len(), 1, "{:?}", state.said);
    assert!(state.said[0].contains(words), "no “{words}” in {:?}", state.said);
    assert!(state.said[0].contains("the last good one takes its place"), "{:?}", state.said);
    assert_eq!(read_as_eframe(&state).unwrap(), ron::from_str(&last).unwrap());
    assert_eq!(fs::read_to_string(folder.join(LAST_GOOD)).unwrap(), last, "and is kept");
    folder.join(REFUSED)
}

#[test]
fn after_a_kill_while_writing_the_last_good_one_is_read() {
    let whole = good();
    set_aside(folder_with("").path(), "is empty");
    for share in 1..20 {
        let cut = &whole[..whole.len() * share / 20];
        let folder = folder_with(cut);
        let refused = set_aside(folder.path(), "is cut or damaged");
        assert_eq!(fs::read_to_string(refused).unwrap(), cut, "nothing is lost");
    }
}

#[test]
fn without_a_last_good_one_the_lab_starts_as_new() {
    let folder = folder_with("");
    let state = State::prepare(folder.path());
    assert!(state.said[0].contains("is empty") && state.said[0].contains("starts as new"));
    assert!(!state.path.exists());
    fs::write(&state.path, "(").unwrap();
    fs::write(folder.path().join(LAST_GOOD), "{").unwrap();
    let state = State::prepare(folder.path());
    assert!(state.said[0].contains("starts as new"), "{:?}", state.said);
}

#[test]
fn bytes_that_are_no_text_and_deep_nesting_are_refused() {
    let folder = folder_with("");
    for bytes in [&b"\xff\xfe\0"[..], &[0; 4096], &[b'('; 100_000], &[b'{'; 100_000]] {
        fs::write(folder.path().join(NEWEST), bytes).unwrap();
        set_aside(folder.path(), "is cut or damaged");
    }
}

#[test]
fn a_huge_file_is_not_read_to_its_end() {
    let folder = folder_with("");
    // A hole takes no room on the disk.
    let huge = File::create(folder.path().join(NEWEST)).unwrap();
    huge.set_len(1 << 40).unwrap();
    let begin = Instant::now();
    let refused = set_aside(folder.path(), "is larger than 64 MiB");
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    assert_eq!(fs::metadata(refused).unwrap().len(), 1 << 40);
}

#[test]
fn a_slow_file_is_given_up() {
    // Held until the end, so that the reading never ends by itself.
    let (_sender, receiver) = channel::<()>();
    let begin = Instant::now();
    let read = in_time(move || {
        let _ = receiver.recv();
        Ok(Entries::new())
    });
    assert!(matches!(read, Err(ReadError::Slow)), "{read:?}");
    assert!(begin.elapsed() >= PATIENCE);
}

#[test]
fn a_folder_in_the_place_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(NEWEST)).unwrap();
    assert!(set_aside(folder.path(), "is a folder, pipe or device").is_dir());
}

#[test]
fn a_file_where_the_folder_should_be_saves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gradient-lab");
    fs::write(&file, "mine").unwrap();
    let state = State::prepare(&file);
    assert!(state.said[0].contains("could not be made"), "{:?}", state.said);
    assert!(File::open(&state.path).is_err() && File::create(&state.path).is_err());
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
}

/// eframe's storage, in memory.
#[derive(Default)]
struct Strings(Entries);

impl eframe::Storage for Strings {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }

    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn flush(&mut self) {}
}

#[test]
fn the_copy_holds_what_was_saved_last() {
    let folder = folder_with(&good());
    let state = State::prepare(folder.path());
    let mut storage = Strings(ron::from_str(&good()).unwrap());
    let mut keeper = Keeper::new(&state);
    for linear in ["linear:false", "linear:true", "linear:false"] {
        storage.0.insert("gradient-lab".to_owned(), LAB_TEXT.replace("linear:true", linear));
        keeper.keep(&storage);
    }
    drop(keeper);
    // eframe was killed after it had cut its file.
    fs::write(&state.path, "").unwrap();
    let state = State::prepare(folder.path());
    assert_eq!(read_as_eframe(&state).unwrap(), storage.0);
    assert!(storage.0["gradient-lab"].contains("linear:false"));
}
