//! `precision = "fp16"` and `"bf16"`: one draw loses what the format loses, says so, and takes
//! no lost number for a true zero; everything else is computed in double precision and says so.

mod helpers;

use gradient_lab::engine::{Format, ZeroCause};
use gradient_lab::experiment::{Draws, Experiment, Precision, Preset};
use gradient_lab::export::picture::{self, PictureFormat, PictureOptions};
use gradient_lab::figure::words::flow;
use gradient_lab::figure::{Cell, Figure, FigureId, Panel, View, norms_table};
use gradient_lab::study::TaskContext;
use helpers::{draw, lab_with_input};

fn preset(name: &str, precision: Precision) -> Experiment {
    let mut experiment = Preset::find(name).expect("a preset").experiment();
    experiment.architecture.precision = precision;
    // Draws that are frozen.
    experiment.draws = Draws::Numpy;
    experiment
}

#[test]
fn the_file_names_both_formats() {
    for (id, precision) in [("fp16", Precision::Fp16), ("bf16", Precision::Bf16)] {
        let read = helpers::experiment(&format!("[architecture]\nprecision = '{id}'"));
        assert_eq!(read.architecture.precision, precision);
        assert!(read.describe().ends_with(id), "{}", read.describe());
    }
}

#[test]
fn a_shallow_net_differs_by_its_rounding_only() {
    let exact = draw(&preset("chapter-16", Precision::F64));
    for (precision, off) in [(Precision::Fp16, 0.004), (Precision::Bf16, 0.02)] {
        let rounded = draw(&preset("chapter-16", precision));
        let pairs = rounded.variants[0].layers.iter().zip(&exact.variants[0].layers);
        for (rounded, exact) in pairs {
            for (a, b) in [
                (rounded.delta, exact.delta),
                (rounded.weight_grad, exact.weight_grad),
                (rounded.bias_grad, exact.bias_grad),
                (rounded.activation_mean.expect("finite"), exact.activation_mean.expect("finite")),
                (
                    rounded.preactivation_std.expect("finite"),
                    exact.preactivation_std.expect("finite"),
                ),
            ] {
                let error = helpers::relative(a.to_f64(), b.to_f64());
                assert!(error < off, "{precision:?} layer {}: {error}", exact.layer);
            }
            assert_ne!(rounded.delta, exact.delta, "it is rounded");
        }
        assert_eq!(rounded.variants[0].diagnosis.kind.word(), "vanishing");
        // A dead output stays what it is.
        assert_eq!(rounded.variants[1].diagnosis.kind.word(), "dead output");
        let loss = rounded.variants[0].loss.to_f64();
        assert!(helpers::relative(loss, exact.variants[0].loss.to_f64()) < off, "{loss}");
    }
}

#[test]
fn underflow_is_told_and_is_no_true_zero() {
    let draw = draw(&preset("vanishing", Precision::Fp16));
    let variant = &draw.variants[0];
    let Some(cause @ ZeroCause::Underflow { format: Format::Fp16, layer }) = variant.layers[0].zero
    else {
        panic!("{:?}", variant.layers[0].zero)
    };
    // The first layer on the way back whose exact δ are all below half the smallest number.
    let exact = helpers::draw(&preset("vanishing", Precision::F64)).variants.remove(0);
    let half = 0.5 * Format::Fp16.smallest_subnormal();
    let is_below =
        |layer: &Vec<Option<f64>>| layer.iter().flatten().all(|&log| log <= half.log10());
    let expected = exact.profile.iter().rposition(is_below).expect("it vanishes") + 1;
    assert!(layer.abs_diff(expected) <= 1, "{layer} {expected}");
    for record in &variant.layers {
        assert_eq!(record.zero, (record.layer <= layer).then_some(cause));
        assert_eq!(record.delta.is_zero(), record.layer <= layer);
    }
    assert_eq!(variant.diagnosis.kind.word(), "underflow in fp16");
    let sentence = flow::sentence(&variant.diagnosis);
    assert!(
        sentence.starts_with("Underflow: in fp16 every δ is rounded to 0 from layer"),
        "{sentence}"
    );
    let sheet = Figure::of_draw(FigureId::Sheet, &draw, View::default());
    let [Panel::Bars(bars), Panel::Heat(strips), Panel::Heat(units)] = &sheet.panels[..] else {
        panic!("a sheet")
    };
    assert!(!bars.has_zero() && !strips.has_zero() && !units.has_zero(), "nothing is truly 0");
    assert_eq!(bars.signs().collect::<Vec<_>>(), [("≈0", "underflow")]);
    assert_eq!([strips.cell(0, 0), units.cell(3, 0)], [Cell::Lost; 2]);
    assert_eq!(norms_table::row(&draw, 0, 0)[2], "underflow");
    let first = &sheet.table().rows[0];
    assert_eq!([first[3].as_str(), first[4].as_str()], ["underflow", ""]);
}

