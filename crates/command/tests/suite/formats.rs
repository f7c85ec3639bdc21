//! Every format, type, order and byte order is read as its twin (`npyz`, `safetensors`) wrote it.

use half::{bf16, f16};
use ndarray::{Array2, array};
use npyz::{DType, Order, WriterBuilder};
use spinroute::Demand;
use spinroute::checkpoint::{
    File, Router, Rows, Sparse, Table, Transform, npy, read_assignment, read_capacities,
    read_prices, read_router, read_sparse, read_table,
};

use super::failures::fail;
use super::shared::Files;

/// Exact in every float type.
fn values() -> Array2<f32> {
    array![[0.5, -2.0, 3.0], [1024.0, 0.0, f32::NEG_INFINITY]]
}

pub(crate) fn write_npy<T: npyz::Serialize>(
    descr: &str,
    shape: &[u64],
    order: Order,
    data: impl IntoIterator<Item = T>,
) -> File {
    let mut file = Vec::new();
    let dtype = DType::new_scalar(descr.parse().unwrap());
    let options = npyz::WriteOptions::new().dtype(dtype).shape(shape).order(order);
    let mut writer = options.writer(&mut file).begin_nd().unwrap();
    writer.extend(data).unwrap();
    writer.finish().unwrap();
    File::from_bytes("twin.npy", file)
}

fn tensors(tensors: &[(&str, safetensors::Dtype, &[usize], Vec<u8>)]) -> File {
    let views = tensors.iter().map(|(name, dtype, shape, data)| {
        (*name, safetensors::tensor::TensorView::new(*dtype, shape.to_vec(), data).unwrap())
    });
    File::from_bytes("twin.safetensors", safetensors::serialize(views, None).unwrap())
}

fn le<const N: usize, T>(values: &[T], bytes: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(bytes).collect()
}

fn table(file: &File) -> Table {
    read_table(file, None, Transform::None, Rows::ALL).unwrap()
}

/// The same numbers, kept as f64 where the file has f64.
fn expected(values: &Array2<f32>, wide: bool) -> Table {
    if wide { Table::F64(values.mapv(f64::from)) } else { Table::F32(values.clone()) }
}

#[test]
fn npy_tables_of_every_type_order_and_byte_order() {
    let values = values();
    for order in [Order::C, Order::Fortran] {
        let in_order: Vec<f32> = match order {
            Order::C => values.iter().copied().collect(),
            Order::Fortran => values.t().iter().copied().collect(),
        };
        for end in ['<', '>'] {
            let descr = |kind: &str| format!("{end}{kind}");
            let f16s = in_order.iter().map(|x| f16::from_f32(*x));
            let files = [
                write_npy(&descr("f2"), &[2, 3], order, f16s),
                write_npy(&descr("f4"), &[2, 3], order, in_order.iter().copied()),
                write_npy(&descr("f8"), &[2, 3], order, in_order.iter().map(|x| f64::from(*x))),
            ];
            for (file, wide) in files.iter().zip([false, false, true]) {
                assert_eq!(table(file), expected(&values, wide), "{order:?} {end}");
            }
        }
    }
}

#[test]
fn safetensors_tables_of_every_type() {
    use safetensors::Dtype;
    let (values, shape) = (values(), &[2, 3][..]);
    let flat = values.as_slice().unwrap();
    let files = [
        (Dtype::F16, le(flat, |x| f16::from_f32(*x).to_le_bytes())),
        (Dtype::BF16, le(flat, |x| bf16::from_f32(*x).to_le_bytes())),
        (Dtype::F32, le(flat, |x| x.to_le_bytes())),
        (Dtype::F64, le(flat, |x| f64::from(*x).to_le_bytes())),
    ];
    for (dtype, data) in files {
        // Tensors that cannot be meant do not hinder.
        let other = ("step", Dtype::I64, &[1][..], vec![0; 8]);
        let file = tensors(&[("scores", dtype, shape, data.clone()), other.clone()]);
        let values = expected(&values, dtype == Dtype::F64);
        assert_eq!(table(&file), values, "{dtype:?}");
        let file = tensors(&[("a", dtype, shape, data.clone()), ("b", dtype, shape, data), other]);
        let named = read_table(&file, Some("b"), Transform::None, Rows::ALL).unwrap();
        assert_eq!(named, values, "{dtype:?}");
        let error = read_table(&file, None, Transform::None, Rows::ALL).unwrap_err().to_string();
        assert!(error.ends_with("2 of its tensors could be meant; choose with tensor among a, b"));
    }
}

