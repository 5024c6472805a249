//! Boosters by hand: two trees of one split each.

use super::*;
use crate::matrix::Matrix;

/// `x < 0.5` gives -1, else 1; absent values go to the right. `y < 2` gives -1, else 1; absent ones to the left.
const XGBOOST: &str = r#"{"learner": {
    "feature_names": ["x", "y"],
    "gradient_booster": {"name": "gbtree", "model": {"tree_info": [0, 0], "trees": [
        {"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0],
         "split_conditions": [5E-1, -1E0, 1E0], "default_left": [0, 0, 0], "split_type": [0, 0, 0]},
        {"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [1, 0, 0],
         "split_conditions": [2E0, -1E0, 1E0], "default_left": [1, 0, 0], "split_type": [0, 0, 0]}]}},
    "learner_model_param": {"base_score": "[5E-1]", "num_class": "0", "num_feature": "2"},
    "objective": {"name": "binary:logistic"}}, "version": [3, 2, 0]}"#;

/// The same, but for `<=`; absent values of `x` count as 0, as those of a node that met none in training.
const LIGHTGBM: &str = "tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=1
objective=binary sigmoid:1
feature_names=x y
tree_sizes=1 1

Tree=0
num_leaves=2
num_cat=0
split_feature=0
threshold=0.5
decision_type=0
left_child=-1
right_child=-2
leaf_value=-1 1
is_linear=0
shrinkage=1


Tree=1
num_leaves=2
num_cat=0
split_feature=1
threshold=2
decision_type=10
left_child=-1
right_child=-2
leaf_value=-1 1
is_linear=0
shrinkage=1


end of trees
";

fn names() -> Names {
    Names { model: Some("booster".into()), ..Names::default() }
}

/// The logarithms of the odds that the model gives, rounded.
fn odds(model: &Model, rows: &[[f64; 2]]) -> Vec<f64> {
    let rows: Vec<Vec<f64>> = rows.iter().map(|row| row.to_vec()).collect();
    let judged = model.judge(Matrix::of_rows(&rows).unwrap());
    let odds = |pair: &[f64]| ((pair[1] / pair[0]).ln() * 1e6).round() / 1e6;
    judged.probabilities.chunks(2).map(odds).collect()
}

#[test]
fn xgboost_splits_by_less_than() {
    let model = xgboost::load(XGBOOST, names()).unwrap();
    assert_eq!(
        (model.classes.as_slice(), model.inputs[1].name.as_str()),
        (&["0".into(), "1".into()][..], "y")
    );
    let rows = [[0.0, 0.0], [0.5, 0.0], [0.5, 2.0], [f64::NAN, f64::NAN]];
    assert_eq!(odds(&model, &rows), [-2.0, 0.0, 2.0, 0.0]);
}

#[test]
fn the_base_score_of_two_classes_is_a_probability() {
    let model = xgboost::load(&XGBOOST.replace("[5E-1]\"", "7.5E-1\""), names()).unwrap();
    assert_eq!(odds(&model, &[[0.5, 0.0]]), [(3f64.ln() * 1e6).round() / 1e6]);
}

#[test]
fn lightgbm_splits_by_less_or_equal() {
    let model = lightgbm::load(LIGHTGBM, names()).unwrap();
    let rows = [[0.0, 0.0], [0.5, 2.0], [0.6, 2.5], [f64::NAN, f64::NAN]];
    assert_eq!(odds(&model, &rows), [-2.0, -2.0, 2.0, -2.0]);
    assert_eq!(content(LIGHTGBM), Ok(Content::LightGbm));
}

#[test]
fn names_that_a_booster_lacks_are_given_beside_it() {
    let named = Names {
        classes: Some(vec!["no".into(), "yes".into()]),
        columns: Some(vec!["a".into(), "b".into()]),
        ..names()
    };
    let model = xgboost::load(&XGBOOST.replace(r#""feature_names": ["x", "y"],"#, ""), named).unwrap();
    assert_eq!((model.classes[1].as_str(), model.inputs[0].name.as_str()), ("yes", "a"));
}

#[test]
fn boosters_that_are_not_understood_are_refused() {
    let refused = |text: &str| xgboost::load(text, names()).map(drop).unwrap_err();
    let said = refused(&XGBOOST.replace("gbtree", "dart"));
    assert_eq!(said, "its booster is `dart`, and only `gbtree` is known");
    let said = refused(&XGBOOST.replace("binary:logistic", "reg:squarederror"));
    assert_eq!(said, "its objective is `reg:squarederror`, which is none of classes");
    let said = refused(&XGBOOST.replacen("\"split_type\": [0, 0, 0]", "\"split_type\": [1, 0, 0]", 1));
    assert_eq!(said, "tree 0 splits by categories, which are not known here");
    let said = refused(&XGBOOST.replace("[1, -1, -1]", "[0, -1, -1]"));
    assert_eq!(said, "tree 0: its nodes go in a circle");
    let said = refused(&XGBOOST.replace(r#""feature_names": ["x", "y"],"#, ""));
    assert_eq!(said, "it names no columns; train it on a table with names, or name them in a chain");

    let refused = |text: &str| lightgbm::load(text, names()).map(drop).unwrap_err();
    let said = refused(&LIGHTGBM.replace("num_cat=0", "num_cat=1"));
    assert_eq!(said, "tree 0: it splits by categories, which are not known here");
    let said = refused(&LIGHTGBM.replace("decision_type=10", "decision_type=6"));
    assert_eq!(said, "tree 1: it takes zeros for absent values, which is not known here");
    let said = refused(&LIGHTGBM.replace("threshold=2\n", "threshold=x\n"));
    assert_eq!(said, "tree 1: `x` in the line `threshold=` is not what stands there in a model");
    let said = refused(&LIGHTGBM.replace("left_child=-1", "left_child=-9"));
    assert_eq!(said, "tree 0: node 9 is not there");
    let said = refused(&LIGHTGBM.replace("binary sigmoid:1", "regression"));
    assert_eq!(said, "its objective is `regression`, which is none of classes");
}
