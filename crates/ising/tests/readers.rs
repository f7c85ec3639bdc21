//! What the readers of coordinates, max-cut, qbsolv and JSON take a text to mean, and what they refuse.
//!
//! `data/faults` holds inputs that were once read wrongly or refused; the expected values are those of the
//! readers of others (dimod 0.12.23; `MQLib` for the comments of max-cut files).
#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

use std::path::Path;

use serde_json::{Value, json};
use spinroute_ising::formats::{Content, Format, Problem, read, write};
use spinroute_ising::{Couplings, Error, Qubo, Sparse, Vartype};

fn parse(format: Format, text: &str) -> Result<Problem, Error> {
    read(format, Path::new("test"), text.as_bytes(), &mut |_| {})
}

fn text(format: Format, problem: &Problem) -> String {
    let mut bytes = Vec::new();
    write(format, problem, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The error of a text: line and reason.
fn refused(format: Format, text: &str) -> (usize, String) {
    match parse(format, text) {
        Err(Error::Syntax { line, reason, .. }) => (line, reason),
        other => panic!("{text:?}: {other:?}"),
    }
}

/// Every state's energy, in the values of the content.
fn energies(content: &Content) -> Vec<f64> {
    let n = content.variables();
    let bit = |word: usize, i: usize| (word >> i & 1) as i8;
    (0..1_usize << n)
        .map(|word| match content {
            Content::Qubo(model) => {
                model.energy(&(0..n).map(|i| bit(word, i)).collect::<Vec<i8>>())
            }
            other => {
                let spins: Vec<i8> = (0..n).map(|i| 2 * bit(word, i) - 1).collect();
                other.to_ising().unwrap().energy(&spins)
            }
        })
        .collect()
}

fn lowest(content: &Content) -> f64 {
    energies(content).into_iter().fold(f64::INFINITY, f64::min)
}

#[test]
fn files_of_others_mean_what_their_readers_say() {
    let content = |format, text| parse(format, text).unwrap().content;
    let coo = content(Format::Coo, include_str!("data/faults/03-vartype.coo"));
    assert_eq!((coo.vartype(), coo.variables(), coo.interactions()), (Vartype::Spin, 3, 2));
    assert_eq!(lowest(&coo), -4.5);
    let cut = content(Format::Rudy, include_str!("data/faults/04-comment.mc"));
    let Content::Graph(graph) = &cut else { panic!("{cut:?}") };
    assert_eq!((graph.nodes(), graph.edges().len()), (3, 3));
    assert_eq!(graph.cut_of_energy(lowest(&cut)), 3.0);
    let qubo = content(Format::Qubo, include_str!("data/faults/09-comment-offset.qubo"));
    assert_eq!((qubo.variables(), lowest(&qubo)), (2, -2.0));
    for (file, names, labels) in [
        (include_str!("data/faults/10-labels.json"), ["1", "\"1\""], json!([1, "1"])),
        (include_str!("data/faults/07-names.json"), ["x1", "x[0]"], json!(["x1", "x[0]"])),
    ] {
        let problem = parse(Format::Bqm, file).unwrap();
        assert_eq!(problem.names.as_ref().unwrap(), &names);
        assert_eq!(lowest(&problem.content), -1.0);
        let written: Value = serde_json::from_str(&text(Format::Bqm, &problem)).unwrap();
        assert_eq!(written["variable_labels"], labels);
        assert_eq!(written["linear_biases"], json!([-1, 5]));
    }
}

#[test]
fn a_vartype_is_read_in_any_spelling() {
    let spin = [
        "# vartype=SPIN",
        "#vartype=SPIN",
        "# vartype: SPIN",
        "# vartype = SPIN",
        "# Vartype=SPIN",
        "# VARTYPE : spin",
        "# vartype=Vartype.SPIN",
        "# vartype=dimod.SPIN",
        "# vartype='SPIN'",
        "# vartype = \"spin\"",
        "# vartype=<Vartype.SPIN: frozenset({1, -1})>",
        "# a model, vartype=SPIN, of three",
        "## vartype=SPIN",
        "\t# vartype:\tSPIN",
        "# vartype SPIN",
        "# caf\u{e9}, vartype=SPIN",
    ];
    for header in spin {
        for (header, want) in [
            (header.to_owned(), Vartype::Spin),
            (header.replace("SPIN", "BINARY").replace("spin", "binary"), Vartype::Binary),
        ] {
            // Wherever it stands, and once more.
            for text in [format!("{header}\n0 1 2\n"), format!("0 1 2\n{header}\r\n{header}\n")] {
                let content = parse(Format::Coo, &text).unwrap().content;
                assert_eq!((content.vartype(), content.interactions()), (want, 1), "{text:?}");
            }
        }
    }
    // What is no header, and what is none that we know.
    for comment in ["# vartype", "# vartype unknown", "# vartypes", "# spin", "vartype=SPIN"] {
        assert!(parse(Format::Coo, &format!("{comment}\n0 1 2\n")).is_err(), "{comment}");
    }
    for header in ["# vartype=INTEGER", "# vartype=", "# vartype: see below", "# vartype=SPINS"] {
        let (line, reason) = refused(Format::Coo, &format!("# one\n{header}\n# vartype=SPIN\n"));
        assert_eq!((line, &*reason), (2, "the vartype is BINARY or SPIN"), "{header}");
    }
    let (line, reason) = refused(Format::Coo, "# vartype=SPIN\n\n# vartype: binary\n");
    assert_eq!((line, &*reason), (3, "a second vartype that differs from the first, in line 1"));
}

#[test]
fn terms_of_coordinates_add_up_as_in_dimod() {
    let coo = parse(Format::Coo, "# vartype=SPIN\n0 1 2\n1 0 3\n0 0 1\n0 0 2\n").unwrap().content;
    let Content::Ising(model) = &coo else { panic!("{coo:?}") };
    assert_eq!((model.field(), model.energy(&[1, 1])), (&[3.0, 0.0][..], 8.0));
    // dimod passes over such lines, and their biases with them.
    assert_eq!(lowest(&parse(Format::Coo, "# vartype=SPIN\n0 0 1e2\n").unwrap().content), -100.0);
    assert_eq!(refused(Format::Coo, "# vartype=SPIN\n0 0 1 # heavy\n").0, 2);
    assert_eq!(refused(Format::Coo, "# vartype=SPIN\n-1 0 1\n").0, 2);
}

#[test]
fn an_offset_is_a_comment_with_a_number_and_any_other_is_a_comment() {
    let plain = ["", "# offset", "# offset unknown", "# offset=unknown", "# offset = 5 or so"];
    let coo = |comment: &str| format!("# vartype=BINARY\n{comment}\n0 0 1\n");
    for comment in plain.into_iter().chain(["# offset=nan", "# offset=-inf", "# no offset=3"]) {
        let content = parse(Format::Coo, &coo(comment)).unwrap().content;
        assert_eq!(energies(&content), [0.0, 1.0], "{comment}");
    }
    for comment in ["# offset=5", "#offset=+5", "# offset = 5.0", "# offset: 5e0 "] {
        let content = parse(Format::Coo, &coo(comment)).unwrap().content;
        assert_eq!(energies(&content), [5.0, 6.0], "{comment}");
    }
    let qubo = |comment: &str| format!("{comment}\np qubo 0 1 1 0\n{comment} \n0 0 1\n c end\nc\n");
    for comment in
        ["c", "c offset", "c offset unknown", "c offset 5 or so", "c nan", "c offset nan"]
    {
        let content = parse(Format::Qubo, &qubo(comment)).unwrap().content;
        assert_eq!(energies(&content), [0.0, 1.0], "{comment}");
    }
    let at = "p qubo 0 1 1 0\n0 0 1\nc  offset -2.5\n";
    assert_eq!(energies(&parse(Format::Qubo, at).unwrap().content), [-2.5, -1.5]);
    // Two offsets: neither of the two, nor their sum, is sure to be meant. And none is beyond f64.
    for (format, text, line) in [
        (Format::Coo, "# offset=1\n# vartype=SPIN\n# offset=1\n", 3),
        (Format::Qubo, "c offset 1\np qubo 0 0 0 0\nc offset 2\n", 3),
    ] {
        assert_eq!(refused(format, text), (line, "a second offset; the first is in line 1".into()));
    }
    assert!(refused(Format::Coo, "# offset=1e999\n").1.contains("not a finite number"));
    assert!(refused(Format::Qubo, "c offset -1e999\n").1.contains("not a finite number"));
}

#[test]
fn comments_of_max_cut_files() {
    let plain = parse(Format::Rudy, "3 2\n1 2 1\n2 3 -1\n").unwrap();
    for text in [
        "# one\n\n# two\n3 2\n1 2 1\n2 3 -1\n",
        "#\n  # indented\n3 2\n# among the edges\n1 2 1\n2 3 -1\n# at the end\n",
        "% as Matrix Market has it\n3 2\n1 2 1\n2 3 -1\n",
        "c as DIMACS has it\nc\n3 2\n1 2 1\nc\t3\n2 3 -1",
        "\r\n# Windows\r\n3 2\r\n1 2 1\r\n2 3 -1\r\n",
    ] {
        assert_eq!(parse(Format::Rudy, text).unwrap(), plain, "{text:?}");
    }
    for (text, line) in [
        ("# only\n", 1),
        ("3 2\n1 2 1\n# 2 3 -1\n", 3),
        ("3 1\n1 2 1 # heavy\n", 2),
        ("cut\n3 1\n1 2 1\n", 1),
    ] {
        assert_eq!(refused(Format::Rudy, text).0, line, "{text:?}");
    }
    // Parallel edges add up, in either direction.
    let cut = parse(Format::Rudy, "2 3\n1 2 1\n2 1 4\n1 2 -2\n").unwrap().content;
    let Content::Graph(graph) = &cut else { panic!("{cut:?}") };
    assert_eq!((graph.cut(&[1, -1]), graph.cut_of_energy(lowest(&cut))), (Some(3.0), 3.0));
}

#[test]
fn qbsolv_states_every_term_once() {
    for (text, line, want) in [
        ("p qubo 0 3 0 2\n0 1 1\n0 1 2\n", 3, "the coupler 0 1 is in line 2 already"),
        ("p qubo 0 3 0 2\nc one\n0 1 1\n\n1 0 1\n", 5, "the coupler 0 1 is in line 3 already"),
        ("p qubo 0 3 2 0\n2 2 1\n2 2 0\n", 3, "the diagonal term 2 2 is in line 2 already"),
        // The first line that repeats one, whatever the header promises.
        ("p qubo 0 3 9 9\n1 2 1\n0 1 1\n0 1 1\n2 1 1\n", 4, "the coupler 0 1 is in line 3"),
    ] {
        let (at, reason) = refused(Format::Qubo, text);
        assert!(at == line && reason.contains(want), "{text:?}: line {at}, {reason}");
    }
    // In any order, and from the larger to the smaller, a term alone is what it says.
    let mixed = "p qubo 0 3 2 2\n2 0 4\n1 1 -1\n0 1 2\n0 0 -3\n";
    let content = parse(Format::Qubo, mixed).unwrap().content;
    assert_eq!(energies(&content), [0.0, -3.0, -1.0, -2.0, 0.0, 1.0, -1.0, 2.0]);
}

/// dimod's JSON for those labels, each in a line of its own.
fn labelled(labels: &[&str]) -> String {
    let zeros = vec!["0"; labels.len()].join(",");
    format!(
        "{{\"type\": \"BinaryQuadraticModel\", \"variable_type\": \"SPIN\", \"offset\": 0,\n\
         \"linear_biases\": [{zeros}], \"quadratic_biases\": [], \"quadratic_head\": [],\n\
         \"quadratic_tail\": [], \"variable_labels\": [\n{}\n]}}",
        labels.join(",\n")
    )
}

#[test]
fn labels_keep_their_kind() {
    let all = [
        "1",
        "\"1\"",
        "-1",
        "\"-1\"",
        "0.5",
        "\"0.5\"",
        "\"\"",
        "\" 1\"",
        "\"01\"",
        "\"1.0\"",
        "null",
        "\"null\"",
        "false",
        "\"false\"",
        "\"x\"",
        "\"\\\"x\\\"\"",
        "[]",
        "[1]",
        "[\"1\"]",
        "\"[1]\"",
        "[0,\"a\"]",
        "[0,[1,null]]",
        "\"\u{e9}\\n\"",
        "9007199254740993",
    ];
    let problem = parse(Format::Bqm, &labelled(&all)).unwrap();
    let names = problem.names.as_ref().unwrap();
    let distinct: std::collections::HashSet<&String> = names.iter().collect();
    assert_eq!((distinct.len(), &*names[0], &*names[1]), (all.len(), "1", "\"1\""));
    let file = text(Format::Bqm, &problem);
    let written: Value = serde_json::from_str(&file).unwrap();
    let want: Value = serde_json::from_str(&format!("[{}]", all.join(","))).unwrap();
    assert_eq!(written["variable_labels"], want);
    assert_eq!(parse(Format::Bqm, &file).unwrap(), problem);
}

#[test]
fn labels_that_are_equal_or_none_are_refused() {
    // As keys of a Python dict they are the same. The first label is in line 4, column 1.
    for labels in [
        &["\"a\"", "\"b\"", "\"a\""][..],
        &["\"a\"", "\"\\u0061\""],
        &["1", "1.0"],
        &["true", "1"],
        &["-0.0", "false"],
        &["null", "null"],
        &["\"x\"", "\"1\"", "[1,\"y\"]", "[1.0,\"y\"]"],
    ] {
        match parse(Format::Bqm, &labelled(labels)) {
            Err(Error::Syntax { line, column: 1, reason, .. }) if line == labels.len() + 3 => {
                assert!(reason.contains("in line ") && reason.contains("its own"), "{reason}");
            }
            other => panic!("{labels:?}: {other:?}"),
        }
    }
    let (at, reason) = refused(Format::Bqm, &labelled(&["7", "\"a\"", "\"b\"", "\"a\""]));
    let want = "variable 3 has the label \"a\", but so has variable 1 in line 5: \"a\"; every variable \
                needs its own";
    assert_eq!((at, &*reason), (7, want));
    for (label, want) in [
        ("{\"a\": 1}", "expected a label"),
        ("18446744073709551616", "less than 2^63"),
        ("9223372036854775808", "less than 2^63"),
        ("-1e300", "less than 2^63"),
    ] {
        let (at, reason) = refused(Format::Bqm, &labelled(&["0", label]));
        // The parser of numbers looks one byte ahead, into the next line.
        assert!((5..=6).contains(&at) && reason.contains(want), "{label}: {at} {reason}");
    }
}

#[test]
fn names_from_elsewhere_become_labels_of_their_own() {
    let written = |names: &[&str]| {
        let zeros = vec![0.0; names.len()];
        let model = Qubo::new(zeros, Sparse::none(names.len()), 0.0).unwrap();
        let names = Some(names.iter().map(|&name| name.to_owned()).collect());
        let mut file = Vec::new();
        write(Format::Bqm, &Problem { content: Content::Qubo(model), names }, &mut file)?;
        let json: Value = serde_json::from_slice(&file).unwrap();
        Ok::<Value, std::io::Error>(json["variable_labels"].clone())
    };
    // Of an MPS file, say, whose columns are all texts.
    assert_eq!(written(&["x", "2", "1.0"]).unwrap(), json!(["x", 2, "1.0"]));
    assert_eq!(written(&["1", "true", "x"]).unwrap(), json!(["1", "true", "x"]));
    let error = written(&["x", "y", "x"]).unwrap_err();
    assert!(error.to_string().contains("\"x\""), "{error}");
    // Too few names, in any format.
    let model = Content::Qubo(Qubo::new(vec![0.0; 2], Sparse::none(2), 0.0).unwrap());
    let problem = Problem { content: model, names: Some(vec!["x".into()]) };
    for &format in Format::ALL {
        let error = write(format, &problem, std::io::sink()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "{format:?}");
    }
}

#[test]
fn json_of_other_classes_and_repeated_keys() {
    let file = labelled(&["\"a\""]);
    for class in ["DictBQM", "Float32BQM"] {
        let other = file.replace("BinaryQuadraticModel", class);
        assert_eq!(parse(Format::Bqm, &other).unwrap(), parse(Format::Bqm, &file).unwrap());
    }
    assert!(
        refused(Format::Bqm, &file.replace("BinaryQuadraticModel", "SampleSet"))
            .1
            .contains("unknown variant")
    );
    let twice = file.replace("\"offset\": 0", "\"offset\": 0, \"offset\": 1");
    assert_eq!(refused(Format::Bqm, &twice), (1, "duplicate field `offset`".into()));
    let labels = file.replace("\"offset\": 0", "\"variable_labels\": [2], \"offset\": 1");
    assert!(refused(Format::Bqm, &labels).1.contains("duplicate field"));
    // Pairs that are named twice add up, as in dimod.
    let pairs = labelled(&["\"a\"", "\"b\""])
        .replace("\"quadratic_biases\": []", "\"quadratic_biases\": [1, 2]")
        .replace("\"quadratic_head\": []", "\"quadratic_head\": [0, 1]")
        .replace("\"quadratic_tail\": []", "\"quadratic_tail\": [1, 0]");
    let content = parse(Format::Bqm, &pairs).unwrap().content;
    let Content::Ising(model) = content else { panic!("{content:?}") };
    assert_eq!((model.couplings().interactions(), model.energy(&[1, 1])), (1, 3.0));
}

/// A problem of one variable in every format that is a text of words, with its coefficient left open.
const ONE: [(Format, &str); 5] = [
    (Format::Qubo, "p qubo 0 1 1 0\n0 0 @\n"),
    (Format::Rudy, "2 1\n1 2 @\n"),
    (Format::Coo, "# vartype=BINARY\n0 0 @\n"),
    (Format::Lp, "min\n obj: @ x\nbinary\n x\nend\n"),
    (Format::Mps, "ROWS\n N obj\nCOLUMNS\n x obj @\nBOUNDS\n BV b x\nENDATA\n"),
];

#[test]
fn a_byte_order_mark_is_named() {
    let json = (Format::Bqm, "{}");
    for (format, body) in ONE.into_iter().chain([json]) {
        for mark in [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"] {
            let bytes = [mark, body.replace('@', "2").as_bytes()].concat();
            // A byte at a time, too, as a pipe may give them.
            for most in [1, bytes.len()] {
                let reader = std::io::BufReader::with_capacity(most, &*bytes);
                let error = read(format, Path::new("test"), reader, &mut |_| {}).unwrap_err();
                let want =
                    "test, line 1, column 1: a byte-order mark; save the file as UTF-8 without one";
                assert_eq!(error.to_string(), want, "{format:?}");
            }
        }
    }
}

#[test]
fn a_number_that_would_become_0_is_refused() {
    for (format, body) in ONE {
        for number in ["1e-400", "0.0005e-324", "100e-999999999999"] {
            let (_, reason) = refused(format, &body.replace('@', number));
            assert!(
                reason.contains("too small") && reason.contains(number),
                "{format:?}: {reason}"
            );
        }
        for number in ["0", "0e-400", "0.00", "5e-324"] {
            assert!(parse(format, &body.replace('@', number)).is_ok(), "{format:?}: {number}");
        }
        let (_, reason) = refused(format, &body.replace('@', "1e400"));
        assert!(reason.contains("not a finite number"), "{format:?}: {reason}");
    }
}