#[test]
fn large_tables_are_read_whole_and_in_part() {
    // Several blocks, and a last one that is not full.
    let large = Array2::from_shape_fn((1001, 7), |(r, c)| (r * 7 + c) as f32);
    let file = write_npy("<f4", &[1001, 7], Order::Fortran, large.t().iter().copied());
    assert_eq!(table(&file), Table::F32(large.clone()));
    let rows = "250..777".parse().unwrap();
    let part = read_table(&file, None, Transform::None, rows).unwrap();
    assert_eq!(part, Table::F32(large.slice(ndarray::s![250..777, ..]).to_owned()));
    let beyond = read_table(&file, None, Transform::None, "1002".parse().unwrap());
    assert!(beyond.unwrap_err().to_string().contains("the 1001 in twin.npy"));
}

#[test]
fn what_is_written_is_read_by_the_twin_and_by_us() {
    let file = npy::encode_u32(&[2, 3], &[1, 2, u32::MAX, 0, 4, 5]);
    let twin = npyz::NpyFile::new(&file[..]).unwrap();
    assert_eq!((twin.shape(), twin.order()), (&[2, 3][..], Order::C));
    assert_eq!(twin.into_vec::<u32>().unwrap(), [1, 2, u32::MAX, 0, 4, 5]);
    let assignment = read_assignment(&File::from_bytes("a.npy", file)).unwrap();
    assert_eq!((assignment.experts(0), assignment.experts(1)), (&[1, 2][..], &[0, 4, 5][..]));

    let prices = [0.5, 1e-300, 0.0];
    let file = npy::encode_f64(&prices);
    let twin = npyz::NpyFile::new(&file[..]).unwrap();
    assert_eq!(twin.shape(), [3]);
    assert_eq!(twin.into_vec::<f64>().unwrap(), prices);
    assert_eq!(read_prices(&File::from_bytes("p.npy", file)).unwrap(), prices);
}

#[test]
fn assignments_and_capacities_of_other_integer_types() {
    let signed = write_npy("<i8", &[2, 2], Order::Fortran, [3i64, -1, 1, 0]);
    let assignment = read_assignment(&signed).unwrap();
    assert_eq!((assignment.experts(0), assignment.experts(1)), (&[3, 1][..], &[0][..]));
    let wrong = write_npy("<i8", &[1, 2], Order::C, [3i64, -2]);
    let error = read_assignment(&wrong).unwrap_err().to_string();
    assert!(error.contains("token 0, slot 1 (byte ") && error.contains("-2 is no expert"));

    let capacities = write_npy(">u2", &[3], Order::C, [7u16, 0, 65535]);
    assert_eq!(read_capacities(&capacities).unwrap(), [7, 0, 65535]);
    let text = File::from_bytes("c.txt", b"7\n 0 \r\n\n65535".to_vec());
    assert_eq!(read_capacities(&text).unwrap(), [7, 0, 65535]);
    let wrong = File::from_bytes("c.txt", b"7\n-1\n".to_vec());
    assert!(read_capacities(&wrong).unwrap_err().to_string().starts_with("c.txt, line 2: \"-1\""));
}

#[test]
fn values_that_are_no_scores_are_refused_with_their_place() {
    let file = write_npy("<f8", &[2, 2], Order::Fortran, [1.0, f64::NAN, 2.0, 1.0]);
    let error =
        |file: &File| read_table(file, None, Transform::None, Rows::ALL).unwrap_err().to_string();
    let start = file.bytes().len() - 32;
    let place = format!("twin.npy, row 1, column 0 (byte {}): the value is NaN", start + 8);
    assert!(error(&file).starts_with(&place), "{}", error(&file));
    let file = write_npy("<f8", &[1, 2], Order::C, [1.0, -1e39]);
    assert!(error(&file).contains("row 0, column 1") && error(&file).contains("-1e39"));
    let file = write_npy("<f4", &[1, 2], Order::C, [f32::INFINITY, 0.0]);
    assert!(error(&file).contains("the value is inf"));
    let file = write_npy("<i4", &[1, 2], Order::C, [1, 0]);
    assert!(error(&file).contains("elements are i32; give f16"));
    let file = write_npy("<f4", &[2], Order::C, [1f32, 0.0]);
    assert!(error(&file).contains("shape [2]; expected tokens × experts"));
}

