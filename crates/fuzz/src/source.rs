//! Compressed files: packed bytes are read as the plain ones are, any others end in an answer, and caps hold.

use csvp_engine::{Limits, Settings};

use crate::choices::Choices;
use crate::decode::is_packed;
use crate::files::{both, reconcile, small_limits};

/// Bytes that go through the unpacker at once: by so much a cap may be passed.
const STEP_BYTES: u64 = 64 << 10;

pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let chunk = 1 + choices.below(200);
    let packing = choices.below(4);
    let limits = Limits { max_decoded_bytes: choices.one_of(&[1 << 20, 100]), ..small_limits() };
    let settings = Settings { limits, ..Settings::default() };
    let text = choices.text();
    let bytes = match packing {
        0 => gzip(text),
        1 => zip(text),
        _ => text.to_vec(),
    };

    let whole = both(&settings, &bytes, bytes.len(), 1, ());
    let pieces = both(&settings, &bytes, chunk, 1, ());
    assert_eq!(whole, pieces, "chunks of {chunk}");
    if let Ok((report, ())) = &whole {
        reconcile(report);
        let most = settings.limits.max_decoded_bytes;
        assert!(report.file.decoded_bytes <= most + STEP_BYTES, "{} bytes", report.file.decoded_bytes);
    }
    if packing < 2 && !is_packed(text) {
        let plain = both(&settings, text, text.len(), 1, ());
        match (whole, plain) {
            (Ok((mut packed, ())), Ok((plain, ()))) => {
                packed.file = plain.file.clone();
                assert_eq!(packed, plain);
            }
            (packed, plain) => assert_eq!(packed.is_err(), plain.is_err()),
        }
    }
}

/// A gzip member of one stored block.
fn gzip(text: &[u8]) -> Vec<u8> {
    let text = &text[..text.len().min(usize::from(u16::MAX))];
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend((text.len() as u16).to_le_bytes());
    out.extend((!(text.len() as u16)).to_le_bytes());
    out.extend(text);
    out.extend(crc32(text).to_le_bytes());
    out.extend((text.len() as u32).to_le_bytes());
    out
}

/// A zip archive of one stored file.
fn zip(text: &[u8]) -> Vec<u8> {
    let name = b"a.csv";
    let mut about = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    about.extend(crc32(text).to_le_bytes());
    about.extend((text.len() as u32).to_le_bytes());
    about.extend((text.len() as u32).to_le_bytes());
    about.extend((name.len() as u16).to_le_bytes());
    about.extend([0, 0]);
    let mut out = b"PK\x03\x04".to_vec();
    out.extend(&about);
    out.extend(name);
    out.extend(text);
    let directory = out.len() as u32;
    out.extend(b"PK\x01\x02\x14\0");
    out.extend(&about);
    out.extend([0; 14]);
    out.extend(name);
    let size = out.len() as u32 - directory;
    out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    out.extend(size.to_le_bytes());
    out.extend(directory.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}
