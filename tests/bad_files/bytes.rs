//! Files that are no experiment at all, and files that cannot be read.

use gradient_lab::export::png;
use gradient_lab::raster::Image;

use crate::helpers::{lab, lab_with_input};
use crate::{check, refusal};

#[test]
fn broken_toml() {
    check(&[
        ("[architecture", &["line 1", "TOML", "[architecture"]),
        ("\nseed = ", &["line 2", "TOML", "seed ="]),
        ("seed = 1\nseed = 2", &["line 2", "duplicate key", "seed = 2"]),
        ("seed: 42", &["line 1", "TOML", "seed: 42"]),
        ("{\"seed\": 1}", &["line 1", "TOML"]),
        ("title = 'abc", &["line 1", "TOML", "title = 'abc"]),
    ]);
}

fn check_bytes(bytes: &[u8], words: &[&str]) {
    let told = refusal("bytes", &lab_with_input(&["run", "-"], bytes));
    for word in words {
        assert!(told.contains(word), "{told} does not say {word}");
    }
}

#[test]
fn what_is_no_text() {
    let all: Vec<u8> = (0..=255).collect();
    check_bytes(&all, &["standard input", "not UTF-8 text", "TOML"]);
    check_bytes(b"seed\0 = 1", &["not UTF-8 text"]);
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}seed = 42".encode_utf16().flat_map(order).collect()
    };
    check_bytes(&utf16(u16::to_le_bytes), &["UTF-16", "save it as UTF-8"]);
    check_bytes(&utf16(u16::to_be_bytes), &["UTF-16", "save it as UTF-8"]);
    check_bytes(&vec![b'#'; 17 << 20], &["larger than 16 MiB"]);
}

#[test]
fn pictures() {
    let image = Image::filled(4, 3, eframe::egui::Color32::WHITE);
    let encode = |experiment| png::encode(&image, 300.0, experiment).expect("a picture");
    check_bytes(&encode(None), &["this PNG carries no experiment", "TOML file"]);
    check_bytes(&encode(Some("depth = 3")), &["depth is not a key", "architecture.depth"]);
    check_bytes(&encode(Some("seed = 1"))[..20], &["PNG"]);
    check_bytes(b"\x89PNG\r\n\x1a\n", &["PNG"]);
    let good = lab_with_input(&["run", "-"], &encode(Some("seed = 1")));
    assert!(good.status.success(), "{good:?}");
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = |name: &str, text: &str| {
        let path = folder.path().join(name);
        let path = path.to_str().expect("a plain path");
        let told = refusal(name, &lab(&["run", path]));
        assert!(told.contains(path) && told.contains(text), "{told}");
    };
    told("missing.toml", "there is no such file");
    std::fs::create_dir(folder.path().join("folder")).expect("a folder");
    told("folder", "it is a folder");
    std::fs::write(folder.path().join("bad.toml"), "seed = -1").expect("a file");
    told("bad.toml", "seed = -1");
    told("bad.toml/more", "there is no such file");
}

#[cfg(unix)]
#[test]
fn a_file_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret.toml");
    std::fs::write(&path, "seed = 1").expect("a file");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).expect("permissions");
    if std::fs::read(&path).is_ok() {
        return; // The superuser reads everything: nothing can be shown here.
    }
    let told = refusal("secret", &lab(&["run", path.to_str().expect("a plain path")]));
    assert!(told.contains("no permission"), "{told}");
}
