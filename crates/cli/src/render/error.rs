//! The one way an error is shown.

use std::fmt;
use std::io::Write;

/// An error with advice.
#[derive(Debug)]
struct Hinted {
    error: anyhow::Error,
    hints: Vec<String>,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Hinted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// The error with what a person can do about it.
#[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "only the service gives advice so far"))]
pub(crate) fn with_hints(hints: Vec<String>, error: impl Into<anyhow::Error>) -> anyhow::Error {
    Hinted { error: error.into(), hints }.into()
}

/// Prints the error, its causes and the advice on standard error.
pub(crate) fn print(error: &anyhow::Error) {
    let mut text = format!("error: {error}\n");
    for cause in causes(error) {
        text.push_str(&format!("  caused by: {cause}\n"));
    }
    for hint in error.downcast_ref::<Hinted>().map_or(&[][..], |hinted| &hinted.hints) {
        text.push_str(&format!("hint: {hint}\n"));
    }
    // Nobody is left to tell when standard error is closed.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// The causes, but for those that a text before them holds already: many libraries repeat their causes in their own text.
fn causes(error: &anyhow::Error) -> Vec<String> {
    let mut said = error.to_string();
    let mut causes = Vec::new();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            said.push('\n');
            said.push_str(&cause);
            causes.push(cause);
        }
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "connection refused");
        let error = anyhow::Error::from(refused)
            .context("client error: connection refused")
            .context("client error: connection refused")
            .context("bucket does not answer");
        assert_eq!(causes(&error), ["client error: connection refused"]);
    }
}
