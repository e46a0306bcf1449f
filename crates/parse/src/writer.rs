//! Records to bytes: quoting and escaping after RFC 4180.

/// Appends a field, quoted only where it must be: when it holds the delimiter, a quote, a line end, or begins or ends
/// with a blank (which careless readers drop).
///
/// ```
/// let mut out = Vec::new();
/// csvp_parse::writer::write_field(&mut out, b"say \"hi\"", b';');
/// assert_eq!(out, b"\"say \"\"hi\"\"\"");
/// ```
pub fn write_field(out: &mut Vec<u8>, field: &[u8], delimiter: u8) {
    let must_quote = field.first().is_some_and(|b| b.is_ascii_whitespace())
        || field.last().is_some_and(|b| b.is_ascii_whitespace())
        || field.iter().any(|&b| b == delimiter || matches!(b, b'"' | b'\n' | b'\r'));
    if !must_quote {
        out.extend_from_slice(field);
        return;
    }
    out.push(b'"');
    for &byte in field {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Appends a record with LF at its end. A record of one empty field becomes `""`, so that it is no blank line.
///
/// ```
/// let mut out = Vec::new();
/// csvp_parse::writer::write_record(&mut out, [&b"1"[..], b"5\" pipe", b"a,b", b" x"], b',');
/// assert_eq!(out, b"1,\"5\"\" pipe\",\"a,b\",\" x\"\n");
/// ```
pub fn write_record<'a>(out: &mut Vec<u8>, fields: impl IntoIterator<Item = &'a [u8]>, delimiter: u8) {
    let start = out.len();
    for (number, field) in fields.into_iter().enumerate() {
        if number > 0 {
            out.push(delimiter);
        }
        write_field(out, field, delimiter);
    }
    if out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.push(b'\n');
}
