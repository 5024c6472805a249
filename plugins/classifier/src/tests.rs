use std::fs;

use tempfile::TempDir;
use weir_sdk::testing::TestRows;

use super::*;

/// Up to 10 bytes `small`, above `large`; probabilities 0.9 and 0.8.
const SIZES: &str = r#"{
    "weir_model": 1, "columns": [{"name": "bytes", "type": "u64"}], "classes": ["small", "large"], "missing": "skip",
    "estimator": {"kind": "trees", "precision": "double", "combine": "mean", "base": [0, 0], "link": "identity",
        "trees": [{"columns": [0, 0, 0], "thresholds": [10, null, null], "left": [1, -1, -1], "right": [2, -1, -1],
            "values": [[], [0.9, 0.1], [0.2, 0.8]]}]}
}"#;

/// The second element of a list: below 0 `down`, above `up`.
const TURNS: &str = r#"{
    "weir_model": 1, "columns": [{"name": "turns.1"}], "classes": ["down", "up"], "missing": {"constant": 1.0},
    "estimator": {"kind": "linear", "vectors": [[1.0]], "intercepts": [0.0], "link": "none"}
}"#;

const CHAIN: &str = r#"{"weir_chain": 1, "models": [
    {"file": "sizes.json"},
    {"file": "turns.json", "name": "second", "when": {"sizes": ["large"]}}
]}"#;

struct Bench(TempDir);

