//! Malformed data and weights files.

use std::fs;
use std::io::Write as _;

use crate::Folder;
use crate::helpers::lab;
use crate::helpers::process::{limited, refusal};

/// A safetensors file of tensors without pattern.
fn safetensors(tensors: &[(&str, &str, &[usize], usize)]) -> Vec<u8> {
    let (mut header, mut at) = (Vec::new(), 0);
    for (name, dtype, shape, bytes) in tensors {
        header.push(format!(
            "\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{at},{}]}}",
            at + bytes
        ));
        at += bytes;
    }
    let header = format!("{{{}}}", header.join(","));
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.resize(file.len() + at, 0);
    file
}

/// 2–3–1, whose weights are in `w.safetensors`.
const WEIGHTED: &str =
    "[architecture]\ninput = 2\nhidden = [3]\n[[variant]]\nweights = { file = 'w.safetensors' }";

fn bad_weights() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good: [(&str, &str, &[usize], usize); 4] = [
        ("0.weight", "F64", &[3, 2], 48),
        ("0.bias", "F64", &[3], 24),
        ("2.weight", "F64", &[1, 3], 24),
        ("2.bias", "F64", &[1], 8),
    ];
    let with = |place: usize, tensor: (&'static str, &'static str, &'static [usize], usize)| {
        let mut all = good;
        all[place] = tensor;
        safetensors(&all)
    };
    let whole = safetensors(&good);
    let mut nan = whole.clone();
    let end = nan.len();
    nan[end - 8..].copy_from_slice(&f64::NAN.to_le_bytes());
    let mut large = whole.clone();
    large[end - 8..].copy_from_slice(&1e300_f64.to_le_bytes());
    let mut infinite = whole.clone();
    infinite[end - 40..end - 32].copy_from_slice(&f64::INFINITY.to_le_bytes());
    let huge = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    let header = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    vec![
        ("empty", Vec::new(), "no whole safetensors file"),
        ("cut in the length", whole[..5].to_vec(), "no whole safetensors file"),
        ("cut in the header", whole[..40].to_vec(), "no whole safetensors file"),
        ("cut in the numbers", whole[..end - 9].to_vec(), "no whole safetensors file"),
        ("longer than it says", [&whole[..], &[0; 7]].concat(), "no whole safetensors file"),
        ("huge header", huge, "no whole safetensors file"),
        (
            "header of 100 MB that is not there",
            [&100_000_000_u64.to_le_bytes()[..], b"{\"a\":"].concat(),
            "no whole",
        ),
        ("header that is no JSON", header("{weights"), "no whole safetensors file"),
        ("header that is a list", header("[]"), "no whole safetensors file"),
        ("text", b"0.weight = [[1, 2], [3, 4]]".to_vec(), "no whole safetensors file"),
        ("a pickle", b"\x80\x02}q\x00X\x08\x00\x00\x00".repeat(9), "no whole safetensors file"),
        ("nothing in it", safetensors(&[]), "0 matrices of weights, and the network has 2 layers"),
        ("one layer", safetensors(&good[..2]), "1 matrices of weights"),
        (
            "offsets that overlap",
            header(
                "{\"0.weight\":{\"dtype\":\"F64\",\"shape\":[3,2],\"data_offsets\":[0,48]},\"2.weight\":{\"dtype\":\"F64\",\"shape\":[1,3],\"data_offsets\":[0,24]}}",
            ),
            "no whole",
        ),
        (
            "offsets beyond every number",
            header(
                "{\"0.weight\":{\"dtype\":\"F64\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,18446744073709551615]}}",
            ),
            "no whole",
        ),
        (
            "half precision",
            with(0, ("0.weight", "F16", &[3, 2], 12)),
            "“0.weight” has numbers of type F16",
        ),
        (
            "whole numbers",
            with(2, ("2.weight", "I64", &[1, 3], 24)),
            "“2.weight” has numbers of type I64",
        ),
        ("truth values", with(3, ("2.bias", "BOOL", &[1], 1)), "“2.bias” has numbers of type BOOL"),
        (
            "turned weights",
            with(0, ("0.weight", "F64", &[2, 3], 48)),
            "“0.weight” is 2 × 3 where 3 × 2 must stand",
        ),
        (
            "shapes that do not chain",
            with(2, ("2.weight", "F64", &[1, 4], 32)),
            "“2.weight” is 1 × 4 where 1 × 3",
        ),
        (
            "a bias that is too long",
            with(1, ("0.bias", "F64", &[4], 32)),
            "“0.bias” is 4 numbers where 3 numbers",
        ),
        ("a bias that is a matrix", with(1, ("0.bias", "F64", &[3, 1], 24)), "“0.bias” is 3 × 1"),
        (
            "a convolution",
            with(0, ("0.weight", "F64", &[3, 2, 1, 1], 48)),
            "“0.weight” normalizes a layer",
        ),
        (
            "a normalization nobody asked for",
            with(1, ("1.weight", "F64", &[3], 24)),
            "“1.weight” normalizes a layer",
        ),
        ("a number without a name", with(1, ("0", "F64", &[3], 24)), "“0” is no weight or bias"),
        (
            "a name without a number",
            with(0, ("fc.weight", "F64", &[3, 2], 48)),
            "“fc.weight” is no weight or bias",
        ),
        (
            "another kind of parameter",
            with(1, ("0.weight_g", "F64", &[3], 24)),
            "“0.weight_g” is no weight or bias",
        ),
        ("two networks", with(1, ("a.0.weight", "F64", &[3], 24)), "is no weight or bias"),
        ("a bias alone", with(0, ("4.bias", "F64", &[6], 48)), "is no weight or bias"),
        ("no number", nan, "“2.bias” has NaN"),
        ("too large a number", large, "numbers from -1e6 to 1e6 are accepted"),
        ("infinity", infinite, "has inf"),
    ]
}

