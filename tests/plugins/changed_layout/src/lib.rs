//! The right stamp in front of functions that have changed: the first, `describe`, gives a number.

use abi_stable::StableAbi;
use abi_stable::prefix_type::PrefixTypeTrait;
use weir_sdk::abi::{Layout, Stamp};

/// What the SDK's struct of this name is not.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModuleRef)))]
#[sabi(missing_field(panic))]
pub struct PluginModule {
    /// Another function than the SDK calls by this name.
    pub describe: extern "C" fn() -> u32,
    /// Another function than the SDK calls by this name.
    pub open: extern "C" fn(),
    /// Another function than the SDK calls by this name.
    pub begin: extern "C" fn(),
    /// Another function than the SDK calls by this name.
    pub packets: extern "C" fn(),
    /// Another function than the SDK calls by this name.
    pub finish: extern "C" fn(),
    /// Another function than the SDK calls by this name.
    pub rows: extern "C" fn(),
    /// Another function than the SDK calls by this name.
    pub counts: extern "C" fn(),
    /// Another function than the SDK calls by this name.
    pub notice: extern "C" fn(),
    /// Another function than the SDK calls by this name.
    pub wants: extern "C" fn(),
    /// Another function than the SDK calls by this name.
    pub prepare: extern "C" fn(),
    #[sabi(last_prefix_field)]
    /// Another function than the SDK calls by this name.
    pub close: unsafe extern "C" fn(*mut u8),
}

/// The stamp of this SDK.
#[unsafe(no_mangle)]
pub static WEIR_SDK_STAMP: Stamp = Stamp::OWN;

/// The layout that differs.
#[unsafe(no_mangle)]
pub extern "C" fn weir_plugin_layout() -> Layout {
    <PluginModuleRef as StableAbi>::LAYOUT
}

/// Functions that the program must not call.
#[unsafe(no_mangle)]
pub extern "C" fn weir_plugin_module() -> PluginModuleRef {
    PluginModule { describe, open, begin, packets, finish, rows, counts, notice, wants, prepare, close }
        .leak_into_prefix()
}

extern "C" fn describe() -> u32 {
    0
}

extern "C" fn open() {}

extern "C" fn begin() {}

extern "C" fn packets() {}

extern "C" fn finish() {}

extern "C" fn rows() {}

extern "C" fn counts() {}

extern "C" fn notice() {}

extern "C" fn wants() {}

extern "C" fn prepare() {}

unsafe extern "C" fn close(_: *mut u8) {}
