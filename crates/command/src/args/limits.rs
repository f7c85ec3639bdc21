//! The options of what a batch may ask for beyond one k and one capacity: tokens, loads, groups, costs.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

/// Who takes part, least loads, groups of experts, costs of loads.
#[derive(Debug, Args)]
#[command(next_help_heading = "Balance")]
pub(crate) struct LimitArgs {
    /// Which tokens take part: 1 or true for a real token, 0 or false for padding (.npy or text)
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: Option<PathBuf>,
    /// How many experts each token takes, 0 for none, at most k (.npy or text)
    #[arg(long, value_name = "FILE")]
    pub(crate) top_ks: Option<PathBuf>,
    /// Tokens that each expert must hold at least
    #[arg(long, value_name = "N", group = "least", allow_negative_numbers = true)]
    pub(crate) minimum: Option<u32>,
    /// A minimum for each expert (.npy or text)
    #[arg(long, value_name = "FILE", group = "least")]
    pub(crate) minimums: Option<PathBuf>,
    /// N equal groups of consecutive experts, or a file with the group of each expert: one column, or
    /// two for two levels (.npy or text)
    #[arg(long, value_name = "N|FILE", allow_negative_numbers = true)]
    pub(crate) groups: Option<GroupsOption>,
    /// Tokens that each group holds; with two levels INNER,OUTER, `none` for no limit
    #[arg(
        long,
        value_name = "N",
        group = "group_limit",
        requires = "groups",
        allow_negative_numbers = true
    )]
    pub(crate) group_capacity: Option<Levels<u32>>,
    /// Capacity of a group as a factor F of its share: ceil(F·slots·experts in it/E)
    #[arg(
        long,
        value_name = "F",
        group = "group_limit",
        requires = "groups",
        allow_negative_numbers = true
    )]
    pub(crate) group_capacity_factor: Option<Levels<f64>>,
    /// Tokens that each group must hold at least; with two levels INNER,OUTER
    #[arg(long, value_name = "N", requires = "groups", allow_negative_numbers = true)]
    pub(crate) group_minimum: Option<Levels<u32>>,
    /// Let experts hold more than their capacity, at this cost in score for each token more
    #[arg(long, value_name = "COST", allow_negative_numbers = true)]
    pub(crate) overflow_cost: Option<f64>,
    /// How many more, at most [default: any number]
    #[arg(long, value_name = "N", requires = "overflow_cost", allow_negative_numbers = true)]
    pub(crate) overflow: Option<u32>,
    /// Reward each of the first tokens of every expert with this much score
    #[arg(long, value_name = "GAIN", allow_negative_numbers = true)]
    pub(crate) reward: Option<f64>,
    /// How many of them [default: 1]
    #[arg(long, value_name = "N", requires = "reward", allow_negative_numbers = true)]
    pub(crate) reward_up_to: Option<u32>,
}

/// How the experts are grouped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GroupsOption {
    Count(usize),
    File(PathBuf),
}

impl FromStr for GroupsOption {
    type Err = String;

    /// A whole number is a count; a file of such a name can be written `./8`.
    fn from_str(text: &str) -> Result<Self, String> {
        match (text.parse(), text.parse::<f64>()) {
            (Ok(count), _) => Ok(Self::Count(count)),
            (Err(_), Ok(_)) => Err("give a whole number of groups, or a file".into()),
            (Err(_), Err(_)) => Ok(Self::File(text.into())),
        }
    }
}

/// A limit for each level of groups, the innermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Levels<T>(pub(crate) Vec<Option<T>>);

impl<T: FromStr> FromStr for Levels<T>
where
    T::Err: std::fmt::Display,
{
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let level = |word: &str| match word.trim() {
            "none" => Ok(None),
            word => word.parse().map(Some).map_err(|error| {
                format!("{word:?}: {error}; give a number, or INNER,OUTER, `none` for no limit")
            }),
        };
        text.split(',').map(level).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_a_number_or_a_file() {
        assert_eq!("8".parse(), Ok(GroupsOption::Count(8)));
        assert_eq!("./8".parse(), Ok(GroupsOption::File("./8".into())));
        assert!("-8".parse::<GroupsOption>().is_err() && "1.5".parse::<GroupsOption>().is_err());
    }

    #[test]
    fn levels_are_numbers_or_none() {
        assert_eq!("3".parse(), Ok(Levels(vec![Some(3u32)])));
        assert_eq!("1.5, none".parse(), Ok(Levels(vec![Some(1.5), None])));
        for wrong in ["", "3,", "-1", "3;4", "all"] {
            assert!(wrong.parse::<Levels<u32>>().is_err(), "{wrong}");
        }
    }
}
