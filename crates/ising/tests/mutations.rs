//! Broken files: a hundred thousand of every format. None panics, none takes memory that its bytes do
//! not back, and every error names a line and a column of the file.
//!
//! Set `SPINROUTE_SEED` for other mutations; a failure prints the seed and the number of the file.
#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use peak_alloc::PeakAlloc;
use spinroute_ising::formats::{Content, Format, Problem, read, write};
use spinroute_ising::{Edge, Error, Graph, Ising, Qubo, Sparse};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Files of each format.
const FILES: usize = 100_000;

/// Bytes that a byte of a file may become, and those that any file may take: the 65,536 variables
/// that are believed without a byte each.
const GROWTH: usize = 512;
const SPARE: usize = 8 << 20;

/// The `SplitMix64` generator (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// What every format is made of.
const WORDS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "4",
    "-1",
    "0.5",
    "1e308",
    "-1e308",
    "1e309",
    "1e-320",
    "nan",
    "inf",
    "+",
    "-",
    "*",
    "/",
    "^",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\\",
    "#",
    "c",
    "p",
    "qubo",
    "obj",
    "x0",
    "x1",
    "End",
    "Binary",
    "Bounds",
    "General",
    "Minimize",
    "Maximize",
    "Subject To",
    "<=",
    "ROWS",
    "COLUMNS",
    "RHS",
    "BOUNDS",
    "QUADOBJ",
    "QMATRIX",
    "QSECTION",
    "RANGES",
    "SOS",
    "Semi",
    "free",
    ">=",
    "=",
    "FX",
    "LO",
    "Constant",
    "ENDATA",
    "OBJSENSE",
    "MAX",
    "BV",
    "UP",
    "N",
    "L",
    "'MARKER'",
    "'INTORG'",
    "SPIN",
    "BINARY",
    "vartype=SPIN",
    "vartype",
    "Vartype.",
    "'",
    "<",
    "%",
    "offset=2",
    "offset",
    "1.0",
    "\"1\"",
    "\"a\"",
    "[0,\"a\"]",
    "9223372036854775808",
    "\"variable_labels\":",
    "true",
    "null",
    "[[[[[[[[",
    "65535",
    "65536",
    "70000",
    "4294967294",
    "4294967295",
    "4294967296",
    "1000000000000",
    "18446744073709551615",
    "18446744073709551616",
    "\u{e9}",
    "\n",
    "\r\n",
    " ",
    "\t",
];

/// Valid files of a format, written here and elsewhere.
fn corpus(format: Format) -> Vec<Vec<u8>> {
    let pairs = [(0, 1, 1.5), (1, 2, -2.0), (0, 3, 0.25)];
    let sparse = || Sparse::from_triplets(4, pairs).unwrap();
    let edges = pairs.map(|(from, to, weight)| Edge { from, to, weight });
    let contents = [
        Content::Graph(Graph::new(4, edges.to_vec()).unwrap()),
        Content::Ising(Ising::new(vec![0.5, 0.0, -1.0, 2.0], sparse(), 3.0).unwrap()),
        Content::Qubo(Qubo::new(vec![0.0, 1e-7, -1e20, 2.0], sparse(), -0.5).unwrap()),
    ];
    let mut files: Vec<Vec<u8>> = contents
        .into_iter()
        .map(|content| {
            let mut file = Vec::new();
            write(format, &content.into(), &mut file).unwrap();
            file
        })
        .collect();
    let other: &[&str] = match format {
        Format::Lp => &[
            "max\n a: x + 2 y - [ 3 x * y + z^2 ]/2 + 1\nst\nbin\n x y z\nend\n",
            "min\n x + 2 y - 3 w + 5 Constant + [ w ^ 2 - x * w ] / 2\nst\nbounds\n 0 <= x <= 1\n w = 3\n \
             1 <= y <= 1\n Constant = 1\ngen\n x y\nsemi\nsos\nend\n",
        ],
        Format::Mps => &[
            "OBJSENSE\n MAX\nROWS\n N c\nCOLUMNS\n M 'MARKER' 'INTORG'\n x c 1\n y c 2\n M 'MARKER' \
             'INTEND'\nRHS\n c 3\nBOUNDS\n UP b x 1\n BV b y\nQMATRIX\n x y 1\n y x 1\nENDATA\n",
            "NAME t\nROWS\n N c\n N d\nCOLUMNS\n M 'MARKER' 'INTORG'\n x c 1 d 2\n y c 2\n M 'MARKER' \
             'INTEND'\n z c 1\nRHS\n R c 3 d 1\n S c 1\nRANGES\nBOUNDS\n FX b z 2\n LO b x 1\n UP b x 1\n\
             QSECTION c\n x y 1\n y z 1\n z z 2\nSOS\nENDATA\n",
        ],
        Format::Coo => &[
            "# a model\n# Vartype = 'SPIN'\n# offset: 2\n0 0 1\n1 0 2\n0 1 -1\n# vartype=<Vartype.SPIN: x>\n",
        ],
        Format::Qubo => {
            &["c offset unknown\np qubo 0 3 1 2\nc offset 2\n2 0 -1\n1 1 5\n c\n1 2 0.5\n"]
        }
        Format::Rudy => &["# a graph\n%\nc of three\n3 3\n1 2 1\n2 1 -1\n# more\n1 3 2\n"],
        Format::Bqm => &[
            "{\"type\": \"DictBQM\", \"version\": {\"bqm_schema\": \"3.0.0\"}, \"use_bytes\": false,\n\
             \"variable_labels\": [1, \"1\", 0.5, null,\n false, [0, \"a\"], \"x\\u00e9\"], \"variable_type\": \
             \"SPIN\",\n\"offset\": 0.5, \"info\": {}, \"linear_biases\": [1, 2, 3, 4, 5, 6, 7],\n\
             \"quadratic_biases\": [1, 2], \"quadratic_head\": [0, 1], \"quadratic_tail\": [1, 2]}\n",
        ],
        _ => return files,
    };
    files.extend(other.iter().map(|&file| file.into()));
    files
}

