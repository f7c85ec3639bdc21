//! The linear relaxation through a general simplex solver: the twin that shares no idea with the
//! flow solver.
//!
//! One variable in `[0, 1]` for each pair that can gain, one for each piece of a load that costs or gains something,
//! one row for each token, and rows for each expert and group whose limits may bind. The matrix is totally unimodular, so every vertex is an
//! assignment (Hoffman, Kruskal 1956) and the simplex method ends in one. Time and memory are
//! those of a general solver; that is what `flow` is measured against, not a way to route.
//!
//! The backend is microlp through `good_lp`. Its answer carries no dual values through that
//! interface, so there are no prices: measure it with another solver's. It decides by an absolute
//! tolerance of 1e-10 on reduced costs; scores are scaled so that this is 10⁻¹³ of the largest one
//! that can gain, and an answer that this could make wrong by more than 10⁻¹⁰ of the objective is
//! refused instead.
use good_lp::{
    Constraint, Expression, ProblemVariables, ResolutionError, SolverModel, Variable, variable,
};
use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{
    Assignment, Error, Feature, Instance, Run, Solution, Solver, Stop, parameters,
};
use spinroute_prices::repair;

/// The largest scaled score: the tolerance is then 10⁻¹³ of it, and three of the sixteen digits of
/// `f64` are left for the rounding of reduced costs, which must not look like a gain.
const LARGEST: f64 = 1024.0;
/// Relative to the largest score: what the tolerance can hide in one slot.
const HIDDEN: f64 = 1e-10 / LARGEST;
/// Relative to the objective: what it may hide in all.
const ALLOWED: f64 = 1e-10;

parameters! {
    /// The exact solution by linear programming, for small instances.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Demand, Instance, Run, Solver};
    /// use spinroute_flow::Lp;
    ///
    /// let scores = array![[0.9, 0.8], [0.7, 0.1]];
    /// let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
    /// let solution = Lp::default().solve(&instance, &mut Run::new(0))?;
    /// assert_eq!(solution.assignment.slots(), [1, 0]);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Lp {
        /// the largest T·E that it accepts; the time grows faster than the square
        ///
        /// At 20,000, the default, it takes some seconds, at 1,000 some hundredths of one.
        pub max_pairs: usize,
    }
}

impl Default for Lp {
    fn default() -> Self {
        Self { max_pairs: 20_000 }
    }
}

impl Lp {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "lp",
        summary: "the linear relaxation by a simplex method: the reference, for small instances",
        exact: true,
        facts: Facts { prices: false, capacity: true },
        reference: "the relaxation is integral, Hoffman, Kruskal 1956; solved by good_lp with microlp",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };
}

impl Solver for Lp {
    /// Single-pass: no steps, no randomness; warm prices are ignored. Returns no prices.
    ///
    /// # Errors
    /// [`Error::Deficient`] if there is no assignment; [`Error::Unsupported`] if there are more
    /// than `max_pairs` pairs, or the scores differ so much in size that the tolerance of the
    /// backend does not decide the optimum.
    fn solve(&self, instance: &Instance, _: &mut Run<'_>) -> Result<Solution, Error> {
        let pairs = instance.tokens() * instance.experts();
        if pairs > self.max_pairs {
            let limit = self.max_pairs;
            return Err(Error::Unsupported(format!(
                "lp takes up to {limit} pairs, not {pairs}; raise max_pairs or use flow"
            )));
        }
        let program = Program::new(instance);
        if program.largest > 0.0 && program.largest < f64::MIN_POSITIVE * LARGEST {
            let largest = program.largest;
            return Err(Error::Unsupported(format!(
                "lp cannot scale scores of at most {largest:e}; multiply them by a power of ten or use flow"
            )));
        }
        let assignment = match program.solve() {
            Ok(assignment) => assignment,
            Err(ResolutionError::Infeasible) => return Err(infeasible(instance)),
            Err(error) => return Err(Error::Defect(format!("lp: {error}"))),
        };
        let objective = instance.objective(&assignment).map_err(|v| Error::from(v).in_solver())?;
        let slots = instance.slots() + program.pieces.len() as u64;
        if program.largest * slots as f64 * HIDDEN > ALLOWED * objective.abs() {
            let largest = program.largest;
            return Err(Error::Unsupported(format!(
                "lp cannot tell objectives near {objective:e} apart among scores up to {largest:e}; use flow"
            )));
        }
        Ok(Solution { assignment, prices: None, stop: Stop::Finished })
    }
}

