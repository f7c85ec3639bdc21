//! Every solver and minimiser gives the bits that it gave before: hashes of what they answer, against
//! committed files.
//!
//! This is for rebuilding. What was meant to stay has stayed, or the failure says what was run, with
//! which parameters, on which inputs, and whether choices or figures differ. Where answers are meant
//! to change, `SPINROUTE_VECTORS=write cargo test -p spinroute --test vectors` rewrites the files, and
//! the reason goes in the first lines of each that changed. Nothing here says that an answer is right: other
//! tests do.
//!
//! What is run on one thread is run on two as well, solvers on a third of the instances. Inputs come from the golden files, the committed sample
//! and the testkit's stable draws, and have hashes of their own, so that a generator that changed is
//! told apart from a solver that did.
//!
//! Bits are compared on every platform. Of functions whose bits a platform chooses, the crates use one
//! `ln` for the bounds of a spectrum (simulated bifurcation); `exp` and `log` come from the crate `libm`
//! elsewhere. So the files should hold everywhere, but they were made, and so far only seen to hold, on
//! x86-64 under Linux with AVX-512. The sample is another matter: its scores are a product of `f32`s
//! and a softmax, whose bits depend on the processor. Where they come out otherwise on another
//! platform than that of the files, the test says so on standard error and leaves these lines out.
#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

mod book;
mod constrained;
mod digest;
mod house;
mod language;
mod minimisers;
mod models;
mod problems;
mod solvers;

use book::Book;
use problems::Problem;

/// Runs `record` on one thread and compares with a file; runs it on two as well, which must not matter.
/// It is told the number of threads, and may do less on two.
fn check(file: &str, record: impl Fn(usize, &mut Book) + Sync) {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut book = Book::default();
        pool.install(|| record(threads, &mut book));
        book
    };
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| on(1));
        let two = on(2);
        (one.join().unwrap(), two)
    });
    one.assert_holds(&two, "a second thread");
    one.check(file);
}

#[test]
fn solvers_answer_as_before() {
    let problems = problems::all();
    check("solvers.tsv", |threads, book| {
        problems::record(&problems, book);
        // On two threads the largest ones, and some of every size.
        let few = |group: &str| group == "sample" || group.ends_with("00") || group.ends_with("80");
        let asked = |problem: &Problem| threads == 1 || few(&problem.group);
        solvers::record(&problems, asked, book);
    });
}

#[test]
fn minimisers_answer_as_before() {
    let models = models::all();
    check("minimisers.tsv", |_, book| {
        models::record(&models, book);
        minimisers::record(&models, book);
    });
}

#[test]
fn models_compile_and_read_back_as_before() {
    let problems = problems::all();
    check("models.tsv", |_, book| language::record(&problems, book));
}

#[test]
fn constrained_routing_and_placement_answer_as_before() {
    check("constrained.tsv", |_, book| constrained::record(book));
}
