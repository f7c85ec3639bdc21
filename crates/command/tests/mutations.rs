//! Broken files of every format: a million of them, none panics and none takes memory that its bytes do
//! not back.
//!
//! Every mutated file goes to the reader of its format. Set `SPINROUTE_SEED` for other mutations;
//! a failure prints the seed and the number of the file.
#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

use std::panic::{AssertUnwindSafe, catch_unwind};

use peak_alloc::PeakAlloc;
use spinroute::checkpoint::{
    Error, File, MAX_DERIVED_EXPERTS, Router, Rows, Sparse, Table, Transform, npy, read_assignment,
    read_capacities, read_demands, read_groups, read_mask, read_minimums, read_prices, read_router,
    read_sparse, read_table,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const FILES: usize = 1_000_000;

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

    fn choose<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// A format: valid files to begin with, and the reader that they are for.
struct Target {
    name: &'static str,
    corpus: Vec<Vec<u8>>,
    read: fn(File) -> Result<(), Error>,
    /// Bytes that a byte of the file may become.
    growth: usize,
}

fn targets() -> Vec<Target> {
    let table = |file: File| {
        let scores = read_table(&file, None, Transform::Softmax, Rows::ALL)?;
        match scores {
            Table::F32(scores) => assert!(scores.iter().all(|x| *x < f32::INFINITY)),
            Table::F64(scores) => assert!(scores.iter().all(|x| *x < f64::INFINITY)),
        }
        Ok(())
    };
    let router = |file: File| {
        let router = Router { weights: &file, hidden: &file, layer: Some(3) };
        let scores = read_router(router, Transform::None, Rows::ALL)?;
        assert!(!scores.is_empty() && scores.iter().all(|x| x.is_finite()));
        Ok(())
    };
    let sparse = |file: File| {
        let sparse = Sparse {
            ids: &file,
            weights: &file,
            ids_tensor: None,
            weights_tensor: None,
            layer: Some(1),
            experts: None,
        };
        let scores = read_sparse(sparse, Transform::Sigmoid, Rows::ALL)?;
        assert!((1..=MAX_DERIVED_EXPERTS).contains(&scores.dim().1));
        Ok(())
    };
    let mut targets = vec![
        Target { name: "npy table", corpus: npy_tables(), read: table, growth: 64 },
        Target { name: "safetensors table", corpus: tensor_tables(), read: table, growth: 64 },
        Target { name: "router and hidden", corpus: vec![router_file()], read: router, growth: 64 },
        Target {
            name: "sparse candidates",
            corpus: sparse_files(),
            read: sparse,
            growth: 8 * MAX_DERIVED_EXPERTS,
        },
        Target {
            name: "assignment",
            corpus: vec![npy::encode_u32(&[4, 3], &[0, 1, u32::MAX, 2, 3, 4, 5, 6, 7, 0, 0, 0])],
            read: |file| read_assignment(&file).map(drop),
            growth: 64,
        },
        Target {
            name: "prices",
            corpus: vec![npy::encode_f64(&[0.5, 0.25, 0.0, 1e300])],
            read: |file| read_prices(&file).map(drop),
            growth: 64,
        },
    ];
    targets.extend(lists());
    targets
}

/// Those of one whole number an expert or a token.
fn lists() -> Vec<Target> {
    vec![
        Target {
            name: "capacities",
            corpus: vec![npy::encode_u32(&[3], &[5, 6, 7]), b"12\n0\n 4294967295\n\n7".to_vec()],
            read: |file| read_capacities(&file).map(drop),
            growth: 64,
        },
        Target {
            name: "minimums",
            corpus: vec![npy::encode_f64(&[5.0, 0.0, 7.0]), b"1, 2 3\n4e1\n".to_vec()],
            read: |file| read_minimums(&file).map(drop),
            growth: 64,
        },
        Target {
            name: "demands",
            corpus: vec![npy::encode_u32(&[2, 3], &[2, 0, 1, 2, 2, 0]), b"2 0 1\n2".to_vec()],
            read: |file| read_demands(&file, Rows::ALL).map(drop),
            growth: 64,
        },
        Target {
            name: "mask",
            corpus: vec![boolean_list(), b"1 0 true\nFalse,1".to_vec()],
            read: |file| read_mask(&file, Rows::ALL).map(drop),
            growth: 64,
        },
        Target {
            name: "groups",
            corpus: vec![
                npy::encode_u32(&[4, 2], &[0, 0, 0, 0, 1, 0, 2, 1]),
                npy::encode_i8(&[0, 1, -1, 1]),
                b"0 0\n0 0\n1 1\n2 1\n".to_vec(),
            ],
            read: |file| read_groups(&file).map(drop),
            growth: 128,
        },
    ]
}

fn boolean_list() -> Vec<u8> {
    replace(&npy::encode_i8(&[1, 0, 1, 1, 0]), b"|i1", b"|b1")
}

fn npy_tables() -> Vec<Vec<u8>> {
    let values: Vec<f32> = (0..12u8).map(|i| f32::from(i) - 3.0).collect();
    let c_order = npy::encode_f32(&[4, 3], &values);
    let text = |from: &str, to: &str| replace(&c_order, from.as_bytes(), to.as_bytes());
    let wide = replace(&text("<f4", "<f8"), b"(4, 3,)", b"(2, 3,)");
    vec![text("<f4", ">f4"), text("(4, 3,)", "(2, 6,)"), c_order.clone(), wide, {
        let mut half = text("<f4", "<f2");
        half.truncate(half.len() - 24);
        half
    }]
}

fn safetensors(tensors: &[(&str, &str, &[usize], &[u8])]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, dtype, shape, bytes) in tensors {
        let offsets = [data.len(), data.len() + bytes.len()];
        let info = serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
        header.insert((*name).into(), info);
        data.extend_from_slice(bytes);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes(), &header[..], &data[..]].concat()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn tensor_tables() -> Vec<Vec<u8>> {
    let values = bytes(&[0.5, 1.5, -2.0, 3.0, 0.25, 8.0]);
    vec![
        safetensors(&[("scores", "F32", &[2, 3], &values)]),
        safetensors(&[("scores", "BF16", &[4, 3], &values), ("step", "I64", &[1], &[0; 8])]),
        safetensors(&[("scores", "F64", &[1, 3], &values)]),
    ]
}

fn router_file() -> Vec<u8> {
    let (weights, hidden) = (bytes(&[0.5; 12]), bytes(&[1.5, -2.0, 0.25, 1.0, 0.0, -1.0]));
    safetensors(&[
        ("model.layers.3.mlp.gate.weight", "F32", &[4, 3], &weights),
        ("model.layers.3.mlp.gate.input", "F32", &[2, 3], &hidden),
    ])
}

fn sparse_files() -> Vec<Vec<u8>> {
    let ids = [0, 1, 3, 2, 7, 4, 2, 0, 1, 0, 5, 6];
    let wide = ids.map(i64::from).iter().flat_map(|id| id.to_le_bytes()).collect::<Vec<u8>>();
    let shape = [3, 2, 2];
    let weights = ("topk_weights", "F16", &shape[..], &[0x3c; 24][..]);
    let wide_weights = ("topk_weights", "F64", &shape[..], &[0x3c; 96][..]);
    vec![
        safetensors(&[("topk_ids", "U8", &shape, &ids), wide_weights]),
        safetensors(&[("topk_ids", "U8", &shape, &ids), weights]),
        safetensors(&[("topk_ids", "I64", &shape, &wide), weights]),
    ]
}

fn replace(file: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    match file.windows(from.len()).position(|window| window == from) {
        Some(at) => [&file[..at], to, &file[at + from.len()..]].concat(),
        None => file.to_vec(),
    }
}

/// Words of both headers, and numbers at the edges of what a size can be.
const WORDS: &[&str] = &[
    "True",
    "False",
    "'<f2'",
    "'>f8'",
    "'|u1'",
    "'<i8'",
    "'|O'",
    "[('a', '<f4')]",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "'",
    "\"",
    "shape",
    "descr",
    "F16",
    "BF16",
    "F64",
    "U8",
    "I64",
    "F8_E4M3",
    "data_offsets",
    "__metadata__",
    "null",
    "-1",
    "0",
    "1",
    "2",
    "3",
    "4",
    "65536",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e9",
    "0.5",
    "\u{e9}",
    "((((((((((((((((",
    "[[[[[[[[[[[[[[[[",
];

/// Replaces a number or a word of the header, and sets the header's length right again so that the
/// reader goes on to look at it.
fn edit_header(file: &[u8], random: &mut Random) -> Vec<u8> {
    let Some((start, end)) = header(file) else { return file.to_vec() };
    let text = &file[start..end];
    let kind = |b: u8| if b.is_ascii_digit() { 0 } else { 1 + u8::from(b.is_ascii_alphanumeric()) };
    let mut tokens: Vec<&[u8]> = text.chunk_by(|&a, &b| kind(a) == kind(b)).collect();
    let digits: Vec<usize> =
        (0..tokens.len()).filter(|&i| tokens[i].iter().all(u8::is_ascii_digit)).collect();
    for _ in 0..=random.below(2) {
        let numbers = !digits.is_empty() && random.below(2) == 0;
        let at =
            if numbers { digits[random.below(digits.len())] } else { random.below(tokens.len()) };
        tokens[at] = random.choose(WORDS).as_bytes();
    }
    let text = tokens.concat();
    let mut edited = file[..start].to_vec();
    if file.starts_with(npy::MAGIC) {
        edited[8..10].copy_from_slice(&(text.len() as u16).to_le_bytes());
    } else {
        edited[..8].copy_from_slice(&(text.len() as u64).to_le_bytes());
    }
    edited.extend(text);
    edited.extend(&file[end..]);
    edited
}

/// Where the header of a valid file lies.
fn header(file: &[u8]) -> Option<(usize, usize)> {
    let (start, length) = if file.starts_with(npy::MAGIC) {
        (10, usize::from(u16::from_le_bytes([*file.get(8)?, *file.get(9)?])))
    } else {
        (8, usize::try_from(u64::from_le_bytes(*file.first_chunk()?)).ok()?)
    };
    let end = length.checked_add(start)?;
    (length > 0 && end <= file.len()).then_some((start, end))
}

fn mutate(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut file = file.to_vec();
    // Mostly a single change, so that what lies deeper is reached too.
    for _ in 0..=random.below(7) / 4 {
        let at = random.below(file.len());
        match random.below(8) {
            0 if !file.is_empty() => file[at] ^= 1 << random.below(8),
            1 if !file.is_empty() => file[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            2 => file.truncate(at),
            3 => file.extend_from_slice(&other[..random.below(other.len())]),
            4 => {
                let from = random.below(other.len());
                file.truncate(at);
                file.extend_from_slice(&other[from..]);
            }
            5 if !file.is_empty() => {
                let end = (at + 1 + random.below(16)).min(file.len());
                file.drain(at..end);
            }
            6 => {
                let word = random.next().to_le_bytes();
                file.splice(at..at, word);
            }
            _ => file = edit_header(&file, random),
        }
    }
    file
}

#[test]
fn no_mutated_file_panics_or_takes_memory_beyond_its_size() {
    let seed = std::env::var("SPINROUTE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut random = Random(seed);
    // The pool's threads and buffers are not the reader's.
    rayon::broadcast(|_| ());
    let targets = targets();
    let all: Vec<&[u8]> = targets.iter().flat_map(|t| t.corpus.iter().map(Vec::as_slice)).collect();
    for target in &targets {
        for valid in &target.corpus {
            (target.read)(File::from_bytes("valid", valid.clone())).unwrap();
        }
    }
    let mut accepted = vec![0usize; targets.len()];
    for number in 0..FILES {
        let index = number % targets.len();
        let target = &targets[index];
        let corpus: Vec<&[u8]> = target.corpus.iter().map(Vec::as_slice).collect();
        let start = random.choose(&corpus);
        let file = mutate(start, random.choose(&all), &mut random);
        let what = format!("seed {seed}, file {number}, {}", target.name);
        let limit = MEMORY.current_usage() + target.growth * file.len() + (64 << 10);
        let copy = file.clone();
        MEMORY.reset_peak_usage();
        let result =
            catch_unwind(AssertUnwindSafe(|| (target.read)(File::from_bytes("mutated", file))));
        let peak = MEMORY.peak_usage();
        let Ok(result) = result else { panic!("{what} panics: {copy:02x?}") };
        assert!(peak <= limit, "{what} takes {peak} bytes: {copy:02x?}");
        match result {
            Ok(()) => accepted[index] += 1,
            Err(error) => assert!(error.to_string().starts_with("mutated"), "{what}: {error}"),
        }
    }
    for (target, accepted) in targets.iter().zip(&accepted) {
        let tried = FILES / targets.len();
        println!("seed {seed}: {}: {accepted} of {tried} are still readable", target.name);
        assert!(*accepted > 0 && *accepted < tried, "the mutations of {} are idle", target.name);
    }
}
