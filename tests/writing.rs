//! Where the lab writes: nothing is lost, nothing is left over, and pipes and devices stay what
//! they are.
#![cfg(unix)]

mod helpers;

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gradient_lab::experiment::Experiment;
use gradient_lab::export::{open, weights};
use gradient_lab::study::{DrawStudy, TaskContext};
use helpers::process::{endable, names_in, signal};
use helpers::{lab, lab_with_input};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

fn render(more: &[&str]) -> std::process::Output {
    lab(&[&["render", "worked-example", "--figure", "norms"][..], more].concat())
}

#[test]
fn a_path_says_what_kind_of_picture_it_is_or_an_argument_does() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a", "a.eps", "a.jpeg", "a.png.txt"] {
        let path = folder.path().join(name);
        let output = render(&["-o", text(&path)]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(".svg or .pdf, or add --format"), "{told}");
        assert!(names_in(folder.path()).is_empty());
    }
    for (name, more, begin) in [
        ("a.png", &[][..], SIGNATURE),
        ("b.PNG", &[], SIGNATURE),
        ("c", &["--format", "png"], SIGNATURE),
        ("d.svg", &[], b"<svg"),
        ("e.pdf", &[], b"%PDF"),
        ("f", &["--format", "pdf"], b"%PDF"),
    ] {
        let path = folder.path().join(name);
        let output = render(&[&["-o", text(&path)][..], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(fs::read(&path).expect(name).starts_with(begin), "{name}");
    }
}

#[test]
fn standard_output_takes_a_picture() {
    let direct = render(&["-o", "/dev/stdout", "--format", "png"]);
    assert!(direct.status.success() && direct.stdout.starts_with(SIGNATURE));
    // Into a file that another program has begun, what is there stays.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("both");
    let script = "{ printf before; \"$0\" render worked-example --figure norms --format png \
                  -o /dev/stdout; printf after; } > \"$1\"";
    let lab = env!("CARGO_BIN_EXE_gradient-lab");
    let status = Command::new("sh").args(["-c", script, lab, text(&path)]).status();
    assert!(status.expect("a shell").success());
    let both = [&b"before"[..], &direct.stdout, b"after"].concat();
    assert_eq!(fs::read(&path).expect("a file"), both);
    assert_eq!(names_in(folder.path()), ["both"]);
}

/// A command that is refused with these words and leaves the file as it was.
fn keeps(path: &Path, command: &[&str], words: &str) {
    let before = fs::read(path).expect("the file");
    let output = lab(command);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(words), "{told}");
    assert_eq!(fs::read(path).expect("the file"), before, "{command:?}");
}

#[test]
fn what_is_read_is_not_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let net = folder.path().join("net.toml");
    fs::write(&net, "[architecture]\ndepth = 2\nwidth = 3\n").expect("a file");
    let linked = folder.path().join("linked");
    std::os::unix::fs::symlink(&net, &linked).expect("a link");
    let part = folder.path().join("part.json");
    let axis = ["--x", "gain:1:2:2", "--seeds", "1"];
    let measured = lab(&[&["sweep", text(&net)][..], &axis, &["-o", text(&part)]].concat());
    assert!(measured.status.success());
    let words = "read by this command";
    for path in [&net, &linked] {
        keeps(&net, &["run", text(&net), "--weights", text(path)], words);
        keeps(&net, &[&["sweep", text(&net)][..], &axis, &["-o", text(path)]].concat(), words);
        let render = ["render", text(&net), "--figure", "norms", "--format", "png", "-o"];
        keeps(&net, &[&render[..], &[text(path)]].concat(), words);
    }
    keeps(&part, &["sweep", "--join", text(&part), "-o", text(&part)], words);
}

#[test]
fn a_dash_is_standard_output() {
    let direct = render(&["-o", "/dev/stdout", "--format", "png"]);
    let folder = tempfile::tempdir().expect("a folder");
    let script = "cd \"$1\" && \"$0\" render worked-example --figure norms --format png -o -";
    let program = env!("CARGO_BIN_EXE_gradient-lab");
    let output = Command::new("sh").args(["-c", script, program, text(folder.path())]).output();
    assert_eq!(output.expect("a shell").stdout, direct.stdout);
    assert!(names_in(folder.path()).is_empty());
    for path in ["-", "/dev/stdout"] {
        let output = lab(&["run", "worked-example", "--weights", path]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("cannot both go to standard output"), "{told}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn pipes_and_devices_stay_what_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read(pipe).expect("a pipe")
    });
    assert!(render(&["-o", text(&pipe), "--format", "png"]).status.success());
    assert!(reader.join().expect("no panic").starts_with(SIGNATURE));
    assert!(fs::metadata(&pipe).expect("a pipe").file_type().is_fifo());
    // Through a link, so that a lab that replaced it would harm nobody.
    let null = folder.path().join("null.png");
    std::os::unix::fs::symlink("/dev/null", &null).expect("a link");
    assert!(render(&["-o", text(&null)]).status.success());
    assert!(fs::metadata("/dev/null").expect("a device").file_type().is_char_device());
    let sweep = ["sweep", "worked-example", "--x", "batch:1:1:1", "-o", text(&null)];
    assert_eq!(lab(&sweep).status.code(), lab(&sweep[..4]).status.code());
    let full = render(&["-o", "/dev/full", "--format", "png"]);
    let told = String::from_utf8_lossy(&full.stderr).into_owned();
    assert!(full.status.code() == Some(1) && told.contains("the disk is full"), "{told}");
}

