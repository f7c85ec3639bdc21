//! Where `unsafe` may stand, and that each block says why it is sound.

use anyhow::Result;
use proc_macro2::{Delimiter, TokenTree};

use crate::files::{RustFile, line, rust_files, visit};
use crate::finding::Finding;
use crate::workspace::Workspace;

/// The places: a folder, ending in `/`, or a file. Nowhere else may the word stand in code.
pub const PLACES: &[&str] = &[
    // Calls of functions compiled for a processor, behind its test.
    "crates/simd/",
    // The top-k pass: AVX-512 intrinsics.
    "crates/prices/src/pass/avx512.rs",
    "crates/prices/src/pass/avx512/",
    // Maps an input file, which another process could shorten.
    "crates/checkpoint/src/file.rs",
];

/// Lines above a block in which its SAFETY comment may begin.
const ABOVE: usize = 6;

/// `unsafe` outside of [`PLACES`], blocks without a reason, and places without `unsafe`.
///
/// # Errors
///
/// A file that cannot be read.
pub fn unsafe_code(workspace: &Workspace) -> Result<Vec<Finding>> {
    let files = rust_files(workspace)?;
    let mut found: Vec<Finding> = files.iter().flat_map(|file| breaches(file, PLACES)).collect();
    for place in PLACES {
        if !files.iter().any(|file| is_at(file, place) && !occurrences(file).is_empty()) {
            let text = format!(
                "{place}: no unsafe code there: take it out of PLACES in crates/house/src/unsafe_code.rs"
            );
            found.push(Finding::new(*place, text));
        }
    }
    Ok(found)
}

fn is_at(file: &RustFile, place: &str) -> bool {
    file.shown == place || place.ends_with('/') && file.shown.starts_with(place)
}

fn breaches(file: &RustFile, places: &[&str]) -> Vec<Finding> {
    let allowed = places.iter().any(|place| is_at(file, place));
    let lines: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (at, what, body) in occurrences(file) {
        let place = format!("{}:{at}", file.shown);
        if !allowed {
            let mend =
                "write it without, or in a place of PLACES (crates/house/src/unsafe_code.rs)";
            found.push(Finding::new(&file.shown, format!("{place}: {what} here: {mend}")));
        } else if let Some(end) = body {
            let from = at.saturating_sub(1 + ABOVE);
            let says = |line: &&str| line.contains("SAFETY");
            if !lines[from..end.min(lines.len())].iter().any(says) {
                let mend = "say above it why it is sound: `// SAFETY: …`";
                found.push(Finding::new(
                    &file.shown,
                    format!("{place}: {what} without reason: {mend}"),
                ));
            }
        }
    }
    found
}

/// Line and kind of each `unsafe` in code, and the last line of what needs a reason.
fn occurrences(file: &RustFile) -> Vec<(usize, String, Option<usize>)> {
    let mut found = Vec::new();
    visit(&file.tokens, &mut |tokens| {
        for (at, token) in tokens.iter().enumerate() {
            let TokenTree::Ident(ident) = token else { continue };
            let next = tokens.get(at + 1);
            if ident == "unsafe" {
                found.push(match next {
                    Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                        (line(token), "unsafe block".into(), Some(group.span_close().end().line))
                    }
                    Some(TokenTree::Ident(word)) if word == "impl" => {
                        (line(token), "unsafe impl".into(), Some(line(token)))
                    }
                    Some(next) => (line(token), format!("unsafe {next}"), None),
                    None => (line(token), "unsafe".into(), None),
                });
            } else if ["allow", "expect", "warn"].iter().any(|word| ident == word)
                && let Some(TokenTree::Group(group)) = next
                && group.stream().into_iter().any(|lint| lint.to_string() == "unsafe_code")
            {
                found.push((line(token), format!("{ident}(unsafe_code)"), None));
            }
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches_in(text: &str, places: &[&str]) -> Vec<String> {
        breaches(&RustFile::of(text), places).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn every_kind_is_found() {
        for (text, what) in [
            ("fn f() { unsafe { g() } }", "unsafe block"),
            ("unsafe fn f() {}", "unsafe fn"),
            ("unsafe impl Send for A {}", "unsafe impl"),
            ("unsafe trait T {}", "unsafe trait"),
            ("#![allow(unsafe_code)]", "allow(unsafe_code)"),
            ("#[expect(unsafe_code)] fn f() {}", "expect(unsafe_code)"),
            ("macro_rules! m { () => { unsafe { g() } } }", "unsafe block"),
            ("#[unsafe(no_mangle)] fn f() {}", "unsafe ("),
        ] {
            let found = breaches_in(text, &["crates/b/"]);
            assert!(found.len() == 1 && found[0].contains(what), "{text}: {found:?}");
            assert!(found[0].starts_with("crates/a/src/x.rs:1: "), "{found:?}");
        }
        let words = "//! unsafe\n/// `unsafe`\nfn f() { \"unsafe\"; /* unsafe { } */ }";
        assert_eq!(breaches_in(words, &[]), [""; 0]);
    }

    #[test]
    fn a_block_says_why() {
        let here = ["crates/a/src/"];
        assert_eq!(
            breaches_in("fn f() {\n    // SAFETY: so.\n    unsafe { g() }\n}", &here),
            [""; 0]
        );
        assert_eq!(breaches_in("fn f() { unsafe {\n // SAFETY: so.\n g() } }", &here), [""; 0]);
        let far = format!("// SAFETY: far.{}fn f() {{ unsafe {{ g() }} }}", "\n".repeat(9));
        assert!(breaches_in(&far, &here)[0].contains("without reason"));
    }
}
