//! What the benches share: captures of their own making, the plain scan they are held against, the stages of
//! the data path one by one, and how long to measure.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`traffic`] | the captures, and what is known of them |
//! | [`scan`] | the plain scan: the least that anyone who looks at every byte must do |
//! | [`stages`] | reader, decoder, and flow table, each on top of the one before |
//! | [`trivial`] | twenty plugins that do next to nothing |
//! | [`whole`] | a whole run with plugins |

pub mod scan;
pub mod stages;
pub mod traffic;
pub mod trivial;
pub mod whole;

use std::time::Duration;

use criterion::Criterion;

/// Whether only the answers are wanted, as with `cargo test`: `cargo bench` says `--bench`.
pub fn is_test() -> bool {
    !std::env::args().any(|argument| argument == "--bench")
}

/// Few samples: a single one is a million packets.
pub fn few_samples() -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(400))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args()
}
