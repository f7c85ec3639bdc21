//! Sizes: a file is read in one sitting, a function seen at once.

use anyhow::Result;
use proc_macro2::{Delimiter, TokenTree};

use crate::files::{RustFile, line, rust_files, visit};
use crate::finding::Finding;
use crate::workspace::Workspace;

/// Lines of a file, its tests included.
pub const FILE_LINES: usize = 500;

/// Lines of a function, from `fn` to its closing brace, what is nested included.
pub const FUNCTION_LINES: usize = 60;

/// Files and functions that are too long.
///
/// # Errors
///
/// A file that cannot be read.
pub fn sizes(workspace: &Workspace) -> Result<Vec<Finding>> {
    Ok(rust_files(workspace)?.iter().flat_map(too_long).collect())
}

fn too_long(file: &RustFile) -> Vec<Finding> {
    let mut found = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_LINES {
        let text = format!("{}: {lines} lines, at most {FILE_LINES}: split it", file.shown);
        found.push(Finding::new(&file.shown, text));
    }
    visit(&file.tokens, &mut |tokens| {
        for (at, name, lines) in functions(tokens) {
            if lines > FUNCTION_LINES {
                let text = format!(
                    "{}:{at}: fn {name} has {lines} lines, at most {FUNCTION_LINES}: give its steps names",
                    file.shown
                );
                found.push(Finding::new(format!("{} {name}", file.shown), text));
            }
        }
    });
    found
}

/// Line, name and length of each function that starts among these tokens; of macros too.
fn functions(tokens: &[TokenTree]) -> Vec<(usize, String, usize)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let starts = matches!(token, TokenTree::Ident(ident) if ident == "fn");
        // `fn(f32)` is a type, `fn $name` stands in a macro.
        let named = tokens.get(at + 1).is_some_and(|next| match next {
            TokenTree::Ident(_) => true,
            TokenTree::Punct(punct) => punct.as_char() == '$',
            _ => false,
        });
        if !starts || !named {
            continue;
        }
        let body = tokens[at..].iter().find_map(|token| match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => Some(None),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(Some(group)),
            _ => None,
        });
        if let Some(Some(body)) = body {
            let lines = body.span_close().end().line + 1 - line(token);
            found.push((line(token), tokens[at + 1].to_string(), lines));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        too_long(&RustFile::of(text)).into_iter().map(|finding| finding.key).collect()
    }

    #[test]
    fn a_function_is_counted_from_fn_to_brace() {
        let of = |lines: usize| format!("fn long(\n) {{{}}}", "\n".repeat(lines - 2));
        assert_eq!(keys(&of(60)), [""; 0]);
        assert_eq!(keys(&of(61)), ["crates/a/src/x.rs long"]);
        let documented = format!("/// Why.\n#[inline]\n// More.\n{}", of(60));
        assert_eq!(keys(&documented), [""; 0]);
    }

    #[test]
    fn methods_nested_functions_and_macros_count() {
        let long = format!("fn long() {{{}}}", "\n".repeat(60));
        for around in ["impl A { @ }", "mod tests { @ }", "macro_rules! m { () => { @ } }"] {
            assert_eq!(keys(&around.replace('@', &long)).len(), 1, "{around}");
        }
        assert_eq!(keys(&format!("fn outer() {{ {long} }}")).len(), 2);
        assert_eq!(
            keys(&format!("trait T {{ fn none(&self);\n fn f() {{}} }}{}", "\n".repeat(99))).len(),
            0
        );
    }

    #[test]
    fn a_file_of_500_lines_passes() {
        assert_eq!(keys(&"\n".repeat(500)), [""; 0]);
        assert_eq!(keys(&"\n".repeat(501)), ["crates/a/src/x.rs"]);
    }
}
