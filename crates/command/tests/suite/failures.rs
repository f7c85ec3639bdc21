//! What goes wrong: exit codes, one line on standard error, nothing left behind.

use spinroute::Assignment;
use spinroute::checkpoint::npy;

use super::shared::{Files, Ran, command, run, succeed};

/// Expects an exit code and one line that says all of `parts`.
pub(crate) fn fail(arguments: &[&str], code: i32, parts: &[&str]) -> Ran {
    let ran = run(arguments);
    assert_eq!(ran.code, code, "{arguments:?}: {ran}");
    assert!(ran.stderr.starts_with("error: ") && ran.stderr.lines().count() == 1, "{ran}");
    for part in parts {
        assert!(ran.stderr.contains(part), "{part:?} is missing: {ran}");
    }
    ran
}

/// The documented exit codes, from `--help`.
pub(crate) fn codes() -> Vec<String> {
    let help = succeed(&["--help"]).stdout;
    let lines = help.lines().skip_while(|line| *line != "Exit codes:").skip(1);
    lines.filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
}

#[test]
fn usage_is_2() {
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    fail(&["solve", &scores], 2, &["--top-k is missing"]);
    fail(&["solve", "-k", "2"], 2, &["no input", "--router"]);
    fail(&["solve", &scores, "-k", "4"], 2, &["k = 4", "3 experts"]);
    fail(&["solve", &scores, "-k", "0"], 2, &["k = 0"]);
    fail(&["solve", &scores, "--tpo-k", "1"], 2, &["--tpo-k", "'--top-k'"]);
    fail(
        &["solve", &scores, "-k", "1", "--capacity-factor", "-1"],
        2,
        &["factor -1 is not a positive"],
    );
    fail(&["solve", &scores, "-k", "1", "--capacity-factor=nan"], 2, &["positive"]);
    fail(
        &["solve", &scores, "-k", "1", "--capacity", "1", "--capacity-factor", "1"],
        2,
        &["cannot"],
    );
    fail(&["solve", &scores, "-k", "1", "--solver", "simplex"], 2, &["\"simplex\"", "greedy"]);
    fail(&["solve", &scores, "-k", "1", "--set", "rounds"], 2, &["key=value"]);
    let quantile = ["solve", &scores, "-k", "1", "--solver", "quantile"];
    fail(
        &[&quantile[..], &["--set", "round=1"]].concat(),
        2,
        &["no parameter \"round\"", "rounds"],
    );
    fail(&[&quantile[..], &["--set", "rounds=1.5"]].concat(), 2, &["\"rounds\"", "1.5"]);
    fail(&[&quantile[..], &["--set", "rounds=1", "--set", "rounds=2"]].concat(), 2, &["twice"]);
    fail(&["solve", &scores, "-k", "1", "--time-limit", "2"], 2, &["2s"]);
    fail(&["compare", &scores, "-k", "1", "--solvers", "greedy,fast"], 2, &["\"fast\""]);
    for threads in ["0", "1000000", "-1"] {
        let arguments = ["solve", &scores, "-k", "1", &format!("--threads={threads}")];
        fail(&arguments, 2, &["from 1 to 1024"]);
    }
    fail(&["compare", "--layer", "1"], 2, &["--router <FILE>|--ids <FILE>"]);
    fail(&["solve", "--router", &scores, "--ids", &scores, "-k", "1"], 2, &["cannot be used with"]);
    fail(&["frobnicate"], 2, &["frobnicate"]);
    fail(&["solve", &scores, "-k", "-1"], 2, &["'-1' for '--top-k <K>'", "0..="]);
    fail(&["solve", &scores, "-k", "1", "--capacity", "-1"], 2, &["'-1' for '--capacity <N>'"]);
}

/// An option of another kind of input would be ignored: it is refused instead.
#[test]
fn options_of_two_inputs_are_2() {
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    let table = [&*scores];
    let router = ["--router", &*scores, "--hidden", &*scores];
    let sparse = ["--ids", &*scores, "--weights", &*scores];
    for (input, option) in [
        (&table[..], "--hidden"),
        (&table, "--weights"),
        (&table, "--ids-tensor"),
        (&table, "--weights-tensor"),
        (&table, "--experts"),
        (&table, "--layer"),
        (&router, "--tensor"),
        (&router, "--weights"),
        (&router, "--ids-tensor"),
        (&router, "--weights-tensor"),
        (&router, "--experts"),
        (&sparse, "--tensor"),
        (&sparse, "--hidden"),
    ] {
        let arguments = [&["solve", "-k", "1"], input, &[option, "3"]].concat();
        fail(&arguments, 2, &["see --help"]);
    }
}

