//! What the documentation says is what the program says.

use std::fs;
use std::process::Command;

use weir_tests::command::weir;
use weir_tests::workspace_root;

/// `WEIR_ACCEPT=1` writes the page anew.
#[test]
fn the_page_of_columns_is_made_from_the_code() {
    let said = Command::new(weir()).args(["columns", "--markdown"]).output().expect("the command runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let page = workspace_root().join("docs/columns.md");
    if std::env::var_os("WEIR_ACCEPT").is_some() {
        fs::write(&page, &said.stdout).expect("the page can be written");
    }
    let written = fs::read(&page).expect("the page is there");
    assert!(
        written == said.stdout,
        "docs/columns.md is not what `weir columns --markdown` prints; accept it with WEIR_ACCEPT=1"
    );
}

/// The README shows rows of the sample: each must be a row that the command writes.
#[test]
fn the_rows_in_the_readme_are_rows_of_the_sample() {
    let root = workspace_root();
    let readme = fs::read_to_string(root.join("README.md")).expect("there is a README");
    let shown: Vec<&str> =
        readme.lines().skip_while(|line| !line.starts_with("src_ip,src_port")).take(4).collect();
    let columns: Vec<&str> = shown[0].split(',').collect();
    let rows = root.join("tests/golden/sample.csv");
    let mut reader = csv::Reader::from_path(rows).expect("the golden rows of the sample are there");
    let header = reader.headers().expect("rows have a header").clone();
    let places: Vec<usize> = columns
        .iter()
        .map(|column| {
            header.iter().position(|name| name == *column).expect("a column of the README is one of ours")
        })
        .collect();
    let picked: Vec<String> = reader
        .records()
        .map(|record| record.expect("golden rows are CSV"))
        .map(|record| places.iter().map(|&place| &record[place]).collect::<Vec<_>>().join(","))
        .collect();
    for row in &shown[1..] {
        assert!(picked.iter().any(|one| one == row), "the README shows a row that is not there: {row}");
    }
}

/// Every column says enough for a stranger, in words that the SDK's page lists.
#[test]
fn every_column_has_unit_source_and_a_definition_of_whole_sentences() {
    let said = Command::new(weir()).args(["columns", "--json"]).output().expect("the command runs");
    let dictionary: serde_json::Value = serde_json::from_slice(&said.stdout).expect("the dictionary is JSON");
    let columns = dictionary["columns"].as_array().expect("it lists columns");
    assert!(columns.len() > 30);
    for column in columns {
        let text = |key: &str| column[key].as_str().unwrap_or_default().to_owned();
        assert!(!text("unit").is_empty() && !text("source").is_empty(), "{column}");
        assert!(text("definition").ends_with('.'), "{column}");
        let is_mask = text("unit") == "bit mask";
        assert_eq!(is_mask, column["bits"].as_array().is_some_and(|bits| !bits.is_empty()), "{column}");
    }
}
