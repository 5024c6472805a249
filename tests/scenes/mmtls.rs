//! MMTLS, and what resembles it. Sums of bytes are those of record bodies as the scenes say.

use super::{check, check_none};

/// 2024-05-01T12:00:00Z, the clock of all scenes.
const CLOCK: &str = "1714564800000000000";
/// Bits of the evidence: first record, chained record, hello, answered, whole record.
const OF_RECORDS: &str = "496";
/// The same, and path, upgrade header, user agent, host.
const OF_HTTP: &str = "511";

/// Hello of 161 bytes, Finished of 55, data of 546 and 360; hello of 46, Finished of 55, data of 150 and 369.
const TALK: [(&str, &str); 12] = [
    ("mmtls_verdict", "tcp"),
    ("mmtls_handshake", "psk"),
    ("mmtls_suites_offered", "[168]"),
    ("mmtls_suite_chosen", "168"),
    ("mmtls_handshake_records_a", "2"),
    ("mmtls_handshake_bytes_a", "216"),
    ("mmtls_handshake_records_b", "2"),
    ("mmtls_handshake_bytes_b", "101"),
    ("mmtls_data_records_a", "2"),
    ("mmtls_data_bytes_a", "906"),
    ("mmtls_data_records_b", "2"),
    ("mmtls_data_bytes_b", "519"),
];

#[test]
fn a_long_link_of_the_older_version() {
    check("mmtls_long_psk_f103", &TALK);
    check("mmtls_long_psk_f103", &[("mmtls_versions", "8"), ("mmtls_evidence", OF_RECORDS)]);
}

#[test]
fn a_long_link_of_the_newer_version() {
    check("mmtls_long_psk_f104", &TALK);
    check(
        "mmtls_long_psk_f104",
        &[
            ("mmtls_versions", "16"),
            ("mmtls_evidence", OF_RECORDS),
            ("mmtls_hello_clock", CLOCK),
            ("mmtls_is_failed", "false"),
            ("mmtls_requests", ""),
            ("mmtls_status", ""),
            ("mmtls_record_len_max_a", "546"),
            ("mmtls_record_len_max_b", "369"),
            ("apns_verdict", ""),
        ],
    );
}

/// 137 + 95 + 293 + 55 bytes answer.
const KEY_AGREEMENT: [(&str, &str); 7] = [
    ("mmtls_handshake", "ecdhe"),
    ("mmtls_suites_offered", "[49195,168]"),
    ("mmtls_suite_chosen", "49195"),
    ("mmtls_handshake_records_a", "1"),
    ("mmtls_handshake_bytes_a", "366"),
    ("mmtls_handshake_records_b", "4"),
    ("mmtls_handshake_bytes_b", "580"),
];

#[test]
fn keys_are_agreed_on_over_both_carriers() {
    check("mmtls_long_ecdhe", &KEY_AGREEMENT);
    check("mmtls_long_ecdhe", &[("mmtls_verdict", "tcp"), ("mmtls_data_records_a", "2")]);
    check("mmtls_short_ecdhe", &KEY_AGREEMENT);
    check("mmtls_short_ecdhe", &[("mmtls_verdict", "http"), ("mmtls_data_records_a", "0")]);
}

#[test]
fn a_key_is_rejected() {
    check(
        "mmtls_long_rejected",
        &[
            ("mmtls_verdict", "tcp"),
            ("mmtls_handshake", "rejected"),
            ("mmtls_suites_offered", "[168]"),
            ("mmtls_suite_chosen", ""),
            ("mmtls_handshake_records_a", "1"),
            ("mmtls_alert_records_b", "1"),
            ("mmtls_alert_bytes_b", "7"),
            ("mmtls_is_failed", "false"),
        ],
    );
}

