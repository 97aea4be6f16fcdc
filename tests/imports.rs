//! Imports run one way, no two files import each other, and the numeric core names no screen.
//! Paths are resolved as the compiler does: `super`, `self`, groups and re-exports too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, UseTree};

/// Each room, and the rooms that it may import.
const ROOMS: [(&str, &[&str]); 11] = [
    ("experiment", &[]),
    ("engine", &["experiment"]),
    ("study", &["experiment", "engine"]),
    ("runtime", &["study", "engine", "experiment"]),
    ("figure", &["experiment", "engine", "study"]),
    ("paint", &["experiment", "engine", "study", "figure"]),
    ("raster", &[]),
    ("vector", &["raster"]),
    ("export", &["experiment", "engine", "study", "figure", "paint", "raster", "vector"]),
    ("gui", &["experiment", "engine", "study", "runtime", "figure", "paint", "raster", "export"]),
    ("cli", &["experiment", "engine", "study", "figure", "paint", "raster", "export", "gui"]),
];

/// Rooms that compute, and the crates of the screen.
const WITHOUT_SCREEN: [&str; 4] = ["experiment", "engine", "study", "runtime"];
const SCREEN: [&str; 7] = ["egui", "eframe", "egui_plot", "egui_extras", "rfd", "epaint", "winit"];

/// A path such as `["engine", "signal", "Signal"]`, from the crate's root.
type Segments = Vec<String>;

/// What one file says of others.
#[derive(Default)]
struct Names {
    /// Paths as they stand, the first segment `crate`, `super`, `self` or a name.
    paths: Vec<Segments>,
    /// What is re-exported: the name here, and the path.
    exports: Vec<(String, Segments)>,
}

impl Names {
    fn of(source: &str) -> Self {
        let mut names = Self::default();
        let file = syn::parse_file(source).expect("a Rust file");
        names.visit_file(&file);
        names
    }

    fn tree(&mut self, prefix: &Segments, tree: &UseTree, is_export: bool) {
        let mut path = prefix.clone();
        let name = match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                return self.tree(&path, &tree.tree, is_export);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.tree(prefix, tree, is_export));
            }
            UseTree::Name(name) if name.ident == "self" => path.last().cloned(),
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                Some(name.ident.to_string())
            }
            UseTree::Rename(name) => {
                path.push(name.ident.to_string());
                Some(name.rename.to_string())
            }
            UseTree::Glob(_) => None,
        };
        if is_export {
            self.exports.extend(name.map(|name| (name, path)));
        } else {
            self.paths.push(path);
        }
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast Item) {
        let test = match item {
            Item::Mod(item) => is_test(&item.attrs),
            Item::Use(item) => is_test(&item.attrs),
            Item::Fn(item) => is_test(&item.attrs),
            Item::Impl(item) => is_test(&item.attrs),
            _ => false,
        };
        if !test {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_export = !matches!(item.vis, syn::Visibility::Inherited);
        self.tree(&Vec::new(), &item.tree, is_export);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments = path.segments.iter();
            self.paths.push(segments.map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    /// A macro's tokens are no syntax tree: whatever looks like a path counts.
    fn visit_macro(&mut self, part: &'ast syn::Macro) {
        let text = part.tokens.to_string().replace(" :: ", "::");
        let words = text.split(|letter: char| !(letter.is_alphanumeric() || "_:".contains(letter)));
        for word in words.filter(|word| word.contains("::")) {
            self.paths.push(word.split("::").map(str::to_owned).collect());
        }
        visit::visit_macro(self, part);
    }
}

/// The crate: for each module's path what its file says.
struct Crate {
    modules: BTreeMap<Segments, Names>,
}

impl Crate {
    fn of(sources: &BTreeMap<Segments, String>) -> Self {
        let names = |(path, source): (&Segments, &String)| (path.clone(), Names::of(source));
        Self { modules: sources.iter().map(names).collect() }
    }

    /// A path from the crate's root; nothing where another crate is meant.
    fn absolute(&self, module: &Segments, path: &Segments) -> Option<Segments> {
        let mut from = module.clone();
        let mut rest = path.as_slice();
        match rest.first()?.as_str() {
            "crate" => {
                from.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    from.pop();
                    rest = &rest[1..];
                }
            }
            name => {
                let child = [module.as_slice(), &[name.to_owned()]].concat();
                if !self.modules.contains_key(&child) {
                    return None;
                }
            }
        }
        Some([from.as_slice(), rest].concat())
    }

    /// The module whose file defines what a path names.
    fn home(&self, path: &Segments) -> Option<Segments> {
        let of = |count: usize| path[..count].to_vec();
        let module = (0..=path.len()).rev().map(of).find(|p| self.modules.contains_key(p))?;
        let Some(name) = path.get(module.len()) else { return Some(module) };
        let exports = &self.modules[&module].exports;
        let Some((_, target)) = exports.iter().find(|(export, _)| export == name) else {
            return Some(module);
        };
        let target = self.absolute(&module, target).filter(|target| *target != *path);
        target.map_or(Some(module), |target| self.home(&target))
    }

    /// Which modules each module imports.
    fn imports(&self) -> BTreeMap<Segments, BTreeSet<Segments>> {
        let of = |(module, names): (&Segments, &Names)| {
            let homes = names.paths.iter().filter_map(|path| {
                self.home(&self.absolute(module, path)?).filter(|home| home != module)
            });
            (module.clone(), homes.collect())
        };
        self.modules.iter().map(of).collect()
    }

    /// Imports from a room that must not be imported, re-exports among them.
    fn upward(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (module, names) in &self.modules {
            let Some((room, allowed)) = ROOMS.iter().find(|(room, _)| Some(*room) == first(module))
            else {
                continue;
            };
            let exports = names.exports.iter().map(|(_, path)| path);
            for path in names.paths.iter().chain(exports) {
                let Some(target) = self.absolute(module, path) else { continue };
                let Some(other) = first(&target) else { continue };
                let is_room = ROOMS.iter().any(|(room, _)| *room == other);
                if is_room && other != *room && !allowed.contains(&other) {
                    found.push(format!("{} imports {}", module.join("::"), target.join("::")));
                }
            }
        }
        found
    }

    /// Modules from which a chain of imports leads back to them.
    fn in_circles(&self) -> Vec<String> {
        let imports = self.imports();
        let leads_back = |start: &Segments| {
            let mut seen = BTreeSet::new();
            let mut open: Vec<&Segments> = imports[start].iter().collect();
            while let Some(module) = open.pop() {
                if module == start {
                    return true;
                }
                if seen.insert(module) {
                    open.extend(&imports[module]);
                }
            }
            false
        };
        let found = self.modules.keys().filter(|module| leads_back(module));
        found.map(|module| module.join("::")).collect()
    }
}

fn first(path: &Segments) -> Option<&str> {
    path.first().map(String::as_str)
}

/// Every file of `src` by its module; `main.rs` is another crate.
fn sources() -> BTreeMap<Segments, String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inside = path.strip_prefix(&src).expect("inside src").with_extension("");
            let mut module: Segments =
                inside.iter().map(|part| part.to_str().expect("plain").to_owned()).collect();
            if module == ["main"] || module.last().is_some_and(|name| name == "tests") {
                continue;
            }
            if module == ["lib"] || module.last().is_some_and(|name| name == "mod") {
                module.pop();
            }
            found.insert(module, std::fs::read_to_string(path).expect("a readable source"));
        }
    }
    found
}

