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

fn crc32(bytes: &[u8]) -> [u8; 4] {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum().to_le_bytes()
}

/// A zip archive of one file without compression, with its sizes in a zip64 field.
fn stored_zip64(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut archive = b"PK\x03\x04\x2d\x00\x00\x00\x00\x00\x00\x00\x00\x00".to_vec();
    archive.extend_from_slice(&crc32(bytes));
    archive.extend_from_slice(&[0xff; 8]);
    archive.extend_from_slice(&(name.len() as u16).to_le_bytes());
    archive.extend_from_slice(&[26, 0]);
    archive.extend_from_slice(name.as_bytes());
    archive.extend_from_slice(&[9, 9, 2, 0, 7, 7, 1, 0, 16, 0]);
    archive.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    archive.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    archive.extend_from_slice(bytes);
    archive.extend_from_slice(b"PK\x01\x02");
    archive.extend_from_slice(&[0; 42]);
    archive
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
        archive.extend_from_slice(&crc32(bytes));
        archive.extend_from_slice(&[0; 8]);
    }
    archive.extend_from_slice(b"PK\x01\x02");
    archive.extend_from_slice(&[0; 42]);
    archive
}

#[test]
fn compressed_files_read_like_plain_ones() {
    let plain = check(TEXT);
    let twice = [gzip(&TEXT[..10]), gzip(&TEXT[10..])].concat();
    let signature = b"PK\x07\x08";
    let streamed = zip(&[("orders.csv", TEXT)]);
    let at = streamed.windows(4).position(|window| window == signature).unwrap();
    let without_signature = [&streamed[..at], &streamed[at + 4..]].concat();
    let packed: [(&str, Vec<u8>); 9] = [
        ("gzip", gzip(TEXT)),
        ("gzip", twice),
        ("zstd", zstd::encode_all(TEXT, 1).unwrap()),
        ("bzip2", bzip2(TEXT)),
        ("xz", xz(TEXT)),
        ("zip", zip(&[("orders.csv", TEXT)])),
        ("zip", without_signature),
        ("zip", stored_zip64("orders.csv", TEXT)),
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
fn a_wrong_checksum_is_told_with_its_place() {
    let packed = [zip(&[("orders.csv", TEXT)]), stored_zip64("orders.csv", TEXT)];
    for (mut archive, at) in packed.into_iter().zip([b"PK\x07\x08", b"PK\x03\x04"]) {
        let start = archive.windows(4).position(|window| window == at).unwrap();
        archive[start + if at == b"PK\x07\x08" { 4 } else { 14 }] ^= 1;
        let (report, _) = run(Settings::default(), &archive, 7);
        let problem = &report.problems.first[0];
        assert_eq!((problem.code.as_str(), report.problems.total), ("compression-damaged", 1));
        assert_eq!((problem.position.byte, problem.position.line), (TEXT.len() as u64, 4));
        assert_eq!(report.counts.accepted, 3);
    }
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
    check.push(&archive).unwrap();
    let error = check.finish().err().unwrap().to_string();
    assert_eq!(error, "zip archive holds several files; send each CSV file by itself");
}

#[test]
fn what_comes_out_of_a_damaged_file_does_not_depend_on_the_pieces() {
    let text: String = (0..3_000).map(|n| format!("{n},value {}\n", n * 7 % 13)).collect();
    let packed = [gzip, bzip2, xz, zstd].map(|pack| pack(text.as_bytes()));
    for (packed, damaged_at) in
        packed.iter().flat_map(|packed| (1..9).map(move |n| (packed, packed.len() * n / 9)))
    {
        let mut file = packed.clone();
        file[damaged_at] ^= 0x55;
        let (whole, _) = run(Settings::default(), &file, file.len());
        assert_eq!(whole, run(Settings::default(), &file, 1).0, "damaged at {damaged_at}");
        assert_eq!(whole, run(Settings::default(), &file, 100).0, "damaged at {damaged_at}");
    }
}

#[test]
fn what_stands_before_the_damage_is_read() {
    let mut file = gzip(TEXT);
    let checksum = file.len() - 8;
    file[checksum] ^= 1;
    let report = check(&file);
    assert_eq!(report.counts.accepted, 3);
    assert!(
        report.problems.by_code.iter().any(|count| count.code.as_str() == "compression-damaged"),
        "{:?}",
        report.problems.by_code
    );
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}
