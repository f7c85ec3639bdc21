//! From options to an instance.

use std::path::Path;

use spinroute::checkpoint::{
    File, Router, Rows, Sparse, Table, Transform, read_capacities, read_prices, read_router,
    read_sparse, read_table,
};
use spinroute::{Demand, Instance, Run};

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
    args: &ProblemArgs,
    top_k: Option<u32>,
) -> Result<Instance, Failure> {
    let Some(k) = args.top_k.or(top_k) else {
        return Err(Failure::Usage(
            "--top-k is missing; say how many experts a token takes".into(),
        ));
    };
    let (tokens, experts) = scores.dim();
    let capacity = match (&args.capacities, args.capacity) {
        (Some(path), _) => capacities(path, experts)?,
        (None, Some(capacity)) => vec![capacity; experts],
        (None, None) => {
            let factor = args.capacity_factor.unwrap_or(1.0);
            Instance::uniform_capacity(tokens, experts, k as usize, factor)?
        }
    };
    let demand = match args.demand {
        DemandName::Exactly => Demand::Exactly(k),
        DemandName::AtMost => Demand::AtMost(k),
    };
    Ok(scores.instance(capacity, demand)?)
}

fn capacities(path: &Path, experts: usize) -> Result<Vec<u32>, Failure> {
    let capacity = read_capacities(&File::open(path)?)?;
    if capacity.len() == experts {
        return Ok(capacity);
    }
    let got = capacity.len();
    let error = spinroute::Error::Capacities { got, experts };
    Err(Failure::Input(format!("{}: {error}", path.display())))
}

/// Reads prices and checks them, so that the error names the file.
pub(crate) fn prices(path: &Path, experts: usize) -> Result<Vec<f64>, Failure> {
    let prices = read_prices(&File::open(path)?)?;
    match Run::new(0).warm_prices(&prices).start_prices(experts) {
        Ok(_) => Ok(prices),
        Err(error) => Err(Failure::Input(format!("{}: {error}", path.display()))),
    }
}
