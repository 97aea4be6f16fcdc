//! Bad experiments: each is refused with exit code 2 and one sentence that names the key and
//! what it accepts, with nothing on standard output.

mod helpers;

use std::process::Output;

use gradient_lab::export::png;
use gradient_lab::raster::Image;
use helpers::{lab, lab_with_input};

/// The sentence of a refusal; anything else than a proper refusal fails the test.
fn refusal(what: &str, output: &Output) -> String {
    let told = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{what}: {told}");
    assert!(output.stdout.is_empty(), "{what}: something on standard output");
    assert!(!told.contains("panicked"), "{what}: {told}");
    assert_eq!(told.lines().count(), 1, "{what}: one line\n{told}");
    assert!(told.starts_with("gradient-lab: ") && told.ends_with(".\n"), "{what}: {told}");
    assert!(told.chars().count() < 400, "{what}: {told}");
    told
}

/// Runs the lab on each text and looks for the words in the refusal.
fn check(cases: &[(&str, &[&str])]) {
    for (toml, words) in cases {
        let told = refusal(toml, &lab_with_input(&["run", "-"], toml.as_bytes()));
        for word in *words {
            assert!(told.contains(word), "{toml}\n{told} does not say {word}");
        }
    }
}

#[test]
fn unknown_keys() {
    check(&[
        ("dept = 5", &["dept is not a key", "title, seed, draws", "architecture"]),
        ("depth = 5", &["depth is not a key", "there is the key architecture.depth"]),
        ("[architecture]\ndeph = 5", &["architecture.deph", "input, depth, width, hidden"]),
        ("[[variant]]\nnam = 'a'", &["variant 1, nam", "name, activation"]),
        ("[[variant]]\ngain = 2", &["variant 1, gain", "variant.init.gain"]),
        ("[[variant]]\n[[variant]]\ninit = { scheem = 'zeros' }", &["variant 2, init.scheem"]),
        ("[[variant]]\nbias = { sd = 1 }", &["variant 1, bias.sd", "scheme, gain, std"]),
        ("[data]\nx = [[1]]\nz = [[1]]", &["data.z", "x, y"]),
        ("[variants]\nname = 'a'", &["variants is not a key", "variant"]),
    ]);
}

#[test]
fn sizes_out_of_range() {
    let depth = "a whole number from 1 to 2000";
    let width = "a whole number from 1 to 4096";
    check(&[
        ("[architecture]\ndepth = -1", &["architecture.depth = -1", depth]),
        ("[architecture]\ndepth = 0", &["architecture.depth = 0", depth]),
        ("[architecture]\ndepth = 2001", &["architecture.depth = 2001", depth]),
        ("[architecture]\ndepth = 5.0", &["architecture.depth = 5.0", depth]),
        ("[architecture]\ndepth = 'five'", &["architecture.depth = \"five\"", depth]),
        ("[architecture]\nwidth = 1000000000000", &["architecture.width = 1000000000000", width]),
        ("[architecture]\nwidth = true", &["architecture.width = true", width]),
        ("[architecture]\ninput = 4097", &["architecture.input = 4097", width]),
        ("[architecture]\noutput = 0", &["architecture.output = 0", width]),
        ("[architecture]\nbatch = 1025", &["architecture.batch", "a whole number from 1 to 1024"]),
        ("[architecture]\nhidden = []", &["architecture.hidden has 0 numbers", "1 to 2000 whole"]),
        ("[architecture]\nhidden = [3, 0]", &["hidden (number 2) = 0", "from 1 to 4096"]),
        ("[architecture]\nhidden = [3, 'a']", &["hidden (number 2) = \"a\"", "from 1 to 4096"]),
        ("[architecture]\nhidden = 3", &["architecture.hidden = 3", "a list of 1 to 2000"]),
        ("[architecture]\nhidden = [3]\ndepth = 2", &["architecture.depth", "architecture.hidden"]),
        ("[architecture]\nhidden = [3]\nwidth = 2", &["architecture.width", "architecture.hidden"]),
    ]);
}

#[test]
fn more_than_memory_holds() {
    check(&[
        (
            "[architecture]\ndepth = 2000\nwidth = 4096",
            &["weights", "250000000", "width = 353 or depth = 15 would do"],
        ),
        (
            "[architecture]\ndepth = 2000\nwidth = 300\nbatch = 1024",
            &["activations", "50000000", "batch = 83 would do"],
        ),
    ]);
    let hidden = format!("[architecture]\nhidden = {:?}", [4096; 18]);
    check(&[(&hidden, &["weights", "250000000", "architecture.hidden shorter"])]);
}

