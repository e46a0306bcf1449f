//! Valid CSV files that are made up, each with the table that it holds: what every reader must agree on.

/// A file and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// All records, the header being the first; all have the same number of cells.
    pub rows: Vec<Vec<String>>,
    /// The file.
    pub bytes: Vec<u8>,
    /// What stands between its cells.
    pub delimiter: char,
}

/// Which cells of a file stand in quotes beside those that must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    Needed,
    All,
    Some,
}

/// Parts of cells: words, numbers, and everything that a careless reader stumbles over.
const PARTS: &[&str] = &[
    "a",
    "word",
    "7",
    "12.50",
    "-3",
    " ",
    "\u{e4}\u{df}",
    "\u{65e5}\u{672c}",
    "\u{1f600}",
    "'",
    "\"",
    "\"\"",
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "\r\n",
    "\r",
    "\\",
    "#",
    "x=1",
    "0001",
    "NULL",
    "2024-02-29",
    "a rather long part of a cell",
];

impl Generated {
    /// The file that a number stands for.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let delimiter = dice.one_of(&[',', ',', ',', ';', '\t', '|']);
        let quoting = dice.one_of(&[Quoting::Needed, Quoting::Needed, Quoting::All, Quoting::Some]);
        let line_end = dice.one_of(&["\n", "\n", "\r\n"]);
        let (columns, n_rows) =
            (1 + dice.below(6), 1 + dice.below(if seed.is_multiple_of(20) { 200 } else { 12 }));
        // Every second file is a plain one: hard cells everywhere would leave little that is fast to read.
        let most_parts = dice.one_of(&[1, 4]);
        let rows: Vec<Vec<String>> =
            (0..n_rows).map(|_| (0..columns).map(|_| cell(&mut dice, most_parts)).collect()).collect();
        let mut text = String::new();
        for (number, row) in rows.iter().enumerate() {
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    text.push(delimiter);
                }
                let quoted = quoting == Quoting::All
                    || quoting == Quoting::Some && dice.below(3) == 0
                    || cell.contains([delimiter, '"', '\n', '\r'])
                    // A record of one empty or blank cell would be a blank line.
                    || columns == 1 && cell.trim().is_empty();
                push_cell(&mut text, cell, quoted);
            }
            if number + 1 < n_rows || dice.below(4) > 0 {
                text.push_str(line_end);
            }
        }
        Self { rows, bytes: text.into_bytes(), delimiter }
    }
}

fn cell(dice: &mut Dice, most_parts: usize) -> String {
    (0..dice.below(most_parts + 1)).map(|_| dice.one_of(PARTS)).collect()
}

/// Appends a cell, in quotes if it is to be.
pub fn push_cell(text: &mut String, cell: &str, quoted: bool) {
    if quoted {
        text.push('"');
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(cell);
    }
}

/// Numbers that look random and are the same for the same seed on every machine (SplitMix64; Steele et al., *Fast splittable
/// pseudorandom number generators*, 2014).
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The numbers that a seed stands for.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.state)
    }

    /// A number below `n`, which is at least 1.
    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    /// Whether one of so many numbers has come.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of several things, if there are any.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { of.get(self.below(of.len())) }
    }

    /// One of several things.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// The bits of a number, mixed so that each depends on all of them.
pub fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
