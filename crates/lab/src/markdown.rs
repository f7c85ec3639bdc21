//! Tables in Markdown, a line at a time: long runs print a row as soon as it is measured.
//!
//! ```
//! use spinroute_lab::markdown;
//!
//! let table = markdown::head(&["solver", "ms"]) + &markdown::row(&["flow", "1.25"]);
//! assert_eq!(table, "| solver | ms |\n|---|---:|\n| flow | 1.25 |\n");
//! ```

/// A row, with its line end.
#[must_use]
pub fn row(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The head, two lines; columns after the first are aligned to the right.
#[must_use]
pub fn head(cells: &[impl AsRef<str>]) -> String {
    format!("{}|---|{}\n", row(cells), "---:|".repeat(cells.len().saturating_sub(1)))
}
