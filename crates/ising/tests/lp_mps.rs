//! LP and MPS files change no energy: what the formats define is read so, and what could mean two things
//! is an error at its line.
//!
//! Expected values are those of HiGHS 1.16, Gurobi 13, CPLEX 22, SCIP 10 and dimod 0.12 where they agree;
//! where they differ, the file is refused.
#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

use std::path::Path;

use spinroute_ising::formats::{Format, Problem, read, read_with_notes, write, written_names};
use spinroute_ising::{Error, Qubo};

fn parse(format: Format, text: &str) -> Result<Problem, Error> {
    read(format, Path::new("test"), text.as_bytes(), &mut |_| {})
}

fn qubo(format: Format, text: &str) -> Qubo {
    parse(format, text).unwrap_or_else(|error| panic!("{error}\n{text}")).content.to_qubo().unwrap()
}

/// Variables, lowest energy and the state that has it.
fn lowest(format: Format, text: &str) -> (usize, f64, Vec<i8>) {
    let model = qubo(format, text);
    let n = model.linear().len();
    let states = (0..1 << n).map(|code| (0..n).map(|i| (code >> i & 1) as i8).collect::<Vec<i8>>());
    let best = states.map(|state| (model.energy(&state), state)).min_by(|a, b| a.0.total_cmp(&b.0));
    let (energy, state) = best.unwrap();
    (n, energy, state)
}

/// The error of a text: line, column, reason.
fn wrong(format: Format, text: &str) -> (usize, usize, String) {
    match parse(format, text) {
        Err(Error::Syntax { line, column, reason, .. }) => (line, column, reason),
        other => panic!("{other:?}\n{text}"),
    }
}

fn notes(format: Format, text: &str) -> Vec<String> {
    read_with_notes(format, Path::new("test"), text.as_bytes(), &mut |_| {}).unwrap().1
}

