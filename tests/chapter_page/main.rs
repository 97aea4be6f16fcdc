//! The page “The chapter”: its formulas can be set, its numbers are the lab's, and its buttons
//! do what they say.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../helpers/mod.rs"]
mod helpers;
#[path = "../support/mod.rs"]
mod support;
mod window;

use std::collections::BTreeSet;

use eframe::egui::epaint::text::Fonts;
use gradient_lab::engine::{DrawCache, Network};
use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::gui::Page;
use gradient_lab::gui::chapter::prose::{Piece, pieces, spoken};
use gradient_lab::gui::chapter::{self, Block};
use gradient_lab::paint::fonts;
use gradient_lab::paint::mathtext::{Formula, MathStyle};
use gradient_lab::study::{Cost, Draw, Kind, MeanField};

/// Every text of the page, with its marks.
fn texts() -> Vec<&'static str> {
    let mut found: Vec<&str> = vec![chapter::TITLE];
    found.extend(chapter::sections().iter().map(|section| section.title.as_str()));
    for block in chapter::blocks() {
        match block {
            Block::Text { text } => found.push(text),
            Block::Pairs { pairs } => found.extend(pairs.iter().flat_map(|(a, b)| [a.as_str(), b])),
            Block::Points { points } => found.extend(points.iter().map(String::as_str)),
            Block::Fold { fold, .. } => found.push(fold),
            Block::Actions { action } => {
                found.extend(action.iter().map(|action| action.label.as_str()));
            }
            Block::Formula { .. } => {}
        }
    }
    found
}

fn action(label: &str) -> Experiment {
    let found = chapter::actions().into_iter().find(|action| action.label == label);
    found.unwrap_or_else(|| panic!("no button “{label}”")).experiment().unwrap()
}

#[test]
fn every_formula_can_be_set() {
    let mut formulas = 0;
    for text in texts() {
        for piece in pieces(text) {
            let Piece::Math(latex) = piece else { continue };
            formulas += 1;
            let formula = Formula::parse(latex, MathStyle::Inline);
            assert!(formula.is_ok(), "{latex} in “{text}”: {formula:?}");
        }
        for mark in ['$', '*'] {
            assert_eq!(text.matches(mark).count() % 2, 0, "an open {mark} in “{text}”");
        }
    }
    for block in chapter::blocks() {
        let Block::Formula { formula: latex, .. } = block else { continue };
        formulas += 1;
        let formula = Formula::parse(latex, MathStyle::Display);
        assert!(formula.is_ok(), "{latex}: {formula:?}");
    }
    assert!(formulas > 60, "only {formulas} were found");
}

#[test]
fn every_word_has_its_glyphs() {
    // Fonts are looked at as the window has them, with the signs of every family.
    let context = eframe::egui::Context::default();
    fonts::install(&context);
    let mut output = context.run_ui(Default::default(), |_| {});
    output.textures_delta.clear();
    let definitions = context.fonts(|fonts| fonts.definitions().clone());
    let mut all = Fonts::new(Default::default(), definitions);
    for family in [eframe::egui::FontFamily::Proportional, fonts::bold()] {
        let font = eframe::egui::FontId::new(16.0, family);
        for text in texts() {
            for piece in pieces(text) {
                let (Piece::Plain(words) | Piece::Strong(words)) = piece else { continue };
                let missing: String = words.chars().filter(|c| !all.has_glyph(&font, *c)).collect();
                assert_eq!(missing, "", "in “{text}”");
            }
        }
    }
}

#[test]
fn a_screen_reader_hears_no_latex() {
    for text in texts() {
        let said = spoken(text);
        assert!(!said.contains(['\\', '$', '*', '{']), "“{said}”");
    }
    assert_eq!(spoken("*Why* $\\delta^{(l)}$"), "Why δ^(l)");
}

