//! What only Unix has in a file's place: pipes, links and permissions.

use std::os::unix::fs::{FileTypeExt as _, symlink};

use super::*;

fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn a_pipe_in_the_place_is_never_opened() {
    let folder = tempfile::tempdir().unwrap();
    make_pipe(&folder.path().join(NEWEST));
    let begin = Instant::now();
    let refused = set_aside(folder.path(), "is a folder, pipe or device");
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    assert!(fs::metadata(refused).unwrap().file_type().is_fifo());
}

#[test]
fn a_pipe_in_the_copys_place_is_neither_read_nor_written() {
    let folder = folder_with(&good());
    make_pipe(&folder.path().join(LAST_GOOD));
    let state = State::prepare(folder.path());
    assert!(state.said.is_empty(), "{:?}", state.said);
    fs::write(&state.path, "").unwrap();
    let state = State::prepare(folder.path());
    assert!(state.said[0].contains("starts as new"), "{:?}", state.said);
}

#[test]
fn links_to_devices_are_set_aside_and_the_devices_stay() {
    for device in ["/dev/zero", "/dev/full", "/dev/null"] {
        let folder = tempfile::tempdir().unwrap();
        symlink(device, folder.path().join(NEWEST)).unwrap();
        let refused = set_aside(folder.path(), "is a folder, pipe or device");
        assert_eq!(fs::read_link(refused).unwrap(), Path::new(device));
    }
}

/// The pipe cannot go where a folder with something in it is.
#[test]
fn what_cannot_be_moved_is_left_and_eframe_gets_no_file() {
    let folder = tempfile::tempdir().unwrap();
    make_pipe(&folder.path().join(NEWEST));
    fs::create_dir_all(folder.path().join(REFUSED).join("full")).unwrap();
    let state = State::prepare(folder.path());
    assert!(state.said[0].contains("could not be moved away"), "{:?}", state.said);
    assert!(File::open(&state.path).is_err() && File::create(&state.path).is_err());
    assert!(fs::metadata(folder.path().join(NEWEST)).unwrap().file_type().is_fifo());
}
