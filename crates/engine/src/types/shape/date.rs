//! Dates and times: their parts, and how these are written.

/// A date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DateShape {
    pub(crate) layout: Layout,
    /// The byte between the parts.
    pub(crate) separator: u8,
    /// How the first of day and month is padded; for month names, the day.
    pub(crate) first: Pad,
    /// How the second of them is padded.
    pub(crate) second: Pad,
    /// Bits: the orders of the parts in which the date exists ([`DAY_FIRST`] ...), or the styles of month names that
    /// fit ([`SHORT_NAME`] ...).
    pub(crate) readings: u8,
}

impl DateShape {
    /// 20 bits.
    pub(super) fn code(self) -> u64 {
        self.layout as u64
            | (self.first as u64) << 3
            | (self.second as u64) << 5
            | u64::from(self.readings) << 7
            | u64::from(self.separator) << 12
    }
}

/// Day, month, year.
pub(crate) const DAY_FIRST: u8 = 1;
/// Month, day, year.
pub(crate) const MONTH_FIRST: u8 = 2;
/// Year, month, day.
pub(crate) const YEAR_FIRST: u8 = 4;

/// `Jan`
pub(crate) const SHORT_NAME: u8 = 1;
/// `January`
pub(crate) const LONG_NAME: u8 = 2;
/// `JAN`
pub(crate) const SHORT_UPPER: u8 = 4;
/// `JANUARY`
pub(crate) const LONG_UPPER: u8 = 8;

/// The parts of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layout {
    /// `2024-01-31`
    YearFirst,
    /// `31/01/2024`
    YearLast,
    /// `31/01/24`
    ShortYear,
    /// `31 Jan 2024`
    DayName,
    /// `31-Jan-24`
    DayNameShortYear,
    /// `Jan 31, 2024`
    NameDay,
    /// `Jan 31 2024`
    NameDayPlain,
}

/// Whether a number of two places has a zero in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pad {
    /// 10 and above: nobody knows.
    Unknown,
    /// `05`
    Zero,
    /// `5`
    Bare,
}

impl Pad {
    /// Of one or two digits.
    pub(crate) fn of(digits: &[u8]) -> Pad {
        match digits {
            [_] => Pad::Bare,
            [b'0', ..] => Pad::Zero,
            _ => Pad::Unknown,
        }
    }

    /// Whether a format that pads (or does not) writes it so.
    pub(crate) fn fits(self, padded: bool) -> bool {
        match self {
            Pad::Unknown => true,
            Pad::Zero => padded,
            Pad::Bare => !padded,
        }
    }
}

/// What stands between date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Joint {
    T,
    Blank,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimeShape {
    pub(crate) clock: Clock,
    pub(crate) hour: Pad,
    pub(crate) seconds: bool,
    /// Digits behind the second, 0 to 6.
    pub(crate) fraction: u8,
    /// Whether the last of these is zero.
    pub(crate) ends_in_zero: bool,
}

impl TimeShape {
    /// 12 bits.
    pub(super) fn code(self) -> u64 {
        self.clock as u64
            | (self.hour as u64) << 3
            | u64::from(self.seconds) << 5
            | u64::from(self.fraction) << 6
            | u64::from(self.ends_in_zero) << 9
    }
}

/// 24 or 12 hours, and how the half of the day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clock {
    Hours24,
    /// `1:00 PM`
    BlankUpper,
    /// `1:00 pm`
    BlankLower,
    /// `1:00PM`
    TightUpper,
    /// `1:00pm`
    TightLower,
}

/// The zone of a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ZoneShape {
    None,
    Utc,
    Offset {
        /// Quarters of an hour east of Greenwich.
        quarters: i8,
        style: OffsetStyle,
        /// Whether a blank stands before it.
        spaced: bool,
    },
}

impl ZoneShape {
    pub(super) fn code(self) -> u64 {
        match self {
            ZoneShape::None => 0,
            ZoneShape::Utc => 1,
            ZoneShape::Offset { quarters, style, spaced } => {
                2 + (style as u64) + (u64::from(spaced) << 3) + (u64::from(quarters as u8) << 4)
            }
        }
    }
}

/// How an offset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OffsetStyle {
    /// `+01:00`
    Colon,
    /// `+0100`
    Plain,
    /// `+01`
    Hours,
}
