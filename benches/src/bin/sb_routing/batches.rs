//! The batches: which were tuned on, and which are held out.

use anyhow::Result;
use spinroute_benches::{
    data::{self, BATCH, ROUTERS, Transform},
    instances::{self, Case},
};
use spinroute_core::Demand;

/// A batch at capacity factor 1.0.
pub(crate) struct Batch {
    pub(crate) case: Case,
    /// Whether its scores were never looked at when the defaults were chosen.
    pub(crate) held_out: bool,
}

/// Layers 0 and 3 of every trained router, three windows each, and six OLMoE batches.
pub(crate) fn all() -> Result<Vec<Batch>> {
    let windows = [("first", 0..BATCH), ("last", BATCH..2 * BATCH), ("short", 6000..7024)];
    let mut batches = Vec::new();
    for (router, k) in ROUTERS {
        let sigmoid = router == "e256k8-biasfree";
        let transforms = [("", Transform::Softmax), ("-sigmoid", Transform::Sigmoid)];
        for (suffix, transform) in transforms.into_iter().take(1 + usize::from(sigmoid)) {
            for layer in [0, 3] {
                for (window, tokens) in &windows {
                    let scores = data::router_scores(router, layer, tokens.clone(), transform)?;
                    let name = format!("{router}{suffix}, layer {layer}, {window}");
                    let demand = Demand::Exactly(k);
                    let case = Case::uniform("trained router", name, scores, demand, 1.0)?;
                    batches.push(Batch { case, held_out: *window != "first" });
                }
            }
        }
    }
    for case in instances::olmoe()?.into_iter().filter(|case| !case.name.contains("1.25")) {
        let held_out = !case.name.contains("seed 0");
        batches.push(Batch { case, held_out });
    }
    Ok(batches)
}
