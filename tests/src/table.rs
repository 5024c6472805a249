//! Text of a Tranalyzer flow file → rows whose cells are asked for by column name.

use std::collections::HashMap;

/// A flow file: a header line that begins with `%`, then one line per flow direction, tab separated.
#[derive(Debug)]
pub struct Table {
    columns: Vec<String>,
    position: HashMap<String, usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads the text of a flow file.
    ///
    /// # Errors
    /// If there is no header, or a row has not as many cells as the header; the sentence names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let header =
            lines.next().and_then(|line| line.strip_prefix('%')).ok_or("line 1 does not begin with `%`")?;
        let columns: Vec<String> = header.split('\t').map(str::to_owned).collect();
        let position = columns.iter().cloned().zip(0..).collect();
        let mut rows = Vec::new();
        for (line, number) in lines.zip(2..) {
            let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
            if cells.len() != columns.len() {
                return Err(format!("line {number} has {} cells, the header {}", cells.len(), columns.len()));
            }
            rows.push(cells);
        }
        Ok(Self { columns, position, rows })
    }

    /// Column names in the order of the file.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether there is a column of this name.
    pub fn has(&self, column: &str) -> bool {
        self.position.contains_key(column)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row of this number, from 0.
    pub fn row(&self, number: usize) -> Row<'_> {
        Row { table: self, cells: &self.rows[number] }
    }

    /// All rows in the order of the file.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).map(|number| self.row(number))
    }
}

/// One direction of a flow.
#[derive(Clone, Copy, Debug)]
pub struct Row<'t> {
    table: &'t Table,
    cells: &'t [String],
}

impl<'t> Row<'t> {
    /// Text of a cell; empty if the file has no such column.
    pub fn cell(&self, column: &str) -> &'t str {
        self.table.position.get(column).map_or("", |position| &self.cells[*position])
    }

    /// A decimal cell; 0 if it is none.
    pub fn number(&self, column: &str) -> f64 {
        self.cell(column).parse().unwrap_or(0.0)
    }

    /// A bit mask; 0 if it is none.
    pub fn bits(&self, column: &str) -> u64 {
        bits(self.cell(column)).unwrap_or(0)
    }

    /// Whether any of these bits stands in `flowStat`.
    pub fn status(&self, mask: u64) -> bool {
        self.bits("flowStat") & mask != 0
    }

    /// The header descriptions, one after the other.
    pub fn descriptions(&self) -> std::str::Split<'t, char> {
        self.cell("hdrDesc").split(';')
    }

    /// Whether any description contains this text.
    pub fn describes(&self, text: &str) -> bool {
        self.cell("hdrDesc").contains(text)
    }

    /// Whether any description names `inner` somewhere behind `outer`.
    pub fn describes_inside(&self, outer: &str, inner: &str) -> bool {
        self.descriptions().any(|text| text.split_once(outer).is_some_and(|(_, rest)| rest.contains(inner)))
    }

    /// Whether the IP protocol is one of these; layer-2 rows print 0.
    pub fn protocol_is(&self, protocols: &[u8]) -> bool {
        self.cell("l4Proto").parse().is_ok_and(|protocol| protocols.contains(&protocol))
    }

    /// Whether source or destination port is one of these.
    pub fn port_is(&self, ports: &[u16]) -> bool {
        let is = |column| self.cell(column).parse().is_ok_and(|port: u16| ports.contains(&port));
        is("srcPort") || is("dstPort")
    }
}

/// The value of a cell such as `0x00ff`.
pub fn bits(cell: &str) -> Option<u64> {
    u64::from_str_radix(cell.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_the_name_of_their_column() {
        let table = Table::parse("%dir\tflowStat\tsrcPort\nA\t0x0400000000004000\t53\n").unwrap();
        let row = table.row(0);
        assert_eq!((row.cell("dir"), row.cell("none")), ("A", ""));
        assert!(row.status(0x4000) && !row.status(4) && row.port_is(&[53]) && !row.port_is(&[0]));
    }

    #[test]
    fn an_empty_cell_at_the_end_of_a_row_counts() {
        assert_eq!(Table::parse("%a\tb\nx\t\n").unwrap().row(0).cell("b"), "");
    }

    #[test]
    fn a_row_of_another_width_is_refused_with_its_line() {
        let refused = Table::parse("%a\tb\nx\ty\nx\n").unwrap_err();
        assert_eq!(refused, "line 3 has 1 cells, the header 2");
    }

    #[test]
    fn a_file_without_a_header_is_refused() {
        assert!(Table::parse("a\tb\n").is_err() && Table::parse("").is_err());
    }

    #[test]
    fn inside_means_within_one_description() {
        let table = Table::parse("%hdrDesc\neth:ipv4:gre:ipv4:udp;eth:vlan:ipv4\n").unwrap();
        assert!(table.row(0).describes_inside("gre", "udp"));
        assert!(!table.row(0).describes_inside("gre", "vlan"));
    }
}
