//! Bounded text: what a client may name freely, within a length the type states.

use std::fmt;

/// Text of at most `MAX` characters without NUL, which one of the databases cannot store.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Text<const MAX: usize>(Box<str>);

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// More characters than allowed.
    #[error("is longer than {max} characters")]
    TooLong {
        /// The most characters allowed.
        max: usize,
    },
    /// The text contains NUL.
    #[error("contains the character NUL")]
    Nul,
}

impl<const MAX: usize> Text<MAX> {
    /// Takes the text when it is within the bounds; it may be empty.
    ///
    /// # Errors
    /// [`TextError`], by what is wrong.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        // A character has at most four bytes: a hostile length is refused before it is counted.
        if text.len() > MAX.saturating_mul(4) || text.chars().count() > MAX {
            return Err(TextError::TooLong { max: MAX });
        }
        if text.contains('\0') {
            return Err(TextError::Nul);
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Has no character.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<const MAX: usize> AsRef<str> for Text<MAX> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(Text::<3>::parse("云服务").unwrap().as_str(), "云服务");
        assert_eq!(Text::<3>::parse("abcd"), Err(TextError::TooLong { max: 3 }));
        assert_eq!(Text::<3>::parse(&"云".repeat(4)), Err(TextError::TooLong { max: 3 }));
        assert!(Text::<0>::parse("").unwrap().is_empty());
    }

    #[test]
    fn nul_is_refused() {
        assert_eq!(Text::<3>::parse("a\0"), Err(TextError::Nul));
        assert_eq!(String::from(Text::<3>::parse("a\n").unwrap()), "a\n");
    }
}
