//! Protocol numbers → the names that header chains show.
//!
//! What comes in: an ethertype, a DSAP, a PPP protocol, an IP protocol. What goes out: a [`Label`]: its name,
//! that it has none, or that the number is unknown, which ends decoding.

use super::chain::Layer;

/// Lists the names once: a number for chains, a text for people.
macro_rules! names {
    ($($name:ident = $text:literal,)+) => {
        /// A name that may stand in a header chain.
        #[repr(u16)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Name { $($name),+ }

        /// The text of each [`Name`], by its number.
        pub(super) const TEXTS: &[&str] = &[$($text),+];
    };
}

names! {
    // A raw IPv4 or IPv6 link has no header: its chain begins with a colon.
    Nothing = "", Cut = "...", UnknownEthertype = "UNK", UnknownDsap = "UNK", UnknownProtocol = "UNK",
    Eth = "eth", Isl = "isl", Fpp = "fpp", Sll = "sll", Sll2 = "sll2", Null = "null", Raw = "raw",
    Ppp = "ppp", Chdlc = "chdlc", Fr = "fr", Wlan = "wlan", Radiotap = "radiotap", Prism = "prism",
    Ppi = "ppi", PpiColon = "ppi:", Symantec = "symantec", Juniper = "juniper",
    Vlan = "vlan", Mpls = "mpls", Llc = "llc", Ipvx = "ipvx", Pwethcw = "pwethcw",
    Wlccp = "wlccp", Pagp = "pagp", Stp = "stp", Udld = "udld", Ndp = "ndp", Edp = "edp", Idp = "idp",
    Ipv4 = "ipv4", Ipv6 = "ipv6", Arp = "arp", Aarp = "aarp", Rarp = "rarp", VinesIp = "vines_ip",
    Cdp = "cdp", Cgmp = "cgmp", Vtp = "vtp", Dtp = "dtp", DecMop = "dec_mop", DecDna = "dec_dna",
    Lat = "lat", DecStp = "dec_stp", Ddp = "ddp", Ipx = "ipx", Slow = "slow", Lacp = "lacp",
    Marker = "marker", Oampdu = "oampdu", Ossp = "ossp", Wccp = "wccp", Pppoed = "pppoed",
    Pppoes = "pppoes", Msnlb = "msnlb", Eapol = "eapol", Realtek = "realtek", Aoe = "aoe",
    Lwapp = "lwapp", Erspan = "erspan", Lldp = "lldp", Ptp = "ptp", Cfm = "cfm", FcoeFc = "fcoe:fc",
    Loop = "loop", Sna = "sna", Osi = "osi", X25 = "x25", ThreeComXns = "3comxns", Bacnet = "bacnet",
    VinesLlc = "vines_llc", Netbios = "netbios", Hpext = "hpext", Rpl = "rpl",
    PppMp = "ppp:mp", Mp = "mp", CompData = "comp_data", Ipcp = "ipcp", Ccp = "ccp", Lcp = "lcp",
    Pap = "pap", Chap = "chap", Cbcp = "cbcp",
    Hopopts = "ipv6.hopopts", Routing = "ipv6.routing", Fraghdr = "ipv6.fraghdr", Dstopts = "ipv6.dstopts",
    Icmp = "icmp", Igmp = "igmp", Tcp = "tcp", Egp = "egp", Igp = "igp", Udp = "udp", Dccp = "dccp",
    Xtp = "xtp", Idrp = "idrp", Rsvp = "rsvp", Gre = "gre", Dsr = "dsr", Esp = "esp", Ah = "ah",
    Swipe = "swipe", Nhrp = "nhrp", Icmpv6 = "icmpv6", Vines = "vines", Eigrp = "eigrp", Ospf = "ospf",
    Ax25 = "ax25", Etherip = "etherip", Pim = "pim", Ipcomp = "ipcomp", Vrrp = "vrrp", Pgm = "pgm",
    L2tp = "l2tp", Sctp = "sctp", RsvpE2ei = "rsvp-e2ei", Mipv6 = "mipv6", Udplite = "udplite",
    Hip = "hip", Shim6 = "shim6", Dvmrp = "dvmrp", Rgmp = "rgmp",
    Ayiya = "ayiya", Gtp = "gtp", Vxlan = "vxlan", VxlanGpe = "vxlan_gpe", Nsh = "nsh", Geneve = "geneve",
    Capwap = "capwap", CapwapData = "capwap.data", Teredo = "teredo", Dtls = "dtls", Dtls10 = "dtls1.0",
    Dtls12 = "dtls1.2", Ssdp = "ssdp", Udpencap = "udpencap", Isakmp = "isakmp",
}

