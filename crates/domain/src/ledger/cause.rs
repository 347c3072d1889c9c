//! Why money moved.

use std::fmt;

/// Why money moved: kind, subject and period. The same cause twice is the same journal.
///
/// The text form is `{kind}/{subject}/{period}`; only the period may contain a slash.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cause {
    kind: &'static str,
    subject: String,
    period: String,
}

impl Cause {
    /// A cause; the period is empty for what happens once.
    ///
    /// # Panics
    /// When the kind or the subject contains a slash: two causes could then have one text.
    pub fn new(kind: &'static str, subject: &str, period: &str) -> Self {
        assert!(
            !kind.contains('/') && !subject.contains('/'),
            "only the period of a cause may contain a slash"
        );
        Self { kind, subject: subject.to_owned(), period: period.to_owned() }
    }

    /// What happened.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// To what it happened.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Which time of several; empty for what happens once.
    pub fn period(&self) -> &str {
        &self.period
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.subject, self.period)
    }
}
