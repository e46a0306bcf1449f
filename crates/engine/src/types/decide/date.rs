//! Dates: the layout of most cells, then the order of day and month and how they are padded.

use csvp_report::ColumnType;

use super::super::shape::{
    DAY_FIRST, DateShape, LONG_NAME, LONG_UPPER, Layout, MONTH_FIRST, SHORT_NAME, SHORT_UPPER, Shape,
    YEAR_FIRST,
};
use super::{Ambiguity, Candidate, Refusal, Tally};

/// One format of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DateFormat {
    layout: Layout,
    separator: u8,
    /// One bit of the shape's readings: an order, or a style of month names.
    reading: u8,
    /// Whether the first and the second of day and month are padded.
    first: bool,
    second: bool,
}

impl DateFormat {
    pub(super) fn accepts(self, date: DateShape) -> bool {
        self.layout == date.layout
            && self.separator == date.separator
            && self.reading & date.readings != 0
            && date.first.fits(self.first)
            && date.second.fits(self.second)
    }

    /// The bit of the order or style.
    pub(super) fn reading(self) -> u8 {
        self.reading
    }

    pub(super) fn pattern(self) -> String {
        let sign =
            |letter: char, padded: bool| if padded { format!("%{letter}") } else { format!("%-{letter}") };
        let separator = self.separator as char;
        let day = sign('d', self.first);
        let name = match self.reading {
            SHORT_NAME => "%b",
            LONG_NAME => "%B",
            SHORT_UPPER => "%^b",
            _ => "%^B",
        };
        let year = if self.layout == Layout::ShortYear { "%y" } else { "%Y" };
        match (self.layout, self.reading) {
            (Layout::YearFirst, _) => {
                format!("%Y{separator}{}{separator}{}", sign('m', self.first), sign('d', self.second))
            }
            (Layout::YearLast | Layout::ShortYear, DAY_FIRST) => {
                format!("{day}{separator}{}{separator}{year}", sign('m', self.second))
            }
            (Layout::YearLast | Layout::ShortYear, MONTH_FIRST) => {
                format!("{}{separator}{}{separator}{year}", sign('m', self.first), sign('d', self.second))
            }
            (Layout::YearLast | Layout::ShortYear, _) => format!("%y{separator}%m{separator}%d"),
            (Layout::DayName, _) => format!("{day}{separator}{name}{separator}%Y"),
            (Layout::DayNameShortYear, _) => format!("{day}{separator}{name}{separator}%y"),
            (Layout::NameDay, _) => format!("{name} {day}, %Y"),
            (Layout::NameDayPlain, _) => format!("{name} {day} %Y"),
        }
    }
}

/// Padded first: where nothing tells, that is how computers write.
const PADDINGS: [(bool, bool); 4] = [(true, true), (false, false), (true, false), (false, true)];

/// The formats that dates of the layout of most of these dates can have.
pub(super) fn formats(dates: &[(DateShape, u64)]) -> Vec<DateFormat> {
    let Some((layout, separator)) = most_frequent(dates, |date| (date.layout, date.separator)) else {
        return Vec::new();
    };
    let readings: &[u8] = match layout {
        Layout::YearFirst => &[YEAR_FIRST],
        Layout::YearLast => &[DAY_FIRST, MONTH_FIRST],
        Layout::ShortYear => &[DAY_FIRST, MONTH_FIRST, YEAR_FIRST],
        _ => &[SHORT_NAME, LONG_NAME, SHORT_UPPER, LONG_UPPER],
    };
    let mut formats = Vec::new();
    for &reading in readings {
        for (first, second) in PADDINGS {
            let plain = layout == Layout::ShortYear && reading == YEAR_FIRST;
            if !plain || (first && second) {
                formats.push(DateFormat { layout, separator, reading, first, second });
            }
        }
    }
    formats
}

