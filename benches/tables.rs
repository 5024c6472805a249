//! Is each part that we wrote ourselves faster than the crate that does the same?
//!
//! * flow index against `hashbrown`, packet by packet and in batches, for 1,000 to 1,000,000 live flows;
//! * walk over the records of a capture against `pcap-file`;
//! * decoder against `etherparse`;
//! * CSV rows against the `csv` crate with `itoa` and `zmij`.

use criterion::Criterion;
use weir_benches::few_samples;
use weir_benches::traffic::Capture;

mod tables {
    pub mod csv;
    pub mod decode;
    pub mod index;
    pub mod records;
}

fn main() {
    let mut criterion = few_samples();
    [1_000, 100_000, 1_000_000].into_iter().for_each(|flows| tables::index::measure(&mut criterion, flows));
    let capture = Capture::of_many_users(1_000_000, 100_000);
    tables::records::measure(&mut criterion, &capture);
    tables::decode::measure(&mut criterion, &capture);
    tables::csv::measure(&mut criterion);
    Criterion::final_summary(&criterion);
}
