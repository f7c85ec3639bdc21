//! From options to an instance.

mod limits;

use std::path::{Path, PathBuf};

use spinroute::checkpoint::{
    File, Router, Rows, Sparse, Table, Transform, read_prices, read_router, read_sparse, read_table,
};
use spinroute::{Demand, Instance};

use super::args::{DemandName, InputArgs, ProblemArgs};
use super::exit::Failure;

/// The sample that `compare` routes with no input: router and hidden states of layer 3 of a trained
/// model, see `data/e160k6-noaux/SOURCE.md`.
const SAMPLE_ROUTER: &[u8] = include_bytes!("../data/e160k6-noaux/router.safetensors");
const SAMPLE_HIDDEN: &[u8] = include_bytes!("../data/e160k6-noaux/hidden.safetensors");
pub(crate) const SAMPLE_TOP_K: u32 = 6;

/// What the sample is, for the table's first line.
pub(crate) const SAMPLE_NAME: &str = "built-in sample (trained router e160k6-noaux, layer 3)";

/// Whether any input is named.
pub(crate) fn has_input(args: &InputArgs) -> bool {
    args.scores.is_some() || args.router.is_some() || args.ids.is_some()
}

/// Reads the scores that the options name.
pub(crate) fn scores(args: &InputArgs) -> Result<Table, Failure> {
    let transform = args.transform.map(Transform::from);
    let rows = args.tokens.unwrap_or(Rows::ALL);
    if let (Some(router), Some(hidden)) = (&args.router, &args.hidden) {
        let (weights, hidden) = (File::open(router)?, File::open(hidden)?);
        let router = Router { weights: &weights, hidden: &hidden, layer: args.layer };
        let transform = transform.unwrap_or(Transform::Softmax);
        return Ok(Table::F32(read_router(router, transform, rows)?));
    }
    let transform = transform.unwrap_or_default();
    if let (Some(ids), Some(weights)) = (&args.ids, &args.weights) {
        let (ids, weights) = (File::open(ids)?, File::open(weights)?);
        let sparse = Sparse {
            ids: &ids,
            weights: &weights,
            ids_tensor: args.ids_tensor.as_deref(),
            weights_tensor: args.weights_tensor.as_deref(),
            layer: args.layer,
            experts: args.experts,
        };
        return Ok(read_sparse(sparse, transform, rows)?);
    }
    match &args.scores {
        Some(path) => Ok(read_table(&File::open(path)?, args.tensor.as_deref(), transform, rows)?),
        None => Err(Failure::Usage(
            "no input; give SCORES, or --router with --hidden, or --ids with --weights".into(),
        )),
    }
}

/// The scores of the built-in sample.
pub(crate) fn sample(args: &InputArgs) -> Result<Table, Failure> {
    let weights = File::from_bytes("sample/router.safetensors", SAMPLE_ROUTER.to_vec());
    let hidden = File::from_bytes("sample/hidden.safetensors", SAMPLE_HIDDEN.to_vec());
    let router = Router { weights: &weights, hidden: &hidden, layer: None };
    let transform = args.transform.map_or(Transform::Softmax, Transform::from);
    Ok(Table::F32(read_router(router, transform, args.tokens.unwrap_or(Rows::ALL))?))
}

/// The instance that the options describe; `top_k` where they leave it out.
pub(crate) fn instance(
    scores: Table,
    input: &InputArgs,
    args: &ProblemArgs,
    top_k: Option<u32>,
) -> Result<Instance, Failure> {
    let (tokens, experts) = scores.dim();
    let rows = input.tokens.unwrap_or(Rows::ALL);
    let demands = limits::top_ks(&args.limits, tokens, rows)?;
    let largest = || demands.as_ref().map(|demands| demands.iter().max().map_or(1, |&k| k.max(1)));
    let Some(k) = args.top_k.or(top_k).or_else(largest) else {
        return Err(Failure::Usage(
            "--top-k is missing; say how many experts a token takes".into(),
        ));
    };
    let demands = limits::masked(&args.limits, demands, k, (tokens, rows))?;
    let slots = match &demands {
        Some(demands) => demands.iter().map(|&k| u64::from(k)).sum(),
        None => tokens as u64 * u64::from(k),
    };
    let demand = match args.demand {
        DemandName::Exactly => Demand::Exactly(k),
        DemandName::AtMost => Demand::AtMost(k),
    };
    let mut builder = Instance::builder(scores).demand(demand);
    if let Some(demands) = &demands {
        builder = builder.demands(demands);
    }
    builder = limits::of_experts(builder, args, (tokens, experts))?;
    if let Some(groups) = limits::groups(&args.limits, experts, slots)? {
        builder = builder.groups(groups);
    }
    limits::build(builder, args)
}

/// The file of group prices beside one of expert prices.
pub(crate) const GROUP_PRICES: &str = "group_prices.npy";

/// Reads the prices of experts, and of groups if there are any: from their file, or from the one beside.
pub(crate) fn prices(
    path: &Path,
    group_prices: Option<&Path>,
    instance: &Instance,
) -> Result<Vec<f64>, Failure> {
    let mut prices = checked(path, instance.experts(), "experts")?;
    if let Some(groups) = instance.groups() {
        let beside = beside(path);
        if group_prices.is_none() && !beside.exists() {
            let (beside, count) = (beside.display(), groups.len());
            return Err(Failure::Input(format!(
                "{}: prices of experts alone, but there are {count} groups; put their prices into {beside}",
                path.display()
            )));
        }
        prices.extend(checked(group_prices.unwrap_or(&beside), groups.len(), "groups")?);
    }
    Ok(prices)
}

/// Where the prices of groups lie: `layer3_group_prices.npy` beside `layer3_prices.npy`.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let layer = name.strip_suffix("prices.npy").filter(|layer| layer.starts_with("layer"));
    path.with_file_name(layer.unwrap_or_default().to_owned() + GROUP_PRICES)
}

/// Reads prices and checks them, so that the error names the file.
fn checked(path: &Path, count: usize, of: &str) -> Result<Vec<f64>, Failure> {
    let prices = read_prices(&File::open(path)?)?;
    let got = prices.len();
    let one = of.trim_end_matches('s');
    let wrong = match prices.iter().position(|price| !price.is_finite()) {
        Some(bad) => format!("got {got} with a non-finite one for {one} {bad}"),
        None if got != count => format!("got {got}"),
        None => return Ok(prices),
    };
    let file = path.display();
    Err(Failure::Input(format!(
        "{file}: expected one finite price for each of {count} {of}, {wrong}"
    )))
}