/// The linear program of an instance.
struct Program<'a> {
    instance: &'a Instance,
    variables: ProblemVariables,
    /// The pairs that may be taken, with their variables.
    pairs: Vec<(usize, usize, Variable)>,
    /// The pieces of loads that cost or gain something: the node, what a unit is worth, and the variable.
    pieces: Vec<(usize, f64, Variable)>,
    /// The largest size of a score or of what a unit of load is worth.
    largest: f64,
}

impl<'a> Program<'a> {
    fn new(instance: &'a Instance) -> Self {
        let (mut variables, mut pairs, mut largest) = (ProblemVariables::new(), Vec::new(), 0.0f64);
        // What loses score may have to be taken, or pay.
        let lonely = |feature: &Feature| matches!(feature, Feature::Demands | Feature::Overflow);
        let forced = instance.demand().is_exact() || !instance.features().iter().all(lonely);
        for t in 0..instance.tokens() {
            for e in 0..instance.experts() {
                let score = instance.score(t, e);
                let may = score > if forced { f64::NEG_INFINITY } else { 0.0 };
                if may && instance.k(t) > 0 && instance.limits(e).highest() > 0 {
                    pairs.push((t, e, variables.add(variable().min(0).max(1))));
                    largest = largest.max(score.abs());
                }
            }
        }
        let mut pieces = Vec::new();
        for node in 0..instance.nodes() {
            let mut start = 0;
            for (end, cost) in instance.limits(node).pieces() {
                if cost != 0.0 && end > start {
                    let units = variables.add(variable().min(0).max(f64::from(end - start)));
                    pieces.push((node, -cost, units));
                    largest = largest.max(cost.abs());
                }
                start = end.max(start);
            }
        }
        Self { instance, variables, pairs, pieces, largest }
    }

    /// A vertex of the optimal face, rounded.
    fn solve(&self) -> Result<Assignment, ResolutionError> {
        let instance = self.instance;
        let mut rows = vec![Expression::default(); instance.tokens()];
        let mut loads = vec![Expression::default(); instance.nodes()];
        let mut pairs_of = vec![0; instance.tokens()];
        let mut users = vec![0u32; instance.experts()];
        let mut objective = Expression::with_capacity(self.pairs.len());
        let scale = if self.largest > 0.0 { LARGEST / self.largest } else { 1.0 };
        for &(t, e, variable) in &self.pairs {
            objective.add_mul(instance.score(t, e) * scale, variable);
            rows[t].add_mul(1.0, variable);
            for node in std::iter::successors(Some(e), |&node| instance.parent(node)) {
                loads[node].add_mul(1.0, variable);
            }
            pairs_of[t] += 1;
            users[e] += 1;
        }
        for &(_, worth, units) in &self.pieces {
            objective.add_mul(worth * scale, units);
        }
        let exact = instance.demand().is_exact();
        if exact && (0..instance.tokens()).any(|t| pairs_of[t] < instance.k(t)) {
            return Err(ResolutionError::Infeasible);
        }
        let mut model = good_lp::microlp(self.variables.clone().maximise(objective));
        for (t, (row, pairs)) in rows.into_iter().zip(pairs_of).enumerate() {
            let k = instance.k(t);
            if exact && k > 0 {
                model.add_constraint(row.eq(k as f64));
            } else if pairs > k {
                model.add_constraint(row.leq(k as f64));
            }
        }
        let most = instance.node_loads(&users);
        for (node, load) in loads.into_iter().enumerate() {
            self.limit(node, &load, most[node], |row| _ = model.add_constraint(row))?;
        }
        let vertex = model.solve()?;
        let mut assignment = Assignment::empty(instance.tokens(), instance.demand().k());
        for &(t, e, variable) in &self.pairs {
            if good_lp::Solution::value(&vertex, variable) > 0.5 {
                assignment.push(t, e as u32);
            }
        }
        Ok(assignment)
    }

