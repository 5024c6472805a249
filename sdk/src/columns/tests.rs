//! Rows that are repeated, and lists that are written at once, against cells appended one by one.

use super::*;

/// Appends each cell, then the last once more: as a cell, or as what stands in the last row.
fn check<C: Cell + Clone>(cells: &[C]) {
    let (mut repeated, mut appended) = (ColumnBuffer::default(), ColumnBuffer::default());
    for (at, cell) in cells.iter().enumerate() {
        cell.clone().append(&mut repeated);
        cell.clone().append(&mut appended);
        repeated.repeat_row(C::TYPE);
        cell.clone().append(&mut appended);
        assert_eq!(repeated, appended, "cell {at}");
    }
}

#[test]
fn a_row_repeated_is_the_cell_appended_again() {
    check(&[7_u16, 9, 0]);
    check(&[None, Some(7_u64), None]);
    check(&[Some(true), None, Some(false), Some(true), None, None, Some(true)]);
    check(&["one", "", "three"]);
    check(&[Some("one"), None, Some("")]);
    check(&[None, Some(Ip::V4([1, 2, 3, 4])), Some(Ip::V6([6; 16]))]);
    check(&[vec![1_u32, 2], vec![], vec![3, 4, 5]]);
    check(&[Some(vec!["a", "bc"]), None, Some(vec![]), Some(vec!["def"])]);
}

#[test]
fn no_row_is_repeated_where_none_is() {
    let mut buffer = ColumnBuffer::default();
    buffer.repeat_row(<u16 as Cell>::TYPE);
    assert_eq!(buffer, ColumnBuffer::default());
}

fn check_list<T: Element>(elements: &[T]) {
    let (mut at_once, mut one_by_one) = (ColumnBuffer::default(), ColumnBuffer::default());
    for _ in 0..2 {
        T::write_all(elements, &mut at_once);
        elements.iter().for_each(|element| element.write(&mut one_by_one));
    }
    assert_eq!(at_once, one_by_one);
}

#[test]
fn elements_written_at_once_are_those_written_one_by_one() {
    check_list(&[1_u8, 2, 255]);
    check_list(&[0x0102_u16; 9]);
    check_list(&[1_u32, u32::MAX]);
    check_list(&[i64::MIN, -1, 0]);
    check_list(&[0.5_f64, f64::INFINITY]);
    check_list(&[Duration(-7), Duration(i64::MAX)]);
    check_list(&["a", "", "bc"]);
    check_list::<u16>(&[]);
}
