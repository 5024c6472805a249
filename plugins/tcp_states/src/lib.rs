//! What was unusual in the life of a TCP connection: how it began, how it ended, what came after.
//!
//! The states themselves are followed in core, since they set the timeouts of a flow; this plugin prints what
//! core found.

use weir_sdk::{Bit, Columns, End, FlowPlugin, Interest, Packet, Reads, State, export_plugin};

/// Anomalies in the life of a TCP connection.
pub struct TcpStates;

/// What is kept of a conversation.
#[derive(Default)]
pub struct Flow {
    /// Core tells of no anomalies where there are none and where there is no TCP; this tells them apart.
    is_tcp: bool,
}

const BITS: &[Bit] = &[
    Bit { mask: 0x01, name: "OPENING", meaning: "The connection was not opened by a whole handshake." },
    Bit {
        mask: 0x02,
        name: "CLOSING",
        meaning: "The connection was not closed by FIN and ACK of both sides.",
    },
    Bit { mask: 0x04, name: "FLAGS", meaning: "A segment of the open connection had SYN, or no ACK." },
    Bit { mask: 0x08, name: "AFTER_CLOSE", meaning: "This direction sent after the connection was closed." },
    Bit { mask: 0x10, name: "AFTER_RESET", meaning: "This direction sent after the connection was reset." },
    Bit { mask: 0x40, name: "RESET", meaning: "This direction reset the connection." },
    Bit {
        mask: 0x80,
        name: "SCAN",
        meaning: "Segments as scanners send them: NULL, XMAS, a lone FIN or RST.",
    },
];

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "direction")]
pub struct Row {
    /// What was unusual in this direction's part of the connection, found by following the states of RFC 9293
    /// in both directions; segments whose flags were not captured and later fragments are left out. A
    /// direction without opposite always has `OPENING` and `CLOSING`; absent without TCP.
    #[column(unit = "bit mask", source = "RFC 9293 section 3.3.2, state machine", bits = BITS)]
    #[column(tranalyzer = "tcpStatesAFlags:H8", null = "0x00")]
    pub tcp_states: Option<u8>,
}

impl FlowPlugin for TcpStates {
    const NAME: &'static str = "tcp_states";
    const SUMMARY: &'static str = "anomalies in the life of a TCP connection";
    const ORDER: u16 = 132;
    const INTEREST: Interest = Interest::TCP;
    const READS: Reads = Reads::HEADERS;

    type Options = ();
    type Flow = Flow;
    type Direction = ();
    type Row<'a> = Row;

    fn open((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn packet(&self, state: State<'_, Self>, _packet: &Packet<'_>) {
        state.flow.is_tcp = true;
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row {
        Row { tcp_states: end.flow.is_tcp.then(|| end.tcp_states()) }
    }
}

export_plugin!(TcpStates);

#[cfg(test)]
mod tests {
    use super::*;
    use weir_sdk::Side;
    use weir_sdk::testing::{SYN, check_columns, flow, packet, row_of};

    #[test]
    fn columns_are_well_declared() {
        check_columns::<TcpStates>();
    }

    #[test]
    fn state_of_a_conversation_stays_small() {
        assert_eq!(size_of::<Flow>(), 1);
    }

    #[test]
    fn each_direction_has_what_core_found_in_it() {
        let a = || packet().tcp(2000, 3000).tcp_flags(SYN);
        let told = flow::<TcpStates>().tcp_states(Side::A, 0x12).tcp_states(Side::B, 0x42);
        let rows = told.rows([a(), a().side(Side::B)]);
        assert_eq!(rows, [Row { tcp_states: Some(0x12) }, Row { tcp_states: Some(0x42) }]);
    }

    #[test]
    fn a_connection_without_anomaly_has_zero_and_a_flow_without_tcp_nothing() {
        assert_eq!(row_of::<TcpStates>([packet().tcp(2000, 3000)]), Row { tcp_states: Some(0) });
        assert_eq!(row_of::<TcpStates>([packet()]), Row { tcp_states: None });
    }

    #[test]
    fn a_later_fragment_of_tcp_alone_counts_as_tcp() {
        let fragment = packet().protocol(6).fragment(100, true).payload_len(8);
        assert_eq!(row_of::<TcpStates>([fragment]), Row { tcp_states: Some(0) });
    }
}
