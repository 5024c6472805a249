//! Lists whose elements are made while they are appended.

use super::ColumnBuffer;

impl ColumnBuffer {
    /// Appends a list of elements of fixed width from their bytes, little endian, without a list of them in between.
    /// For a plugin that [appends](crate::FlowPlugin::append) its rows itself.
    ///
    /// ```
    /// use weir_sdk::columns::{Cell, ColumnBuffer};
    ///
    /// let (mut made, mut copied) = (ColumnBuffer::default(), ColumnBuffer::default());
    /// made.append_made([7_u16, 9].iter().map(|element| element.to_le_bytes()));
    /// vec![7_u16, 9].append(&mut copied);
    /// assert_eq!(made, copied);
    /// ```
    #[inline]
    pub fn append_made<const WIDTH: usize>(&mut self, elements: impl ExactSizeIterator<Item = [u8; WIDTH]>) {
        let (before, count) = (self.values.len(), elements.len());
        self.values.resize(before + count * WIDTH, 0);
        let (places, _) = self.values[before..].as_chunks_mut::<WIDTH>();
        places.iter_mut().zip(elements).for_each(|(place, element)| *place = element);
        self.end_list(count);
        self.end_row(true);
    }
}
