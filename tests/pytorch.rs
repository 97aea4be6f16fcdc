//! The PyTorch module of a variant. That these snippets are the lab's networks is what
//! tests/data/snippet/check.py shows, with its output beside it.

use std::fs;
use std::path::Path;

use gradient_lab::experiment::{Experiment, Preset};
use gradient_lab::export::pytorch::{SnippetError, snippet};

#[test]
fn snippets_are_those_that_were_checked_with_pytorch() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/snippet");
    let is_update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut seen = 0;
    for entry in fs::read_dir(&folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file");
        let experiment = Experiment::from_toml(&text).expect("valid");
        let made = snippet(&experiment, &experiment.variants[0]).expect("nothing is given");
        let stored = path.with_extension("py.txt");
        if is_update {
            fs::write(&stored, &made).expect("a written file");
        }
        assert_eq!(fs::read_to_string(&stored).expect("a file"), made, "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 12);
}

#[test]
fn given_numbers_stand_in_the_snippet_until_they_are_too_many() {
    let worked = Preset::find("worked-example").expect("it comes with the lab").experiment();
    let text = snippet(&worked, &worked.variants[0]).expect("few numbers");
    assert!(text.contains(
        "self.dense[0].weight.copy_(torch.tensor([[0.15, 0.2], [0.25, 0.3], [0.35, 0.4]]))"
    ));
    assert!(text.contains("self.dense[1].bias.copy_(torch.tensor([0.6]))"));
    let mut large = worked;
    large.architecture.hidden = Some(vec![5000]);
    large.variants[0].weights = Some(vec![vec![vec![0.0; 2]; 5000], vec![vec![0.0; 5000]]]);
    assert_eq!(snippet(&large, &large.variants[0]), Err(SnippetError::TooManyNumbers(15_000)));
}

/// A title or a name cannot end a comment and become code.
#[test]
fn names_stay_in_their_comment() {
    let mut experiment = Experiment::default();
    experiment.variants[0].name = "x\nimport os".to_owned();
    let text = snippet(&experiment, &experiment.variants[0]).expect("nothing is given");
    assert!(text.starts_with("# x import os: Sigmoid"), "{text}");
}