/// Client: hello of 161 bytes and 36 more along with it, data of 200, alert of 23; server: hello of 46, Finished of
/// 55, data of 900, alert of 23.
const EARLY: [(&str, &str); 17] = [
    ("mmtls_verdict", "http"),
    ("mmtls_evidence", OF_HTTP),
    ("mmtls_handshake", "psk_0rtt"),
    ("mmtls_request_id", "0fc04bcd"),
    ("mmtls_host", "sgshort.wechat.com"),
    ("mmtls_requests", "1"),
    ("mmtls_answers", "1"),
    ("mmtls_status", "200"),
    ("mmtls_is_failed", "false"),
    ("mmtls_early_records_a", "2"),
    ("mmtls_early_bytes_a", "197"),
    ("mmtls_data_bytes_a", "200"),
    ("mmtls_alert_bytes_a", "23"),
    ("mmtls_handshake_records_b", "2"),
    ("mmtls_handshake_bytes_b", "101"),
    ("mmtls_data_bytes_b", "900"),
    ("mmtls_alert_bytes_b", "23"),
];

#[test]
fn a_short_link_sends_data_along_with_its_hello() {
    for (scene, version) in [("mmtls_short_0rtt_f103", "8"), ("mmtls_short_0rtt_f104", "16")] {
        check(scene, &EARLY);
        check(scene, &[("mmtls_versions", version), ("mmtls_suite_chosen", "168")]);
    }
}

#[test]
fn a_request_without_answer_has_failed() {
    check(
        "mmtls_short_unanswered",
        &[
            ("mmtls_verdict", "http"),
            ("mmtls_requests", "1"),
            ("mmtls_answers", "0"),
            ("mmtls_status", ""),
            ("mmtls_is_failed", "true"),
        ],
    );
}

#[test]
fn keep_alives_are_ordinary_records_of_37_bytes() {
    check(
        "mmtls_long_keep_alives",
        &[
            ("mmtls_verdict", "tcp"),
            ("mmtls_data_records_a", "6"),
            ("mmtls_data_bytes_a", "192"),
            ("mmtls_data_records_b", "6"),
            ("mmtls_data_bytes_b", "192"),
        ],
    );
}

#[test]
fn a_long_link_met_midway_begins_with_data() {
    check("mmtls_long_midway", &TALK_MIDWAY);
}

const TALK_MIDWAY: [(&str, &str); 7] = [
    ("mmtls_verdict", "tcp"),
    ("mmtls_handshake", ""),
    ("mmtls_hello_clock", ""),
    ("mmtls_handshake_records_a", "0"),
    ("mmtls_data_records_a", "2"),
    ("mmtls_data_bytes_a", "906"),
    ("mmtls_data_bytes_b", "519"),
];

#[test]
fn ipv6_is_no_different() {
    check("mmtls_long_ipv6", &TALK);
    check("mmtls_short_ipv6", &EARLY);
    check("mmtls_short_ipv6", &[("src_ip", "2001:db8:0:1::a"), ("dst_port", "80")]);
}

#[test]
fn records_go_over_several_segments() {
    check("mmtls_long_cut", &TALK);
    check(
        "mmtls_short_cut",
        &[("mmtls_verdict", "http"), ("mmtls_data_records_a", "1"), ("mmtls_data_bytes_a", "4000")],
    );
}

#[test]
fn several_records_go_in_one_segment() {
    check(
        "mmtls_long_joined",
        &[("mmtls_verdict", "tcp"), ("mmtls_data_records_a", "5"), ("mmtls_data_bytes_a", "500")],
    );
}

#[test]
fn the_order_and_number_of_segments_do_not_matter() {
    check("mmtls_long_reordered", &TALK);
    check("mmtls_long_repeated", &TALK);
    check(
        "mmtls_short_reordered",
        &[("mmtls_verdict", "http"), ("mmtls_data_bytes_a", "4000"), ("mmtls_data_bytes_b", "900")],
    );
}

#[test]
fn a_tunnel_only_claims() {
    // Path, upgrade header, user agent, host: nothing of records.
    check(
        "mmtls_claimed",
        &[
            ("mmtls_verdict", "claimed"),
            ("mmtls_evidence", "15"),
            ("mmtls_handshake", ""),
            ("mmtls_request_id", "12345678"),
            ("mmtls_requests", "1"),
            ("mmtls_answers", "1"),
            ("mmtls_data_records_a", "0"),
        ],
    );
}

#[test]
fn other_traffic_of_wechat_is_none() {
    check_none("wechat_newgetdns");
    check_none("wechat_in_app_browser");
    check_none("wechat_https");
}

#[test]
fn bytes_that_nearly_fit_are_none() {
    check_none("foreign_push");
    check_none("mmtls_unknown_version");
}