/// A name in a message is the name of the file: only line ends and the like are escaped.
#[test]
fn a_message_keeps_the_name_of_the_file() {
    fail(&["solve", "no  such\nfile.npy", "-k", "1"], 5, &["error: no  such\\nfile.npy: "]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_error_is_no_panic() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = command(&["solve", "no/such.npy", "-k", "1"]).stderr(full).status().unwrap();
    assert_eq!(status.code(), Some(5));
}

/// Finite prices whose bound is not: nothing is proven, and it must not read as if.
#[test]
fn prices_that_overflow_the_bound_are_3() {
    let files = Files::with_scores();
    let slots: Vec<u32> = vec![0, 1, 0, 2, 2];
    let assignment = files.write("assignment.npy", &npy::encode_u32(&[5, 1], &slots));
    for prices in [[1e308; 3], [1e308, 1e308, 0.0]] {
        let prices = files.write("prices.npy", &npy::encode_f64(&prices));
        let scores = files.at("scores.npy");
        let verify = ["verify", &scores, "--assignment", &assignment, "--prices", &prices];
        fail(&verify, 3, &["prices.npy", "bound", "smaller"]);
    }
}

#[test]
fn bad_input_is_3() {
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    let garbage = files.write("garbage.npy", b"not an array");
    fail(&["solve", &garbage, "-k", "1"], 3, &["garbage.npy", "neither", "numpy.save"]);
    let cut = files.write("cut.npy", &std::fs::read(&scores).unwrap()[..150]);
    fail(&["solve", &cut, "-k", "1"], 3, &["cut.npy, byte 128", "22 bytes follow"]);
    // 4 EiB are declared in 128 bytes.
    let huge = npy::encode_f32(&[1 << 30, 1 << 30], &[]);
    let huge = files.write("huge.npy", &huge);
    fail(&["solve", &huge, "-k", "1"], 3, &["huge.npy", "0 bytes follow"]);
    let nan = files.write("nan.npy", &npy::encode_f32(&[2, 2], &[0.0, 1.0, f32::NAN, 0.0]));
    fail(&["solve", &nan, "-k", "1"], 3, &["row 1, column 0 (byte 136)", "NaN"]);
    let two = files.write("two.txt", b"1\n2\n");
    fail(
        &["solve", &scores, "-k", "1", "--capacities", &two],
        3,
        &["two.txt", "2 capacities for 3"],
    );
    let prices = files.write("prices.npy", &npy::encode_f64(&[0.5, f64::NAN, 0.0]));
    let warm = ["solve", &scores, "-k", "1", "--warm", &prices];
    fail(&warm, 3, &["prices.npy", "non-finite one for expert 1"]);
    fail(&["solve", &scores, "-k", "1", "--tokens", "6"], 3, &["--tokens 0..6", "within 0..5"]);
}

#[test]
fn infeasible_is_4() {
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    fail(
        &["solve", &scores, "-k", "1", "--capacity", "1"],
        4,
        &["need 5 slots", "leave 3", "at most"],
    );
    // Token 4 may not take expert 1, so it has only two experts.
    fail(&["solve", &scores, "-k", "3", "--capacity", "5"], 4, &["1 token (first: [4])"]);
}

#[test]
fn files_that_cannot_be_read_or_written_are_5() {
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    fail(&["solve", &files.at("none.npy"), "-k", "1"], 5, &["none.npy", "check the path"]);
    let before = files.names();
    let out = scores.clone() + "/out"; // below a file
    fail(&["solve", &scores, "-k", "1", "--out", &out], 5, &["scores.npy/out", "--out"]);
    // A directory stands where a file should go: nothing of the other two may remain.
    std::fs::create_dir_all(files.path().join("taken/summary.json/x")).unwrap();
    fail(&["solve", &scores, "-k", "1", "--out", &files.at("taken")], 5, &["summary.json"]);
    let left: Vec<_> = std::fs::read_dir(files.path().join("taken")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(files.names().len(), before.len() + 1);
}

#[cfg(unix)]
#[test]
fn results_have_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let files = Files::with_scores();
    succeed(&["solve", &files.at("scores.npy"), "-k", "1", "--out", &files.at("out")]);
    let mode =
        |name: &str| std::fs::metadata(files.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("out/assignment.npy"), mode("scores.npy"));
}

#[test]
fn a_closed_pipe_is_no_failure() {
    use std::process::Stdio;
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = command(&["solvers"]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn verify_accepts_what_solve_wrote_and_proves_the_same() {
    let files = Files::with_scores();
    let (scores, out) = (files.at("scores.npy"), files.at("out"));
    let solved = succeed(&["solve", &scores, "-k", "2", "--out", &out, "--json"]).json();
    let (assignment, prices) = (out.clone() + "/assignment.npy", out + "/prices.npy");
    let verify = ["verify", &scores, "--assignment", &assignment, "--prices", &prices];
    let verified = succeed(&[&verify[..], &["--json"]].concat()).json();
    assert_eq!(verified["valid"], true);
    for key in
        ["tokens", "top_k", "capacity", "demand", "objective", "bound", "gap", "retained", "load"]
    {
        assert_eq!(verified[key], solved[key], "{key}");
    }
    assert!(succeed(&verify).stdout.contains("every constraint holds"));
}

#[test]
fn verify_names_every_kind_of_violation() {
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    let none = Assignment::EMPTY;
    // Capacity 2, exactly one expert a token, pair (4, 1) forbidden.
    let right = [0, 0, 1, 1, 2];
    let verify = |slots: &[u32], k: usize| {
        let tokens = slots.len() / k;
        let path = files.write("assignment.npy", &npy::encode_u32(&[tokens, k], slots));
        ["verify", &scores, "-k", "1", "--assignment", &path].map(str::to_owned)
    };
    let check = |slots: &[u32], k: usize, message: &str| {
        let arguments = verify(slots, k);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = fail(&[&arguments[..], &["--json"]].concat(), 1, &["assignment.npy", message]);
        assert_eq!((&ran.json()["valid"], &ran.json()["gap"]), (&false.into(), &().into()));
        assert!(ran.json()["violation"].as_str().unwrap().contains(message));
    };
    let arguments = verify(&right, 1);
    succeed(&arguments.each_ref().map(String::as_str));
    check(&[0, 0, 1, 1, none], 1, "token 4 takes 0 experts, the demand is 1");
    check(&[0, 0, 0, 1, 2], 1, "expert 0 holds 3 tokens, over its capacity of 2");
    check(&[0, 0, 1, 2, 1], 1, "token 4 takes expert 1, a forbidden pair");
    check(&[0, 0, 1, 1, 3], 1, "token 4 takes expert 3, of only 3");
    check(&right[..4], 1, "it has 4 tokens, the instance has 5");
    let twice = [0, none, 0, none, 1, none, 1, none, 2, 0];
    check(&twice, 2, "token 4 takes 2 experts, the demand is 1");
}

#[test]
fn verify_names_an_expert_taken_twice() {
    let files = Files::with_scores();
    let slots = [0, 1, 0, 1, 0, 1, 2, 2, 0, 2];
    let assignment = files.write("assignment.npy", &npy::encode_u32(&[5, 2], &slots));
    let scores = files.at("scores.npy");
    let verify = ["verify", &scores, "--capacity", "5", "--assignment", &assignment];
    fail(&verify, 1, &["token 3 takes expert 2 twice"]);
}

#[test]
fn help_documents_the_exit_codes_and_every_subcommand_teaches_by_example() {
    let help = succeed(&["--help"]).stdout;
    assert!(help.contains("Exit codes:") && help.contains("\n  4   infeasible"));
    for subcommand in ["solve", "compare", "verify"] {
        assert!(succeed(&[subcommand, "--help"]).stdout.contains("Examples:\n  spinroute "));
    }
    assert_eq!(
        succeed(&["--version"]).stdout.trim(),
        concat!("spinroute ", env!("CARGO_PKG_VERSION"))
    );
}

/// A note on standard error is no reason to panic where that is full.
#[cfg(target_os = "linux")]
#[test]
fn a_note_that_cannot_be_written_is_no_failure() {
    let files = Files::with_scores();
    let program = "Minimize\n obj: x - y\nBounds\n x = 1\nBinaries\n y\nEnd\n";
    let path = files.write("fixed.lp", program.as_bytes());
    let info = ["qubo", "info", &path];
    assert!(succeed(&info).stderr.starts_with("note: "), "the file brings no note");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = Ran::from(command(&info).stderr(full).output().unwrap());
    assert_eq!(ran.code, 0, "{ran}");
}
