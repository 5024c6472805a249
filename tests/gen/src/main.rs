//! Writes a capture of our own making to standard output: `weir-traffic sample`, `weir-traffic messaging` (all its
//! scenes), or `weir-traffic bench PACKETS FLOWS SEED`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use weir_traffic::messaging::{disturb::merge, scenes};
use weir_traffic::sample::sample;
use weir_traffic::{Format, bench_capture, capture};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match arguments[..] {
        ["sample"] => out.write_all(&capture(&sample(), Format::PcapMicros)),
        ["messaging"] => {
            let packets = merge(scenes().into_iter().map(|scene| scene.packets));
            out.write_all(&capture(&packets, Format::PcapMicros))
        }
        ["bench", packets, flows, seed] => match (packets.parse(), flows.parse(), seed.parse()) {
            (Ok(packets), Ok(flows), Ok(seed)) => bench_capture(packets, flows, seed, &mut out),
            _ => return usage(),
        },
        _ => return usage(),
    };
    match written.and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot write the capture to standard output: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: weir-traffic sample | weir-traffic messaging | weir-traffic bench PACKETS FLOWS SEED, with whole numbers"
    );
    ExitCode::FAILURE
}