fn text(format: Format, problem: &Problem) -> String {
    let mut bytes = Vec::new();
    write(format, problem, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

macro_rules! fault {
    ($name:literal) => {
        include_str!(concat!("data/faults/", $name))
    };
}

#[test]
fn files_that_were_misread_have_their_energies() {
    use Format::{Lp, Mps};
    assert_eq!(lowest(Lp, fault!("01-bounds.lp")), (2, -1.0, vec![0, 1]));
    assert_eq!(qubo(Lp, fault!("01-bounds.lp")).offset(), 1.0);
    assert_eq!(lowest(Lp, fault!("02-sos-empty.lp")), (2, -2.0, vec![0, 1]));
    assert_eq!(lowest(Mps, fault!("05-intorg-default.mps")), (2, -3.0, vec![0, 1]));
    assert_eq!(lowest(Mps, fault!("05-second-n.mps")), (2, -3.0, vec![0, 1]));
    assert_eq!(lowest(Mps, fault!("05-qsection.mps")), (2, -3.0, vec![0, 1]));
    assert_eq!(qubo(Mps, fault!("05-qsection.mps")).energy(&[1, 1]), 2.0);
    assert_eq!(qubo(Mps, fault!("08-two-rhs.mps")).offset(), 7.0);
    assert_eq!(
        notes(Mps, fault!("08-two-rhs.mps")),
        ["of the vectors in RHS the first counts, \"R1\", not \"R2\""]
    );
    let (line, _, reason) = wrong(Lp, fault!("02-semi.lp"));
    assert_eq!(line, 7, "{reason}");
    assert!(reason.contains("`semi-continuous` holds something"), "{reason}");
    let (line, column, reason) = wrong(Lp, fault!("12-brackets.lp"));
    assert_eq!((line, column), (2, 10), "{reason}");
    assert!(reason.contains("a `[` in a name"), "{reason}");
    let (line, _, reason) = wrong(Mps, fault!("13-duplicate.mps"));
    assert_eq!(line, 6, "{reason}");
    assert!(reason.contains("line 5"), "{reason}");
}

/// An LP file of two variables with something behind the objective.
fn lp(rest: &str) -> String {
    format!("Minimize\n obj: 3 x - 2 z + [ 2 x * z + 8 z ^ 2 ] / 2\nSubject To\n{rest}\nEnd\n")
}

#[test]
fn sections_of_other_readers_are_empty_or_refused() {
    for heading in [
        "Semi",
        "SEMIS",
        "semi-continuous",
        "Semi-Continuous",
        "semi continuous",
        "SemiContinuous",
        "Semi-Integer",
        "SOS",
        "sos",
        "SOS1",
        "sos2",
        "Lazy Constraints",
        "LAZY  CONSTRAINTS",
        "LazyConstraints",
        "User Cuts",
        "user\tcuts",
        "UserCuts",
        "PWLObj",
        "pwlobj",
        "General Constraints",
        "GENERAL CONSTRAINT",
        "GeneralConstraints",
        "GenCons",
        "gen constrs",
        "Multi-Objectives",
        "multi objectives",
        "MultiObjectives",
        "Scenario 1",
        "Scenarios",
        "Indicators",
        "Indicator Constraints",
        "Ranges",
    ] {
        let empty = lp(&format!("Binary\n x z\n{heading}"));
        assert_eq!(lowest(Format::Lp, &empty), (2, 0.0, vec![0, 0]), "{heading}");
        let (line, _, reason) = wrong(Format::Lp, &lp(&format!("Binary\n x\n{heading}\n w y")));
        assert_eq!(line, 7, "{heading}: {reason}");
        assert!(reason.contains("holds something"), "{heading}: {reason}");
    }
    // A heading in the middle of a line is no variable either.
    for text in
        ["Binary\n x z Semi\n w", "Binary\n x z free", "General\n x z End", "Binary\n x z inf"]
    {
        let (line, _, reason) = wrong(Format::Lp, &lp(text));
        assert_eq!(line, 5, "{text}: {reason}");
        assert!(reason.contains("is a word of the format"), "{text}: {reason}");
    }
    let objectives =
        "Minimize multi-objectives\n OBJ0: Priority=2\n x\nSubject To\nBinary\n x\nEnd\n";
    assert!(wrong(Format::Lp, objectives).2.contains("`multi-objectives` holds something"));
    // Words that only begin like headings are variables.
    let names = parse(
        Format::Lp,
        "min\n generally + semis1 + sosx\nst\nbin\n generally semis1\n sosx\nend\n",
    );
    assert_eq!(names.unwrap().names.unwrap(), ["generally", "semis1", "sosx"]);
}

#[test]
fn bounds_say_what_is_so_or_fix_or_are_refused() {
    // 3 x - 2 z + x z + 4 z² at the values that the bounds leave.
    for (bounds, want) in [
        ("Bounds\n 0 <= x <= 1\n z <= 1\nBinary\n x z", (2, 0.0, vec![0, 0])),
        ("Bounds\n 1 >= x >= 0\n z =< 1\n 0 < z\nGenerals\n x z", (2, 0.0, vec![0, 0])),
        ("Binary\n x z\nBounds\n z = 1", (1, 2.0, vec![0])),
        ("Bounds\n z >= 1\nBinary\n x z", (1, 2.0, vec![0])),
        ("Bounds\n 1 <= z <= 1\nBinary\n x z", (1, 2.0, vec![0])),
        ("Bounds\n x = 1\n z = 0\nBinary\n x z", (0, 3.0, vec![])),
        ("Bounds\n x <= 1\n x <= 0\nBinary\n x z", (1, 0.0, vec![0])),
        ("Bounds\n z = 3\nBinary\n x", (1, 30.0, vec![0])),
        ("Bounds\n z = -0.5\nBinary\n x", (1, 2.0, vec![0])),
        ("Bounds\n 2 <= z <= 2\nGeneral\n z\nBinary\n x", (1, 12.0, vec![0])),
    ] {
        assert_eq!(lowest(Format::Lp, &lp(bounds)), want, "{bounds}");
    }
    for (bounds, line) in [
        ("Bounds\n z free\nBinary\n x z", 5),
        ("Bounds\n z <= 5\nBinary\n x z", 5),
        ("Bounds\n z >= -1\nBinary\n x z", 5),
        ("Bounds\n -inf <= z <= +inf\nBinary\n x z", 5),
        ("Bounds\n z <= 1\n z >= -infinity\nBinary\n x z", 6),
        ("Bounds\n z <= 0.5\nBinary\n x z", 5),
        ("Bounds\n z = 0.5\nBinary\n x z", 5),
        ("Bounds\n z = 2\nBinary\n x z", 5),
        ("Bounds\n z >= 1\n z <= 0\nBinary\n x z", 6),
        ("Bounds\n 0 <= z <= 1\nBinary\n x", 5),
        ("Bounds\n 0 <= z <= 2\nGeneral\n z\nBinary\n x", 5),
        ("Bounds\n z <= -1\nBinary\n x z", 5),
        ("General\n z\nBinary\n x", 8),
    ] {
        let (found, _, reason) = wrong(Format::Lp, &lp(bounds));
        assert_eq!(found, line, "{bounds}: {reason}");
        assert!(reason.contains("\"z\" is not binary"), "{bounds}: {reason}");
    }
    for bounds in
        ["Bounds\n z", "Bounds\n z <=", "Bounds\n 1 <= 2", "Bounds\n <= z", "Bounds\n - z"]
    {
        assert!(wrong(Format::Lp, &lp(bounds)).2.contains("expected"), "{bounds}");
    }
    let fixed = lp("Bounds\n z = 1\nBinary\n x z");
    assert_eq!(
        notes(Format::Lp, &fixed),
        ["fixed by its bounds and no variable of the problem: z = 1"]
    );
}

/// An MPS file of two columns, with its columns and what stands behind them.
fn mps(rows: &str, columns: &str, rest: &str) -> String {
    format!("NAME a b c\n{rows}COLUMNS\n{columns}{rest}ENDATA\n")
}

const ROWS: &str = "ROWS\n N obj\n";
const COLUMNS: &str = " x obj 2\n y obj -3\n";
const INTEGERS: &str = " M 'MARKER' 'INTORG'\n x obj 2\n y obj -3\n M 'MARKER' 'INTEND'\n";
const BINARY: &str = "BOUNDS\n BV B x\n BV B y\n";

#[test]
fn triangles_are_what_their_section_says() {
    let file = |section: &str| mps(ROWS, COLUMNS, &format!("{BINARY}{section}"));
    for (section, couplings) in [
        ("QUADOBJ\n x y 4\n", 4.0),
        ("QUADOBJ\n y x 4\n", 4.0),
        // As some programs write a triangle: all of Q.
        ("QUADOBJ\n x y -4\n y x -4\n", -4.0),
        ("QSECTION obj\n y x 4\n", 4.0),
        ("QSECTION\n x y 4\n", 4.0),
        ("QMATRIX\n x y 4\n y x 4\n", 4.0),
        ("QMATRIX\n x y 0\n", 0.0),
        ("QUADOBJ\nQMATRIX\n x y 4\n y x 4\nQSECTION obj\n", 4.0),
    ] {
        let model = qubo(Format::Mps, &file(section));
        assert_eq!(model.energy(&[1, 1]), -1.0 + couplings, "{section}");
        assert_eq!(model.energy(&[1, 0]), 2.0, "{section}");
    }
    assert_eq!(qubo(Format::Mps, &file("QMATRIX\n x x 6\n")).energy(&[1, 0]), 5.0);
    let mirrored = notes(Format::Mps, &file("QUADOBJ\n x y -4\n y x -4\n"));
    assert!(mirrored[0].contains("every pair in both orders, as in line 12"), "{mirrored:?}");
    for (section, place, want) in [
        ("QUADOBJ\n x y 4\n y x 5\n", 12, "in line 11: `QUADOBJ` is not symmetric"),
        ("QUADOBJ\n x y 4\n x y 4\n", 12, "twice in `QUADOBJ`, first in line 11"),
        ("QUADOBJ\n x x 4\n x x 4\n", 12, "twice in `QUADOBJ`, first in line 11"),
        ("QUADOBJ\n x y 4\n y x 4\n y x 4\n", 13, "twice in `QUADOBJ`"),
        ("QMATRIX\n x y 4\n", 11, "(x, y) has no mirror entry"),
        ("QMATRIX\n y x 4\n", 11, "(x, y) has no mirror entry"),
        ("QMATRIX\n x y 4\n y x 5\n", 12, "in line 11: `QMATRIX` is not symmetric"),
        ("QMATRIX\n x y 4\n y x 0\n", 12, "in line 11: `QMATRIX` is not symmetric"),
        ("QSECTION obj\n x y 4\n y x 5\n", 12, "`QSECTION` is not symmetric"),
        ("QSECTION other\n x y 4\n", 11, "`QSECTION` holds something"),
        ("QCMATRIX obj\n x y 4\n y x 4\n", 11, "`QCMATRIX` holds something"),
        ("QUADOBJ\n x y 4\nQMATRIX\n x y 4\n y x 4\n", 13, "`QUADOBJ` in line 10"),
        ("QUADOBJ\n x y 4\nQUADOBJ\n x x 4\n", 13, "`QUADOBJ` in line 10"),
        ("QSECTION obj\n x y 4\nQUADOBJ\n x x 4\n", 13, "`QSECTION` in line 10"),
    ] {
        let (line, _, reason) = wrong(Format::Mps, &file(section));
        assert_eq!(line, place, "{section}: {reason}");
        assert!(reason.contains(want), "{section}: {reason}");
    }
    let three = " x obj 2\n y obj -3\n z obj 0\n";
    let mixed = "BOUNDS\n BV B x\n BV B y\n BV B z\nQUADOBJ\n x y 4\n y x 4\n x z 1\n";
    let (line, _, reason) = wrong(Format::Mps, &mps(ROWS, three, mixed));
    assert_eq!(line, 14);
    assert!(reason.contains("one in line 15"), "{reason}");
}

#[test]
fn columns_rows_and_vectors_stand_once() {
    let free = "ROWS\n N obj\n N other\n";
    let energy = |text: &str| qubo(Format::Mps, text).energy(&[1, 1]);
    assert_eq!(
        energy(&mps(
            free,
            " x other 1 obj 2\n y obj -3\n",
            &format!("RHS\n R obj 7 other 3\n{BINARY}")
        )),
        -8.0
    );
    // The vector's name may be left out; a second vector is another one.
    assert_eq!(energy(&mps(ROWS, COLUMNS, &format!("RHS\n obj 7\n R2 obj 5\n{BINARY}"))), -8.0);
    assert_eq!(
        energy(&mps(
            ROWS,
            COLUMNS,
            &format!("RANGES\nRHS\n{BINARY} FX C x 0\nSOS\nINDICATORS\nGENCONS\n")
        )),
        -1.0
    );
    let chosen = format!("OBJSENSE\n    maximize\nOBJNAME\n    other\n{free}");
    assert_eq!(energy(&mps(&chosen, " x obj 2 other 5\n y obj -3\n", BINARY)), -5.0);
    let notes = notes(Format::Mps, &mps(free, COLUMNS, &format!("{BINARY} FX C x 0\n")));
    assert_eq!(notes.len(), 2, "{notes:?}");
    for (text, line, want) in [
        (mps(ROWS, " x obj 2 obj 5\n y obj 1\n", BINARY), 5, "first is in line 5"),
        (mps(ROWS, " x obj 2\n y obj 1\n x obj 5\n", BINARY), 7, "column \"x\" began in line 5"),
        (mps(free, " x obj 2\n y obj 1\n x other 5\n", BINARY), 8, "column \"x\" began in line 6"),
        (mps(free, " x other 2\n x other 2\n", BINARY), 7, "first is in line 6"),
        (mps(ROWS, " x obj 2\n y what 1\n", BINARY), 6, "not a row"),
        (mps("ROWS\n N obj\n N obj\n", COLUMNS, BINARY), 4, "the first is in line 3"),
        (mps("ROWS\n N obj\n N more 1 2 3\n", COLUMNS, BINARY), 4, "one objective"),
        (mps("ROWS\n N obj\n L c\n", COLUMNS, BINARY), 4, "no constraints"),
        (mps("OBJNAME\n what\nROWS\n N obj\n", COLUMNS, BINARY), 7, "not a row"),
        (mps(ROWS, COLUMNS, "RHS\n R obj 7\n R obj 3\n"), 9, "the first is in line 8"),
        (mps(ROWS, COLUMNS, "RHS\n obj 7\n obj 3\n"), 9, "the first is in line 8"),
        (mps(ROWS, INTEGERS, "BOUNDS\n UP B x 1\n UP B x 0\n"), 11, "the first is in line 10"),
        (mps(ROWS, COLUMNS, "BOUNDS\n BV B x\n BV B y\n FX B x 1\n"), 10, "the first is in line 8"),
        (
            mps(ROWS, COLUMNS, &format!("{BINARY}RANGES\n R obj 1\n")),
            11,
            "`RANGES` holds something",
        ),
        (mps(ROWS, COLUMNS, &format!("{BINARY}SOS\n S1 s\n x 1\n")), 11, "`SOS` holds something"),
        (mps(ROWS, COLUMNS, &format!("{BINARY}PWLOBJ\n x 0 0\n")), 11, "`PWLOBJ` holds something"),
        (mps(ROWS, COLUMNS, &format!("{BINARY}FOO\n")), 10, "unknown section"),
    ] {
        let text = text.replace(
            "OBJNAME\n what\nROWS\n N obj\nCOLUMNS\n x obj",
            "OBJNAME\n what\nROWS\n N obj\nCOLUMNS\n x what",
        );
        let (found, _, reason) = wrong(Format::Mps, &text);
        assert!(reason.contains(want), "{text}: {reason}");
        assert_eq!(found, line, "{text}: {reason}");
    }
}

#[test]
fn bounds_of_integer_columns() {
    let file = |bounds: &str| mps(ROWS, INTEGERS, &format!("BOUNDS\n{bounds}"));
    for (bounds, want) in [
        ("", (2, -3.0, vec![0, 1])),
        (" UP B x 1\n UI B y 1\n", (2, -3.0, vec![0, 1])),
        (" UP x 1\n BV y\n", (2, -3.0, vec![0, 1])),
        (" LO B x 0\n UP B x 1\n", (2, -3.0, vec![0, 1])),
        (" FX B x 1\n", (1, -1.0, vec![1])),
        (" FX B x 0\n FX B y 1\n", (0, -3.0, vec![])),
        (" FX B x 2\n", (1, 1.0, vec![1])),
        (" UP B y 0\n", (1, 0.0, vec![0])),
        (" LO B x 1\n UP B x 1\n", (1, -1.0, vec![1])),
        (" UP B1 x 1\n FX B2 x 1\n", (2, -3.0, vec![0, 1])),
        (" BV B x 1\n", (2, -3.0, vec![0, 1])),
    ] {
        assert_eq!(lowest(Format::Mps, &file(bounds)), want, "{bounds}");
    }
    for bounds in [
        "LO B x 0",
        "LO B x 1",
        "PL B x",
        "MI B x",
        "FR B x",
        "UP B x 3",
        "UP B x -1",
        "FX B x 0.5",
        "SC B x 1",
        "UP B x 1e30",
    ] {
        let (line, _, reason) = wrong(Format::Mps, &file(&format!(" {bounds}\n")));
        assert_eq!(line, 10, "{bounds}: {reason}");
        assert!(reason.contains("binary"), "{bounds}: {reason}");
    }
    // Without markers a column is continuous, whatever its bounds.
    let (line, _, reason) = wrong(Format::Mps, &mps(ROWS, COLUMNS, "BOUNDS\n UP B x 1\n BV B y\n"));
    assert_eq!(line, 8, "{reason}");
}

#[test]
fn names_mean_what_they_meant() {
    let json = parse(Format::Bqm, fault!("07-names.json")).unwrap();
    for (format, want) in [(Format::Lp, ["x1", "x_0"]), (Format::Mps, ["x1", "x[0]"])] {
        assert_eq!(written_names(format, &json), want);
        let back = parse(format, &text(format, &json)).unwrap();
        assert_eq!(back.names.unwrap(), want);
        assert_eq!(back.content, json.content);
    }
    let Problem { content, .. } = json;
    for name in [
        "semi", "FREE", "Inf", "nan", "sos", "St", "e5", "Constant", "bounds", "END", "7", "a b",
        "", "-x", "x:",
    ] {
        let names = Some(vec![name.to_owned(), "x0".to_owned()]);
        let problem = Problem { content: content.clone(), names };
        for format in [Format::Lp, Format::Mps] {
            let written = written_names(format, &problem);
            assert_eq!(written[1], "x0");
            let kept = format == Format::Mps && matches!(name, "x:" | "e5");
            assert_eq!(written[0] == name, kept, "{name}");
            let back = parse(format, &text(format, &problem)).unwrap();
            assert_eq!((back.content, back.names), (content.clone(), Some(written)), "{name}");
        }
    }
}

#[test]
fn an_offset_is_a_fixed_variable() {
    let coo = "# vartype=BINARY\n# offset=-5\n0 0 2\n1 1 -3\n0 1 4\n";
    let problem = parse(Format::Coo, coo).unwrap();
    let lp = text(Format::Lp, &problem);
    assert!(lp.contains(" - 5 Constant\n") && lp.contains("\nBounds\n Constant = 1\n"), "{lp}");
    assert_eq!(parse(Format::Lp, &lp).unwrap(), problem);
    assert_eq!(lowest(Format::Lp, &lp), (2, -8.0, vec![0, 1]));
    assert_eq!(notes(Format::Lp, &lp), [""; 0]);
}

#[test]
fn int_heads_a_section_and_fixed_columns_are_said() {
    let read = |text: &str| {
        let (name, ignore) = (Path::new("test.lp"), &mut |_| {});
        spinroute_ising::formats::read_with_notes(Format::Lp, name, text.as_bytes(), ignore)
            .unwrap()
    };
    let (problem, _) =
        read("Minimize\n obj: x + [ 2 x * y ] / 2\nBounds\n x <= 1\nBinary\n y\nint\n x\nEnd\n");
    assert_eq!(problem.content.variables(), 2);
    let (problem, notes) = read("Minimize\n x + 3 y\nBounds\n y = 3\nBinary\n x\nEnd\n");
    assert_eq!((problem.content.variables(), notes.len()), (1, 1), "{notes:?}");
}

#[test]
fn a_name_inside_the_model_is_refused() {
    let text =
        "NAME a\nROWS\n N c\nCOLUMNS\n x c 1\nNAME t\n z c 4\nBOUNDS\n BV b x\n BV b z\nENDATA\n";
    let (name, ignore) = (Path::new("test.mps"), &mut |_| {});
    let error =
        spinroute_ising::formats::read_with_notes(Format::Mps, name, text.as_bytes(), ignore);
    let error = error.err().unwrap().to_string();
    assert!(error.starts_with("test.mps, line 6") && error.contains("NAME"), "{error}");
}
