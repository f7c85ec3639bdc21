//! Masks, minimums, groups and costs from the options to the verdict, without a solver.

use spinroute::checkpoint::npy;

use super::failures::fail;
use super::shared::{Files, run, succeed};

/// `scores.npy` of 5 tokens × 4 experts with scores of eighths, and its path.
fn batch() -> (Files, String) {
    let files = Files::new();
    let scores: Vec<f32> = (0..20u8).map(|i| f32::from(i * 7 % 20) / 8.0).collect();
    let path = files.write("scores.npy", &npy::encode_f32(&[5, 4], &scores));
    (files, path)
}

fn assignment(files: &Files, k: usize, slots: &[i8]) -> String {
    let slots: Vec<u32> = slots.iter().map(|&slot| i32::from(slot).cast_unsigned()).collect();
    files.write("assignment.npy", &npy::encode_u32(&[slots.len() / k, k], &slots))
}

#[test]
fn a_mask_and_top_ks_set_what_each_token_takes() {
    let (files, scores) = batch();
    let mask = files.write("mask.txt", b"1 1 0 1 0");
    let top_ks = files.write("top_ks.txt", b"2 0 2 1 1");
    let right = assignment(&files, 2, &[0, 1, -1, -1, -1, -1, 2, -1, -1, -1]);
    let verify = ["verify", &scores, "--assignment", &right, "--mask", &mask, "--top-ks", &top_ks];
    let verdict = succeed(&[&verify[..], &["--json"]].concat()).json();
    assert_eq!((&verdict["slots"], &verdict["masked"]), (&3.into(), &3.into()));
    assert_eq!(verdict["features"], serde_json::json!(["uneven demands"]));
    // The factor of 1 counts the slots that are asked for: ceil(3/4).
    assert_eq!(verdict["capacity"], 1);
    assert!(succeed(&verify).stdout.contains("3 slots, 3 tokens masked"));
    // A token that is masked, or takes more than its own k.
    let wrong = assignment(&files, 2, &[0, 1, -1, -1, 3, -1, 2, -1, -1, -1]);
    let verify = ["verify", &scores, "--assignment", &wrong, "--mask", &mask, "--top-ks", &top_ks];
    fail(&verify, 1, &["token 2 takes 1 experts, the demand is 0"]);
    let verify = ["verify", &scores, "--assignment", &wrong, "--top-ks", &top_ks];
    fail(&verify, 1, &["token 2 takes 1 experts, the demand is 2"]);
    // Rows are those of the scores.
    let part = assignment(&files, 1, &[1, -1, 0]);
    let verify = ["verify", &scores, "--assignment", &part, "--mask", &mask, "--tokens", "1..4"];
    assert_eq!(succeed(&[&verify[..], &["--json"]].concat()).json()["masked"], 1);
}

#[test]
fn minimums_groups_and_costs_are_in_the_verdict() {
    let (files, scores) = batch();
    let path = assignment(&files, 1, &[0, 0, 1, 2, 3]);
    let verify = |options: &[&str]| {
        let fixed = ["verify", &scores, "--assignment", &path];
        run(&[&fixed[..], options].concat())
    };
    let limits =
        ["--capacity", "1", "--overflow-cost", "0.25", "--reward", "0.5", "--minimum", "1"];
    let groups = ["--groups", "2", "--group-capacity", "3", "--group-minimum", "2"];
    let all = [&limits[..], &groups, &["--json"]].concat();
    let verdict = verify(&all).json();
    let plain = verify(&["--capacity", "2", "--json"]).json()["objective"].as_f64().unwrap();
    // Expert 0 holds one more than its capacity; the first token of each of four gains 0.5.
    assert_eq!(verdict["objective"], plain - 0.25 + 4.0 * 0.5);
    assert_eq!(verdict["minimum"], 1);
    assert_eq!(verdict["overflow"], serde_json::json!({"cost": 0.25, "up_to": 5}));
    assert_eq!(verdict["reward"], serde_json::json!({"gain": 0.5, "up_to": 1}));
    let level = serde_json::json!([{"groups": [0, 1], "capacity": 3, "minimum": 2}]);
    assert_eq!(verdict["groups"], level);
    assert_eq!(verdict["load"]["groups"][0]["per_group"], serde_json::json!([3, 2]));
    let people = verify(&[&limits[..], &groups].concat()).stdout;
    for line in [
        "minimum 1",
        "2 groups, capacity 3, minimum 2",
        "overflow of up to 5 at 0.25 each",
        "reward of 0.5 for each of the first 1",
        "groups     2 groups, busiest 0 with 3 of 3, mean 2.5",
    ] {
        assert!(people.contains(line), "{line}: {people}");
    }
    for (options, message) in [
        (
            &["--capacity", "1", "--overflow-cost", "0", "--overflow", "0"][..],
            "need 5 slots but capacities leave 4",
        ),
        (
            &["--capacity", "2", "--minimums", "least.txt"],
            "expert 3 holds 1 tokens, below its minimum of 2",
        ),
        (&["--capacity", "2", "--groups", "2", "--group-capacity", "2"], "need 5 slots"),
        (
            &["--capacity", "2", "--groups", "2", "--group-minimum", "3"],
            "minimums of the experts and groups need 6",
        ),
    ] {
        files.write("least.txt", b"0\n0 0\n2\n");
        let least = files.at("least.txt");
        let options: Vec<&str> =
            options.iter().map(|&o| if o == "least.txt" { &*least } else { o }).collect();
        let ran = verify(&options);
        assert!(ran.code == 1 || ran.code == 4, "{ran}");
        assert!(ran.stderr.contains(message), "{message}: {ran}");
    }
    let one = files.write("groups.txt", b"0\n0\n0\n1\n");
    let busy = ["--capacity", "2", "--groups", &one, "--group-capacity", "3"];
    assert!(verify(&busy).stderr.contains("group 0 holds 4 tokens, over its capacity of 3"));
    let idle = ["--capacity", "2", "--groups", &one, "--group-minimum", "2"];
    assert!(verify(&idle).stderr.contains("group 1 holds 1 tokens, below its minimum of 2"));
}