#[test]
fn router_scores_are_products_for_every_published_name() {
    use safetensors::Dtype;
    let (weights, hidden) =
        (array![[1f32, 2.0], [0.5, -1.0], [0.0, 3.0]], array![[2f32, 1.0], [0.0, 4.0]]);
    let data = |table: &Array2<f32>| le(table.as_slice().unwrap(), |x| x.to_le_bytes());
    for gate in [
        "model.layers.N.mlp.gate",
        "model.layers.N.block_sparse_moe.gate",
        "model.language_model.layers.N.mlp.gate",
        "layers.N.ffn.gate",
        "model.layers.N.block_sparse_moe.router.layer",
    ] {
        let name = |layer: &str, end: &str| format!("{}.{end}", gate.replace('N', layer));
        let (w, other) = (name("11", "weight"), name("1", "weight"));
        let weights_file = tensors(&[
            (&w, Dtype::F32, &[3, 2], data(&weights)),
            (&other, Dtype::F32, &[3, 2], vec![0; 24]),
        ]);
        let x = name("11", "input");
        let halves = le(hidden.as_slice().unwrap(), |x| f16::from_f32(*x).to_le_bytes());
        let hidden_file = tensors(&[(&x, Dtype::F16, &[2, 2], halves)]);
        let router = Router { weights: &weights_file, hidden: &hidden_file, layer: Some(11) };
        let scores = read_router(router, Transform::None, Rows::ALL).unwrap();
        assert_eq!(scores, array![[4.0, 0.0, 3.0], [8.0, -4.0, 12.0]], "{gate}");
        let error = read_router(Router { layer: Some(2), ..router }, Transform::None, Rows::ALL);
        assert!(error.unwrap_err().to_string().contains("no router of layer 2"), "{gate}");
    }
}

#[test]
fn products_depend_neither_on_threads_nor_on_the_slice() {
    let draw = |r: usize, c: usize| (((r * 31 + c * 17) % 101) as f32 - 50.0) / 37.0;
    let (weights, hidden) = (
        Array2::from_shape_fn((40, 96), |(r, c)| draw(r, c)),
        Array2::from_shape_fn((1500, 96), |(r, c)| draw(c, r)),
    );
    let file = |table: &Array2<f32>| {
        File::from_bytes("t.npy", npy::encode_f32(table.shape(), table.as_slice().unwrap()))
    };
    let (weights, hidden) = (file(&weights), file(&hidden));
    let router = Router { weights: &weights, hidden: &hidden, layer: None };
    let with = |threads: usize, rows: Rows| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| read_router(router, Transform::Softmax, rows).unwrap())
    };
    let whole = with(1, Rows::ALL);
    assert_eq!(with(2, Rows::ALL), whole);
    assert_eq!(with(5, Rows::ALL), whole);
    let part = with(2, "333..1200".parse().unwrap());
    assert_eq!(part, whole.slice(ndarray::s![333..1200, ..]));
}

