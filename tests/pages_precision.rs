//! The page of the precision report: its figures hold the study's numbers, the command line
//! renders them, and the page is driven by its accessible names.

mod helpers;
#[path = "support/page.rs"]
mod page;
mod support;

use std::sync::Arc;

use eframe::egui::{Theme, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use gradient_lab::engine::Format;
use gradient_lab::experiment::{
    Activation, Draws, Experiment, Init, Loss, Preset, Scheme, Variant,
};
use gradient_lab::figure::{Cell, Figure, FigureId, Panel, StoredNorm, View};
use gradient_lab::study::{BackwardTensor, DrawStudy, PrecisionReport, TaskContext, precision};
use page::{PageWindow, on_paper};

fn preset(name: &str) -> Experiment {
    Preset::find(name).expect("a preset").experiment()
}

fn report(experiment: &Experiment) -> Arc<PrecisionReport> {
    let report = precision(&mut DrawStudy::new(), experiment, &TaskContext::unattended());
    Arc::new(report.expect("nobody stops it"))
}

/// A net that fp16 cannot hold as it is, and one that it can, in a batch.
fn medium() -> Experiment {
    let mut experiment = preset("vanishing");
    experiment.draws = Draws::Numpy;
    experiment.architecture.depth = 10;
    experiment.architecture.batch = 8;
    experiment.variants = vec![Variant::of(Activation::Sigmoid), Variant::of(Activation::Tanh)];
    experiment
}

fn one_layer() -> Experiment {
    let mut experiment = Experiment::default();
    experiment.architecture.depth = 1;
    experiment
}

fn thousand_layers() -> Experiment {
    let mut experiment = preset("deep");
    experiment.variants.push(Variant::of(Activation::Tanh));
    experiment.variants.push(Variant::of(Activation::Relu));
    experiment
}

/// As many variants as there can be, with long names.
fn six() -> Experiment {
    let mut experiment = preset("xavier-vs-he");
    let name = |activation: Activation| Variant {
        name: format!("{} with a long name", activation.label()),
        ..Variant::of(activation)
    };
    experiment.variants = Activation::ALL.into_iter().take(6).map(name).collect();
    experiment
}

fn extremes() -> [(&'static str, Experiment); 8] {
    [
        ("chapter-16", Experiment::default()),
        ("deep", preset("deep")),
        ("exploding", preset("exploding")),
        ("vanishing", preset("vanishing")),
        ("medium", medium()),
        ("one-layer", one_layer()),
        ("thousand", thousand_layers()),
        ("six", six()),
    ]
}

#[test]
fn bars_marks_and_limits_are_the_studys() {
    let report = report(&medium());
    for with_scale in [false, true] {
        let figure = Figure::precision(&report, with_scale);
        let [Panel::Bars(bars)] = &figure.panels[..] else { panic!("bars") };
        assert_eq!((bars.series.len(), bars.kept.len()), (2, 4));
        for kept in &bars.kept {
            let variant = &report.variants[kept.variant];
            let emulation = variant.emulations.iter().find(|e| e.format.label() == kept.format);
            let emulation = emulation.expect("computed");
            let stored = if with_scale { emulation.scaled.as_ref() } else { None };
            for (norm, stored) in kept.norms.iter().zip(stored.unwrap_or(&emulation.plain)) {
                assert_eq!(norm.log10(), stored.delta.norm.and_then(|norm| norm.log10()));
            }
        }
        // Without a scale fp16 flushes the sigmoid's first layers; with it nothing is lost.
        let flushed = bars.kept.iter().any(|kept| kept.norms.contains(&StoredNorm::Flushed));
        assert_eq!(flushed, !with_scale);
        let [low, high] = ["fp16 smallest", "fp16 largest"].map(|name| {
            let limit = bars.limits.iter().find(|limit| limit.name == name).expect(name);
            assert!(limit.in_sight && bars.floor < limit.log10 && limit.log10 < bars.top);
            limit.number
        });
        assert_eq!((low, high), (2_f64.powi(-24), 65504.0));
        assert_eq!(bars.limits.len(), 12);
    }
}

#[test]
fn a_flushed_norm_is_no_true_zero() {
    let figure = Figure::precision(&report(&Experiment::default()), false);
    let [Panel::Bars(bars)] = &figure.panels[..] else { panic!("bars") };
    let norms = |variant: usize| {
        let kept = bars.kept.iter().filter(move |kept| kept.variant == variant);
        kept.flat_map(|kept| kept.norms.iter().copied())
    };
    assert!(norms(0).all(|norm| matches!(norm, StoredNorm::Norm(_))), "the sigmoid is shallow");
    assert!(norms(1).all(|norm| norm == StoredNorm::TrueZero), "the ReLU net's output is dead");
    let deep = Figure::precision(&report(&preset("deep")), false);
    let [Panel::Bars(bars)] = &deep.panels[..] else { panic!("bars") };
    assert!(bars.kept.iter().all(|kept| kept.norms[0] == StoredNorm::Flushed));
    let rows = deep.table().rows;
    let first = rows.iter().find(|row| row[0] == "‖δ⁽ˡ⁾‖ in fp16" && row[2] == "1");
    assert_eq!(first.map(|row| [row[3].as_str(), row[4].as_str()]), Some(["flushed to 0", ""]));
}

#[test]
fn the_strips_are_the_shares() {
    let report = report(&medium());
    let figure = Figure::flush(&report, 0);
    let [Panel::Heat(heat)] = &figure.panels[..] else { panic!("strips") };
    let place = |format| Format::ALL.iter().position(|each| *each == format).expect("there");
    for format in Format::ALL {
        let row = Format::ALL.len() - 1 - place(format);
        assert_eq!(heat.rows.name(row), format.label());
        for (column, layer) in report.variants[0].layers.iter().enumerate() {
            // Nothing is truly zero.
            let share = |derivative: BackwardTensor| {
                let entries = layer.of(derivative);
                entries.flushed(format, 0) as f64 / entries.total as f64
            };
            let largest = BackwardTensor::ALL.map(share).into_iter().fold(0.0, f64::max);
            assert_eq!(heat.cell(row, column), Cell::Share(largest));
        }
    }
    // The widest on top keeps all, the narrowest loses the first layer whole.
    assert_eq!(heat.cell(5, 0), Cell::Share(0.0));
    assert_eq!(heat.cell(0, 0), Cell::Share(1.0));
    let table = figure.table();
    let first = |format: &str| {
        let what = "share of δ⁽ˡ⁾ flushed to 0";
        let mut rows = table.rows.iter();
        rows.find(|row| row[0] == what && row[1] == format && row[2] == "1").expect(format)[3]
            .clone()
    };
    assert_eq!([first("fp64"), first("fp8 E4M3")], ["0", "1"]);
    // 3 quantities of 3 derivatives, 6 formats, 11 layers.
    assert_eq!(table.rows.len(), 3 * 3 * 6 * 11);
}

#[test]
fn the_sentences_tell_the_loss_scale_or_why_there_is_none() {
    let words = |experiment: &Experiment| Figure::precision(&report(experiment), false).notes;
    let medium = words(&medium());
    assert!(medium[0].text.contains("In fp16 δ is flushed to 0"), "{medium:?}");
    assert!(medium[0].text.contains("A loss scale of 2"), "{medium:?}");
    assert!(medium[1].text.contains("No loss scale is needed"), "{medium:?}");
    let deep = words(&preset("deep"));
    assert!(deep[0].text.contains("No loss scale can save it: with 2¹⁵ still"), "{deep:?}");
    let dead = words(&Experiment::default());
    assert!(dead[1].text.starts_with("Dead output"), "{dead:?}");
}

/// Whatever is set, the axes are finite, marks have a height and shares are shares.
#[test]
fn every_activation_scheme_and_loss_has_a_lens() {
    for activation in Activation::ALL {
        for scheme in Scheme::ALL {
            for loss in Loss::ALL {
                let mut experiment = Experiment::default();
                let architecture = &mut experiment.architecture;
                (architecture.depth, architecture.width, architecture.batch) = (8, 12, 3);
                (architecture.output, architecture.loss) = (2, loss);
                experiment.variants = vec![Variant::of(activation)];
                experiment.variants[0].init = Init::of(scheme);
                let report = report(&experiment);
                for with_scale in [false, true] {
                    let figure = Figure::precision(&report, with_scale);
                    let [Panel::Bars(bars)] = &figure.panels[..] else { panic!("bars") };
                    assert!(bars.floor.is_finite() && bars.floor < bars.top && bars.top < 1e9);
                    let heights = bars.kept.iter().flat_map(|kept| &kept.norms);
                    assert!(heights.filter_map(|norm| norm.log10()).all(f64::is_finite));
                    assert!(figure.notes.iter().all(|note| note.text.ends_with('.')));
                }
                for layer in &report.variants[0].layers {
                    for entries in &layer.entries {
                        assert!(Format::ALL.into_iter().all(|format| {
                            let lost = entries.flushed(format, 0) + entries.overflow(format);
                            lost + entries.subnormal(format) <= entries.nonzero
                        }));
                    }
                }
                let kept = report.variants[0].scales.iter().filter(|scale| scale.is_kept());
                assert!(kept.count() <= 3, "three formats are computed");
            }
        }
    }
}

#[test]
fn every_figure_is_rendered_for_every_extreme() {
    let task = TaskContext::unattended();
    for (name, experiment) in extremes() {
        experiment.validate().expect("within the limits");
        for id in [FigureId::Precision, FigureId::Flush] {
            let figure = id.compute(&experiment, View::default(), &task).expect("a figure");
            assert_eq!(figure.id, id);
            on_paper(&figure, name);
        }
    }
}

#[test]
fn the_command_line_renders_them() {
    let folder = tempfile::TempDir::new().expect("a folder");
    for (id, size) in [("precision", (960, 720)), ("flush", (960, 580))] {
        let file = folder.path().join(id).with_extension("png");
        let path = file.display().to_string();
        let out =
            helpers::lab(&["render", "vanishing", "--figure", id, "-o", &path, "--scale", "1"]);
        assert!(out.status.success(), "{out:?}");
        let picture = image::open(&file).expect("a PNG");
        assert_eq!((picture.width(), picture.height()), size);
    }
    let list = helpers::lab(&["list"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    assert!(list.contains("precision  ") && list.contains("flush  "), "{list}");
}

/// The window at the page, once the sentence of a result is on the screen.
fn open(experiment: Experiment, size: [f32; 2], theme: Theme) -> PageWindow {
    let mut window = PageWindow::open(experiment, size, theme, "Precision");
    window.wait_for("Lines: a format’s largest");
    window
}

#[test]
fn the_loss_scale_and_the_variant_are_chosen() {
    let mut harness = open(medium(), [1280.0, 1000.0], Theme::Light);
    assert!(harness.texts().iter().any(|text| text == "flushed to 0"), "the legend");
    harness.get_by_role_and_label(Role::Button, "the advised loss scale").click();
    harness.wait_for("keep of it, with the loss scale");
    assert!(!harness.texts().iter().any(|text| text == "flushed to 0"), "nothing is");
    harness.get_by_role_and_label(Role::Button, "no loss scale").click();
    harness.wait_for("flushed to 0");
    harness.wait_for("flushed to 0: Sigmoid");
    harness.get_by_role_and_label(Role::ComboBox, "Variant shown").click();
    harness.run_ok();
    harness.get_all_by_role_and_label(Role::Button, "Tanh").last().expect("an entry").click();
    harness.wait_for("flushed to 0: Tanh");
    assert_eq!(harness.unnamed_widgets().len(), 0, "{:#?}", harness.unnamed_widgets());
}

#[test]
fn hovering_tells_what_is_kept() {
    let mut harness = open(medium(), [1280.0, 1000.0], Theme::Light);
    // A chart has its heading's name, and stands below it.
    let heading = |harness: &PageWindow, name: &str| {
        let mut named = harness.get_all_by_label_contains(name);
        named.next().expect("a heading").rect()
    };
    let bars = heading(&harness, "Norm ‖δ⁽ˡ⁾‖ by layer, and");
    harness.hover_at(bars.left_bottom() + eframe::egui::vec2(120.0, 150.0));
    harness.wait_for("in bf16");
    let strips = heading(&harness, "flushed to 0: Sigmoid");
    harness.hover_at(strips.left_bottom() + eframe::egui::vec2(120.0, 60.0));
    harness.wait_for("kept with fewer digits");
}

/// With an emulated precision the first page loses what the format loses, and the others say
/// that they do not.
#[test]
fn an_emulated_precision_is_chosen_in_the_window() {
    let mut harness = open(preset("vanishing"), [1280.0, 900.0], Theme::Dark);
    harness.get_by_role_and_label(Role::ComboBox, "Precision").click();
    harness.run_ok();
    harness.get_all_by_role_and_label(Role::Button, "fp16").last().expect("an entry").click();
    harness.wait_for("Lines: a format’s largest");
    harness.get_by_role_and_label(Role::Button, "Gradient flow").click();
    harness.wait_for("Underflow: in fp16 every δ is rounded to 0 from layer");
    assert!(harness.texts().iter().any(|text| text == "underflow"), "the legend");
    harness.keep("flow-vanishing-fp16");
    for page in ["Graph", "Why", "Distributions", "Check and cost", "Ensemble and theory", "Sweep"]
    {
        harness.get_by_role_and_label(Role::Button, page).click();
        harness.wait_for("Computed in f64: fp16 is emulated");
        harness.keep(&format!("{page}-fp16"));
    }
    harness.get_by_role_and_label(Role::Button, "Precision").click();
    harness.wait_for("Lines: a format’s largest");
    assert!(!harness.texts().iter().any(|text| text.starts_with("Computed in f64")));
}

#[test]
fn the_page_is_drawn() {
    for (name, experiment) in extremes() {
        for (size, theme, place) in [
            ([1024.0, 640.0], Theme::Light, "small-light"),
            ([1024.0, 640.0], Theme::Dark, "small-dark"),
            ([1920.0, 1080.0], Theme::Dark, "large-dark"),
            ([1920.0, 1080.0], Theme::Light, "large-light"),
        ] {
            let mut harness = open(experiment.clone(), size, theme);
            let unnamed = harness.unnamed_widgets();
            assert!(unnamed.is_empty(), "{unnamed:#?}");
            harness.keep(&format!("precision-{name}-{place}"));
            harness.get_by_role_and_label(Role::Button, "the advised loss scale").click();
            harness.wait_for("with the loss scale");
            harness.keep(&format!("precision-{name}-{place}-scaled"));
        }
    }
}