#[test]
fn every_button_has_a_valid_experiment_and_its_own_name() {
    let actions = chapter::actions();
    let names: BTreeSet<&str> = actions.iter().map(|action| action.label.as_str()).collect();
    assert_eq!(names.len(), actions.len(), "two buttons have one name");
    for action in actions {
        let experiment = action.experiment().unwrap_or_else(|e| panic!("{}: {e}", action.label));
        assert_eq!(experiment.validate(), Ok(()), "{}", action.label);
        if let chapter::Setup::Preset(id) = &action.setup {
            assert!(Preset::find(id).is_some(), "no preset {id}");
        }
        assert_ne!(action.page, Page::Chapter);
    }
}

// The numbers that the text quotes.

/// log10 of ‖δ‖ in the first and in the last layer.
fn ends(draw: &Draw, variant: usize) -> [f64; 2] {
    let layers = &draw.variants[variant].layers;
    [0, layers.len() - 1].map(|l| layers[l].delta.log10().unwrap())
}

/// Decades from the last layer to the first.
fn decades(draw: &Draw, variant: usize) -> f64 {
    let [first, last] = ends(draw, variant);
    first - last
}

/// Some text of the page says so.
fn says(words: &str) {
    assert!(texts().iter().any(|text| text.contains(words)), "no text says “{words}”");
}

#[test]
fn vanishing_is_as_the_text_says() {
    let draw = helpers::draw(&Preset::find("vanishing").unwrap().experiment());
    let [first, last] = ends(&draw, 0);
    says(&format!("is {:.2} at the output", 10_f64.powf(last)));
    let power = first.floor();
    says(&format!("${:.1}\\cdot10^{{{power}}}$ in layer 1", 10_f64.powf(first - power)));
    let step = (last - first) / 50.0;
    says(&format!("{step:.2} decades a layer, a factor of {:.1}", 10_f64.powf(step)));
    let deep = helpers::draw(&Preset::find("deep").unwrap().experiment());
    says(&format!("near $10^{{{:.0}}}$", ends(&deep, 0)[0]));
}

/// The exercise's squared error: a = 0.9989 where 0 is wanted, and the slope lets 0.0011 through.
#[test]
fn a_confidently_wrong_output_is_called_saturated() {
    let draw = helpers::draw(&action("16.1: confidently wrong, squared error"));
    let diagnosis = &draw.variants[0].diagnosis;
    assert_eq!(diagnosis.kind, Kind::SaturatedOutput, "{diagnosis:?}");
    let right = helpers::draw(&action("16.1: confidently wrong, cross-entropy"));
    let right = &right.variants[0].diagnosis;
    assert_ne!(right.kind, Kind::SaturatedOutput, "the slope cancels: {right:?}");
}

#[test]
fn exploding_is_as_the_text_says() {
    let draw = helpers::draw(&Preset::find("exploding").unwrap().experiment());
    let [relu, tanh] = [0, 1].map(|variant| 10_f64.powf(decades(&draw, variant)));
    says(&format!("a factor of {:.0},000 with ReLU", relu / 1e3));
    says(&format!("{:.0} million with tanh", tanh / 1e6));
    let gains = helpers::draw(&action("Show in the lab: sigmoid with gain 1, 4 and 10"));
    // Alive: of gain 1's loss in decades gain 10 has not a twenty-fifth, where gain 4 has a third.
    let [one, four, ten] = [0, 1, 2].map(|variant| -decades(&gains, variant));
    assert!(ten.abs() < one / 25.0 && four > one / 4.0, "{one} {four} {ten}");
    let saturated: Vec<f64> =
        gains.variants[2].layers[..50].iter().map(|layer| layer.saturated_share).collect();
    let mean = saturated.iter().sum::<f64>() / 50.0;
    assert!(mean > 0.5, "saturated: {mean}");
}

#[test]
fn the_dead_output_is_as_the_text_says() {
    let draw = helpers::draw(&Preset::find("chapter-16").unwrap().experiment());
    let [first, last] = ends(&draw, 0).map(|log| 10_f64.powf(log));
    says(&format!("from {last:.4} at the output to {first:.7} in layer 1"));
    assert!(draw.variants[1].layers.iter().all(|layer| layer.delta.is_zero()));
    says(&format!("its $z$ is ${:.4}$", draw.variants[1].output.largest_preactivation));
    let alive = helpers::draw(&action("Show in the lab: the same weights, linear output"));
    let [first, last] = ends(&alive, 1).map(|log| 10_f64.powf(log));
    says(&format!("goes from {last:.2} to {first:.2}"));
    assert!((last / first - 6.0).abs() < 0.5);
    says(&format!("a factor of {:.0}.", 10_f64.powf(-decades(&alive, 0))));
}