fn mutate(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut file = file.to_vec();
    // Mostly a single change, so that what lies deeper is reached too.
    for _ in 0..=random.below(7) / 4 {
        // The first lines and the labels are short, and much hangs on them.
        let end = if random.below(4) == 0 { file.len().min(80) } else { file.len() };
        let at = random.below(end);
        let word = WORDS[random.below(WORDS.len())].as_bytes();
        match random.below(8) {
            0 if !file.is_empty() => file[at] ^= 1 << random.below(8),
            1 => file.truncate(at),
            2 => {
                let from = random.below(other.len());
                file.truncate(at);
                file.extend_from_slice(&other[from..]);
            }
            3 if !file.is_empty() => {
                let end = (at + 1 + random.below(16)).min(file.len());
                file.drain(at..end);
            }
            4 => drop(file.splice(at..at, word.iter().copied())),
            5 => line(&mut file, random),
            // A word for a word, most often.
            _ => {
                let kind = |b: u8| b.is_ascii_whitespace();
                let start = file[..at].iter().rposition(|&b| kind(b)).map_or(0, |place| place + 1);
                let end = file[at..].iter().position(|&b| kind(b)).map_or(file.len(), |n| at + n);
                file.splice(start..end.max(start), word.iter().copied());
            }
        }
    }
    file
}

/// Doubles a line, or moves it to the end.
fn line(file: &mut Vec<u8>, random: &mut Random) {
    let lines: Vec<Vec<u8>> = file.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return;
    }
    let at = random.below(lines.len());
    let mut moved = lines.clone();
    if random.below(2) == 0 {
        moved.insert(random.below(lines.len()), lines[at].clone());
    } else {
        moved.remove(at);
        moved.push(lines[at].clone());
    }
    *file = moved.concat();
}

fn parse(format: Format, file: &[u8]) -> Result<Problem, Error> {
    read(format, Path::new("mutated"), file, &mut |_| {})
}

/// Whether an error names a place in the file: at most one line or column beyond its end.
fn names_a_place(error: &Error, file: &[u8]) -> bool {
    let &Error::Syntax { line, column, .. } = error else { return false };
    let lines: Vec<&[u8]> = file.split(|&b| b == b'\n').collect();
    let length = line.checked_sub(1).and_then(|index| lines.get(index)).map(|line| line.len());
    (1..=lines.len()).contains(&line) && (1..=length.unwrap_or(0) + 1).contains(&column)
}

fn attack(format: Format, seed: u64) {
    let mut random = Random(seed);
    let corpus = corpus(format);
    let all: Vec<Vec<u8>> = Format::ALL.iter().flat_map(|&format| self::corpus(format)).collect();
    for valid in &corpus {
        parse(format, valid).unwrap();
    }
    let mut accepted = 0;
    for number in 0..FILES {
        let start = &corpus[random.below(corpus.len())];
        let other = if random.below(4) == 0 { &all } else { &corpus };
        let file = mutate(start, &other[random.below(other.len())], &mut random);
        let what =
            || format!("seed {seed}, {format:?} {number}:\n{}", String::from_utf8_lossy(&file));
        let limit = MEMORY.current_usage() + GROWTH * file.len() + SPARE;
        MEMORY.reset_peak_usage();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let problem = parse(format, &file)?;
            // What was read can be written, unless a conversion is beyond f64.
            let written = write(format, &problem, io::sink());
            assert!(
                written.map_or_else(|error| error.kind() == io::ErrorKind::InvalidData, |()| true)
            );
            Ok(())
        }));
        let peak = MEMORY.peak_usage();
        assert!(peak <= limit, "takes {peak} bytes: {}", what());
        let Ok(result) = result else { panic!("{}", what()) };
        match result {
            Ok(()) => accepted += 1,
            Err(error) => assert!(names_a_place(&error, &file), "{error}: {}", what()),
        }
    }
    println!("seed {seed}: {format:?}: {accepted} of {FILES} are still readable");
    assert!(accepted > 0 && accepted < FILES, "the mutations of {format:?} are idle");
}

// One test: the memory of others running beside it would count as its own.
#[test]
fn no_mutated_file_panics_or_takes_memory_beyond_its_size() {
    let seed = std::env::var("SPINROUTE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for &format in Format::ALL {
        attack(format, seed);
    }
}
