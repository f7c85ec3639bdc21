//! From options to limits: who takes part, how much experts and groups hold, what that costs.

use std::path::Path;

use spinroute::checkpoint::{
    File, Rows, read_capacities, read_demands, read_groups, read_mask, read_minimums,
};
use spinroute::{Builder, Error, Groups, Instance};

use crate::args::{GroupsOption, Levels, LimitArgs, ProblemArgs};
use crate::exit::Failure;

/// How many experts each token takes, before the mask: `None` where all take k.
pub(super) fn top_ks(
    args: &LimitArgs,
    tokens: usize,
    rows: Rows,
) -> Result<Option<Vec<u32>>, Failure> {
    let Some(path) = &args.top_ks else { return Ok(None) };
    let demands = read_demands(&File::open(path)?, rows)?;
    of_length(path, demands.len(), tokens, "token")?;
    Ok(Some(demands))
}

/// Takes the tokens that the mask hides from those that ask.
pub(super) fn masked(
    args: &LimitArgs,
    demands: Option<Vec<u32>>,
    k: u32,
    (tokens, rows): (usize, Rows),
) -> Result<Option<Vec<u32>>, Failure> {
    let Some(path) = &args.mask else { return Ok(demands) };
    let mask = read_mask(&File::open(path)?, rows)?;
    of_length(path, mask.len(), tokens, "token")?;
    let mut demands = demands.unwrap_or_else(|| vec![k; tokens]);
    for (demand, real) in demands.iter_mut().zip(mask) {
        *demand *= u32::from(real);
    }
    Ok(Some(demands))
}

/// Capacities of experts, minimums, costs.
pub(super) fn of_experts(
    builder: Builder,
    args: &ProblemArgs,
    (tokens, experts): (usize, usize),
) -> Result<Builder, Failure> {
    let limits = &args.limits;
    let mut builder = match (&args.capacities, args.capacity) {
        (Some(path), _) => {
            let capacity = read_capacities(&File::open(path)?)?;
            if capacity.len() != experts {
                let error = Error::Capacities { got: capacity.len(), experts };
                return Err(Failure::Input(format!("{}: {error}", path.display())));
            }
            builder.capacity(capacity)
        }
        (None, Some(capacity)) => builder.capacity(vec![capacity; experts]),
        (None, None) => builder.capacity_factor(args.capacity_factor.unwrap_or(1.0)),
    };
    if let Some(path) = &limits.minimums {
        let minimum = read_minimums(&File::open(path)?)?;
        of_length(path, minimum.len(), experts, "expert")?;
        builder = builder.minimum(minimum);
    } else if let Some(minimum) = limits.minimum {
        builder = builder.minimum(vec![minimum; experts]);
    }
    if let Some(cost) = limits.overflow_cost {
        builder = builder.overflow(cost, limits.overflow.unwrap_or(tokens as u32));
    }
    if let Some(gain) = limits.reward {
        builder = builder.reward(gain, limits.reward_up_to.unwrap_or(1));
    }
    Ok(builder)
}

/// The groups with their limits; `slots` is `Σ k[t]`.
pub(super) fn groups(
    args: &LimitArgs,
    experts: usize,
    slots: u64,
) -> Result<Option<Groups>, Failure> {
    let groups = match &args.groups {
        None => return Ok(None),
        Some(GroupsOption::Count(count)) => {
            Groups::consecutive(experts, *count).map_err(|error| match error {
                Error::Group { problem, .. } => {
                    Failure::Usage(format!("--groups {count}: {problem}; {DIVIDE}"))
                }
                error => error.into(),
            })?
        }
        Some(GroupsOption::File(path)) => {
            let groups = read_groups(&File::open(path)?)?;
            of_length(path, groups.experts(), experts, "expert")?;
            groups
        }
    };
    let levels = groups.levels();
    let (mut capacity, mut minimum) = (vec![u32::MAX; groups.len()], vec![0; groups.len()]);
    if let Some(given) = &args.group_capacity {
        spread("--group-capacity", given, &levels, |g, limit| capacity[g] = limit)?;
    }
    if let Some(given) = &args.group_minimum {
        spread("--group-minimum", given, &levels, |g, limit| minimum[g] = limit)?;
    }
    if let Some(given) = &args.group_capacity_factor {
        let option = "--group-capacity-factor";
        let mut factors = vec![None; groups.len()];
        spread(option, given, &levels, |g, factor| factors[g] = Some(factor))?;
        for (g, factor) in factors.into_iter().enumerate() {
            let Some(factor) = factor else { continue };
            let usage = |error| Failure::Usage(format!("{option}: {error}"));
            let all = groups.clone().capacity_factor(slots, factor).map_err(usage)?;
            capacity[g] = all.limits(g).capacity;
        }
    }
    Ok(Some(groups.capacity(capacity)?.minimum(minimum)?))
}

const DIVIDE: &str = "choose a number that divides the experts, or give a file";

/// Gives every group the limit of its level.
fn spread<T: Copy>(
    option: &str,
    Levels(given): &Levels<T>,
    levels: &[Vec<u32>],
    mut set: impl FnMut(usize, T),
) -> Result<(), Failure> {
    if given.len() != levels.len() {
        let mend = match levels.len() {
            0 => "no expert is in a group".into(),
            1 => "the groups have one level; give one number".into(),
            n => format!("the groups have {n} levels; give INNER,OUTER, `none` for no limit"),
        };
        let got = given.len();
        let numbers = if got == 1 { "number" } else { "numbers" };
        return Err(Failure::Usage(format!("{option} has {got} {numbers}, but {mend}")));
    }
    for (level, limit) in levels.iter().zip(given) {
        for (&group, limit) in level.iter().zip(std::iter::repeat(limit)) {
            if let &Some(limit) = limit {
                set(group as usize, limit);
            }
        }
    }
    Ok(())
}

/// Refuses a list that is not of one value an expert or token.
fn of_length(path: &Path, got: usize, want: usize, each: &str) -> Result<(), Failure> {
    if got == want {
        return Ok(());
    }
    let (file, of) = (path.display(), if each == "expert" { "an" } else { "a" });
    Err(Failure::Input(format!("{file}: {got} values for {want} {each}s; give one {of} {each}")))
}

/// Builds; what is wrong is told of the option or file that says it.
pub(super) fn build(builder: Builder, args: &ProblemArgs) -> Result<Instance, Failure> {
    let limits = &args.limits;
    let of_file =
        |path: &Path, error: &Error| Failure::Input(format!("{}: {error}", path.display()));
    builder.build().map_err(|error| match &error {
        Error::TokenDemand { .. } => match &limits.top_ks {
            Some(path) => of_file(path, &error),
            None => error.into(),
        },
        Error::Minimum { .. } => match &limits.minimums {
            Some(path) => of_file(path, &error),
            None => Failure::Usage(format!("--minimum: {error}")),
        },
        Error::Group { .. } => Failure::Usage(format!(
            "limits of groups contradict each other: {error}; change --group-capacity, \
             --group-minimum or what the experts hold"
        )),
        Error::Cost { what, .. } => {
            let option = if *what == "reward" { "--reward" } else { "--overflow-cost" };
            Failure::Usage(format!("{option}: {error}"))
        }
        _ => error.into(),
    })
}
