//! Sizes and times as people write them: `5 GiB`, `90s`, or a bare number.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

/// A text is no size or no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub struct QuantityError {
    expected: &'static str,
    found: String,
}

/// A number of bytes. Written as a number, or with a unit: `10 MiB`, `5 GiB`, `50MB` (SI units are powers of 1000).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

/// A time. Written as a number of seconds, or with a unit: `500ms`, `90s`, `15m`, `2h`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Seconds(pub Duration);

impl Bytes {
    const UNITS: [(&'static str, u64); 10] = [
        ("", 1),
        ("b", 1),
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("tib", 1 << 40),
        ("kb", 1_000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
        ("tb", 1_000_000_000_000),
    ];
}

impl Seconds {
    const UNITS: [(&'static str, u64); 5] =
        [("", 1_000), ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

    /// So many seconds.
    pub const fn new(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// Reads a time whose bare number means milliseconds, as scripts for Node.js write it.
    pub fn from_millis_text(text: &str) -> Result<Self, QuantityError> {
        match text.trim().parse::<u64>() {
            Ok(millis) => Ok(Self(Duration::from_millis(millis))),
            Err(_) => text.parse(),
        }
    }
}

/// Splits `1.5 GiB` into the number and the factor of its unit.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = unit.trim().to_ascii_lowercase();
    let factor = units.iter().find(|(name, _)| *name == unit)?.1;
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor);
    }
    let value = number.parse::<f64>().ok()? * factor as f64;
    (value.is_finite() && value < u64::MAX as f64).then_some(value as u64)
}

impl FromStr for Bytes {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        scaled(text, &Self::UNITS).map(Self).ok_or_else(|| QuantityError {
            expected: "a size like `10 MiB` or `1048576`",
            found: text.to_owned(),
        })
    }
}

impl FromStr for Seconds {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        scaled(text, &Self::UNITS).map(|millis| Self(Duration::from_millis(millis))).ok_or_else(|| {
            QuantityError { expected: "a time like `90s`, `15m` or `500ms`", found: text.to_owned() }
        })
    }
}

impl fmt::Display for Bytes {
    /// The largest binary unit that divides the size without a rest, or one decimal place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, factor) in [("TiB", 1u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
            if self.0 >= factor {
                return if self.0.is_multiple_of(factor) {
                    write!(f, "{} {name}", self.0 / factor)
                } else {
                    write!(f, "{:.1} {name}", self.0 as f64 / factor as f64)
                };
            }
        }
        if self.0 == 1 { f.write_str("1 byte") } else { write!(f, "{} bytes", self.0) }
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        for (name, factor) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
            if millis >= factor && millis.is_multiple_of(factor) {
                return write!(f, "{}{name}", millis / factor);
            }
        }
        write!(f, "{millis}ms")
    }
}

/// Reads numbers as they are and texts through `FromStr`.
struct NumberOrText<T>(std::marker::PhantomData<T>, &'static str);

impl<T: FromStr<Err = QuantityError>> Visitor<'_> for NumberOrText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        number.to_string().parse().map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText(std::marker::PhantomData, "a size like `10 MiB`"))
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText(std::marker::PhantomData, "a time like `90s`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        let check = |text: &str, bytes: u64, shown: &str| {
            let size: Bytes = text.parse().unwrap();
            assert_eq!((size.0, size.to_string().as_str()), (bytes, shown), "{text}");
        };
        check("0", 0, "0 bytes");
        check("1", 1, "1 byte");
        check("4 MiB", 4 << 20, "4 MiB");
        check("5gib", 5 << 30, "5 GiB");
        check("50MB", 50_000_000, "47.7 MiB");
        check("1.5 KiB", 1536, "1.5 KiB");
        for bad in ["", "-1", "5 parsecs", "1e99", "99999999999 TiB"] {
            assert!(bad.parse::<Bytes>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_read_and_written() {
        let check = |text: &str, millis: u64, shown: &str| {
            let time: Seconds = text.parse().unwrap();
            assert_eq!((time.0.as_millis() as u64, time.to_string().as_str()), (millis, shown), "{text}");
        };
        check("30", 30_000, "30s");
        check("90s", 90_000, "90s");
        check("15m", 900_000, "15m");
        check("1500ms", 1_500, "1500ms");
        check("2h", 7_200_000, "2h");
        assert_eq!(Seconds::from_millis_text("30000").unwrap(), Seconds::new(30));
        assert_eq!(Seconds::from_millis_text("5m").unwrap(), Seconds::new(300));
    }
}
