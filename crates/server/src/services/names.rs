//! File names that users sent. They are shown and offered for downloads, and never become part of a path or key.

use std::fmt::Write as _;

/// Longest name that is kept, in characters.
const MAX_CHARS: usize = 255;

/// The name used when none, or none that can be shown, was sent.
const UNNAMED: &str = "upload.csv";

/// The part behind the last slash, without control characters, invisible direction marks and outer blanks, cut after
/// 255 characters.
pub(crate) fn display_name(sent: &str) -> String {
    let base = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String =
        base.chars().filter(|c| !c.is_control() && !is_direction_mark(*c)).take(MAX_CHARS).collect();
    let shown = shown.trim();
    if shown.is_empty() || shown.chars().all(|c| c == '.') { UNNAMED.to_owned() } else { shown.to_owned() }
}

/// Marks that turn the direction of text can make `gpj.exe` look like `exe.jpg`.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The `Content-Disposition` of a download (RFC 6266 with RFC 8187): a plain ASCII name, and the true one encoded.
pub(crate) fn attachment(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " ._-()+".contains(c) { c } else { '_' })
        .collect();
    let mut header = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        header.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                header.push(char::from(byte));
            } else {
                let _ = write!(header, "%{byte:02X}");
            }
        }
    }
    header
}

/// The name of a file of a run, made from the name of the upload: `orders.csv` and `clean.parquet` give
/// `orders.clean.parquet`.
pub(crate) fn derived_name(upload: &str, file: &str) -> String {
    let lower = upload.to_ascii_lowercase();
    let known = [".gz", ".zst", ".bz2", ".xz", ".zip", ".csv", ".tsv", ".txt", ".tab"];
    let mut stem = upload;
    for _ in 0..2 {
        if let Some(ending) = known.iter().find(|ending| lower[..stem.len()].ends_with(**ending)) {
            stem = &stem[..stem.len() - ending.len()];
        }
    }
    if stem.is_empty() { file.to_owned() } else { format!("{stem}.{file}") }
}

/// The file name in a `Content-Disposition` header, `filename*` before `filename`.
pub(crate) fn disposition_name(header: &str) -> Option<String> {
    let mut plain = None;
    for part in parameters(header) {
        let Some((key, value)) = part.split_once('=') else { continue };
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "filename*" => {
                let mut pieces = value.splitn(3, '\'');
                let charset = pieces.next().unwrap_or_default();
                if let (true, Some(text)) = (charset.eq_ignore_ascii_case("utf-8"), pieces.nth(1)) {
                    return percent_decoded(text);
                }
            }
            "filename" => plain = Some(unquoted(value)),
            _ => {}
        }
    }
    plain
}

/// The parts between semicolons that stand outside quotes.
fn parameters(header: &str) -> Vec<String> {
    let (mut parts, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for c in header.chars() {
        match c {
            ';' if !quoted => {
                parts.push(String::new());
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = c == '\\' && quoted && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let (mut text, mut escaped) = (String::new(), false);
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            text.push(c);
            escaped = false;
        }
    }
    text
}

fn percent_decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_names_are_harmless() {
        let check = |sent: &str, shown: &str| assert_eq!(display_name(sent), shown, "{sent:?}");
        check("orders.csv", "orders.csv");
        check("../../etc/passwd", "passwd");
        check("C:\\data\\orders 1.csv", "orders 1.csv");
        check("a\0b\r\nSet-Cookie: x.csv", "abSet-Cookie: x.csv");
        check("\u{202e}vsc.exe", "vsc.exe");
        check("..", "upload.csv");
        check("", "upload.csv");
        check("Größe 📈.csv", "Größe 📈.csv");
        assert_eq!(display_name(&"📈".repeat(1024)).chars().count(), 255);
    }

    #[test]
    fn attachments_are_headers_of_their_own() {
        assert_eq!(attachment("orders.csv"), "attachment; filename=\"orders.csv\"");
        assert_eq!(
            attachment("Größe\".csv"),
            "attachment; filename=\"Gr__e_.csv\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%22.csv"
        );
    }

    #[test]
    fn derived_names_keep_the_stem() {
        let check =
            |upload: &str, name: &str| assert_eq!(derived_name(upload, "clean.parquet"), name, "{upload}");
        check("orders.csv", "orders.clean.parquet");
        check("Orders.CSV.gz", "Orders.clean.parquet");
        check("report 2024", "report 2024.clean.parquet");
        check(".csv", "clean.parquet");
        check("v1.2", "v1.2.clean.parquet");
        check("Größe.txt", "Größe.clean.parquet");
    }

    #[test]
    fn disposition_headers_are_read() {
        let check = |header: &str, name: Option<&str>| {
            assert_eq!(disposition_name(header).as_deref(), name, "{header}");
        };
        check("attachment; filename=orders.csv", Some("orders.csv"));
        check("attachment; filename=\"a;b \\\"c\\\".csv\"", Some("a;b \"c\".csv"));
        check("attachment; filename=\"x.csv\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.csv", Some("Größe.csv"));
        check("attachment; filename*=UTF-8''%zz", None);
        check("inline", None);
    }
}
