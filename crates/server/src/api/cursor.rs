//! Places in a list, opaque to clients.

use std::fmt;
use std::str::FromStr;

/// A place in a list: a position and what it belongs to. The text is versioned, so that an old cursor is refused
/// instead of misread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    parts: Vec<String>,
}

/// The text is no cursor of this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cursor is not one that this list gave out; start again without it")]
pub struct CursorError;

impl Cursor {
    /// A cursor with these parts, none of which holds a dot.
    pub fn new(parts: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        Self { parts: parts.into_iter().map(|part| part.to_string()).collect() }
    }

    /// The part at this place, read as `T`.
    ///
    /// # Errors
    /// When there is no such part or it does not read as `T`.
    pub fn part<T: FromStr>(&self, at: usize) -> Result<T, CursorError> {
        self.parts.get(at).and_then(|part| part.parse().ok()).ok_or(CursorError)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c1.{}", self.parts.join("."))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let rest = text.strip_prefix("c1.").ok_or(CursorError)?;
        Ok(Self { parts: rest.split('.').map(str::to_owned).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went_out() {
        let text = Cursor::new([12, 7]).to_string();
        let cursor: Cursor = text.parse().unwrap();
        assert_eq!((cursor.part(0), cursor.part(1)), (Ok(12u64), Ok(7u64)));
        assert_eq!(cursor.part::<u64>(2), Err(CursorError));
        assert_eq!("12.7".parse::<Cursor>(), Err(CursorError));
    }
}