#[test]
fn idle_experts_are_named() {
    let (files, scores) = batch();
    let path = assignment(&files, 1, &[0, 0, 0, 0, 2]);
    let ran = succeed(&["verify", &scores, "--assignment", &path, "--capacity", "5"]);
    assert!(ran.stdout.contains("2 of 4 experts idle (1, 3), 0 slots over capacity"), "{ran}");
}

#[test]
fn two_levels_have_limits_of_their_own() {
    let (files, scores) = batch();
    let groups = files.write("groups.npy", &npy::encode_u32(&[4, 2], &[0, 0, 1, 0, 2, 1, 2, 1]));
    let path = assignment(&files, 1, &[0, 0, 1, 2, 3]);
    let verify = |options: &[&str]| {
        let fixed =
            ["verify", &scores, "--assignment", &path, "--capacity", "5", "--groups", &groups];
        run(&[&fixed[..], options].concat())
    };
    let verdict =
        verify(&["--group-capacity", "none,3", "--group-minimum", "1,2", "--json"]).json();
    let levels = serde_json::json!([
        {"groups": [0, 1, 2], "capacity": null, "minimum": 1},
        {"groups": [3, 4], "capacity": 3, "minimum": 2},
    ]);
    assert_eq!(verdict["groups"], levels);
    assert_eq!(verdict["load"]["groups"][1]["per_group"], serde_json::json!([3, 2]));
    // Shares of 5 slots by 1, 1 and 2 of 4 experts, and by 2 and 2.
    let factors = verify(&["--group-capacity-factor", "2,1.2", "--json"]).json();
    assert_eq!(factors["groups"][0]["capacity"], serde_json::json!([3, 3, 5]));
    assert_eq!(factors["groups"][1]["capacity"], 3);
    let broken = verify(&["--group-minimum", "none,3"]);
    assert!(broken.code == 4 && broken.stderr.contains("need 6 tokens"), "{broken}");
    let one = verify(&["--group-capacity", "3"]);
    assert!(one.code == 2 && one.stderr.contains("2 levels; give INNER,OUTER"), "{one}");
}

#[test]
fn prices_of_groups_are_found_beside_those_of_experts() {
    let (files, scores) = batch();
    let path = assignment(&files, 1, &[0, 0, 1, 2, 3]);
    let prices = files.write("prices.npy", &npy::encode_f64(&[0.0; 4]));
    let verify = |options: &[&str]| {
        let fixed = ["verify", &scores, "--assignment", &path, "--capacity", "5"];
        run(&[&fixed[..], &["--prices", &prices, "--json"], options].concat())
    };
    let grouped = ["--groups", "2", "--group-capacity", "3"];
    let missing = verify(&grouped);
    assert!(missing.code == 3 && missing.stderr.contains("there are 2 groups"), "{missing}");
    let plain = verify(&[]).json();
    let one = verify(&["--group-prices", &prices]);
    assert!(one.code == 2 && one.stderr.contains("--groups"), "{one}");
    // Group 0 earns 3 · 100, and all tokens flee to group 1: a bound that only these prices give.
    files.write("group_prices.npy", &npy::encode_f64(&[100.0, 0.0]));
    let beside = verify(&grouped).json();
    assert_ne!(beside["bound"], plain["bound"]);
    let other = files.write("other.npy", &npy::encode_f64(&[0.0, 0.0]));
    let given = verify(&[&grouped[..], &["--group-prices", &other]].concat()).json();
    assert_eq!(given["bound"], plain["bound"]);
    let short = files.write("short.npy", &npy::encode_f64(&[0.0]));
    let refused = verify(&[&grouped[..], &["--group-prices", &short]].concat());
    assert!(refused.code == 3, "{refused}");
    assert!(
        refused.stderr.contains("short.npy: expected one finite price for each of 2 groups, got 1")
    );
}

