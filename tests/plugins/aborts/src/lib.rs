//! Says that it was built with `panic = "abort"`. Nothing else is looked at.

use weir_sdk::abi::Stamp;

/// The stamp of a library that does not unwind.
#[unsafe(no_mangle)]
pub static WEIR_SDK_STAMP: Stamp = Stamp { unwinds: 0, ..Stamp::OWN };
