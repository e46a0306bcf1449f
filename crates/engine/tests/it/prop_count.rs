//! Records are counted as the check counts them, in pieces or not, on any number of threads.

use csvp_engine::{Check, Count, Counted, EngineError, Limits, Settings};
use csvp_report::Counts;
use encoding_rs::{SHIFT_JIS, WINDOWS_1252};
use proptest::prelude::*;

use crate::prop_chunks::files;

/// Small enough that files of some thousand bytes are counted in pieces.
fn settings(block_bytes: usize, max_record_bytes: usize) -> Settings {
    let limits =
        Limits { detect_bytes: 300, block_bytes, tail_bytes: 500, max_record_bytes, ..Limits::default() };
    Settings { limits, ..Settings::default() }
}

/// Reads at any place, `most` bytes at a time.
fn read(bytes: &[u8], settings: Settings, threads: usize, most: usize) -> Result<Counted, EngineError> {
    let mut count = Count::new(settings)?;
    let read_at = |buffer: &mut [u8], at: u64| {
        let rest = &bytes[bytes.len().min(at as usize)..];
        let n = rest.len().min(buffer.len()).min(most);
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    };
    count.read(&read_at, bytes.len() as u64, threads)?;
    count.finish()
}

fn assert_counted(counted: &Counted, expected: &Counts, what: &str) {
    assert_eq!(
        (counted.data_records, &counted.skipped),
        (expected.data_records(), &expected.skipped),
        "{what}"
    );
}

#[track_caller]
fn check(bytes: &[u8], settings: &Settings) {
    let mut check = Check::new(settings.clone()).unwrap();
    check.push(bytes).unwrap();
    let expected = check.finish().unwrap().report.counts;
    let mut count = Count::new(settings.clone()).unwrap();
    bytes.chunks(77).for_each(|chunk| count.push(chunk).unwrap());
    assert_counted(&count.finish().unwrap(), &expected, "one byte after the other");
    for (threads, most) in [(1, usize::MAX), (2, 50), (3, usize::MAX), (8, usize::MAX)] {
        let counted = read(bytes, settings.clone(), threads, most).unwrap();
        assert_counted(&counted, &expected, &format!("{threads} threads"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn generated_and_damaged_files(
        bytes in files(), times in 1..8_usize, block in prop_oneof![Just(64_usize), Just(300), Just(4_096)],
        most in prop_oneof![Just(200_usize), Just(1 << 16)],
    ) {
        check(&bytes.repeat(times), &settings(block, most));
    }
}

/// A file of many records, some of which span lines.
fn orders(n: usize) -> String {
    let record = |n: usize| {
        format!("{n},\"Müller, Zoë\",\"a \"\"b\"\"{}\",2.50\n", ["", "\nc"][usize::from(n.is_multiple_of(7))])
    };
    format!("id,name,note,price\n{}", (0..n).map(record).collect::<String>())
}

#[test]
fn encodings() {
    let text = orders(2_000);
    let japanese = text.replace("Müller, Zoë", "表ソ, 日本");
    for bytes in [
        text.clone().into_bytes(),
        [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat(),
        WINDOWS_1252.encode(&text).0.into_owned(),
        SHIFT_JIS.encode(&japanese).0.into_owned(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ] {
        for limit in [300, 1 << 16] {
            check(&bytes, &settings(256, limit));
        }
    }
}

#[test]
fn lines_and_damage_of_all_kinds() {
    let text = orders(2_000);
    let cases = [
        text.replace('\n', "\r\n"),
        text.replace('\n', "\r"),
        text.replace("2.50\n", "2.50\n\n"),
        text.replace("2.50\n", "2.50\r\n\r\n"),
        text.replace("2.50\n", "2.50\n  \n# a note, \"\n"),
        text.replace("id,", "# first\n# second\n\nid,") + "\n\nSource: nobody knows what it is\n",
        text.replace("100,\"", "100,\"x\" "),
        text.replace("77,\"", "77,"),
        text.replace("500,", &format!("500{},", "x".repeat(1_000))),
        text.replace("500,\"", &format!("500,\"{}", "x\n".repeat(1_000))),
        format!("{text}1,\"never closed\n"),
        format!("{text}1,2"),
        text.replace(',', "\t"),
        text.replace("\n1", "\n 1"),
        "\n".repeat(9_000),
        "a\n".repeat(9_000),
        "\"".repeat(9_000),
        ",".repeat(9_000),
        "\"\"\n".repeat(9_000),
        "\r\n \r\n".repeat(3_000),
    ];
    for case in &cases {
        for (block, limit) in [(64, 100), (64, 1 << 16), (1_000, 1 << 16)] {
            check(case.as_bytes(), &settings(block, limit));
        }
    }
}

#[test]
fn dialects_that_the_caller_names() {
    let text = orders(2_000).replace("\"\"b\"\"", "\\\"b\\\"").replace(',', "||");
    let mut settings = settings(256, 1 << 16);
    settings.dialect.escape = Some(Some(b'\\'));
    settings.dialect.delimiter = Some(b"||".to_vec());
    check(text.as_bytes(), &settings);
    settings.dialect.preamble_lines = Some(3);
    settings.dialect.header_rows = Some(2);
    check(text.as_bytes(), &settings);
    settings.dialect.preamble_lines = Some(1 << 40);
    check(text.as_bytes(), &settings);
}

/// What is counted in pieces is counted there: a reader that is asked for all bytes twice tells.
#[test]
fn most_of_a_file_is_read_once() {
    let text = orders(20_000);
    let read = std::sync::atomic::AtomicUsize::new(0);
    let mut count = Count::new(settings(256, 1 << 16)).unwrap();
    let read_at = |buffer: &mut [u8], at: u64| {
        let rest = &text.as_bytes()[text.len().min(at as usize)..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        read.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
        Ok(n)
    };
    count.read(&read_at, text.len() as u64, 2).unwrap();
    assert_eq!(count.finish().unwrap().data_records, 20_000);
    let read = read.into_inner();
    assert!(read > text.len() && read < text.len() + 10_000, "{read} of {} bytes", text.len());
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let text = orders(2_000);
    for bad in [0, 20_000] {
        let read_at = |buffer: &mut [u8], at: u64| {
            if at >= bad {
                return Err(std::io::Error::other("the disk is gone"));
            }
            let n = buffer.len().min(text.len() - at as usize);
            buffer[..n].copy_from_slice(&text.as_bytes()[at as usize..][..n]);
            Ok(n)
        };
        let mut count = Count::new(settings(256, 1 << 16)).unwrap();
        let error = count.read(&read_at, text.len() as u64, 3).unwrap_err();
        assert!(matches!(error, EngineError::Input(_)), "{error:?}");
    }
}

/// A file that is cut while it is read has the records that were there.
#[test]
fn a_file_may_be_shorter_than_it_seemed() {
    let text = orders(2_000);
    let cut = &text.as_bytes()[..30_001];
    let settings = settings(256, 1 << 16);
    let expected = read(cut, settings.clone(), 1, usize::MAX).unwrap();
    let mut count = Count::new(settings).unwrap();
    let read_at = |buffer: &mut [u8], at: u64| {
        let rest = &cut[cut.len().min(at as usize)..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    };
    count.read(&read_at, text.len() as u64, 2).unwrap();
    assert_eq!(count.finish().unwrap(), expected);
}
