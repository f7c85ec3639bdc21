//! The subcommands: what they print and write.

use serde_json::Value;
use spinroute::checkpoint::{File, npy, read_assignment, read_prices};
use spinroute::minimisers::MINIMISERS;
use spinroute::registry::{Entry, SOLVERS};

use super::shared::{Files, command, succeed};

/// The keys of an object in the order in which they are printed.
fn keys(text: &str, indent: usize) -> Vec<&str> {
    let start = " ".repeat(indent) + "\"";
    let keys = text.lines().filter_map(|line| line.strip_prefix(&start)?.split('"').next());
    keys.collect()
}

const SUMMARY: [&str; 17] = [
    "solver",
    "tokens",
    "experts",
    "top_k",
    "capacity",
    "demand",
    "objective",
    "bound",
    "gap",
    "retained",
    "stop",
    "wall_ms",
    "tokens_per_s",
    "seed",
    "threads",
    "load",
    "feasible",
];
const LOAD: [&str; 9] =
    ["max", "mean", "cv", "balance", "max_vio", "dead", "active", "overflow", "dropped"];

#[test]
fn solve_prints_the_documented_object_and_writes_it() {
    let files = Files::with_scores();
    let (scores, out) = (files.at("scores.npy"), files.at("a/b"));
    let arguments = ["solve", &scores, "-k", "1", "--seed", "7", "--threads", "1", "--json"];
    let ran = succeed(&[&arguments[..], &["--out", &out]].concat());
    assert_eq!(keys(&ran.stdout, 2), SUMMARY);
    assert_eq!(keys(&ran.stdout, 4), LOAD);
    let summary = ran.json();
    // Capacity ceil(5·1/3) = 2: two tokens must leave expert 0.
    for (key, want) in [("tokens", 5), ("experts", 3), ("top_k", 1), ("capacity", 2), ("seed", 7)] {
        assert_eq!(summary[key], want, "{key}");
    }
    assert_eq!((&summary["demand"], &summary["threads"]), (&"exactly".into(), &1.into()));
    assert_eq!((&summary["stop"], &summary["feasible"]), (&"finished".into(), &true.into()));
    assert_eq!((&summary["load"]["overflow"], &summary["load"]["max"]), (&0.into(), &2.into()));
    let [objective, bound] = ["objective", "bound"].map(|key| summary[key].as_f64().unwrap());
    assert!(objective <= bound && objective > 2.0, "{ran}");

    assert_eq!(
        summary,
        serde_json::from_slice::<Value>(&std::fs::read(out.clone() + "/summary.json").unwrap())
            .unwrap()
    );
    let assignment =
        read_assignment(&File::open(out.clone() + "/assignment.npy").unwrap()).unwrap();
    assert_eq!((assignment.tokens(), assignment.k()), (5, 1));
    assert_eq!(read_prices(&File::open(out + "/prices.npy").unwrap()).unwrap().len(), 3);
}

#[test]
fn solve_for_people_says_that_the_gap_is_proven() {
    let files = Files::with_scores();
    let ran = succeed(&["solve", &files.at("scores.npy"), "-k", "1", "--threads", "1"]);
    assert!(ran.stdout.contains("5 tokens × 3 experts, exactly 1 a token, capacity 2"), "{ran}");
    assert!(ran.stdout.contains("% at most, proven") && ran.stderr.is_empty(), "{ran}");
    assert!(ran.stdout.lines().all(|line| line.len() < 100), "{ran}");
}

#[test]
fn capacities_and_demand_reach_the_problem() {
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    let solve = |options: &[&str]| {
        succeed(&[&["solve", &scores, "-k", "1", "--json"], options].concat()).json()
    };
    assert_eq!(solve(&["--capacity", "5"])["objective"], 0.75 + 0.5 + 0.625 + 0.5 + 0.5);
    assert_eq!(solve(&["--capacity-factor", "2.0"])["capacity"], 4);
    let text = files.write("capacities.txt", b"0\n5\n1\n");
    let summary = solve(&["--capacities", &text, "--demand", "at-most"]);
    assert_eq!(summary["capacity"], serde_json::json!([0, 5, 1]));
    // Expert 0 is shut: three tokens at expert 1, one of tokens 3 and 4 at expert 2.
    assert_eq!(summary["load"]["dropped"], 1 - i32::from(summary["objective"] != 1.125));
    let binary = files.write("capacities.npy", &npy::encode_u32(&[3], &[0, 5, 1]));
    let again = solve(&["--capacities", &binary, "--demand", "at-most"]);
    assert_eq!(again["objective"], summary["objective"]);
}

