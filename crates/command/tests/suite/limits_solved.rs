//! Masks, minimums, groups and costs through a solver that honours them all.

use spinroute::checkpoint::{File, npy, read_assignment, read_prices};

use super::shared::{Files, succeed};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/e160k6-noaux/");

/// What `solve` writes with all limits on the sample, `verify` accepts and proves the same.
#[test]
fn verify_accepts_what_solve_wrote_with_every_limit() {
    let files = Files::new();
    let (router, hidden) =
        (SAMPLE.to_owned() + "router.safetensors", SAMPLE.to_owned() + "hidden.safetensors");
    let mask: Vec<i8> = (0..4096).map(|t| i8::from(t % 16 != 15)).collect();
    let mask = files.write("mask.npy", &npy::encode_i8(&mask));
    let groups: Vec<u32> = (0..160).flat_map(|e| [e / 20, e / 80]).collect();
    let groups = files.write("groups.npy", &npy::encode_u32(&[160, 2], &groups));
    let batch = ["--router", &router, "--hidden", &hidden, "--tokens", "512", "-k", "6"];
    let limits = [
        &["--mask", &mask, "--groups", &groups, "--group-capacity-factor", "1.1,1.02"][..],
        &["--group-minimum", "300,none", "--minimum", "4", "--capacity-factor", "2"],
        &["--overflow-cost", "0.01", "--overflow", "4"],
    ]
    .concat();
    let out = files.at("out");
    let problem = [&batch[..], &limits].concat();
    let solved = [&["solve"], &problem[..], &["--out", &out]].concat();
    let summary = succeed(&[&solved[..], &["--json"]].concat()).json();
    let features = ["uneven demands", "minimum loads", "limits of groups", "overflow at a cost"];
    assert_eq!(summary["features"], serde_json::json!(features));
    assert_eq!((&summary["load"]["dead"], &summary["masked"]), (&0.into(), &32.into()));
    assert_eq!(summary["load"]["groups"].as_array().unwrap().len(), 2);
    assert!(summary["gap"].as_f64().unwrap() < 1e-9, "{summary}");
    let group_prices = read_prices(&File::open(out.clone() + "/group_prices.npy").unwrap());
    assert_eq!(group_prices.unwrap().len(), 8 + 2);
    let taken = read_assignment(&File::open(out.clone() + "/assignment.npy").unwrap()).unwrap();
    assert!((0..512).all(|t| taken.experts(t).len() == if t % 16 == 15 { 0 } else { 6 }));

    let (assignment, prices) = (out.clone() + "/assignment.npy", out.clone() + "/prices.npy");
    let answer = ["--assignment", &assignment, "--prices", &prices, "--json"];
    let verdict = succeed(&[&["verify"], &problem[..], &answer].concat()).json();
    for key in ["objective", "bound", "gap", "retained", "load", "groups", "minimum", "features"] {
        assert_eq!(verdict[key], summary[key], "{key}");
    }
    // From its own prices: the same quality.
    let warm = succeed(&[&["solve"], &problem[..], &["--warm", &prices, "--json"]].concat()).json();
    assert!(warm["gap"].as_f64().unwrap() < 1e-9, "{warm}");
    let people = succeed(&solved).stdout;
    assert!(people.contains("0 of 160 experts idle,") && people.contains("8 groups, busiest "));
    assert!(people.lines().all(|line| line.chars().count() < 100), "{people}");
}

/// Optima by hand, one for each kind of limit.
#[test]
fn each_limit_moves_the_optimum_as_it_should() {
    let files = Files::new();
    // Expert 0 is worth 1 to all; 1, 2 and 3 are worth 0.75, 0.5 and 0.25.
    let scores: Vec<f32> = [1.0f32, 0.75, 0.5, 0.25].repeat(4);
    let scores = files.write("scores.npy", &npy::encode_f32(&[4, 4], &scores));
    let objective = |options: &[&str]| {
        let fixed = ["solve", &scores, "-k", "1", "--json"];
        let summary = succeed(&[&fixed[..], options].concat()).json();
        assert!(summary["gap"].as_f64().unwrap() < 1e-12, "{summary}");
        summary["objective"].as_f64().unwrap()
    };
    let free = ["--capacity", "4"];
    let with = |options: &[&str]| objective(&[&free[..], options].concat());
    assert_eq!(with(&[]), 4.0);
    let mask = files.write("mask.txt", b"1 1 0 1");
    assert_eq!(with(&["--mask", &mask]), 3.0);
    let top_ks = files.write("top_ks.txt", b"2 1 0 3");
    let uneven = ["solve", &scores, "--top-ks", &top_ks, "--capacity", "4", "--json"];
    assert_eq!(succeed(&uneven).json()["objective"], 1.75 + 1.0 + 2.25);
    assert_eq!(with(&["--minimum", "1"]), 2.5);
    let least = files.write("least.txt", b"0 0 0 2");
    assert_eq!(with(&["--minimums", &least]), 2.5);
    assert_eq!(with(&["--groups", "2", "--group-capacity", "3"]), 3.5);
    assert_eq!(with(&["--groups", "2", "--group-minimum", "2"]), 3.0);
    assert_eq!(with(&["--groups", "2", "--group-capacity-factor", "1"]), 3.0);
    // Without a limit groups only report.
    assert_eq!(with(&["--groups", "2"]), 4.0);
    // One place at expert 0; each more costs 0.125, less than the 0.25 that expert 1 loses.
    let one = ["--capacity", "1", "--overflow-cost", "0.125"];
    assert_eq!(objective(&one), 4.0 - 3.0 * 0.125);
    assert_eq!(objective(&[&one[..], &["--overflow", "1"]].concat()), 2.0 - 0.125 + 1.5 - 0.125);
    // The first token of an expert gains 0.375: worth the step down to expert 1, not to 2.
    assert_eq!(with(&["--reward", "0.375"]), 3.0 + 0.75 + 2.0 * 0.375);
}

/// `compare` measures who honours the limits, and names what the others lack.
#[test]
fn compare_leaves_out_who_does_not_honour_a_limit() {
    let files = Files::with_scores();
    let scores = files.at("scores.npy");
    let options = ["--minimum", "1", "--groups", "3", "--group-capacity", "2", "--repeat", "1"];
    let compare = [&["compare", &scores, "-k", "1"], &options[..]].concat();
    let all = succeed(&[&compare[..], &["--json"]].concat()).json();
    let names: Vec<&str> =
        all["solvers"].as_array().unwrap().iter().map(|r| r["solver"].as_str().unwrap()).collect();
    assert!(names.contains(&"flow"), "{all}");
    assert_eq!(all["features"], serde_json::json!(["minimum loads"]));
    for skipped in all["skipped"].as_array().unwrap() {
        assert!(skipped["reason"].as_str().unwrap().contains("minimum loads"), "{skipped}");
    }
    let people = succeed(&compare).stdout;
    assert!(people.contains("flow: 3 groups, busiest 0 with 2 of 2"), "{people}");
}
