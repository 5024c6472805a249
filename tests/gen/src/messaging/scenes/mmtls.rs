//! MMTLS, and what resembles it.

use super::Stage;
use crate::messaging::conversation::{MILLISECOND, SECOND, Speaker};
use crate::messaging::disturb::{reorder, repeat};
use crate::messaging::lookalike::{foreign_push, https, in_app_browser, newgetdns, tunnel};
use crate::messaging::mmtls::{
    Exchange, Handshake, Records, ShortLink, kind, long_link, long_link_midway, short_link,
};
use crate::messaging::tls::{self, Cipher, Names};
use crate::messaging::{Conversation, Line};

/// A server of WeChat, so to speak.
const SERVER: [u8; 4] = [203, 0, 113, 80];
const SERVER_6: [u16; 8] = [0x2001, 0xdb8, 0, 2, 0, 0, 0, 80];
const LONG_LINK_PORT: u16 = 8_080;

/// A text and its receipt.
const TALK: [Exchange; 2] =
    [Exchange { wait_ns: SECOND, up: 546, down: 150 }, Exchange { wait_ns: 2 * SECOND, up: 360, down: 369 }];

pub fn play(stage: &mut Stage) {
    long_links(stage);
    short_links(stage);
    streams(stage);
    lookalikes(stage);
}

fn talk(line: Line, records: &mut Records, handshake: Handshake) -> Conversation {
    long_link(line, records, handshake, &TALK)
}

fn long_links(stage: &mut Stage) {
    let line = |stage: &Stage| stage.v4(SERVER, LONG_LINK_PORT);
    for (name, minor, handshake) in [
        ("mmtls_long_psk_f103", 3, Handshake::Psk),
        ("mmtls_long_psk_f104", 4, Handshake::Psk),
        ("mmtls_long_ecdhe", 4, Handshake::Ecdhe),
        ("mmtls_long_rejected", 4, Handshake::Rejected),
    ] {
        let packets = talk(line(stage), &mut Records::new(minor, stage.seed()), handshake).packets();
        stage.show(name, packets);
    }
    let beats = [Exchange::keep_alive(270 * SECOND); 6];
    let records = &mut Records::new(4, stage.seed());
    let packets = long_link(line(stage), records, Handshake::Psk, &beats).packets();
    stage.show("mmtls_long_keep_alives", packets);
    let midway = long_link_midway(line(stage), &mut Records::new(4, stage.seed()), &TALK).unfinished();
    stage.show("mmtls_long_midway", midway.packets());
    let records = &mut Records::new(4, stage.seed());
    let packets = talk(stage.v6(SERVER_6, LONG_LINK_PORT), records, Handshake::Psk).packets();
    stage.show("mmtls_long_ipv6", packets);
}

fn short_links(stage: &mut Stage) {
    let answered = ShortLink::default();
    for (name, minor, link) in [
        ("mmtls_short_0rtt_f103", 3, answered.clone()),
        ("mmtls_short_0rtt_f104", 4, answered.clone()),
        ("mmtls_short_ecdhe", 4, ShortLink { handshake: Handshake::Ecdhe, ..answered.clone() }),
        ("mmtls_short_unanswered", 4, ShortLink { is_answered: false, ..answered.clone() }),
    ] {
        let records = &mut Records::new(minor, stage.seed());
        let packets = short_link(stage.v4(SERVER, 80), records, &link).packets();
        stage.show(name, packets);
    }
    let records = &mut Records::new(4, stage.seed());
    let packets = short_link(stage.v6(SERVER_6, 80), records, &answered).packets();
    stage.show("mmtls_short_ipv6", packets);
}

/// Segments that do not end where records do, and come as networks bring them.
fn streams(stage: &mut Stage) {
    let talk_in = |stage: &Stage, len| {
        let records = &mut Records::new(4, stage.seed());
        talk(stage.v4(SERVER, LONG_LINK_PORT), records, Handshake::Psk).in_segments(len).packets()
    };
    let upload_in = |stage: &Stage, len| {
        let records = &mut Records::new(4, stage.seed());
        let link = ShortLink { up: 4_000, ..ShortLink::default() };
        short_link(stage.v4(SERVER, 80), records, &link).in_segments(len).packets()
    };
    stage.show("mmtls_long_cut", talk_in(stage, 7));
    stage.show("mmtls_short_cut", upload_in(stage, 536));
    stage.show("mmtls_long_joined", joined(stage));
    stage.show("mmtls_long_reordered", reorder(talk_in(stage, 100)));
    stage.show("mmtls_short_reordered", reorder(upload_in(stage, 536)));
    stage.show("mmtls_long_repeated", repeat(talk_in(stage, 100)));
}

/// Five records of data in one segment.
fn joined(stage: &Stage) -> Vec<crate::Packet> {
    let records = &mut Records::new(4, stage.seed());
    let opened = long_link(stage.v4(SERVER, LONG_LINK_PORT), records, Handshake::Psk, &[]);
    let data: Vec<u8> = (0..5).flat_map(|_| records.sealed(kind::DATA, 100)).collect();
    opened.write(SECOND, Speaker::Client, data).packets()
}

fn lookalikes(stage: &mut Stage) {
    stage.show("mmtls_claimed", tunnel(stage.v4(SERVER, 80), stage.seed()).packets());
    stage.show("wechat_newgetdns", newgetdns(stage.v4(SERVER, 8_080)).packets());
    stage.show("wechat_in_app_browser", in_app_browser(stage.v4(SERVER, 80)).packets());
    let names = Names { host: "web.wechat.com", alpn: &["h2", "http/1.1"] };
    let records = &mut tls::Records::new(Cipher::Gcm, stage.seed());
    let packets = https(stage.v4(SERVER, 443), records, names).packets();
    stage.show("wechat_https", packets);
    stage.show("foreign_push", foreign_push(stage.v4(SERVER, 5_223), stage.seed()).packets());
    // Data of MMTLS's first byte, but of another version byte, within a stream that began otherwise.
    let near = Conversation::new(stage.v4(SERVER, 443)).write(
        MILLISECOND,
        Speaker::Client,
        [&[0x17, 0xf1, 0x10, 0, 9][..], &[7; 9]].concat(),
    );
    stage.show("mmtls_unknown_version", near.packets());
}