#[test]
fn parameters_and_warm_prices_reach_the_solver() {
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    let solve = |options: &[&str]| {
        let fixed = ["solve", &scores, "-k", "1", "--solver", "quantile", "--json"];
        succeed(&[&fixed[..], options].concat()).json()
    };
    // No round at all: the bound is that of zero prices, or of those given, rounded up.
    let close = |summary: &Value, want: f64| {
        let bound = summary["bound"].as_f64().unwrap();
        assert!(bound >= want && bound < want + 1e-12, "{bound} is not {want}");
    };
    close(&solve(&["--set", "rounds=0"]), 2.875);
    let prices = files.write("prices.npy", &npy::encode_f64(&[0.25, 0.0, 0.0]));
    let warm = solve(&["--set", "rounds=0", "--warm", &prices]);
    close(&warm, 2.0 * 0.25 + 0.5 + 0.25 + 0.375 + 0.375 + 0.5);
}

#[test]
fn a_solver_that_ignores_capacities_is_not_called_feasible() {
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    let ran = succeed(&["solve", &scores, "-k", "1", "--solver", "topk", "--json"]);
    let summary = ran.json();
    assert_eq!(keys(&ran.stdout, 2), SUMMARY);
    assert_eq!((&summary["feasible"], &summary["gap"]), (&false.into(), &Value::Null));
    assert_eq!((&summary["load"]["overflow"], &summary["objective"]), (&2.into(), &2.875.into()));
    let loose = ["solve", &scores, "-k", "1", "--solver", "topk", "--capacity", "4", "--json"];
    let loose = succeed(&loose).json();
    assert_eq!(loose["feasible"], true);
    assert!(loose["gap"].as_f64().unwrap() < 1e-12, "{loose}");
}

#[test]
fn compare_ranks_the_feasible_first_and_measures_against_the_best_bound() {
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    let ran = succeed(&["compare", &scores, "-k", "1", "--repeat", "2", "--json"]);
    let all = ran.json();
    let lines = all["solvers"].as_array().unwrap();
    let skipped = all["skipped"].as_array().unwrap();
    assert_eq!(lines.len() + skipped.len(), SOLVERS.len());
    let number = |line: &Value, key: &str| line[key].as_f64().unwrap();
    let best = lines.iter().map(|line| number(line, "bound")).fold(f64::INFINITY, f64::min);
    assert_eq!(all["bound"], best);
    let feasible = lines.iter().take_while(|line| line["feasible"] == true).count();
    let (feasible, broken) = lines.split_at(feasible);
    assert!(broken.iter().any(|line| line["solver"] == "topk"), "{ran}");
    for line in broken {
        let ignores = ["topk", "sinkhorn-megatron"].contains(&line["solver"].as_str().unwrap());
        assert!(ignores && line["feasible"] == false && line["gap"].is_null(), "{line}");
    }
    for pair in feasible.windows(2) {
        assert!(number(&pair[0], "objective") >= number(&pair[1], "objective"), "{ran}");
    }
    for line in feasible {
        let objective = number(line, "objective");
        assert_eq!(number(line, "gap"), (best - objective).max(0.0) / objective);
    }
}

#[test]
fn compare_with_no_input_routes_the_sample() {
    let ran = succeed(&["compare", "--solvers", "capped-topk,topk,greedy", "--repeat", "1"]);
    assert!(ran.stdout.contains("4,096 tokens × 160 experts, exactly 6 a token, capacity 154"));
    let rows: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("| ")).collect();
    assert_eq!(rows.len(), 4, "{ran}");
    // data/e160k6-noaux/SOURCE.md: 2,676 tokens on one expert, 54.9 % do not fit.
    assert!(
        rows[3].starts_with("| topk *") && rows[3].contains("2,676") && rows[3].contains("1.856")
    );
    assert!(ran.stderr.is_empty(), "no bar where there is no terminal: {ran}");
}