/// What a protocol number is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// It has a name.
    Named(Name),
    /// It is known and adds no name.
    Silent,
    /// It is unknown; the layer shows the number.
    Unknown(Layer),
}

/// Ethertypes with branches of their own (IANA, IEEE 802 numbers).
pub(super) mod ethertype {
    pub(in crate::decode) const IPV4: u16 = 0x0800;
    pub(in crate::decode) const ARP: u16 = 0x0806;
    pub(in crate::decode) const BRIDGED_ETHERNET: u16 = 0x6558;
    pub(in crate::decode) const RARP: u16 = 0x8035;
    pub(in crate::decode) const AARP: u16 = 0x80f3;
    pub(in crate::decode) const IPV6: u16 = 0x86dd;
    pub(in crate::decode) const SLOW: u16 = 0x8809;
    pub(in crate::decode) const PPP: u16 = 0x880b;
    pub(in crate::decode) const WCCP: u16 = 0x883e;
    pub(in crate::decode) const MPLS_UNICAST: u16 = 0x8847;
    pub(in crate::decode) const MPLS_MULTICAST: u16 = 0x8848;
    pub(in crate::decode) const PPPOE_DISCOVERY: u16 = 0x8863;
    pub(in crate::decode) const PPPOE_SESSION: u16 = 0x8864;
    pub(in crate::decode) const JUMBO_LLC: u16 = 0x8870;
    pub(in crate::decode) const ERSPAN: u16 = 0x88be;
    pub(in crate::decode) const LLDP: u16 = 0x88cc;

    /// Whether a VLAN tag follows: IEEE 802.1Q, 802.1ad, and the numbers used before it.
    #[inline]
    pub(in crate::decode) fn is_vlan(value: u16) -> bool {
        matches!(value, 0x8100 | 0x88a8 | 0x9100 | 0x9200)
    }
}

/// IP protocols with branches of their own (IANA protocol numbers).
pub(super) mod protocol {
    pub(in crate::decode) const HOP_BY_HOP: u8 = 0;
    pub(in crate::decode) const ICMP: u8 = 1;
    pub(in crate::decode) const IGMP: u8 = 2;
    pub(in crate::decode) const IPV4: u8 = 4;
    pub(in crate::decode) const TCP: u8 = 6;
    pub(in crate::decode) const UDP: u8 = 17;
    pub(in crate::decode) const IPV6: u8 = 41;
    pub(in crate::decode) const ROUTING: u8 = 43;
    pub(in crate::decode) const FRAGMENT: u8 = 44;
    pub(in crate::decode) const GRE: u8 = 47;
    pub(in crate::decode) const ESP: u8 = 50;
    pub(in crate::decode) const AH: u8 = 51;
    pub(in crate::decode) const ICMPV6: u8 = 58;
    pub(in crate::decode) const NO_NEXT: u8 = 59;
    pub(in crate::decode) const DESTINATION_OPTIONS: u8 = 60;
    pub(in crate::decode) const OSPF: u8 = 89;
    pub(in crate::decode) const ETHERIP: u8 = 97;
    pub(in crate::decode) const PIM: u8 = 103;
    pub(in crate::decode) const L2TP: u8 = 115;
    pub(in crate::decode) const SCTP: u8 = 132;
    pub(in crate::decode) const UDPLITE: u8 = 136;
}

