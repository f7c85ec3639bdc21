//! `spinroute solvers`: the solvers of assignments, and the minimisers of `spinroute qubo solve`.

use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;
use serde_json::Value;
use spinroute::minimisers::MINIMISERS;
use spinroute::registry::{Entry, Param, SOLVERS};

use super::args::SolversArgs;
use super::exit::Failure;

pub(crate) fn run(args: &SolversArgs) -> Result<(), Failure> {
    let solvers = SOLVERS.iter().map(|entry| {
        let capacity = entry.facts.capacity;
        let facts = Facts { prices: entry.facts.prices, respects_capacity: capacity };
        object(entry, Some(facts))
    });
    let minimisers = MINIMISERS.iter().map(|entry| object(entry, None));
    let all = Lists { solvers: solvers.collect(), minimisers: minimisers.collect() };
    let text =
        if args.json { serde_json::to_string_pretty(&all)? + "\n" } else { all.for_people() };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Lists {
    solvers: Vec<Described>,
    minimisers: Vec<Described>,
}

#[derive(Serialize)]
struct Described {
    name: &'static str,
    summary: &'static str,
    exact: bool,
    #[serde(flatten)]
    facts: Option<Facts>,
    params: Vec<Parameter>,
    reference: &'static str,
}

/// What is told of solvers of assignments alone.
#[derive(Serialize)]
struct Facts {
    prices: bool,
    respects_capacity: bool,
}

#[derive(Serialize)]
struct Parameter {
    name: &'static str,
    default: Option<Value>,
    help: &'static str,
}

fn object<T: ?Sized, F>(entry: &Entry<T, F>, facts: Option<Facts>) -> Described {
    let defaults = entry.defaults();
    let parameter = |param: &Param| Parameter {
        name: param.name,
        default: defaults.get(param.name).cloned(),
        help: param.help,
    };
    Described {
        name: entry.name,
        summary: entry.summary,
        exact: entry.exact,
        facts,
        params: entry.params.iter().map(parameter).collect(),
        reference: entry.reference,
    }
}

impl Lists {
    fn for_people(&self) -> String {
        let list = |all: &[Described]| {
            all.iter().map(Described::for_people).collect::<Vec<_>>().join("\n")
        };
        format!(
            "SOLVERS of assignments (solve, compare)\n\n{}\nMINIMISERS of QUBO and Ising models \
             (qubo solve)\n\n{}",
            list(&self.solvers),
            list(&self.minimisers)
        )
    }
}

impl Described {
    fn for_people(&self) -> String {
        let is = |yes: bool, word: &'static str, no: &'static str| if yes { word } else { no };
        let mut text = format!("{}: {}\n", self.name, self.summary);
        let _ = write!(text, "  {}", is(self.exact, "exact", "heuristic"));
        if let Some(facts) = &self.facts {
            let _ = write!(
                text,
                ", {}, {}",
                is(facts.prices, "gives prices", "gives no prices"),
                is(facts.respects_capacity, "respects capacities", "ignores capacities"),
            );
        }
        text.push('\n');
        for Parameter { name, default, help } in &self.params {
            let default = default.as_ref().map_or(String::new(), |value| match value {
                Value::String(word) => word.clone(),
                value => value.to_string(),
            });
            let _ = writeln!(text, "  --set {name}={default}  {help}");
        }
        let _ = writeln!(text, "  reference: {}", self.reference);
        text
    }
}
