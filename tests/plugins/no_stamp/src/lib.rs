//! A library that has nothing to do with weir.

/// Somebody else's function.
#[unsafe(no_mangle)]
pub extern "C" fn somebody_elses_function() -> u32 {
    42
}