#[test]
fn sparse_candidates_of_a_layer() {
    use safetensors::Dtype;
    // Two tokens, two layers, two candidates; layer 1 is what is asked for.
    let ids = vec![9, 8, 0, 3, 7, 6, 1, 0];
    let weights = [0.1, 0.2, 0.75, 0.25, 0.3, 0.4, 0.625, 0.375].map(f16::from_f32);
    let file = tensors(&[
        ("topk_ids", Dtype::U8, &[2, 2, 2], ids),
        ("topk_weights", Dtype::F16, &[2, 2, 2], le(&weights, |x| x.to_le_bytes())),
        ("seq_id", Dtype::U16, &[2], vec![0; 4]),
    ]);
    let sparse = Sparse {
        ids: &file,
        weights: &file,
        ids_tensor: None,
        weights_tensor: None,
        layer: Some(1),
        experts: None,
    };
    let no = f32::NEG_INFINITY;
    let scores = |sparse| read_sparse(sparse, Transform::None, Rows::ALL);
    let want = array![[0.75, no, no, 0.25], [0.375, 0.625, no, no]];
    assert_eq!(scores(sparse).unwrap(), Table::F32(want));
    let Table::F32(wide) = scores(Sparse { experts: Some(6), ..sparse }).unwrap() else { panic!() };
    assert_eq!((wide.dim(), wide[[0, 3]], wide[[0, 5]]), ((2, 6), 0.25, no));
    let error = |sparse| scores(sparse).unwrap_err().to_string();
    assert!(error(Sparse { experts: Some(3), ..sparse }).contains("expert 3, of only 3"));
    assert!(error(Sparse { layer: None, ..sparse }).contains("one of its 2 layers with layer"));
    assert!(error(Sparse { layer: Some(2), ..sparse }).contains("one of its 2 layers"));
}

#[test]
fn tables_of_f64_keep_every_bit_in_every_order() {
    let [a, b, c] = [16_777_217.0, 1e9 + 0.25, 9_007_199_254_740_991.0]; // no f32 holds these
    let values = array![[a, -0.1, 1e-300], [f64::NEG_INFINITY, b, c]];
    let in_c: Vec<f64> = values.iter().copied().collect();
    let in_fortran: Vec<f64> = values.t().iter().copied().collect();
    let bytes = le(&in_c, |x| x.to_le_bytes());
    let files = [
        write_npy("<f8", &[2, 3], Order::C, in_c.iter().copied()),
        write_npy(">f8", &[2, 3], Order::C, in_c.iter().copied()),
        write_npy("<f8", &[2, 3], Order::Fortran, in_fortran.iter().copied()),
        write_npy(">f8", &[2, 3], Order::Fortran, in_fortran.iter().copied()),
        tensors(&[("s", safetensors::Dtype::F64, &[2, 3], bytes)]),
    ];
    for file in &files {
        assert_eq!(table(file), Table::F64(values.clone()));
        let last = read_table(file, None, Transform::None, "1..2".parse().unwrap()).unwrap();
        assert_eq!(last, Table::F64(values.slice(ndarray::s![1.., ..]).to_owned()));
        let instance = table(file).instance(vec![2; 3], Demand::AtMost(1)).unwrap();
        assert_eq!(instance.wide(), Some(&in_c[..]));
    }
    // Nothing is kept twice where f32 holds all.
    let narrow = write_npy("<f8", &[1, 2], Order::C, [0.5, f64::NEG_INFINITY]);
    let instance = table(&narrow).instance(vec![1; 2], Demand::AtMost(1)).unwrap();
    assert_eq!(instance.wide(), None);
}

#[test]
fn transforms_of_f64_are_computed_in_f64() {
    let logits = [0.0, -100.0, f64::NEG_INFINITY, 3f64.ln()];
    let file = write_npy("<f8", &[1, 4], Order::C, logits);
    let read = |transform| match read_table(&file, None, transform, Rows::ALL).unwrap() {
        Table::F64(scores) => scores,
        Table::F32(scores) => panic!("{scores}"),
    };
    let scores = read(Transform::Softmax);
    let sum = 1.0 + (-100f64).exp() + 3.0;
    for (score, want) in scores.iter().zip([1.0 / sum, (-100f64).exp() / sum, 0.0, 3.0 / sum]) {
        assert!(*score == f64::NEG_INFINITY && want == 0.0 || (score / want - 1.0).abs() < 1e-14);
    }
    assert_eq!(read(Transform::Sigmoid)[[0, 3]], 1.0 / (1.0 + (-3f64.ln()).exp()));
}

