//! Files: what is written reads back as it was, and what is wrong is named with its place.
#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

use std::collections::HashSet;
use std::path::Path;

use proptest::prelude::*;
use spinroute_ising::formats::{Content, Format, Problem, read, write};
use spinroute_ising::{AnyCouplings, Couplings, Edge, Error, Graph, Ising, Qubo, Sparse};

fn parse(format: Format, text: &str) -> Result<Problem, Error> {
    read(format, Path::new("test"), text.as_bytes(), &mut |_| {})
}

fn text(format: Format, problem: &Problem) -> String {
    let mut bytes = Vec::new();
    write(format, problem, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-9i32..9).prop_map(f64::from),
        -2.0..2.0,
        (any::<bool>(), -250.0..250.0).prop_map(|(sign, exponent)| {
            if sign { 10f64.powf(exponent) } else { -(10f64.powf(exponent)) }
        }),
    ]
}

/// Linear terms, pairs and an offset.
fn parts() -> impl Strategy<Value = (Vec<f64>, Vec<(u32, u32, f64)>, f64)> {
    (1u32..9).prop_flat_map(|n| {
        let pair = (0..n, 1..n.max(2), number())
            .prop_map(move |(i, gap, value)| (i, (i + gap) % n, value));
        let pair = pair.prop_filter("two variables", |&(i, j, _)| i != j);
        let pairs = proptest::collection::vec(pair, 0..if n > 1 { 20 } else { 1 });
        (proptest::collection::vec(number(), n as usize), pairs, number())
    })
}

fn contents() -> impl Strategy<Value = Content> {
    prop_oneof![
        parts().prop_map(|(linear, pairs, offset)| {
            let couplings = Sparse::from_triplets(linear.len(), pairs).unwrap();
            Content::Qubo(Qubo::new(linear, couplings, offset).unwrap())
        }),
        parts().prop_map(|(field, pairs, offset)| {
            let couplings = Sparse::from_triplets(field.len(), pairs).unwrap();
            Content::Ising(Ising::new(field, couplings, offset).unwrap())
        }),
        parts().prop_map(|(linear, pairs, _)| {
            let edges = pairs.iter().map(|&(from, to, weight)| Edge { from, to, weight });
            Content::Graph(Graph::new(linear.len(), edges.collect()).unwrap())
        }),
    ]
}