/// What takes minutes is not begun for a path that nothing can be written to.
#[test]
fn paths_and_sizes_are_checked_before_the_work() {
    let long = "draws = 'layered'\n[architecture]\ndepth = 200\nwidth = 800\nbatch = 512\n";
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("missing/a.png");
    let output = folder.path().join("a.png");
    for arguments in [
        &["run", "-", "--weights", text(&nowhere)][..],
        &["render", "-", "--figure", "check", "-o", text(&nowhere)],
        &[
            "render",
            "-",
            "--figure",
            "check",
            "-o",
            text(&output),
            "--size",
            "9000x9000",
            "--scale",
            "12",
        ],
        &["render", "-", "--figure", "check", "-o", text(folder.path()), "--format", "png"],
        &["sweep", "-", "--x", "gain:1:2:9", "--seeds", "1000", "-o", text(&nowhere)],
    ] {
        let start = Instant::now();
        let output = lab_with_input(arguments, long.as_bytes());
        let took = start.elapsed();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(took < Duration::from_secs(5), "{arguments:?} took {took:?}");
    }
    assert!(names_in(folder.path()).is_empty());
}

/// A sweep that takes long, writing to a folder.
fn long_sweep(folder: &Path, before: &str) -> Child {
    let child = endable("INT,TERM", before)
        .args(["sweep", "deep", "--x", "gain:1:2:200", "--seeds", "100000"])
        .args(["-o", text(&folder.join("out.json"))])
        .spawn()
        .expect("a shell");
    let start = Instant::now();
    while names_in(folder).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "no file is begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    // The file is there a moment before it is noted.
    std::thread::sleep(Duration::from_millis(50));
    child
}

#[test]
fn signals_leave_nothing_over_and_end_the_process_as_ever() {
    use std::os::unix::process::ExitStatusExt as _;
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = long_sweep(folder.path(), "");
        signal(&child, name);
        let status = child.wait().expect("it ends");
        assert_eq!(status.signal(), Some(number), "{status:?}");
        assert!(names_in(folder.path()).is_empty(), "{name}: {:?}", names_in(folder.path()));
    }
}

#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = long_sweep(folder.path(), "trap '' HUP;");
    signal(&child, "HUP");
    std::thread::sleep(Duration::from_millis(200));
    assert!(child.try_wait().expect("a child").is_none(), "nohup goes on");
    signal(&child, "TERM");
    child.wait().expect("it ends");
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn the_next_run_clears_up_after_a_killed_one_and_not_after_one_at_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut killed = long_sweep(folder.path(), "");
    signal(&killed, "KILL");
    killed.wait().expect("it ends");
    let left = names_in(folder.path());
    assert_eq!(left.len(), 1, "{left:?}");
    let other = folder.path().join("other.png");
    assert!(render(&["-o", text(&other)]).status.success());
    assert_eq!(names_in(folder.path()), ["other.png"]);

    let apart = tempfile::tempdir().expect("a folder");
    let mut at_work = long_sweep(apart.path(), "");
    let unfinished = names_in(apart.path());
    assert!(render(&["-o", text(&apart.path().join("a.png"))]).status.success());
    assert!(names_in(apart.path()).contains(&unfinished[0]), "it is locked");
    signal(&at_work, "TERM");
    at_work.wait().expect("it ends");
    assert_eq!(names_in(apart.path()), ["a.png"]);
}

#[test]
fn a_file_past_the_users_limit_is_told_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    // The shell counts blocks of 512 or 1024 bytes.
    let script = "ulimit -f 8; exec \"$0\" run chapter-16 --weights \"$1\"";
    let lab = env!("CARGO_BIN_EXE_gradient-lab");
    let output = Command::new("sh").args(["-c", script, lab, text(&path)]).output();
    let output = output.expect("a shell");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("no file that large"), "{told}");
    assert!(names_in(folder.path()).is_empty() && output.stdout.is_empty());
}

/// Weights of a small network, so many examples' worth of data beside them.
fn experiment_of(numbers: &str, examples: usize) -> String {
    let list = format!("[{numbers}],").repeat(examples);
    let ones = "[1],".repeat(examples);
    format!(
        "[architecture]\ninput = 4096\nhidden = [1]\nbatch = {examples}\n\
         [data]\nx = [{list}]\ny = [{ones}]\n[[variant]]\nactivation = 'tanh'"
    )
}

#[test]
fn what_is_accepted_is_accepted_again_when_it_is_saved() {
    for (number, examples) in [("1", 60), ("0.123456789", 30), ("1e-9", 60), ("5e-324", 60)] {
        let numbers = format!("{number},").repeat(4096);
        let toml = experiment_of(numbers.trim_end_matches(','), examples);
        let experiment = open::from_reader(toml.as_bytes()).expect("accepted");
        let saved = experiment.to_toml();
        assert!(saved.len() <= toml.len() + 4096, "{number}: {} of {}", saved.len(), toml.len());
        assert_eq!(open::from_reader(saved.as_bytes()).expect("its own file"), experiment);
    }
}

