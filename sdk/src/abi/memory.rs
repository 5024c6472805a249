//! Memory: hints about it, and room that is made once for many elements.

use std::mem::MaybeUninit;

/// Asks for the first cache line of a value that will be needed soon, and waits for nothing.
///
/// ```
/// let table = vec![0_u64; 1 << 20];
/// weir_sdk::prefetch(&table[4711]);
/// ```
#[inline]
pub fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint about an address that exists; nothing is read.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

/// Appends the bytes that `element` gives for 0, 1, and so on, so many times: each is written where it stays.
#[inline(always)]
pub(crate) fn append_in_place<const WIDTH: usize>(
    bytes: &mut Vec<u8>,
    count: usize,
    mut element: impl FnMut(usize) -> [u8; WIDTH],
) {
    let room = count * WIDTH;
    bytes.reserve(room);
    let (places, _) = bytes.spare_capacity_mut()[..room].as_chunks_mut::<WIDTH>();
    places.iter_mut().enumerate().for_each(|(index, place)| *place = element(index).map(MaybeUninit::new));
    // SAFETY: room for them was reserved, and each of the places in it has just been written.
    unsafe { bytes.set_len(bytes.len() + room) };
}
