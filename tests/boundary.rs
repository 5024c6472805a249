//! The plugin boundary, with real libraries: the command meets good plugins, plugins that panic, and files
//! that are no plugins, and says of each what happened, where, and how to mend it.

#[path = "boundary/capture.rs"]
mod capture;
#[path = "boundary/plugins.rs"]
mod plugins;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use capture::{Sent, tcp, udp};
use serde_json::Value;
use tempfile::TempDir;
use weir_tests::command::{run, weir};

/// The whole workspace has one version.
const VERSION: &str = env!("CARGO_PKG_VERSION");
const MAJOR: &str = env!("CARGO_PKG_VERSION_MAJOR");
const MINOR: &str = env!("CARGO_PKG_VERSION_MINOR");

const LIMIT: Duration = Duration::from_secs(60);

/// A folder with a capture and some plugins, in which the command is run.
struct Bench {
    folder: TempDir,
}

/// How the command ended and what it wrote.
struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Bench {
    /// With the capture [`three_flows`].
    fn with(plugins: &[&str]) -> Self {
        let bench = Self { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        plugins::put(bench.path(), plugins);
        bench.capture(&three_flows());
        bench
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn capture(&self, packets: &[Sent]) {
        capture::write(&self.path().join("in.pcap"), packets);
    }

    /// The path of a test plugin in this folder.
    fn library(&self, name: &str) -> PathBuf {
        self.path().join(plugins::file_name(name))
    }

    fn weir(&self, arguments: &[&str]) -> Ran {
        let out = self.path().join("stdout");
        let mut command = Command::new(weir());
        command.current_dir(self.path()).args(arguments);
        command.stdout(File::create(&out).expect("the test's own folder can be written to"));
        let finished = run(&mut command, LIMIT);
        let out = fs::read_to_string(&out).expect("the command writes text");
        Ran { status: finished.status, out, err: finished.stderr }
    }

    /// Reads the capture with plugins of this folder.
    fn read(&self, plugins: &str, more: &[&str]) -> Ran {
        let arguments = ["in.pcap", "-w", "out.tsv", "--summary", "summary.json", "--plugin-dir", "."];
        self.weir(&[&arguments[..], &["-p", plugins], more].concat())
    }

    /// The rows that were written, cells by column.
    fn rows(&self) -> Vec<BTreeMap<String, String>> {
        let text = fs::read_to_string(self.path().join("out.tsv")).expect("rows were written");
        let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
        let names: Vec<String> = lines.next().expect("a header stands first").collect();
        lines.map(|cells| names.iter().cloned().zip(cells).collect()).collect()
    }

    /// One column, row by row.
    fn column(&self, name: &str) -> Vec<String> {
        self.rows().iter().map(|row| row[name].clone()).collect()
    }

    fn summary(&self) -> Value {
        let text = fs::read_to_string(self.path().join("summary.json")).expect("a summary was written");
        serde_json::from_str(&text).expect("the summary is JSON")
    }

    /// The warnings of the summary; the packets are all accounted for.
    fn warnings(&self) -> Vec<String> {
        let summary = self.summary();
        let packets = &summary["packets"];
        assert_eq!(packets["read"], packets["in_flows"], "each packet of the capture belongs to a flow");
        let warnings = summary["warnings"].as_array().expect("warnings are a list").iter();
        warnings.map(|warning| warning.as_str().expect("a warning is text").to_owned()).collect()
    }

    /// The run must be refused with one sentence, before anything is written.
    fn refuses(&self, ran: &Ran, sentence: &str) {
        assert_eq!(ran.err, format!("error: {sentence}\n"));
        assert_eq!(ran.status, Some(1));
        for file in ["out.tsv", "out.tsv.partial", "summary.json"] {
            assert!(!self.path().join(file).exists(), "{file} was written");
        }
    }
}

const CLIENT: (u8, u16) = (1, 40000);
const SERVER: (u8, u16) = (2, 80);

/// A conversation over TCP, a datagram, and a lone segment.
fn three_flows() -> Vec<Sent> {
    vec![
        tcp(0, CLIENT, SERVER, b""),
        tcp(10, SERVER, CLIENT, b""),
        tcp(20, CLIENT, SERVER, b"hello"),
        tcp(30, SERVER, CLIENT, b"welcome"),
        tcp(2000, CLIENT, SERVER, b"bye"),
        udp(2100, (3, 5353), (4, 53), b"name"),
        tcp(2200, (5, 50000), (6, 443), b"secret"),
    ]
}

/// A short flow that ends long before a long one begins; in between, more flows than a batch has packets.
fn early_and_late_flow() -> Vec<Sent> {
    let between = (0..300).map(|at| udp(1_000_000, (3, 1000 + at), (4, 53), b"x"));
    let mut packets = vec![tcp(0, CLIENT, SERVER, b"early"), tcp(10, SERVER, CLIENT, b"early")];
    packets.extend(between);
    packets.extend((0..4).map(|_| tcp(1_000_100, CLIENT, SERVER, b"late")));
    packets
}

/// Where a panic of a test plugin stands, without its line.
fn place(plugin: &str) -> String {
    format!("(tests/plugins/{plugin}/src/lib.rs:")
}

mod a_good_plugin {
    use super::*;

    #[test]
    fn its_cells_stand_in_the_rows() {
        let bench = Bench::with(&["good"]);
        let ran = bench.read("good", &[]);
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        assert_eq!(bench.warnings(), [""; 0]);
        assert_eq!(bench.column("good_label"), ["good", "good", "good"]);
        assert_eq!(bench.column("good_order"), ["aba", r#""""#, "a"]);
        assert_eq!(bench.column("good_packets_a"), ["2", "0", "1"]);
        assert_eq!(bench.column("good_packets_b"), ["1", "", ""]);
        assert_eq!(bench.column("good_scaled_a"), ["1.0", "0.0", "0.5"]);
        assert_eq!(bench.column("good_lengths_a"), ["[5,3]", "[]", "[6]"]);
        assert_eq!(bench.column("good_lengths_b"), ["[7]", "", ""]);
        assert_eq!(bench.column("good_last_len_a"), ["3", "", "6"]);
        assert_eq!(bench.column("good_late_a"), ["1", "0", "0"]);
    }

    #[test]
    fn its_states_are_dropped_once_flow_by_flow() {
        let bench = Bench::with(&["good"]);
        bench.read("good", &[]);
        assert_eq!(bench.column("good_alive"), ["6", "4", "2"], "two directions for each flow");
    }

    #[test]
    fn its_options_reach_it() {
        let bench = Bench::with(&["good"]);
        let options = ["label=ours", "minimum=2", "lengths=off", "scale=2.5", "late=5m"];
        let options: Vec<String> = options.iter().map(|option| format!("good.{option}")).collect();
        let arguments: Vec<&str> = options.iter().flat_map(|option| ["-o", option]).collect();
        assert_eq!(bench.read("good", &arguments).status, Some(0));
        assert_eq!(bench.column("good_label"), ["ours", "ours", "ours"]);
        assert_eq!(bench.column("good_last_len_a"), ["3", "", ""]);
        assert_eq!(bench.column("good_lengths_a"), ["", "", ""]);
        assert_eq!(bench.column("good_scaled_a"), ["5.0", "0.0", "2.5"]);
        assert_eq!(bench.column("good_late_a"), ["0", "0", "0"]);
    }

    #[test]
    fn it_can_be_named_by_its_file() {
        let bench = Bench::with(&["good"]);
        for file in [bench.library("good").display().to_string(), plugins::file_name("good")] {
            let ran = bench.weir(&["in.pcap", "-w", "out.tsv", "-p", &file]);
            assert_eq!(ran.status, Some(0), "{file}: {}", ran.err);
            assert_eq!(bench.column("good_order"), ["aba", r#""""#, "a"]);
        }
    }
}

mod a_plugin_that_panics {
    use super::*;

    /// Runs it beside `good`, whose columns must be right; the one warning that the run gives.
    fn warning_beside_good(bench: &Bench, plugin: &str) -> String {
        let ran = bench.read(&format!("good,{plugin}"), &[]);
        assert_eq!(ran.status, Some(3), "{}", ran.err);
        assert_eq!(bench.column("good_order"), ["aba", r#""""#, "a"]);
        assert_eq!(bench.column("good_packets_a"), ["2", "0", "1"]);
        let warnings = bench.warnings();
        let [warning] = warnings.as_slice() else { panic!("one warning, not {warnings:?}") };
        assert!(ran.err.contains(&format!("warning: {warning}\n")), "{}", ran.err);
        warning.clone()
    }

    fn check(warning: &str, plugin: &str, doing: &str, message: &str) {
        let begin = format!("plugin `{plugin}` panicked while it {doing}: {message} {}", place(plugin));
        assert!(warning.starts_with(&begin), "{warning}\nnot\n{begin}");
        let end = "); its columns are empty from there on, leave it out with `-p` and tell its author";
        assert!(warning.ends_with(end), "{warning}\nnot\n{end}");
    }

    #[test]
    fn in_packet_is_named_with_the_packet() {
        let bench = Bench::with(&["good", "panics_in_packet"]);
        let warning = warning_beside_good(&bench, "panics_in_packet");
        check(&warning, "panics_in_packet", "took packet 3", "three packets are too many");
        assert_eq!(bench.column("panics_in_packet_count_a"), ["", "", ""]);
    }

    #[test]
    fn in_packet_keeps_the_rows_before() {
        let bench = Bench::with(&["good", "panics_in_packet"]);
        bench.capture(&early_and_late_flow());
        // One of several workers finishes rows later than it takes packets.
        assert_eq!(bench.read("good,panics_in_packet", &["-j", "1"]).status, Some(3));
        let counts = bench.column("panics_in_packet_count_a");
        assert_eq!((counts.len(), counts[0].as_str(), counts[301].as_str()), (302, "1", ""));
        assert_eq!(bench.column("good_packets_a")[301], "4");
        let [warning] = bench.warnings().try_into().expect("one warning");
        check(&warning, "panics_in_packet", "took packet 305", "three packets are too many");
    }

    #[test]
    fn in_finish_is_named_with_the_flow_on_one_line() {
        let bench = Bench::with(&["good", "panics_in_finish"]);
        let warning = warning_beside_good(&bench, "panics_in_finish");
        let message = "two flows are too many says the second line";
        check(&warning, "panics_in_finish", "finished flow 2", message);
        assert_eq!(bench.column("panics_in_finish_count_a"), ["", "", ""]);
    }

    #[test]
    fn in_finish_takes_no_further_part() {
        let bench = Bench::with(&["good", "panics_in_finish"]);
        bench.capture(&early_and_late_flow());
        assert_eq!(bench.read("good,panics_in_finish", &[]).status, Some(3));
        let counts = bench.column("panics_in_finish_count_a");
        let filled: Vec<usize> = (0..counts.len()).filter(|&row| !counts[row].is_empty()).collect();
        assert_eq!(filled, [0], "the first flow ended before, all others in calls from the second on");
        assert_eq!(bench.warnings().len(), 1);
    }

    #[test]
    fn in_drop_of_every_state_does_not_end_the_program() {
        let bench = Bench::with(&["good", "panics_in_drop"]);
        let warning = warning_beside_good(&bench, "panics_in_drop");
        check(&warning, "panics_in_drop", "finished flow 1", "it clings to its count 0");
    }

    #[test]
    fn in_open_is_refused() {
        let bench = Bench::with(&["good", "panics_in_open"]);
        let ran = bench.read("good,panics_in_open", &[]);
        let path = Path::new("tests/plugins/panics_in_open/src/lib.rs");
        let line = line_of(path, "panic!");
        bench.refuses(
            &ran,
            &format!(
                "plugin `panics_in_open` panicked while it was opened: no table to work with ({}:{line}); run \
                 without it by `-p`, and tell its author",
                path.display()
            ),
        );
    }

    fn line_of(path: &Path, text: &str) -> usize {
        let source = fs::read_to_string(weir_tests::workspace_root().join(path)).expect("the source is here");
        1 + source.lines().position(|line| line.contains(text)).expect("the source says so")
    }
}

mod a_library_that_does_not_fit_is_refused {
    use super::*;

    fn check(plugin: &str, sentence: impl Fn(&str) -> String) {
        let bench = Bench::with(&["good", plugin]);
        let file = format!("./{}", plugins::file_name(plugin));
        bench.refuses(&bench.read(&format!("good,{plugin}"), &[]), &sentence(&file));
        bench.refuses(
            &bench.read(&format!("good,{}", plugins::file_name(plugin)), &[]),
            &sentence(&file[2..]),
        );
    }

    #[test]
    fn built_for_another_sdk() {
        check("other_version", |file| {
            format!(
                "plugin `{file}` was built for SDK {MAJOR}.{}, this program speaks SDK {MAJOR}.{MINOR}; \
                 rebuild it with weir-sdk = \"{MAJOR}.{MINOR}\"",
                MINOR.parse::<u16>().expect("a version is made of numbers") + 1
            )
        });
    }

    #[test]
    fn built_to_abort_on_panic() {
        check("aborts", |file| {
            format!(
                "plugin `{file}` was built with panic = \"abort\", so that its panic would end the whole run; \
                 rebuild it with panic = \"unwind\""
            )
        });
    }

    #[test]
    fn with_a_changed_layout() {
        check("changed_layout", |file| {
            format!(
                "plugin `{file}` says SDK {MAJOR}.{MINOR} but lays its data out differently (`describe.result` is `u32`, \
                 not `RResult`); rebuild it against this program's weir-sdk"
            )
        });
    }

    #[test]
    fn without_a_stamp() {
        check("no_stamp", |file| {
            format!(
                "`{file}` is a library but no weir plugin: it has no symbol `WEIR_SDK_STAMP`; a plugin ends \
                 with `weir_sdk::export_plugin!(..)`"
            )
        });
    }

    #[test]
    fn that_asks_for_more_alignment_than_rows_have() {
        check("misdeclared", |file| {
            format!(
                "plugin `{file}` cannot be used: its state must stand at multiples of 128 bytes, and 64 is the \
                 most there is; leave it out with `-p` until its author has mended that"
            )
        });
    }

    #[test]
    fn that_is_a_text() {
        let bench = Bench::with(&[]);
        let file = format!("./{}", plugins::file_name("x"));
        fs::write(
            bench.path().join(&file),
            "a text that is long enough to be taken for a header of a library",
        )
        .expect("the test's own folder can be written to");
        let sentence = format!(
            "cannot load plugin `{file}`: invalid ELF header; it is no shared library for this system, remove it \
             or choose plugins with `-p`"
        );
        bench.refuses(&bench.read("x", &[]), &sentence);
    }

    #[test]
    fn that_is_not_there() {
        let bench = Bench::with(&[]);
        let sentence =
            "`-p ./nothing.so`: there is no such file; `weir plugin list` shows the plugins there are";
        bench.refuses(&bench.read("./nothing.so", &[]), sentence);
    }
}

mod a_wrong_word_is_answered {
    use super::*;

    fn check(bench: &Bench, plugins: &str, option: Option<&str>, sentence: &str) {
        let option: Vec<&str> = option.into_iter().flat_map(|option| ["-o", option]).collect();
        bench.refuses(&bench.read(plugins, &option), sentence);
    }

    #[test]
    fn for_a_plugin() {
        let bench = Bench::with(&["good"]);
        let ran = bench.read("goood", &[]);
        let (before, after) = (
            "error: `-p goood`: there is no such plugin in `.`, `",
            "`; `weir plugin list` shows what there is; did you mean `good`?\n",
        );
        assert!(ran.err.starts_with(before) && ran.err.ends_with(after), "{}", ran.err);
        assert_eq!(ran.status, Some(1));
    }

    #[test]
    fn for_a_folder() {
        let bench = Bench::with(&[]);
        let sentence =
            "`--plugin-dir nowhere` is no folder; name the folder that the plugin libraries stand in";
        bench.refuses(&bench.weir(&["in.pcap", "-w", "out.tsv", "--plugin-dir", "nowhere"]), sentence);
    }

    #[test]
    fn for_an_option() {
        let bench = Bench::with(&["good", "same_column"]);
        check(
            &bench,
            "good",
            Some("good.lable=x"),
            "`-o good.lable`: plugin `good` has no such option; `weir plugin info good` lists them; did \
             you mean `label`?",
        );
        check(
            &bench,
            "good",
            Some("goof.label=x"),
            "`-o goof.label`: plugin `goof` is not loaded; did you mean `good`?",
        );
        check(
            &bench,
            "same_column",
            Some("same_column.x=1"),
            "`-o same_column.x`: plugin `same_column` has no such option; `weir plugin info same_column` lists them",
        );
    }

    #[test]
    fn for_the_value_of_an_option() {
        let bench = Bench::with(&["good"]);
        let check = |option: &str, complaint: &str| {
            let sentence = format!(
                "plugin `good` cannot be opened: {complaint}; `weir plugin info good` lists its options"
            );
            check(&bench, "good", Some(option), &sentence);
        };
        check("good.minimum=few", "option `minimum` is `few`, but it must be an integer");
        check("good.minimum=0", "option `minimum` is `0`, but it must be above 0");
        check("good.lengths=maybe", "option `lengths` is `maybe`, but it must be `true` or `false`");
        check("good.scale=x", "option `scale` is `x`, but it must be a number");
        check(
            "good.late=soon",
            "option `late` is `soon`, but it must be a duration such as `0.6`, `600ms`, or `5m`",
        );
    }
}

mod plugins_that_clash_are_refused {
    use super::*;

    #[test]
    fn with_one_column() {
        let bench = Bench::with(&["good", "same_column"]);
        let sentence = "plugins `good` and `same_column` both have a column `good_packets`; leave one of them out \
                        with `-p`";
        bench.refuses(&bench.read("good,same_column", &[]), sentence);
    }

    #[test]
    fn with_one_name() {
        let bench = Bench::with(&["good"]);
        fs::copy(bench.library("good"), bench.library("twin")).expect("a library can be copied");
        let (good, twin) = (plugins::file_name("good"), plugins::file_name("twin"));
        let sentence = format!("plugins `./{good}` and `./{twin}` are both called `good`; keep one of them");
        bench.refuses(&bench.read("good,twin", &[]), &sentence);
    }
}

mod the_command_tells {
    use super::*;

    #[test]
    fn which_plugins_there_are() {
        let bench = Bench::with(&["good", "panics_in_open"]);
        let ran = bench.weir(&["plugin", "list", "--plugin-dir", "."]);
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        let good = ran.out.lines().find(|line| line.starts_with("good ")).expect("good is listed");
        let words: Vec<&str> = good.split_whitespace().collect();
        assert_eq!(
            words.join(" "),
            format!("good {VERSION} everything that the boundary carries (only with -p)")
        );
        assert!(ran.out.lines().any(|line| line.starts_with("panics_in_open ")), "{}", ran.out);
    }

    #[test]
    fn what_a_plugin_is() {
        let bench = Bench::with(&["good"]);
        let ran = bench.weir(&["plugin", "info", "good", "--plugin-dir", "."]);
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        for said in [
            &format!("good {VERSION}: everything that the boundary carries\n"),
            "  -o good.label=good  (text) What `good_label` says.\n",
            "  -o good.minimum=1  (integer) Directions with fewer packets have no `good_last_len`.\n",
            "  -o good.lengths=on  (switch) Whether the lengths are listed.\n",
            "  -o good.scale=0.5  (number) Factor of `good_scaled`.\n",
            "  -o good.late=1s  (duration) Gap from which a packet counts as late.\n",
            "Packets with payload.",
        ] {
            assert!(ran.out.contains(said), "{said}\nis missing in\n{}", ran.out);
        }
    }

    #[test]
    fn what_the_columns_mean() {
        let bench = Bench::with(&["good"]);
        let ran = bench.weir(&["columns", "--json", "-p", "good", "--plugin-dir", "."]);
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        let dictionary: Value = serde_json::from_str(&ran.out).expect("the dictionary is JSON");
        let columns = dictionary["columns"].as_array().expect("columns are a list");
        let named = |name: &str| columns.iter().find(|column| column["name"] == name).expect(name);
        let lengths = named("good_lengths_a");
        assert_eq!(lengths["type"], "list<u32>");
        assert_eq!(lengths["unit"], "bytes");
        assert_eq!(lengths["definition"], "Payload lengths in their order.");
        assert_eq!(lengths["plugin"], "good");
        assert_eq!(named("good_label")["type"], "text");
        assert_eq!(named("good_last_len_b")["type"], "u32");
    }
}

mod a_row_plugin {
    use super::*;

    #[test]
    fn without_the_columns_that_it_reads_is_refused() {
        let bench = Bench::with(&["good", "reads_rows"]);
        let ran = bench.read("reads_rows", &[]);
        bench.refuses(
            &ran,
            "plugin `reads_rows` reads column `good_packets`, which no plugin of this run gives; add `good` to `-p`",
        );
    }

    #[test]
    fn reads_what_others_counted_and_loses_only_its_own_columns() {
        let bench = Bench::with(&["good", "reads_rows"]);
        bench.capture(&early_and_late_flow());
        assert_eq!(bench.read("good,reads_rows", &[]).status, Some(3));
        assert_eq!(bench.column("good_packets_a").len(), 302);
        let read = bench.column("reads_rows_packets_a");
        assert_eq!(read[0], bench.column("good_packets_a")[0]);
        assert_eq!(read.iter().skip(3).filter(|cell| !cell.is_empty()).count(), 0);
        let [warning] = bench.warnings().try_into().expect("one warning");
        assert!(warning.starts_with("plugin `reads_rows` panicked while it finished flow 3"), "{warning}");
    }

    #[test]
    fn reads_a_column_that_an_option_names() {
        let bench = Bench::with(&["good", "reads_rows"]);
        bench.capture(&early_and_late_flow()[..2]);
        bench.read("good,reads_rows", &["-o", "reads_rows.column=good_packets_a"]);
        let number = |text: &String| text.parse::<f64>().expect("a number");
        let read = bench.column("reads_rows_number_a");
        let counted = bench.column("good_packets_a");
        assert!(!read.is_empty() && read.iter().map(number).eq(counted.iter().map(number)), "{read:?}");
    }

    #[test]
    fn that_is_told_to_read_what_is_not_there_is_refused() {
        let bench = Bench::with(&["good", "reads_rows"]);
        let check = |column: &str, mend: &str| {
            let option = format!("reads_rows.column={column}");
            let ran = bench.read("good,reads_rows", &["-o", &option]);
            bench.refuses(
                &ran,
                &format!(
                    "plugin `reads_rows` reads column `{column}`, which no plugin of this run gives; {mend}"
                ),
            );
        };
        check("good_packets", "it stands in rows of the other kind, `--rows direction`");
        check("good_packts_b", "did you mean `good_packets_b`?");
        let ran = bench.read("good,reads_rows", &["-o", "reads_rows.column=good_label"]);
        bench.refuses(
            &ran,
            "plugin `reads_rows` cannot be opened: column `good_label` holds no numbers; \
             `weir plugin info reads_rows` lists its options",
        );
    }

    #[test]
    fn hears_of_directions_before_the_rows_that_end_after_them() {
        let bench = Bench::with(&["good", "reads_rows"]);
        bench.capture(&early_and_late_flow()[..2]);
        bench.read("good,reads_rows", &[]);
        let started = bench.column("reads_rows_started_a");
        assert!(!started.is_empty() && started.iter().all(|count| count != "0"), "{started:?}");
    }

    #[test]
    fn tells_before_the_run_and_what_it_counted() {
        let bench = Bench::with(&["good", "reads_rows"]);
        bench.capture(&early_and_late_flow()[..2]);
        assert_eq!(bench.read("good,reads_rows", &[]).status, Some(0));
        let summary = bench.summary();
        assert_eq!(summary["notices"][0], "plugin `reads_rows`: three flows will be too many");
        let directions = &summary["flows"]["directions"];
        assert_eq!(&summary["plugin_counts"]["reads_rows"]["starts"], directions);
        assert!(summary["plugin_counts"].get("good").is_none());
    }

    #[test]
    fn counts_are_added_up_over_captures_with_rows_of_their_own() {
        let bench = Bench::with(&["good", "reads_rows"]);
        bench.capture(&early_and_late_flow()[..2]);
        let copy = bench.path().join("copy.pcap");
        std::fs::copy(bench.path().join("in.pcap"), copy).expect("a capture can be copied");
        let arguments = ["--per-file", "-p", "good,reads_rows", "--plugin-dir", ".", "-w", "{}.csv"];
        let more = ["--summary", "summary.json", "in.pcap", "copy.pcap"];
        assert_eq!(bench.weir(&[&arguments[..], &more[..]].concat()).status, Some(0));
        let summary = bench.summary();
        assert_eq!(summary["plugin_counts"]["reads_rows"]["starts"], summary["flows"]["directions"]);
    }
}
