//! APNs, and what resembles it.

use super::Stage;
use crate::messaging::apns::{connect, keep_alive, midway, notifications, notify};
use crate::messaging::conversation::{SECOND, Speaker};
use crate::messaging::disturb::{reorder, repeat};
use crate::messaging::lookalike::{https, tls_midway, xmpp};
use crate::messaging::tls::{Cipher, Names, Records};

/// In a network that push is served from.
const COURIER: [u8; 4] = [17, 57, 144, 20];
const COURIER_6: [u16; 8] = [0x2620, 0x149, 0xa44, 0, 0, 0, 0, 5];
/// Of Apple, but in none of these networks.
const APPLE: [u8; 4] = [17, 1, 2, 3];
const ELSEWHERE: [u8; 4] = [198, 51, 100, 9];

const NAMES: Names<'_> =
    Names { host: "17-courier.push.apple.com", alpn: &["apns-security-v3", "apns-pack-v1"] };
const PACKED: Names<'_> = Names { host: "courier.push.apple.com", alpn: &["apns-pack-v1:4096:4096"] };
const SANDBOX: Names<'_> = Names { host: "1-courier.sandbox.push.apple.com", alpn: &["apns-security-v3"] };

pub fn play(stage: &mut Stage) {
    from_the_start(stage);
    met_midway(stage);
    providers(stage);
    lookalikes(stage);
}

fn from_the_start(stage: &mut Stage) {
    for (name, cipher, port, names) in [
        ("apns_5223_tls10", Cipher::Tls10, 5_223, NAMES),
        ("apns_5223_cbc", Cipher::Cbc, 5_223, NAMES),
        ("apns_5223_gcm", Cipher::Gcm, 5_223, PACKED),
        ("apns_5223_chacha", Cipher::Chacha, 5_223, NAMES),
        ("apns_5223_tls13", Cipher::Tls13, 5_223, PACKED),
        ("apns_443_cbc", Cipher::Cbc, 443, NAMES),
        ("apns_443_gcm", Cipher::Gcm, 443, SANDBOX),
        ("apns_443_tls13", Cipher::Tls13, 443, NAMES),
    ] {
        let records = &mut Records::new(cipher, stage.seed());
        let opened = connect(stage.v4(COURIER, port), records, names);
        let packets = notifications(opened, records, &[300, 411, 300]).packets();
        stage.show(name, packets);
    }
    let records = &mut Records::new(Cipher::Gcm, stage.seed());
    let opened = connect(stage.v6(COURIER_6, 5_223), records, NAMES);
    let packets = notifications(opened, records, &[300, 411, 300]).packets();
    stage.show("apns_5223_ipv6", packets);
    let records = &mut Records::new(Cipher::Cbc, stage.seed());
    let opened = connect(stage.v4(ELSEWHERE, 443), records, NAMES);
    stage.show("apns_relayed", opened.packets());
}

fn met_midway(stage: &mut Stage) {
    for (name, cipher, server, port) in [
        ("apns_midway_tls10", Cipher::Tls10, APPLE, 5_223),
        ("apns_midway_cbc", Cipher::Cbc, APPLE, 5_223),
        ("apns_midway_gcm", Cipher::Gcm, APPLE, 5_223),
        ("apns_midway_443", Cipher::Cbc, COURIER, 443),
    ] {
        let records = &mut Records::new(cipher, stage.seed());
        let begun = keep_alive(midway(stage.v4(server, port)), records, 0);
        let packets = notifications(begun, records, &[300, 411]).packets();
        stage.show(name, packets);
    }
    let records = &mut Records::new(Cipher::Cbc, stage.seed());
    let first = notify(midway(stage.v4(APPLE, 5_223)), records, 0, 300);
    stage.show("apns_server_first", first.packets());
    let records = &mut Records::new(Cipher::Cbc, stage.seed());
    let notification = records.data(Speaker::Server, 300);
    let alert = records.alert(Speaker::Client);
    let told = midway(stage.v4(APPLE, 5_223)).write(0, Speaker::Server, notification);
    stage.show("apns_alert", told.answer(Speaker::Client, alert).packets());
    let in_pieces = |stage: &Stage| {
        let records = &mut Records::new(Cipher::Cbc, stage.seed());
        let opened = connect(stage.v4(COURIER, 5_223), records, NAMES);
        notifications(opened, records, &[4_000, 411]).in_segments(536).packets()
    };
    stage.show("apns_reordered", reorder(in_pieces(stage)));
    stage.show("apns_repeated", repeat(in_pieces(stage)));
}

fn providers(stage: &mut Stage) {
    let api = Names { host: "api.push.apple.com", alpn: &["h2"] };
    for (name, port) in [("apns_provider_443", 443), ("apns_provider_2197", 2_197)] {
        let records = &mut Records::new(Cipher::Gcm, stage.seed());
        let packets = https(stage.v4(COURIER, port), records, api).packets();
        stage.show(name, packets);
    }
    let records = &mut Records::new(Cipher::Cbc, stage.seed());
    let texts = [(Speaker::Client, 200), (Speaker::Client, 230)];
    stage.show("apns_provider_2195", tls_midway(stage.v4(APPLE, 2_195), records, &texts).packets());
}

fn lookalikes(stage: &mut Stage) {
    let other = Names { host: "push.example.org", alpn: &[] };
    let icloud = Names { host: "gateway.icloud.com", alpn: &["h2", "http/1.1"] };
    for (name, server, port, names) in [
        ("foreign_tls_5223", ELSEWHERE, 5_223, other),
        ("icloud", APPLE, 443, icloud),
        ("icloud_in_a_push_network", COURIER, 443, icloud),
    ] {
        let records = &mut Records::new(Cipher::Cbc, stage.seed());
        let packets = https(stage.v4(server, port), records, names).packets();
        stage.show(name, packets);
    }
    // Lengths of APNs at the wrong address.
    let lengths = [(Speaker::Server, 300), (Speaker::Client, 8), (Speaker::Client, 20), (Speaker::Server, 8)];
    for (name, server, port) in [("foreign_tls_5223_midway", ELSEWHERE, 5_223), ("icloud_midway", APPLE, 443)]
    {
        let records = &mut Records::new(Cipher::Cbc, stage.seed());
        let packets = tls_midway(stage.v4(server, port), records, &lengths).packets();
        stage.show(name, packets);
    }
    stage.show("foreign_xmpp_5223", xmpp(stage.v4(ELSEWHERE, 5_223)).packets());
    let told = midway(stage.v4(ELSEWHERE, 5_223)).write(SECOND, Speaker::Server, [0x17, 0, 0x34, 0, 9, 9]);
    stage.show("foreign_push_midway", told.packets());
}
