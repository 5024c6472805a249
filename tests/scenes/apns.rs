//! APNs, and what resembles it. Lengths on the wire follow from those of the texts by cipher.

use std::fs;

use super::{check, check_none, check_with};

/// Bits of the evidence.
mod bit {
    pub const ADDRESS: u16 = 0x01;
    pub const PORT: u16 = 0x02;
    pub const ALPN: u16 = 0x04;
    pub const SNI: u16 = 0x08;
    pub const PATTERN: u16 = 0x10;
    pub const PUSH_NETWORK: u16 = 0x20;
    pub const FALLBACK_PORT: u16 = 0x40;
    pub const PROVIDER: u16 = 0x80;
}

fn check_verdict(scene: &str, verdict: &str, evidence: u16, cipher: &str) {
    let evidence = evidence.to_string();
    let cells = [("apns_verdict", verdict), ("apns_evidence", &evidence), ("apns_cipher", cipher)];
    check(scene, &cells);
    check(scene, &[("mmtls_verdict", "")]);
}

fn check_counts(scene: &str, [notifications, acknowledgements, keep_alives]: [&str; 3]) {
    let cells = [
        ("apns_notifications", notifications),
        ("apns_acknowledgements", acknowledgements),
        ("apns_keep_alives", keep_alives),
    ];
    check(scene, &cells);
}

/// A courier answers the words of its device by a message like any other, and then notifies three times.
const CONNECTED: [&str; 3] = ["4", "3", "3"];

#[test]
fn a_device_connects_to_port_5223() {
    let evidence = bit::ADDRESS | bit::PORT | bit::ALPN | bit::SNI | bit::PATTERN | bit::PUSH_NETWORK;
    for (scene, cipher) in [
        ("apns_5223_tls10", "tls10"),
        ("apns_5223_cbc", "cbc"),
        ("apns_5223_gcm", "gcm"),
        ("apns_5223_chacha", "chacha"),
        ("apns_5223_tls13", "tls13"),
        ("apns_5223_ipv6", "gcm"),
    ] {
        check_verdict(scene, "certain", evidence, cipher);
        check_counts(scene, CONNECTED);
    }
}

#[test]
fn a_device_falls_back_to_port_443() {
    let names = bit::ALPN | bit::SNI;
    let evidence = bit::ADDRESS | bit::FALLBACK_PORT | names | bit::PATTERN | bit::PUSH_NETWORK;
    for (scene, cipher) in [("apns_443_cbc", "cbc"), ("apns_443_gcm", "gcm"), ("apns_443_tls13", "tls13")] {
        check_verdict(scene, "certain", evidence, cipher);
        check_counts(scene, CONNECTED);
    }
}

#[test]
fn names_tell_a_courier_behind_a_relay() {
    check_verdict("apns_relayed", "certain", bit::ALPN | bit::SNI | bit::FALLBACK_PORT, "cbc");
}

/// A keep-alive, then two notifications, each acknowledged and followed by a keep-alive.
const MIDWAY: [&str; 3] = ["2", "2", "3"];

#[test]
fn a_connection_met_midway_shows_its_pattern() {
    let evidence = bit::ADDRESS | bit::PORT | bit::PATTERN;
    for (scene, cipher) in
        [("apns_midway_tls10", "tls10"), ("apns_midway_cbc", "cbc"), ("apns_midway_gcm", "gcm")]
    {
        check_verdict(scene, "certain", evidence, cipher);
        check_counts(scene, MIDWAY);
    }
}

#[test]
fn a_connection_to_port_443_met_midway_is_likely() {
    let evidence = bit::ADDRESS | bit::FALLBACK_PORT | bit::PATTERN | bit::PUSH_NETWORK;
    check_verdict("apns_midway_443", "likely", evidence, "cbc");
    check_counts("apns_midway_443", MIDWAY);
}

#[test]
fn the_server_may_come_first() {
    check_verdict("apns_server_first", "certain", bit::ADDRESS | bit::PORT | bit::PATTERN, "cbc");
    check_counts("apns_server_first", ["1", "1", "0"]);
}

#[test]
fn an_alert_of_53_bytes_is_no_acknowledgement() {
    check_verdict("apns_alert", "likely", bit::ADDRESS | bit::PORT, "cbc");
    check_counts("apns_alert", ["1", "0", "0"]);
}

#[test]
fn the_order_and_number_of_segments_do_not_matter() {
    check_counts("apns_reordered", ["3", "2", "2"]);
    check_counts("apns_repeated", ["3", "2", "2"]);
}

#[test]
fn providers_are_found_and_not_judged_by_length() {
    let named = bit::ADDRESS | bit::SNI | bit::PUSH_NETWORK | bit::PROVIDER;
    check_verdict("apns_provider_443", "certain", named | bit::FALLBACK_PORT, "gcm");
    check_verdict("apns_provider_2197", "certain", named, "gcm");
    check_verdict("apns_provider_2195", "likely", bit::ADDRESS | bit::PROVIDER, "cbc");
    check_counts("apns_provider_443", [""; 3]);
    check_counts("apns_provider_2195", [""; 3]);
}

#[test]
fn a_table_labels_notifications() {
    // CBC: header 5, IV 16, and text with 21 more up to whole blocks. Texts of 300, 411, and 120 bytes, the last of
    // them the courier's answer, make 5 + 16 + 336 = 357, 5 + 16 + 432 = 453, and 5 + 16 + 144 = 165.
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let table = folder.path().join("table.csv");
    fs::write(&table, "length,label,cipher\n357,text,cbc\n440-460,voice\n440-460,text\n165,other,gcm\n")
        .expect("the folder takes a table");
    let option = format!("apns.table={}", table.display());
    let cells = [
        ("apns_labels", "[\"text\",\"voice\"]"),
        ("apns_label_counts", "[3,1]"),
        ("apns_unknown_lengths", "1"),
    ];
    check_with("apns_5223_cbc", &["-o", &option], &cells);
    check("apns_5223_cbc", &[("apns_labels", ""), ("apns_unknown_lengths", "")]);
}

#[test]
fn other_makers_have_port_5223_too() {
    check_none("foreign_push");
    check_none("foreign_push_midway");
    check_none("foreign_tls_5223");
    check_none("foreign_tls_5223_midway");
    check_none("foreign_xmpp_5223");
}

#[test]
fn other_services_of_apple_are_none() {
    check_none("icloud");
    check_none("icloud_midway");
    check_none("icloud_in_a_push_network");
}
