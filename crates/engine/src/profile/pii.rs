//! What kinds of personal data the cells look like. A cell counts when it wholly is such a thing.
//!
//! A hint, not a finding: the shapes are strict enough that few other values have them, and cells of free
//! text that only mention a name or a number are not looked into.

use std::net::{Ipv4Addr, Ipv6Addr};

use csvp_report::PiiHint;

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Email,
    Phone,
    Iban,
    CardNumber,
    IpAddress,
    MacAddress,
}

/// Kind, name in the report, and the share of a column's values from which on it is reported. Where other
/// data has the same shape by chance (every tenth number passes Luhn), single hits say nothing.
const KINDS: [(Kind, &str, f64); 6] = [
    (Kind::Email, "email", 0.0),
    (Kind::Phone, "phone", 0.2),
    (Kind::Iban, "iban", 0.0),
    (Kind::CardNumber, "card-number", 0.2),
    (Kind::IpAddress, "ip-address", 0.0),
    (Kind::MacAddress, "mac-address", 0.0),
];

/// Longest e-mail address (RFC 5321, 4.5.3.1).
const LONGEST_EMAIL: usize = 254;
/// Longest thing with digits: an IBAN of 34 characters in groups of four.
const LONGEST_NUMBER: usize = 42;

/// Counts by kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Pii {
    counts: [u64; KINDS.len()],
}

impl Pii {
    pub(super) fn add(&mut self, cell: &[u8], count: u64) {
        if let Some(kind) = kind_of(cell) {
            self.counts[kind as usize] += count;
        }
    }

    pub(super) fn merge(&mut self, later: &Self) {
        self.counts.iter_mut().zip(later.counts).for_each(|(ours, theirs)| *ours += theirs);
    }

    /// The kinds found, in a fixed order.
    pub(super) fn finish(&self, n_values: u64) -> Vec<PiiHint> {
        KINDS
            .iter()
            .map(|(kind, name, share)| (*name, self.counts[*kind as usize], *share))
            .filter(|(_, count, share)| *count > 0 && *count as f64 >= share * n_values as f64)
            .map(|(name, values, _)| PiiHint { kind: name.to_owned(), values })
            .collect()
    }
}

const DIGIT: u8 = 1;
const LETTER: u8 = 2;
const COLON: u8 = 4;
/// What may stand between groups of digits.
const SEPARATOR: u8 = 8;
const PLUS: u8 = 16;
const OTHER: u8 = 32;

const CLASSES: [u8; 256] = {
    let mut classes = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b':' => COLON,
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' => SEPARATOR,
            b'+' => PLUS,
            _ => OTHER,
        };
        byte += 1;
    }
    classes
};

const IN_LOCAL: u8 = 1;
const IN_DOMAIN: u8 = 2;

/// Where in an e-mail address a byte may stand.
const EMAIL_BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        bytes[byte] = match byte as u8 {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | 0x80.. => IN_LOCAL | IN_DOMAIN,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~' => IN_LOCAL,
            _ => 0,
        };
        byte += 1;
    }
    bytes
};

/// The kind a whole cell is of.
fn kind_of(cell: &[u8]) -> Option<Kind> {
    if !(6..=LONGEST_EMAIL).contains(&cell.len()) {
        return None;
    }
    if let Some(at) = memchr::memchr(b'@', cell) {
        return is_email(cell, at).then_some(Kind::Email);
    }
    if cell.len() > LONGEST_NUMBER {
        return None;
    }
    let (classes, n_digits) = cell.iter().fold((0, 0u32), |(all, n), byte| {
        let class = CLASSES[usize::from(*byte)];
        (all | class, n + u32::from(class & DIGIT))
    });
    if classes == DIGIT {
        return is_card_number(cell).then_some(Kind::CardNumber);
    }
    // Ordinary words end here.
    if classes & OTHER != 0 || (n_digits == 0 && classes & COLON == 0) {
        return None;
    }
    if classes & COLON != 0 {
        return if is_mac(cell, b':') {
            Some(Kind::MacAddress)
        } else {
            parse::<Ipv6Addr>(cell).then_some(Kind::IpAddress)
        };
    }
    if classes & LETTER != 0 {
        return if is_iban(cell) { Some(Kind::Iban) } else { is_mac(cell, b'-').then_some(Kind::MacAddress) };
    }
    if classes & PLUS == 0 && n_digits >= 13 && is_card_number(cell) {
        Some(Kind::CardNumber)
    } else if is_phone(cell, n_digits) {
        Some(Kind::Phone)
    } else {
        (classes == DIGIT | SEPARATOR && parse::<Ipv4Addr>(cell)).then_some(Kind::IpAddress)
    }
}

