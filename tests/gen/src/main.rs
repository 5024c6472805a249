//! Writes a capture of our own making to standard output: `weir-traffic sample`, `weir-traffic messaging` (all its
//! scenes), or `weir-traffic bench PACKETS FLOWS SEED`. `weir-traffic labelled SYSTEM FOLDER SEED [SIZE]` writes
//! synthetic captures with their labels into a folder.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use weir_traffic::labelled::{self, System};

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
        ["labelled", system, folder, seed] => return labelled(system, folder, seed, None),
        ["labelled", system, folder, seed, size] => return labelled(system, folder, seed, Some(size)),
        _ => return usage(),
    };
    done(written.and_then(|()| out.flush()), "to standard output")
}

fn labelled(system: &str, folder: &str, seed: &str, size: Option<&str>) -> ExitCode {
    let Some(system) = System::named(system) else { return usage() };
    let (Ok(seed), Ok(size)) = (seed.parse(), size.map_or(Ok(system.usual_size()), str::parse)) else {
        return usage();
    };
    done(labelled::write(system, Path::new(folder), seed, size), &format!("into the folder `{folder}`"))
}

fn done(written: io::Result<()>, place: &str) -> ExitCode {
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot write the capture {place}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: weir-traffic sample | weir-traffic messaging | weir-traffic bench PACKETS FLOWS SEED |\n       \
         weir-traffic labelled SYSTEM FOLDER SEED [SIZE], with whole numbers and one of the systems {}",
        System::ALL.map(System::name).join(", ")
    );
    ExitCode::FAILURE
}
