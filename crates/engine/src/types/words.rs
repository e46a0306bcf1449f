//! Words that may stand for true, false or nothing at all.

macro_rules! words {
    ($($name:ident = $text:literal,)*) => {
        /// A word with a meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub(crate) enum Word { $($name,)* }

        impl Word {
            /// All words.
            #[cfg(test)]
            pub(crate) const ALL: &[Word] = &[$(Word::$name,)*];

            /// The word that a cell is, letter by letter.
            pub(crate) fn find(cell: &[u8]) -> Option<Word> {
                match cell.len() {
                    1..=Self::LONGEST => match cell { $($text => Some(Word::$name),)* _ => None },
                    _ => None,
                }
            }

            /// The word as it is written.
            pub(crate) fn text(self) -> &'static str {
                const TEXTS: &[&[u8]] = &[$($text,)*];
                std::str::from_utf8(TEXTS[self as usize]).expect("the words above are UTF-8")
            }
        }
    };
}

words! {
    TrueLower = b"true", FalseLower = b"false", TrueTitle = b"True", FalseTitle = b"False",
    TrueUpper = b"TRUE", FalseUpper = b"FALSE",
    YesLower = b"yes", NoLower = b"no", YesTitle = b"Yes", NoTitle = b"No", YesUpper = b"YES", NoUpper = b"NO",
    YLower = b"y", NLower = b"n", YUpper = b"Y", NUpper = b"N",
    TLower = b"t", FLower = b"f", TUpper = b"T", FUpper = b"F",
    OnLower = b"on", OffLower = b"off", OnTitle = b"On", OffTitle = b"Off", OnUpper = b"ON", OffUpper = b"OFF",
    JaLower = b"ja", NeinLower = b"nein", JaTitle = b"Ja", NeinTitle = b"Nein", JaUpper = b"JA", NeinUpper = b"NEIN",
    NeeLower = b"nee", NeeTitle = b"Nee", NeeUpper = b"NEE",
    OuiLower = b"oui", NonLower = b"non", OuiTitle = b"Oui", NonTitle = b"Non", OuiUpper = b"OUI", NonUpper = b"NON",
    SiLower = b"si", SiTitle = b"Si", SiUpper = b"SI",
    SiAccentLower = b"s\xc3\xad", SiAccentTitle = b"S\xc3\xad", SiAccentUpper = b"S\xc3\x8d",
    SimLower = b"sim", NaoLower = b"n\xc3\xa3o", SimTitle = b"Sim", NaoTitle = b"N\xc3\xa3o",
    SimUpper = b"SIM", NaoUpper = b"N\xc3\x83O",
    WahrLower = b"wahr", FalschLower = b"falsch", WahrTitle = b"Wahr", FalschTitle = b"Falsch",
    WahrUpper = b"WAHR", FalschUpper = b"FALSCH",
    VraiLower = b"vrai", FauxLower = b"faux", VraiTitle = b"Vrai", FauxTitle = b"Faux",
    VraiUpper = b"VRAI", FauxUpper = b"FAUX",
    Na = b"NA", NaLower = b"na", NSlashA = b"N/A", NSlashALower = b"n/a", NDotA = b"N.A.", NDotALower = b"n.a.",
    HashNSlashA = b"#N/A", HashNa = b"#NA", AngleNa = b"<NA>",
    NullUpper = b"NULL", NullLower = b"null", NullTitle = b"Null", NullParens = b"(null)", NullParensUpper = b"(NULL)",
    BackslashN = b"\\N", NanMixed = b"NaN", NanLower = b"nan", NanUpper = b"NAN", NaT = b"NaT",
    NoneTitle = b"None", NoneLower = b"none", NoneUpper = b"NONE", NilLower = b"nil", NilUpper = b"NIL",
    Dash = b"-", Dashes = b"--", DashesThree = b"---", Dot = b".", Dots = b"..", DotsThree = b"...",
    QuestionMark = b"?",
    Missing = b"missing", MissingTitle = b"Missing", MissingUpper = b"MISSING",
    Unknown = b"unknown", UnknownTitle = b"Unknown", UnknownUpper = b"UNKNOWN",
}