#[test]
fn the_remedies_are_as_the_text_says() {
    let draw = helpers::draw(&Preset::find("xavier-vs-he").unwrap().experiment());
    let [xavier, he] = [0, 1].map(|variant| -decades(&draw, variant));
    says(&format!("{xavier:.1} decades of $\\|\\delta\\|$; with He it loses {he:.1}."));
    let orthogonal = helpers::draw(&Preset::find("orthogonal").unwrap().experiment());
    assert!(decades(&orthogonal, 0).abs() < 1e-12);
    let four = helpers::draw(&action("Show in the lab: four activations, 30 layers"));
    let [sigmoid, tanh, relu, selu] = [0, 1, 2, 3].map(|variant| decades(&four, variant));
    says(&format!("by ${sigmoid:.1}$ decades with sigmoid, ${tanh:.1}$ with tanh"));
    says(&format!("${relu:.1}$ with ReLU (He) and ${selu:.1}$ with SELU"));
    let depth =
        helpers::draw(&action("Show in the lab: tanh below, on and above the critical line"));
    let [below, critical, above] = [0, 1, 2].map(|variant| decades(&depth, variant));
    says(&format!("by a factor of {:.0}, while gain 1", 10_f64.powf(critical.abs())));
    says(&format!("loses {:.1} decades and gain 2 wins {above:.1}", -below));
}

#[test]
fn normalization_and_skips_are_as_the_text_says() {
    let preset = |id| helpers::draw(&Preset::find(id).unwrap().experiment());
    let norm = preset("batch-norm-explodes");
    let [relu, tanh, linear, skips] = [0, 1, 2, 3].map(|variant| decades(&norm, variant));
    says(&format!("by {relu:.1} decades with ReLU and {tanh:.1} with tanh"));
    says(&format!("with skips around it {skips:.1} are left"));
    assert!(linear.abs() < 0.2, "{linear}");
    let selu = preset("selu-vs-layer-norm");
    let [large, selu, normalized, sigmoid] = [0, 1, 2, 3].map(|variant| decades(&selu, variant));
    says(&format!("wins {large:.1} decades, with layer normalization {normalized:.1}"));
    says(&format!("wins {selu:.1}. A sigmoid net loses {:.1} decades", -sigmoid));
    let skips = preset("residual-scale");
    let [none, one, scaled] = [0, 1, 2].map(|variant| decades(&skips, variant));
    says(&format!("lose {:.1} decades without skips, win {one:.1} with", -none));
    says(&format!(", and {scaled:.1} with $\\alpha=1/\\sqrt{{50}}$"));
    let [post, pre] = [0, 1].map(|variant| decades(&preset("pre-vs-post-ln"), variant));
    says(&format!("post-LN wins {post:.1} decades"));
    assert!(pre.abs() < 0.1, "{pre}");
    let tied = preset("recurrent");
    let [small, one, large, tanh] = [0, 1, 2, 3].map(|variant| decades(&tied, variant));
    says(&format!("gain 0.9 loses {:.1} decades, 1 none, and 1.1 wins {large:.1}", -small));
    assert!(one.abs() < 1e-12, "{one}");
    says(&format!("A tanh net with 1.1 loses {:.1}", -tanh));
    let cures = preset("what-cures");
    assert!(decades(&cures, 0) < -3.5);
    assert!((1..6).all(|variant| decades(&cures, variant).abs() < 0.2), "cured");
}

