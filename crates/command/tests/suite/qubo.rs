//! `spinroute qubo`: what it prints and writes.

use serde_json::{Value, json};

use super::failures::fail;
use super::shared::{Files, succeed};

/// A square with a diagonal: the best cut takes the four sides, or all but one.
const SQUARE: &str = "4 5 \n1 2 1\n2 3 1\n3 4 1\n1 4 1\n1 3 1.5\n";
/// `x0 - 2 x1 + 3 x0 x1 + 0.5`.
const PAIR: &str = "c offset 0.5\np qubo 0 2 2 1\n0 0 1\n1 1 -2\n0 1 3\n";

fn files() -> Files {
    let files = Files::new();
    files.write("square.rud", SQUARE.as_bytes());
    files.write("pair.qubo", PAIR.as_bytes());
    files
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

const SUMMARY: [&str; 12] = [
    "best_known",
    "couplings",
    "cut",
    "energy",
    "file",
    "reads",
    "seed",
    "solver",
    "stop",
    "threads",
    "variables",
    "wall_ms",
];

/// The values of a list of `i8`.
fn values(path: &str) -> Vec<i8> {
    let bytes = std::fs::read(path).unwrap();
    let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
    assert_eq!(npy.shape().len(), 1);
    npy.into_vec().unwrap()
}

#[test]
fn a_cut_is_found_printed_and_written() {
    let files = files();
    let (square, out) = (files.at("square.rud"), files.at("found"));
    let arguments =
        ["qubo", "solve", &square, "--json", "--seed", "7", "--threads", "1", "--reads"];
    let summary = succeed(&[&arguments[..], &["3", "--out", &out]].concat()).json();
    assert_eq!(keys(&summary), SUMMARY);
    // The diagonal and one side of either triangle: 1.5 + 2; all sides: 4.
    let want = json!({"variables": 4, "couplings": 5, "solver": "anneal", "cut": 4.0,
        "energy": 5.5 - 8.0, "best_known": null, "stop": "finished", "reads": 3, "seed": 7, "threads": 1});
    for (key, value) in want.as_object().unwrap() {
        assert_eq!(&summary[key], value, "{key}");
    }
    let written = std::fs::read(out.clone() + "/summary.json").unwrap();
    assert_eq!(summary, serde_json::from_slice::<Value>(&written).unwrap());
    let spins = values(&(out + "/solution.npy"));
    assert!(spins[0] == spins[2] && spins[1] == spins[3] && spins[0] == -spins[1], "{spins:?}");
}

#[test]
fn binaries_are_0_and_1_and_the_energy_is_the_files() {
    let files = files();
    let out = files.at("found");
    let pair = files.at("pair.qubo");
    let arguments = ["qubo", "solve", &pair, "--solver", "exhaustive", "--out", &out];
    let ran = succeed(&arguments);
    assert!(ran.stdout.contains("energy    -1.5\n"), "{ran}");
    assert_eq!(values(&(out + "/solution.npy")), [0, 1]);
    let summary = succeed(&["qubo", "solve", &pair, "--json", "--no-presolve"]).json();
    assert_eq!((&summary["energy"], &summary["cut"]), (&json!(-1.5), &Value::Null));
    // Presolve alone finds it, and every solver can do with nothing.
    let presolve = &succeed(&["qubo", "info", &pair, "--json"]).json()["presolve"];
    assert_eq!((&presolve["variables"], &presolve["components"]), (&json!(0), &json!(0)));
    for solver in ["anneal", "exhaustive"] {
        let ran = succeed(&["qubo", "solve", &pair, "--solver", solver]);
        assert!(ran.stdout.contains("presolve  0 variables are left\n"), "{ran}");
        assert!(ran.stdout.contains("energy    -1.5\n"), "{ran}");
    }
}

#[test]
fn conversions_keep_energies_and_say_what_is_lost() {
    let files = files();
    let mut from = files.at("pair.qubo");
    for ending in ["json", "lp", "mps", "coo", "qubo"] {
        let to = files.at(&format!("other.{ending}"));
        succeed(&["qubo", "convert", &from, &to]);
        let summary = succeed(&["qubo", "solve", &to, "--solver", "exhaustive", "--json"]).json();
        assert_eq!(summary["energy"], -1.5, "{ending}");
        from = to;
    }
    let ran = succeed(&["qubo", "convert", &from, &files.at("pair.rud")]);
    // E = 3/4 + offset …: x0/2 - x1 + 3/4 (1 + s0 + s1 + s0 s1) + 1/2 - 1/2.
    assert!(ran.stdout.contains("note: energy = 0.75 + W - 2·cut"), "{ran}");
    let info = succeed(&["qubo", "info", &files.at("pair.rud"), "--json"]).json();
    assert_eq!((&info["variables"], &info["couplings"]), (&json!(3), &json!(3)));
}

#[test]
fn names_that_change_are_said_and_listed() {
    let files = files();
    let json = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../ising/tests/data/faults/07-names.json"
    ))
    .unwrap();
    let from = files.write("names.json", &json);
    let (to, names) = (files.at("names.lp"), files.at("map.json"));
    let ran = succeed(&["qubo", "convert", &from, &to, "--names", &names]);
    let said = ["note: names changed", "\"x[0]\" is x_0;"];
    assert!(said.iter().all(|text| ran.stdout.contains(text)), "{ran}");
    let map: Value = serde_json::from_slice(&std::fs::read(&names).unwrap()).unwrap();
    assert_eq!(map, json!({"x1": "x1", "x_0": "x[0]"}));
    // Numbered variables are listed by their numbers; nothing was changed.
    let coo = files.write("numbers.coo", b"# vartype=BINARY\n0 0 2\n1 1 -3\n");
    let ran = succeed(&["qubo", "convert", &coo, &to, "--names", &names]);
    assert!(!ran.stdout.contains("note"), "{ran}");
    let map: Value = serde_json::from_slice(&std::fs::read(&names).unwrap()).unwrap();
    assert_eq!(map, json!({"x0": 0, "x1": 1}));
}

