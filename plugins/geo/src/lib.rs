//! Country, city, and autonomous system of both ends of a flow, from MaxMind DB files of the user's own.
//!
//! Such files are kept by several publishers and may not be passed on with a program, so none is built in:
//! the options name them, and without one all columns are empty. An address is looked up when its flow has
//! ended, once for each row and file.

mod database;
mod place;

use database::Database;
use place::Place;
use weir_sdk::{
    Columns, End, FlowPlugin, Interest, Ip, Options, Packet, Reads, Side, State, export_plugin, flag,
};

/// Where addresses are.
pub struct Geo {
    databases: Vec<Database>,
}

/// The files to look into. Whatever an option is called, its file may answer for any column; a more special
/// file is asked first.
#[derive(Options)]
pub struct Files {
    /// MaxMind DB file of autonomous systems, such as GeoLite2-ASN.mmdb; none if empty. It is asked first.
    #[option(default = "")]
    asn: String,
    /// MaxMind DB file of countries, such as GeoLite2-Country.mmdb; none if empty. It is asked second.
    #[option(default = "")]
    country: String,
    /// MaxMind DB file of cities and countries, such as GeoLite2-City.mmdb; none if empty. It is asked last.
    #[option(default = "")]
    city: String,
}

/// The addresses of a conversation, as packets of A name them.
#[derive(Default)]
pub struct Endpoints {
    src: Option<Ip>,
    dst: Option<Ip>,
}

/// One row.
#[derive(Columns, Clone, Debug, PartialEq)]
#[columns(scope = "flow", unit = "none", tags = ["address"])]
pub struct Row<'a> {
    /// Country where the source address of the direction is used, that of the initiator in the row of a
    /// conversation: its code in ISO 3166-1 alpha-2. Absent where no file has it, and for layer 2.
    #[column(source = "MaxMind DB record, country.iso_code or country_code")]
    pub src_country: Option<&'a str>,
    /// City where the source address of the direction is used, that of the initiator in the row of a
    /// conversation: its English name. Absent where no file has it, and for layer 2.
    #[column(source = "MaxMind DB record, city.names.en or city")]
    pub src_city: Option<&'a str>,
    /// Number of the autonomous system that announces the source address of the direction, that of the
    /// initiator in the row of a conversation. Absent where no file has it, and for layer 2.
    #[column(source = "MaxMind DB record, autonomous_system_number, also in traits, or asn")]
    #[column(aliases = ["bgpSourceAsNumber"])]
    pub src_as_number: Option<u32>,
    /// Organisation that holds the autonomous system of the source address of the direction, that of the
    /// initiator in the row of a conversation. Absent where no file has it, and for layer 2.
    #[column(source = "MaxMind DB record, autonomous_system_organization, also in traits, or as_name")]
    pub src_as_organisation: Option<&'a str>,
    /// Country where the destination address of the direction is used, that of the responder in the row of a
    /// conversation: its code in ISO 3166-1 alpha-2. Absent where no file has it, and for layer 2.
    #[column(source = "MaxMind DB record, country.iso_code or country_code")]
    pub dst_country: Option<&'a str>,
    /// City where the destination address of the direction is used, that of the responder in the row of a
    /// conversation: its English name. Absent where no file has it, and for layer 2.
    #[column(source = "MaxMind DB record, city.names.en or city")]
    pub dst_city: Option<&'a str>,
    /// Number of the autonomous system that announces the destination address of the direction, that of the
    /// responder in the row of a conversation. Absent where no file has it, and for layer 2.
    #[column(source = "MaxMind DB record, autonomous_system_number, also in traits, or asn")]
    #[column(aliases = ["bgpDestinationAsNumber"])]
    pub dst_as_number: Option<u32>,
    /// Organisation that holds the autonomous system of the destination address of the direction, that of the
    /// responder in the row of a conversation. Absent where no file has it, and for layer 2.
    #[column(source = "MaxMind DB record, autonomous_system_organization, also in traits, or as_name")]
    pub dst_as_organisation: Option<&'a str>,
}

impl FlowPlugin for Geo {
    const NAME: &'static str = "geo";
    const SUMMARY: &'static str =
        "country, city, and autonomous system of addresses, empty unless options name MaxMind DB files";
    const ORDER: u16 = 700;
    const ON_BY_DEFAULT: bool = false;
    const INTEREST: Interest = Interest::IP;
    const READS: Reads = Reads::HEADERS;

    type Options = Files;
    type Flow = Endpoints;
    type Direction = ();
    type Row<'a> = Row<'a>;

    fn open(files: Files) -> Result<Self, String> {
        let named = [("asn", files.asn), ("country", files.country), ("city", files.city)];
        let given = named.iter().filter(|(_, file)| !file.is_empty());
        let databases = given.map(|(option, file)| Database::open(option, file)).collect::<Result<_, _>>()?;
        Ok(Self { databases })
    }

    fn notice(&self) -> Option<String> {
        let missing = "no database was named, so its columns are empty; name one with `-o geo.country=FILE`";
        self.databases.is_empty().then(|| missing.to_owned())
    }

    fn packet(&self, state: State<'_, Self>, packet: &Packet<'_>) {
        if packet.has(flag::STARTS_FLOW) {
            *state.flow = Endpoints::of_a(packet);
        }
    }

    fn finish<'a>(&'a self, end: &End<'a, Self>) -> Row<'a> {
        let Endpoints { src, dst } = end.flow.seen_from(end.side());
        let (src, dst) = (self.place(src), self.place(dst));
        Row {
            src_country: src.country,
            src_city: src.city,
            src_as_number: src.as_number,
            src_as_organisation: src.as_organisation,
            dst_country: dst.country,
            dst_city: dst.city,
            dst_as_number: dst.as_number,
            dst_as_organisation: dst.as_organisation,
        }
    }
}

impl Geo {
    /// What the files together say of an address.
    fn place(&self, ip: Option<Ip>) -> Place<'_> {
        let Some(ip) = ip else { return Place::default() };
        self.databases.iter().map(|database| database.place(ip)).fold(Place::default(), Place::or)
    }
}

impl Endpoints {
    /// The addresses as packets of A name them, whoever sent this one.
    fn of_a(packet: &Packet<'_>) -> Self {
        // The exchange undoes itself, so it leads from either side to A as from A to either side.
        Self { src: packet.src_ip(), dst: packet.dst_ip() }.seen_from(packet.side())
    }

    /// The addresses as packets of `side` name them.
    fn seen_from(&self, side: Side) -> Self {
        match side {
            Side::A => Self { src: self.src, dst: self.dst },
            Side::B => Self { src: self.dst, dst: self.src },
        }
    }
}

export_plugin!(Geo);

#[cfg(test)]
mod tests;
