//! How long does a forest take for a row?
//!
//! 100 trees of depth 12 over 100 columns and 5 classes, random and full: 4,095 questions a tree, more than training
//! makes of most data. The baseline asks one tree after the other, row by row, as one would write it first.
//! `plugin` is the whole way through the plugin, from the cells of a batch of rows to its columns.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use serde_json::{Value, json};
use weir_benches::few_samples;
use weir_plugin_classifier::estimator::forest::{Branch, Builder, Combine, Tree};
use weir_plugin_classifier::estimator::link::Link;
use weir_plugin_classifier::estimator::{Estimator, highest};
use weir_plugin_classifier::matrix::Matrix;
use weir_plugin_classifier::{Classifier, Settings};
use weir_sdk::testing::TestRows;
use weir_sdk::{Options, RowPlugin};
use weir_traffic::random::Random;

const TREES: usize = 100;
const COLUMNS: usize = 100;
const CLASSES: usize = 5;
const DEPTH: usize = 12;
/// Rows of one call: as many as the exporter finishes together.
const ROWS: usize = 512;
const SEED: u64 = 20_261_120;

fn main() {
    let mut random = Random::new(SEED);
    let trees: Vec<Tree> = (0..TREES).map(|_| tree(&mut random)).collect();
    let rows: Vec<Vec<f64>> = (0..ROWS).map(|_| (0..COLUMNS).map(|_| unit(&mut random)).collect()).collect();
    let matrix = Matrix::of_rows(&rows).expect("rows are of equal length");
    let forest = builder().singles(&trees).expect("the trees are whole");
    let expected: Vec<Option<usize>> = rows.iter().map(|row| one_by_one(&trees, row)).collect();
    assert_eq!(forest.judge(&matrix).labels, expected);
    measure(&mut few_samples(), &trees, &rows, &matrix, &*forest, &expected);
}

fn measure(
    criterion: &mut Criterion,
    trees: &[Tree],
    rows: &[Vec<f64>],
    matrix: &Matrix,
    forest: &dyn Estimator,
    expected: &[Option<usize>],
) {
    let table = table(rows);
    let mut plugin = plugin(trees, &table);
    assert_eq!(labels(&mut plugin, &table), expected);
    let mut group = criterion.benchmark_group("forest of 100 trees, 100 columns");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("row by row", |b| {
        b.iter(|| rows.iter().map(|row| one_by_one(black_box(trees), row)).collect::<Vec<_>>())
    });
    group.bench_function("batch", |b| b.iter(|| forest.judge(black_box(matrix))));
    group.bench_function("plugin", |b| b.iter(|| labels(&mut plugin, black_box(&table))));
    group.finish();
}

fn builder() -> Builder {
    Builder {
        combine: Combine::Mean,
        base: vec![0.0; CLASSES],
        link: Link::Identity,
        columns: COLUMNS,
        classes: CLASSES,
        knows_absent: true,
    }
}

/// A full tree: the children of node n are 2n + 1 and 2n + 2.
fn tree(random: &mut Random) -> Tree {
    let splits = (1 << DEPTH) - 1;
    let split = |at: usize, random: &mut Random| Branch::Split {
        column: random.below(COLUMNS as u64) as usize,
        // A quarter to three quarters, and a single precision number, as those of a file of such trees are.
        threshold: f64::from((0.25 + unit(random) / 2.0) as f32),
        left: 2 * at + 1,
        right: 2 * at + 2,
        absent_left: false,
    };
    let mut nodes: Vec<Branch> = (0..splits).map(|at| split(at, random)).collect();
    nodes.extend((0..=splits).map(|_| leaf(random)));
    Tree { nodes, output: 0 }
}

fn leaf(random: &mut Random) -> Branch {
    let mut shares = vec![0.0; CLASSES];
    shares[random.below(CLASSES as u64) as usize] = 0.75;
    shares[random.below(CLASSES as u64) as usize] += 0.25;
    Branch::Leaf(shares)
}

/// From 0 to 1, a single precision number.
fn unit(random: &mut Random) -> f64 {
    random.below(1 << 24) as f64 / f64::from(1 << 24)
}

/// The class that most trees are for.
fn one_by_one(trees: &[Tree], row: &[f64]) -> Option<usize> {
    let mut scores = [0.0; CLASSES];
    for tree in trees {
        let mut at = 0;
        let shares = loop {
            match &tree.nodes[at] {
                Branch::Leaf(shares) => break shares,
                Branch::Split { column, threshold, left, right, .. } => {
                    at = if row[*column] <= *threshold { *left } else { *right };
                }
            }
        };
        scores.iter_mut().zip(shares).for_each(|(score, share)| *score += share);
    }
    highest(&scores)
}

/// The rows as columns, as the exporter has them.
fn table(rows: &[Vec<f64>]) -> TestRows {
    (0..COLUMNS).fold(TestRows::new(ROWS), |table, column| {
        table.column(&format!("x{column}"), rows.iter().map(|row| row[column]))
    })
}

/// The plugin with the forest, by way of a model file.
fn plugin(trees: &[Tree], table: &TestRows) -> Classifier {
    let folder = tempfile::tempdir().expect("the benches need a temporary folder");
    let path = folder.path().join("forest.json");
    std::fs::write(&path, model_file(trees)).expect("the folder is ours");
    let path = path.to_string_lossy();
    let settings = Settings::parse(&[("model", &path)]).expect("the option is known");
    let mut plugin = Classifier::open(settings).expect("the file is a model");
    plugin.prepare(&table.ahead()).expect("the columns are there");
    plugin
}

fn model_file(trees: &[Tree]) -> String {
    let columns: Vec<Value> = (0..COLUMNS).map(|column| json!({ "name": format!("x{column}") })).collect();
    let classes: Vec<String> = (0..CLASSES).map(|class| class.to_string()).collect();
    let estimator = json!({
        "kind": "trees", "precision": "single", "combine": "mean", "base": vec![0.0; CLASSES], "link": "identity",
        "trees": trees.iter().map(tree_parts).collect::<Vec<_>>(),
    });
    let file = json!({
        "weir_model": 1, "columns": columns, "classes": classes, "missing": "native", "estimator": estimator,
    });
    file.to_string()
}

fn tree_parts(tree: &Tree) -> Value {
    let of = |split: fn(&Branch) -> Value| tree.nodes.iter().map(split).collect::<Vec<_>>();
    let columns = of(|branch| match branch {
        Branch::Leaf(_) => json!(0),
        Branch::Split { column, .. } => json!(column),
    });
    let thresholds = of(|branch| match branch {
        Branch::Leaf(_) => Value::Null,
        Branch::Split { threshold, .. } => json!(threshold),
    });
    let left = of(|branch| match branch {
        Branch::Leaf(_) => json!(-1),
        Branch::Split { left, .. } => json!(left),
    });
    let right = of(|branch| match branch {
        Branch::Leaf(_) => json!(-1),
        Branch::Split { right, .. } => json!(right),
    });
    let values = of(|branch| match branch {
        Branch::Leaf(shares) => json!(shares),
        Branch::Split { .. } => json!([]),
    });
    json!({ "columns": columns, "thresholds": thresholds, "left": left, "right": right, "values": values })
}

fn labels(plugin: &mut Classifier, table: &TestRows) -> Vec<Option<usize>> {
    table.read(|rows| {
        plugin.batch(rows);
        let class = |row| plugin.row(&row).class_label.and_then(|class| class.parse().ok());
        rows.iter().map(class).collect()
    })
}
