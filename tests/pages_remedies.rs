//! The page of remedies, driven by its accessible names.

#[path = "support/page.rs"]
mod page;
mod support;

use eframe::egui::{Theme, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::gui::RemediesPage;
use gradient_lab::study::Verdict;
use page::PageWindow;

fn preset(name: &str) -> Experiment {
    Preset::find(name).expect("a preset").experiment()
}

/// Small, so that a debug build answers soon.
fn ailing() -> Experiment {
    let mut experiment = preset("xavier-vs-he");
    experiment.architecture.depth = 12;
    experiment.architecture.width = 40;
    experiment
}

/// The window at the page, with few networks, once the table is complete.
fn open(experiment: Experiment, size: [f32; 2], theme: Theme) -> PageWindow {
    let mut window = PageWindow::open(experiment, size, theme, "Remedies");
    window.state_mut().pages().get::<RemediesPage>().settings().seeds = 60;
    window.run_ok();
    window.wait_for("In the file");
    window
}

#[test]
fn the_cured_variant_stands_beside_the_ailing_one() {
    let mut window = open(ailing(), [1920.0, 1080.0], Theme::Dark);
    window.keep("remedies-large-dark");
    let page = window.state_mut().pages().get::<RemediesPage>();
    let table = page.remedies().expect("complete").clone();
    assert!(table.is_complete && table.before.verdict == Verdict::Vanishes);
    let first = table.first().expect("a cure").clone();
    let name = gradient_lab::figure::words::remedies::name(&first.remedy);
    window.wait_for(&format!("Smallest change that cures Xavier: {name}."));
    assert_eq!(window.unnamed_widgets().len(), 0, "{:#?}", window.unnamed_widgets());
    window.get_by_role_and_label(Role::Button, "Add beside it").click();
    window.wait_for("In the file");
    let variants = &window.state().lab().experiment.variants;
    assert_eq!(variants.len(), 3);
    assert!(variants[2].name.starts_with("Xavier: "), "{}", variants[2].name);
    assert_eq!(variants[2].init, first.remedy.experiment.variants[0].init);
    // What is asked about is still the variant shown: nothing is measured anew.
    let page = window.state_mut().pages().get::<RemediesPage>();
    assert_eq!(page.remedies(), Some(&table));
}

#[test]
fn another_row_is_chosen_and_opened_by_itself() {
    let mut window = open(ailing(), [1024.0, 640.0], Theme::Light);
    assert!(window.unnamed_widgets().is_empty(), "{:#?}", window.unnamed_widgets());
    window.keep("remedies-small-light");
    let page = window.state_mut().pages().get::<RemediesPage>();
    let table = page.remedies().expect("complete").clone();
    let row = table.rows.iter().take(8).find(|row| row.remedy.id() == "layer_norm+pre_skip");
    let row = row.expect("it cures").clone();
    let name = gradient_lab::figure::words::remedies::name(&row.remedy);
    window.get_by_role_and_label(Role::Button, &name).click();
    window.wait_for("variant.skip = \"pre\"");
    window.get_by_role_and_label(Role::Button, "Open as new experiment…").click();
    window.run_ok();
    window.get_by_role_and_label(Role::Button, "Gradient flow").click();
    window.wait_for("Healthy");
    let experiment = &window.state().lab().experiment;
    assert_eq!(experiment.variants.len(), 1);
    assert_eq!(experiment.variants[0].skip, row.remedy.experiment.variants[0].skip);
    assert!(experiment.variants[0].name.starts_with("Xavier: "));
}

#[test]
fn a_finding_leads_to_the_page() {
    let window = PageWindow::open(ailing(), [1280.0, 900.0], Theme::Light, "Gradient flow");
    let mut window = window;
    window.wait_for("What cures it?");
    window.get_by_label("What cures it?").click();
    window.run_ok();
    window.state_mut().pages().get::<RemediesPage>().settings().seeds = 30;
    window.wait_for("In the file");
}

#[test]
fn six_variants_take_no_seventh() {
    let mut experiment = ailing();
    while experiment.variants.len() < 6 {
        let mut copy = experiment.variants[0].clone();
        copy.name = experiment.free_name("Copy");
        experiment.variants.push(copy);
    }
    let window = open(experiment, [1280.0, 900.0], Theme::Light);
    let button = window.get_by_role_and_label(Role::Button, "Add beside it");
    assert!(button.accesskit_node().is_disabled());
}

#[test]
fn a_page_where_nothing_is_sure_is_drawn() {
    let mut window = open(Experiment::default(), [1024.0, 640.0], Theme::Dark);
    window.wait_for("for which 60 networks are too few");
    assert!(window.unnamed_widgets().is_empty(), "{:#?}", window.unnamed_widgets());
    window.keep("remedies-chapter-16");
}