    /// The rows of a node, of whose load at most `most` units can come.
    fn limit(
        &self,
        node: usize,
        load: &Expression,
        most: u32,
        mut add: impl FnMut(Constraint),
    ) -> Result<(), ResolutionError> {
        let limits = self.instance.limits(node);
        if most < limits.minimum {
            return Err(ResolutionError::Infeasible);
        }
        let pieces = self.pieces.iter().filter(|(of, ..)| *of == node);
        let (mut beyond, mut rewarded) = (Expression::default(), None);
        for &(_, worth, units) in pieces {
            if worth < 0.0 { beyond.add_mul(1.0, units) } else { rewarded = Some(units) }
        }
        // A free overflow is capacity.
        let free = if limits.overflow.cost == 0.0 { limits.highest() } else { limits.capacity };
        if free < most {
            add((load.clone() - beyond).leq(f64::from(free)));
        }
        if limits.minimum > 0 {
            add(load.clone().geq(f64::from(limits.minimum)));
        }
        if let Some(units) = rewarded {
            add((load.clone() - units).geq(0.0));
        }
        Ok(())
    }
}

/// Why there is no assignment: the simplex method only says that there is none.
fn infeasible(instance: &Instance) -> Error {
    let empty = Assignment::empty(instance.tokens(), instance.demand().k());
    match repair(instance, empty, None) {
        Err(error) => error,
        Ok(_) => Error::Defect("lp: the backend found a feasible instance infeasible".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spinroute_testkit::{
        Conformance,
        general::{self, any_general_instance},
        generate, property,
        strategy::{Shape, any_instance, families},
    };

    use super::*;

    #[test]
    fn conforms_as_an_optimal_solver() {
        // Its backend's tolerance does not tell all objectives near 0 apart, so it may refuse any
        // family; that it answers is the next tests' business.
        let shape = Shape::default();
        let plain = families(&shape).into_iter().map(|(name, _)| name.to_owned());
        let general = general::families(&shape).into_iter();
        let general = general.map(|(name, _)| format!("general {name}"));
        let more = ["generate", "golden cancelling"].map(str::to_owned);
        let allowed = plain.chain(general).chain(more);
        let solver = Lp { max_pairs: 2_000 };
        let report = Conformance::optimal().allow_unsupported(allowed).assert(&solver);
        assert!(report.solved["general everything"] > 0, "{report}");
        assert!(report.unsupported["generate"] > 0 && report.solved["tight"] > 0, "{report}");
    }

    proptest! {
        #[test]
        fn equals_the_reference_whatever_is_asked_for(
            instance in any_general_instance(&Shape { tokens: 1..=14, experts: 1..=6, k: 1..=3 })
        ) {
            property::equals_reference(&Lp::default(), &instance)?;
        }

        #[test]
        fn equals_the_reference(
            instance in any_instance(&Shape { tokens: 1..=24, experts: 1..=8, k: 1..=4 })
        ) {
            property::equals_reference(&Lp::default(), &instance)?;
        }
    }

    #[test]
    fn equals_the_reference_on_larger_ones() {
        for (seed, k) in [(1, 1), (2, 2), (3, 4)] {
            for instance in [
                generate::skewed(64, 16, k, 1.0, seed),
                generate::tied(64, 16, k, 4, seed),
                generate::tight(64, 16, k, seed),
                generate::sparse(64, 16, k, 6, seed),
            ] {
                property::equals_reference(&Lp::default(), &instance.unwrap()).unwrap();
            }
        }
    }

    #[test]
    fn refuses_what_is_too_large_with_the_limit() {
        let instance = generate::skewed(1001, 20, 2, 1.0, 0).unwrap();
        let error = Lp::default().solve(&instance, &mut Run::new(0)).unwrap_err();
        assert!(error.to_string().starts_with("lp takes up to 20000 pairs, not 20020"), "{error}");
    }
}
