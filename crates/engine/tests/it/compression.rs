//! Compressed files: the same report as the plain file, damage told, bombs stopped.

use std::io::Write;

use crate::{check, run};
use csvp_engine::{Check, EngineError, Settings};

const TEXT: &[u8] = b"id,name\n1,a\n2,b\n3,c\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zip archive as a streaming writer makes it: sizes behind the data. The directory at its end is cut short, since
/// nobody reads it.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in entries {
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        deflate.write_all(bytes).unwrap();
        let data = deflate.finish().unwrap();
        archive.extend_from_slice(b"PK\x03\x04\x14\x00\x08\x00\x08\x00");
        archive.extend_from_slice(&[0; 16]);
        archive.extend_from_slice(&(name.len() as u16).to_le_bytes());
        archive.extend_from_slice(&[0; 2]);
        archive.extend_from_slice(name.as_bytes());
        archive.extend_from_slice(&data);
        archive.extend_from_slice(b"PK\x07\x08");
        archive.extend_from_slice(&[0; 12]);
    }
    archive.extend_from_slice(b"PK\x01\x02");
    archive.extend_from_slice(&[0; 42]);
    archive
}

#[test]
fn compressed_files_read_like_plain_ones() {
    let plain = check(TEXT);
    let twice = [gzip(&TEXT[..10]), gzip(&TEXT[10..])].concat();
    let packed: [(&str, Vec<u8>); 7] = [
        ("gzip", gzip(TEXT)),
        ("gzip", twice),
        ("zstd", zstd::encode_all(TEXT, 1).unwrap()),
        ("bzip2", bzip2(TEXT)),
        ("xz", xz(TEXT)),
        ("zip", zip(&[("orders.csv", TEXT)])),
        ("zip", zip(&[("__MACOSX/._orders.csv", b"x"), ("orders.csv", TEXT)])),
    ];
    for (kind, bytes) in packed {
        for chunk in [1, 7, bytes.len()] {
            let (mut report, _) = run(Settings::default(), &bytes, chunk);
            assert_eq!(report.file.compression.as_deref(), Some(kind));
            assert_eq!(report.file.decoded_bytes, TEXT.len() as u64);
            report.file = plain.file.clone();
            assert_eq!(report, plain, "{kind} in chunks of {chunk}");
        }
    }
}

#[test]
fn damage_is_told_and_what_came_before_is_kept() {
    let mut rows = b"id\n".to_vec();
    (0..50_000).for_each(|n| rows.extend_from_slice(format!("{n}\n").as_bytes()));
    for packed in [gzip(&rows), zstd::encode_all(&rows[..], 1).unwrap(), xz(&rows), bzip2(&rows)] {
        let (report, _) = run(Settings::default(), &packed[..packed.len() - 20], 1 << 16);
        assert!(report.problems.by_code.iter().any(|count| count.code.as_str() == "compression-damaged"));
    }
    let mut flipped = gzip(&rows);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    let (report, _) = run(Settings::default(), &flipped, 1 << 16);
    assert!(report.problems.by_code.iter().any(|count| count.code.as_str() == "compression-damaged"));
    assert!(report.counts.data_records() > 1_000);
}

#[test]
fn bombs_are_stopped() {
    let bomb = gzip(&vec![b'a'; 200 << 20]);
    let mut check = Check::new(Settings::default()).unwrap();
    let error = bomb.chunks(1 << 16).find_map(|chunk| check.push(chunk).err());
    assert!(matches!(error, Some(EngineError::TooLarge { .. })), "{error:?}");
}

#[test]
fn archives_of_several_files_are_refused() {
    let archive = zip(&[("a.csv", TEXT), ("b.csv", TEXT)]);
    let mut check = Check::new(Settings::default()).unwrap();
    let error = check.push(&archive).err().unwrap().to_string();
    assert_eq!(error, "zip archive holds several files; send each CSV file by itself");
}
