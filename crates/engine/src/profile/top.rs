//! The most frequent values, with a bound on the error of each count.

use csvp_report::TopValue;

/// Values that are followed at once. A column with at most so many different values gets exact counts.
pub(super) const FOLLOWED: usize = 256;
/// Bytes kept of the followed values together.
const TEXT_BYTES: usize = 8 * 1024;
/// Values in the report.
const SHOWN: usize = 10;
/// Characters kept of one value.
pub(super) const SHOWN_CHARS: usize = 100;

/// Counters of frequent values; at most 20 KiB.
///
/// This is Misra and Gries (1982) in the form of Anderson et al. ("A high-performance algorithm for
/// identifying frequent items in data streams", 2017): when the table is full, all counters up to the median
/// are dropped at once. `floor` is the largest count that a value without counter can have; a value that
/// enters starts there. So a value that is followed from its first occurrence on has an exact count, and
/// `floor` is at most `2 / FOLLOWED` of all values, more where values are so long that their text fills the
/// table first. Merging adds both.
///
/// Values are told apart by their 64-bit hash.
#[derive(Debug, Clone, Default)]
pub(super) struct Top {
    entries: Vec<Entry>,
    /// Open addressing over `entries`: 0 is free, else the entry's index + 1.
    index: Vec<u16>,
    texts: Vec<u8>,
    floor: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    /// Never less than the true count.
    count: u64,
    /// `count - error` is never more than the true count.
    error: u64,
    text_start: u32,
    text_len: u32,
}

impl Top {
    pub(super) fn add(&mut self, hash: u64, cell: &[u8], count: u64) {
        if let Some(entry) = self.find(hash) {
            self.entries[entry].count += count;
            return;
        }
        let text = cut_chars(cell, SHOWN_CHARS);
        while self.entries.len() >= FOLLOWED || self.texts.len() + text.len() > TEXT_BYTES {
            let mut counts: Vec<u64> = self.entries.iter().map(|entry| entry.count).collect();
            let middle = (counts.len() - 1) / 2;
            let (_, median, _) = counts.select_nth_unstable(middle);
            self.raise_floor(*median);
        }
        let count = self.floor + count;
        self.push(Entry { hash, count, error: self.floor, text_start: 0, text_len: 0 }, text);
    }

    pub(super) fn merge(&mut self, later: &Self) {
        let mut in_both = vec![false; self.entries.len()];
        let ours = self.floor;
        for entry in &later.entries {
            match self.find(entry.hash) {
                Some(at) => {
                    in_both[at] = true;
                    self.entries[at].count += entry.count;
                    self.entries[at].error += entry.error;
                }
                None => {
                    let moved = Entry { count: entry.count + ours, error: entry.error + ours, ..*entry };
                    self.push(moved, later.text(entry));
                }
            }
        }
        if later.floor > 0 {
            for (entry, _) in self.entries.iter_mut().zip(in_both).filter(|(_, both)| !both) {
                entry.count += later.floor;
                entry.error += later.floor;
            }
        }
        self.floor += later.floor;
        let mut keep = FOLLOWED;
        while self.entries.len() > FOLLOWED || self.texts.len() > TEXT_BYTES {
            let keep_now = keep.min(self.entries.len() - 1);
            let mut counts: Vec<u64> = self.entries.iter().map(|entry| entry.count).collect();
            let (_, dropped, _) = counts.select_nth_unstable_by(keep_now, |a, b| b.cmp(a));
            self.raise_floor(*dropped);
            keep = keep * 3 / 4;
        }
    }

    /// The most frequent values. Only those that are certainly more frequent than every value without
    /// counter.
    pub(super) fn finish(&self) -> Vec<TopValue> {
        let mut sure: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| entry.error == 0 || entry.count - entry.error > self.floor)
            .collect();
        sure.sort_by(|a, b| {
            b.count.cmp(&a.count).then(a.error.cmp(&b.error)).then_with(|| self.text(a).cmp(self.text(b)))
        });
        sure.truncate(SHOWN);
        sure.into_iter()
            .map(|entry| TopValue {
                value: String::from_utf8_lossy(self.text(entry)).into_owned(),
                count: entry.count,
                error: entry.error,
            })
            .collect()
    }

    fn text(&self, entry: &Entry) -> &[u8] {
        let start = entry.text_start as usize;
        &self.texts[start..start + entry.text_len as usize]
    }

    fn find(&self, hash: u64) -> Option<usize> {
        if self.index.is_empty() {
            return None;
        }
        let mask = self.index.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            match self.index[at] {
                0 => return None,
                slot if self.entries[usize::from(slot) - 1].hash == hash => {
                    return Some(usize::from(slot) - 1);
                }
                _ => at = (at + 1) & mask,
            }
        }
    }

    fn push(&mut self, entry: Entry, text: &[u8]) {
        let text_start = self.texts.len() as u32;
        self.texts.extend_from_slice(text);
        self.entries.push(Entry { text_start, text_len: text.len() as u32, ..entry });
        if self.entries.len() * 2 > self.index.len() {
            self.index_all(self.entries.len() * 4);
        } else {
            self.index_one(self.entries.len() - 1);
        }
    }

    /// Drops all counters up to `floor`: a value without counter may be as frequent as that from now on.
    fn raise_floor(&mut self, floor: u64) {
        let mut texts = Vec::with_capacity(self.texts.len());
        let mut entries = std::mem::take(&mut self.entries);
        entries.retain(|entry| entry.count > floor);
        for entry in &mut entries {
            let text_start = texts.len() as u32;
            texts.extend_from_slice(self.text(entry));
            entry.text_start = text_start;
        }
        self.entries = entries;
        self.texts = texts;
        self.floor = floor;
        self.index_all(self.index.len());
    }

    fn index_all(&mut self, n_slots: usize) {
        self.index.clear();
        self.index.resize(n_slots.next_power_of_two().max(16), 0);
        (0..self.entries.len()).for_each(|entry| self.index_one(entry));
    }

    fn index_one(&mut self, entry: usize) {
        let mask = self.index.len() - 1;
        let mut at = self.entries[entry].hash as usize & mask;
        while self.index[at] != 0 {
            at = (at + 1) & mask;
        }
        self.index[at] = entry as u16 + 1;
    }
}