/// What a format makes of a problem: binaries only, or spins, or a graph.
fn held(format: Format, content: &Content) -> Content {
    match (format, content) {
        (Format::Qubo | Format::Lp | Format::Mps, content) => {
            Content::Qubo(content.to_qubo().unwrap())
        }
        (Format::Rudy, content) => Content::Graph(content.to_graph().unwrap()),
        (_, Content::Graph(graph)) => Content::Ising(graph.ising().unwrap()),
        (_, content) => content.clone(),
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(content in contents()) {
        for &format in Format::ALL {
            let problem = Problem::from(content.clone());
            let file = text(format, &problem);
            let back = parse(format, &file).unwrap_or_else(|error| panic!("{error}\n{file}"));
            prop_assert_eq!(&back.content, &held(format, &content), "{:?}\n{}", format, file);
            prop_assert_eq!(&back.names, &None);
            // And a second time to the last byte.
            prop_assert_eq!(text(format, &back), file.clone());
            // Line ends of Windows and a missing last one change nothing.
            let other = file.replace('\n', "\r\n");
            prop_assert_eq!(parse(format, other.trim_end()).unwrap(), back);
        }
    }

    #[test]
    fn names_are_kept_where_the_format_has_them(
        (linear, pairs, offset) in parts(),
        names in proptest::collection::hash_set("[a-df-z_][a-z0-9_.]{0,6}", 9),
    ) {
        let couplings = Sparse::from_triplets(linear.len(), pairs).unwrap();
        let names: Vec<String> = names.into_iter().take(linear.len()).map(|name| name + "?").collect();
        let content = Content::Qubo(Qubo::new(linear, couplings, offset).unwrap());
        let problem = Problem { content, names: Some(names) };
        for format in [Format::Bqm, Format::Lp, Format::Mps] {
            prop_assert_eq!(&parse(format, &text(format, &problem)).unwrap(), &problem);
        }
    }

    #[test]
    fn energies_survive_every_format(content in contents(), bits in any::<u16>()) {
        let model = content.to_ising().unwrap();
        let n = model.variables();
        let spins: Vec<i8> = (0..n).map(|i| if bits >> i & 1 == 1 { 1 } else { -1 }).collect();
        let energy = model.energy(&spins);
        let size: f64 = model.field().iter().chain([&model.offset()]).map(|x| x.abs()).sum();
        for &format in Format::ALL {
            let back = parse(format, &text(format, &content.clone().into())).unwrap().content;
            let got = if let (Content::Graph(graph), Format::Rudy) = (&back, format) {
                let spins = [&spins[..], &[1]].concat();
                let cut = graph.cut(&spins[..graph.nodes()]).unwrap();
                model.offset() + graph.total() - 2.0 * cut
            } else {
                back.to_ising().unwrap().energy(&spins)
            };
            let sum: f64 = match &back {
                Content::Graph(graph) => graph.edges().iter().map(|edge| edge.weight.abs()).sum(),
                other => other.to_qubo().unwrap().linear().iter().map(|a| a.abs()).sum(),
            };
            prop_assert!((got - energy).abs() <= 1e-12 * (1.0 + size + sum), "{format:?}: {got} {energy}");
        }
    }
}

/// Names as other programs have them: also those that look like numbers, keywords, operators or JSON.
fn names() -> impl Strategy<Value = Vec<String>> {
    let odd = [
        "1",
        "\"1\"",
        "01",
        "1.0",
        "-3",
        "x0",
        "x1",
        "x[0]",
        "x 1",
        "",
        " ",
        "null",
        "true",
        "[0,\"a\"]",
        "semi",
        "free",
        "inf",
        "nan",
        "sos1",
        "Binary",
        "End",
        "st",
        "obj",
        "RHS",
        "RANGES",
        "MARKER",
        "*",
        "$x",
        "c",
        "p",
        "#",
        "\\",
        "\"",
        "\n",
        "e5",
        "1e5",
        "\u{e9}",
        "<=",
        ">",
        "=",
        "+",
        "-",
        "^2",
        ":",
        "a:b",
        "ENDATA",
    ];
    let any = prop_oneof![
        proptest::sample::select(odd.map(String::from).to_vec()),
        "[ -~]{0,5}",
        "[xy][0-9]",
    ];
    // Labels that are equal in Python are written as texts, and come back as such.
    let apart = |names: &HashSet<String>, name: &String| name != "true" || !names.contains("1");
    proptest::collection::hash_set(any, 9)
        .prop_map(move |names| names.iter().filter(|name| apart(&names, name)).cloned().collect())
}

/// Of every state of the first variables, whose others are +1 or 1: as binaries and as spins.
fn energies(content: &Content, variables: usize) -> Vec<f64> {
    let all = content.variables();
    let bit = |word: usize, i: usize| if i < variables { (word >> i & 1) as i8 } else { 1 };
    let energy = |word: usize| {
        let bits: Vec<i8> = (0..all).map(|i| bit(word, i)).collect();
        let spins: Vec<i8> = bits.iter().map(|bit| 2 * bit - 1).collect();
        match content {
            Content::Qubo(model) => model.energy(&bits),
            Content::Ising(model) => model.energy(&spins),
            Content::Graph(graph) => graph.total() - 2.0 * graph.cut(&spins).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    (0..1_usize << variables).map(energy).collect()
}

/// The sum of the sizes of all numbers that a format makes of a problem: what rounding is relative to.
fn size(content: &Content) -> f64 {
    match content {
        Content::Graph(graph) => graph.edges().iter().map(|edge| edge.weight.abs()).sum(),
        other => {
            let (qubo, ising) = (other.to_qubo().unwrap(), other.to_ising().unwrap());
            let terms = qubo.linear().iter().chain(ising.field());
            let couplings = |couplings: &AnyCouplings| -> f64 {
                couplings.magnitudes().iter().map(|magnitude| magnitude.sum).sum()
            };
            terms.chain([&qubo.offset(), &ising.offset()]).map(|x| x.abs()).sum::<f64>()
                + couplings(qubo.couplings())
        }
    }
}

proptest! {
    #[test]
    fn no_format_and_no_name_changes_an_energy(content in contents(), names in names()) {
        let n = content.variables();
        let names = (!matches!(content, Content::Graph(_))).then(|| names[..n].to_vec());
        let want = energies(&content, n);
        let problem = Problem { content, names };
        for &format in Format::ALL {
            let file = text(format, &problem);
            let back = parse(format, &file).unwrap_or_else(|error| panic!("{error}\n{file}"));
            let offset = match &back.content {
                Content::Graph(_) => problem.content.to_ising().unwrap().offset(),
                _ => 0.0,
            };
            let near = 1e-12 * (size(&problem.content) + size(&back.content));
            // The same form, which is read to the last bit; a graph's energies are sums of cuts.
            let exact = std::mem::discriminant(&back.content)
                == std::mem::discriminant(&problem.content)
                && !matches!(back.content, Content::Graph(_));
            let near = if exact { 0.0 } else { near };
            for (got, want) in energies(&back.content, n).into_iter().zip(&want) {
                prop_assert!((got + offset - want).abs() <= near, "{}", file);
            }
            if format == Format::Bqm {
                prop_assert_eq!(&back.names, &problem.names.clone().filter(|names| {
                    !(0..).zip(names).all(|(i, name)| *name == u32::to_string(&i))
                }));
            }
        }
    }
}

/// The error of a text: line, column, reason.
fn wrong(format: Format, text: &str) -> (usize, usize, String) {
    match parse(format, text) {
        Err(Error::Syntax { line, column, reason, .. }) => (line, column, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn errors_name_line_and_column() {
    use Format::{Bqm, Coo, Lp, Mps, Qubo, Rudy};
    let cases = [
        (Qubo, "c hello\n0 0 1\n", (2, 1), "expected `p qubo"),
        (Qubo, "p qubo 0 2 1 0\n0 2 1\n", (2, 3), "2 is not a variable: they are 0 to 1"),
        (Qubo, "p qubo 0 2 1 0\n0 0 nan\n", (2, 5), "\"nan\" is not a finite number"),
        (Qubo, "p qubo 0 2 1 1\n0 0 1\n", (2, 5), "promises 1 diagonal terms and 1 couplers"),
        (Qubo, "p qubo 0 1000000000000 0 0\n", (1, 10), "at most 4294967295"),
        (Qubo, "p qubo 0 4000000000 0 0\n", (1, 23), "are believed"),
        (Qubo, "p qubo 0 0 1 0\n0 0 1\n", (2, 1), "there are none"),
        (Qubo, "p qubo 1 2 0 0\n", (1, 8), "expected `p qubo"),
        (Qubo, "", (1, 1), "no line"),
        (Rudy, "3 1 \n1 2\n", (2, 4), "expected `from to weight`"),
        (Rudy, "3 1\n1  4 1\n", (2, 4), "4 is not a variable: they are 1 to 3"),
        (Rudy, "3 1\n0 2 1\n", (2, 1), "0 is not a variable"),
        (Rudy, "3 1\n1 1 1\n", (2, 3), "to itself"),
        (Rudy, "3 1\n1 2 1\n2 3 1\n", (3, 1), "more edges than the 1"),
        (Rudy, "3 2\n1 2 1\n", (2, 5), "promises 2 edges, there are 1"),
        (Rudy, "3 2\n1 2 1e308\n1 3 1e308\n", (3, 9), "infinity"),
        (Coo, "0 0 1\n", (1, 5), "vartype"),
        (Coo, "# vartype=SPIN\n0 1 1 1\n", (2, 7), "more than `i j bias`"),
        (Coo, "# vartype=SPIN\n# vartype=BINARY\n", (2, 3), "a second vartype"),
        (Coo, "# vartype=SPIN\n0 4000000000 1\n", (2, 14), "are believed"),
        (Coo, "# vartype=SPIN\n0 1 1e308\n0 1 1e308\n", (3, 9), "sum of coupling"),
        (Bqm, "{\n \"type\": 3}", (2, 10), "expected value"),
        (Bqm, "{}", (1, 2), "missing field"),
        (Lp, "Minimize\n obj: 2 x 3\n", (2, 11), "expected a sign"),
        (Lp, "Minimize\n [ x * y y * x ] / 2\n", (2, 10), "expected a sign"),
        (Lp, "Minimize\n obj: x\nSubject To\n c: x <= 1\nEnd", (4, 2), "no constraints"),
        (Lp, "Minimize\n obj: x\nEnd\n", (3, 3), "variable \"x\" is not binary"),
        (Lp, "Minimize\n [ x ] / 2\nBinary\n x\nEnd\n", (2, 6), "expected `* variable`"),
        (Lp, "Minimize\n [ x * y ] / 3\n", (2, 14), "expected 2"),
        (Lp, "obj: x", (1, 1), "expected `Minimize`"),
        (Mps, "NAME\nROWS\n N obj\n L c\n", (4, 2), "no constraints"),
        (Mps, "ROWS\n N obj\nCOLUMNS\n x obj 1\nENDATA\n", (5, 6), "not binary"),
        (Mps, "ROWS\n N obj\nCOLUMNS\n x obj 1\nQUADOBJ\n x y 1\n", (6, 4), "not a column"),
        (Mps, "ROWS\n N obj\nCOLUMNS\n x obj 1\nBOUNDS\n UP B x 1\n", (6, 2), "binary"),
    ];
    for (format, text, place, want) in cases {
        let (line, column, reason) = wrong(format, text);
        assert_eq!((line, column), place, "{format:?} {text:?}: {reason}");
        assert!(reason.contains(want), "{format:?} {text:?}: {reason}");
    }
    let message = parse(Rudy, "x").unwrap_err().to_string();
    assert_eq!(message, "test, line 1, column 2: expected `nodes edges`");
}

#[test]
fn files_of_others_are_read() {
    let qubo = "c a comment\np  qubo  unconstrained  3  1 2\n\n 2 2 -1.5\n0 1 2\n2 0 -1e0\n";
    let lp = "\\ a comment\nMAXIMIZE\n value: - x + - 2 y - [ - 4 y * x + 2 y^2 - z * x ]/2 - 1\n\
              st\nBounds\nBinaries\n x y\n z\nGenerals\nend\n";
    let mps = "* a comment\nNAME          TEST\nOBJSENSE\n    MAX\nROWS\n N  COST\nCOLUMNS\n    \
               MARKER  'MARKER'  'INTORG'\n    X  COST  1.0\n    Y  COST  -2\n    MARKER  'MARKER'  \
               'INTEND'\nRHS\n    COST  3\nBOUNDS\n UP BND  X  1\n BV BND  Y\nQMATRIX\n X Y 4\n Y X 4\n \
               X X 6\nENDATA\n";
    let energy = |format, text, binaries: &[i8]| {
        parse(format, text).unwrap().content.to_qubo().unwrap().energy(binaries)
    };
    assert_eq!(energy(Format::Qubo, qubo, &[1, 1, 1]), -1.5 + 2.0 - 1.0);
    // -(-x - 2y - (-4xy + 2y - xz)/2 - 1), at x = y = z = 1 and at y = 1 alone.
    assert_eq!(energy(Format::Lp, lp, &[1, 1, 1]), 1.0 + 2.0 + (-4.0 + 2.0 - 1.0) / 2.0 + 1.0);
    assert_eq!(energy(Format::Lp, lp, &[0, 1, 0]), 2.0 + 1.0 + 1.0);
    // -(x - 2y + (4xy + 4yx + 6x)/2 - 3).
    assert_eq!(energy(Format::Mps, mps, &[1, 1]), -(1.0 - 2.0 + 7.0 - 3.0));
    assert_eq!(energy(Format::Mps, mps, &[1, 0]), -(1.0 + 3.0 - 3.0));
}

#[test]
fn a_conversion_beyond_f64_is_no_file() {
    let couplings = Sparse::from_triplets(2, [(0, 1, 1e308)]).unwrap();
    let problem = Problem::from(Content::Ising(Ising::new(vec![0.0; 2], couplings, 0.0).unwrap()));
    for &format in Format::ALL {
        let written = write(format, &problem, Vec::new());
        let fits = matches!(format, Format::Rudy | Format::Coo | Format::Bqm);
        assert_eq!(written.is_ok(), fits, "{format:?}");
    }
}
