//! Small pieces of text.

/// A number with thousands marks.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 record`, `2,000 records`.
pub(crate) fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", grouped(n)) }
}

/// A size in bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return count(bytes, "byte");
    }
    let mut value = bytes as f64;
    let mut unit = "";
    for name in UNITS {
        if value < 1_000.0 {
            break;
        }
        value /= 1_000.0;
        unit = name;
    }
    format!("{value:.1} {unit}")
}

/// A character as it can be read.
pub(crate) fn visible(text: &str) -> String {
    match text {
        "\t" => "tab".to_owned(),
        " " => "space".to_owned(),
        other => other.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'"),
    }
}

/// A delimiter by its name.
pub(crate) fn name_of_delimiter(text: &str) -> String {
    match text {
        "," => "comma".to_owned(),
        ";" => "semicolon".to_owned(),
        "|" => "pipe".to_owned(),
        ":" => "colon".to_owned(),
        other => visible(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(1_000), grouped(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [size(1), size(999), size(1_000), size(31_053_850)],
            ["1 byte", "999 bytes", "1.0 kB", "31.1 MB"]
        );
        assert_eq!([name_of_delimiter("\t"), name_of_delimiter("||"), visible("\"")], ["tab", "||", "\""]);
    }
}