fn module(path: &str) -> Segments {
    path.split("::").map(str::to_owned).collect()
}

/// The crate with a line more in one of its files.
fn with_planted(path: &str, line: &str) -> Crate {
    let mut sources = sources();
    let source = sources.get_mut(&module(path)).unwrap_or_else(|| panic!("no module {path}"));
    // Behind the file's own documentation, which must come first.
    source.push_str(line);
    Crate::of(&sources)
}

#[test]
fn imports_run_one_way() {
    let upward = Crate::of(&sources()).upward();
    assert!(upward.is_empty(), "{}", upward.join("\n"));
}

#[test]
fn no_files_import_in_a_circle() {
    let circles = Crate::of(&sources()).in_circles();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn planted_upward_imports_are_found() {
    for (path, line) in [
        ("engine::network", "use super::super::gui::App;"),
        ("engine::network", "use crate::study::{self, Draw};"),
        ("study::sweep", "fn planted() { super::super::figure::scientific(1.0.into(), 3); }"),
        ("figure::bars", "pub use crate::paint::Painter;"),
        ("raster", "fn planted() { println!(\"{}\", crate::figure::FigureId::ALL.len()); }"),
        ("export::csv", "use crate::gui as window;"),
    ] {
        assert!(!with_planted(path, line).upward().is_empty(), "{path}: {line}");
    }
}

#[test]
fn planted_circles_are_found() {
    // Files of one folder, of which one imports the other already.
    let planted = with_planted("figure::number", "use super::bars::Bars;");
    assert!(planted.in_circles().contains(&"figure::number".to_owned()));
    // Through a re-export.
    let planted = with_planted("figure::chart", "use crate::figure::Bars;");
    assert!(planted.in_circles().contains(&"figure::chart".to_owned()));
}

#[test]
fn what_computes_names_no_screen() {
    for (module, names) in &Crate::of(&sources()).modules {
        if !first(module).is_some_and(|room| WITHOUT_SCREEN.contains(&room)) {
            continue;
        }
        let named = names.paths.iter().filter_map(first);
        let screen: Vec<&str> = named.filter(|name| SCREEN.contains(name)).collect();
        assert!(screen.is_empty(), "{} names {screen:?}", module.join("::"));
    }
}

#[test]
fn every_room_is_there() {
    let sources = sources();
    for (room, _) in ROOMS {
        assert!(sources.contains_key(&module(room)), "src/{room} has moved: mend this test");
    }
}