/// The first characters of a text; bytes that are no UTF-8 count as they come.
pub(super) fn cut_chars(text: &[u8], chars: usize) -> &[u8] {
    if text.len() <= chars {
        return text;
    }
    let starts = text.iter().enumerate().filter(|(_, byte)| is_char_start(**byte));
    // Invalid bytes may all be continuation bytes: no character takes more than four bytes.
    let end = starts.map(|(at, _)| at).nth(chars).unwrap_or(text.len());
    &text[..end.min(chars * 4)]
}

/// Whether a byte begins a UTF-8 character.
pub(super) fn is_char_start(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::hash::hash64;
    use super::*;

    fn of(cells: &[String]) -> Top {
        let mut top = Top::default();
        cells.iter().for_each(|cell| top.add(hash64(cell.as_bytes()), cell.as_bytes(), 1));
        top
    }

    /// A few frequent values in a stream of rare ones.
    fn stream(n: u64) -> Vec<String> {
        let mut state = 7u64;
        let next = |state: &mut u64| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *state >> 33
        };
        (0..n)
            .map(|_| match next(&mut state) % 10 {
                0..=2 => "often".to_owned(),
                3 => "sometimes".to_owned(),
                4 => format!("value {}", next(&mut state) % 20),
                _ => format!("rare {}", next(&mut state)),
            })
            .collect()
    }

    fn check_bounds(top: &Top, cells: &[String]) {
        let mut exact: HashMap<&str, u64> = HashMap::new();
        cells.iter().for_each(|cell| *exact.entry(cell).or_default() += 1);
        let found = top.finish();
        assert_eq!(found[0].value, "often");
        assert_eq!(found[1].value, "sometimes");
        for value in found {
            let count = exact[value.value.as_str()];
            assert!(
                value.count - value.error <= count && count <= value.count,
                "{value:?} occurs {count} times"
            );
        }
        assert!(
            top.floor <= 2 * cells.len() as u64 / FOLLOWED as u64,
            "floor {} of {}",
            top.floor,
            cells.len()
        );
        assert!(top.entries.len() <= FOLLOWED && top.texts.len() <= TEXT_BYTES);
    }

    #[test]
    fn counts_are_within_their_error_alone_and_merged() {
        let cells = stream(50_000);
        check_bounds(&of(&cells), &cells);
        let mut merged = Top::default();
        cells.chunks(3_000).for_each(|chunk| merged.merge(&of(chunk)));
        check_bounds(&merged, &cells);
    }

    #[test]
    fn few_values_are_exact_and_ties_are_in_order() {
        let cells: Vec<String> = (0..1_000).map(|n| format!("v{:03}", n % 200)).collect();
        let mut merged = of(&cells[..300]);
        merged.merge(&of(&cells[300..]));
        let expected: Vec<TopValue> =
            (0..10).map(|n| TopValue { value: format!("v{n:03}"), count: 5, error: 0 }).collect();
        assert_eq!(merged.finish(), expected);
        assert_eq!(of(&cells).finish(), expected);
    }

    #[test]
    fn nothing_stands_out_among_unique_values() {
        let cells: Vec<String> = (0..10_000).map(|n| n.to_string()).collect();
        assert_eq!(of(&cells).finish(), []);
    }

    #[test]
    fn long_values_are_cut_and_stay_within_the_memory() {
        let cells: Vec<String> = (0..500).map(|n| format!("{n} {}", "ü".repeat(300))).collect();
        let mut top = of(&cells);
        top.merge(&of(&cells));
        assert!(top.texts.len() <= TEXT_BYTES);
        assert_eq!(cut_chars("äöü".as_bytes(), 2), "äö".as_bytes());
        assert_eq!(cut_chars(&[0x80; 1_000], 100).len(), 400);
    }
}
