//! Which dialects are worth a look, by counting bytes in the sample.

use memchr::memmem;

use super::split::Rules;

/// Delimiters in order of how usual they are. Longer ones stand before the single bytes they are made of.
const DELIMITERS: &[&[u8]] = &[
    b",",
    b";",
    b"\t",
    b"||",
    b"|",
    b"::",
    b":",
    b" ",
    b"~",
    b"^",
    b"#",
    b"*",
    b"=",
    b"&",
    b"!",
    b"\x01",
    b"\x1f",
    b"\x1e",
    b"\x07",
    "§".as_bytes(),
    "¦".as_bytes(),
    "|~|".as_bytes(),
    "~|~".as_bytes(),
    b"##",
    b"^^",
    b"~~",
    b"$$",
    b"@@",
    b"<>",
];

/// Lines of the sample that are looked at for counting.
const COUNTED_LINES: usize = 300;

/// The delimiters that occur in a fair share of the lines, most frequent first, at most `max`.
pub(super) fn delimiters(bytes: &[u8], max: usize) -> Vec<Vec<u8>> {
    let lines = lines(bytes);
    let (at_top, counts) = lines_with(&lines);
    let mut found: Vec<(usize, Vec<u8>)> = Vec::new();
    for (i, &delimiter) in DELIMITERS.iter().enumerate() {
        let n = counts[i];
        let usual = matches!(delimiter, b"," | b";" | b"\t" | b"|");
        // Records that span lines leave most lines without a delimiter, but not the first one.
        let at_top = at_top >> i & 1 == 1;
        let enough = n > 0 && (usual || n * 3 >= lines.len() || at_top && n * 12 >= lines.len());
        if enough && (!is_doubled(delimiter) || mostly_doubled(&lines, delimiter, 1)) {
            found.push((if usual { n + lines.len() } else { n }, delimiter.to_vec()));
        }
    }
    // `||` in nearly every line where `|` stands alone nowhere means that `|` is only half of it.
    let doubled: Vec<u8> = found
        .iter()
        .filter(|(_, d)| is_doubled(d) && mostly_doubled(&lines, d, 10))
        .map(|(_, d)| d[0])
        .collect();
    found.retain(|(_, d)| d.len() > 1 || !doubled.contains(&d[0]));
    found.sort_by_key(|f| std::cmp::Reverse(f.0));
    found.into_iter().map(|(_, d)| d).take(max).collect()
}

/// The lines that hold something.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut start = 0;
    while start < bytes.len() && lines.len() < COUNTED_LINES {
        let end = memchr::memchr2(b'\n', b'\r', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        let line = &bytes[start..end];
        if !line.trim_ascii().is_empty() {
            lines.push(line);
        }
        start = end + 1;
    }
    lines
}

/// Which delimiters begin with a byte: bit i for the i-th of [`DELIMITERS`].
static BEGINNING_WITH: [u32; 256] = {
    let mut all = [0; 256];
    let mut i = 0;
    while i < DELIMITERS.len() {
        all[DELIMITERS[i][0] as usize] |= 1 << i;
        i += 1;
    }
    all
};

/// Which delimiters stand in the first line, and in how many lines each does. All are looked for at once.
fn lines_with(lines: &[&[u8]]) -> (u32, [usize; DELIMITERS.len()]) {
    let (mut at_top, mut counts) = (0, [0; DELIMITERS.len()]);
    for (i, line) in lines.iter().enumerate() {
        let mut begun = line.iter().fold(0, |begun, &byte| begun | BEGINNING_WITH[usize::from(byte)]);
        while begun != 0 {
            let which = begun.trailing_zeros() as usize;
            begun &= begun - 1;
            let delimiter = DELIMITERS[which];
            if delimiter.len() == 1 || contains(line, delimiter) {
                counts[which] += 1;
                at_top |= u32::from(i == 0) << which;
            }
        }
    }
    (at_top, counts)
}

fn contains(line: &[u8], delimiter: &[u8]) -> bool {
    memchr::memchr_iter(delimiter[0], line).any(|at| line[at..].starts_with(delimiter))
}

fn is_doubled(delimiter: &[u8]) -> bool {
    delimiter.len() == 2 && delimiter[0] == delimiter[1]
}

