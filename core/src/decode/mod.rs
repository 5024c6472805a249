//! Raw packet → packet: which layers a frame has, where they stand, and why decoding stopped.
//!
//! Decoding never fails and never reads beyond the captured bytes.