/// PPP protocols with branches of their own (IANA, PPP DLL protocol numbers).
pub(super) mod ppp_protocol {
    pub(in crate::decode) const IPV4: u16 = 0x0021;
    pub(in crate::decode) const MULTILINK: u16 = 0x003d;
    pub(in crate::decode) const IPV6: u16 = 0x0057;
    pub(in crate::decode) const COMPRESSED: u16 = 0x00fd;
    pub(in crate::decode) const MPLS_UNICAST: u16 = 0x0281;
    pub(in crate::decode) const MPLS_MULTICAST: u16 = 0x0283;
}

/// The name of an ethertype; SNAP, GRE and inner Ethernet headers share the table.
pub(super) fn of_ethertype(value: u16) -> Label {
    Label::Named(match value {
        0x0000 | 0x872d => Name::Wlccp,
        0x00bb => Name::Edp,
        0x0104 => Name::Pagp,
        0x010b => Name::Stp,
        0x0111 => Name::Udld,
        0x01a1 | 0x01a2 => Name::Ndp,
        0x0600 => Name::Idp,
        ethertype::IPV4 => Name::Ipv4,
        ethertype::ARP => Name::Arp,
        0x0bad => Name::VinesIp,
        0x2000 => Name::Cdp,
        0x2001 => Name::Cgmp,
        0x2003 => Name::Vtp,
        0x2004 => Name::Dtp,
        0x6002 => Name::DecMop,
        0x6003 => Name::DecDna,
        0x6004 => Name::Lat,
        ethertype::BRIDGED_ETHERNET => Name::Eth,
        0x8021 => Name::Ipcp,
        ethertype::RARP => Name::Rarp,
        0x8038 => Name::DecStp,
        0x809b => Name::Ddp,
        ethertype::AARP => Name::Aarp,
        0x80fd => Name::Ccp,
        0x8100 | 0x88a8 | 0x9100 | 0x9200 => Name::Vlan,
        0x8137 => Name::Ipx,
        ethertype::IPV6 => Name::Ipv6,
        ethertype::SLOW => Name::Slow,
        ethertype::PPP => Name::Ppp,
        ethertype::WCCP => Name::Wccp,
        ethertype::MPLS_UNICAST | ethertype::MPLS_MULTICAST => Name::Mpls,
        ethertype::PPPOE_DISCOVERY => Name::Pppoed,
        ethertype::PPPOE_SESSION => Name::Pppoes,
        0x886f => Name::Msnlb,
        ethertype::JUMBO_LLC => Name::Llc,
        0x888e => Name::Eapol,
        0x8899 => Name::Realtek,
        0x88a2 => Name::Aoe,
        0x88bb => Name::Lwapp,
        ethertype::ERSPAN => Name::Erspan,
        ethertype::LLDP => Name::Lldp,
        0x88f7 => Name::Ptp,
        0x8902 => Name::Cfm,
        0x8906 => Name::FcoeFc,
        0x890d => Name::Wlan,
        0x9000 => Name::Loop,
        0xc021 => Name::Lcp,
        0xc029 => Name::Cbcp,
        0xc223 => Name::Chap,
        _ => return Label::Unknown(Layer::with(Name::UnknownEthertype, value)),
    })
}

/// The name of a destination service access point of IEEE 802.2.
pub(super) fn of_dsap(dsap: u8) -> Label {
    Label::Named(match dsap {
        0x00 | 0x01 | 0x02 | 0x06 | 0xaa | 0xff => return Label::Silent,
        0x04 | 0x08 | 0x0c | 0x40 | 0xc8 => Name::Sna,
        0x10 | 0xe0 => Name::Ipx,
        0x14 | 0x20 | 0x34 | 0x54 | 0xfe => Name::Osi,
        0x42 => Name::Stp,
        0x7e => Name::X25,
        0x80 => Name::ThreeComXns,
        0x82 => Name::Bacnet,
        0xbc => Name::VinesLlc,
        0xf0 => Name::Netbios,
        0xf8 => Name::Hpext,
        0xfc => Name::Rpl,
        _ => return Label::Unknown(Layer::with(Name::UnknownDsap, u16::from(dsap))),
    })
}