#[test]
fn weights_of_f64_keep_every_bit() {
    let ids = write_npy("<u4", &[2, 2], Order::Fortran, [0u32, 1, 2, 0]);
    let weights = write_npy(">f8", &[2, 2], Order::C, [16_777_217.0, 0.1, 1e9 + 0.5, -1e-300]);
    let sparse = Sparse {
        ids: &ids,
        weights: &weights,
        ids_tensor: None,
        weights_tensor: None,
        layer: None,
        experts: None,
    };
    let no = f64::NEG_INFINITY;
    let want = array![[16_777_217.0, no, 0.1], [-1e-300, 1e9 + 0.5, no]];
    assert_eq!(read_sparse(sparse, Transform::None, Rows::ALL).unwrap(), Table::F64(want));
    let beyond = write_npy("<f8", &[2, 2], Order::C, [0.5, 0.5, 0.5, 1e39]);
    let sparse = Sparse { weights: &beyond, ..sparse };
    let error = read_sparse(sparse, Transform::None, Rows::ALL).unwrap_err().to_string();
    assert!(error.contains("token 1, candidate 1 (byte ") && error.contains("is 1e39"), "{error}");
}

#[test]
fn an_expert_listed_twice_is_refused_with_its_place() {
    let ids = write_npy("<u4", &[2, 2], Order::C, [0u32, 1, 5, 5]);
    let weights = write_npy("<f4", &[2, 2], Order::C, [0.5f32; 4]);
    let sparse = Sparse {
        ids: &ids,
        weights: &weights,
        ids_tensor: None,
        weights_tensor: None,
        layer: None,
        experts: None,
    };
    let error = read_sparse(sparse, Transform::None, Rows::ALL).unwrap_err().to_string();
    assert!(error.contains("token 1, candidate 1") && error.contains("expert 5 stands twice"));
    // A stray id does not make a huge table.
    let ids = write_npy("<u4", &[1, 2], Order::C, [0u32, 4_000_000_000]);
    let weights = write_npy("<f4", &[1, 2], Order::C, [0.5f32; 2]);
    let stray = Sparse { ids: &ids, weights: &weights, ..sparse };
    let error = read_sparse(stray, Transform::None, Rows::ALL).unwrap_err().to_string();
    assert!(error.contains("expert 4000000000, of only 4096"), "{error}");
}

#[test]
fn declared_sizes_that_overflow_are_refused() {
    // Eight tensors whose ends sum past 2⁶⁴: safetensors 0.8 alone panics in a debug build.
    let size = (1u64 << 61) - 1;
    let header: serde_json::Map<String, serde_json::Value> = (0..8)
        .map(|i: u64| {
            let offsets = [i * size, (i + 1) * size];
            let info = serde_json::json!({"dtype": "U8", "shape": [size], "data_offsets": offsets});
            (i.to_string(), info)
        })
        .collect();
    let header = serde_json::to_vec(&header).unwrap();
    let file = [&(header.len() as u64).to_le_bytes(), &header[..]].concat();
    let file = File::from_bytes("huge.safetensors", file);
    let error = read_table(&file, Some("0"), Transform::None, Rows::ALL).unwrap_err().to_string();
    assert!(error.contains("\"0\" ends beyond the file"), "{error}");
    // A shape whose product passes 2⁶⁴, and comes to 0 there.
    let file = npy::encode_f32(&[1 << 32, 1 << 32], &[]);
    let file = File::from_bytes("huge.npy", file);
    let error = read_table(&file, None, Transform::None, Rows::ALL).unwrap_err().to_string();
    assert!(error.starts_with("huge.npy, byte 128: shape [4294967296, 4294967296]"), "{error}");
}

