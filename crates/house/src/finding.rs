//! What a check finds, and what is known and waits for its mend.

use std::fmt;

/// A breach of a rule.
pub struct Finding {
    /// What [`unexpected`] compares with the known ones: does not change when lines move.
    pub key: String,
    /// Place, fault and mend.
    pub text: String,
}

impl Finding {
    /// A finding that no one is meant to know beforehand by another key than its place.
    pub(crate) fn new(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self { key: key.into(), text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.text)
    }
}

/// What a test must complain about: findings that are not `known`, and known ones that are gone,
/// so that the list can only shrink.
#[must_use]
pub fn unexpected(found: &[Finding], known: &[&str]) -> Vec<String> {
    let new = found
        .iter()
        .filter(|finding| !known.contains(&finding.key.as_str()))
        .map(|finding| finding.text.clone());
    let gone = known.iter().filter(|known| found.iter().all(|finding| finding.key != **known)).map(
        |known| format!("mended: take `{known}` out of the list in crates/house/src/known.rs"),
    );
    new.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ones_pass_and_must_exist() {
        let found = [Finding::new("a", "a is wrong"), Finding::new("b", "b is wrong")];
        assert_eq!(unexpected(&found, &["a", "b"]), [""; 0]);
        assert_eq!(unexpected(&found, &["a"]), ["b is wrong"]);
        assert!(unexpected(&found[..1], &["a", "c"])[0].contains("take `c` out"));
    }
}
