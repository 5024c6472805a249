//! Says that it was built for the next minor version of the SDK. Nothing else is looked at.

use weir_sdk::abi::Stamp;

/// The stamp of the next minor version.
#[unsafe(no_mangle)]
pub static WEIR_SDK_STAMP: Stamp = Stamp { minor: Stamp::OWN.minor + 1, ..Stamp::OWN };
