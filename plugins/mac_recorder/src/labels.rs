//! A list of texts, of which nearly all have one: that one stands in place, so that a row stays small.

use std::ops::Deref;

use weir_sdk::Mac;
use weir_sdk::columns::{Cell, ColumnBuffer, ValueType};

/// One text for each address of a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Labels<'a> {
    /// Of a list of one.
    One([&'a str; 1]),
    /// Of any other.
    Several(Vec<&'a str>),
}

impl<'a> Labels<'a> {
    /// What `name` gives for each of the addresses.
    pub(crate) fn of(macs: &[Mac], name: impl Fn(Mac) -> &'a str) -> Self {
        match macs {
            [mac] => Self::One([name(*mac)]),
            _ => Self::Several(macs.iter().map(|mac| name(*mac)).collect()),
        }
    }
}

impl<'a> Deref for Labels<'a> {
    type Target = [&'a str];

    fn deref(&self) -> &[&'a str] {
        match self {
            Self::One(one) => one,
            Self::Several(several) => several,
        }
    }
}

impl Cell for Labels<'_> {
    const TYPE: ValueType = <&[&str] as Cell>::TYPE;

    fn append(self, buffer: &mut ColumnBuffer) {
        (&self[..]).append(buffer);
    }

    #[inline]
    fn put(self, row: usize, buffer: &mut ColumnBuffer) -> bool {
        (&self[..]).put(row, buffer)
    }
}
