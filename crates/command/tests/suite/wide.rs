//! Tables of f64: what the command says is about the numbers in the file.

use npyz::Order;
use spinroute::checkpoint::npy;

use super::formats::write_npy;
use super::shared::{Files, run, succeed};

/// A table of f64 in f32's blind spot: two tokens, two experts of capacity 1, and what the best and
/// the other assignment are worth. No assignment is worth anything else.
struct Case {
    scores: [f64; 4],
    best: ([u32; 2], f64),
    other: ([u32; 2], f64),
    /// The best objective as `verify` prints it for people.
    text: &'static str,
}

const CASES: [Case; 4] = [
    Case {
        scores: [16_777_216.0, 16_777_217.0, 16_777_216.0, 16_777_215.0],
        best: ([1, 0], 33_554_433.0),
        other: ([0, 1], 33_554_431.0),
        text: "33554433.000000",
    },
    Case {
        scores: [1e9 + 0.25, 1e9, 1e9 + 0.5, 1e9],
        best: ([1, 0], 2e9 + 0.5),
        other: ([0, 1], 2e9 + 0.25),
        text: "2000000000.500000",
    },
    Case {
        scores: [1e15, 1e15 - 1.0, 1e15 + 1.0, 1e15 - 1.0],
        best: ([1, 0], 2e15),
        other: ([0, 1], 2e15 - 1.0),
        text: "2000000000000000.000000",
    },
    Case {
        scores: [4_503_599_627_370_495.0, 4_503_599_627_370_494.0, 1e-3, 0.0],
        best: ([0, 1], 4_503_599_627_370_495.0),
        other: ([1, 0], 4_503_599_627_370_494.0), // and 1e-3 more, which f64 cannot hold here
        text: "4503599627370495.000000",
    },
];

/// Writes the table and one assignment; their paths.
fn written(files: &Files, case: &Case, slots: [u32; 2]) -> (String, String) {
    let scores = write_npy("<f8", &[2, 2], Order::C, case.scores);
    let assignment = npy::encode_u32(&[2, 1], &slots);
    (files.write("scores.npy", scores.bytes()), files.write("assignment.npy", &assignment))
}

#[test]
fn verify_takes_the_scores_as_they_are() {
    for case in &CASES {
        let files = Files::new();
        for (slots, want) in [case.best, case.other] {
            let (scores, assignment) = written(&files, case, slots);
            let arguments =
                ["verify", &scores, "--capacity", "1", "--assignment", &assignment, "--json"];
            let verdict = succeed(&arguments).json();
            assert_eq!(verdict["objective"], want);
            // Zero prices: every token's best.
            let best = |t: usize| case.scores[2 * t].max(case.scores[2 * t + 1]);
            let bound = verdict["bound"].as_f64().unwrap();
            let sum = best(0) + best(1);
            assert!(sum <= bound && bound <= sum.next_up(), "{bound} {sum}");
        }
        let (scores, assignment) = written(&files, case, case.best.0);
        let arguments = ["verify", &scores, "--capacity", "1", "--assignment", &assignment];
        let text = succeed(&arguments).stdout;
        assert!(text.contains(&format!("objective  {}\n", case.text)), "{text}");
    }
}

#[test]
fn prices_prove_the_best_of_a_table_in_f64() {
    let files = Files::new();
    let case = &CASES[0];
    let (scores, assignment) = written(&files, case, case.best.0);
    let prices = files.write("prices.npy", &npy::encode_f64(&[1.0, 1.0]));
    let arguments = ["verify", &scores, "--capacity", "1", "--assignment", &assignment];
    let verdict = succeed(&[&arguments[..], &["--prices", &prices, "--json"]].concat()).json();
    assert_eq!((&verdict["bound"], &verdict["gap"]), (&33_554_433.0.into(), &0.0.into()));
}

#[test]
fn every_solver_is_credited_with_what_its_assignment_is_worth() {
    for case in &CASES {
        let files = Files::new();
        let (scores, _) = written(&files, case, case.best.0);
        let arguments = ["compare", &scores, "-k", "1", "--capacity", "1", "--repeat", "1"];
        let all = succeed(&[&arguments[..], &["--json"]].concat()).json();
        for line in all["solvers"].as_array().unwrap() {
            let (objective, bound) = (&line["objective"], line["bound"].as_f64().unwrap());
            let known = *objective == case.best.1 || *objective == case.other.1;
            assert!(known || line["feasible"] == false, "{line}");
            assert!(bound >= case.best.1, "{line}");
        }
    }
}

#[test]
fn flow_is_optimal_for_the_numbers_in_the_file() {
    for case in &CASES {
        let files = Files::new();
        let (scores, _) = written(&files, case, case.best.0);
        let arguments = ["solve", &scores, "-k", "1", "--capacity", "1", "--json"];
        let summary = succeed(&arguments).json();
        assert_eq!(summary["objective"], case.best.1, "{summary}");
        assert!(summary["gap"].as_f64().unwrap() <= 1e-9, "{summary}");
    }
}

#[test]
fn a_value_beyond_f32_is_refused_with_its_place() {
    let files = Files::new();
    let table = write_npy(">f8", &[2, 2], Order::Fortran, [0.5, 1.0, -1e39, 0.5]);
    let scores = files.write("scores.npy", table.bytes());
    let ran = run(&["solve", &scores, "-k", "1"]);
    let byte = table.bytes().len() - 16;
    let place =
        format!("scores.npy, row 0, column 1 (byte {byte}): the value is -1e39; values are");
    assert!(ran.code == 3 && ran.stderr.contains(&place), "{ran}");
}