/// Whether runs of an even length are at least `times` as frequent as odd ones. Where they are not, two signs in a row
/// are an empty cell.
fn mostly_doubled(lines: &[&[u8]], doubled: &[u8], times: usize) -> bool {
    let byte = doubled[0];
    let (mut even, mut odd) = (0_usize, 0_usize);
    for line in lines {
        let mut run = 0;
        for &b in line.iter().chain(b"\n") {
            if b == byte {
                run += 1;
            } else {
                if run > 0 {
                    if run % 2 == 0 { even += 1 } else { odd += 1 }
                }
                run = 0;
            }
        }
    }
    even > 0 && odd * times <= even
}

/// Which quotes and escapes stand in the sample at all.
pub(super) struct Quotes {
    double: bool,
    escaped_double: bool,
    /// Further ones.
    others: Vec<u8>,
}

impl Quotes {
    /// Those in `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let has = |quote: u8| memchr::memchr(quote, bytes).is_some();
        Self {
            double: has(b'"'),
            escaped_double: memmem::find(bytes, b"\\\"").is_some(),
            others: [b'\'', b'`', b'~'].into_iter().filter(|&quote| has(quote)).collect(),
        }
    }
}

/// The ways of quoting that are worth a look with one delimiter: the plain double quote always, the others on evidence.
pub(super) fn quotings(bytes: &[u8], quotes: &Quotes, delimiter: &[u8], bare_cr: bool) -> Vec<Rules> {
    let base = Rules {
        delimiter: delimiter.to_vec(),
        quote: Some(b'"'),
        escape: None,
        bare_cr,
        skip_space: false,
        collapse: delimiter == b" ",
    };
    let mut all = vec![base.clone()];
    let spaced = || memmem::find(bytes, &[delimiter, b" \""].concat()).is_some();
    if quotes.double && delimiter != b" " && spaced() {
        all.push(Rules { skip_space: true, ..base.clone() });
    }
    if quotes.escaped_double {
        for rules in all.clone() {
            all.push(Rules { escape: Some(b'\\'), ..rules });
        }
    }
    if quotes.double {
        all.push(Rules { quote: None, ..base.clone() });
    }
    for &quote in &quotes.others {
        if [quote] != delimiter && edges(bytes, delimiter, quote) {
            all.push(Rules { quote: Some(quote), ..base.clone() });
            if memmem::find(bytes, &[b'\\', quote]).is_some() {
                all.push(Rules { quote: Some(quote), escape: Some(b'\\'), ..base.clone() });
            }
        }
    }
    all
}

/// Whether the quote stands at the start of some cell and at the end of some cell.
fn edges(bytes: &[u8], delimiter: &[u8], quote: u8) -> bool {
    let Some(first) = memchr::memchr(quote, bytes) else { return false };
    let (mut opens, mut closes) = (first == 0, bytes.last() == Some(&quote));
    for at in memchr::memchr_iter(quote, bytes).take(20_000) {
        let (before, after) = (&bytes[..at], &bytes[at + 1..]);
        opens |= before.ends_with(delimiter) || matches!(before.last(), Some(b'\n' | b'\r'));
        closes |= after.starts_with(delimiter) || matches!(after.first(), Some(b'\n' | b'\r'));
        if opens && closes {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each delimiter looked for in each line: the definition.
    fn plain(bytes: &[u8]) -> (u32, Vec<usize>) {
        let lines = bytes.split(|&b| b == b'\n' || b == b'\r').filter(|line| !line.trim_ascii().is_empty());
        let lines: Vec<&[u8]> = lines.take(COUNTED_LINES).collect();
        let with = |line: &&&[u8], delimiter: &[u8]| memmem::find(line, delimiter).is_some();
        let at_top =
            DELIMITERS.iter().enumerate().filter(|(_, d)| lines.iter().take(1).any(|line| with(&line, d)));
        let counts = DELIMITERS.iter().map(|d| lines.iter().filter(|line| with(line, d)).count()).collect();
        (at_top.map(|(i, _)| 1 << i).sum(), counts)
    }

    proptest! {
        #[test]
        fn all_delimiters_are_found_at_once(pieces in prop::collection::vec(
            prop::sample::select(vec!["a", ",", ";", "|", "|~|", "~", "~|", ":", " ", "<", ">", "§", "é", "¦", "$", "@", "#", "^", "\u{1f}", "\n", "\r\n", "\r", "  "]), 0..2_000,
        )) {
            let text = pieces.concat();
            let (at_top, counts) = lines_with(&lines(text.as_bytes()));
            prop_assert_eq!((at_top, counts.to_vec()), plain(text.as_bytes()));
        }
    }
}
