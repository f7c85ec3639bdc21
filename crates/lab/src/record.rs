//! What is written of an answer.

use std::time::Duration;

use serde::{Serialize, Serializer};
use spinroute_core::{Evaluation, Instance, Load, Stop};

use crate::timing::{milliseconds, tokens_per_second};
use crate::{Assessment, text};

/// Quality and time of an answer.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_lab::{Figures, Settings, assess, solve};
/// use spinroute_transport::Greedy;
///
/// let instance = Instance::new(array![[0.75, 0.5]], vec![1, 1], Demand::Exactly(1))?;
/// let greedy = Greedy::default();
/// let answer = solve(&greedy, &instance, Settings::default(), None)?;
/// let assessment = assess(&instance, &greedy, &answer.solution)?;
/// let figures = Figures::new(&instance, &assessment, answer.solution.stop, answer.wall);
/// assert_eq!((figures.objective, figures.gap), (0.75, Some(0.0)));
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Objective of the assignment.
    pub objective: f64,
    /// The bound that the solver's own prices prove, or zero prices where it gives none.
    pub bound: f64,
    /// Relative gap of the objective to a bound; none of an infeasible answer.
    pub gap: Option<f64>,
    /// The objective over that of top-k without capacities.
    pub retained: f64,
    /// Why the run ended.
    pub stop: Stop,
    /// Wall-clock time of the solver alone; written in milliseconds.
    #[serde(rename = "wall_ms", serialize_with = "in_milliseconds")]
    pub wall: Duration,
    /// Tokens routed a second.
    pub tokens_per_s: f64,
}

fn in_milliseconds<S: Serializer>(wall: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(milliseconds(*wall))
}

impl Figures {
    /// Those of an answer, with the gap to its own bound.
    #[must_use]
    pub fn new(instance: &Instance, assessment: &Assessment, stop: Stop, wall: Duration) -> Self {
        let Evaluation { objective, ref certificate, gap, retained, .. } = assessment.evaluation;
        Self {
            objective,
            bound: certificate.bound(),
            gap: assessment.feasible.then_some(gap),
            retained,
            stop,
            wall,
            tokens_per_s: tokens_per_second(instance.tokens(), wall),
        }
    }
}

/// A solver's answer to an instance, as a line of JSON or a row of a table.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_lab::{COLUMNS, Plan, Record, compare};
/// use spinroute_transport::Greedy;
///
/// let instance = Instance::new(array![[0.75, 0.5]], vec![1, 1], Demand::Exactly(1))?;
/// let greedy = vec![("greedy", Box::new(Greedy::default()) as _)];
/// let comparison = compare(&instance, greedy, Plan::default(), &mut |_| {})?;
/// let record: &Record = &comparison.solvers[0];
/// let cells = record.cells();
/// assert_eq!((COLUMNS[1], &*cells[1]), ("objective", "0.750"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// Which solver.
    pub solver: &'static str,
    /// Whether every constraint holds.
    pub feasible: bool,
    /// Quality and time.
    #[serde(flatten)]
    pub figures: Figures,
    /// How the experts are loaded.
    pub load: Load,
}

/// Heads of the columns of [`Record::cells`].
pub const COLUMNS: [&str; 12] = [
    "solver",
    "objective",
    "gap ≤",
    "retained",
    "max load",
    "CV",
    "MaxVio",
    "idle",
    "over",
    "empty",
    "time",
    "tokens/s",
];

impl Record {
    /// The record as a row under [`COLUMNS`]; a solver is starred whose answer is infeasible.
    #[must_use]
    pub fn cells(&self) -> [String; COLUMNS.len()] {
        let Self { solver, feasible, figures, load } = self;
        [
            format!("{solver}{}", if *feasible { "" } else { " *" }),
            text::number(figures.objective, 3),
            figures.gap.map_or("–".into(), text::percent),
            text::share(figures.retained),
            text::grouped(u64::from(load.max)),
            format!("{:.3}", load.cv),
            format!("{:.3}", load.max_vio),
            load.dead.to_string(),
            text::grouped(load.overflow),
            text::grouped(load.dropped),
            text::time(figures.wall),
            text::rate(figures.tokens_per_s),
        ]
    }
}
