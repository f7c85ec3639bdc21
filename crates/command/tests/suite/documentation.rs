//! `docs/cli.md` documents every option, and its examples run.

use spinroute::checkpoint::npy;

use super::shared::{Files, command, succeed};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");

fn page() -> String {
    std::fs::read_to_string(PAGE).unwrap()
}
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/e160k6-noaux");

#[test]
fn every_option_is_documented() {
    let subcommands: [&[&str]; 9] = [
        &["solve"],
        &["compare"],
        &["verify"],
        &["solvers"],
        &["qubo", "info"],
        &["qubo", "convert"],
        &["qubo", "solve"],
        &["qubo", "generate"],
        &["qubo", "trace"],
    ];
    for subcommand in subcommands {
        for word in succeed(&[subcommand, &["--help"]].concat()).stdout.split_whitespace() {
            let option = word.trim_end_matches(|c: char| !c.is_ascii_lowercase());
            if option.len() > 2 && option.starts_with("--") {
                assert!(page().contains(&format!("`{option}")), "{option} of {subcommand:?}");
            }
        }
    }
    for code in super::failures::codes() {
        assert!(page().contains(&format!("\n| {code} |")), "exit code {code}");
    }
}

/// Every line `$ spinroute …` of the page runs, in order, in a directory with the sample and a
/// small `scores.npy`; a line `exit N` below it says with what.
#[test]
fn every_example_runs() {
    let files = Files::new();
    let scores: Vec<f32> = (0..64 * 16).map(|i| (i * i % 97) as f32 / 97.0).collect();
    files.write("scores.npy", &npy::encode_f32(&[64, 16], &scores));
    let sample = files.path().join("crates/command/data/e160k6-noaux");
    std::fs::create_dir_all(&sample).unwrap();
    for name in ["router.safetensors", "hidden.safetensors"] {
        std::fs::copy(format!("{SAMPLE}/{name}"), sample.join(name)).unwrap();
    }
    let text = page().replace("\\\n", " ");
    let blocks = text.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut examples = 0;
    for example in blocks.flat_map(|block| block.split("$ ").skip(1)) {
        let (line, output) = example.split_once('\n').unwrap();
        let arguments: Vec<&str> = line.split_whitespace().skip(1).collect();
        let want = output.lines().find_map(|line| line.strip_prefix("exit ")).unwrap_or("0");
        let ran = command(&arguments).current_dir(files.path()).output().unwrap();
        let code = ran.status.code().unwrap().to_string();
        let error = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(code, want, "{line}: {error}");
        for line in output.lines().filter(|line| line.starts_with("error: ")) {
            assert_eq!(error.trim_end(), line);
        }
        examples += 1;
    }
    assert!(examples >= 8, "only {examples} examples found");
}

/// The list of solvers on the page is the command's, word for word.
#[test]
fn the_list_of_solvers_is_the_pages() {
    let page = page();
    let (_, block) = page.split_once("$ spinroute solvers\n").unwrap();
    let (shown, _) = block.split_once("```").unwrap();
    assert_eq!(succeed(&["solvers"]).stdout, shown);
}
