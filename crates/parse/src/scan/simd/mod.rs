//! The fast scanner: [`tape`] finds the field ends of well-formed records, this module makes records of them and hands
//! everything else to the plain scanner, record by record.

#![expect(
    unsafe_code,
    reason = "vector instructions; memory is reached through slices and arrays of known size"
)]

mod avx2;
mod avx512;
mod count;
mod tape;

use self::count::Counter;
use self::tape::{Machine, Marks, Tape};
use super::Level;
use super::count::{RecordCount, count_plainly};
use super::plain::{self, Desk};
use crate::index::{FieldIndex, LineEndings, offset};
use crate::{Fault, FaultKind, Grammar};

/// Whether this processor can run a level.
pub(super) fn is_here(level: Level) -> bool {
    match level {
        Level::Plain => true,
        Level::Avx2 => avx2::is_here(),
        Level::Avx512 => avx512::is_here(),
    }
}

/// As [`plain::index`], and with the same result.
pub(super) fn index(
    level: Level,
    grammar: &Grammar,
    bytes: &[u8],
    eof: bool,
    index: &mut FieldIndex,
) -> usize {
    let n_columns = index.width();
    // Only damaged records are read with the number of columns, and those the plain scanner reads.
    let fits = n_columns > 0 && grammar.n_columns.is_none_or(|expected| expected == n_columns);
    let Some(marks) = Marks::of(grammar).filter(|_| fits) else {
        return plain::index(grammar, bytes, eof, index);
    };
    let mut scan = Scan {
        grammar,
        bytes,
        eof,
        index,
        marks,
        tape: Tape::new(),
        at: 0,
        from: 0,
        record: 0,
        starts: Vec::new(),
        spanning: Vec::new(),
    };
    match level {
        // SAFETY: the processor was asked.
        Level::Avx512 if avx512::is_here() => unsafe { with_avx512(&mut scan) },
        // SAFETY: the processor was asked.
        Level::Avx2 if avx2::is_here() => unsafe { with_avx2(&mut scan) },
        _ => return plain::index(grammar, bytes, eof, scan.index),
    }
    scan.at
}

/// # Safety
/// [`avx512::is_here`].
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
unsafe fn with_avx512(scan: &mut Scan<'_>) {
    // SAFETY: as promised.
    unsafe { scan.run::<avx512::Avx512>() }
}

/// # Safety
/// [`avx2::is_here`].
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
unsafe fn with_avx2(scan: &mut Scan<'_>) {
    // SAFETY: as promised.
    unsafe { scan.run::<avx2::Avx2>() }
}

/// As [`plain::index`] counts, without the index.
pub(super) fn count(
    level: Level,
    grammar: &Grammar,
    bytes: &[u8],
    eof: bool,
    counted: &mut RecordCount,
) -> usize {
    let Some(mut counter) = Counter::new(grammar, bytes, eof) else {
        return count_plainly(grammar, bytes, eof, counted);
    };
    match level {
        // SAFETY: the processor was asked.
        Level::Avx512 if avx512::is_here() => unsafe { count_with_avx512(&mut counter, counted) },
        // SAFETY: the processor was asked.
        Level::Avx2 if avx2::is_here() => unsafe { count_with_avx2(&mut counter, counted) },
        _ => count_plainly(grammar, bytes, eof, counted),
    }
}

/// # Safety
/// [`avx512::is_here`].
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
unsafe fn count_with_avx512(counter: &mut Counter<'_>, counted: &mut RecordCount) -> usize {
    // SAFETY: as promised.
    unsafe { counter.run::<avx512::Avx512>(counted) }
}

/// # Safety
/// [`avx2::is_here`].
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
unsafe fn count_with_avx2(counter: &mut Counter<'_>, counted: &mut RecordCount) -> usize {
    // SAFETY: as promised.
    unsafe { counter.run::<avx2::Avx2>(counted) }
}

struct Scan<'a> {
    grammar: &'a Grammar,
    bytes: &'a [u8],
    eof: bool,
    index: &'a mut FieldIndex,
    marks: Marks,
    tape: Tape,
    /// Where the next record begins.
    at: usize,
    /// Its first field end on the tape.
    from: usize,
    /// Its number on the tape.
    record: usize,
    /// Starts of records that are about to be added together.
    starts: Vec<u32>,
    /// Those of them that span lines, with the line ends inside them.
    spanning: Vec<(u32, u32)>,
}

/// Why no more records are taken from the tape.
enum Stop {
    /// There are none.
    Empty,
    /// The index is full.
    Full,
    /// The plain scanner must read the next one.
    Odd,
}