#[test]
fn wrong_options_are_2_and_say_what_mends_them() {
    let (_files, scores) = batch();
    let solve = |options: &[&str], parts: &[&str]| {
        fail(&[&["solve", &scores, "-k", "1"], options].concat(), 2, parts);
    };
    solve(
        &["--groups", "3"],
        &["--groups 3: 4 experts do not divide into 3 equal groups", "divides"],
    );
    solve(&["--groups", "0"], &["--groups 0", "0 equal groups"]);
    solve(&["--groups=-1"], &["whole number of groups"]);
    for option in ["--group-capacity", "--group-capacity-factor", "--group-minimum"] {
        solve(&[option, "2"], &["--groups <N|FILE>"]);
    }
    let two = ["--groups", "2"];
    solve(
        &[&two[..], &["--group-capacity", "1,2"]].concat(),
        &["--group-capacity has 2 numbers", "one level"],
    );
    solve(&[&two[..], &["--group-capacity", "few"]].concat(), &["\"few\"", "INNER,OUTER"]);
    solve(&[&two[..], &["--group-capacity=-1"]].concat(), &["\"-1\""]);
    solve(
        &[&two[..], &["--group-capacity-factor", "0"]].concat(),
        &["--group-capacity-factor: capacity factor 0"],
    );
    solve(
        &[&two[..], &["--group-capacity", "2", "--group-capacity-factor", "2"]].concat(),
        &["cannot be used"],
    );
    solve(
        &[&two[..], &["--group-minimum", "5"]].concat(),
        &["group 0: its minimum of 5 exceeds the 4", "--group-minimum"],
    );
    solve(&["--minimum", "3"], &["--minimum: expert 0 must hold at least 3", "lower its minimum"]);
    solve(&["--minimum=-1"], &["'-1' for '--minimum <N>'"]);
    solve(&["--minimum", "1", "--minimums", "x"], &["cannot be used"]);
    solve(&["--overflow-cost", "-1"], &["--overflow-cost", "at least 0"]);
    solve(&["--overflow-cost", "nan"], &["--overflow-cost", "at least 0"]);
    solve(&["--overflow", "1"], &["--overflow-cost <COST>"]);
    solve(&["--reward", "-1"], &["--reward: reward of -1"]);
    solve(&["--reward-up-to", "1"], &["--reward <GAIN>"]);
}

#[test]
fn wrong_files_are_3_and_limits_that_nothing_meets_are_4() {
    let (files, scores) = batch();
    let solve = |options: &[&str], code: i32, parts: &[&str]| {
        for command in ["solve", "compare"] {
            fail(&[&[command, &scores, "-k", "2"], options].concat(), code, parts);
        }
    };
    let four = files.write("four.txt", b"1 1 1 1");
    let five = files.write("five.txt", b"1\n1\n3\n1\n1");
    solve(&["--mask", &four], 3, &["four.txt: 4 values for 5 tokens; give one a token"]);
    solve(&["--mask", &five], 3, &["five.txt, line 3: \"3\"", "padding"]);
    solve(&["--mask", &files.at("none.txt")], 5, &["none.txt", "check the path"]);
    solve(&["--top-ks", &four], 3, &["four.txt: 4 values for 5 tokens"]);
    solve(
        &["--top-ks", &five],
        3,
        &["five.txt: token 2 takes 3 experts, more than the 2", "raise k"],
    );
    solve(&["--mask", &five, "--tokens", "9"], 3, &["within 0..5"]);
    solve(&["--minimums", &five], 3, &["five.txt: 5 values for 4 experts; give one an expert"]);
    let least = files.write("least.txt", b"0 0 4 0");
    solve(&["--minimums", &least], 3, &["least.txt: expert 2 must hold at least 4", "can hold 3"]);
    solve(&["--groups", &five], 3, &["five.txt: group 0: no expert is in it"]);
    let ones = files.write("ones.txt", b"0 0 0 1 1");
    solve(&["--groups", &ones], 3, &["ones.txt: 5 values for 4 experts"]);
    let mask = files.write("mask.txt", b"1 0 0 0 0");
    solve(&["--mask", &mask, "--minimum", "1"], 4, &["need 4 tokens", "lower the minimums"]);
    solve(&["--groups", "2", "--group-capacity", "4"], 4, &["need 10 slots", "leave 8"]);
}

#[test]
fn top_ks_may_say_k() {
    let (files, scores) = batch();
    let top_ks = files.write("top_ks.txt", b"2 2 2 2 2");
    let summary = succeed(&["solve", &scores, "--top-ks", &top_ks, "--json"]).json();
    // All alike: a plain problem, which every solver takes.
    assert_eq!((&summary["top_k"], &summary["features"]), (&2.into(), &().into()));
}
