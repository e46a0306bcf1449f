//! Unique values, primary keys and references: rules about the whole file.
//!
//! The first pass collects a 128-bit hash (XXH3) of each key with its record; beyond a stated cap of memory, sorted runs
//! go to a temporary file and are merged at the end (external merge sort). Two different keys with one hash would be
//! taken for equal; with a billion keys the chance is below 1 in 10^20.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use csvp_parse::Grammar;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::block::Block;
use crate::schema::{Field, Key, TableSchema};
use crate::{EngineError, Limits};

const ENTRY_BYTES: usize = 24;
/// Most runs that are merged at once; each has a buffer of its own.
const MOST_RUNS: usize = 64;

/// Records that break a key, found in the first pass; ascending by record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeyFaults {
    pub(crate) faults: Vec<KeyFault>,
}

/// One record that breaks a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyFault {
    /// Data record, from 1.
    pub(crate) record: u64,
    /// First column of the key, from 0.
    pub(crate) column: u32,
    /// The record that has the value first; none when a reference leads nowhere.
    pub(crate) first_record: Option<u64>,
}

impl KeyFaults {
    /// Faults of the records `from..=to`.
    pub(crate) fn of_records(&self, from: u64, to: u64) -> &[KeyFault] {
        let start = self.faults.partition_point(|fault| fault.record < from);
        let end = self.faults.partition_point(|fault| fault.record <= to);
        &self.faults[start..end.max(start)]
    }
}

/// Collects the keys of a file.
pub(crate) struct Keys {
    unique: Vec<(Vec<KeyColumn>, Runs)>,
    references: Vec<Reference>,
    names: Vec<String>,
    max_repeats: usize,
}

/// One column of a key.
#[derive(Clone)]
struct KeyColumn {
    number: usize,
    /// Cells that are null in it.
    missing: Vec<Vec<u8>>,
}

/// Referring and referred-to keys in one list: those referred to stand as record 0, so they come first.
struct Reference {
    from: Vec<KeyColumn>,
    to: Vec<KeyColumn>,
    runs: Runs,
}

impl Keys {
    /// The keys that `schema` declares among the columns `names`.
    pub(crate) fn of_schema(schema: Option<&TableSchema>, names: &[String], limits: &Limits) -> Self {
        let mut keys = Self {
            unique: Vec::new(),
            references: Vec::new(),
            names: names.to_vec(),
            max_repeats: limits.max_repeats,
        };
        let Some(schema) = schema else { return keys };
        let numbers: HashMap<&str, usize> =
            names.iter().enumerate().map(|(column, name)| (name.as_str(), column)).collect();
        let fields: HashMap<&str, &Field> =
            schema.fields.iter().map(|field| (field.name.as_str(), field)).collect();
        let columns = |key: &[String]| -> Option<Vec<KeyColumn>> {
            let column = |name: &String| {
                let missing = schema.missing_values_of(fields.get(name.as_str())?);
                let missing = missing.iter().map(|word| word.clone().into_bytes()).collect();
                Some(KeyColumn { number: *numbers.get(name.as_str())?, missing })
            };
            key.iter().map(column).collect()
        };
        let unique = unique_keys(schema);
        let n_lists = unique.len() + schema.foreign_keys.len();
        let runs = || Runs::new(limits.unique_memory_bytes / n_lists.max(1));
        for key in unique {
            keys.unique.extend(columns(key).map(|key| (key, runs())));
        }
        for foreign in &schema.foreign_keys {
            if let (Some(from), Some(to)) =
                (columns(foreign.fields.names()), columns(foreign.reference.fields.names()))
            {
                keys.references.push(Reference { from, to, runs: runs() });
            }
        }
        keys
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.unique.is_empty() && self.references.is_empty()
    }

    /// Adds the sound records of a block.
    pub(crate) fn add(
        &mut self,
        block: &Block,
        grammar: &Grammar,
        sound: &[bool],
    ) -> Result<(), EngineError> {
        for (columns, runs) in &mut self.unique {
            for_each_key(block, grammar, sound, columns, |hash, record| runs.push(hash, record))?;
        }
        for reference in &mut self.references {
            let runs = &mut reference.runs;
            for_each_key(block, grammar, sound, &reference.to, |hash, _| runs.push(hash, 0))?;
            for_each_key(block, grammar, sound, &reference.from, |hash, record| runs.push(hash, record))?;
        }
        Ok(())
    }

