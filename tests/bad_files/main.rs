//! Bad experiments: each is refused with exit code 2 and one sentence that names the key and
//! what it accepts, with nothing on standard output.

mod arguments;
mod bytes;
#[path = "../helpers/mod.rs"]
mod helpers;

use std::process::Output;

use helpers::lab_with_input;

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