impl Bench {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
        Self(folder)
    }

    fn open(&self, file: &str) -> Result<Classifier, String> {
        let model = self.0.path().join(file).to_string_lossy().into_owned();
        Classifier::open(Settings { model, classes: String::new(), probabilities: true })
    }

    /// What is said of a file that is refused, without the path of its folder.
    fn refused(&self, file: &str) -> String {
        let said = self.open(file).map(drop).unwrap_err();
        assert!(!said.contains('\n'), "{said}");
        said.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn rows() -> TestRows {
    let bytes = [Some(3u64), Some(10), Some(11), None];
    let turns = [Some(vec![1i64, 2]), None, Some(vec![0, -4]), Some(vec![0, 5])];
    TestRows::new(4).column("bytes", bytes).column("turns", turns)
}

/// The rows that the models give, told to a function one by one.
fn each(plugin: &mut Classifier, rows: &TestRows, mut take: impl FnMut(Row<'_>)) {
    plugin.prepare(&rows.ahead()).unwrap();
    rows.read(|rows| {
        plugin.batch(rows);
        rows.iter().for_each(|row| take(plugin.row(&row)));
    });
}

fn labels(plugin: &mut Classifier, rows: &TestRows) -> Vec<Option<String>> {
    let mut labels = Vec::new();
    each(plugin, rows, |row| labels.push(row.class_label.map(str::to_owned)));
    labels
}

#[test]
fn a_row_gets_class_and_probabilities() {
    let mut plugin = Bench::with(&[("sizes.json", SIZES)]).open("sizes.json").unwrap();
    assert_eq!(plugin.wants(), ["bytes"]);
    let mut found = Vec::new();
    each(&mut plugin, &rows(), |row| {
        found.push((row.class_label.map(str::to_owned), row.class_probability, row.class_probabilities));
    });
    let small = (Some("small".to_owned()), Some(0.9), Some(vec![0.9, 0.1]));
    let large = (Some("large".to_owned()), Some(0.8), Some(vec![0.2, 0.8]));
    assert_eq!(found, [small.clone(), small, large, (None, None, None)]);
}

#[test]
fn a_later_model_is_asked_where_an_earlier_one_said_so() {
    let bench = Bench::with(&[("sizes.json", SIZES), ("turns.json", TURNS), ("chain.json", CHAIN)]);
    let mut plugin = bench.open("chain.json").unwrap();
    assert_eq!(plugin.wants(), ["bytes", "turns"]);
    let mut opinions = Vec::new();
    each(&mut plugin, &rows(), |row| {
        let own: Vec<String> = row.class_opinions.iter().map(|class| (*class).to_owned()).collect();
        opinions.push((own, row.class_model.map(str::to_owned), row.class_probability));
    });
    let of = |first: &str, second: &str| vec![first.to_owned(), second.to_owned()];
    let (sizes, second) = (Some("sizes".to_owned()), Some("second".to_owned()));
    assert_eq!(opinions[0], (of("small", ""), sizes.clone(), Some(0.9)));
    assert_eq!(opinions[1], (of("small", ""), sizes, Some(0.9)));
    assert_eq!(opinions[2], (of("large", "down"), second, None));
    assert_eq!(opinions[3], (of("", ""), None, None));
}

#[test]
fn models_without_a_condition_are_all_asked() {
    let chain = r#"{"weir_chain": 1, "models": [{"file": "sizes.json"}, {"file": "turns.json"}]}"#;
    let bench = Bench::with(&[("sizes.json", SIZES), ("turns.json", TURNS), ("both.json", chain)]);
    let mut plugin = bench.open("both.json").unwrap();
    let found = labels(&mut plugin, &rows());
    let expected = ["up", "up", "down", "up"].map(|label| Some(label.to_owned()));
    assert_eq!(found, expected);
}

#[test]
fn only_the_shown_direction_of_a_conversation_is_asked() {
    let mut plugin = Bench::with(&[("sizes.json", SIZES)]).open("sizes.json").unwrap();
    let rows = TestRows::directions(&[true]).column("bytes", [1u64, 1]);
    plugin.prepare(&Ahead { of_conversations: true, ..rows.ahead() }).unwrap();
    rows.read(|rows| {
        plugin.batch(rows);
        assert_eq!(plugin.row(&rows.row(0)).class_label, Some("small"));
        assert_eq!(plugin.row(&rows.row(1)).class_label, None);
    });
}

#[test]
fn a_column_of_another_type_is_refused() {
    let bench = Bench::with(&[("sizes.json", SIZES), ("turns.json", TURNS)]);
    let check = |file, rows: TestRows, expected: &str| {
        let said = bench.open(file).unwrap().prepare(&rows.ahead()).unwrap_err();
        assert_eq!(said, expected);
    };
    let one = || TestRows::new(1);
    let expected = "model `sizes` reads column `bytes` as `u64`, but in this run it is `u16`";
    check("sizes.json", one().column("bytes", [1u16]), expected);
    let expected = "model `sizes` reads column `bytes`, which holds no numbers but `text`";
    check("sizes.json", one().column("bytes", ["x"]), expected);
    let expected =
        "model `sizes` reads column `bytes`, which is a list: name its elements, `bytes.0` and so on";
    check("sizes.json", one().column("bytes", [vec![1u64]]), expected);
    let expected = "model `turns` reads column `turns.1`, but `turns` is no list";
    check("turns.json", one().column("turns", [1u64]), expected);
}

#[test]
fn what_is_no_model_is_refused_with_a_sentence() {
    let check = |text: &str, expected: &str| {
        let said = Bench::with(&[("x.json", text)]).refused("x.json");
        assert_eq!(said, format!("model `x.json`: {expected}"));
    };
    let help = "`weir.export` of the Python package writes one";
    check("", &format!("it is no model file (EOF while parsing a value at line 1 column 0); {help}"));
    check("{\"a\": 1}", &format!("it is JSON, but no model file; {help}"));
    check("{\"weir_model\": 2}", "it is of version 2, and this program reads version 1");
    check(
        &SIZES[..200],
        &format!("it is no model file (EOF while parsing a string at line 3 column 80); {help}"),
    );
    check(
        CHAIN.replace("weir_chain", "weir_model").as_str(),
        "unknown field `models`, expected one of \
        `weir_model`, `about`, `columns`, `classes`, `missing`, `steps`, `estimator` at line 1 column 26",
    );
    let nan = SIZES.replace("[0.9, 0.1]", "[NaN, 0.1]");
    check(&nan, &format!("it is no model file (expected value at line 5 column 29); {help}"));
    let missing = SIZES.replace(", \"missing\": \"skip\"", "");
    check(
        &missing,
        "it does not say what an absent value means; give it `missing`: \"skip\", a constant, or an imputer",
    );
    let native = TURNS.replace("{\"constant\": 1.0}", "\"native\"");
    check(&native, "it leaves absent values to its estimator, which has no rule for them");
    check(&TURNS.replace("[[1.0]]", "[[1.0, 2.0]]"), "its estimator reads 2 columns of 1");
    check(&TURNS.replace("\"up\"", "\"down\""), "it has two classes `down`");
}

#[test]
fn an_unknown_step_or_estimator_is_named() {
    let step = TURNS.replace("\"estimator\"", "\"steps\": [{\"kind\": \"whiten\"}], \"estimator\"");
    let said = Bench::with(&[("x.json", &step)]).refused("x.json");
    assert!(said.starts_with("model `x.json`: unknown variant `whiten`, expected one of `impute`"), "{said}");
    let estimator = TURNS.replace("\"linear\"", "\"oracle\"");
    let said = Bench::with(&[("x.json", &estimator)]).refused("x.json");
    assert!(said.starts_with("model `x.json`: unknown variant `oracle`, expected one of `trees`"), "{said}");
    let scale = r#""steps": [{"kind": "maxabs", "scale": [1, 2]}], "estimator""#;
    let said = Bench::with(&[("x.json", &TURNS.replace("\"estimator\"", scale))]).refused("x.json");
    assert_eq!(said, "model `x.json`: step 0 (`maxabs`) has 2 numbers for 1 columns");
}

#[test]
fn a_chain_that_cannot_be_followed_is_refused() {
    let check = |chain: &str, expected: &str| {
        let bench = Bench::with(&[("sizes.json", SIZES), ("turns.json", TURNS), ("chain.json", chain)]);
        assert_eq!(bench.refused("chain.json"), format!("chain `chain.json`: {expected}"));
    };
    check(
        &CHAIN.replace("{\"sizes\":", "{\"sizs\":"),
        "no model before it is called `sizs`; did you mean `sizes`?",
    );
    check(
        &CHAIN.replace("[\"large\"]", "[\"larg\"]"),
        "model `sizes` has no class `larg`; did you mean `large`?",
    );
    check(
        &CHAIN.replace("\"second\"", "\"sizes\""),
        "two models are called `sizes`; give one of them another `name`",
    );
    check(
        r#"{"weir_chain": 1, "models": [{"file": "chain.json"}]}"#,
        "model `chain.json`: it is a chain, where a model is wanted",
    );
}

#[test]
fn a_model_must_be_named_and_be_there() {
    let none = Settings { model: String::new(), classes: String::new(), probabilities: false };
    let said = Classifier::open(none).map(drop).unwrap_err();
    assert_eq!(said, "option `model` names no file; set it with `-o classifier.model=FILE`");
    let said = Bench::with(&[]).refused("no.json");
    assert!(said.starts_with("cannot read model `no.json`: "), "{said}");
    let bench = Bench::with(&[]);
    fs::write(bench.0.path().join("x.bin"), [0xff, 0xfe, 0]).unwrap();
    assert_eq!(bench.refused("x.bin"), "cannot read model `x.bin`: it is no text, so it is no model file");
}

#[cfg(not(feature = "onnx"))]
#[test]
fn an_onnx_file_is_known_but_wants_another_build() {
    let said = Bench::with(&[("x.onnx", "")]).refused("x.onnx");
    let expected =
        "it is an ONNX file, and this plugin was built without them; build it with `--features onnx`";
    assert_eq!(said, format!("model `x.onnx`: {expected}"));
}
