//! A record of a MaxMind DB file in, what it says of an address out.
//!
//! Records are trees of maps, and publishers differ in where they put things. One pass over the record steps
//! into maps that may hold something of use, skips all others, and keeps what it finds: the first of a kind.
//! A value of another type than expected is passed over; of a broken record, what stands before the breach
//! counts. Text is lent by the file's bytes.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What is known of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Place<'a> {
    pub(crate) country: Option<&'a str>,
    pub(crate) city: Option<&'a str>,
    pub(crate) as_number: Option<u32>,
    pub(crate) as_organisation: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// What is known here, and where nothing is, what is known there.
    pub(crate) fn or(self, other: Place<'a>) -> Place<'a> {
        Place {
            country: self.country.or(other.country),
            city: self.city.or(other.city),
            as_number: self.as_number.or(other.as_number),
            as_organisation: self.as_organisation.or(other.as_organisation),
        }
    }
}

impl<'de> Deserialize<'de> for Place<'de> {
    fn deserialize<D: Deserializer<'de>>(record: D) -> Result<Self, D::Error> {
        let mut place = Place::default();
        // A breach of the record ends the pass, and nothing else: an address has no place to tell of it.
        let _ = Finder { at: At::Record, place: &mut place }.deserialize(record);
        Ok(place)
    }
}

/// Where in a record the pass stands.
#[derive(Clone, Copy)]
enum At {
    Record,
    Traits,
    Country,
    CountryCode,
    City,
    CityNames,
    AsNumber,
    AsOrganisation,
}

impl At {
    /// Where a key leads: by the names of GeoIP2, GeoLite2, and DB-IP, and by those of flat records such as
    /// IPinfo's. Nothing if what stands there is of no use.
    fn step(self, key: &str) -> Option<At> {
        Some(match (self, key) {
            (At::Record, "traits") => At::Traits,
            (At::Record, "country") => At::Country,
            (At::Country, "iso_code") | (At::Record, "country_code") => At::CountryCode,
            (At::Record, "city") | (At::CityNames, "en") => At::City,
            (At::City, "names") => At::CityNames,
            (At::Record | At::Traits, "autonomous_system_number") | (At::Record, "asn") => At::AsNumber,
            (At::Record | At::Traits, "autonomous_system_organization") | (At::Record, "as_name") => {
                At::AsOrganisation
            }
            _ => return None,
        })
    }
}

/// The pass over a record.
struct Finder<'p, 'de> {
    at: At,
    place: &'p mut Place<'de>,
}

impl<'de> DeserializeSeed<'de> for Finder<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Finder<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(key) = map.next_key::<&str>()? {
            match self.at.step(key) {
                Some(at) => map.next_value_seed(Finder { at, place: &mut *self.place })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        let place = self.place;
        match self.at {
            At::CountryCode => place.country = place.country.or(Some(text)),
            At::City => place.city = place.city.or(Some(text)),
            At::AsNumber => place.as_number = place.as_number.or_else(|| as_number(text)),
            At::AsOrganisation => place.as_organisation = place.as_organisation.or(Some(text)),
            At::Record | At::Traits | At::Country | At::CityNames => {}
        }
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        if let At::AsNumber = self.at {
            // RFC 6793: numbers of autonomous systems have 32 bits.
            self.place.as_number = self.place.as_number.or(u32::try_from(number).ok());
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}

/// The number in `AS64496`.
fn as_number(text: &str) -> Option<u32> {
    text.strip_prefix("AS")?.parse().ok()
}
