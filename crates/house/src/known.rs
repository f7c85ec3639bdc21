//! What was found when a check was made and waits for its mend. These lists only shrink: a test
//! fails when one of them is gone.

/// Circles between files, each as its files in order.
pub const CIRCLES: &[&str] = &[
    "crates/bifurcation/src/product/dense.rs \
     crates/bifurcation/src/product/sparse.rs \
     crates/bifurcation/src/product/structured/grid.rs \
     crates/bifurcation/src/product/structured.rs \
     crates/bifurcation/src/product/units.rs \
     crates/bifurcation/src/product.rs",
    "crates/bifurcation/src/routing/full/dynamics.rs \
     crates/bifurcation/src/routing/full.rs",
    "crates/bifurcation/src/stepper/grid.rs \
     crates/bifurcation/src/stepper/group.rs \
     crates/bifurcation/src/stepper.rs",
    "crates/core/src/error.rs \
     crates/core/src/instance.rs",
    "crates/core/src/repair/direct.rs \
     crates/core/src/repair/moves.rs \
     crates/core/src/repair/paths.rs \
     crates/core/src/repair/quick.rs \
     crates/core/src/repair.rs",
    "crates/flow/src/dual.rs \
     crates/flow/src/finish.rs \
     crates/flow/src/level.rs \
     crates/flow/src/residual.rs \
     crates/flow/src/search.rs \
     crates/flow/src/view.rs",
    "crates/ising/src/assignment/direct.rs \
     crates/ising/src/assignment/full.rs \
     crates/ising/src/assignment/pairs.rs",
    "crates/ising/src/couplings/structured/spectrum.rs \
     crates/ising/src/couplings/structured.rs",
    "crates/ising/src/formats/lp.rs \
     crates/ising/src/formats/lp_bounds.rs \
     crates/ising/src/formats/mps.rs \
     crates/ising/src/formats/mps_quadratic.rs \
     crates/ising/src/formats/named.rs \
     crates/ising/src/formats/names.rs \
     crates/ising/src/formats.rs",
    "crates/ising/src/formats/lp_headings.rs \
     crates/ising/src/formats/lp_tokens.rs",
    "crates/ising/src/instances/known.rs \
     crates/ising/src/instances.rs",
    "crates/ising/src/ising.rs \
     crates/ising/src/qubo.rs",
    "crates/modelling/src/compile.rs \
     crates/modelling/src/decode.rs \
     crates/modelling/src/dual.rs \
     crates/modelling/src/layout.rs \
     crates/modelling/src/lower.rs \
     crates/modelling/src/model.rs \
     crates/modelling/src/multipliers.rs \
     crates/modelling/src/weights.rs",
    "crates/ising/src/minimise/anneal/lanes.rs \
     crates/ising/src/minimise/anneal/sweep.rs \
     crates/ising/src/minimise/anneal.rs",
    "crates/ising/src/presolve/work.rs \
     crates/ising/src/presolve.rs",
    "crates/select/src/avx512/listed.rs \
     crates/select/src/avx512/shortlist.rs \
     crates/select/src/avx512.rs \
     crates/select/src/candidates.rs \
     crates/select/src/portable.rs \
     crates/select/src/selection.rs",
    "crates/spinroute/src/cli/args.rs \
     crates/spinroute/src/cli/problem.rs \
     crates/spinroute/src/cli/qubo/args.rs \
     crates/spinroute/src/cli/qubo/files.rs \
     crates/spinroute/src/cli/qubo/trace.rs \
     crates/spinroute/src/cli/report.rs \
     crates/spinroute/src/cli/solve.rs",
    "crates/testkit/src/attempt.rs \
     crates/testkit/src/breach.rs \
     crates/testkit/src/conformance.rs \
     crates/testkit/src/property.rs \
     crates/testkit/src/trial.rs",
    "crates/testkit/src/generate.rs \
     crates/testkit/src/scores.rs",
    "crates/variants/src/local.rs \
     crates/variants/src/moves.rs \
     crates/variants/src/separable.rs",
];

/// Files and functions that are too long.
pub const SIZES: &[&str] = &[
    "benches/src/bin/sb_quality.rs main",
    "benches/src/bin/sb_step.rs structured",
    "benches/src/bin/sb_target.rs main",
    "crates/ising/tests/readers.rs labels_keep_their_kind_and_two_equal_ones_are_refused",
    "crates/variants/examples/gaps/report.rs plot",
];

/// `mod.rs` in `src`.
pub const MODULE_FILES: &[&str] = &[
    "crates/spinroute/src/cli/mod.rs",
    "crates/spinroute/src/cli/qubo/mod.rs",
    "crates/spinroute/src/input/mod.rs",
];

/// Arrows back between crates.
pub const ARROWS: &[&str] = &["bifurcation → transport"];

/// Faults of packages.
pub const PACKAGES: &[&str] = &[
    "crates/spinroute/src/cli/problem.rs ../../../../experiments/data/e160k6-noaux/router.safetensors",
    "crates/spinroute/src/cli/problem.rs ../../../../experiments/data/e160k6-noaux/hidden.safetensors",
    "crates/spinroute/src/lib.rs ../../../README.md",
    "crates/spinroute/tests/suite/documentation.rs ../../../../docs/cli.md",
    "crates/spinroute/tests/suite/qubo.rs ../../../qubo/tests/data/faults/07-names.json",
    "crates/ising/src/lib.rs ../../../docs/qubo.md",
    "crates/ising/src/lib.rs ../../../docs/penalties.md",
];
