//! What the plugin `classifier` says of 10,000 rows is what the libraries say that trained its models.
//!
//! `models.py` trains and compares; `requirements.txt` names what it needs. Where that is not installed, the test says that
//! it was skipped; with `CI=true` it must run.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use tempfile::TempDir;
use weir_tests::command::run_weir;
use weir_tests::{two_at_a_time, workspace_root};

const LIMIT: Duration = Duration::from_secs(120);
const PACKETS: u64 = 120_000;
const ROWS: u64 = 10_000;
const SEED: u64 = 7;
const IMPORTS: &str = "import lightgbm, numpy, pandas, sklearn, xgboost";

/// Python with our package.
fn python() -> Command {
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", workspace_root().join("python"));
    python
}

fn has_python() -> bool {
    let imports = python().args(["-c", IMPORTS]).stderr(Stdio::null()).status();
    let is_there = imports.is_ok_and(|status| status.success());
    let is_wanted = env::var_os("CI").is_some_and(|value| value == "true");
    assert!(is_there || !is_wanted, "python3 lacks what tests/requirements.txt names");
    if !is_there {
        println!("skipped: python3 lacks what tests/requirements.txt names");
    }
    is_there
}

fn script(arguments: &[&Path], work: &str) -> String {
    let mut python = python();
    let output = python.arg(workspace_root().join("tests/models.py")).arg(work).args(arguments).output();
    let output = output.expect("python3 can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Runs weir over the capture with the plugins whose columns the models read.
fn export(capture: &Path, plugins: &str, options: &[String], rows: &Path) {
    let arguments = ["-q", "-j", "1", "-p", plugins].map(str::to_owned).into_iter();
    let options = options.iter().flat_map(|option| ["-o".to_owned(), option.clone()]);
    let files = ["-w".into(), rows.display().to_string(), capture.display().to_string()];
    let finished = run_weir(arguments.chain(options).chain(files), LIMIT);
    assert_eq!((finished.status, finished.stderr.as_str()), (Some(0), ""), "{}", rows.display());
}

/// Model files in a folder.
fn models(folder: &Path) -> Vec<PathBuf> {
    let files =
        fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it has names").path());
    let is_model =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json" || extension == "txt");
    let mut models: Vec<PathBuf> = files.filter(is_model).collect();
    models.sort();
    models
}

#[test]
fn every_kind_of_model_says_what_its_library_says() {
    if !has_python() {
        return;
    }
    let folder = TempDir::new().expect("a temporary folder can be made");
    let (capture, rows) = (folder.path().join("x.pcap"), folder.path().join("rows.csv"));
    let mut out = BufWriter::new(File::create(&capture).expect("the folder is ours"));
    weir_traffic::bench_capture(PACKETS, ROWS, SEED, &mut out)
        .and_then(|()| out.flush())
        .expect("the temporary folder has room");
    export(&capture, "+lengths,+exact_stats", &[], &rows);
    let trained = folder.path().join("models");
    fs::create_dir(&trained).expect("the folder is ours");
    println!("{}", script(&[&rows, &trained], "train"));
    let models = models(&trained);
    assert!(models.len() >= 35, "{} models were trained", models.len());
    two_at_a_time(&models, |model| {
        let options =
            [format!("classifier.model={}", model.display()), "classifier.probabilities=on".to_owned()];
        export(&capture, "+lengths,+exact_stats,+classifier", &options, &model.with_extension("said.csv"));
    });
    let said = script(&[&trained], "compare");
    println!("{said}");
    let compared = said.lines().filter(|line| line.contains(&format!(": {ROWS} rows, "))).count();
    assert_eq!(compared, models.len(), "{said}");
}