#[test]
fn what_would_fit_does_fit() {
    for sizes in ["depth = 2000\nwidth = 353", "depth = 15\nwidth = 4096"] {
        let toml = format!("[architecture]\n{sizes}");
        let experiment = gradient_lab::experiment::Experiment::from_toml(&toml);
        assert!(experiment.is_ok(), "{experiment:?}");
    }
}

#[test]
fn seeds_and_choices() {
    let seed = "a whole number from 0 to 4294967295 with draws = \"numpy\"";
    check(&[
        ("seed = -1", &["seed = -1", seed]),
        ("seed = 4294967296", &["seed = 4294967296", seed, "\"layered\""]),
        ("seed = 1.5", &["seed = 1.5", seed]),
        ("seed = 9223372036854775808\ndraws = 'layered'", &["seed", "too large"]),
        ("draws = 'mt19937'", &["draws = \"mt19937\"", "\"numpy\" or \"layered\""]),
        ("learning_rate = -0.1", &["learning_rate = -0.1", "a number from 0 to 1e6"]),
        ("learning_rate = nan", &["learning_rate = NaN", "a number from 0 to 1e6"]),
        ("title = 3", &["title = 3", "a text of at most 60 letters"]),
        ("[architecture]\nloss = 'mae'", &["architecture.loss = \"mae\"", "mse"]),
        ("[architecture]\nprecision = 'f8'", &["precision = \"f8\"", "\"f64\"", "\"f32\""]),
        ("architecture = 3", &["architecture = 3", "a table"]),
    ]);
}

/// 1e308 in full has 309 digits.
#[test]
fn extreme_numbers_are_short_in_a_sentence() {
    let given = "[architecture]\ninput = 1\nhidden = [1]\noutput = 1";
    check(&[
        ("learning_rate = 1e308", &["learning_rate = 1e308 is"]),
        ("learning_rate = -5e-324", &["learning_rate = -5e-324 is"]),
        (
            &format!("{given}\n[data]\nx = [[1e308]]\ny = [[1]]"),
            &["x (example 1, number 1) = 1e308"],
        ),
        (&format!("{given}\nloss = 'bce'\n[data]\nx = [[1]]\ny = [[-5e-324]]"), &["= -5e-324 is"]),
        (
            &format!("{given}\n[[variant]]\nweights = [[[1]], [[-1e300]]]"),
            &["weights (layer 2, row 1, number 1) = -1e300 is"],
        ),
        (
            "[architecture]\nhidden = [1]\noutput = 2\nloss = 'softmax_ce'\ninput = 1\n\
             [data]\nx = [[1]]\ny = [[5e-324, 0]]",
            &["y (example 1) = numbers that sum to 0.000"],
        ),
    ]);
}

#[test]
fn initializations() {
    let scale = "a number from 0 to 1e6";
    let check_init = |init: &str, words: &[&str]| {
        check(&[(&format!("[[variant]]\ninit = {init}"), words)]);
    };
    check_init("{ gain = nan }", &["variant 1, init.gain = NaN", scale]);
    check_init("{ gain = inf }", &["variant 1, init.gain = inf", scale]);
    check_init("{ gain = -1 }", &["variant 1, init.gain = -1", scale]);
    check_init("{ gain = '2' }", &["variant 1, init.gain = \"2\"", scale]);
    check_init("{ scheme = 'normal', std = -0.1 }", &["init.std = -0.1", scale]);
    check_init("{ scheme = 'uniform', bound = 1e7 }", &["init.bound = 10000000", scale]);
    check_init("{ scheme = 'constant', value = 1e9 }", &["init.value", "from -1e6 to 1e6"]);
    check_init("{ scheme = 'he_normal', mode = 'fan' }", &["init.mode = \"fan\"", "\"fan_in\""]);
    check_init("{ truncated = 'yes' }", &["init.truncated = \"yes\"", "true or false"]);
    check_init("{ scheme = 'glorot' }", &["init.scheme = \"glorot\"", "xavier_normal"]);
    check_init("{ scheme = 'zeros', gain = 1 }", &["init.gain", "zeros", "takes no parameter"]);
    check_init("{ std = 1 }", &["init.std", "xavier_normal", "gain and truncated"]);
    check_init("{ scheme = 'xavier_uniform', truncated = true }", &["init.truncated", "gain"]);
    check_init("'xavier'", &["variant 1, init = \"xavier\"", "a table such as"]);
    check(&[(
        "[[variant]]\nbias = { scheme = 'he_normal' }",
        &["bias.scheme = \"he_normal\"", "one of zeros, constant, normal, uniform"],
    )]);
}

