//! Options of a plugin: declared on the fields of a struct, given as `-o plugin.option=value`.

use crate::value::Duration;

/// The declaration of one option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionDeclaration {
    /// Lower snake case.
    pub name: &'static str,
    /// What a value must be: `number`, `integer`, `text`, `switch`, `duration`.
    pub kind: &'static str,
    /// The value without the option, as one would write it.
    pub default: &'static str,
    /// What it does.
    pub definition: &'static str,
}

/// The options of a plugin. Derived.
pub trait Options: Sized {
    /// The options, in the order of the fields.
    const DECLARATIONS: &'static [OptionDeclaration];

    /// The options with the given values set and the others at their defaults.
    ///
    /// # Errors
    ///
    /// One sentence that names the option and what its value should have been.
    fn parse(given: &[(&str, &str)]) -> Result<Self, String>;
}

/// A plugin without options.
impl Options for () {
    const DECLARATIONS: &'static [OptionDeclaration] = &[];

    fn parse(given: &[(&str, &str)]) -> Result<Self, String> {
        match given.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("option `{name}` is unknown: this plugin has no options")),
        }
    }
}

/// A type that an option can have.
pub trait OptionValue: Sized {
    /// What a value must be, in one word.
    const KIND: &'static str;

    /// The value that `text` stands for.
    fn from_text(text: &str) -> Option<Self>;
}

macro_rules! parsed {
    ($($type:ty => $kind:literal),+ $(,)?) => {$(
        impl OptionValue for $type {
            const KIND: &'static str = $kind;

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )+};
}

parsed!(u16 => "integer", u32 => "integer", u64 => "integer", usize => "integer", f64 => "number", String => "text");

impl OptionValue for bool {
    const KIND: &'static str = "switch";

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "true" | "on" | "yes" | "1" => Some(true),
            "false" | "off" | "no" | "0" => Some(false),
            _ => None,
        }
    }
}

/// Seconds, with an optional unit: `0.6`, `600ms`, `5m`, `2h`.
impl OptionValue for Duration {
    const KIND: &'static str = "duration";

    fn from_text(text: &str) -> Option<Self> {
        const UNITS: [(&str, f64); 6] =
            [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12)];
        let suffix = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let unit = if suffix.is_empty() { "s" } else { suffix };
        let scale = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        let number: f64 = text[..text.len() - suffix.len()].parse().ok()?;
        let nanoseconds = (number * scale).round();
        (nanoseconds < i64::MAX as f64).then_some(Duration(nanoseconds as i64))
    }
}

/// Called by the derive: the value of one option, or the sentence that says what is wrong with it.
#[doc(hidden)]
pub fn parse_option<T: OptionValue>(name: &str, text: &str) -> Result<T, String> {
    T::from_text(text)
        .ok_or_else(|| format!("option `{name}` is `{text}`, but it must be {}", article(T::KIND)))
}

fn article(kind: &str) -> String {
    match kind {
        "integer" => "an integer".into(),
        "text" => "a text".into(),
        "switch" => "`true` or `false`".into(),
        "duration" => "a duration such as `0.6`, `600ms`, or `5m`".into(),
        other => format!("a {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_a_unit_and_mean_seconds_without_one() {
        let check = |text, expected: Option<i64>| {
            assert_eq!(Duration::from_text(text).map(|d| d.0), expected, "{text}")
        };
        check("0.6", Some(600_000_000));
        check("600ms", Some(600_000_000));
        check("5m", Some(300_000_000_000));
        check("2h", Some(7_200_000_000_000));
        check("five", None);
        check("1e400", None);
        check("-1", None);
        check("", None);
    }
}
