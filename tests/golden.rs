//! The sample capture gives the rows that stand beside it.
fn main() {}