/// The name of a network layer protocol identifier (ISO/IEC TR 9577): CLNP, ES-IS, IS-IS.
pub(super) fn of_nlpid(nlpid: u8) -> Label {
    match nlpid {
        0x81..=0x83 => Label::Named(Name::Osi),
        _ => Label::Unknown(Layer::with(Name::UnknownDsap, u16::from(nlpid))),
    }
}

/// The name of a PPP protocol.
pub(super) fn of_ppp(protocol: u16) -> Label {
    Label::Named(match protocol {
        ppp_protocol::IPV4 => Name::Ipv4,
        0x0023 => Name::Osi,
        ppp_protocol::MULTILINK => Name::PppMp,
        ppp_protocol::IPV6 => Name::Ipv6,
        ppp_protocol::COMPRESSED => Name::CompData,
        0x0207 => Name::Cdp,
        ppp_protocol::MPLS_UNICAST | ppp_protocol::MPLS_MULTICAST => Name::Mpls,
        0x8021 => Name::Ipcp,
        0x80fd => Name::Ccp,
        0xc021 => Name::Lcp,
        0xc023 => Name::Pap,
        0xc223 => Name::Chap,
        _ => return Label::Unknown(Layer::with(Name::UnknownEthertype, protocol)),
    })
}

/// The name of an IP protocol; the same table serves IPv4 and IPv6.
pub(super) fn of_protocol(number: u8) -> Label {
    Label::Named(match number {
        protocol::HOP_BY_HOP => Name::Hopopts,
        protocol::ICMP => Name::Icmp,
        protocol::IGMP => Name::Igmp,
        protocol::IPV4 => Name::Ipv4,
        protocol::TCP => Name::Tcp,
        8 => Name::Egp,
        9 => Name::Igp,
        protocol::UDP => Name::Udp,
        33 => Name::Dccp,
        36 => Name::Xtp,
        37 => Name::Ddp,
        protocol::IPV6 => Name::Ipv6,
        protocol::ROUTING => Name::Routing,
        protocol::FRAGMENT => Name::Fraghdr,
        45 => Name::Idrp,
        46 => Name::Rsvp,
        protocol::GRE => Name::Gre,
        48 => Name::Dsr,
        protocol::ESP => Name::Esp,
        protocol::AH => Name::Ah,
        53 => Name::Swipe,
        54 => Name::Nhrp,
        protocol::ICMPV6 => Name::Icmpv6,
        protocol::NO_NEXT => return Label::Silent,
        protocol::DESTINATION_OPTIONS => Name::Dstopts,
        80 => Name::Osi,
        83 => Name::Vines,
        88 => Name::Eigrp,
        protocol::OSPF => Name::Ospf,
        93 => Name::Ax25,
        protocol::ETHERIP => Name::Etherip,
        protocol::PIM => Name::Pim,
        108 => Name::Ipcomp,
        112 => Name::Vrrp,
        113 => Name::Pgm,
        protocol::L2TP => Name::L2tp,
        protocol::SCTP => Name::Sctp,
        134 => Name::RsvpE2ei,
        135 => Name::Mipv6,
        protocol::UDPLITE => Name::Udplite,
        137 => Name::Mpls,
        139 => Name::Hip,
        140 => Name::Shim6,
        _ => return Label::Unknown(Layer::with(Name::UnknownProtocol, u16::from(number))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_text() {
        assert_eq!(TEXTS[Name::Eth as usize], "eth");
        assert_eq!(TEXTS[Name::Isakmp as usize], "isakmp");
        assert_eq!(TEXTS.len(), Name::Isakmp as usize + 1);
    }

    #[test]
    fn an_unknown_number_is_said_to_be_unknown() {
        assert_eq!(of_ethertype(0x1234), Label::Unknown(Layer::with(Name::UnknownEthertype, 0x1234)));
        assert_eq!(of_protocol(59), Label::Silent);
        assert_eq!(of_dsap(0x42), Label::Named(Name::Stp));
        assert_eq!(of_ppp(0xc021), Label::Named(Name::Lcp));
    }

    /// The text of a label: `-` if it has none, nothing if the number is unknown.
    fn text(label: Label) -> Option<&'static str> {
        match label {
            Label::Named(name) => Some(TEXTS[name as usize]),
            Label::Silent => Some("-"),
            Label::Unknown(_) => None,
        }
    }

    /// Asks for the names of all numbers; `known` lists numbers, in hexadecimal, each with its name.
    fn check_all(numbers: std::ops::RangeInclusive<u16>, known: &str, label: impl Fn(u16) -> Label) {
        let words: Vec<_> = known.split_whitespace().collect();
        let known: Vec<_> = words
            .chunks(2)
            .map(|pair| (u16::from_str_radix(pair[0], 16).expect("a number"), pair[1]))
            .collect();
        for number in numbers {
            let expected = known.iter().find(|(known, _)| *known == number).map(|(_, text)| *text);
            assert_eq!(text(label(number)), expected, "{number:#x}");
        }
    }

    #[test]
    fn these_ethertypes_and_no_others_have_names() {
        const KNOWN: &str = "0000 wlccp 00bb edp 0104 pagp 010b stp 0111 udld 01a1 ndp 01a2 ndp 0600 idp
            0800 ipv4 0806 arp 0bad vines_ip 2000 cdp 2001 cgmp 2003 vtp 2004 dtp 6002 dec_mop 6003 dec_dna
            6004 lat 6558 eth 8021 ipcp 8035 rarp 8038 dec_stp 809b ddp 80f3 aarp 80fd ccp 8100 vlan
            88a8 vlan 9100 vlan 9200 vlan 8137 ipx 86dd ipv6 872d wlccp 8809 slow 880b ppp 883e wccp
            8847 mpls 8848 mpls 8863 pppoed 8864 pppoes 886f msnlb 8870 llc 888e eapol 8899 realtek 88a2 aoe
            88bb lwapp 88be erspan 88cc lldp 88f7 ptp 8902 cfm 8906 fcoe:fc 890d wlan 9000 loop c021 lcp
            c029 cbcp c223 chap";
        check_all(0..=u16::MAX, KNOWN, of_ethertype);
    }

    #[test]
    fn these_ppp_protocols_and_no_others_have_names() {
        const KNOWN: &str = "0021 ipv4 0023 osi 003d ppp:mp 0057 ipv6 00fd comp_data 0207 cdp 0281 mpls
            0283 mpls 8021 ipcp 80fd ccp c021 lcp c023 pap c223 chap";
        check_all(0..=u16::MAX, KNOWN, of_ppp);
    }

    #[test]
    fn these_service_access_points_and_no_others_have_names() {
        const KNOWN: &str = "00 - 01 - 02 - 06 - aa - ff - 04 sna 08 sna 0c sna 40 sna c8 sna 10 ipx e0 ipx
            14 osi 20 osi 34 osi 54 osi fe osi 42 stp 7e x25 80 3comxns 82 bacnet bc vines_llc f0 netbios
            f8 hpext fc rpl";
        check_all(0..=255, KNOWN, |number| of_dsap(number as u8));
    }

    #[test]
    fn these_network_layer_identifiers_and_no_others_have_names() {
        check_all(0..=255, "81 osi 82 osi 83 osi", |number| of_nlpid(number as u8));
    }

    #[test]
    fn these_ip_protocols_and_no_others_have_names() {
        const KNOWN: &str = "00 ipv6.hopopts 01 icmp 02 igmp 04 ipv4 06 tcp 08 egp 09 igp 11 udp 21 dccp
            24 xtp 25 ddp 29 ipv6 2b ipv6.routing 2c ipv6.fraghdr 2d idrp 2e rsvp 2f gre 30 dsr 32 esp
            33 ah 35 swipe 36 nhrp 3a icmpv6 3b - 3c ipv6.dstopts 50 osi 53 vines 58 eigrp 59 ospf 5d ax25
            61 etherip 67 pim 6c ipcomp 70 vrrp 71 pgm 73 l2tp 84 sctp 86 rsvp-e2ei 87 mipv6 88 udplite
            89 mpls 8b hip 8c shim6";
        check_all(0..=255, KNOWN, |number| of_protocol(number as u8));
    }
}
