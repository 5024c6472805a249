//! Databases made here and packets in, rows out.

mod mmdb;

use super::*;
use mmdb::{Mmdb, Value};
use tempfile::NamedTempFile;
use weir_sdk::testing::{TestPacket, check_columns, flow, packet, row_of};

const NOTHING: Row<'static> = Row {
    src_country: None,
    src_city: None,
    src_as_number: None,
    src_as_organisation: None,
    dst_country: None,
    dst_city: None,
    dst_as_number: None,
    dst_as_organisation: None,
};

fn map(entries: impl Into<Vec<(&'static str, Value)>>) -> Value {
    Value::Map(entries.into())
}

/// A record as GeoLite2-City has it, with fields around those that are looked for.
fn city_record(country: &'static str, city: &'static str) -> Value {
    let names = |local, english| map([("de", Value::Text(local)), ("en", Value::Text(english))]);
    map([
        ("city", map([("geoname_id", Value::Number(1)), ("names", names("anderswo", city))])),
        ("continent", map([("code", Value::Text("EU"))])),
        ("country", map([("iso_code", Value::Text(country)), ("names", names("Land", "country"))])),
        ("registered_country", map([("iso_code", Value::Text("ZZ"))])),
        ("subdivisions", Value::List(vec![map([("iso_code", Value::Text("XX"))])])),
    ])
}

fn country_record(country: &'static str) -> Value {
    map([("country", map([("iso_code", Value::Text(country))]))])
}

fn as_record(number: u32, organisation: &'static str) -> Value {
    map([
        ("autonomous_system_number", Value::Number(number)),
        ("autonomous_system_organization", Value::Text(organisation)),
    ])
}

fn cities() -> Mmdb {
    Mmdb::new(6)
        .network("192.0.2.0/24", city_record("DE", "Berlin"))
        .network("203.0.113.0/25", city_record("CH", "Bern"))
        .network("2001:db8:1::/48", city_record("SE", "Malmö"))
}

fn systems() -> Mmdb {
    Mmdb::new(6)
        .network("192.0.2.0/24", as_record(64_496, "Example One"))
        .network("2001:db8::/32", as_record(4_200_000_000, "Example Two"))
}

/// The path of a file with these bytes, which goes when `file` does.
fn file(bytes: &[u8]) -> (NamedTempFile, &'static str) {
    let file = NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), bytes).expect("it can be written");
    let path = file.path().to_str().expect("temporary paths are text").to_owned();
    (file, path.leak())
}

