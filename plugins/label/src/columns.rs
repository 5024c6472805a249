//! Names of the file's columns: those that are known, those that are carried along, and those that are slips.

/// What a column of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    SrcIp,
    SrcPort,
    DstIp,
    DstPort,
    L4Proto,
    Start,
    End,
    Label,
    /// It is carried into the row.
    Further,
}

const KNOWN: [(&str, Column); 8] = [
    ("src_ip", Column::SrcIp),
    ("src_port", Column::SrcPort),
    ("dst_ip", Column::DstIp),
    ("dst_port", Column::DstPort),
    ("l4_proto", Column::L4Proto),
    ("start", Column::Start),
    ("end", Column::End),
    ("label", Column::Label),
];

/// Names elsewhere. To carry such a column along would leave out what it asks for.
const ELSEWHERE: [(&str, &str); 22] = [
    ("sip", "src_ip"),
    ("saddr", "src_ip"),
    ("srcaddr", "src_ip"),
    ("srcaddress", "src_ip"),
    ("sourceip", "src_ip"),
    ("dip", "dst_ip"),
    ("daddr", "dst_ip"),
    ("dstaddr", "dst_ip"),
    ("dstaddress", "dst_ip"),
    ("destinationip", "dst_ip"),
    ("sport", "src_port"),
    ("sourceport", "src_port"),
    ("dport", "dst_port"),
    ("destinationport", "dst_port"),
    ("proto", "l4_proto"),
    ("protocol", "l4_proto"),
    ("ipproto", "l4_proto"),
    ("starttime", "start"),
    ("timefirst", "start"),
    ("endtime", "end"),
    ("timelast", "end"),
    ("labels", "label"),
];

impl Column {
    /// What a column of this name is; a sentence if it seems to be meant for another.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        if let Some((_, column)) = KNOWN.iter().find(|(known, _)| *known == name) {
            return Ok(*column);
        }
        match meant(name) {
            Some(known) => Err(format!("column `{name}` is not known; did you mean `{known}`?")),
            None if name.is_empty() => Err("a column has no name".to_owned()),
            None => Ok(Column::Further),
        }
    }
}

/// The known name that is one slip away.
fn meant(name: &str) -> Option<&'static str> {
    let folded = fold(name);
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == folded).map(|(_, known)| *known);
    let near = || KNOWN.iter().find(|(known, _)| strsim::damerau_levenshtein(&fold(known), &folded) <= 1);
    elsewhere.or_else(|| near().map(|(known, _)| *known))
}

fn fold(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_from_further_columns() {
        let check = |name, expected: Result<Column, &str>| {
            let said =
                Column::named(name).map_err(|said| said.rsplit('`').nth(1).unwrap_or_default().to_owned());
            assert_eq!(said, expected.map_err(str::to_owned), "{name}");
        };
        check("src_ip", Ok(Column::SrcIp));
        check("end", Ok(Column::End));
        check("app", Ok(Column::Further));
        check("src_mac", Ok(Column::Further));
        check("dst_host", Ok(Column::Further));
        check("device", Ok(Column::Further));
        check("scr_ip", Err("src_ip"));
        check("SrcIP", Err("src_ip"));
        check("dst-port", Err("dst_port"));
        check("lable", Err("label"));
        check("Protocol", Err("l4_proto"));
        check("time_first", Err("start"));
        assert!(Column::named("").is_err());
    }
}
