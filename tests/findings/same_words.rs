//! One experiment has one set of words, wherever it is asked.

use gradient_lab::experiment::Preset;
use gradient_lab::figure::words::flow;
use gradient_lab::figure::{Figure, FigureId, View};
use gradient_lab::study::{DrawStudy, TaskContext};

use crate::helpers::lab;

/// `run` prints the sentences that the window and the sheet show, and their findings.
#[test]
fn run_says_what_the_sheet_says() {
    for preset in ["chapter-16", "exploding", "xavier-vs-he", "orthogonal", "xor"] {
        let experiment = Preset::find(preset).expect("a preset").experiment();
        let draw = DrawStudy::new().run(&experiment, &TaskContext::unattended());
        let draw = draw.expect("nobody stops it");
        let printed = lab(&["run", preset]);
        let printed: serde_json::Value = serde_json::from_slice(&printed.stdout).expect("JSON");
        let sheet = Figure::of_draw(FigureId::Sheet, &draw, View::default());
        for (index, variant) in draw.variants.iter().enumerate() {
            let said = flow::sentence(&variant.diagnosis);
            assert_eq!(sheet.notes[index].text, said);
            let printed = &printed["variants"][index];
            assert_eq!(printed["sentence"], said.as_str());
            assert_eq!(printed["verdict"], variant.diagnosis.kind.word());
            let findings = printed["findings"].as_array().expect("a list");
            assert_eq!(findings.len(), variant.diagnosis.findings.len());
            assert!(findings.iter().all(|finding| finding["kind"].is_string()), "{findings:?}");
        }
    }
}