impl Scan<'_> {
    /// # Safety
    /// The processor has the features of `M`.
    #[inline(always)]
    unsafe fn run<M: Machine>(&mut self) {
        let mut desk = Desk::default();
        loop {
            // SAFETY: as promised.
            let more = unsafe { self.tape.fill::<M>(self.marks, self.bytes) };
            loop {
                match self.take_records() {
                    Stop::Full => return,
                    Stop::Empty if more => break,
                    Stop::Empty if self.is_cut() => return,
                    Stop::Empty | Stop::Odd => {}
                }
                if self.at >= self.bytes.len() || !self.index.has_room() {
                    return;
                }
                let next = plain::step(self.grammar, self.bytes, self.at, self.eof, self.index, &mut desk);
                let Some(next) = next else { return };
                if !self.skip_to(next) {
                    break;
                }
            }
            self.tape.forget(self.from);
            (self.from, self.record) = (0, 0);
        }
    }

    /// Whether nothing is wrong with the next record but that its end has not come yet. The plain scanner would say so,
    /// too, after it has read all of it: again and again, when a record is longer than the bytes that come at once.
    fn is_cut(&self) -> bool {
        let first = self.bytes.get(self.at).copied();
        !self.eof
            && self.tape.is_at_end(self.bytes)
            && self.bytes.len() - self.at <= self.grammar.max_record_bytes
            && (first.is_none() || first != self.grammar.comment_byte())
    }

    /// Goes on behind a record that the plain scanner has read. False when the tape knows no record there and has begun
    /// anew.
    fn skip_to(&mut self, next: usize) -> bool {
        self.at = next;
        self.tape.take_inner_lines(next);
        while self.tape.take_stray(next).is_some() {}
        let records = &self.tape.records[self.record..];
        let ahead = records.partition_point(|record| (record.next as usize) < next);
        if let Some(end) = records.get(ahead).filter(|record| record.next as usize == next) {
            self.from = end.tape_len as usize;
            self.record += ahead + 1;
            return true;
        }
        self.tape.restart(next);
        (self.from, self.record) = (0, 0);
        false
    }

    /// Adds records to the index, as long as they are what they seem.
    fn take_records(&mut self) -> Stop {
        let n_columns = self.index.width();
        let comment = self.grammar.comment_byte();
        let most = self.grammar.max_record_bytes;
        let mut endings = LineEndings::default();
        let mut run = self.from;
        let mut room = self.index.room();
        let stop = loop {
            let Some(&found) = self.tape.records.get(self.record) else { break Stop::Empty };
            let ends = &self.tape.ends()[self.from..found.tape_len as usize];
            let end = offset(ends[ends.len() - 1]);
            let spans = self.tape.first_inner_line().is_some_and(|line| (line as usize) < end);
            let odd = comment.is_some_and(|byte| self.bytes[self.at] == byte)
                || ends.len() == 1 && self.may_be_blank(end)
                || spans && ends.len() != n_columns
                || end - self.at > most;
            if odd {
                break Stop::Odd;
            }
            if room == 0 {
                break Stop::Full;
            }
            if self.tape.first_stray().is_some_and(|stray| (stray as usize) < end) {
                self.add_strays(found.tape_len as usize);
            }
            let ends = &self.tape.ends()[self.from..found.tape_len as usize];
            if ends.len() != n_columns {
                // Records that span lines are in the run or odd.
                self.add_run(run);
                run = found.tape_len as usize;
                let ends = &self.tape.ends()[self.from..run];
                self.index.push_record(self.at, ends, 1);
                room = self.index.room();
            } else {
                if spans {
                    self.spanning.push((self.starts.len() as u32, self.tape.take_inner_lines(end)));
                }
                self.starts.push(self.at as u32);
                room -= 1;
            }
            match (found.next as usize - end, self.bytes[end]) {
                (2, _) => endings.crlf += 1,
                (_, b'\r') => endings.cr += 1,
                _ => endings.lf += 1,
            }
            self.at = found.next as usize;
            self.from = found.tape_len as usize;
            self.record += 1;
        };
        self.add_run(run);
        self.index.add_endings(endings);
        stop
    }

    /// Adds the stray quotes of the next record, whose field ends stop at `tape_len`: the first one of each field.
    #[cold]
    fn add_strays(&mut self, tape_len: usize) {
        let record = (self.index.n_records() + self.starts.len()) as u32;
        for field in self.from..tape_len {
            let end = offset(self.tape.ends()[field]);
            if let Some(byte) = self.tape.take_stray(end) {
                self.index.push_fault(Fault {
                    record,
                    field: (field - self.from) as u32,
                    byte,
                    kind: FaultKind::QuoteStray,
                });
                while self.tape.take_stray(end).is_some() {}
            }
        }
    }

    /// Whether a line of one field up to `end` may be no record at all.
    fn may_be_blank(&self, end: usize) -> bool {
        let only_column = self.grammar.n_columns == Some(1);
        end == self.at || !only_column && matches!(self.bytes[self.at], b' ' | b'\t')
    }

    /// Adds the records collected, whose field ends begin at `run`.
    fn add_run(&mut self, run: usize) {
        let cells = self.starts.len() * self.index.width();
        self.index.push_run(&self.starts, &self.tape.ends()[run..run + cells], &self.spanning);
        self.starts.clear();
        self.spanning.clear();
    }
}
