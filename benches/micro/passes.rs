//! The passes over a score table, one by one: selection, certificate, building an instance.
//!
//! On the committed sample (4,096 tokens, 160 experts, top-6), in one thread.
#![allow(missing_docs, reason = "criterion generates the entry point")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spinroute_benches::{
    data::{self, Transform},
    instances::Case,
};
use spinroute_core::{Certificate, Demand};
use spinroute_lab::timing::pool;
use spinroute_prices::Selection;

fn passes(criterion: &mut Criterion) {
    let logits = data::sample_logits().expect("the sample is committed");
    let scores = data::transformed(logits, Transform::Softmax);
    let bytes = size_of_val(scores.as_slice().expect("row-major"));
    let case = Case::uniform("sample", String::new(), scores, Demand::Exactly(6), 1.0)
        .expect("1.0 is a capacity factor");
    let instance = case.instance().expect("the sample is feasible");
    let pool = pool(1).expect("a thread");
    let mut group = criterion.benchmark_group("pass over 4096 × 160 scores");
    group.throughput(Throughput::Bytes(bytes as u64));
    let mut selection = Selection::default();
    let prices = vec![0.0; instance.experts()];
    group.bench_function("selection", |bencher| {
        pool.install(|| bencher.iter(|| selection.fill(instance.flat(), &prices, 6)));
    });
    group.bench_function("certificate", |bencher| {
        pool.install(|| bencher.iter(|| Certificate::trivial(&instance).bound()));
    });
    group.bench_function("instance", |bencher| {
        pool.install(|| bencher.iter(|| case.instance()));
    });
    group.finish();
}

criterion_group!(benches, passes);
criterion_main!(benches);
