//! What is expected of a cell, and whether a cell is that.

use std::net::IpAddr;

/// A column of a row.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name in weir's own rows.
    pub name: &'static str,
    /// Its name in Tranalyzer's rows, if it has one there.
    pub tranalyzer: Option<&'static str>,
    /// What must stand there.
    pub value: Value,
}

/// What must stand in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// This text.
    Text(&'static str),
    /// This number, or none, which Tranalyzer prints as 0.
    Number(Option<u64>),
    /// A bit mask of so many hexadecimal digits.
    Bits(u64, usize),
    /// Nanoseconds.
    Nanoseconds(i64),
    /// About this number.
    Float(Float),
    /// An address, or none.
    Address(Option<IpAddr>),
    /// These elements.
    List(Vec<String>),
}

/// A number that single-precision arithmetic came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Float {
    /// The number; none if there is nothing to measure, which Tranalyzer prints as 0.
    pub value: Option<f64>,
    /// The largest number that had a part in it: its last bits are lost.
    pub scale: f64,
    /// What is lost beside that, whatever the number.
    pub lost: f64,
}

impl Value {
    /// Whether a cell of weir's own CSV is this.
    pub fn is_csv(&self, cell: &str) -> bool {
        match self {
            Self::Text(text) => cell == *text,
            Self::Number(number) => cell == number.map_or(String::new(), |number| number.to_string()),
            Self::Bits(bits, _) => cell == bits.to_string(),
            Self::Nanoseconds(time) => cell == time.to_string(),
            Self::Float(float) if float.value.is_none() => cell.is_empty(),
            Self::Float(float) => float.is_about(cell),
            Self::Address(address) => parsed(cell) == *address && cell.is_empty() == address.is_none(),
            Self::List(elements) => json_elements(cell).as_ref() == Some(elements),
        }
    }

    /// Whether a cell of Tranalyzer's text is this.
    pub fn is_tranalyzer(&self, cell: &str) -> bool {
        match self {
            Self::Text(text) => cell == *text,
            Self::Number(number) => cell == number.unwrap_or(0).to_string(),
            Self::Bits(bits, digits) => cell == format!("0x{bits:0digits$x}"),
            Self::Nanoseconds(time) => cell == seconds(*time),
            Self::Float(float) => float.is_about(cell),
            Self::Address(None) => cell == "-",
            Self::Address(address) => parsed(cell) == *address,
            Self::List(elements) => cell == elements.join(";"),
        }
    }
}

impl Float {
    fn is_about(&self, cell: &str) -> bool {
        let expected = self.value.unwrap_or(0.0);
        let tolerance = 1e-4 * expected.abs() + 1e-6 * self.scale + self.lost;
        cell.parse().is_ok_and(|found: f64| (found - expected).abs() <= tolerance)
    }
}

fn parsed(cell: &str) -> Option<IpAddr> {
    cell.parse().ok()
}

/// Seconds with nine decimals.
fn seconds(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    format!("{sign}{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)
}

/// The elements of a JSON array of texts or numbers.
fn json_elements(cell: &str) -> Option<Vec<String>> {
    let elements: Vec<serde_json::Value> = serde_json::from_str(cell).ok()?;
    let text =
        |element: &serde_json::Value| element.as_str().map_or_else(|| element.to_string(), str::to_owned);
    Some(elements.iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_told_from_what_is_nearly_they() {
        let list = Value::List(vec!["5".into(), "7".into()]);
        assert!(list.is_csv("[5,7]") && list.is_tranalyzer("5;7") && !list.is_csv("[5]"));
        let negative = Value::Nanoseconds(-1_500_000_000);
        assert!(negative.is_csv("-1500000000") && negative.is_tranalyzer("-1.500000000"));
        let float = Value::Float(Float { value: Some(2.0), scale: 2.0, lost: 0.0 });
        assert!(float.is_csv("2.0001") && !float.is_csv("2.001") && !float.is_csv(""));
        let none = Value::Float(Float { value: None, scale: 1.0, lost: 0.0 });
        assert!(none.is_csv("") && !none.is_csv("0.0") && none.is_tranalyzer("0"));
        assert!(Value::Bits(0x44, 16).is_tranalyzer("0x0000000000000044"));
        assert!(Value::Address(None).is_tranalyzer("-") && !Value::Address(None).is_csv("-"));
    }
}
