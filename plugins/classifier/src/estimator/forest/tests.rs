use super::*;

/// Up to 1 the first class, above it the second; absent values go to the right.
fn stump(threshold: f64) -> Tree {
    let split = Branch::Split { column: 0, threshold, left: 1, right: 2, absent_left: false };
    Tree { nodes: vec![split, Branch::Leaf(vec![1.0, 0.0]), Branch::Leaf(vec![0.0, 1.0])], output: 0 }
}

fn mean() -> Builder {
    Builder {
        combine: Combine::Mean,
        base: vec![0.0; 2],
        link: Link::Identity,
        columns: 1,
        classes: 2,
        knows_absent: true,
    }
}

fn column(values: &[f64]) -> Matrix {
    Matrix::of_rows(&values.iter().map(|&value| vec![value]).collect::<Vec<_>>()).unwrap()
}

fn second_class(builder: Builder, trees: &[Tree], values: &[f64]) -> Vec<f64> {
    let judged = builder.doubles(trees).unwrap().judge(&column(values));
    judged.probabilities.chunks(2).map(|pair| pair[1]).collect()
}

#[test]
fn a_value_up_to_the_threshold_goes_left() {
    let found = second_class(mean(), &[stump(1.0)], &[0.0, 1.0, 1.5, f64::INFINITY, f64::NAN]);
    assert_eq!(found, [0.0, 0.0, 1.0, 1.0, 1.0]);
}

#[test]
fn trees_are_averaged() {
    let trees = [stump(1.0), stump(2.0), stump(3.0), stump(4.0)];
    assert_eq!(second_class(mean(), &trees, &[0.0, 2.5, 9.0]), [0.0, 0.5, 1.0]);
}

#[test]
fn any_number_of_rows_goes_through() {
    for count in [0, 1, 7, 8, 9, 127, 128, 129, 300] {
        let values: Vec<f64> = (0..count).map(|n| f64::from(n % 3)).collect();
        let expected: Vec<f64> = values.iter().map(|&value| f64::from(u8::from(value > 1.0))).collect();
        assert_eq!(second_class(mean(), &[stump(1.0)], &values), expected, "{count} rows");
    }
}

#[test]
fn sums_begin_with_a_base_and_go_through_the_link() {
    let leaf = |value| Branch::Leaf(vec![value]);
    let tree = |left, right| {
        let split = Branch::Split { column: 0, threshold: 0.0, left: 1, right: 2, absent_left: true };
        Tree { nodes: vec![split, leaf(left), leaf(right)], output: 0 }
    };
    let builder = Builder { combine: Combine::Sum, base: vec![1.0], link: Link::Logistic, ..mean() };
    let found = second_class(builder, &[tree(-1.0, 1.0), tree(-2.0, 1.0)], &[-1.0, 1.0, f64::NAN]);
    let expected = [-2.0f64, 3.0, -2.0].map(|score| 1.0 / (1.0 + (-score).exp()));
    assert_eq!(found, expected);
}

#[test]
fn single_precision_compares_as_if_only_the_input_were_rounded() {
    // Between two singles: as single precision, the threshold must not be rounded up to the input.
    let threshold = 0.1;
    let above = f64::from(0.1f32);
    assert!(above > threshold);
    let judged = mean().singles(&[stump(threshold)]).unwrap().judge(&column(&[above, 0.05]));
    assert_eq!(judged.labels, [Some(1), Some(0)]);
}

#[test]
fn trees_that_no_walk_could_end_in_are_refused() {
    let split = |left, right| Branch::Split { column: 0, threshold: 0.0, left, right, absent_left: false };
    let refused = |nodes: Vec<Branch>| mean().build::<f64>(&[Tree { nodes, output: 0 }]).unwrap_err();
    assert_eq!(refused(vec![split(0, 0)]), "tree 0: its nodes go in a circle");
    assert_eq!(refused(vec![split(1, 2), Branch::Leaf(vec![1.0, 0.0])]), "tree 0: node 2 is not there");
    assert_eq!(refused(vec![Branch::Leaf(vec![1.0])]), "tree 0: a leaf has 1 values instead of 2");
    assert_eq!(refused(vec![]), "tree 0: node 0 is not there");
    let far = Branch::Split { column: 7, threshold: 0.0, left: 1, right: 2, absent_left: false };
    assert_eq!(refused(vec![far]), "tree 0: node 0 compares column 7 of 1");
}
