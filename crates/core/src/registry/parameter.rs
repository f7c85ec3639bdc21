//! What is told of a parameter, in one place: the field of the struct that has it.
//!
//! [`parameters!`](crate::parameters!) takes the struct with a line of documentation and a range for each field. It makes
//! of them the documentation of the field, the help of a registry ([`Param::help`]) and what a value
//! out of range is told ([`Param::refuse`]), so that none of the three can say something else.

use serde::Serialize;

use crate::Error;

/// A parameter. Its default is in [`Entry::defaults`](super::Entry::defaults).
///
/// ```
/// spinroute_core::parameters! {
///     struct Square {
///         /// its length
///         side: f64 => "at least 0",
///     }
/// }
/// assert_eq!(spinroute_core::param!(Square::side).help, "its length, at least 0");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Param {
    /// Its key.
    pub name: &'static str,
    /// What it means, with unit and range.
    pub help: &'static str,
    /// What a value out of its range is told.
    #[serde(skip)]
    pub mends: Mends,
}

/// What a value out of a parameter's range is told, each from "it is" on.
///
/// ```
/// use spinroute_core::{param, parameters, registry::Mends};
///
/// parameters! {
///     struct Counter {
///         /// steps between two looks
///         period: u32 => 1 to 1000 because "a look is soon",
///         /// where it starts
///         first: f64 => "positive and finite",
///     }
/// }
/// let Mends { outside, below, above } = param!(Counter::period).mends;
/// assert_eq!(outside, "it is 1 to 1000: a look is soon");
/// assert_eq!((below, above), ("it is at least 1", "it is at most 1000: a look is soon"));
/// let Mends { outside, below, above } = param!(Counter::first).mends;
/// assert_eq!([outside, below, above], ["it is positive and finite"; 3]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mends {
    /// The range.
    pub outside: &'static str,
    /// Its lower end; the range where it is in words.
    pub below: &'static str,
    /// Its upper end; the range where it is in words.
    pub above: &'static str,
}

impl Mends {
    /// For a range in words.
    #[doc(hidden)]
    #[must_use]
    pub const fn same(mend: &'static str) -> Self {
        Self { outside: mend, below: mend, above: mend }
    }
}

impl Param {
    /// Refuses a value out of its range.
    pub fn refuse(&self, value: &(impl ToString + ?Sized)) -> OutOfRange {
        OutOfRange { name: self.name, value: value.to_string(), mend: self.mends.outside }
    }

    /// Refuses a count of 0.
    ///
    /// # Errors
    /// With the lower end of the range.
    pub fn at_least_one(&self, count: usize) -> Result<(), OutOfRange> {
        if count > 0 {
            return Ok(());
        }
        Err(OutOfRange { mend: self.mends.below, ..self.refuse(&count) })
    }

    /// Refuses a count of more than `most`.
    ///
    /// # Errors
    /// With the upper end of the range.
    pub fn at_most(&self, most: usize, count: usize) -> Result<(), OutOfRange> {
        if count <= most {
            return Ok(());
        }
        Err(OutOfRange { mend: self.mends.above, ..self.refuse(&count) })
    }
}

/// A value out of the range of a parameter, for the `Parameter` of an error enum.
///
/// ```
/// use spinroute_core::{Error, param, parameters};
///
/// parameters! {
///     struct Counter {
///         /// steps to count
///         steps: u32 => "at least 1",
///     }
/// }
/// let error = Error::from(param!(Counter::steps).refuse(&0));
/// assert_eq!(error.to_string(), "parameter `steps` is 0; it is at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    /// The parameter.
    pub name: &'static str,
    /// What was given.
    pub value: String,
    /// What is allowed.
    pub mend: &'static str,
}

impl From<OutOfRange> for Error {
    fn from(OutOfRange { name, value, mend }: OutOfRange) -> Self {
        Self::Parameter { name, value, mend }
    }
}

/// A struct whose fields are the parameters of an algorithm; [`parameters!`](crate::parameters!) implements it.
///
/// ```
/// use spinroute_core::registry::{Param, Parameters};
///
/// fn names<P: Parameters>() -> Vec<&'static str> {
///     P::PARAMS.iter().map(|param: &Param| param.name).collect()
/// }
/// spinroute_core::parameters! {
///     struct Square {
///         /// its length
///         side: f64,
///     }
/// }
/// assert_eq!(names::<Square>(), ["side"]);
/// ```
pub trait Parameters {
    /// Its parameters, in the order of the fields.
    const PARAMS: &'static [Param];
}

