//! Names of the bits that the masks of this plugin are made of. The values are Tranalyzer's.

use weir_sdk::Bit;

/// Names bits once; the list is for dictionaries.
macro_rules! bits {
    ($type:ty: $($(#[doc = $doc:literal])+ $name:ident = $value:literal;)+) => {
        $($(#[doc = $doc])+ pub(crate) const $name: $type = $value;)+

        /// Every bit with its name and meaning, lowest first.
        pub(crate) const BITS: &[super::Bit] = &[$(super::Bit {
            mask: $value,
            name: stringify!($name),
            meaning: concat!($($doc),+).trim_ascii(),
        },)+];
    };
}

/// What the packets of a direction showed, beside flags and anomalies: `tcp_status`.
pub(crate) mod status {
    bits! { u16:
        /// A packet of the direction was seen.
        SEEN = 0x0001;
        /// A TCP timestamp option was seen.
        TIMESTAMP = 0x0002;
        /// A TCP timestamp value was smaller than the one before it (RFC 7323 section 5.2).
        TIMESTAMP_DECREASED = 0x0004;
        /// TCP options with an option of length 0, cut by the capture, or longer than the datagram.
        OPTIONS_CORRUPT = 0x0008;
        /// A TCP window was seen.
        WINDOW = 0x0010;
        /// Window update: a repeated acknowledgment without payload in sequence whose window changed.
        WINDOW_UPDATE = 0x0020;
        /// Zero-window probe: one byte sent to a peer whose last window was 0.
        WINDOW_PROBE = 0x0040;
        /// Answer to a zero-window probe: the own window is 0 and there is no payload.
        WINDOW_PROBE_ACK = 0x0080;
        /// A window of 0 in a packet without SYN, FIN and RST.
        WINDOW_ZERO = 0x0100;
        /// Window scaling is in use: a SYN-ACK carried the option.
        WINDOW_SCALED = 0x0200;
        /// The bytes in flight fill the last window of the peer.
        WINDOW_FULL = 0x0400;
        /// The window has grown.
        WINDOW_UP = 0x0800;
        /// A first fragment whose layer-4 checksum cannot be verified alone.
        CHECKSUM_PENDING = 0x1000;
        /// UDP-Lite checksum coverage of 1 to 7 bytes or beyond the datagram (RFC 3828 section 3.1).
        COVERAGE_ERROR = 0x2000;
        /// A TCP SACK option (kind 5).
        SACK = 0x4000;
        /// A Multipath TCP option (kind 30).
        MPTCP = 0x8000;
    }
}

/// What the IP headers and checksums of a direction showed: `ip_flags`.
pub(crate) mod ip {
    bits! { u16:
        /// IP options with an option of length 0, or option headers that are not complete.
        OPTIONS_CORRUPT = 0x0001;
        /// An IPv4 identification smaller than the one before it: roll-over or disorder.
        ID_SMALLER = 0x0004;
        /// A fragment that is not the last of its datagram, with less than 48 bytes from the IP header on.
        FRAGMENT_SHORT = 0x0008;
        /// A fragment that ends beyond the largest possible datagram.
        FRAGMENT_BEYOND = 0x0010;
        /// More fragments follow.
        MORE_FRAGMENTS = 0x0020;
        /// Do not fragment (IPv4).
        DO_NOT_FRAGMENT = 0x0040;
        /// The reserved bit (IPv4; RFC 3514).
        RESERVED = 0x0080;
        /// A fragment begins more than 8 bytes behind the end of the fragment before it.
        FRAGMENT_GAP = 0x0100;
        /// A datagram began before the last one was complete, or the peer sent FIN or RST meanwhile.
        FRAGMENT_SEQUENCE = 0x0200;
        /// Wrong IPv4 header checksum, or a header that is not complete.
        HEADER_CHECKSUM = 0x0400;
        /// Wrong layer-4 checksum, or one that cannot be verified as bytes were not captured.
        L4_CHECKSUM = 0x0800;
        /// Bytes that a checksum covers were not captured.
        CHECKSUM_SNAPPED = 0x1000;
        /// The UDP length is not the length that the IP header leaves for it (unfragmented, wholly captured).
        UDP_LENGTH = 0x2000;
        /// No time between two consecutive packets.
        GAP_ZERO = 0x4000;
        /// Time stepped back between two consecutive packets.
        GAP_NEGATIVE = 0x8000;
    }
}

/// TCP header flags and their combinations: `tcp_flags`.
pub(crate) mod flags {
    bits! { u16:
        /// No more data from the sender.
        FIN = 0x0001;
        /// Synchronize sequence numbers.
        SYN = 0x0002;
        /// Reset.
        RST = 0x0004;
        /// Push.
        PSH = 0x0008;
        /// The acknowledgment number counts.
        ACK = 0x0010;
        /// The urgent pointer counts.
        URG = 0x0020;
        /// ECN echo (RFC 3168).
        ECE = 0x0040;
        /// Congestion window reduced (RFC 3168).
        CWR = 0x0080;
        /// A packet with FIN and ACK, without SYN and RST.
        FIN_ACK = 0x0100;
        /// A packet with SYN and ACK, without FIN and RST.
        SYN_ACK = 0x0200;
        /// A packet with RST and ACK, without FIN and SYN.
        RST_ACK = 0x0400;
        /// Null packet: none of the six flags of RFC 793.
        NULL = 0x0800;
        /// A packet with SYN and FIN, without RST and ACK.
        SYN_FIN = 0x1000;
        /// A packet with SYN, FIN and RST, without ACK.
        SYN_FIN_RST = 0x2000;
        /// A packet with RST and FIN, without SYN and ACK.
        RST_FIN = 0x4000;
        /// Xmas packet: of the six flags of RFC 793 exactly FIN, PSH and URG.
        XMAS = 0x8000;
    }
}

/// What is unusual about the segments of a direction: `tcp_anomalies`.
pub(crate) mod anomaly {
    bits! { u16:
        /// SYN retransmission, more than 0.9 s after the packet before it.
        SYN_RETRANSMISSION = 0x0001;
        /// Retransmission after a timeout.
        TIMEOUT_RETRANSMISSION = 0x0002;
        /// Fast retransmission, right after a duplicate acknowledgment.
        FAST_RETRANSMISSION = 0x0004;
        /// Duplicate acknowledgment.
        DUPLICATE_ACK = 0x0008;
        /// Keep-alive: at most one byte, numbered one below the highest number sent.
        KEEP_ALIVE = 0x0010;
        /// Acknowledgment of a keep-alive.
        KEEP_ALIVE_ACK = 0x0020;
        /// Out of order: below the highest number sent.
        OUT_OF_ORDER = 0x0040;
        /// Numbered below what the peer has acknowledged: spurious retransmission.
        SPURIOUS_RETRANSMISSION = 0x0080;
        /// Acknowledges what was not seen.
        ACK_OF_UNSEEN = 0x0100;
        /// Numbered above what was seen: the packet before was not captured.
        PREVIOUS_NOT_CAPTURED = 0x0200;
        /// Scan.
        SCAN = 0x1000;
        /// Scan that was answered.
        SCAN_ANSWERED = 0x2000;
        /// SYN with payload.
        SYN_WITH_PAYLOAD = 0x4000;
    }
}

/// Classes of IPv4 options (RFC 791 section 3.1): the upper three bits of their types.
pub(crate) const OPTION_CLASSES: &[Bit] = &[
    Bit { mask: 0x80, name: "COPIED", meaning: "The option is copied into fragments." },
    Bit { mask: 0x40, name: "DEBUGGING", meaning: "Class 2 or 3: debugging and measurement, or reserved." },
    Bit { mask: 0x20, name: "RESERVED", meaning: "Class 1 or 3: reserved." },
];

/// Numbers of IPv4 options, the lower five bits of their types (IANA IP option numbers).
pub(crate) const OPTION_NUMBERS: &[Bit] = &[
    Bit { mask: 1 << 1, name: "NOP", meaning: "No operation." },
    Bit { mask: 1 << 2, name: "SEC", meaning: "Security." },
    Bit { mask: 1 << 3, name: "LSR", meaning: "Loose source route." },
    Bit { mask: 1 << 4, name: "TS", meaning: "Time stamp." },
    Bit { mask: 1 << 5, name: "E_SEC", meaning: "Extended security." },
    Bit { mask: 1 << 6, name: "CIPSO", meaning: "Commercial security." },
    Bit { mask: 1 << 7, name: "RR", meaning: "Record route." },
    Bit { mask: 1 << 8, name: "SID", meaning: "Stream id." },
    Bit { mask: 1 << 9, name: "SSR", meaning: "Strict source route." },
    Bit { mask: 1 << 10, name: "ZSU", meaning: "Experimental measurement." },
    Bit { mask: 1 << 11, name: "MTUP", meaning: "MTU probe." },
    Bit { mask: 1 << 12, name: "MTUR", meaning: "MTU reply." },
    Bit { mask: 1 << 18, name: "TR", meaning: "Traceroute." },
    Bit { mask: 1 << 20, name: "RTRALT", meaning: "Router alert (RFC 2113)." },
    Bit { mask: 1 << 24, name: "UMP", meaning: "Upstream multicast packet." },
    Bit { mask: 1 << 25, name: "QS", meaning: "Quick-Start (RFC 4782)." },
    Bit { mask: 1 << 30, name: "EXP", meaning: "Experiments (RFC 4727)." },
];

/// Options of IPv6 hop-by-hop and destination headers, the lower five bits of their types (IANA IPv6
/// parameters).
pub(crate) const IP6_OPTIONS: &[Bit] = &[
    Bit { mask: 1 << 1, name: "PADN", meaning: "Padding." },
    Bit { mask: 1 << 2, name: "JUMBO", meaning: "Jumbo payload (RFC 2675)." },
    Bit { mask: 1 << 4, name: "RPL_OR_TEL", meaning: "RPL or tunnel encapsulation limit." },
    Bit { mask: 1 << 5, name: "ROUTER_ALERT", meaning: "Router alert (RFC 2711)." },
    Bit { mask: 1 << 6, name: "QUICK_START", meaning: "Quick-Start (RFC 4782)." },
    Bit { mask: 1 << 7, name: "CALIPSO", meaning: "Security label (RFC 5570)." },
    Bit { mask: 1 << 8, name: "SMF_DPD", meaning: "Duplicate detection (RFC 6621)." },
    Bit { mask: 1 << 9, name: "HOME_ADDRESS", meaning: "Home address (RFC 6275)." },
    Bit { mask: 1 << 10, name: "ENDPOINT", meaning: "Endpoint identification." },
    Bit { mask: 1 << 11, name: "ILNP", meaning: "ILNP nonce (RFC 6744)." },
    Bit { mask: 1 << 12, name: "LINE", meaning: "Line identification (RFC 6788)." },
    Bit { mask: 1 << 15, name: "PDM", meaning: "Performance metrics (RFC 8250)." },
    Bit { mask: 1 << 30, name: "EXP", meaning: "Experiments (RFC 4727)." },
];

/// TCP options by kind (IANA TCP option kinds).
pub(crate) const TCP_OPTIONS: &[Bit] = &[
    Bit { mask: 1 << 1, name: "NOP", meaning: "No operation." },
    Bit { mask: 1 << 2, name: "MSS", meaning: "Maximum segment size (RFC 9293)." },
    Bit { mask: 1 << 3, name: "WINDOW_SCALE", meaning: "Window scale (RFC 7323)." },
    Bit { mask: 1 << 4, name: "SACK_PERMITTED", meaning: "SACK permitted (RFC 2018)." },
    Bit { mask: 1 << 5, name: "SACK", meaning: "SACK (RFC 2018)." },
    Bit { mask: 1 << 6, name: "ECHO", meaning: "Echo (obsolete)." },
    Bit { mask: 1 << 7, name: "ECHO_REPLY", meaning: "Echo reply (obsolete)." },
    Bit { mask: 1 << 8, name: "TIMESTAMPS", meaning: "Timestamps (RFC 7323)." },
    Bit { mask: 1 << 11, name: "CC", meaning: "Connection count (obsolete)." },
    Bit { mask: 1 << 12, name: "CC_NEW", meaning: "New connection count (obsolete)." },
    Bit { mask: 1 << 13, name: "CC_ECHO", meaning: "Connection count echo (obsolete)." },
    Bit { mask: 1 << 14, name: "ALTERNATE_CHECKSUM", meaning: "Alternate checksum request (obsolete)." },
    Bit { mask: 1 << 19, name: "MD5", meaning: "MD5 signature (RFC 2385)." },
    Bit { mask: 1 << 27, name: "QUICK_START", meaning: "Quick-Start response (RFC 4782)." },
    Bit { mask: 1 << 28, name: "USER_TIMEOUT", meaning: "User timeout (RFC 5482)." },
    Bit { mask: 1 << 29, name: "AUTHENTICATION", meaning: "Authentication (RFC 5925)." },
    Bit { mask: 1 << 30, name: "MPTCP", meaning: "Multipath TCP (RFC 8684)." },
    Bit { mask: 1 << 31, name: "OTHER", meaning: "Any kind of 31 or above." },
];

/// Subtypes of Multipath TCP (RFC 8684 section 3).
pub(crate) const MPTCP_TYPES: &[Bit] = &[
    Bit { mask: 1 << 0, name: "CAPABLE", meaning: "MP_CAPABLE." },
    Bit { mask: 1 << 1, name: "JOIN", meaning: "MP_JOIN." },
    Bit { mask: 1 << 2, name: "DSS", meaning: "Data sequence signal." },
    Bit { mask: 1 << 3, name: "ADD_ADDRESS", meaning: "ADD_ADDR." },
    Bit { mask: 1 << 4, name: "REMOVE_ADDRESS", meaning: "REMOVE_ADDR." },
    Bit { mask: 1 << 5, name: "PRIORITY", meaning: "MP_PRIO." },
    Bit { mask: 1 << 6, name: "FAIL", meaning: "MP_FAIL." },
    Bit { mask: 1 << 7, name: "FAST_CLOSE", meaning: "MP_FASTCLOSE." },
    Bit { mask: 1 << 8, name: "RESET", meaning: "MP_TCPRST." },
    Bit { mask: 1 << 15, name: "PRIVATE", meaning: "MP_EXPERIMENTAL." },
];

/// Flags of MP_CAPABLE, MP_JOIN and MP_PRIO (RFC 8684 sections 3.1, 3.2, 3.3.8).
pub(crate) const MPTCP_FLAGS: &[Bit] = &[
    Bit {
        mask: 0x01,
        name: "HMAC_OR_BACKUP",
        meaning: "MP_CAPABLE: HMAC-SHA; MP_JOIN, MP_PRIO: backup path.",
    },
    Bit { mask: 0x02, name: "FLAG_G", meaning: "Unassigned." },
    Bit { mask: 0x04, name: "FLAG_F", meaning: "Unassigned." },
    Bit { mask: 0x08, name: "FLAG_E", meaning: "Unassigned." },
    Bit { mask: 0x10, name: "FLAG_D", meaning: "Unassigned." },
    Bit { mask: 0x20, name: "NO_JOIN", meaning: "No further subflows to this address and port." },
    Bit { mask: 0x40, name: "EXTENSIBILITY", meaning: "Extensibility." },
    Bit { mask: 0x80, name: "CHECKSUM", meaning: "Checksum required." },
];

/// Flags of the data sequence signal (RFC 8684 section 3.3).
pub(crate) const DSS_FLAGS: &[Bit] = &[
    Bit { mask: 0x01, name: "ACK", meaning: "Data acknowledgment present." },
    Bit { mask: 0x02, name: "ACK_8", meaning: "Data acknowledgment of 8 bytes." },
    Bit { mask: 0x04, name: "SEQUENCE", meaning: "Data sequence number present." },
    Bit { mask: 0x08, name: "SEQUENCE_8", meaning: "Data sequence number of 8 bytes." },
    Bit { mask: 0x10, name: "FIN", meaning: "End of data." },
];

/// Bits of the type of service (RFC 2474, RFC 3168).
pub(crate) const TOS: &[Bit] = &[
    Bit { mask: 0x03, name: "ECN", meaning: "Explicit congestion notification." },
    Bit { mask: 0xfc, name: "DSCP", meaning: "Differentiated services code point." },
];
