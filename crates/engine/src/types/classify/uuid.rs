//! The grammar of UUIDs.

use super::super::shape::{Shape, UuidCase};

const LOWER: u8 = 1;
const UPPER: u8 = 2;
const OTHER: u8 = 4;

/// What each byte is in a UUID: a digit is 0.
const LETTERS: [u8; 256] = {
    let mut letters = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        letters[byte] = match byte as u8 {
            b'0'..=b'9' => 0,
            b'a'..=b'f' => LOWER,
            b'A'..=b'F' => UPPER,
            _ => OTHER,
        };
        byte += 1;
    }
    letters
};

/// The shape of a UUID in the 8-4-4-4-12 form, with its letters in one case.
pub(super) fn uuid(cell: &[u8]) -> Option<Shape> {
    let cell: &[u8; 36] = cell.try_into().ok()?;
    if [cell[8], cell[13], cell[18], cell[23]] != *b"----" {
        return None;
    }
    let all = |part: &[u8]| part.iter().fold(0, |seen, &byte| seen | LETTERS[usize::from(byte)]);
    match all(&cell[..8]) | all(&cell[9..13]) | all(&cell[14..18]) | all(&cell[19..23]) | all(&cell[24..]) {
        0 => Some(Shape::Uuid(UuidCase::Either)),
        LOWER => Some(Shape::Uuid(UuidCase::Lower)),
        UPPER => Some(Shape::Uuid(UuidCase::Upper)),
        _ => None,
    }
}
