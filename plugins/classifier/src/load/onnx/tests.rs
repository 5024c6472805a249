//! A file by hand: `softmax(x w)` of two columns and two classes, and the place of the larger share. Needs a library of
//! ONNX Runtime, named by `ORT_DYLIB_PATH`; without it a test says that it was skipped.

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

/// A field of a message: its number, then text, bytes, or a message.
fn field(number: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let length = u8::try_from(content.len()).expect("a test has short messages");
    // Lengths are written in groups of seven bits.
    let length = if length < 128 { vec![length] } else { vec![length & 0x7f | 0x80, 1] };
    [&[number << 3 | 2], &length[..], content].concat()
}

/// A field that is a number below 128; fields from 16 on have tags of two bytes.
fn number(field: u8, value: u8) -> Vec<u8> {
    let tag = u16::from(field) << 3;
    let tag = if tag < 128 { vec![tag as u8] } else { vec![tag as u8 & 0x7f | 0x80, (tag >> 7) as u8] };
    [tag, vec![value]].concat()
}

fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, u8)]) -> Vec<u8> {
    const INTEGER: u8 = 2;
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| field(1, input)).collect();
    let attribute = |&(name, value): &(&str, u8)| {
        field(5, [field(1, name), number(3, value), number(20, INTEGER)].concat())
    };
    let attributes: Vec<u8> = attributes.iter().flat_map(attribute).collect();
    field(1, [inputs, field(2, output), field(4, operator), attributes].concat())
}

/// An input or output with these dimensions, the first of which may be any number.
fn tensor(place: u8, name: &str, element: u8, dimensions: &[u8]) -> Vec<u8> {
    let any = field(1, field(2, "n"));
    let known = dimensions.iter().flat_map(|&dimension| field(1, number(1, dimension)));
    let shape = any.into_iter().chain(known).collect::<Vec<u8>>();
    let kind = field(1, [number(1, element), field(2, shape)].concat());
    field(place, [field(1, name), field(2, kind)].concat())
}

fn model(columns: u8) -> Vec<u8> {
    const FLOAT: u8 = 1;
    const INTEGER: u8 = 7;
    let weights = [1f32, -1.0, 0.5, 0.25].iter().cycle().take(2 * usize::from(columns));
    let weights: Vec<u8> = weights.flat_map(|weight| weight.to_le_bytes()).collect();
    let weights =
        [number(1, columns), number(1, 2), number(2, FLOAT), field(8, "w"), field(9, weights)].concat();
    let graph = [
        node("MatMul", &["x", "w"], "s", &[]),
        node("Softmax", &["s"], "p", &[("axis", 1)]),
        node("ArgMax", &["p"], "label", &[("axis", 1), ("keepdims", 0)]),
        field(2, "graph"),
        field(5, weights),
        tensor(11, "x", FLOAT, &[columns]),
        tensor(12, "label", INTEGER, &[]),
        tensor(12, "p", FLOAT, &[2]),
    ];
    let opset = number(2, 13);
    [number(1, 8), field(8, opset), long_field(7, &graph.concat())].concat()
}

/// A message of up to 16,383 bytes.
fn long_field(number: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    [&[number << 3 | 2, length as u8 & 0x7f | 0x80, (length >> 7) as u8], content].concat()
}

fn has_library() -> bool {
    let is_there = std::env::var_os(LIBRARY).is_some();
    if !is_there {
        println!("skipped: {LIBRARY} names no library of ONNX Runtime");
    }
    is_there
}

fn names() -> Names {
    let list = |names: [&str; 2]| Some(names.map(str::to_owned).to_vec());
    Names { classes: list(["no", "yes"]), columns: list(["a", "b"]), ..Names::default() }
}

fn written(folder: &TempDir, columns: u8) -> PathBuf {
    let path = folder.path().join("x.onnx");
    std::fs::write(&path, model(columns)).expect("the folder is ours");
    path
}

#[test]
fn labels_and_probabilities_are_those_of_the_graph() {
    if !has_library() {
        return;
    }
    let folder = TempDir::new().expect("a temporary folder can be made");
    let loaded = load(&written(&folder, 2), names()).unwrap();
    let rows = Matrix::of_rows(&[vec![1.0, 0.0], vec![-1.0, 2.0], vec![f64::NAN, 0.0]]).unwrap();
    let judged = loaded.judge(rows);
    assert_eq!(judged.labels, [Some(0), Some(1), None]);
    // Scores are 1 and -1, then 0 and 1.5.
    for (at, score) in [(1, -2f64), (3, 1.5)] {
        let expected = 1.0 / (1.0 + (-score).exp());
        assert!((judged.probabilities[at] - expected).abs() < 1e-6, "{:?}", judged.probabilities);
    }
}

#[test]
fn a_graph_that_does_not_fit_is_refused() {
    let said = load(Path::new("x.onnx"), Names::default()).map(drop).unwrap_err();
    assert_eq!(said, "an ONNX file names neither its columns nor its classes; name both in a chain");
    if !has_library() {
        return;
    }
    let folder = TempDir::new().expect("a temporary folder can be made");
    let refused = |path: &Path| load(path, names()).map(drop).unwrap_err();
    assert_eq!(refused(&written(&folder, 3)), "it reads 3 columns, and 2 are named");
    std::fs::write(folder.path().join("x.onnx"), "none").expect("the folder is ours");
    let said = refused(&folder.path().join("x.onnx"));
    assert!(said.starts_with("ONNX Runtime refuses it: "), "{said}");
}