/// 2–3–1 on `d.csv`.
pub const ON_A_FILE: &str =
    "[architecture]\nhidden = [3]\nloss = 'bce'\n[data]\nset = 'file'\npath = 'd.csv'";

fn bad_data() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let million = vec!["1"; 1_000_000].join(",");
    vec![
        ("empty", Vec::new(), "it has no row of numbers"),
        ("a header alone", b"x,y,label\n".to_vec(), "it has no row of numbers"),
        ("one column", b"1\n0\n1\n".to_vec(), "it has 1 column"),
        ("text in numbers", b"x,y\n1,0\n2,zero\n".to_vec(), "“zero” in line 3, column 2"),
        ("a gap", b"1,0\n,1\n".to_vec(), "“” in line 2, column 1"),
        ("no number", b"1,0\nNaN,1\n".to_vec(), "“NaN” in line 2, column 1"),
        ("infinity", b"1,0\n1,1\ninf,1\n".to_vec(), "“inf” in line 3, column 1"),
        ("too large a number", b"1,0\n1e9,1\n".to_vec(), "“1e9” in line 2"),
        (
            "a million columns",
            format!("{million}\n{million}\n").into_bytes(),
            "it has 1000000 columns",
        ),
        ("ragged rows", b"1,2,0\n1,1\n".to_vec(), "line 2 has 2 columns, and the first has 3"),
        ("bytes that are no text", b"1,0\n\xff\xfe,1\n".to_vec(), "in line 2, column 1"),
        ("zeros", vec![0; 4096], "it has 1 column"),
        ("a label that is none", b"1,0\n2,1\n3,2\n".to_vec(), "the label 2 of example 3"),
        ("half a label", b"1,0\n2,0.5\n".to_vec(), "the label 0.5 of example 2"),
        ("semicolons", b"1;2;0\n3;4;1\n".to_vec(), "it has 1 column"),
    ]
}

/// An array as NumPy saves it, of a header in its words.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).expect("short").to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), data].concat()
}

fn npz(arrays: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default();
    let stored = stored.compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in arrays {
        archive.start_file(format!("{name}.npy"), stored).expect("in memory");
        archive.write_all(bytes).expect("in memory");
    }
    archive.finish().expect("in memory").into_inner()
}