    /// Finds all records that break a key.
    pub(crate) fn finish(self) -> Result<KeyFaults, EngineError> {
        let mut faults = Vec::new();
        for (columns, runs) in self.unique {
            let mut first = None;
            runs.for_each(|hash, record| {
                match first {
                    Some((of, first_record)) if of == hash => {
                        faults.push(KeyFault {
                            record,
                            column: columns[0].number as u32,
                            first_record: Some(first_record),
                        });
                    }
                    _ => first = Some((hash, record)),
                }
                faults.len() <= self.max_repeats
            })
            .map_err(EngineError::Output)?;
            if faults.len() > self.max_repeats {
                let column = self.names[columns[0].number].clone();
                return Err(EngineError::TooManyRepeats { column, limit: self.max_repeats });
            }
        }
        for reference in self.references {
            let column = reference.from[0].number as u32;
            let mut known = None;
            reference
                .runs
                .for_each(|hash, record| {
                    if record == 0 {
                        known = Some(hash);
                    } else if known != Some(hash) {
                        faults.push(KeyFault { record, column, first_record: None });
                    }
                    faults.len() <= self.max_repeats
                })
                .map_err(EngineError::Output)?;
            if faults.len() > self.max_repeats {
                let column = self.names[reference.from[0].number].clone();
                return Err(EngineError::TooManyRepeats { column, limit: self.max_repeats });
            }
        }
        faults.sort_unstable_by_key(|fault| (fault.record, fault.column));
        Ok(KeyFaults { faults })
    }
}

/// The keys whose values may not repeat, each once.
fn unique_keys(schema: &TableSchema) -> Vec<&[String]> {
    let alone = schema.fields.iter().filter(|field| field.constraints.unique);
    let alone = alone.map(|field| std::slice::from_ref(&field.name));
    let primary = schema.primary_key.iter().map(Key::names);
    let several = schema.unique_keys.iter().map(Vec::as_slice).filter(|key| !key.is_empty());
    let mut keys: Vec<&[String]> = Vec::new();
    for key in alone.chain(primary).chain(several) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Visits the hash and record number of each key that is not wholly null.
fn for_each_key(
    block: &Block,
    grammar: &Grammar,
    sound: &[bool],
    columns: &[KeyColumn],
    mut visit: impl FnMut(u128, u64) -> std::io::Result<()>,
) -> Result<(), EngineError> {
    let mut scratch = Vec::new();
    for record in block.data().filter(|&record| sound[record]) {
        let mut hash = Xxh3::new();
        let mut all_null = true;
        for column in columns {
            let cell = block
                .index
                .field(grammar, &block.text, record, column.number, &mut scratch)
                .unwrap_or_default();
            all_null &= column.missing.iter().any(|word| word == cell);
            hash.update(&(cell.len() as u64).to_le_bytes());
            hash.update(cell);
        }
        if !all_null {
            visit(hash.digest128(), block.number(record)).map_err(EngineError::Output)?;
        }
    }
    Ok(())
}

/// (hash, record) pairs, in memory or in sorted runs of a temporary file.
struct Runs {
    entries: Vec<(u128, u64)>,
    most: usize,
    file: Option<File>,
    /// Entries in each run of the file.
    lengths: Vec<u64>,
}

impl Runs {
    fn new(memory_bytes: usize) -> Self {
        let most = (memory_bytes / size_of::<(u128, u64)>()).max(1_000);
        Self { entries: Vec::new(), most, file: None, lengths: Vec::new() }
    }

    fn push(&mut self, hash: u128, record: u64) -> std::io::Result<()> {
        if self.entries.len() == self.most {
            self.spill()?;
        }
        self.entries.push((hash, record));
        Ok(())
    }

    fn spill(&mut self) -> std::io::Result<()> {
        self.entries.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        let mut writer = BufWriter::new(file);
        for &(hash, record) in &self.entries {
            write_entry(&mut writer, hash, record)?;
        }
        writer.flush()?;
        drop(writer);
        self.lengths.push(self.entries.len() as u64);
        self.entries.clear();
        Ok(())
    }

    /// Visits all pairs in order of hash, then record, until `visit` says stop.
    fn for_each(mut self, mut visit: impl FnMut(u128, u64) -> bool) -> std::io::Result<()> {
        self.entries.sort_unstable();
        let Some(mut file) = self.file.take() else {
            self.entries.into_iter().take_while(|&(hash, record)| visit(hash, record)).for_each(drop);
            return Ok(());
        };
        while self.lengths.len() > MOST_RUNS {
            (file, self.lengths) = fewer_runs(&file, &self.lengths)?;
        }
        merge(&file, 0, &self.lengths, self.entries, |hash, record| Ok(visit(hash, record)))
    }
}

/// Joins the runs of a file, so many at a time as may be read at once, into those of a new one.
fn fewer_runs(file: &File, lengths: &[u64]) -> std::io::Result<(File, Vec<u64>)> {
    let mut joined = tempfile::tempfile()?;
    let mut writer = BufWriter::new(&mut joined);
    let mut fewer = Vec::new();
    let mut first = 0;
    for group in lengths.chunks(MOST_RUNS) {
        merge(file, first, group, Vec::new(), |hash, record| {
            write_entry(&mut writer, hash, record)?;
            Ok(true)
        })?;
        let length: u64 = group.iter().sum();
        fewer.push(length);
        first += length;
    }
    writer.flush()?;
    drop(writer);
    Ok((joined, fewer))
}

/// Visits the pairs of runs that follow each other from entry `first` of the file on, and of a sorted list, in order.
fn merge(
    file: &File,
    first: u64,
    lengths: &[u64],
    in_memory: Vec<(u128, u64)>,
    mut visit: impl FnMut(u128, u64) -> std::io::Result<bool>,
) -> std::io::Result<()> {
    let mut readers = Vec::new();
    let mut start = first;
    for &length in lengths {
        readers.push(RunReader::new(file, start * ENTRY_BYTES as u64, length));
        start += length;
    }
    let mut heap = BinaryHeap::new();
    for (run, reader) in readers.iter_mut().enumerate() {
        heap.extend(reader.next()?.map(|entry| Reverse((entry, run))));
    }
    let mut rest = in_memory.into_iter();
    heap.extend(rest.next().map(|entry| Reverse((entry, lengths.len()))));
    while let Some(Reverse(((hash, record), run))) = heap.pop() {
        if !visit(hash, record)? {
            return Ok(());
        }
        let next = match readers.get_mut(run) {
            Some(reader) => reader.next()?,
            None => rest.next(),
        };
        heap.extend(next.map(|entry| Reverse((entry, run))));
    }
    Ok(())
}

fn write_entry(out: &mut impl Write, hash: u128, record: u64) -> std::io::Result<()> {
    out.write_all(&hash.to_le_bytes())?;
    out.write_all(&record.to_le_bytes())
}

/// Reads one run; each has its own place in the file, so that many can be read in turn.
struct RunReader<'a> {
    file: BufReader<FileAt<'a>>,
    left: u64,
}

