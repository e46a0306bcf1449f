//! Letters of UTF-8 in a file that is read in an encoding of one byte: both were written into one file.

use encoding_rs::{Encoding, ISO_8859_15, WINDOWS_1252, WINDOWS_1254};

/// Whether bytes that are a letter in UTF-8 make no words in this encoding: `Ã` and a sign behind it.
pub(crate) fn is_western(encoding: &'static Encoding) -> bool {
    [WINDOWS_1252, WINDOWS_1254, ISO_8859_15].contains(&encoding)
}

/// Where in a text that was decoded from a western encoding letters of UTF-8 stand.
///
/// `Ã` ends words in capitals too, and quotes or dashes may stand behind these; those count inside a word only.
pub(crate) fn utf_8_letters(text: &[u8]) -> impl Iterator<Item = usize> {
    const LEAD: &[u8] = "Ã".as_bytes();
    memchr::memmem::find_iter(text, LEAD).filter(|&at| {
        let rest = &text[at + LEAD.len()..];
        let Some(sign) = first_char(rest) else { return false };
        let behind = rest.get(sign.len_utf8());
        let before = at.checked_sub(1).map(|at| text[at]);
        let is_small = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase());
        match sign {
            '‘'..='”' | '–' | '—' | '«' | '»' | '\u{a0}' | '…' => {
                is_small(before) || is_small(behind.copied())
            }
            '\u{80}'..='\u{bf}' => true,
            // The signs that these encodings have from 0x80 to 0x9f, and those of Latin-9.
            '€' | 'ƒ' | '„' | '†' | '‡' | 'ˆ' | '‰' | '‹' | '›' | '•' | '˜' | '™' => {
                true
            }
            'Š' | 'š' | 'Œ' | 'œ' | 'Ž' | 'ž' | 'Ÿ' => true,
            _ => false,
        }
    })
}

fn first_char(text: &[u8]) -> Option<char> {
    let head = &text[..text.len().min(4)];
    let head = match std::str::from_utf8(head) {
        Ok(head) => head,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
    };
    head.chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_utf_8_are_found() {
        for word in ["Köln", "Genève", "Zoë", "Österreich", "là", "Münster", "señor", "façade"] {
            let text = WINDOWS_1252.decode_without_bom_handling(word.as_bytes()).0;
            assert_eq!(utf_8_letters(text.as_bytes()).count(), 1, "{word}: {text}");
        }
        for text in ["SÃO PAULO", "AMANHÃ”", "Kõln", "Ã", "IRMÃ, SÃ", "a Ã b"] {
            assert_eq!(utf_8_letters(text.as_bytes()).count(), 0, "{text}");
        }
    }
}