#[test]
fn solvers_lists_every_one_with_its_parameters() {
    let text = succeed(&["solvers"]).stdout;
    let json = succeed(&["solvers", "--json"]).json();
    assert_eq!(json["solvers"].as_array().unwrap().len(), SOLVERS.len());
    assert_eq!(json["minimisers"].as_array().unwrap().len(), MINIMISERS.len());
    for (entry, object) in SOLVERS.iter().zip(json["solvers"].as_array().unwrap()) {
        is_described(entry, object, &text);
        assert_eq!(object["prices"], entry.facts.prices);
        assert_eq!(object["respects_capacity"], entry.facts.capacity);
    }
    for (entry, object) in MINIMISERS.iter().zip(json["minimisers"].as_array().unwrap()) {
        is_described(entry, object, &text);
        assert_eq!(object.get("prices"), None);
    }
}

fn is_described<T: ?Sized, F>(entry: &Entry<T, F>, object: &Value, text: &str) {
    assert!(text.contains(&format!("\n{}: {}\n", entry.name, entry.summary)));
    assert_eq!((&object["name"], &object["exact"]), (&entry.name.into(), &entry.exact.into()));
    let printed = object["params"].as_array().unwrap();
    assert_eq!(printed.len(), entry.params.len());
    for (param, printed) in entry.params.iter().zip(printed) {
        assert_eq!((&printed["name"], &printed["help"]), (&param.name.into(), &param.help.into()));
        assert_eq!(printed["default"], entry.defaults()[param.name]);
        assert!(text.contains(&format!("  --set {}=", param.name)));
    }
}

#[test]
fn answers_do_not_depend_on_the_number_of_threads() {
    let files = Files::new();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/data/e160k6-noaux/");
    let (router, hidden) =
        (data.to_owned() + "router.safetensors", data.to_owned() + "hidden.safetensors");
    for entry in SOLVERS {
        let mut first = None;
        for threads in ["1", "2", "5"] {
            let out = files.at(&format!("{}-{threads}", entry.name));
            let input = ["solve", "--router", &router, "--hidden", &hidden, "--layer", "3"];
            let rest = ["--tokens", "600", "-k", "6", "--solver", entry.name, "--threads", threads];
            let ran = super::shared::run(&[&input[..], &rest, &["--out", &out, "--json"]].concat());
            if ran.code == 2 {
                assert!(!ran.stderr.is_empty(), "{ran}"); // too large for this solver
                continue;
            }
            assert_eq!(ran.code, 0, "{ran}");
            assert_eq!(ran.json()["threads"].to_string(), threads);
            let answer = ["/assignment.npy", "/prices.npy"]
                .map(|name| std::fs::read(out.clone() + name).unwrap());
            assert!(
                *first.get_or_insert_with(|| answer.clone()) == answer,
                "{} {threads}",
                entry.name
            );
        }
    }
}

#[test]
fn a_time_limit_ends_a_run_with_its_best() {
    let arguments =
        ["solve", "--solver", "quantile", "--set", "rounds=4294967295", "-k", "1", "--json"];
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    let ran = succeed(&[&arguments[..], &[&scores, "--time-limit", "20ms"]].concat());
    assert_eq!(
        (&ran.json()["stop"], &ran.json()["feasible"]),
        (&"time-limit".into(), &true.into())
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_ends_a_run_with_its_best() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    let arguments = [
        "solve",
        &scores,
        "--solver",
        "quantile",
        "--set",
        "rounds=4294967295",
        "-k",
        "1",
        "--json",
    ];
    // A limit, so that a run that overlooks the interrupt fails the test instead of hanging it.
    let mut child = command(&[&arguments[..], &["--time-limit", "60s"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Bit 1 of the signals caught: the handler of SIGINT is in place.
    let status = format!("/proc/{}/status", child.id());
    let listens = || {
        let status = std::fs::read_to_string(&status).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & 2 != 0
    };
    while child.try_wait().unwrap().is_none() && !listens() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("stopping with the best so far"), "{line}");
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let summary: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&summary["stop"], &summary["feasible"]), (&"interrupted".into(), &true.into()));
}
