//! The columns, in Tranalyzer's order. Each subject fills its own.

use weir_sdk::{Columns, Time};

use crate::bits::{self, anomaly, flags, ip, status};
use crate::fingerprint::Fingerprint;

/// One row.
#[derive(Columns, Clone, Debug, Default, PartialEq)]
#[columns(scope = "direction")]
pub struct Row {
    /// What the packets of this direction showed: OR over all of them. For every IP protocol; all but `SEEN`,
    /// `CHECKSUM_PENDING` and `COVERAGE_ERROR` concern TCP. Absent for layer 2.
    #[column(unit = "bit mask", source = "OR of packet bits")]
    #[column(bits = status::BITS, tranalyzer = "tcpFStat:H16", null = "0x0000")]
    pub tcp_status: Option<u16>,
    /// Smallest difference between the IPv4 identifications of consecutive packets of this direction. A
    /// negative difference is smaller than any before, but is stored modulo 2^16 and compared as that with
    /// later ones. Absent for fewer than two packets and for IPv6.
    #[column(unit = "none", source = "RFC 791 section 3.1, Identification; minimum of id - previous id")]
    #[column(tags = ["statistical"], tranalyzer = "ipMindIPID:U16", null = "65535")]
    pub ip_id_delta_min: Option<u16>,
    /// Largest difference between the IPv4 identifications of consecutive packets of this direction, 0 if
    /// none was positive. Absent for fewer than two packets and for IPv6.
    #[column(unit = "none", source = "RFC 791 section 3.1, Identification; maximum of id - previous id")]
    #[column(tags = ["statistical"], tranalyzer = "ipMaxdIPID:U16", null = "0")]
    pub ip_id_delta_max: Option<u16>,
    /// Smallest time to live or hop limit of this direction, from the innermost IP header. Absent for layer
    /// 2.
    #[column(unit = "none", source = "RFC 791 section 3.1, Time to Live; RFC 8200 section 3, Hop Limit")]
    #[column(tags = ["statistical"], tranalyzer = "ipMinTTL:U8", null = "0", aliases = ["minimumTTL"])]
    pub ip_ttl_min: Option<u8>,
    /// Largest time to live or hop limit of this direction, from the innermost IP header. Absent for layer 2.
    #[column(unit = "none", source = "RFC 791 section 3.1, Time to Live; RFC 8200 section 3, Hop Limit")]
    #[column(tags = ["statistical"], tranalyzer = "ipMaxTTL:U8", null = "0", aliases = ["maximumTTL"])]
    pub ip_ttl_max: Option<u8>,
    /// Packets of this direction whose time to live or hop limit is not that of the packet before. Absent for
    /// layer 2.
    #[column(unit = "packets", source = "count of changes")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "ipTTLChg:U8", null = "0")]
    pub ip_ttl_changes: Option<u32>,
    /// OR of the type of service or traffic class bytes of this direction. Absent for layer 2.
    #[column(unit = "bit mask", source = "RFC 2474, RFC 3168, RFC 8200 section 7")]
    #[column(bits = bits::TOS, tranalyzer = "ipToS:H8", null = "0x00")]
    #[column(aliases = ["ipTOS", "ipClassOfService"])]
    pub ip_tos: Option<u8>,
    /// What the IP headers and checksums of this direction showed: OR over its packets. `ID_SMALLER` says
    /// only that an identification was smaller than the one before. Layer-4 checksums are verified for ICMP,
    /// IGMP, TCP, UDP, GRE, ICMPv6, OSPF and UDP-Lite by what the IP header leaves for layer 4, never on
    /// fragments; a UDP checksum of 0 over IPv4 and GRE without checksum are not wrong, a TCP or ICMP
    /// checksum of 0x0000 is, where 0xffff is due. `UDP_LENGTH` is found on unfragmented, wholly captured
    /// packets. The fragments that `FRAGMENT_GAP` compares are consecutive ones of this direction, whatever
    /// their datagram. Absent for layer 2.
    #[column(unit = "bit mask", source = "RFC 791, RFC 8200, RFC 1071, RFC 768, RFC 2784, RFC 3828")]
    #[column(bits = ip::BITS, tranalyzer = "ipFlags:H16", null = "0x0000")]
    pub ip_flags: Option<u16>,
    /// IPv4 options of this direction, each NOP counted, up to the end of the list. Absent for IPv6 and layer
    /// 2.
    #[column(unit = "none", source = "RFC 791 section 3.1, Options")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "ipOptCnt:U16", null = "0")]
    pub ip_option_count: Option<u32>,
    /// OR of the upper three bits of the IPv4 option types of this direction. Absent for IPv6 and layer 2.
    #[column(unit = "bit mask", source = "RFC 791 section 3.1, Options")]
    #[column(bits = bits::OPTION_CLASSES, tranalyzer = "ipOptCpCl_Num:H8", null = "0x00")]
    pub ip_option_classes: Option<u8>,
    /// Numbers of the IPv4 options of this direction: bit n for the lower five bits n of a type. Absent for
    /// IPv6 and layer 2.
    #[column(unit = "bit mask", source = "IANA IP option numbers")]
    #[column(bits = bits::OPTION_NUMBERS, tranalyzer = "ipOptCpCl_Num:H32", null = "0x00000000")]
    #[column(aliases = ["ipv4Options"])]
    pub ip_option_numbers: Option<u32>,
    /// Options in the hop-by-hop headers of this direction, PadN counted, up to a Pad1. Absent for IPv4 and
    /// layer 2.
    #[column(unit = "none", source = "RFC 8200 section 4.2")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "ip6OptCntHH_D:U16", null = "0")]
    pub ip6_hop_option_count: Option<u32>,
    /// Options in the destination headers of this direction, PadN counted, up to a Pad1. Absent for IPv4 and
    /// layer 2.
    #[column(unit = "none", source = "RFC 8200 section 4.2")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "ip6OptCntHH_D:U16", null = "0")]
    pub ip6_destination_option_count: Option<u32>,
    /// Types of the options in the hop-by-hop headers of this direction: bit n for the lower five bits n of a
    /// type. Absent for IPv4 and layer 2.
    #[column(unit = "bit mask", source = "IANA IPv6 parameters")]
    #[column(bits = bits::IP6_OPTIONS, tranalyzer = "ip6OptHH_D:H32", null = "0x00000000")]
    pub ip6_hop_options: Option<u32>,
    /// Types of the options in the destination headers of this direction: bit n for the lower five bits n of
    /// a type. Absent for IPv4 and layer 2.
    #[column(unit = "bit mask", source = "IANA IPv6 parameters")]
    #[column(bits = bits::IP6_OPTIONS, tranalyzer = "ip6OptHH_D:H32", null = "0x00000000")]
    pub ip6_destination_options: Option<u32>,
    /// Sequence number of the first segment of this direction, whatever its flags. Absent without a TCP
    /// header.
    #[column(unit = "none", source = "RFC 9293 section 3.1, Sequence Number")]
    #[column(tranalyzer = "tcpISeqN:U32", null = "0", aliases = ["tcpSequenceNumber"])]
    pub tcp_sequence_first: Option<u32>,
    /// Segments with ACK whose sequence number is the one expected after the segment before, a first one
    /// included; zero-window probes and their answers are left out. Absent without a TCP header.
    #[column(unit = "packets", source = "count of segments with sequence = next sequence")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "tcpPSeqCnt:U16", null = "0")]
    pub tcp_in_sequence_packets: Option<u32>,
    /// Sum of the positive advances of the sequence number from one segment to the next, taken at segments
    /// with ACK, so the last segment's payload is not in it; an advance by 1 behind SYN, FIN or RST, and one
    /// from the number 0, are left out. Absent without a TCP header.
    #[column(unit = "bytes", source = "sum of sequence - previous sequence, modulo 2^32")]
    #[column(tags = ["statistical"], tranalyzer = "tcpSeqSntBytes:U64", null = "0")]
    pub tcp_sequence_bytes: Option<u64>,
    /// Retransmissions found in this direction: `TIMEOUT_RETRANSMISSION` and `FAST_RETRANSMISSION` of
    /// `tcp_anomalies`, also where a scan hides them there. Absent without a TCP header.
    #[column(unit = "packets", source = "count of events")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "tcpSeqFaultCnt:U16", null = "0")]
    pub tcp_retransmissions: Option<u32>,
    /// Segments with ACK, without zero-window probes and their answers. Absent without a TCP header.
    #[column(unit = "packets", source = "count of segments")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "tcpPAckCnt:U16", null = "0")]
    pub tcp_ack_packets: Option<u32>,
    /// Sum of the positive advances of the acknowledgment number from one segment with ACK to the next; an
    /// advance by 1 behind SYN, FIN or RST of either direction, and one from the number 0, are left out.
    /// Absent without a TCP header.
    #[column(unit = "bytes", source = "sum of acknowledgment - previous acknowledgment, modulo 2^32")]
    #[column(tags = ["statistical"], tranalyzer = "tcpFlwLssAckRcvdBytes:U64", null = "0")]
    pub tcp_acked_bytes: Option<u64>,
    /// Duplicate acknowledgments and acknowledgments of what was not seen: `DUPLICATE_ACK` and
    /// `ACK_OF_UNSEEN` of `tcp_anomalies`, also where a scan hides them there. Absent without a TCP header.
    #[column(unit = "packets", source = "count of events")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "tcpAckFaultCnt:U16", null = "0")]
    pub tcp_ack_faults: Option<u32>,
    /// Most layer-7 bytes that this direction sent in segments with ACK and without SYN, FIN, RST, since the
    /// last such segment of the opposite direction; 0 without opposite. Absent without a TCP header.
    #[column(unit = "bytes", source = "maximum of the running sum")]
    #[column(tags = ["statistical"], tranalyzer = "tcpBFlgtMx:U32", null = "0")]
    #[column(aliases = ["tcpMaxBytesInFlight"])]
    pub tcp_bytes_in_flight_max: Option<u32>,
    /// Window of the first segment of this direction. Windows are scaled from the segment behind the SYN-ACK
    /// with a window scale option on, a shift above 14 counts as 14. Absent without a TCP header.
    #[column(unit = "bytes", source = "RFC 9293 section 3.1, Window; RFC 7323 section 2")]
    #[column(tags = ["statistical"], tranalyzer = "tcpInitWinSz:U32", null = "0")]
    #[column(aliases = ["tcpWindowSize"])]
    pub tcp_window_first: Option<u32>,
    /// Exponential mean of the windows of this direction, which begins with the first window and takes 0.3 of
    /// each, the first included. Windows are scaled from the segment behind the SYN-ACK with a window scale
    /// option on, a shift above 14 counts as 14. Absent without a TCP header.
    #[column(unit = "bytes", source = "mean = 0.7 mean + 0.3 window")]
    #[column(tags = ["statistical"], tranalyzer = "tcpAvgWinSz:F", null = "0", aliases = ["tcpAveWinSz"])]
    pub tcp_window_mean: Option<f32>,
    /// Smallest window of this direction. Windows are scaled from the segment behind the SYN-ACK with a
    /// window scale option on, a shift above 14 counts as 14. Absent without a TCP header.
    #[column(unit = "bytes", source = "minimum of windows")]
    #[column(tags = ["statistical"], tranalyzer = "tcpMinWinSz:U32", null = "0")]
    pub tcp_window_min: Option<u32>,
    /// Largest window of this direction. Windows are scaled from the segment behind the SYN-ACK with a window
    /// scale option on, a shift above 14 counts as 14. Absent without a TCP header.
    #[column(unit = "bytes", source = "maximum of windows")]
    #[column(tags = ["statistical"], tranalyzer = "tcpMaxWinSz:U32", null = "0")]
    pub tcp_window_max: Option<u32>,
    /// Segments of this direction whose window is smaller than that of the segment before. Windows are scaled
    /// from the segment behind the SYN-ACK with a window scale option on, a shift above 14 counts as 14.
    /// Absent without a TCP header.
    #[column(unit = "packets", source = "count of segments")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "tcpWinSzDwnCnt:U16", null = "0")]
    pub tcp_window_decreases: Option<u32>,
    /// Segments of this direction whose window is larger than that of the segment before. Windows are scaled
    /// from the segment behind the SYN-ACK with a window scale option on, a shift above 14 counts as 14.
    /// Absent without a TCP header.
    #[column(unit = "packets", source = "count of segments")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "tcpWinSzUpCnt:U16", null = "0")]
    pub tcp_window_increases: Option<u32>,
    /// How often the window of this direction began to grow after it had shrunk, or to shrink after it had
    /// grown; equal windows between do not matter. Windows are scaled from the segment behind the SYN-ACK
    /// with a window scale option on, a shift above 14 counts as 14. Absent without a TCP header.
    #[column(unit = "none", source = "count of changes of direction")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "tcpWinSzChgDirCnt:U16", null = "0")]
    pub tcp_window_turns: Option<u32>,
    /// Part of the segments of this direction that have a window of 0 and neither SYN nor FIN nor RST. Absent
    /// without a TCP header.
    #[column(unit = "ratio 0–1", source = "segments with window 0 / segments")]
    #[column(tags = ["statistical"], tranalyzer = "tcpWinSzThRt:F", null = "0")]
    pub tcp_window_zero_ratio: Option<f32>,
    /// OR of the header flags of this direction, and of the combinations that single segments show. Absent
    /// without a TCP header.
    #[column(unit = "bit mask", source = "RFC 9293 section 3.1, Control bits")]
    #[column(bits = flags::BITS, tranalyzer = "tcpFlags:H16", null = "0x0000", aliases = ["tcpControlBits"])]
    pub tcp_flags: Option<u16>,
    /// What is unusual about the segments of this direction. Rules, with sequence numbers compared modulo
    /// 2^32: an acknowledgment number that repeats that of the segment before makes a plain one (no SYN, FIN,
    /// RST) without payload a `DUPLICATE_ACK` if the window is the same, a plain one below the highest number
    /// sent `OUT_OF_ORDER`, else one below the number expected, later than 1.5 times the mean response times
    /// of both directions and with the same window, a `TIMEOUT_RETRANSMISSION`; one of what the peer has just
    /// asked for by a duplicate acknowledgment is a `FAST_RETRANSMISSION`. `SCAN`: a SYN at most 0.9 s
    /// after an unanswered SYN, null or Xmas flags, or a direction of fewer than 4 segments with SYN, FIN or
    /// odd flags; from then on retransmissions, duplicates and keep-alives are not noted. `SCAN_ANSWERED`:
    /// one that has an opposite. Absent without a TCP header.
    #[column(unit = "bit mask", source = "RFC 9293, RFC 5681, RFC 6298; rules as said")]
    #[column(bits = anomaly::BITS, tranalyzer = "tcpAnomaly:H16", null = "0x0000")]
    pub tcp_anomalies: Option<u16>,
    /// JA4T fingerprint of this direction: first window, option kinds of its SYN segments (the first 20, NOP
    /// included) joined by `-`, maximum segment size with at least two digits, window shift, joined by `_`;
    /// `00` for what was not there. Without SYN it tells window and segment size alone. Absent without a TCP
    /// header.
    #[column(unit = "none", source = "JA4T: window_options_mss_shift")]
    #[column(tranalyzer = "tcpJA4T:SC", null = "0_00_00_00")]
    pub tcp_ja4t: Option<Fingerprint>,
    /// Segments of this direction with options that could be read. Absent without a TCP header.
    #[column(unit = "packets", source = "RFC 9293 section 3.1, Options")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "tcpOptPktCnt:U16", null = "0")]
    pub tcp_option_packets: Option<u32>,
    /// TCP options of this direction, each NOP counted, the end of the list not. Absent without a TCP header.
    #[column(unit = "none", source = "RFC 9293 section 3.1, Options")]
    #[column(tags = ["counter", "statistical"], tranalyzer = "tcpOptCnt:U16", null = "0")]
    pub tcp_option_count: Option<u32>,
    /// Kinds of the TCP options of this direction: bit n for kind n, bit 31 for all kinds from 31 on. Absent
    /// without a TCP header.
    #[column(unit = "bit mask", source = "IANA TCP option kinds")]
    #[column(bits = bits::TCP_OPTIONS, tranalyzer = "tcpOptions:H32", null = "0x00000000")]
    #[column(aliases = ["tcpOptionsFull"])]
    pub tcp_options: Option<u32>,
    /// Last maximum segment size option of this direction. Absent without one.
    #[column(unit = "bytes", source = "RFC 9293 section 3.7.1")]
    #[column(tags = ["statistical"], tranalyzer = "tcpMSS:U16", null = "0")]
    pub tcp_mss: Option<u16>,
    /// What the window field of this direction is multiplied with: 2^shift by the last window scale option of
    /// a SYN, 1 without, a shift above 14 counts as 14. Absent unless a SYN-ACK of the conversation carried
    /// the option.
    #[column(unit = "none", source = "RFC 7323 section 2")]
    #[column(tags = ["statistical"], tranalyzer = "tcpWS:U16", null = "0")]
    pub tcp_window_scale: Option<u16>,
    /// Subtypes of the Multipath TCP options of this direction: bit n for subtype n. Absent without a TCP
    /// header.
    #[column(unit = "bit mask", source = "RFC 8684 section 3")]
    #[column(bits = bits::MPTCP_TYPES, tranalyzer = "tcpMPTBF:H16", null = "0x0000")]
    pub tcp_mptcp_types: Option<u16>,
    /// OR of the flags of MP_CAPABLE, MP_JOIN (first and second packet) and MP_PRIO of this direction. Absent
    /// without Multipath TCP options.
    #[column(unit = "bit mask", source = "RFC 8684 sections 3.1, 3.2, 3.3.8")]
    #[column(bits = bits::MPTCP_FLAGS, tranalyzer = "tcpMPF:H8", null = "0x00")]
    pub tcp_mptcp_flags: Option<u8>,
    /// Last address id of MP_JOIN, MP_PRIO, ADD_ADDR and REMOVE_ADDR of this direction, 0 if none was sent.
    /// Absent without Multipath TCP options.
    #[column(unit = "none", source = "RFC 8684 sections 3.2, 3.3.8, 3.4")]
    #[column(tranalyzer = "tcpMPAID:U8", null = "0")]
    pub tcp_mptcp_address_id: Option<u8>,
    /// OR of the flags of the data sequence signals of this direction. Absent without Multipath TCP options.
    #[column(unit = "bit mask", source = "RFC 8684 section 3.3")]
    #[column(bits = bits::DSS_FLAGS, tranalyzer = "tcpMPDSSF:H8", null = "0x00", aliases = ["tcpMPdssF"])]
    pub tcp_mptcp_dss_flags: Option<u8>,
    /// Last value of the timestamp options of this direction. Absent without timestamp option.
    #[column(unit = "none", source = "RFC 7323 section 3.2, TSval")]
    #[column(tranalyzer = "tcpTmS:U32", null = "0")]
    pub tcp_timestamp: Option<u32>,
    /// Last echo reply of the timestamp options of this direction. Absent without timestamp option.
    #[column(unit = "none", source = "RFC 7323 section 3.2, TSecr")]
    #[column(tranalyzer = "tcpTmER:U32", null = "0")]
    pub tcp_timestamp_echo: Option<u32>,
    /// Estimated tick of the sender's timestamp clock: the mean time for one count between first and last
    /// timestamp of this direction is taken as 0.001 below 0.002, 0.004 below 0.005, 0.01 below 0.02, 0.1
    /// below 0.7, else 1; if the clock stood still, 0.1 by a smallest time to live from 128 on, 0.004 from 64
    /// on, 0.01 from 33 on, else 0.001. Absent without timestamp option.
    #[column(unit = "s", source = "RFC 7323 section 5.4")]
    #[column(tags = ["statistical"], tranalyzer = "tcpEcI:F", null = "0")]
    pub tcp_clock_tick: Option<f32>,
    /// Estimated time since the sender's timestamp clock was 0; systems that begin at a random value give
    /// nonsense. Absent without timestamp option.
    #[column(unit = "s", source = "tcp_timestamp * tcp_clock_tick, the tick in single precision")]
    #[column(tags = ["statistical"], tranalyzer = "tcpUtm:D", null = "0.000000")]
    pub tcp_uptime: Option<f64>,
    /// Estimated time at which the sender's timestamp clock was 0. Absent without timestamp option.
    #[column(unit = "ns", source = "time of the last timestamp - tcp_uptime")]
    #[column(tags = ["time"], tranalyzer = "tcpBtm:T", null = "0.000000000")]
    pub tcp_boot_time: Option<Time>,
    /// Time to the first answer to this direction: for TCP the initiator's is from SYN to SYN-ACK, the
    /// responder's from SYN-ACK to ACK; for other protocols from its first packet on. If the direction has
    /// sent one packet only when more answers come, the last of them counts. Absent without such an answer.
    #[column(unit = "s", source = "time of answer - time of last packet of this direction")]
    #[column(tags = ["statistical", "packet_size_timing"], tranalyzer = "tcpSSASAATrip:F", null = "0")]
    pub rtt_trip: Option<f32>,
    /// Shortest time to an answer to this direction. An answer is any packet of the opposite direction,
    /// unless FIN, RST or odd TCP flags stopped that, and its time is that since the last packet of this
    /// direction, in file order, without sign. For every IP protocol. Absent without answer.
    #[column(unit = "s", source = "minimum of response times")]
    #[column(tags = ["statistical", "packet_size_timing"], tranalyzer = "tcpRTTAckTripMin:F", null = "65535")]
    pub rtt_min: Option<f32>,
    /// Longest time to an answer to this direction. An answer is any packet of the opposite direction, unless
    /// FIN, RST or odd TCP flags stopped that, and its time is that since the last packet of this direction,
    /// in file order, without sign. For every IP protocol. Absent without answer.
    #[column(unit = "s", source = "maximum of response times")]
    #[column(tags = ["statistical", "packet_size_timing"], tranalyzer = "tcpRTTAckTripMax:F", null = "0")]
    pub rtt_max: Option<f32>,
    /// Running mean time to an answer to this direction: the trip begins it anew, and the divisor is the
    /// number of packets of the opposite direction so far. An answer is any packet of the opposite direction,
    /// unless FIN, RST or odd TCP flags stopped that, and its time is that since the last packet of this
    /// direction, in file order, without sign. For every IP protocol. Absent without answer.
    #[column(unit = "s", source = "mean += (time - mean) / packets of the opposite direction")]
    #[column(tags = ["statistical", "packet_size_timing"], tranalyzer = "tcpRTTAckTripAvg:F", null = "0")]
    #[column(aliases = ["tcpRTTAckTripAve"])]
    pub rtt_mean: Option<f32>,
    /// Running deviation of the time to an answer to this direction: each time is compared with the mean
    /// before it, and the divisor is the number of packets of the opposite direction so far. An answer is any
    /// packet of the opposite direction, unless FIN, RST or odd TCP flags stopped that, and its time is that
    /// since the last packet of this direction, in file order, without sign. For every IP protocol. Absent
    /// without answer.
    #[column(
        unit = "s",
        source = "square += ((time - mean)^2 - square) / packets of the opposite direction; sqrt(square)"
    )]
    #[column(tags = ["statistical", "packet_size_timing"], tranalyzer = "tcpRTTAckTripJitAvg:F", null = "0")]
    #[column(aliases = ["tcpRTTAckTripJitAve"])]
    pub rtt_std: Option<f32>,
    /// Initiator: `rtt_trip` of both directions together, the time of the handshake. Responder: `rtt_mean` of
    /// both together, the mean round trip. A part that was not measured counts 0. Absent without any.
    #[column(unit = "s", source = "rtt_trip A + rtt_trip B; rtt_mean A + rtt_mean B")]
    #[column(tags = ["statistical", "packet_size_timing"], tranalyzer = "tcpRTTSseqAA:F", null = "0")]
    pub rtt_sum: Option<f32>,
    /// Responder: deviation of the mean round trip, from `rtt_std` of both directions. Absent for the
    /// initiator and without answer.
    #[column(unit = "s", source = "sqrt(rtt_std A^2 + rtt_std B^2)")]
    #[column(tags = ["statistical", "packet_size_timing"], tranalyzer = "tcpRTTAckJitAvg:F", null = "0")]
    pub rtt_std_sum: Option<f32>,
}
