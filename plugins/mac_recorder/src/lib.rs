//! Which pairs of MAC addresses carried a flow, and how many packets each.
//!
//! More than one pair in a direction tells of several ways through the network: routers that share an address,
//! load balancing, or someone in between. Vendors are those of the registries of IEEE, which the plugin carries;
//! a file of the user's own comes first.

mod labels;
mod pairs;
mod registry;
mod vendors;

use labels::Labels;
use pairs::Pairs;
use registry::Registry;
use vendors::Vendors;
use weir_sdk::{Bit, Columns, End, FlowPlugin, Mac, Options, Packet, Reads, State, export_plugin};

/// Pairs of MAC addresses.
pub struct MacRecorder {
    /// Those of the user's file.
    vendors: Vendors,
    registry: Registry,
}

/// What can be chosen.
#[derive(Options, Debug)]
pub struct Choices {
    /// File with vendors of MAC addresses that come before the built-in ones of IEEE, in the format of
    /// Wireshark's `manuf` or of `oui.csv`, `mam.csv`, `oui36.csv` of IEEE. An address that no prefix of the file
    /// fits has its built-in vendor. The file may name group and locally administered addresses, too.
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
    /// The vendor of the source address of each pair of `mac_pair_src`: the name of the longest prefix in the
    /// user's file of vendors that the address begins with; without one, the organization that the block of the
    /// address was assigned to in the registries of IEEE of October 2026. Empty for an address of no known vendor;
    /// group and locally administered addresses and `00:00:00:00:00:00` have one by the user's file only.
    #[column(unit = "none", source = "IEEE registries MA-L, MA-M, MA-S, IAB", tags = ["address"])]
    #[column(tranalyzer = "srcMacLbl_dstMacLbl:SC", null = "-", aliases = ["srcManuf"])]
    pub mac_pair_src_vendor: Labels<'a>,
    /// The vendor of the destination address of each pair of `mac_pair_src`, found as `mac_pair_src_vendor` is.
    /// Empty for an address of no known vendor, such as that of a group.
    #[column(unit = "none", source = "IEEE registries MA-L, MA-M, MA-S, IAB", tags = ["address"])]
    #[column(tranalyzer = "srcMacLbl_dstMacLbl:SC", null = "-", aliases = ["dstManuf"])]
    pub mac_pair_dst_vendor: Labels<'a>,
}

impl FlowPlugin for MacRecorder {
    const NAME: &'static str = "mac_recorder";
    const SUMMARY: &'static str = "pairs of MAC addresses, their packets and vendors";
    const ORDER: u16 = 110;
    const READS: Reads = Reads::HEADERS;
    const READS_PEER: bool = false;

    type Options = Choices;
    type Flow = ();
    type Direction = Pairs;
    type Row<'a> = Row<'a>;

    fn open(choices: Choices) -> Result<Self, String> {
        let path = choices.vendors;
        let vendors = if path.is_empty() { Vendors::default() } else { Vendors::read(&path)? };
        Ok(Self { vendors, registry: Registry::default() })
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        if let (Some(src), Some(dst)) = packet.macs() {
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
    fn labels(&self, macs: &[Mac]) -> Labels<'_> {
        Labels::of(macs, |mac| self.vendor(mac).unwrap_or_default())
    }

    fn vendor(&self, mac: Mac) -> Option<&str> {
        self.vendors.name(mac).or_else(|| self.registry.name(mac))
    }
}

export_plugin!(MacRecorder);

#[cfg(test)]
mod tests;
