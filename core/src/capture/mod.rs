//! File or standard input → raw packets, in batches.
//!
//! What comes in: a path. What goes out: [`Record`]s that point into a window of bytes. What a frame
//! means is left to [`crate::decode`].
//!
//! [`Reader`] holds the loop; `open` finds out how the bytes are had and `window` holds a
//! chunk of them; `classic` and `pcapng` walk the records of the two formats.

mod bytes;
mod classic;
mod clock;
mod error;
mod interface;
mod open;
mod pcapng;
mod reader;
mod walk;
mod warnings;
mod window;

#[cfg(test)]
mod tests;

pub use error::{CaptureError, Fault, Magic, Place, Unit};
pub use open::begins_like_capture;
pub use reader::Reader;
pub use warnings::Warnings;

/// One captured frame: where its bytes stand in the window of its batch, and what its record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Time of capture, nanoseconds since 1970-01-01 UTC.
    pub time_ns: i64,
    /// First captured byte, counted from the start of the batch's window.
    pub start: usize,
    /// Bytes captured.
    pub captured_len: u32,
    /// Bytes on the wire.
    pub wire_len: u32,
    /// Link type of the interface it came from (the registry of LINKTYPE_ values).
    pub link_type: u16,
}