fn parse<T: std::str::FromStr>(cell: &[u8]) -> bool {
    std::str::from_utf8(cell).is_ok_and(|text| text.parse::<T>().is_ok())
}

/// `local@domain.tld` with the characters of RFC 5321 that are used without quotes, and letters beyond ASCII.
fn is_email(cell: &[u8], at: usize) -> bool {
    let (local, domain) = (&cell[..at], &cell[at + 1..]);
    let all_in =
        |part: &[u8], place| part.iter().fold(place, |all, b| all & EMAIL_BYTES[usize::from(*b)]) != 0;
    if !(1..=64).contains(&local.len())
        || local[0] == b'.'
        || !all_in(local, IN_LOCAL)
        || !all_in(domain, IN_DOMAIN)
    {
        return false;
    }
    let Some(dot) = memchr::memrchr(b'.', domain) else { return false };
    let top_level = &domain[dot + 1..];
    let empty_label = domain[0] == b'.' || domain.windows(2).any(|pair| pair == b"..");
    top_level.len() >= 2 && !top_level.iter().all(u8::is_ascii_digit) && !empty_label
}

/// ISO 13616: country, two check digits, 11 to 30 characters; with the check digits right (ISO 7064, mod
/// 97-10). Groups may be separated by single blanks.
fn is_iban(cell: &[u8]) -> bool {
    let mut compact = [0u8; 34];
    let mut len = 0;
    for (at, byte) in cell.iter().enumerate() {
        match byte {
            b' ' if at > 0 && cell[at - 1] != b' ' => {}
            b'0'..=b'9' | b'A'..=b'Z' if len < compact.len() => {
                compact[len] = *byte;
                len += 1;
            }
            _ => return false,
        }
    }
    let compact = &compact[..len];
    if len < 15
        || !compact[..2].iter().all(u8::is_ascii_uppercase)
        || !compact[2..4].iter().all(u8::is_ascii_digit)
    {
        return false;
    }
    let rest = compact[4..].iter().chain(&compact[..4]).fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    rest == 1
}

/// 13 to 19 digits with the first digits of a card network and the check digit right (Luhn, ISO/IEC 7812-1).
/// Groups may be separated by single blanks or hyphens.
fn is_card_number(cell: &[u8]) -> bool {
    let mut digits = [0u8; 19];
    let mut len = 0;
    if cell.len() < 13 {
        return false;
    }
    for (at, byte) in cell.iter().enumerate() {
        match byte {
            b' ' | b'-' if at > 0 && cell[at - 1].is_ascii_digit() && at + 1 < cell.len() => {}
            b'0'..=b'9' if len < digits.len() => {
                digits[len] = byte - b'0';
                len += 1;
            }
            _ => return false,
        }
    }
    if len < 13 {
        return false;
    }
    let head = digits[..4].iter().fold(0u32, |head, digit| head * 10 + u32::from(*digit));
    let network = match head / 100 {
        34 | 37 => len == 15,
        30 | 36 | 38 | 39 => len == 14,
        35 | 62 => len >= 16,
        40..=49 => len == 13 || len == 16 || len == 19,
        22..=27 => len == 16 && (2_221..=2_720).contains(&head),
        50..=59 | 60 | 61 | 63..=69 => len == 16 || len == 19,
        _ => false,
    };
    let sum: u32 = digits[..len]
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    network && sum.is_multiple_of(10)
}

