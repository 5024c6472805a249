//! Why a frame gave no flow: named reasons that the summary counts.

/// Lists the reasons once: the variant, its name in the summary, its meaning.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)+) => {
        /// Why a frame belongs to no flow.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum NoFlow { $($(#[doc = $doc])+ $variant),+ }

        impl NoFlow {
            /// Every reason, in the order of the summary.
            pub const ALL: &[NoFlow] = &[$(NoFlow::$variant),+];

            /// The name of the counter, in snake case.
            pub fn name(self) -> &'static str {
                match self { $(NoFlow::$variant => $name),+ }
            }
        }
    };
}

reasons! {
    /// No byte was captured.
    EmptyFrame = "empty_frame";
    /// The capture ends within the header of the link layer.
    ShortLinkHeader = "short_link_header";
    /// The link type is none that we decode.
    UnsupportedLinkType = "unsupported_link_type";
    /// The header length field of an IPv4 header is below 20 bytes.
    BadIpv4HeaderLength = "bad_ipv4_header_length";
    /// An IPv4 header, or a raw IP packet, has another version number.
    WrongIpVersion = "wrong_ip_version";
    /// A PPP frame carries neither IP nor MPLS.
    PppControl = "ppp_control";
    /// An 802.11 frame is not a data frame.
    WlanNotData = "wlan_not_data";
    /// An 802.11 data frame is encrypted.
    WlanProtected = "wlan_protected";
    /// The family of a loopback frame is neither IPv4 nor IPv6.
    UnknownLoopbackFamily = "unknown_loopback_family";
    /// A firewall or router pseudo-header carries none of the protocols that we decode.
    UnknownPseudoHeader = "unknown_pseudo_header";
    /// An EtherIP header over IPv6 has a version below 3 (RFC 3378).
    BadEtherIpVersion = "bad_etherip_version";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_name_of_its_own() {
        let mut names: Vec<_> = NoFlow::ALL.iter().map(|reason| reason.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NoFlow::ALL.len());
    }
}
