//! Hints to the processor and the system about memory; one of the few files with `unsafe`.

use std::mem::MaybeUninit;

/// Asks for the cache line of a value, without waiting for it.
#[inline(always)]
pub fn prefetch<T>(value: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch is a hint: it reads nothing and never faults, whatever the address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(value.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

/// Asks for huge pages behind memory that will be touched here and there: fewer page faults, and addresses that
/// the processor finds sooner. Memory below a few mebibytes is not worth it.
pub fn want_huge_pages<T>(memory: &[MaybeUninit<T>]) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        const WORTH_IT: usize = 4 << 20;
        let start = memory.as_ptr().addr().next_multiple_of(PAGE);
        let end = (memory.as_ptr().addr() + size_of_val(memory)) / PAGE * PAGE;
        if end.saturating_sub(start) >= WORTH_IT {
            let first = memory.as_ptr().cast::<libc::c_void>().cast_mut().with_addr(start);
            // SAFETY: the whole pages lie within `memory`, and the advice changes none of their bytes.
            unsafe { libc::madvise(first, end - start, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}
