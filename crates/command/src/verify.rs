//! `spinroute verify`: core alone, no solver.

use std::io::Write;

use serde::Serialize;
use spinroute::checkpoint::{File, read_assignment};
use spinroute::lab::{Sizes, text};
use spinroute::{Error, Evaluation, Load, Solution, Stop, evaluate};

use super::args::VerifyArgs;
use super::exit::Failure;
use super::{problem, report};

/// The object that `--json` prints.
#[derive(Debug, Serialize)]
struct Verdict {
    valid: bool,
    #[serde(flatten)]
    sizes: Sizes,
    objective: Option<f64>,
    bound: Option<f64>,
    gap: Option<f64>,
    retained: Option<f64>,
    violation: Option<String>,
    load: Load,
}

pub(crate) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let assignment = read_assignment(&File::open(&args.assignment)?)?;
    let scores = problem::scores(&args.input)?;
    let columns = u32::try_from(assignment.k()).ok();
    let instance = problem::instance(scores, &args.input, &args.problem, columns)?;
    let beside = args.group_prices.as_deref();
    let prices = args.prices.as_deref().map(|path| problem::prices(path, beside, &instance));
    let prices = prices.transpose()?;
    let by_prices = prices.is_some();
    let load = Load::new(&instance, &assignment);
    let solution = Solution { assignment, prices, stop: Stop::Finished };
    let verdict = |evaluation: Option<&Evaluation>, violation: Option<String>| Verdict {
        valid: violation.is_none(),
        sizes: Sizes::of(&instance),
        objective: evaluation.map(|e| e.objective),
        bound: evaluation.map(|e| e.certificate.bound()),
        gap: evaluation.map(|e| e.gap),
        retained: evaluation.map(|e| e.retained),
        violation,
        load: load.clone(),
    };
    match evaluate(&instance, &solution) {
        Ok(evaluation) => {
            let bound = evaluation.certificate.bound();
            if let Some(path) = args.prices.as_ref().filter(|_| !bound.is_finite()) {
                let mend = "prices are of the scores' magnitude, so give smaller ones";
                let message =
                    format!("{}: the bound they prove is {bound}; {mend}", path.display());
                return Err(Failure::Input(message));
            }
            let text = if args.json {
                serde_json::to_string_pretty(&verdict(Some(&evaluation), None))? + "\n"
            } else {
                for_people(&evaluation, &Sizes::of(&instance), by_prices)
            };
            Ok(std::io::stdout().write_all(text.as_bytes())?)
        }
        Err(Error::Violation(violation)) => {
            if args.json {
                let verdict = verdict(None, Some(violation.to_string()));
                let text = serde_json::to_string_pretty(&verdict)? + "\n";
                std::io::stdout().write_all(text.as_bytes())?;
            }
            let file = args.assignment.display();
            Err(Failure::Verification(format!("{file} is infeasible: {violation}")))
        }
        Err(error) => Err(error.into()),
    }
}

fn for_people(evaluation: &Evaluation, sizes: &Sizes, by_prices: bool) -> String {
    let by = if by_prices { "the prices" } else { "zero prices (give --prices for a closer one)" };
    let mut rows = report::problem_lines(sizes);
    rows.extend([
        ("valid", "every constraint holds".to_owned()),
        ("objective", text::number(evaluation.objective, 6)),
        ("bound", format!("{}, proven by {by}", text::number(evaluation.certificate.bound(), 6))),
        ("gap", report::gap(evaluation.gap)),
        ("retained", report::retained(evaluation.retained)),
    ]);
    rows.extend(report::load_lines(&evaluation.load, sizes));
    report::lines(&rows)
}