/// What a reader's argument mends: the library names the argument, the command its option.
#[test]
fn errors_name_arguments_and_the_command_their_options() {
    let layered = |names: &[&str], shape: &[usize]| {
        let count = shape.iter().product::<usize>();
        let data = || le(&vec![0.5f32; count], |v| v.to_le_bytes());
        let all: Vec<_> =
            names.iter().map(|name| (*name, safetensors::Dtype::F32, shape, data())).collect();
        tensors(&all)
    };
    let ids = |tensors_of: &[&str], shape: &[usize]| {
        let count = shape.iter().product::<usize>();
        let data = || le(&vec![4500u32; count], |v| v.to_le_bytes());
        let all: Vec<_> =
            tensors_of.iter().map(|name| (*name, safetensors::Dtype::U32, shape, data())).collect();
        tensors(&all)
    };
    let two = layered(&["a", "b"], &[2, 2]);
    let gates = layered(&["layers.0.mlp.gate.weight", "layers.1.mlp.gate.weight"], &[2, 2]);
    let sparse = |ids: &File, weights: &File, layer: Option<usize>, experts: Option<usize>| {
        let (ids_tensor, weights_tensor) = (None, None);
        let sparse = Sparse { ids, weights, ids_tensor, weights_tensor, layer, experts };
        read_sparse(sparse, Transform::None, Rows::ALL).unwrap_err()
    };
    let (one, deep) = (layered(&["w"], &[2, 1]), layered(&["w"], &[2, 3, 1]));
    let large = sparse(&ids(&["i"], &[2, 1]), &one, None, Some(usize::MAX / 2));
    let router = Router { weights: &gates, hidden: &gates, layer: None };
    let rows = "8".parse().unwrap();
    for (error, argument) in [
        (read_table(&two, None, Transform::None, Rows::ALL).unwrap_err(), "tensor"),
        (read_table(&two, Some("c"), Transform::None, Rows::ALL).unwrap_err(), "tensor"),
        (read_table(&one, None, Transform::None, rows).unwrap_err(), "rows"),
        (read_router(router, Transform::None, Rows::ALL).unwrap_err(), "layer"),
        (sparse(&ids(&["i", "j"], &[2, 1]), &one, None, None), "ids_tensor"),
        (sparse(&ids(&["i"], &[2, 1]), &two_lists(&layered), None, None), "weights_tensor"),
        (sparse(&ids(&["i"], &[2, 3, 1]), &deep, None, None), "layer"),
        (sparse(&ids(&["i"], &[2, 1]), &one, Some(0), None), "layer"),
        (sparse(&ids(&["i"], &[2, 1]), &one, None, None), "experts"),
        (large, "rows"),
    ] {
        let (here, told) = (error.to_string(), error.naming(|_| "--option"));
        assert!(!here.contains("--") && here.contains(argument), "{here}");
        assert_eq!(error.naming(|named| named.name()), here);
        assert_eq!(told.replace("--option", argument), here);
    }
}

/// Two lists of weights, either of which could be meant.
fn two_lists(layered: &impl Fn(&[&str], &[usize]) -> File) -> File {
    layered(&["v", "w"], &[2, 1])
}

#[test]
fn the_command_names_its_options() {
    let files = Files::new();
    let table = |name: &str, names: &[&str]| {
        let data = || le(&[0.5f32; 4], |v| v.to_le_bytes());
        let all: Vec<_> = names
            .iter()
            .map(|name| (*name, safetensors::Dtype::F32, &[2, 2][..], data()))
            .collect();
        files.write(name, tensors(&all).bytes())
    };
    let two = table("two.safetensors", &["a", "b"]);
    let gates =
        table("gates.safetensors", &["layers.0.mlp.gate.weight", "layers.1.mlp.gate.weight"]);
    let weights = table("weights.safetensors", &["w"]);
    let ids = files.write("ids.npy", &npy::encode_u32(&[2, 2], &[0, 9000, 1, 0]));
    let sparse = ["solve", "--ids", &*ids, "--weights", &*weights, "-k", "1"];
    let end = &["-k", "1"][..];
    fail(&[&["solve", &two], end].concat(), 3, &["choose with --tensor among a, b"]);
    let router = ["solve", "--router", &*gates, "--hidden", &*gates];
    fail(&[&router[..], end].concat(), 3, &["choose with --layer among layers.0"]);
    fail(&[&sparse[..], &["--layer", "0"]].concat(), 3, &["no layers; leave --layer out"]);
    fail(&sparse, 3, &["say how many there are: --experts"]);
    fail(&[&sparse[..], &["--ids-tensor", "x"]].concat(), 3, &["leave --ids-tensor out"]);
    let other = [&sparse[..], &["--weights-tensor", "x"]].concat();
    fail(&other, 3, &["choose with --weights-tensor among w"]);
    fail(&[&sparse[..], &["--tokens", "6"]].concat(), 3, &["--tokens 0..6 asks"]);
}
