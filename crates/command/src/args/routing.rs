//! The options of routing: `solve`, `compare`, `verify`, `solvers`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use spinroute::checkpoint::{Rows, Transform};

use super::limits::LimitArgs;
use super::shared::{ParameterArgs, RunArgs, threads};

/// The solver that `solve` takes if none is named.
const DEFAULT_SOLVER: &str = "flow";

/// Route one batch: objective, proven gap, balance, time; and the assignment with --out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spinroute solve scores.npy --top-k 8
  spinroute solve logits.safetensors --tensor logits --transform softmax -k 8 --capacity-factor 1.25
  spinroute solve --router model.safetensors --hidden states.safetensors --layer 3 -k 6 --out routed
  spinroute solve --ids trace.safetensors --weights trace.safetensors --layer 11 --experts 32 \\
      -k 2 --demand at-most
  spinroute solve scores.npy -k 8 --solver quantile --set rounds=16 --json
  spinroute solve --router model.safetensors --hidden states.safetensors --all-layers -k 6
  spinroute solve scores.npy -k 8 --mask mask.npy --minimum 4 --groups 8 --group-capacity-factor 1.1

See `spinroute solvers` for the solvers and what --set takes, `spinroute --help` for exit codes.")]
pub(crate) struct SolveArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) problem: ProblemArgs,
    /// Which solver; `spinroute solvers` lists them
    #[arg(long, value_name = "NAME", default_value = DEFAULT_SOLVER, help_heading = "Solver")]
    pub(crate) solver: String,
    #[command(flatten)]
    pub(crate) parameters: ParameterArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Start from these prices, such as the prices.npy of the batch before; with groups, those of
    /// the `group_prices.npy` beside it too
    #[arg(long, value_name = "FILE", help_heading = "Solver")]
    pub(crate) warm: Option<PathBuf>,
    /// Route every layer that --router and --hidden hold, all with the same options; with --out, files
    /// are named `layer3_assignment.npy` and so on
    #[arg(
        long,
        requires = "router",
        conflicts_with_all = ["layer", "warm"],
        help_heading = "Input"
    )]
    pub(crate) all_layers: bool,
    /// Write assignment.npy, prices.npy, with groups `group_prices.npy`, and summary.json into this
    /// directory, all or none
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// Route one batch with several solvers: one table, best objective first.
///
/// Every gap is against the best bound that any of them proved. With no input, the built-in sample
/// is routed: a trained router of 160 experts, top-6, and 4,096 tokens.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spinroute compare
  spinroute compare --capacity-factor 1.25
  spinroute compare scores.npy --top-k 8 --solvers flow,greedy,topk --repeat 9 --json")]
pub(crate) struct CompareArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) problem: ProblemArgs,
    /// Which solvers, separated by commas [default: all that can handle the instance]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', help_heading = "Solver")]
    pub(crate) solvers: Option<Vec<String>>,
    /// Runs of each solver; times are medians
    #[arg(
        long,
        value_name = "N",
        default_value = "5",
        allow_negative_numbers = true,
        help_heading = "Solver"
    )]
    pub(crate) repeat: NonZeroUsize,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// Check an assignment: every constraint, then objective, bound and gap, with no solver involved.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spinroute verify scores.npy --assignment routed/assignment.npy --prices routed/prices.npy
  spinroute verify scores.npy -k 8 --capacity 512 --assignment mine.npy

Exits with 1 and names the first constraint that is broken.")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) problem: ProblemArgs,
    /// The assignment: T × k whole numbers (.npy), 4294967295 or -1 for an empty slot
    #[arg(long, value_name = "FILE", help_heading = "Verify")]
    pub(crate) assignment: PathBuf,
    /// Expert prices that prove the bound (.npy); without them the bound is that of plain top-k
    #[arg(long, value_name = "FILE", help_heading = "Verify")]
    pub(crate) prices: Option<PathBuf>,
    /// Prices of the groups (.npy) [default: the `group_prices.npy` beside --prices]
    #[arg(long, value_name = "FILE", requires_all = ["prices", "groups"], help_heading = "Verify")]
    pub(crate) group_prices: Option<PathBuf>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true, help_heading = "Verify")]
    pub(crate) threads: Option<usize>,
    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// List solvers and minimisers: what each does, its parameters with defaults, where it comes from.
#[derive(Debug, Args)]
pub(crate) struct SolversArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of sparse candidates. What belongs to another kind of input is named as a conflict, since
/// clap waives `requires` where the required option conflicts with one that is given.
const OF_CANDIDATES: [&str; 5] = ["ids", "weights", "ids_tensor", "weights_tensor", "experts"];