#[test]
fn overflow_is_told_and_has_no_value() {
    let mut experiment = preset("exploding", Precision::Fp16);
    // ReLU with gain 2 grows by √2 a layer, forward and back: 2^12 fits, 2^24 does not.
    experiment.architecture.depth = 24;
    let toml = experiment.to_toml();
    let out = lab_with_input(&["run", "-"], toml.as_bytes());
    assert!(out.status.success(), "{out:?}");
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let relu = &json["variants"][0];
    assert_eq!(relu["verdict"], "overflow in fp16");
    let first = &relu["layers"][0];
    assert_eq!(first["zero_cause"], "overflow in fp16");
    for key in ["delta_norm", "delta_log10", "weight_grad_norm", "bias_grad_norm"] {
        assert!(first[key].is_null(), "{key}: {first}");
    }
    assert!(relu["layers"][24]["delta_norm"].as_f64().is_some_and(|norm| norm > 0.0));
    assert!(relu.get("steps").is_none(), "steps are exact numbers");
}

#[test]
fn what_is_not_emulated_is_refused_or_says_so() {
    let experiment = preset("chapter-16", Precision::Bf16);
    let toml = experiment.to_toml();
    for command in [&["ensemble", "-"][..], &["sweep", "-", "--x", "gain:1:2:3"]] {
        let out = lab_with_input(command, toml.as_bytes());
        let words = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{words}");
        assert!(words.contains("precision = \"bf16\" is emulated for one seed"), "{words}");
    }
    let task = TaskContext::unattended();
    for id in FigureId::ALL {
        let slow = [FigureId::Ensemble, FigureId::Histogram, FigureId::Sweep];
        if slow.contains(&id) {
            continue;
        }
        let figure = id.compute(&experiment, View::default(), &task).expect("a figure");
        let says_so = figure.caption.iter().any(|line| line.starts_with("Computed in f64: bf16"));
        assert_eq!(says_so, !id.shows_emulation(), "{id:?}");
    }
}

#[test]
fn emulated_sheets_are_painted() {
    for (name, precision) in [
        ("chapter-16", Precision::Fp16),
        ("vanishing", Precision::Fp16),
        ("exploding", Precision::Fp16),
        ("deep", Precision::Bf16),
    ] {
        let figure =
            Figure::of_draw(FigureId::Sheet, &draw(&preset(name, precision)), View::default());
        for dark in [false, true] {
            let size = FigureId::Sheet.default_size();
            let options = PictureOptions { size, scale: 1.0, dark };
            let png = picture::encode(&figure.clone().into(), PictureFormat::Png, options)
                .expect("a PNG");
            if let Some(folder) = std::env::var_os("PAGES") {
                let ground = if dark { "dark" } else { "light" };
                let file = format!("sheet-{name}-{}-{ground}.png", precision.id());
                std::fs::write(std::path::Path::new(&folder).join(file), png).expect("written");
            }
        }
    }
}
