//! Which pairs of MAC addresses carried a flow, and how many packets each.
//!
//! More than one pair in a direction tells of several ways through the network: routers that share an address,
//! load balancing, or someone in between. Names of vendors come from a file that the user gives; the registry
//! of IEEE is not part of this plugin.

mod pairs;
mod vendors;

use pairs::{MAX_PAIRS, Pairs};
use vendors::Vendors;
use weir_sdk::{ArrayVec, Bit, Columns, End, FlowPlugin, Mac, Options, Packet, State, export_plugin};

/// Pairs of MAC addresses.
pub struct MacRecorder {
    vendors: Option<Vendors>,
}

/// What can be chosen.
#[derive(Options, Debug)]
pub struct Choices {
    /// File with the vendors of MAC addresses: `manuf` of Wireshark, or `oui.csv`, `mam.csv`, `oui36.csv` of
    /// IEEE. Without it no vendor is named.
    #[option(default = "")]
    pub vendors: String,
}

const STATUS_BITS: &[Bit] =
    &[Bit { mask: 0x01, name: "PAIR_OVERFLOW", meaning: "A seventeenth pair was left out." }];

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "direction")]
pub struct Row<'a> {
    /// What became of the list of pairs; absent where the link has no pairs of MAC addresses.
    #[column(unit = "bit mask", source = "mac_pair_count", bits = STATUS_BITS)]
    #[column(tranalyzer = "macStat:H8", null = "0x00")]
    pub mac_status: Option<u8>,
    /// Number of distinct pairs of source and destination MAC address of this direction, at most 16. Of
    /// several Ethernet headers the innermost decoded one counts; absent where the link has no pairs.
    #[column(unit = "none", source = "length of mac_pair_src", tags = ["counter", "statistical"])]
    #[column(tranalyzer = "macPairs:U32", null = "0")]
    pub mac_pair_count: Option<u32>,
    /// The source address of each pair, pairs in order of appearance, at most 16, later ones are left out;
    /// empty where the link has no pairs.
    #[column(unit = "none", source = "IEEE 802.3 section 3.2.3", tags = ["address"])]
    #[column(tranalyzer = "srcMac_dstMac_numP:MAC")]
    pub mac_pair_src: &'a [Mac],
    /// The destination address of each pair of `mac_pair_src`, in the same order.
    #[column(unit = "none", source = "IEEE 802.3 section 3.2.3", tags = ["address"])]
    #[column(tranalyzer = "srcMac_dstMac_numP:MAC")]
    pub mac_pair_dst: &'a [Mac],
    /// The packets of each pair of `mac_pair_src`, in the same order. A pair that is in the list goes on
    /// counting when the list is full.
    #[column(unit = "packets", source = "count of packets", tags = ["counter"])]
    #[column(tranalyzer = "srcMac_dstMac_numP:U64")]
    pub mac_pair_packets: &'a [u64],
    /// The vendor of the source address of each pair of `mac_pair_src`, by the longest prefix in the file of
    /// vendors; empty for an address of no known vendor. Absent without such a file.
    #[column(unit = "none", source = "IEEE registries MA-L, MA-M, MA-S", tags = ["address"])]
    #[column(tranalyzer = "srcMacLbl_dstMacLbl:SC", null = "-", aliases = ["srcManuf"])]
    pub mac_pair_src_vendor: Option<ArrayVec<&'a str, MAX_PAIRS>>,
    /// The vendor of the destination address of each pair of `mac_pair_src`, by the longest prefix in the file
    /// of vendors; empty for an address of no known vendor. Absent without such a file.
    #[column(unit = "none", source = "IEEE registries MA-L, MA-M, MA-S", tags = ["address"])]
    #[column(tranalyzer = "srcMacLbl_dstMacLbl:SC", null = "-", aliases = ["dstManuf"])]
    pub mac_pair_dst_vendor: Option<ArrayVec<&'a str, MAX_PAIRS>>,
}

impl FlowPlugin for MacRecorder {
    const NAME: &'static str = "mac_recorder";
    const SUMMARY: &'static str = "pairs of MAC addresses, their packets and vendors";
    const ORDER: u16 = 110;

    type Options = Choices;
    type Flow = ();
    type Direction = Pairs;
    type Row<'a> = Row<'a>;

    fn open(choices: Choices) -> Result<Self, String> {
        let path = choices.vendors;
        let vendors = if path.is_empty() { None } else { Some(Vendors::read(&path)?) };
        Ok(Self { vendors })
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        if let (Some(src), Some(dst)) = (packet.src_mac(), packet.dst_mac()) {
            state.own.count(src, dst);
        }
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row<'a> {
        let pairs = end.own;
        let has_pairs = !pairs.src().is_empty();
        Row {
            mac_status: has_pairs.then(|| u8::from(pairs.has_overflow())),
            mac_pair_count: has_pairs.then_some(pairs.src().len() as u32),
            mac_pair_src: pairs.src(),
            mac_pair_dst: pairs.dst(),
            mac_pair_packets: pairs.packets(),
            mac_pair_src_vendor: self.labels(pairs.src()),
            mac_pair_dst_vendor: self.labels(pairs.dst()),
        }
    }
}

impl MacRecorder {
    /// The vendor of each address. A list without addresses is empty even without a file: nothing is missing.
    fn labels(&self, macs: &[Mac]) -> Option<ArrayVec<&str, MAX_PAIRS>> {
        match &self.vendors {
            Some(vendors) => Some(macs.iter().map(|&mac| vendors.name(mac).unwrap_or_default()).collect()),
            None => macs.is_empty().then(ArrayVec::new),
        }
    }
}

export_plugin!(MacRecorder);

#[cfg(test)]
mod tests;