/// Options that a plain table does not take.
const OF_ROUTERS_AND_CANDIDATES: [&str; 8] =
    ["router", "hidden", "layer", "ids", "weights", "ids_tensor", "weights_tensor", "experts"];

/// Where the scores come from: a table, a router with its hidden states, or sparse candidates.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArgs {
    /// Scores, tokens × experts: .npy (f16, f32, f64) or .safetensors (also bf16)
    #[arg(value_name = "SCORES", help_heading = None::<&str>, conflicts_with_all = OF_ROUTERS_AND_CANDIDATES)]
    pub(crate) scores: Option<PathBuf>,
    /// The tensor of SCORES, if the file holds several
    #[arg(long, value_name = "NAME", requires = "scores", conflicts_with_all = OF_ROUTERS_AND_CANDIDATES)]
    pub(crate) tensor: Option<String>,
    /// From logits to scores [default: none; softmax with --router]
    #[arg(long, value_enum)]
    pub(crate) transform: Option<TransformName>,
    /// Router weights W, experts × hidden size; scores are X·Wᵀ
    #[arg(long, value_name = "FILE", requires = "hidden", conflicts_with_all = OF_CANDIDATES, group = "layered")]
    pub(crate) router: Option<PathBuf>,
    /// Hidden states X that enter the router, tokens × hidden size
    #[arg(long, value_name = "FILE", requires = "router", conflicts_with_all = OF_CANDIDATES)]
    pub(crate) hidden: Option<PathBuf>,
    /// The layer of --router and --hidden, or of --ids and --weights
    #[arg(long, value_name = "N", requires = "layered", allow_negative_numbers = true)]
    pub(crate) layer: Option<usize>,
    /// Candidate experts of each token; every other pair is forbidden
    #[arg(long, value_name = "FILE", requires = "weights", group = "layered")]
    pub(crate) ids: Option<PathBuf>,
    /// The candidates' weights, of the same shape as --ids
    #[arg(long, value_name = "FILE", requires = "ids")]
    pub(crate) weights: Option<PathBuf>,
    /// The tensor of --ids, if the file holds several
    #[arg(long, value_name = "NAME", requires = "ids")]
    pub(crate) ids_tensor: Option<String>,
    /// The tensor of --weights, if the file holds several
    #[arg(long, value_name = "NAME", requires = "weights")]
    pub(crate) weights_tensor: Option<String>,
    /// The number of experts behind --ids [default: the largest id + 1]
    #[arg(long, value_name = "E", requires = "ids", allow_negative_numbers = true)]
    pub(crate) experts: Option<usize>,
    /// Only these tokens: N (the first N) or A..B
    #[arg(long, value_name = "A..B", allow_negative_numbers = true)]
    pub(crate) tokens: Option<Rows>,
}

/// The problem: experts a token, tokens an expert.
#[derive(Debug, Args)]
#[command(next_help_heading = "Problem")]
pub(crate) struct ProblemArgs {
    /// Experts a token takes, k: the columns of an assignment [default: the largest of --top-ks]
    #[arg(short = 'k', long, value_name = "K", allow_negative_numbers = true)]
    pub(crate) top_k: Option<u32>,
    /// Tokens that each expert holds
    #[arg(long, value_name = "N", group = "limit", allow_negative_numbers = true)]
    pub(crate) capacity: Option<u32>,
    /// Capacity as a factor F: ceil(F·slots/E) tokens an expert, of T·k slots, or of all k of
    /// --mask and --top-ks together [default: 1.0]
    #[arg(long, value_name = "F", group = "limit", allow_negative_numbers = true)]
    pub(crate) capacity_factor: Option<f64>,
    /// A capacity for each expert (.npy or text)
    #[arg(long, value_name = "FILE", group = "limit")]
    pub(crate) capacities: Option<PathBuf>,
    /// Whether every token must take exactly k experts or at most k
    #[arg(long, value_enum, default_value = "exactly")]
    pub(crate) demand: DemandName,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DemandName {
    Exactly,
    AtMost,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TransformName {
    Softmax,
    Sigmoid,
    None,
}

impl From<TransformName> for Transform {
    fn from(name: TransformName) -> Self {
        match name {
            TransformName::Softmax => Self::Softmax,
            TransformName::Sigmoid => Self::Sigmoid,
            TransformName::None => Self::None,
        }
    }
}
