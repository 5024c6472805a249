//! What is kept of the messages of a flow.

use domain::base::iana::Rtype;
use domain::base::message::RecordSection;
use domain::base::name::ParsedName;
use domain::base::record::ParsedRecord;
use domain::base::{Message, Question as Asked};
use domain::rdata::{A, Aaaa, Cname};
use weir_sdk::{ArrayVec, Ip};

const MOST_ADDRESSES: usize = 16;
const MOST_CNAMES: usize = 8;
/// Opcodes that are assigned (IANA DNS parameters).
const OPCODES: [u8; 6] = [0, 1, 2, 4, 5, 6];

/// Of both directions.
#[derive(Default)]
pub(crate) struct Messages {
    pub(crate) queries: u64,
    pub(crate) responses: u64,
    pub(crate) answers: u64,
    pub(crate) is_truncated: bool,
    pub(crate) response_code: Option<u8>,
    pub(crate) first_ttl: Option<u32>,
    pub(crate) question: Option<Question>,
    pub(crate) addresses: ArrayVec<Ip, MOST_ADDRESSES>,
    pub(crate) cnames: ArrayVec<Box<str>, MOST_CNAMES>,
}

/// What a question asks.
pub(crate) struct Question {
    pub(crate) name: Box<str>,
    pub(crate) kind: u16,
}

/// Takes a message into account; whether these bytes are one.
pub(crate) fn take(messages: &mut Option<Box<Messages>>, bytes: &[u8]) -> bool {
    let message = Message::from_slice(bytes).ok().filter(is_plausible);
    if let Some(message) = message {
        messages.get_or_insert_default().take(message);
    }
    message.is_some()
}

/// Anything may run on these ports.
fn is_plausible(message: &&Message<[u8]>) -> bool {
    let is_assigned = OPCODES.contains(&message.header().opcode().to_int());
    is_assigned && message.question().next().is_none_or(|question| question.is_ok())
}

impl Messages {
    fn take(&mut self, message: &Message<[u8]>) {
        self.is_truncated |= message.header().tc();
        if self.question.is_none() {
            self.question = message.question().next().and_then(Result::ok).map(Question::of);
        }
        if message.header().qr() {
            self.take_response(message);
        } else {
            self.queries += 1;
        }
    }

    fn take_response(&mut self, message: &Message<[u8]>) {
        self.responses += 1;
        self.answers += u64::from(message.header_counts().ancount());
        self.response_code.get_or_insert(message.header().rcode().to_int());
        if let Ok(answers) = message.answer() {
            self.take_answers(answers);
        }
    }

    fn take_answers(&mut self, answers: RecordSection<'_, [u8]>) {
        for record in answers.map_while(Result::ok) {
            self.first_ttl.get_or_insert(record.ttl().as_secs());
            match record.rtype() {
                Rtype::A | Rtype::AAAA => self.add_address(&record),
                Rtype::CNAME => self.add_cname(&record),
                _ => {}
            }
        }
    }

    fn add_address(&mut self, record: &ParsedRecord<'_, [u8]>) {
        if let Some(address) = address_in(record)
            && !self.addresses.contains(&address)
        {
            // A full list stays as it is.
            let _ = self.addresses.try_push(address);
        }
    }

    fn add_cname(&mut self, record: &ParsedRecord<'_, [u8]>) {
        if self.cnames.is_full() {
            return;
        }
        if let Ok(Some(cname)) = record.to_record::<Cname<ParsedName<&[u8]>>>() {
            let name = text_of(cname.data().cname());
            if !self.cnames.contains(&name) {
                self.cnames.push(name);
            }
        }
    }
}

impl Question {
    fn of(asked: Asked<ParsedName<&[u8]>>) -> Self {
        Self { name: text_of(asked.qname()), kind: asked.qtype().to_int() }
    }
}

fn address_in(record: &ParsedRecord<'_, [u8]>) -> Option<Ip> {
    if record.rtype() == Rtype::A {
        let a = record.to_record::<A>().ok()??;
        Some(Ip::V4(a.data().addr().octets()))
    } else {
        let aaaa = record.to_record::<Aaaa>().ok()??;
        Some(Ip::V6(aaaa.data().addr().octets()))
    }
}

fn text_of(name: &ParsedName<&[u8]>) -> Box<str> {
    let text = name.to_string();
    if text.is_empty() { ".".into() } else { text.into() }
}
