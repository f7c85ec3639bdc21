//! The formats by name and by ending.

use std::path::Path;

/// A file format.
///
/// ```
/// use std::path::Path;
///
/// use spinroute_ising::formats::Format;
///
/// assert_eq!(Format::of_path(Path::new("G1.rud")), Some(Format::Rudy));
/// assert_eq!(Format::find("bqm"), Some(Format::Bqm));
/// assert_eq!(Format::Mps.name(), "mps");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// qbsolv's `.qubo`.
    Qubo,
    /// rudy's `.rud`.
    Rudy,
    /// dimod's coordinates, `.coo`.
    Coo,
    /// dimod's binary quadratic model as `.json`.
    Bqm,
    /// `.lp`.
    Lp,
    /// `.mps`.
    Mps,
}

impl Format {
    /// Every format.
    pub const ALL: &[Self] = &[Self::Qubo, Self::Rudy, Self::Coo, Self::Bqm, Self::Lp, Self::Mps];

    /// Its name, which is also the ending of its files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Qubo => "qubo",
            Self::Rudy => "rud",
            Self::Coo => "coo",
            Self::Bqm => "json",
            Self::Lp => "lp",
            Self::Mps => "mps",
        }
    }

    /// The format of that name; also `rudy` and `mc` for rudy's, and `bqm` for dimod's JSON.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match &*name {
            "rudy" | "mc" => Some(Self::Rudy),
            "bqm" => Some(Self::Bqm),
            _ => Self::ALL.iter().copied().find(|format| format.name() == name),
        }
    }

    /// The format that the ending of a file's name says; `None` if it says none.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            // dimod's `.bqm` files are binary: not what `bqm` means here.
            "bqm" => None,
            ending => Self::find(ending),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_and_names_find_their_format() {
        for &format in Format::ALL {
            assert_eq!(Format::find(format.name()), Some(format));
            let path = format!("a/b.{}", format.name());
            assert_eq!(Format::of_path(Path::new(&path)), Some(format));
        }
        for (name, want) in [("G1.MC", Some(Format::Rudy)), ("x.bqm", None), ("x", None)] {
            assert_eq!(Format::of_path(Path::new(name)), want, "{name}");
        }
    }
}