/// What would be saved as more than can be opened is not opened to begin with.
#[test]
fn a_file_that_could_not_be_opened_again_is_refused() {
    const EXAMPLES: usize = 227;
    let limit = gradient_lab::experiment::limits::FILE_BYTES as usize;
    // The first numbers have a digit more, as many as it takes for a file of that length.
    let text = |bytes: usize| {
        let file = |longer: usize| {
            let number =
                |index| if index < longer { "-0.123456789012345" } else { "-0.12345678901234" };
            let example = |of: usize| (0..4096).map(|i| number(4096 * of + i)).collect::<Vec<_>>();
            let examples = (0..EXAMPLES).map(|of| format!("[{}]", example(of).join(",")));
            let ones = vec!["[1]"; EXAMPLES].join(",");
            format!(
                "[architecture]\ninput = 4096\nhidden = [1]\nbatch = {EXAMPLES}\n\
                 [data]\nx = [{}]\ny = [{ones}]",
                examples.collect::<Vec<_>>().join(",")
            )
        };
        let text = file(bytes - file(0).len());
        assert_eq!(text.len(), bytes);
        text
    };
    let refused = open::from_reader(text(limit).as_bytes());
    assert!(matches!(refused, Err(open::OpenError::TooLarge)), "its settings take more");
    let opened = open::from_reader(text(limit - 2000).as_bytes()).expect("with its settings");
    assert_eq!(open::from_reader(opened.to_toml().as_bytes()).expect("its own file"), opened);
}

#[test]
fn saved_numbers_are_read_back_to_the_last_bit() {
    for numbers in ["5e-324", "-5e-324", "-0.0", "1e-300", "123456.789", "1e6", "0.1", "1", "3e-5"]
    {
        let toml = format!(
            "learning_rate = {}\n[architecture]\ninput = 1\nhidden = [1]\n\
             [data]\nx = [[{numbers}]]\ny = [[0]]",
            numbers.trim_start_matches('-')
        );
        let experiment = Experiment::from_toml(&toml).expect(numbers);
        let text = experiment.to_toml();
        let again = Experiment::from_toml(&text).expect(numbers);
        let bits =
            |experiment: &Experiment| experiment.data.as_ref().expect("data").x[0][0].to_bits();
        assert_eq!(
            (bits(&again), again.learning_rate),
            (bits(&experiment), experiment.learning_rate)
        );
        assert!(text.len() < 600, "{text}");
    }
}

#[test]
fn a_picture_of_too_much_text_is_made_without_it_and_says_so() {
    let numbers = "0.25,".repeat(4096);
    let toml = experiment_of(numbers.trim_end_matches(','), 100);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.png");
    let arguments = ["render", "-", "--figure", "norms", "-o", text(&path)];
    let output = lab_with_input(&arguments, toml.as_bytes());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("without its experiment") && told.contains("1048576"), "{told}");
    let opened = lab(&["run", text(&path)]);
    let told = String::from_utf8_lossy(&opened.stderr).into_owned();
    assert!(told.contains("carries no experiment"), "{told}");
    assert!(render(&["-o", text(&path)]).stderr.is_empty(), "nothing to tell of a small one");
}

/// A writer that sees how much it gets at once.
#[derive(Default)]
struct Pieces {
    whole: u64,
    largest: usize,
}

impl std::io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.whole += bytes.len() as u64;
        self.largest = self.largest.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn weights_are_written_piece_by_piece_and_take_what_was_foretold() {
    for toml in [
        "[architecture]\nwidth = 300\nprecision = 'f32'",
        "draws = 'layered'\n[architecture]\nwidth = 400\nbatch = 7\n[[variant]]\nname = 'a'\n\
         [[variant]]\nname = 'b'\nbias = { scheme = 'torch_default' }",
    ] {
        let experiment = Experiment::from_toml(toml).expect("valid");
        let mut pieces = Pieces::default();
        let task = TaskContext::unattended();
        weights::write(&experiment, &mut DrawStudy::new(), &task, &mut pieces).expect("written");
        assert_eq!(pieces.whole, weights::size(&experiment).expect("a size"));
        assert!(pieces.largest <= 1 << 16 && pieces.whole > 1 << 20, "{}", pieces.largest);
    }
}

#[test]
fn weights_go_through_a_pipe() {
    let mut child = Command::new("sh")
        .args(["-c", "\"$0\" run chapter-16 --format csv --weights /dev/fd/3 3>&1 >/dev/null"])
        .arg(env!("CARGO_BIN_EXE_gradient-lab"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut bytes = Vec::new();
    child.stdout.take().expect("piped").read_to_end(&mut bytes).expect("bytes");
    assert!(child.wait().expect("it ends").success());
    safetensors::SafeTensors::deserialize(&bytes).expect("a safetensors file");
}