/// Sums of nothing are 0, not -0, and parallel edges are one coupled pair.
#[test]
fn small_graphs_are_described_as_they_are() {
    let files = Files::new();
    let empty = files.write("empty.rud", b"3 0\n");
    let ran = succeed(&["qubo", "solve", &empty]);
    assert!(ran.stdout.contains("cut       0\n"), "{ran}");
    let twice = files.write("twice.rud", b"3 2\n1 2 1\n2 1 1\n");
    let density = &succeed(&["qubo", "info", &twice, "--json"]).json()["density"];
    assert_eq!(*density, json!(1.0 / 3.0));
    let most = files.write("most.lp", b"Maximize\n obj: x\nBinary\n x\nEnd\n");
    let ran = succeed(&["qubo", "info", &most]);
    assert!(ran.stdout.contains("offset     0\n"), "{ran}");
}

#[test]
fn instances_are_generated_and_recognised() {
    let files = Files::new();
    let out = files.at("g.rud");
    let ran = succeed(&["qubo", "generate", "g11", "--out", &out]);
    assert!(ran.stdout.contains("800 nodes, 1,600 edges") && ran.stdout.contains("564"), "{ran}");
    let info = succeed(&["qubo", "info", &out, "--json"]).json();
    assert_eq!((&info["instance"], &info["best_known"]), (&json!("G11"), &json!(564)));
    let solve = ["qubo", "solve", &out, "--json", "--reads", "1", "--set", "sweeps=10"];
    let summary = succeed(&solve).json();
    assert_eq!(summary["best_known"], 564);
    assert!(summary["cut"].as_f64().unwrap() <= 564.0);
    let all = succeed(&["qubo", "generate", "--json"]).json();
    assert!(all.as_array().unwrap().iter().any(|known| known["name"] == "K2000"));
    assert!(succeed(&["qubo", "generate"]).stdout.contains("K2000"));
}

/// The plot is a well-formed SVG, whatever the file is called, and depends on the seed alone.
#[test]
fn traces_are_plots_and_reproducible() {
    let files = files();
    let square = files.write("a & <b>.rud", SQUARE.as_bytes());
    let plot = |out: &str, further: &[&str]| {
        let out = files.at(out);
        let set = ["--set", "agents=3", "--set", "steps=50", "--set", "mode=ballistic"];
        let ran =
            succeed(&[&["qubo", "trace", &square, "--out", &out], &set[..], further].concat());
        assert!(ran.stdout.starts_with(&out), "{ran}");
        (ran.stdout, std::fs::read_to_string(out).unwrap())
    };
    let (said, first) = plot("first.svg", &["--threads", "1"]);
    // A look at the start and one every 10 steps; the best cut is 4 (or 3.5 by the diagonal).
    assert!(
        said.ends_with(": sb (finished), 6 looks, 4 positions; lowest energy -2.5\n"),
        "{said}"
    );
    let svg = roxmltree::Document::parse(&first).unwrap();
    assert!(svg.root_element().has_tag_name(("http://www.w3.org/2000/svg", "svg")));
    let lines = svg.descendants().filter(|node| node.has_tag_name(SVG_LINE)).count();
    assert!(lines >= 4 + 2, "four positions and two energies, {lines} lines");
    assert!(svg.descendants().any(|node| {
        node.text().is_some_and(|text| text.trim().ends_with("a & <b>.rud, ballistic"))
    }));
    assert_eq!(first, plot("second.svg", &["--threads", "2"]).1);
    assert_ne!(first, plot("third.svg", &["--seed", "1"]).1);
}

const SVG_LINE: (&str, &str) = ("http://www.w3.org/2000/svg", "polyline");