impl<'a> RunReader<'a> {
    fn new(file: &'a File, start: u64, length: u64) -> Self {
        let at = FileAt { file, at: start };
        Self { file: BufReader::with_capacity(64 << 10, at), left: length }
    }

    fn next(&mut self) -> std::io::Result<Option<(u128, u64)>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let (mut hash, mut record) = ([0; 16], [0; 8]);
        self.file.read_exact(&mut hash)?;
        self.file.read_exact(&mut record)?;
        Ok(Some((u128::from_le_bytes(hash), u64::from_le_bytes(record))))
    }
}

/// A place of its own in a file that others read too.
struct FileAt<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FileAt<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let read = self.file.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_runs_needs_a_few_open_files() {
        let open_files = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        let mut runs = Runs { most: 10, ..Runs::new(0) };
        for n in 0..50_000_u64 {
            runs.push(u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)), n).unwrap();
        }
        assert!(runs.lengths.len() > MOST_RUNS * MOST_RUNS, "runs are joined more than once");
        let before = open_files();
        let (mut seen, mut most) = (Vec::new(), 0);
        runs.for_each(|hash, record| {
            seen.push((hash, record));
            if record % 5_000 == 0 {
                most = most.max(open_files());
            }
            true
        })
        .unwrap();
        assert!(most < before + 50, "{most} open files, {before} before");
        assert_eq!(seen.len(), 50_000);
        assert!(seen.is_sorted());
    }

    #[test]
    fn spilled_runs_come_back_in_order() {
        let mut runs = Runs { most: 10, ..Runs::new(0) };
        for n in 0..1_000_u64 {
            runs.push(u128::from(n * 7_919 % 101), n).unwrap();
        }
        assert!(runs.lengths.len() > 50);
        let mut seen = Vec::new();
        runs.for_each(|hash, record| {
            seen.push((hash, record));
            true
        })
        .unwrap();
        assert_eq!(seen.len(), 1_000);
        assert!(seen.is_sorted());
    }
}
