//! `spinroute qubo generate`.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use spinroute::ising::formats::{Content, Format};
use spinroute::ising::instances::{self, Evidence, KNOWN, Known};
use spinroute::lab::text::grouped;

use super::{files, info};
use crate::args::GenerateArgs;
use crate::exit::Failure;

pub(crate) fn run(args: &GenerateArgs) -> Result<(), Failure> {
    let text = match (&args.name, &args.out) {
        (Some(name), Some(out)) => one(name, out, args.to)?,
        _ if args.json => {
            let all: Vec<Instance> = KNOWN.iter().map(Instance::of).collect();
            serde_json::to_string_pretty(&all)? + "\n"
        }
        _ => KNOWN.iter().map(line).collect(),
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

fn one(name: &str, out: &Path, to: Option<Format>) -> Result<String, Failure> {
    let known = instances::find(name).ok_or_else(|| {
        let list = "`spinroute qubo generate` lists them";
        Failure::Usage(format!("there is no instance {name:?}; {list}"))
    })?;
    let to = files::format(out, to, "--to")?;
    let content = Content::Graph(known.graph()?);
    let title = info::title(to, &content);
    files::save(out, to, &content.into())?;
    let best = grouped(known.best.unsigned_abs());
    Ok(format!("{}: {title}; {}, best known cut {best}\n", out.display(), known.name))
}

/// An instance, as `--json` prints it.
#[derive(Serialize)]
struct Instance {
    name: &'static str,
    nodes: usize,
    edges: usize,
    best_known: i64,
    evidence: &'static str,
    sha256: &'static str,
}

impl Instance {
    fn of(known: &Known) -> Self {
        Self {
            name: known.name,
            nodes: known.nodes,
            edges: known.edges,
            best_known: known.best,
            evidence: evidence(known.evidence),
            sha256: known.sha256,
        }
    }
}

/// How an instance is known to be the published one.
fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Hash => "the published SHA-256",
        Evidence::File => "length and last lines of the published file",
        Evidence::Edges => "the published number of edges",
        Evidence::Cut(_) => "the family's rule; annealing comes to the best known cut, not beyond",
        _ => "see the documentation",
    }
}

fn line(known: &Known) -> String {
    let &Known { name, nodes, edges, best, .. } = known;
    let [nodes, edges, best] = [nodes as u64, edges as u64, best.unsigned_abs()].map(grouped);
    let evidence = evidence(known.evidence);
    format!("{name:<5}  {nodes:>6} nodes  {edges:>9} edges  best known {best:>6}  {evidence}\n")
}