/// `+` and 7 to 15 digits (E.164) with separators, the North American `(212) 555-0123` and `212-555-0123`, or
/// a leading zero and at least 9 digits with separators. Digits alone are no phone number: they may be
/// anything.
fn is_phone(cell: &[u8], n_digits: u32) -> bool {
    if let [b'+', b'1'..=b'9', ..] = cell {
        return (7..=15).contains(&n_digits) && !cell[1..].contains(&b'+') && groups_are_tidy(&cell[1..]);
    }
    if cell.contains(&b'+') || !groups_are_tidy(cell) {
        return false;
    }
    let groups = || cell.split(|b| !b.is_ascii_digit()).filter(|group| !group.is_empty());
    let national = cell[0] == b'0' || cell.starts_with(b"(0");
    let many = groups().count() > 1;
    // Three dots are an IP address.
    let dots = cell.iter().filter(|b| **b == b'.').count();
    (national && many && dots < 3 && (9..=15).contains(&n_digits)) || groups().map(<[u8]>::len).eq([3, 3, 4])
}

/// Whether between digits stands nothing but `-`, `.`, `/`, a blank, or brackets with a blank.
fn groups_are_tidy(cell: &[u8]) -> bool {
    let separators = cell.split(u8::is_ascii_digit);
    separators
        .into_iter()
        .all(|s| matches!(s, b"" | b"-" | b"." | b"/" | b" " | b"(" | b")" | b" (" | b") " | b" - "))
        && cell.last().is_some_and(u8::is_ascii_digit)
}

/// Six pairs of hexadecimal digits.
fn is_mac(cell: &[u8], separator: u8) -> bool {
    cell.len() == 17
        && cell.iter().enumerate().all(|(at, byte)| match at % 3 {
            2 => *byte == separator,
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_cells_are_told_apart() {
        let check = |cell: &str, kind: Option<Kind>| assert_eq!(kind_of(cell.as_bytes()), kind, "{cell}");
        for cell in ["ada@example.org", "a.b+c@mail.example.co.uk", "jürgen@müller.de", "x@y.museum"] {
            check(cell, Some(Kind::Email));
        }
        check(&format!("{}@example.org", "a".repeat(60)), Some(Kind::Email));
        for cell in
            ["ada@localhost", "@example.org", "a b@example.org", "mail: a@b.org", "a@b@c.org", "a@1.2.3.4"]
        {
            check(cell, None);
        }
        for cell in [
            "+49 170 1234567",
            "+14155552671",
            "(212) 555-0123",
            "212-555-0123",
            "030/1234-5678",
            "01 23 45 67 89",
        ] {
            check(cell, Some(Kind::Phone));
        }
        for cell in [
            "2024-01-31",
            "31.01.2024",
            "01-02-2024",
            "4155552671",
            "1.234.567",
            "1 234 567",
            "+5",
            "12:30:00",
        ] {
            check(cell, None);
        }
        for cell in ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "NO9386011117947"] {
            check(cell, Some(Kind::Iban));
        }
        for cell in ["DE89370400440532013001", "DE8937", "GB82  WEST12345698765432", "INV2024000000001"] {
            check(cell, None);
        }
        for cell in ["4111111111111111", "5500 0000 0000 0004", "3782-822463-10005", "6011111111111117"] {
            check(cell, Some(Kind::CardNumber));
        }
        for cell in ["4111111111111112", "1234567812345670", "0000000000000000"] {
            check(cell, None);
        }
        for cell in ["192.168.0.1", "8.8.8.8", "2001:db8::1", "::ffff:10.0.0.1", "fe80::1ff:fe23:4567:890a"] {
            check(cell, Some(Kind::IpAddress));
        }
        for cell in ["300.1.1.1", "1.2.3", "1.2.3.4.5", "key: value"] {
            check(cell, None);
        }
        check("00:1A:2b:3c:4d:5e", Some(Kind::MacAddress));
        check("00-1A-2b-3c-4d-5e", Some(Kind::MacAddress));
        for cell in ["", "London", "Ann-Marie O'Neil", "Straße des 17. Juni", "ORD-2024-001"] {
            check(cell, None);
        }
    }

    #[test]
    fn weak_kinds_need_a_share_of_the_column() {
        let mut pii = Pii::default();
        pii.add(b"4111111111111111", 1);
        pii.add(b"ada@example.org", 1);
        assert_eq!(pii.finish(100), [PiiHint { kind: "email".into(), values: 1 }]);
        assert_eq!(pii.finish(5).len(), 2);
    }
}
