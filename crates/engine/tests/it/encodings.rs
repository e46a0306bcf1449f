//! A corpus of small files in many encodings and languages: how many are decoded to the text they were made from.

use std::collections::BTreeMap;
use std::fmt::Write;

use csvp_engine::{Check, Settings};
use csvp_report::{EncodingFacts, ProblemCode, Report};
use encoding_rs::Encoding;

/// Share of all files that must be decoded to their own text.
const RIGHT: f64 = 0.98;
/// The same for each encoding.
const RIGHT_IN_EACH: f64 = 0.95;
/// Records of the files.
const SIZES: [usize; 4] = [3, 10, 60, 500];
/// Files of each size, with other words.
const SEEDS: u64 = 2;
const UNICODE: [&str; 6] =
    ["utf-8", "utf-8 with mark", "utf-16le", "utf-16be", "utf-16le with mark", "utf-16be with mark"];

/// Words of one language.
struct Language {
    name: &'static str,
    words: BTreeMap<&'static str, Vec<&'static str>>,
}

fn languages() -> Vec<Language> {
    let blocks = include_str!("encodings/languages.txt").split("\n[").skip(1);
    blocks
        .map(|block| {
            let (name, lines) = block.split_once("]\n").unwrap();
            let words = lines.lines().filter_map(|line| line.split_once(": "));
            let split = |text: &'static str| {
                if text.contains('|') { text.split('|').collect() } else { text.split(' ').collect() }
            };
            Language { name, words: words.map(|(key, text)| (key, split(text))).collect() }
        })
        .collect()
}

/// Numbers that are the same on every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len())]
    }
}

/// A table of people in one language: with a remark or without, with a header in the language or in English.
fn table(language: &Language, records: usize, seed: u64) -> String {
    let mut numbers = Numbers(seed * 7919 + records as u64 + language.name.len() as u64 * 31);
    // The first numbers of similar seeds are similar.
    for _ in 0..16 {
        numbers.below(2);
    }
    let delimiter = [",", ";", "\t"][numbers.below(3)];
    let keys: &[&str] = if numbers.below(2) == 0 {
        &["given", "family", "street", "city", "note"]
    } else {
        &["given", "family", "city"]
    };
    let own = &language.words["header"];
    let english = ["id", "first_name", "last_name", "street", "city", "remark", "amount"];
    let names = if numbers.below(2) == 0 { own.as_slice() } else { &english };
    let places: Vec<usize> = keys
        .iter()
        .map(|key| ["", "given", "family", "street", "city", "note"].iter().position(|k| k == key).unwrap())
        .collect();
    let header = [names[0]].into_iter().chain(places.iter().map(|&at| names[at])).chain([names[6]]);
    let mut text = header.collect::<Vec<_>>().join(delimiter) + "\n";
    for record in 1..=records {
        write!(text, "{record}").unwrap();
        for key in keys {
            let cell = numbers.one_of(&language.words[key]);
            let quote = if cell.contains(delimiter) { "\"" } else { "" };
            write!(text, "{delimiter}{quote}{cell}{quote}").unwrap();
        }
        writeln!(text, "{delimiter}{}.{:02}", numbers.below(2_000), numbers.below(100)).unwrap();
    }
    text
}

/// `text` as bytes. Latin-1 and Latin-5 are the parts of Windows-1252 and Windows-1254 that they share with them.
fn encode(text: &str, encoding: &str) -> Vec<u8> {
    let utf_16 = |mark: &str, to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        (mark.to_owned() + text).encode_utf16().flat_map(to_bytes).collect()
    };
    match encoding {
        "utf-8" => text.as_bytes().to_vec(),
        "utf-8 with mark" => ("\u{feff}".to_owned() + text).into_bytes(),
        "utf-16le" => utf_16("", u16::to_le_bytes),
        "utf-16be" => utf_16("", u16::to_be_bytes),
        "utf-16le with mark" => utf_16("\u{feff}", u16::to_le_bytes),
        "utf-16be with mark" => utf_16("\u{feff}", u16::to_be_bytes),
        _ => {
            let (bytes, _, lossy) = Encoding::for_label(encoding.as_bytes()).unwrap().encode(text);
            assert!(!lossy, "{encoding} cannot write {text}");
            let standard = matches!(encoding, "iso-8859-1" | "iso-8859-9");
            assert!(
                !standard || !bytes.iter().any(|b| (0x80..0xa0).contains(b)),
                "{encoding} cannot write {text}"
            );
            bytes.into_owned()
        }
    }
}

fn check(bytes: &[u8]) -> Report {
    let mut check = Check::new(Settings::default()).unwrap();
    check.push(bytes).unwrap();
    check.finish().unwrap().report
}

/// The text that the reported encoding gives.
fn decoded(bytes: &[u8], facts: &EncodingFacts) -> String {
    let encoding = Encoding::for_label(facts.name.as_bytes()).unwrap();
    encoding.decode_with_bom_removal(bytes).0.into_owned()
}

#[derive(Default)]
struct Score {
    files: usize,
    right: usize,
    silent: usize,
}

#[test]
fn encodings_are_found() {
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    let mut wrong = String::new();
    for language in languages() {
        let encodings = language.words["encodings"].iter().copied().chain(UNICODE);
        for (encoding, records, seed) in
            encodings.flat_map(|e| SIZES.into_iter().flat_map(move |n| (1..=SEEDS).map(move |s| (e, n, s))))
        {
            let text = table(&language, records, seed);
            let bytes = encode(&text, encoding);
            let report = check(&bytes);
            let score = scores.entry(encoding).or_default();
            score.files += 1;
            if decoded(&bytes, &report.encoding) == text {
                score.right += 1;
                continue;
            }
            let said = report.encoding.confidence < 0.5
                || report.problems.by_code.iter().any(|c| c.code == ProblemCode::EncodingInvalid);
            score.silent += usize::from(!said);
            writeln!(wrong, "{encoding}, {}, {records} records: {:?}", language.name, report.encoding)
                .unwrap();
        }
    }
    let mut shown = String::new();
    for (encoding, score) in &scores {
        writeln!(
            shown,
            "{encoding:20} {:4} of {:4} right, {} silently wrong",
            score.right, score.files, score.silent
        )
        .unwrap();
    }
    let sum = |get: fn(&Score) -> usize| scores.values().map(get).sum::<usize>();
    let share = sum(|s| s.right) as f64 / sum(|s| s.files) as f64;
    let all =
        format!("{wrong}{shown}all: {:.2} % right, {} silently wrong", share * 100.0, sum(|s| s.silent));
    eprintln!("{all}");
    assert!(
        share >= RIGHT && scores.values().all(|s| s.right as f64 >= s.files as f64 * RIGHT_IN_EACH),
        "{all}"
    );
    assert!(sum(|s| s.silent) == 0, "{all}");
}
