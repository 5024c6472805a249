//! Is each part that we wrote ourselves faster than the crate that does the same?
//!
//! * flow index against `hashbrown`, packet by packet and in batches, for 1,000 to 1,000,000 live flows;
//! * walk over the records of a capture against `pcap-file`;
//! * decoder against `etherparse`;
//! * CSV rows against the `csv` crate with `itoa` and `zmij`.
//!
//! `cargo test` takes fewer flows and packets.

use criterion::Criterion;
use weir_benches::traffic::Capture;
use weir_benches::{few_samples, is_test};

mod tables {
    pub mod csv;
    pub mod decode;
    pub mod index;
    pub mod records;
}

fn main() {
    let mut criterion = few_samples();
    let sizes: &[u64] = if is_test() { &[1_000, 5_000] } else { &[1_000, 100_000, 1_000_000] };
    sizes.iter().for_each(|&flows| tables::index::measure(&mut criterion, flows));
    let (packets, flows) = if is_test() { (50_000, 5_000) } else { (1_000_000, 100_000) };
    let capture = Capture::of_many_users(packets, flows);
    tables::records::measure(&mut criterion, &capture);
    tables::decode::measure(&mut criterion, &capture);
    tables::csv::measure(&mut criterion);
    Criterion::final_summary(&criterion);
}
