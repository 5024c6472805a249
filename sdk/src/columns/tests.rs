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
        for count in [0, 1, 3, 8, 21] {
            repeated.repeat_rows(C::TYPE, count);
            (0..count).for_each(|_| cell.clone().append(&mut appended));
            assert_eq!(repeated, appended, "cell {at}, {count} times");
        }
    }
}

/// Puts cells where there is room for so many, again and again, and appends them.
fn check_room<C: Cell + Clone>(cells: &[C]) {
    let mut room = ColumnBuffer::default();
    for len in [3, cells.len(), 0, 8, 1, 9] {
        let mut appended = ColumnBuffer::default();
        room.make_room(len, C::TYPE.fixed_width().unwrap_or(0));
        let put = |(row, cell): (usize, &C)| u8::from(cell.clone().put(row, &mut room));
        let presence: Vec<u8> = cells[..len].iter().enumerate().map(put).collect();
        note_presence(std::slice::from_mut(&mut room), &presence);
        cells[..len].iter().for_each(|cell| cell.clone().append(&mut appended));
        assert_eq!(room.validity, appended.validity, "{len} cells");
        assert!(room.values.starts_with(&appended.values), "{len} cells");
        assert_eq!((&room.list_ends, &room.text_ends), (&appended.list_ends, &appended.text_ends));
    }
}

#[test]
fn every_column_of_many_has_its_own_presence() {
    let mut buffers = vec![ColumnBuffer::default(); 131];
    let is_present = |row: usize, column: usize| (row * 131 + column) % 7 < 3;
    let byte = |row: usize, byte: usize| {
        let columns = (byte * 8..131).take(8);
        columns.fold(0, |bits, column| bits | u8::from(is_present(row, column)) << (column % 8))
    };
    let presence: Vec<u8> = (0..21).flat_map(|row| (0..17).map(move |n| byte(row, n))).collect();
    note_presence(&mut buffers, &presence);
    for (column, buffer) in buffers.iter().enumerate() {
        let bytes = (0..24).fold([0; 3], |mut bytes, row| {
            bytes[row / 8] |= u8::from(row < 21 && is_present(row, column)) << (row % 8);
            bytes
        });
        assert_eq!(buffer.validity, bytes, "column {column}");
    }
}

#[test]
fn cells_put_into_room_are_those_appended() {
    let numbers: Vec<u32> = (0..19).map(|n| n * 7_654_321).collect();
    check_room(&numbers);
    check_room(&numbers.iter().map(|n| (n % 3 > 0).then_some(*n)).collect::<Vec<_>>());
    check_room(&numbers.iter().map(|n| (n % 5 == 0).then_some(n % 2 == 0)).collect::<Vec<_>>());
    check_room(&numbers.iter().map(|n| Some(f64::from(*n)).filter(|n| *n > 0.0)).collect::<Vec<_>>());
    let ip = |n: &u32| [None, Some(Ip::V4([9; 4])), Some(Ip::V6([6; 16]))][(n % 3) as usize];
    check_room(&numbers.iter().map(ip).collect::<Vec<_>>());
    check_room(&numbers.iter().map(u32::to_string).collect::<Vec<_>>());
    check_room(&numbers.iter().map(|n| (n % 3 > 0).then(|| n.to_string())).collect::<Vec<_>>());
    check_room(&numbers.iter().map(|n| vec![*n; (n % 4) as usize]).collect::<Vec<_>>());
    check_room(&numbers.iter().map(|n| (n % 3 > 0).then(|| vec![*n as u8; 2])).collect::<Vec<_>>());
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
    buffer.repeat_rows(<u16 as Cell>::TYPE, 2);
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
