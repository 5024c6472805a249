//! What resembles MMTLS or APNs and is neither.

use super::conversation::{Conversation, Line, MILLISECOND, Speaker};
use super::mmtls::{ok, post};
use super::tls::{Names, Records, handshake};
use crate::random::Random;

const THINKING: i64 = 5 * MILLISECOND;

/// A tunnel that puts the headers of the short link before bytes of its own.
pub fn tunnel(line: Line, seed: u64) -> Conversation {
    let mut random = Random::new(seed);
    // No record begins with a byte above 0x19.
    let mut body = |len| [&[0x80][..], &random.bytes(len)].concat();
    let asked = post(0x1234_5678, "sgshort.wechat.com", &body(300));
    Conversation::new(line).write(THINKING, Speaker::Client, asked).answer(Speaker::Server, ok(&body(700)))
}

/// WeChat asks for addresses by plain HTTP.
pub fn newgetdns(line: Line) -> Conversation {
    get(line, "/cgi-bin/micromsg-bin/newgetdns", "dns.weixin.qq.com", "MicroMessenger Client")
}

/// A page in the browser within WeChat.
pub fn in_app_browser(line: Line) -> Conversation {
    get(line, "/s/page", "mp.weixin.qq.com", "Mozilla/5.0 (Linux; Android 9) MicroMessenger/7.0.1")
}

fn get(line: Line, path: &str, host: &str, agent: &str) -> Conversation {
    let asked = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n\r\n");
    let answer = ok(b"<html>a page</html>");
    Conversation::new(line).write(THINKING, Speaker::Client, asked).answer(Speaker::Server, answer)
}

/// TLS to any host, with data both ways.
pub fn https(line: Line, records: &mut Records, names: Names<'_>) -> Conversation {
    let opened = handshake(Conversation::new(line), records, names);
    let [asked, answer] =
        [(Speaker::Client, 500), (Speaker::Server, 4_000)].map(|(who, len)| records.data(who, len));
    opened.write(THINKING, Speaker::Client, asked).answer(Speaker::Server, answer)
}

/// Data of TLS in a connection that stands before and after the capture, so many bytes of text each.
pub fn tls_midway(line: Line, records: &mut Records, texts: &[(Speaker, usize)]) -> Conversation {
    let begun = Conversation::new(line).midway().unfinished();
    texts.iter().fold(begun, |conversation, &(speaker, text_len)| {
        conversation.write(THINKING, speaker, records.data(speaker, text_len))
    })
}

/// A push service of another maker, with messages that begin like records and are none.
pub fn foreign_push(line: Line, seed: u64) -> Conversation {
    let mut random = Random::new(seed);
    let hello = [&[0x16, 0, 0x84, 0][..], &random.bytes(132)].concat();
    let answer = [&[0x17, 0, 0x34, 0][..], &random.bytes(52)].concat();
    let conversation = Conversation::new(line).write(THINKING, Speaker::Client, hello);
    conversation.answer(Speaker::Server, answer)
}

/// XMPP, which has port 5223 for connections within TLS, in the clear.
pub fn xmpp(line: Line) -> Conversation {
    let asked = "<?xml version='1.0'?><stream:stream to='example.org' xmlns='jabber:client' version='1.0'>";
    let answer = "<?xml version='1.0'?><stream:stream from='example.org' id='1' version='1.0'>";
    Conversation::new(line).write(THINKING, Speaker::Client, asked).answer(Speaker::Server, answer)
}