#[test]
fn variants() {
    let seven = "[[variant]]\n".repeat(7);
    let long = format!("[[variant]]\nname = '{}'", "y".repeat(61));
    check(&[
        ("variant = []", &["variant has 0 tables", "1 to 6 tables"]),
        (&seven, &["variant has 7 tables", "1 to 6 tables"]),
        (&long, &["variant 1, name", "1 to 60 letters"]),
        ("variant = 3", &["variant = 3", "1 to 6 tables [[variant]]"]),
        ("[variant]\nname = 'a'", &["variant = ", "1 to 6 tables [[variant]]"]),
        ("[[variant]]\nname = 3", &["variant 1, name = 3", "a text of 1 to 60 letters"]),
        (
            "[[variant]]\nname = 'a'\n[[variant]]\nname = 'a'",
            &["variant 2, name = \"a\"", "unlike the other variants'"],
        ),
        ("[[variant]]\nactivation = 'swish'", &["activation = \"swish\"", "silu"]),
        ("[[variant]]\noutput_activation = 7", &["variant 1, output_activation = 7", "sigmoid"]),
    ]);
}

#[test]
fn exceptions_by_layer() {
    let layer = |words: &str| format!("[[variant]]\n[[variant.layer]]\n{words}");
    let check_layer = |text: &str, words: &[&str]| check(&[(&layer(text), words)]);
    let range = "a layer from 1 to 6, the output layer";
    check_layer("index = 0\nactivation = 'tanh'", &["variant 1, exception 1, index = 0 is", range]);
    check_layer("index = 7\nactivation = 'tanh'", &["exception 1, index = 7 is not", range]);
    check_layer(
        "index = -3\nactivation = 'tanh'",
        &["exception 1, index = -3", "a layer's number"],
    );
    check_layer("index = 2.5\nactivation = 'tanh'", &["index = 2.5", "a layer's number"]);
    check_layer("index = 'two'", &["index = \"two\"", "a layer's number"]);
    check_layer("index = 18446744073709551615", &["too large"]);
    check_layer("activation = 'tanh'", &["exception 1, index is missing: it takes a layer's"]);
    check_layer("index = 3", &["exception 1 (layer 3) changes nothing: give it an activation"]);
    check_layer("layer = 3", &["exception 1, layer is not a key", "index, activation, init, bias"]);
    check_layer("index = 3\nweights = [[1]]", &["exception 1, weights is not a key", "index, act"]);
    check_layer(
        "index = 3\nactivation = 'swish'",
        &["exception 1, activation = \"swish\"", "silu"],
    );
    check_layer("index = 3\ninit = 'zeros'", &["exception 1, init = \"zeros\"", "a table such"]);
    check_layer("index = 3\ninit = { gain = -1 }", &["exception 1, init.gain = -1", "0 to 1e6"]);
    check_layer("index = 3\ninit = { sd = 1 }", &["exception 1, init.sd is not a key", "std"]);
    check_layer("index = 3\ninit = { scheme = 'zeros', gain = 1 }", &["init.gain does not go"]);
    check_layer(
        "index = 3\nbias = { scheme = 'identity' }",
        &["bias.scheme = \"identity\"", "zeros"],
    );
    let twice = "index = 3\nactivation = 'tanh'\n[[variant.layer]]\nindex = 3\nactivation = 'relu'";
    check_layer(twice, &["variant 1, exception 2 (layer 3) is the second for this layer"]);
    check(&[
        ("[[variant]]\nlayer = 3", &["variant 1, layer = 3", "tables [[variant.layer]]"]),
        ("[[variant]]\n[variant.layer]\nindex = 1", &["layer = ", "tables [[variant.layer]]"]),
        ("[[variant]]\nlayer = [[1, 'tanh']]", &["exception 1 = [1, \"tanh\"]"]),
        ("layer = []", &["layer is not a key", "there is the key variant.layer"]),
        (
            "[[variant]]\noutput_activation = 'linear'\n[[variant.layer]]\nindex = 6\nactivation = 'tanh'",
            &["exception 1 (layer 6) has an activation, but output_activation decides"],
        ),
        (
            "[architecture]\nloss = 'bce'\n[[variant]]\n[[variant.layer]]\nindex = 6\nactivation = 'tanh'",
            &["exception 1 (layer 6) has an activation, but the loss decides"],
        ),
    ]);
    // A file's worth of them is refused at once.
    let many = "[[variant.layer]]\nindex = 1\nactivation = 'tanh'\n".repeat(200_000);
    check(&[(&format!("[[variant]]\n{many}"), &["exception 2 (layer 1) is the second"])]);
}

