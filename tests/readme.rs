//! What the README promises works: its commands run, its experiment opens, its pictures exist.

use std::path::Path;
use std::process::Command;

use gradient_lab::experiment::Experiment;

const README: &str = include_str!("../README.md");

/// The blocks fenced as this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let rest = README.split(&fence).skip(1);
    rest.map(|block| block.split("```").next().expect("a first part")).collect()
}

#[test]
fn its_commands_run() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let experiment = blocks("toml").concat();
    std::fs::write(folder.path().join("experiment.toml"), experiment).expect("a file");
    let lines = blocks("sh").concat();
    let commands: Vec<_> = lines.lines().filter(|l| l.starts_with("gradient-lab ")).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let output = Command::new(env!("CARGO_BIN_EXE_gradient-lab"))
            .args(command.split_whitespace().skip(1))
            .current_dir(folder.path())
            .output()
            .expect("the binary starts");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for file in ["weights.safetensors", "norms.png", "deep.png"] {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
}

#[test]
fn its_experiment_opens() {
    let [toml] = blocks("toml")[..] else { panic!("one experiment") };
    let experiment = Experiment::from_toml(toml).expect("a valid file");
    experiment.validate().expect("within the limits");
    assert_eq!(experiment.variants.len(), 3);
}

#[test]
fn its_pictures_are_there_and_small() {
    let pictures = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for path in pictures {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let bytes =
            std::fs::metadata(&file).unwrap_or_else(|error| panic!("{path}: {error}")).len();
        assert!(bytes < 300_000, "{path}: {bytes} bytes");
    }
}
