//! Which port the server of a flow listens on, and what it is called.
//!
//! The name is that of the registry of IANA, no statement on what the flow really carries.

mod names;

use std::sync::Arc;

use names::{List, Names};
use weir_sdk::{
    Columns, End, FlowPlugin, Interest, Options, Packet, Reads, Side, State, export_plugin, flag,
};

/// Server port and its name.
pub struct PortClassifier {
    names: Arc<Names>,
}

/// What can be chosen.
#[derive(Options, Debug)]
pub struct Choices {
    /// File of port names in place of the built-in ones, in the format of `/etc/services` or of Tranalyzer's
    /// port list: `port<TAB>tcp|udp<TAB>name<TAB>description`.
    #[option(default = "")]
    pub ports: String,
}

/// What is kept of a conversation.
#[derive(Default)]
pub struct Flow {
    /// Where to look the name up; nothing without ports.
    list: Option<List>,
    server_port: u16,
}

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "flow")]
pub struct Row<'a> {
    /// Port of the responder, by the direction rule of core: the destination port of the packets of A, the
    /// source port of those of B. Absent unless the flow began with the header of TCP, UDP, UDP-Lite, or SCTP.
    #[column(unit = "none", source = "RFC 9293, RFC 768, RFC 3828, RFC 9260", tags = ["port"])]
    #[column(tranalyzer = "dstPortClassN:U16", null = "0")]
    pub server_port: Option<u16>,
    /// Name of `server_port` in the table of ports: among those of TCP for TCP and SCTP, among those of UDP
    /// for UDP and UDP-Lite; absent if it has none there.
    #[column(unit = "none", source = "IANA service name and port number registry", tags = ["port"])]
    #[column(tranalyzer = "dstPortClass:SC", null = "unknown")]
    pub server_port_name: Option<&'a str>,
}

impl FlowPlugin for PortClassifier {
    const NAME: &'static str = "port_classifier";
    const SUMMARY: &'static str = "port of the server and its name";
    const ORDER: u16 = 111;
    const INTEREST: Interest = Interest::TCP.and(Interest::UDP).and(Interest::OTHER_IP);
    const READS: Reads = Reads::HEADERS;

    type Options = Choices;
    type Flow = Flow;
    type Direction = ();
    type Row<'a> = Row<'a>;

    fn open(choices: Choices) -> Result<Self, String> {
        let path = choices.ports;
        let names = if path.is_empty() { Names::built_in()? } else { Names::read(&path)?.into() };
        Ok(Self { names })
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        if packet.has(flag::STARTS_FLOW) && packet.has(flag::HAS_L4) {
            state.flow.list = List::of(packet.l4_proto);
            state.flow.server_port = server_port(packet);
        }
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row<'a> {
        let Flow { list, server_port } = *end.flow;
        Row {
            server_port: list.map(|_| server_port),
            server_port_name: list.and_then(|list| self.names.name(list, server_port)),
        }
    }
}

fn server_port(packet: &Packet<'_>) -> u16 {
    match packet.side() {
        Side::A => packet.dst_port,
        Side::B => packet.src_port,
    }
}

export_plugin!(PortClassifier);

#[cfg(test)]
mod tests;