#[test]
fn shapes_of_given_numbers() {
    let small = |rest: &str| format!("[architecture]\ninput = 1\nhidden = [1]\n{rest}");
    let check_small = |rest: &str, words: &[&str]| check(&[(&small(rest), words)]);
    check(&[
        ("data = 3", &["data = 3", "a table with x and y"]),
        ("data = { x = [[1]] }", &["data.y is missing", "one list for each example"]),
        ("[data]\nx = [[1, 2]]\ny = [[1]]", &["data.x (example 1) has 2 numbers where 10"]),
    ]);
    check_small("[data]\nx = [[1]]\ny = [[1], [2]]", &["data.y has 2 lists where 1", "example"]);
    check_small("[data]\nx = [[nan]]\ny = [[1]]", &["data.x (example 1, number 1) = NaN", "1e6"]);
    check_small("[data]\nx = [1]\ny = [[1]]", &["data.x (example 1) = 1", "one list"]);
    let weights = |value: &str| format!("[[variant]]\nweights = {value}");
    check_small(&weights("'x'"), &["variant 1, weights = \"x\"", "one matrix for each layer"]);
    check_small(&weights("[[[1]]]"), &["variant 1, weights has 1 layer where 2 must stand"]);
    check_small(&weights("[[[1, 2]], [[1]]]"), &["weights (layer 1, row 1) has 2 numbers where 1"]);
    check_small(&weights("[[[1]], [[1], [1]]]"), &["weights (layer 2) has 2 lists where 1"]);
    check_small(&weights("[[[1e9]], [[1]]]"), &["(layer 1, row 1, number 1)", "-1e6 to 1e6"]);
    check_small(&weights("[[['a']], [[1]]]"), &["row 1, number 1) = \"a\"", "-1e6 to 1e6"]);
    check_small("[[variant]]\nbiases = [[1]]", &["biases has 1 layer where 2", "-1e6 to 1e6"]);
    check_small("[[variant]]\nbiases = [[1, 2], [1]]", &["biases (layer 1) has 2 numbers"]);
}

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

#[test]
fn arguments() {
    for (arguments, words) in [
        (&["run"][..], &["<EXPERIMENT>"][..]),
        (&["run", "deep", "--format", "xml"], &["--format", "json", "csv"]),
        (&["run", "deep", "--seed", "3"], &["--seed"]),
        (&["render", "deep", "--figure", "bars"], &["--output"]),
        (
            &["render", "deep", "--figure", "bars", "-o", "a.png", "--size", "0x9"],
            &["200 to 10000"],
        ),
        (&["render", "deep", "--figure", "bars", "-o", "a.png", "--size", "9"], &["1200x800"]),
        (
            &["render", "deep", "--figure", "bars", "-o", "a.png", "--scale", "nan"],
            &["a number from 0.5"],
        ),
        (&["render", "deep", "--figure", "bars", "-o", "a.png", "--dpi", "0"], &["such as 300"]),
        (&["render", "deep", "--figure", "bars", "-o", "a.png", "--theme", "red"], &["light"]),
        (&["run", "chapter-17"], &["chapter-17", "no such file", "gradient-lab list"]),
    ] {
        let output = lab(arguments);
        let told = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        for word in words {
            assert!(told.contains(word), "{arguments:?}: {told}");
        }
    }
}

#[test]
fn what_is_not_bad() {
    assert!(lab(&["run", "-"]).status.success(), "nothing at all is the chapter");
    assert!(lab_with_input(&["run", "-"], b"\xef\xbb\xbfseed = 7").status.success());
    assert!(lab_with_input(&["run", "-"], b"seed = 7\r\n").status.success());
    for arguments in [&["--help"][..], &["run", "--help"], &["--version"], &["list"]] {
        let output = lab(arguments);
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

/// A reader that has seen enough, as `head` has: no failure, no panic.
#[test]
fn a_closed_pipe_is_no_failure() {
    use std::process::{Command, Stdio};
    for arguments in [&["list"][..], &["run", "deep"], &["run", "deep", "--format", "csv"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gradient-lab"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the binary ends");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{arguments:?}: {told}");
    }
}

#[test]
fn every_name_is_listed() {
    let listed = String::from_utf8(lab(&["list"]).stdout).expect("UTF-8");
    let names = gradient_lab::experiment::Activation::ALL.map(|a| a.id()).into_iter();
    let names = names
        .chain(gradient_lab::experiment::Scheme::ALL.map(|s| s.id()))
        .chain(gradient_lab::experiment::Loss::ALL.map(|l| l.id()))
        .chain(gradient_lab::experiment::Preset::ALL.map(|p| p.id))
        .chain(gradient_lab::experiment::limits::KEYS.iter().map(|key| key.name.as_str()));
    for name in names {
        assert!(listed.lines().any(|line| line.trim().starts_with(name)), "{name} is not listed");
    }
}