/// Rows of packets that meet these databases, given by option.
fn rows_with(databases: &[(&'static str, Mmdb)], packets: Vec<TestPacket>) -> Vec<Row<'static>> {
    let files: Vec<_> = databases.iter().map(|(option, made)| (*option, file(&made.bytes()))).collect();
    let geo = files.iter().fold(flow::<Geo>(), |geo, (option, (_, path))| geo.option(option, path));
    geo.rows(packets)
}

fn row_with(databases: &[(&'static str, Mmdb)], src: &str, dst: &str) -> Row<'static> {
    rows_with(databases, vec![packet().ips(src, dst)]).remove(0)
}

/// What the plugin says to a file of these bytes.
fn refusal(bytes: &[u8]) -> String {
    let (_file, path) = file(bytes);
    refusal_of(path).replace(path, "FILE")
}

fn refusal_of(path: &str) -> String {
    let files = Files::parse(&[("city", path)]).expect("the option is known");
    Geo::open(files).err().expect("the file is refused")
}

#[test]
fn columns_are_well_declared() {
    check_columns::<Geo>();
}

#[test]
fn state_of_a_conversation_stays_small() {
    assert!(size_of::<Endpoints>() <= 34, "{} bytes", size_of::<Endpoints>());
}

#[test]
fn without_a_file_every_column_is_empty() {
    assert_eq!(row_of::<Geo>([packet().ips("192.0.2.1", "203.0.113.1")]), NOTHING);
}

#[test]
fn a_file_of_cities_gives_city_and_country_of_both_addresses() {
    let row = row_with(&[("city", cities())], "192.0.2.1", "203.0.113.1");
    let expected = Row {
        src_country: Some("DE"),
        src_city: Some("Berlin"),
        dst_country: Some("CH"),
        dst_city: Some("Bern"),
        ..NOTHING
    };
    assert_eq!(row, expected);
}

#[test]
fn a_file_of_systems_gives_number_and_organisation() {
    let row = row_with(&[("asn", systems())], "2001:db8:1::1", "2001:db9::1");
    let expected =
        Row { src_as_number: Some(4_200_000_000), src_as_organisation: Some("Example Two"), ..NOTHING };
    assert_eq!(row, expected);
    let row = row_with(&[("asn", systems())], "203.0.113.1", "192.0.2.1");
    let expected = Row { dst_as_number: Some(64_496), dst_as_organisation: Some("Example One"), ..NOTHING };
    assert_eq!(row, expected);
}

#[test]
fn several_files_complete_each_other() {
    let row = row_with(&[("city", cities()), ("asn", systems())], "2001:db8:1::1", "2001:db8:2::1");
    assert_eq!((row.src_country, row.src_city), (Some("SE"), Some("Malmö")));
    assert_eq!((row.src_as_number, row.dst_as_number), (Some(4_200_000_000), Some(4_200_000_000)));
    assert_eq!((row.dst_country, row.dst_city), (None, None));
}

#[test]
fn a_file_of_countries_goes_before_one_of_cities() {
    let countries = Mmdb::new(4).network("192.0.2.0/24", country_record("AT"));
    let row = row_with(&[("city", cities()), ("country", countries)], "192.0.2.1", "203.0.113.1");
    assert_eq!((row.src_country, row.src_city), (Some("AT"), Some("Berlin")));
    assert_eq!((row.dst_country, row.dst_city), (Some("CH"), Some("Bern")));
}

#[test]
fn any_option_takes_a_file_of_any_fields() {
    let row = row_with(&[("country", systems())], "192.0.2.1", "192.0.2.2");
    assert_eq!((row.src_as_number, row.src_country), (Some(64_496), None));
}

#[test]
fn an_answer_has_the_places_the_other_way_round() {
    let question = packet().ips("192.0.2.1", "203.0.113.1");
    let answer = packet().ips("203.0.113.1", "192.0.2.1").side(Side::B);
    let rows = rows_with(&[("city", cities())], vec![question, answer]);
    assert_eq!((rows[0].src_city, rows[0].dst_city), (Some("Berlin"), Some("Bern")));
    assert_eq!((rows[1].src_city, rows[1].dst_city), (Some("Bern"), Some("Berlin")));
}

#[test]
fn a_conversation_that_its_responder_opens_is_told_from_its_initiator() {
    let first = packet().ips("203.0.113.1", "192.0.2.1").side(Side::B);
    let second = packet().ips("192.0.2.1", "203.0.113.1");
    let rows = rows_with(&[("city", cities())], vec![first.clone(), second]);
    assert_eq!((rows[0].src_city, rows[0].dst_city), (Some("Berlin"), Some("Bern")));
    let alone = rows_with(&[("city", cities())], vec![first]);
    assert_eq!((alone[0].src_city, alone[0].dst_city), (Some("Bern"), Some("Berlin")));
}

#[test]
fn addresses_outside_of_all_networks_are_nowhere() {
    let row = row_with(&[("city", cities()), ("asn", systems())], "203.0.113.200", "10.0.0.1");
    assert_eq!(row, NOTHING);
}

#[test]
fn an_ipv6_address_is_not_in_a_file_of_ipv4() {
    let countries = Mmdb::new(4).network("192.0.2.0/24", country_record("AT"));
    assert_eq!(row_with(&[("country", countries)], "2001:db8::1", "2001:db8::2"), NOTHING);
}

#[test]
fn layer_2_has_no_place() {
    let rows = rows_with(&[("city", cities())], vec![packet().ethertype(0x0806).payload_len(28)]);
    assert_eq!(rows, [NOTHING]);
}

#[test]
fn flat_records_are_read() {
    let flat = map([
        ("as_name", Value::Text("Example Three")),
        ("asn", Value::Text("AS64511")),
        ("city", Value::Text("Graz")),
        ("country", Value::Text("Austria")),
        ("country_code", Value::Text("AT")),
    ]);
    let row = row_with(&[("city", Mmdb::new(4).network("192.0.2.0/24", flat))], "192.0.2.1", "10.0.0.1");
    let expected = Row {
        src_country: Some("AT"),
        src_city: Some("Graz"),
        src_as_number: Some(64_511),
        src_as_organisation: Some("Example Three"),
        ..NOTHING
    };
    assert_eq!(row, expected);
}

#[test]
fn systems_may_stand_among_the_traits() {
    let record = map([("traits", as_record(64_500, "Example Four"))]);
    let row = row_with(&[("city", Mmdb::new(6).network("192.0.2.0/24", record))], "10.0.0.1", "192.0.2.1");
    assert_eq!((row.dst_as_number, row.dst_as_organisation), (Some(64_500), Some("Example Four")));
}

#[test]
fn a_field_of_another_type_is_absent_and_spoils_no_other() {
    let record = map([
        ("autonomous_system_number", Value::Text("many")),
        ("city", Value::Number(7)),
        ("country", map([("iso_code", Value::Text("NO"))])),
    ]);
    let row = row_with(&[("city", Mmdb::new(4).network("192.0.2.0/24", record))], "192.0.2.1", "10.0.0.1");
    assert_eq!(row, Row { src_country: Some("NO"), ..NOTHING });
}

#[test]
fn of_a_broken_record_counts_what_stands_before_the_breach() {
    let record = map([
        ("country_code", Value::Text("NO")),
        ("traits", map([("autonomous_system_number", Value::Breach)])),
        ("as_name", Value::Text("Example Five")),
    ]);
    let row = row_with(&[("city", Mmdb::new(4).network("192.0.2.0/24", record))], "192.0.2.1", "10.0.0.1");
    assert_eq!(row, Row { src_country: Some("NO"), ..NOTHING });
}

#[test]
fn a_missing_file_is_named_with_its_option() {
    let said = refusal_of("no/such/file.mmdb");
    assert!(said.starts_with("option `city`: cannot read `no/such/file.mmdb`: "), "{said}");
}

#[test]
fn a_file_that_is_no_database_is_named_with_the_cause() {
    let expected = "option `city`: `FILE` is no whole MaxMind DB file: ";
    let whole = cities().bytes();
    for bytes in [&b""[..], b"src_ip,src_port\n", &whole[..whole.len() / 2], &whole[..whole.len() - 1]] {
        let said = refusal(bytes);
        assert!(said.starts_with(expected) && said.len() > expected.len(), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }
}

#[test]
fn a_broken_file_is_refused_or_has_gaps_but_breaks_nothing() {
    let whole = Mmdb::new(4).network("192.0.2.0/28", city_record("DE", "Berlin")).bytes();
    let addresses = [[192, 0, 2, 1], [192, 0, 2, 200], [0; 4], [255; 4]];
    for (place, mask) in (0..whole.len()).flat_map(|place| [0x01, 0x20, 0x80, 0xff].map(|mask| (place, mask)))
    {
        let mut broken = whole.clone();
        broken[place] ^= mask;
        if let Ok(database) = Database::read(broken) {
            std::hint::black_box(addresses.map(|address| database.place(Ip::V4(address))));
        }
    }
}