#[test]
fn the_exercises_are_as_the_text_says() {
    let last_delta = |label: &str| {
        let draw = helpers::draw(&action(label));
        draw.variants[0].layers.last().unwrap().delta.to_f64()
    };
    says(&format!(
        "it is {:.6} instead",
        last_delta("16.1: the worked example under cross-entropy")
    ));
    says(&format!("$\\delta={:.4}$", last_delta("16.1: confidently wrong, cross-entropy")));
    says(&format!("{:.4} from the squared", last_delta("16.1: confidently wrong, squared error")));
    let ratio = |sizes: &[usize]| Cost::of(sizes, 1).backward_over_forward();
    let deep = action("16.3: count the cost of 50 layers");
    says(&format!("{:.2} for the 50 layers", ratio(&deep.sizes())));
    let cost = Cost::of(&action("16.5: count the cost of 5–10–8–3").sizes(), 1);
    says(&format!("258/154={:.2}", ratio(&[5, 10, 8, 3])));
    assert_eq!((cost.weights(), cost.biases(), cost.forward()), (154, 21, 154));
    assert_eq!((cost.deltas(), cost.weight_gradients()), (104, 154));
    let both = cost.forward() + cost.backward();
    says(&format!("{both} multiply-adds"));
    let passes = [1 + cost.parameters(), 2 * cost.parameters()];
    let [one_sided, central] = passes.map(|passes| passes * cost.forward());
    assert_eq!((passes, one_sided, central), ([176, 350], 27_104, 53_900));
    says(&format!("about {:.0} times as many; central", one_sided as f64 / both as f64));
    says(&format!("about {:.0} times as many.", central as f64 / both as f64));
}

/// The loss after 2000 steps of gradient descent on all four examples.
fn xor_trained(seed: u64) -> f64 {
    let experiment = Experiment { seed, ..Preset::find("xor").expect("a preset").experiment() };
    let variant = &experiment.variants[0];
    let mut network =
        Network::<f64>::build(&experiment, variant, &mut DrawCache::new(), &mut || true)
            .unwrap()
            .with_plain_parameters();
    for _ in 0..2000 {
        let pass = network.pass();
        for index in 0..network.parameter_count() {
            let parameter = network.parameter(index).unwrap();
            let step = experiment.step_rate() * pass.gradient(parameter).to_f64();
            let value = network.value(parameter) - step;
            network.set(parameter, value);
        }
    }
    network.loss_of(&network.pass()).to_f64()
}

#[test]
fn xor_learns_and_fails_as_the_text_says() {
    says(&format!("a loss of {:.3} in 2000 steps", xor_trained(8)));
    let [ten, two] = [10, 2].map(xor_trained);
    says(&format!("seed 10 is then at {ten:.3} and seed 2 at {two:.3}"));
}

#[test]
fn the_depth_scale_is_as_the_text_says() {
    let field = |experiment: &Experiment, variant: usize| {
        MeanField::of(experiment, &experiment.variants[variant]).unwrap().unwrap()
    };
    let sigmoid = field(&Preset::find("vanishing").unwrap().experiment(), 0);
    says(&format!("has $\\chi={:.3}$", sigmoid.chi()));
    says(&format!("$\\xi={:.2}$ layers", 1.0 / sigmoid.chi().ln().abs()));
    let tanh = action("Show in the lab: tanh below, on and above the critical line");
    let [below, critical, above] = [0, 1, 2].map(|variant| field(&tanh, variant).chi());
    assert!((critical - 1.0).abs() < 1e-3, "{critical}");
    assert!(below < 0.9 && above > 1.1, "{below} {above}");
    let relu = field(&Preset::find("xavier-vs-he").unwrap().experiment(), 1);
    assert!((relu.chi() - 1.0).abs() < 1e-6, "{}", relu.chi());
}

#[test]
fn the_worked_example_is_as_the_text_says() {
    let draw = helpers::draw(&Preset::find("worked-example").unwrap().experiment());
    let delta = draw.variants[0].layers[1].delta.to_f64();
    says(&format!("squared error’s {delta:.6}"));
    let a: f64 = 1.0 / (1.0 + (-draw.variants[0].output.largest_preactivation).exp());
    says(&format!("$a={a:.6}$"));
    says(&format!("$\\sigma'(z)={:.6}$", a * (1.0 - a)));
}