/// The parameter of that name. [`param!`](crate::param!) calls it at compile time, where a panic is an error of the compiler.
///
/// # Panics
/// If there is none.
#[doc(hidden)]
#[must_use]
pub const fn of_name(params: &'static [Param], name: &str) -> &'static Param {
    let mut i = 0;
    while i < params.len() {
        if are_equal(params[i].name.as_bytes(), name.as_bytes()) {
            return &params[i];
        }
        i += 1;
    }
    panic!("the struct has no parameter of this name")
}

const fn are_equal(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// Defines a struct whose fields are parameters, and says of each what it means and takes, once.
///
/// The first line of documentation of a field is its meaning, in words that go on after "it is"; after
/// `=>` stands its range, in words (`"at least 0"`) or from an end to the other (`1 to 1000`), then why the
/// range ends there (`because "…"`), for errors alone, and what else the help says (`+ "; 0 for none"`).
/// Meaning, range and what else there is are the help, and the first line of the field's
/// documentation; more lines of documentation go below it, for those who read it alone.
///
/// ```
/// use spinroute_core::registry::Parameters;
/// use spinroute_core::{Error, param, parameters};
///
/// parameters! {
///     /// Counts.
///     #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
///     #[serde(default, deny_unknown_fields)]
///     pub struct Counter {
///         /// agents that count
///         ///
///         /// Each has a thread of its own.
///         pub agents: usize => 1 to 64 + ", a thread each",
///         /// what is counted
///         pub what: String,
///     }
/// }
///
/// impl Default for Counter {
///     fn default() -> Self {
///         Self { agents: 1, what: "sheep".into() }
///     }
/// }
///
/// impl Counter {
///     fn check(&self) -> Result<(), Error> {
///         param!(Self::agents).at_least_one(self.agents)?;
///         Ok(param!(Self::agents).at_most(64, self.agents)?)
///     }
/// }
///
/// assert_eq!(Counter::PARAMS[0].help, "agents that count, 1 to 64, a thread each");
/// let error = Counter { agents: 65, ..Counter::default() }.check().unwrap_err();
/// assert_eq!(error.to_string(), "parameter `agents` is 65; it is at most 64");
/// ```
#[macro_export]
macro_rules! parameters {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $(
                #[doc = $meaning:literal]
                $(#[$more:meta])*
                $access:vis $field:ident: $type:ty
                $(=> $low:literal $(to $high:literal)? $(because $reason:literal)? $(+ $note:literal)?)?
            ),* $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $(
                #[doc = concat!(
                    $meaning $(, ", ", $low $(, " to ", $high)? $(, $note)?)?, "."
                )]
                $(#[$more])*
                $access $field: $type,
            )*
        }

        impl $crate::registry::Parameters for $name {
            const PARAMS: &'static [$crate::registry::Param] = &[$(
                $crate::registry::Param {
                    name: stringify!($field),
                    help: concat!($meaning $(, ", ", $low $(, " to ", $high)? $(, $note)?)?)
                        .trim_ascii(),
                    mends: $crate::mends!(
                        $meaning $(, $low $(to $high)? $(because $reason)?)?
                    ),
                }
            ),*];
        }
    };
}

/// The [`Mends`] of a meaning and a range.
#[doc(hidden)]
#[macro_export]
macro_rules! mends {
    ($meaning:literal) => {
        $crate::registry::Mends::same(concat!("it is", $meaning))
    };
    ($meaning:literal, $words:literal $(because $reason:literal)?) => {
        $crate::registry::Mends::same(concat!("it is ", $words $(, ": ", $reason)?))
    };
    ($meaning:literal, $low:literal to $high:literal $(because $reason:literal)?) => {
        $crate::registry::Mends {
            outside: concat!("it is ", $low, " to ", $high $(, ": ", $reason)?),
            below: concat!("it is at least ", $low),
            above: concat!("it is at most ", $high $(, ": ", $reason)?),
        }
    };
}

/// The [`Param`](crate::registry::Param) of a field of a struct that [`parameters!`](crate::parameters!) defines;
/// of another name it does not compile.
///
/// ```
/// spinroute_core::parameters! {
///     struct Square {
///         /// its length
///         side: f64,
///     }
/// }
/// assert_eq!(spinroute_core::param!(Square::side).name, "side");
/// ```
///
/// ```compile_fail,E0080
/// # spinroute_core::parameters! {
/// #     struct Square {
/// #         /// its length
/// #         side: f64,
/// #     }
/// # }
/// let _ = spinroute_core::param!(Square::length);
/// ```
#[macro_export]
macro_rules! param {
    ($owner:ident::$field:ident) => {
        const {
            $crate::registry::of_name(
                <$owner as $crate::registry::Parameters>::PARAMS,
                stringify!($field),
            )
        }
    };
}