fn bad_archives() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let doubles = |count: usize| [0, 0, 0, 0, 0, 0, 0xf0, 0x3f].repeat(count);
    let (x, y) = (npy("'<f8'", "(4, 2)", &doubles(8)), npy("'|b1'", "(4,)", &[0, 1, 0, 1]));
    let good = npz(&[("X", &x), ("y", &y)]);
    let with_x = |x: &[u8]| npz(&[("X", x), ("y", &y)]);
    let with_y = |y: &[u8]| npz(&[("X", &x), ("y", y)]);
    let of = |descr: &str| with_x(&npy(descr, "(4, 2)", &doubles(8)));
    let shaped = |shape: &str| with_x(&npy("'<f8'", shape, &doubles(8)));
    let mut infinite = doubles(7);
    infinite.extend(f64::INFINITY.to_le_bytes());
    let mut damaged = good.clone();
    damaged[140] ^= 1;
    let mut long = npy("'<f8'", "(4, 2)", &doubles(8));
    long[6] = 3;
    long.splice(8..10, [0xff; 4]);
    let objects = fs::read("tests/data/npz/objects.npz").expect("made by NumPy");
    vec![
        ("no archive", b"X,y\n1,0\n".to_vec(), "no archive that NumPy saved"),
        ("an empty archive", npz(&[]), "no archive that NumPy saved"),
        ("a truncated archive", good[..150].to_vec(), "no archive that NumPy saved"),
        ("another bit", damaged, "reading it failed"),
        ("one array", npz(&[("X", &x)]), "holds 1 array, and takes two"),
        ("text in an archive", with_x(b"hello, this is no array"), "array “X”: it does not begin"),
        ("half a header", with_x(&x[..20]), "it ends before"),
        ("four gigabytes of header", with_x(&long), "header has 4294967295 bytes"),
        ("no shape", with_x(&npy("'<f8'", "None", &[])), "it does not begin as an array"),
        ("a negative axis", shaped("(-4, 2)"), "it does not begin as an array"),
        ("a truncated array", with_x(&x[..x.len() - 1]), "it ends before all of its numbers"),
        ("a longer array", with_x(&[&x[..], &[0]].concat()), "more bytes than its shape says"),
        ("a promise of 80 TB", shaped("(10000000000000, 1)"), "more than 20000000 numbers"),
        ("more than any number", shaped("(9223372036854775807, 9)"), "more than 20000000 numbers"),
        ("objects by NumPy", objects, "array “X”: it holds Python objects"),
        ("texts", of("'<U2'"), "dtype is <U2"),
        ("complex numbers", of("'<c8'"), "dtype is <c8"),
        ("records", of("[('a', '<f8')]"), "dtype is that of records"),
        ("16 bits", of("'<f2'"), "dtype is <f2"),
        ("images", shaped("(2, 2, 2)"), "its shape is (2, 2, 2)"),
        ("a single number", shaped("()"), "its shape is ()"),
        ("no columns", with_x(&npy("'<f8'", "(4, 0)", &[])), "it has no number"),
        (
            "a million columns in an archive",
            with_x(&npy("'|u1'", "(4, 1000000)", &vec![1; 4_000_000])),
            "it has 1000000 columns",
        ),
        ("infinity in an archive", with_x(&npy("'<f8'", "(4, 2)", &infinite)), "inf at [3, 1]"),
        ("two targets", with_y(&npy("'|u1'", "(4, 2)", &[0; 8])), "array “y”: it has 2 columns"),
        ("a row too few", with_y(&npy("'|u1'", "(3,)", &[0; 3])), "have 4 and 3 rows"),
        ("a label that is none", with_y(&npy("'|u1'", "(4,)", &[3; 4])), "the label 3"),
    ]
}

#[test]
fn malformed_files_are_refused_in_one_sentence() {
    let folder = Folder::new();
    let (weighted, on_a_file) = (folder.file("w.toml", WEIGHTED), folder.file("d.toml", ON_A_FILE));
    let on_an_archive = folder.file("z.toml", ON_A_FILE.replace("d.csv", "d.npz"));
    let weights = bad_weights().into_iter().map(|case| ("w.safetensors", &weighted, case));
    let data = bad_data().into_iter().map(|case| ("d.csv", &on_a_file, case));
    let archives = bad_archives().into_iter().map(|case| ("d.npz", &on_an_archive, case));
    let cases: Vec<_> = weights.chain(data).chain(archives).collect();
    assert!(cases.len() >= 70);
    for (file, experiment, (what, bytes, part)) in cases {
        folder.file(file, bytes);
        // Two gigabytes of address space.
        let (output, _) = limited(2_000_000, &["run", experiment], b"");
        let sentence = refusal(2, &output).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
        assert!(sentence.contains(part), "{what}: {sentence}");
    }
    let files = [("w.safetensors", &weighted), ("d.csv", &on_a_file), ("d.npz", &on_an_archive)];
    for (file, experiment) in files {
        fs::remove_file(folder.path(file)).expect("it was there");
        let sentence = refusal(2, &lab(&["run", experiment])).expect("a sentence");
        assert!(sentence.contains("cannot be read"), "{sentence}");
    }
}
