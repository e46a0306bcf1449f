//! Times of day and timestamps.

use csvp_report::{ColumnType, Zone};

use super::super::shape::{Clock, DateShape, Joint, OffsetStyle, Shape, TimeShape, ZoneShape};
use super::date::{self, DateFormat, most_frequent};
use super::{Candidate, Tally};

/// One format of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimeFormat {
    clock: Clock,
    padded: bool,
    seconds: bool,
    fraction: Fraction,
}

/// The digits behind the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fraction {
    /// Always as many.
    Fixed(u8),
    /// Without zeros at the end, and nothing for a whole second.
    Shortest,
}

impl TimeFormat {
    fn accepts(self, time: TimeShape) -> bool {
        let fraction = match self.fraction {
            Fraction::Fixed(digits) => time.fraction == digits,
            Fraction::Shortest => !time.ends_in_zero,
        };
        self.clock == time.clock && self.seconds == time.seconds && time.hour.fits(self.padded) && fraction
    }

    fn pattern(self) -> String {
        let letter = if self.clock == Clock::Hours24 { 'H' } else { 'I' };
        let pad = if self.padded { "" } else { "-" };
        let seconds = if self.seconds { ":%S" } else { "" };
        let fraction = match self.fraction {
            Fraction::Fixed(0) => String::new(),
            Fraction::Fixed(digits) => format!("%.{digits}f"),
            Fraction::Shortest => "%.f".to_owned(),
        };
        let half = match self.clock {
            Clock::Hours24 => "",
            Clock::BlankUpper => " %p",
            Clock::BlankLower => " %P",
            Clock::TightUpper => "%p",
            Clock::TightLower => "%P",
        };
        format!("%{pad}{letter}:%M{seconds}{fraction}{half}")
    }
}

/// The formats that times like most of these can have, the likeliest first.
fn formats(times: &[(TimeShape, u64)]) -> Vec<TimeFormat> {
    let Some((clock, seconds)) = most_frequent(times, |time| (time.clock, time.seconds)) else {
        return Vec::new();
    };
    let mut digits: Vec<u8> = times.iter().map(|(time, _)| time.fraction).collect();
    digits.sort_unstable();
    digits.dedup();
    let mut fractions: Vec<Fraction> = digits.into_iter().map(Fraction::Fixed).collect();
    if seconds {
        fractions.push(Fraction::Shortest);
    }
    let mut formats = Vec::new();
    for fraction in fractions {
        for padded in [true, false] {
            formats.push(TimeFormat { clock, padded, seconds, fraction });
        }
    }
    formats
}

/// The format of most times.
pub(super) fn candidate(tally: &Tally) -> Option<Candidate> {
    let times: Vec<(TimeShape, u64)> = tally
        .slots
        .iter()
        .filter_map(|slot| match slot.shape {
            Shape::Time(time) => Some((time, slot.count)),
            _ => None,
        })
        .collect();
    let accepted = |format: TimeFormat| -> u64 {
        times.iter().filter(|(time, _)| format.accepts(*time)).map(|&(_, count)| count).sum()
    };
    let best = *formats(&times).iter().rev().max_by_key(|format| accepted(**format))?;
    Some(Candidate::new(ColumnType::Time { format: best.pattern() }, accepted(best)))
}

/// The format of most timestamps. Date and time are chosen together, among cells with one and the same zone.
pub(super) fn timestamp_candidate(tally: &Tally) -> Option<Candidate> {
    let all: Vec<((DateShape, Joint, TimeShape, ZoneShape), u64)> = tally
        .slots
        .iter()
        .filter_map(|slot| match slot.shape {
            Shape::Timestamp(date, joint, time, zone) => Some(((date, joint, time, zone), slot.count)),
            _ => None,
        })
        .collect();
    let (joint, zone) = most_frequent(&all, |(_, joint, _, zone)| (joint, zone))?;
    let same: Vec<((DateShape, TimeShape), u64)> = all
        .iter()
        .filter(|((_, with, _, in_zone), _)| (*with, *in_zone) == (joint, zone))
        .map(|&((date, _, time, _), count)| ((date, time), count))
        .collect();
    let dates: Vec<(DateShape, u64)> = same.iter().map(|&((date, _), count)| (date, count)).collect();
    let times: Vec<(TimeShape, u64)> = same.iter().map(|&((_, time), count)| (time, count)).collect();
    let accepted = |date: DateFormat, time: TimeFormat| -> u64 {
        let both = |&&((of_date, of_time), _): &&((DateShape, TimeShape), u64)| {
            date.accepts(of_date) && time.accepts(of_time)
        };
        same.iter().filter(both).map(|&(_, count)| count).sum()
    };
    let date_formats = date::formats(&dates);
    let mut best: Option<(DateFormat, TimeFormat, u64)> = None;
    for time in formats(&times) {
        for &date in &date_formats {
            let count = accepted(date, time);
            if best.is_none_or(|(_, _, most)| count > most) {
                best = Some((date, time, count));
            }
        }
    }
    let (date, time, count) = best?;
    let most = |reading: u8| {
        let orders = date_formats.iter().filter(|format| format.reading() == reading);
        orders.map(|format| accepted(*format, time)).max().unwrap_or(0)
    };
    let between = if joint == Joint::T { 'T' } else { ' ' };
    let format = format!("{}{between}{}{}", date.pattern(), time.pattern(), zone_text(zone));
    let zone = match zone {
        ZoneShape::None => Zone::None,
        ZoneShape::Utc => Zone::Utc,
        ZoneShape::Offset { .. } => Zone::Offset,
    };
    let mut candidate = Candidate::new(ColumnType::Timestamp { format, zone }, count);
    candidate.refusal = date::rival(date, count, &dates, most).map(date::refusal);
    candidate.reason = date::evidence(date, &dates);
    Some(candidate)
}

fn zone_text(zone: ZoneShape) -> String {
    let ZoneShape::Offset { quarters, style, spaced } = zone else {
        return if zone == ZoneShape::Utc { "Z".to_owned() } else { String::new() };
    };
    let sign = if quarters < 0 { '-' } else { '+' };
    let minutes = u32::from(quarters.unsigned_abs()) * 15;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let blank = if spaced { " " } else { "" };
    match style {
        OffsetStyle::Colon => format!("{blank}{sign}{hours:02}:{minutes:02}"),
        OffsetStyle::Plain => format!("{blank}{sign}{hours:02}{minutes:02}"),
        OffsetStyle::Hours => format!("{blank}{sign}{hours:02}"),
    }
}
