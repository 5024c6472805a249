//! Versions of TLS and DTLS: which is newer, and their names.

/// A version with the name that `tls_version` shows, the older first.
const KNOWN: &[(u16, &str)] = &[
    (0x0002, "SSLv2"),
    (0x0300, "SSLv3"),
    (0x0301, "TLSv1"),
    (0xfeff, "DTLSv1.0"),
    // Before RFC 4347 there was this number, which one maker still sends.
    (0x0100, "DTLSv1.0"),
    (0x0302, "TLSv1.1"),
    (0x0303, "TLSv1.2"),
    (0xfefd, "DTLSv1.2"),
    (TLS_1_3, "TLSv1.3"),
    (0xfefc, "DTLSv1.3"),
];

const TLS_1_3: u16 = 0x0304;

/// Drafts of TLS 1.3 had the numbers 0x7fNN, and 0xfbNN in software of Facebook.
fn without_draft(version: u16) -> u16 {
    if matches!(version >> 8, 0x7f | 0xfb) { TLS_1_3 } else { version }
}

/// Of two versions the newer has the higher rank; what is unknown ranks lowest.
pub fn rank(version: u16) -> usize {
    let version = without_draft(version);
    KNOWN.iter().position(|(known, _)| *known == version).map_or(0, |place| place + 1)
}

/// Whether what follows the hellos is encrypted.
pub fn is_1_3(version: u16) -> bool {
    rank(version) >= rank(TLS_1_3)
}

/// What `tls_version` shows.
pub fn name(version: u16) -> String {
    let version = without_draft(version);
    let known = KNOWN.iter().find(|(known, _)| *known == version);
    known.map_or_else(|| format!("0x{version:04x}"), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_versions_rank_higher_though_numbers_of_dtls_fall() {
        assert!(rank(0x0303) < rank(0x0304) && rank(0xfeff) < rank(0xfefd) && rank(0xfefd) < rank(0xfefc));
        assert!(rank(0x0a0b) < rank(0x0300));
        assert!(is_1_3(0x7f1c) && is_1_3(0xfb1a) && is_1_3(0xfefc) && !is_1_3(0xfefd));
    }

    #[test]
    fn a_draft_has_the_name_of_what_it_became() {
        assert_eq!((name(0x7f1c).as_str(), name(0x0505).as_str()), ("TLSv1.3", "0x0505"));
    }
}