/// Steps without end are stopped by the limit, and what there was is drawn.
#[test]
fn traces_obey_the_time_limit() {
    let files = files();
    let (square, out) = (files.at("square.rud"), files.at("run.svg"));
    let arguments = ["qubo", "trace", &square, "--out", &out, "--set", "steps=1000000000"];
    let set = ["--set", "period=1000", "--set", "agents=1", "--time-limit", "50ms"];
    let ran = succeed(&[&arguments[..], &set].concat());
    assert!(ran.stdout.contains("stopped by the time limit"), "{ran}");
    roxmltree::Document::parse(&std::fs::read_to_string(out).unwrap()).unwrap();
}

#[test]
fn traces_that_fail_leave_nothing() {
    let files = files();
    let (square, out) = (files.at("square.rud"), files.at("run.svg"));
    let before = files.names();
    let trace = ["qubo", "trace", &square, "--out"];
    fail(&[&trace[..], &[&files.at("no/run.svg")]].concat(), 5, &["no/run.svg", "directory"]);
    fail(&[&trace[..], &[&files.at("run.png")]].concat(), 2, &["run.png", "end in .svg"]);
    let set = |set| [&trace[..], &[&out, "--set", set]].concat();
    fail(&set("modes=discrete"), 2, &["sb has no parameter \"modes\"; it has mode, heated"]);
    fail(&set("mode=quantum"), 2, &["\"mode\"", "adiabatic, ballistic or discrete"]);
    fail(&set("time_step=99"), 2, &["time step of 99"]);
    fail(&set("period=100000"), 2, &["`period`", "at most 1000"]);
    fail(&set("pump=quadratic"), 2, &["\"linear\" or a list of numbers"]);
    fail(&[&set("steps=5")[..], &["--threads", "0"]].concat(), 2, &["from 1 to 1024"]);
    let large = b"p qubo 0 2 2 1\n0 0 1e308\n1 1 1e308\n0 1 1e308\n";
    let large = files.write("large.qubo", large);
    fail(&["qubo", "trace", &large, "--out", &out], 3, &["large.qubo: "]);
    std::fs::remove_file(large).unwrap();
    let sums = b"# vartype=SPIN\n0 1 1e308\n1 1 -1e308\n0 0 -1e307\n";
    let sums = files.write("sums.coo", sums);
    fail(&["qubo", "trace", &sums, "--out", &out], 3, &["sums.coo: ", "add up to infinity"]);
    fail(&["qubo", "solve", &sums, "--no-presolve"], 3, &["sums.coo: ", "divide"]);
    std::fs::remove_file(sums).unwrap();
    assert_eq!(files.names(), before);
}

#[test]
fn what_goes_wrong_is_one_line() {
    let files = files();
    let square = files.at("square.rud");
    let broken = files.write("broken.rud", b"4 5 \n1 2 1\n2 9 1\n");
    fail(&["qubo", "info", &broken], 3, &["broken.rud, line 3, column 3: 9 is not a variable"]);
    fail(&["qubo", "info", &files.at("none.lp")], 5, &["none.lp", "check the path"]);
    fail(&["qubo", "info", &files.at("scores.npy")], 2, &["format is not known", "--from"]);
    fail(&["qubo", "solve", &square, "--solver", "tabu"], 2, &["\"tabu\"", "anneal"]);
    fail(&["qubo", "solve", &square, "--set", "sweep=3"], 2, &["no parameter", "sweeps"]);
    let both = ["qubo", "solve", &square, "--reads", "2", "--set", "reads=2"];
    fail(&both, 2, &["give one"]);
    fail(&["qubo", "generate", "G99", "--out", "x.rud"], 2, &["no instance \"G99\""]);
    fail(&["qubo", "convert", &square, &files.at("x.txt")], 2, &["--to"]);
    let step = ["qubo", "solve", &square, "--solver", "sb", "--no-presolve"];
    fail(&[&step[..], &["--set", "time_step=99"]].concat(), 2, &["time step of 99"]);
    fail(&["qubo", "solve", &square, "--reads", "1000000000000"], 2, &["at most 2^24"]);
    // What is finite in binaries is not in spins, nor doubled.
    let large = b"p qubo 0 2 2 1\n0 0 1e308\n1 1 1e308\n0 1 1e308\n";
    let large = files.write("large.qubo", large);
    fail(&["qubo", "info", &large], 3, &["large.qubo: "]);
    fail(&["qubo", "solve", &large], 3, &["large.qubo: "]);
    let before = files.names();
    fail(&["qubo", "convert", &large, &files.at("x.lp")], 3, &["x.lp: ", "finite"]);
    fail(&["qubo", "convert", &square, &files.at("no/x.lp")], 5, &["no/x.lp", "directory"]);
    fail(&["qubo", "convert", &broken, &files.at("x.lp")], 3, &["line 3"]);
    assert_eq!(files.names(), before);
}
