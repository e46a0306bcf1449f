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
    let lines: Vec<&[u8]> = bytes
        .split(|&b| b == b'\n' || b == b'\r')
        .filter(|l| !l.trim_ascii().is_empty())
        .take(COUNTED_LINES)
        .collect();
    let mut found: Vec<(usize, Vec<u8>)> = Vec::new();
    for &delimiter in DELIMITERS {
        let n = lines.iter().filter(|l| memmem::find(l, delimiter).is_some()).count();
        let usual = matches!(delimiter, b"," | b";" | b"\t" | b"|");
        // Records that span lines leave most lines without a delimiter, but not the first one.
        let at_top = lines.first().is_some_and(|l| memmem::find(l, delimiter).is_some());
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

/// The ways of quoting that are worth a look with one delimiter: the plain double quote always, the others on evidence.
pub(super) fn quotings(bytes: &[u8], delimiter: &[u8], bare_cr: bool) -> Vec<Rules> {
    let base = Rules {
        delimiter: delimiter.to_vec(),
        quote: Some(b'"'),
        escape: None,
        bare_cr,
        skip_space: false,
        collapse: delimiter == b" ",
    };
    let mut all = vec![base.clone()];
    let spaced = [delimiter, b" \""].concat();
    let has_double = memchr::memchr(b'"', bytes).is_some();
    if has_double && delimiter != b" " && memmem::find(bytes, &spaced).is_some() {
        all.push(Rules { skip_space: true, ..base.clone() });
    }
    if memmem::find(bytes, b"\\\"").is_some() {
        for rules in all.clone() {
            all.push(Rules { escape: Some(b'\\'), ..rules });
        }
    }
    if has_double {
        all.push(Rules { quote: None, ..base.clone() });
    }
    for quote in [b'\'', b'`', b'~'] {
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
