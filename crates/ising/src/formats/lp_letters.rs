//! The letters of names in LP files.

/// Whether a byte may stand in a name. Those of other scripts may.
pub(super) fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"!\"#$%&(),.;?@_'`{}|~".contains(&byte)
}
