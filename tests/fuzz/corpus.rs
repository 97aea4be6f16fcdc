//! Files as the lab and its users write them, and where failing ones are kept.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use gradient_lab::export::png;
use gradient_lab::raster::Image;

use crate::helpers::lab;
use crate::mutate::Mutator;

/// What the lab reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// An experiment's file.
    Toml,
    /// A picture with its experiment inside.
    Picture,
    /// A part of a sweep.
    Part,
    /// What the last session left.
    State,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Toml, Self::Picture, Self::Part, Self::State];
    /// Those that the command line takes.
    pub const ARGUMENTS: [Self; 3] = [Self::Toml, Self::Picture, Self::Part];

    pub fn ending(self) -> &'static str {
        match self {
            Self::Toml => "toml",
            Self::Picture => "png",
            Self::Part => "json",
            Self::State => "ron",
        }
    }
}

/// Whole files of each kind.
pub struct Corpus {
    pub tomls: Vec<Vec<u8>>,
    pub pictures: Vec<Vec<u8>>,
    pub parts: Vec<Vec<u8>>,
    pub states: Vec<Vec<u8>>,
}

impl Corpus {
    /// Made once for all tests.
    pub fn get() -> &'static Self {
        static CORPUS: LazyLock<Corpus> = LazyLock::new(Corpus::new);
        &CORPUS
    }

    fn new() -> Self {
        let tomls = files(&["assets/presets", "tests/data/cases"], "toml");
        assert!(tomls.len() > 10);
        let states = files(&["tests/data/states"], "ron");
        assert_eq!(states.len(), 3);
        let pictures = ["worked-example", "xor", "orthogonal"].map(|preset| {
            printed(&[
                "render",
                preset,
                "--figure",
                "norms",
                "--size",
                "640x520",
                "--scale",
                "0.5",
                "--format",
                "png",
                "-o",
                "/dev/stdout",
            ])
        });
        let part =
            |more: &[&str]| printed(&[&["sweep", "chapter-16", "--seeds", "2"][..], more].concat());
        let parts = vec![
            part(&["--x", "gain:0.5:2:4:log", "--shard", "0/2"]),
            part(&["--x", "gain:0.5:2:4:log", "--shard", "1/2"]),
            part(&["--x", "depth:2:4:2", "--y", "bias_std:0:1:2", "--variant", "ReLU"]),
            part(&["--x", "width:2:4:2", "--y", "batch:1:3:2", "--quantity", "dead_share"]),
        ];
        Self { tomls, pictures: pictures.into(), parts, states }
    }

    /// A harmed file.
    pub fn harmed(&self, kind: Kind, mutator: &mut Mutator) -> Vec<u8> {
        match kind {
            Kind::Toml => mutator.harmed(&self.tomls),
            Kind::Part => mutator.harmed(&self.parts),
            Kind::State => mutator.harmed(&self.states),
            Kind::Picture => match mutator.below(3) {
                0 => mutator.harmed(&self.pictures),
                1 => {
                    let picture = mutator.pick(&self.pictures).clone();
                    mutator.harmed_chunks(&picture, &self.tomls)
                }
                _ => {
                    let text = mutator.harmed(&self.tomls);
                    let image = Image::filled(1, 1, eframe::egui::Color32::WHITE);
                    let text = String::from_utf8_lossy(&text);
                    png::encode(&image, 72.0, Some(&text)).expect("a picture")
                }
            },
        }
    }
}

/// The files of that ending in folders of this project, in the order of their names.
fn files(folders: &[&str], ending: &str) -> Vec<Vec<u8>> {
    let entries = folders.iter().flat_map(|folder| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).read_dir().expect(folder)
    });
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a file")).collect()
}

/// What a command that must succeed prints.
fn printed(arguments: &[&str]) -> Vec<u8> {
    let output = lab(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A file of that name for what is looked at now, in the build's own folder for tests. It stays
/// when a test fails, or when the whole process goes down.
pub fn kept(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder.join(name)
}
