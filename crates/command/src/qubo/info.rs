//! `spinroute qubo info`.

use std::io::Write;

use serde::Serialize;
use spinroute::ising::formats::{Content, Format};
use spinroute::ising::instances::{self, Known};
use spinroute::ising::presolve::{Counts, presolve};
use spinroute::ising::{AnyCouplings, Couplings, Ising, Vartype};
use spinroute::lab::text::grouped;

use super::files;
use crate::args::InfoArgs;
use crate::exit::Failure;
use crate::report;

/// The object that `--json` prints.
#[derive(Debug, Serialize)]
struct Info {
    file: String,
    format: &'static str,
    variables: usize,
    couplings: u64,
    vartype: Vartype,
    /// The share of all pairs that are coupled.
    density: f64,
    linear: Option<Range>,
    quadratic: Option<Range>,
    offset: f64,
    instance: Option<&'static str>,
    best_known: Option<i64>,
    presolve: Presolve,
}

/// What presolve leaves.
#[derive(Debug, Serialize)]
struct Presolve {
    variables: usize,
    couplings: u64,
    components: usize,
    #[serde(flatten)]
    counts: Counts,
}

impl Presolve {
    fn of(model: &Ising) -> Result<Self, Failure> {
        let small = presolve(model)?;
        Ok(Self {
            variables: small.kernel().variables(),
            couplings: small.kernel().couplings().interactions(),
            components: small.components().len(),
            counts: small.counts(),
        })
    }

    fn for_people(&self) -> [String; 2] {
        let Counts { fixed, substituted, duplicates, eliminated } = self.counts;
        let [variables, couplings, components] =
            [self.variables as u64, self.couplings, self.components as u64].map(grouped);
        let left = match self.variables {
            0 => "nothing is left: the lowest state is known".into(),
            _ => format!("{variables} variables, {couplings} couplings, components: {components}"),
        };
        let [fixed, substituted, duplicates, eliminated] =
            [fixed, substituted, duplicates, eliminated].map(|count| grouped(count as u64));
        let gone = format!(
            "fixed {fixed}, substituted {substituted}, duplicates {duplicates}, \
             eliminated {eliminated}"
        );
        [left, gone]
    }
}

/// The smallest and the largest of some coefficients that are not 0.
#[derive(Clone, Copy, Debug, Serialize)]
struct Range {
    lowest: f64,
    highest: f64,
    count: u64,
}

impl Range {
    /// `None` where all are 0.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        values.filter(|value| *value != 0.0).fold(None, |range: Option<Self>, value| {
            let before = range.unwrap_or(Self { lowest: value, highest: value, count: 0 });
            let (lowest, highest) = (before.lowest.min(value), before.highest.max(value));
            Some(Self { lowest, highest, count: before.count + 1 })
        })
    }
}

pub(crate) fn run(args: &InfoArgs) -> Result<(), Failure> {
    let (format, problem) = files::open(&args.input)?;
    let model = files::ising(&args.input, &problem.content)?;
    let info = info(args.input.file.display().to_string(), format, &problem.content, &model)?;
    let text = if args.json {
        serde_json::to_string_pretty(&info)? + "\n"
    } else {
        for_people(&info, &problem.content, format)
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

fn info(file: String, format: Format, content: &Content, model: &Ising) -> Result<Info, Failure> {
    let (linear, quadratic, offset) = match content {
        Content::Graph(graph) => {
            (None, Range::of(graph.edges().iter().map(|edge| edge.weight)), 0.0)
        }
        Content::Ising(model) => (
            Range::of(model.field().iter().copied()),
            coefficients(model.couplings()),
            model.offset(),
        ),
        Content::Qubo(model) => (
            Range::of(model.linear().iter().copied()),
            coefficients(model.couplings()),
            model.offset(),
        ),
        _ => (None, None, 0.0),
    };
    let known = known(content);
    let (variables, couplings) = (content.variables(), content.interactions());
    let pairs = variables as f64 * (variables as f64 - 1.0) / 2.0;
    Ok(Info {
        file,
        format: format.name(),
        variables,
        couplings,
        vartype: content.vartype(),
        // Of the model, in which parallel edges are one coupling.
        density: if pairs > 0.0 { model.couplings().interactions() as f64 / pairs } else { 0.0 },
        linear,
        quadratic,
        offset,
        instance: known.map(|known| known.name),
        best_known: known.map(|known| known.best),
        presolve: Presolve::of(model)?,
    })
}

fn coefficients(couplings: &AnyCouplings) -> Option<Range> {
    let mut values = Vec::new();
    for i in 0..couplings.variables() {
        couplings.neighbours(i, &mut |j, value| {
            if j > i {
                values.push(value);
            }
        });
    }
    Range::of(values.into_iter())
}

/// The published instance that a max-cut problem is.
pub(super) fn known(content: &Content) -> Option<&'static Known> {
    match content {
        Content::Graph(graph) => instances::recognise(graph),
        _ => None,
    }
}

/// The problem in a line.
pub(super) fn title(format: Format, content: &Content) -> String {
    let variables = grouped(content.variables() as u64);
    let couplings = grouped(content.interactions());
    match (format, content) {
        (Format::Rudy, Content::Graph(_)) => {
            format!("max-cut, {variables} nodes, {couplings} edges")
        }
        (Format::Rudy, _) => format!("max-cut of {variables} spins, {couplings} couplings"),
        (Format::Coo | Format::Bqm, content) if content.vartype() == Vartype::Spin => {
            format!("{variables} spins, {couplings} couplings")
        }
        _ => format!("{variables} binaries, {couplings} couplings"),
    }
}

fn for_people(info: &Info, content: &Content, format: Format) -> String {
    let range = |range: Option<Range>| match range {
        None => "none".into(),
        Some(Range { lowest, highest, count }) if lowest == highest => {
            format!("{}, all {lowest}", grouped(count))
        }
        Some(Range { lowest, highest, count }) => {
            format!("{}, {lowest} to {highest}", grouped(count))
        }
    };
    let mut rows = vec![
        ("problem", title(format, content)),
        ("format", info.format.to_owned()),
        ("density", format!("{:.2} %", info.density * 100.0)),
        ("linear", range(info.linear)),
        ("quadratic", range(info.quadratic)),
        ("offset", info.offset.to_string()),
    ];
    if let (Some(name), Some(best)) = (info.instance, info.best_known) {
        rows.push(("instance", format!("{name}, best known cut {}", grouped(best.unsigned_abs()))));
    }
    let [left, gone] = info.presolve.for_people();
    rows.extend([("presolve", left), ("", gone)]);
    report::lines(&rows)
}
