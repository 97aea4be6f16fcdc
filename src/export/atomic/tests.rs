use super::*;

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_made_and_then_replaced_with_nothing_left_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    write(&path, b"first, and longer").unwrap();
    write(&path, b"second").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"second");
    assert_eq!(names_in(folder.path()), ["a.png"]);
}

#[test]
fn a_missing_folder_is_named_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/a.png");
    let error = write(&path, b"x").unwrap_err();
    assert!(matches!(error, WriteError::NoFolder { .. }));
    let words = error.to_string();
    assert!(words.contains("missing/a.png”") && words.contains("missing”"));
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn a_file_in_the_folders_place_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"").unwrap();
    for path in ["file/a.png", "file/deeper/a.png"] {
        let error = write(&folder.path().join(path), b"x").unwrap_err();
        assert!(matches!(error, WriteError::NotFolder { .. }), "{error}");
        assert!(error.to_string().contains("file” is a file"), "{error}");
    }
}

#[test]
fn folders_and_nameless_paths_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = write(folder.path(), b"x").unwrap_err();
    assert!(matches!(error, WriteError::IsFolder { .. }), "{error}");
    for path in ["", "..", "new/", "new/."] {
        let error = write(Path::new(path), b"x").unwrap_err();
        assert!(
            matches!(error, WriteError::NoName { .. } | WriteError::IsFolder { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_read_only_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    fs::write(&path, b"kept").unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let error = write(&path, b"x").unwrap_err();
    assert!(matches!(error, WriteError::ReadOnly { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"kept");
}

#[test]
fn names_that_no_file_can_have_are_refused_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let error = Destination::open(&folder.path().join("x".repeat(1000))).err().unwrap();
    assert!(matches!(error, WriteError::Unusable { .. }), "{error}");
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn what_is_not_finished_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    write(&path, b"kept").unwrap();
    let mut destination = Destination::open(&path).unwrap();
    destination.reserve(100_000).unwrap();
    destination.write_all(b"half").unwrap();
    drop(destination);
    assert_eq!(fs::read(&path).unwrap(), b"kept");
    assert_eq!(names_in(folder.path()), ["a.csv"]);
}

#[test]
fn room_that_was_taken_and_not_needed_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let mut destination = Destination::open(&path).unwrap();
    destination.reserve(100_000).unwrap();
    destination.write_all(b"short").unwrap();
    destination.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"short");
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn new_files_have_the_usual_permissions_and_old_ones_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let [plain, new] = ["plain", "new"].map(|name| folder.path().join(name));
        fs::write(&plain, b"").unwrap();
        write(&new, b"").unwrap();
        assert_eq!(mode(&new), mode(&plain));

        fs::set_permissions(&new, Permissions::from_mode(0o640)).unwrap();
        write(&new, b"x").unwrap();
        assert_eq!(mode(&new), 0o640);
    }

    #[test]
    fn links_keep_pointing_at_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        fs::write(&file, b"old").unwrap();
        symlink(&file, &link).unwrap();
        write(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn a_read_only_folder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
        // The superuser may write all the same; there is nothing to see then.
        if fs::write(folder.path().join("probe"), b"").is_err() {
            let error = write(&folder.path().join("a.png"), b"x").unwrap_err();
            assert!(matches!(error, WriteError::ReadOnly { .. }), "{error}");
        }
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn an_unfinished_file_has_no_more_permissions_than_the_one_it_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.csv");
        fs::write(&path, b"").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let destination = Destination::open(&path).unwrap();
        let unfinished = names_in(folder.path()).remove(0);
        assert!(unfinished.ends_with(".partial"), "{unfinished}");
        assert_eq!(mode(&folder.path().join(unfinished)), 0o600);
        destination.finish().unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn links_that_lead_nowhere_stay() {
        let folder = tempfile::tempdir().unwrap();
        let [nowhere, circle] = ["nowhere", "circle"].map(|name| folder.path().join(name));
        symlink("missing", &nowhere).unwrap();
        symlink(&circle, &circle).unwrap();
        let error = write(&nowhere, b"x").unwrap_err();
        assert!(matches!(error, WriteError::DanglingLink { .. }), "{error}");
        let error = write(&circle, b"x").unwrap_err();
        assert!(matches!(error, WriteError::Unusable { .. }), "{error}");
        for link in [nowhere, circle] {
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        }
    }

    #[test]
    fn sockets_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        let error = write(&path, b"x").unwrap_err();
        assert!(matches!(error, WriteError::Special { .. }), "{error}");
        assert!(fs::metadata(&path).unwrap().file_type().is_socket());
    }

    #[test]
    fn pipes_and_devices_are_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let reader = std::thread::spawn({
            let path = path.clone();
            move || fs::read(path).unwrap()
        });
        write(&path, b"through").unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        assert!(fs::metadata(&path).unwrap().file_type().is_fifo());

        // A link, so that a lab that replaces what it should not harms nobody.
        let link = folder.path().join("null");
        symlink("/dev/null", &link).unwrap();
        write(&link, b"away").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let error = write(Path::new("/dev/full"), b"x").unwrap_err();
        assert!(matches!(error, WriteError::DiskFull { .. }), "{error}");
    }

    #[test]
    fn a_reader_who_has_seen_enough_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let reader = std::thread::spawn({
            let path = path.clone();
            move || drop(File::open(path).unwrap())
        });
        let mut destination = Destination::open(&path).unwrap();
        reader.join().unwrap();
        destination.write_all(&vec![0; 1 << 20]).unwrap();
        destination.finish().unwrap();
    }
}