/// The key with most cells; of equals the smallest, so that it does not depend on an order.
pub(super) fn most_frequent<S: Copy, K: Ord + Copy>(shapes: &[(S, u64)], key: impl Fn(S) -> K) -> Option<K> {
    let mut counts = std::collections::BTreeMap::new();
    for &(shape, count) in shapes {
        *counts.entry(key(shape)).or_insert(0_u64) += count;
    }
    counts.into_iter().rev().max_by_key(|&(_, count)| count).map(|(key, _)| key)
}

/// Whether day and month cannot be told apart with this format: how many dates have another reading, when some
/// other order reads just as many cells (`accepted_by` gives the most that any format with an order reads).
pub(super) fn rival(
    best: DateFormat,
    accepted: u64,
    dates: &[(DateShape, u64)],
    accepted_by: impl Fn(u8) -> u64,
) -> Option<u64> {
    if !matches!(best.layout, Layout::YearLast | Layout::ShortYear) {
        return None;
    }
    let read = |reading: u8| -> u64 {
        dates.iter().filter(|(date, _)| date.readings & reading != 0).map(|&(_, count)| count).sum()
    };
    let others = [DAY_FIRST, MONTH_FIRST, YEAR_FIRST].into_iter().filter(|&other| other != best.reading);
    let rivals = others.filter(|&other| accepted_by(other) >= accepted).filter(|&other| {
        // `31.12.23` may be the year 2031. Were the first part a day, some of its values were below 13.
        let unlikely =
            other == YEAR_FIRST && best.reading == DAY_FIRST && read(MONTH_FIRST) * 10 >= read(DAY_FIRST);
        !unlikely
    });
    let both = rivals.fold(0, |bits, other| bits | other);
    (both != 0).then(|| {
        let doubtful = |date: DateShape| best.accepts(date) && date.readings & both != 0;
        dates.iter().filter(|&&(date, _)| doubtful(date)).map(|&(_, count)| count).sum()
    })
}

/// Why a column of dates is not read.
pub(super) fn refusal(values: u64) -> Refusal {
    Refusal {
        ambiguous: Some(Ambiguity::Date { values }),
        reason: "nothing tells day, month and year apart: no date is possible in one order only".to_owned(),
    }
}

/// The format of most dates.
pub(super) fn candidate(tally: &Tally) -> Option<Candidate> {
    let dates: Vec<(DateShape, u64)> = tally
        .slots
        .iter()
        .filter_map(|slot| match slot.shape {
            Shape::Date(date) => Some((date, slot.count)),
            _ => None,
        })
        .collect();
    let accepted = |format: DateFormat| -> u64 {
        dates.iter().filter(|(date, _)| format.accepts(*date)).map(|&(_, count)| count).sum()
    };
    let formats = formats(&dates);
    // The last of equals wins in `max_by_key`, the first of the list is the likeliest.
    let best = *formats.iter().rev().max_by_key(|format| accepted(**format))?;
    let most = |reading: u8| {
        formats
            .iter()
            .filter(|format| format.reading == reading)
            .map(|format| accepted(*format))
            .max()
            .unwrap_or(0)
    };
    let count = accepted(best);
    let mut candidate = Candidate::new(ColumnType::Date { format: best.pattern() }, count);
    candidate.refusal = rival(best, count, &dates, most).map(refusal);
    candidate.reason = evidence(best, &dates);
    Some(candidate)
}

/// What decided the order of day and month.
pub(super) fn evidence(best: DateFormat, dates: &[(DateShape, u64)]) -> Option<String> {
    let other = match (best.layout, best.reading) {
        (Layout::YearLast | Layout::ShortYear, DAY_FIRST) => MONTH_FIRST,
        (Layout::YearLast | Layout::ShortYear, MONTH_FIRST) => DAY_FIRST,
        _ => return None,
    };
    let only = |date: DateShape| best.accepts(date) && date.readings & other == 0;
    let count: u64 = dates.iter().filter(|&&(date, _)| only(date)).map(|&(_, count)| count).sum();
    let order = if best.reading == DAY_FIRST { "day first" } else { "month first" };
    Some(match count {
        0 => return None,
        1 => format!("1 date is possible {order} only"),
        count => format!("{count} dates are possible {order} only"),
    })
}