impl Word {
    /// Bytes of the longest word.
    pub(crate) const LONGEST: usize = 7;

    /// Whether the word may mean that there is no value.
    ///
    /// It does only in a column whose other values are of one type that is not text: `NA` may be Namibia, and
    /// `None` a name.
    pub(crate) fn is_null_word(self) -> bool {
        self >= Word::Na
    }

    /// Whether it means that there is no value even where nothing else stands in the column.
    pub(crate) fn is_plain_null(self) -> bool {
        matches!(
            self,
            Word::HashNSlashA
                | Word::HashNa
                | Word::AngleNa
                | Word::NSlashA
                | Word::NullUpper
                | Word::NullLower
                | Word::NullParens
                | Word::NullParensUpper
                | Word::BackslashN
        )
    }

    /// Whether it means that there is no value even in a column of text: only the sign that database dumps write for
    /// this purpose and that nobody writes for another.
    pub(crate) fn is_null_in_text(self) -> bool {
        self == Word::BackslashN
    }
}

/// Whether a cell is a word that may mean that there is no value.
pub(crate) fn is_null_word(cell: &[u8]) -> bool {
    Word::find(cell).is_some_and(Word::is_null_word)
}

/// Pairs for true and false, the likelier first. A column takes exactly one of them.
pub(crate) const PAIRS: &[(Word, Word)] = &[
    (Word::TrueLower, Word::FalseLower),
    (Word::TrueTitle, Word::FalseTitle),
    (Word::TrueUpper, Word::FalseUpper),
    (Word::YesLower, Word::NoLower),
    (Word::YesTitle, Word::NoTitle),
    (Word::YesUpper, Word::NoUpper),
    (Word::YLower, Word::NLower),
    (Word::YUpper, Word::NUpper),
    (Word::TLower, Word::FLower),
    (Word::TUpper, Word::FUpper),
    (Word::OnLower, Word::OffLower),
    (Word::OnTitle, Word::OffTitle),
    (Word::OnUpper, Word::OffUpper),
    (Word::JaLower, Word::NeinLower),
    (Word::JaTitle, Word::NeinTitle),
    (Word::JaUpper, Word::NeinUpper),
    (Word::JaLower, Word::NeeLower),
    (Word::JaTitle, Word::NeeTitle),
    (Word::JaUpper, Word::NeeUpper),
    (Word::OuiLower, Word::NonLower),
    (Word::OuiTitle, Word::NonTitle),
    (Word::OuiUpper, Word::NonUpper),
    (Word::SiLower, Word::NoLower),
    (Word::SiTitle, Word::NoTitle),
    (Word::SiUpper, Word::NoUpper),
    (Word::SiAccentLower, Word::NoLower),
    (Word::SiAccentTitle, Word::NoTitle),
    (Word::SiAccentUpper, Word::NoUpper),
    (Word::SimLower, Word::NaoLower),
    (Word::SimTitle, Word::NaoTitle),
    (Word::SimUpper, Word::NaoUpper),
    (Word::WahrLower, Word::FalschLower),
    (Word::WahrTitle, Word::FalschTitle),
    (Word::WahrUpper, Word::FalschUpper),
    (Word::VraiLower, Word::FauxLower),
    (Word::VraiTitle, Word::FauxTitle),
    (Word::VraiUpper, Word::FauxUpper),
];

/// Pairs whose words mean nothing else, so that a column in which only one of them occurs is boolean too.
pub(crate) fn is_unmistakable(pair: (Word, Word)) -> bool {
    pair.0 <= Word::FalseUpper
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_no_other() {
        for &word in Word::ALL {
            assert_eq!(Word::find(word.text().as_bytes()), Some(word));
            assert!(word.text().len() <= Word::LONGEST);
        }
        for other in ["", "tru", "truee", "nO", "namibia", "n a", "Unknown "] {
            assert_eq!(Word::find(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn no_word_is_both_boolean_and_null() {
        for (yes, no) in PAIRS {
            assert!(!yes.is_null_word() && !no.is_null_word());
        }
    }
}
