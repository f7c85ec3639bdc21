//! `spinroute solvers`.

use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;
use serde_json::Value;
use spinroute::registry::{Entry, Param, SOLVERS};

use super::args::SolversArgs;
use super::exit::Failure;

pub(crate) fn run(args: &SolversArgs) -> Result<(), Failure> {
    let text = if args.json {
        let all: Vec<Solver> = SOLVERS.iter().map(object).collect();
        serde_json::to_string_pretty(&all)? + "\n"
    } else {
        SOLVERS.iter().map(for_people).collect::<Vec<_>>().join("\n")
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// A solver, as `--json` prints it.
#[derive(Serialize)]
struct Solver {
    name: &'static str,
    summary: &'static str,
    exact: bool,
    prices: bool,
    respects_capacity: bool,
    params: Vec<Parameter>,
    reference: &'static str,
}

#[derive(Serialize)]
struct Parameter {
    name: &'static str,
    default: Option<Value>,
    help: &'static str,
}

fn object(entry: &Entry) -> Solver {
    let defaults = entry.defaults();
    let parameter = |param: &Param| Parameter {
        name: param.name,
        default: defaults.get(param.name).cloned(),
        help: param.help,
    };
    Solver {
        name: entry.name,
        summary: entry.summary,
        exact: entry.exact,
        prices: entry.prices,
        respects_capacity: entry.capacity,
        params: entry.params.iter().map(parameter).collect(),
        reference: entry.reference,
    }
}

fn for_people(entry: &Entry) -> String {
    let is = |yes: bool, word: &'static str, no: &'static str| if yes { word } else { no };
    let mut text = format!(
        "{}: {}\n  {}, {}, {}\n",
        entry.name,
        entry.summary,
        is(entry.exact, "exact", "heuristic"),
        is(entry.prices, "gives prices", "gives no prices"),
        is(entry.capacity, "respects capacities", "ignores capacities"),
    );
    let defaults = entry.defaults();
    for param in entry.params {
        let default = defaults.get(param.name).map_or(String::new(), |value| match value {
            Value::String(word) => word.clone(),
            value => value.to_string(),
        });
        let _ = writeln!(text, "  --set {}={default}  {}", param.name, param.help);
    }
    let _ = writeln!(text, "  reference: {}", entry.reference);
    text
}
