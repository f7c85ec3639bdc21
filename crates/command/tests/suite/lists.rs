//! Files of masks, demands, minimums and groups: `.npy` of every type, text, and what is refused where.

use npyz::Order;
use spinroute::checkpoint::{
    Error, File, Rows, npy, read_capacities, read_demands, read_groups, read_mask, read_minimums,
};

use super::formats::write_npy;

fn text(words: &str) -> File {
    File::from_bytes("list.txt", words.as_bytes().to_vec())
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, parts: &[&str]) {
    let error = result.unwrap_err().to_string();
    for part in parts {
        assert!(error.contains(part), "{part:?} is missing: {error}");
    }
}

fn booleans(values: &[i8]) -> File {
    let mut bytes = npy::encode_i8(values);
    let at = bytes.windows(3).position(|window| window == b"|i1").unwrap();
    bytes[at..at + 3].copy_from_slice(b"|b1");
    File::from_bytes("twin.npy", bytes)
}

#[test]
fn masks_are_one_and_zero_or_true_and_false() {
    let want = [true, false, true];
    for file in [
        booleans(&[1, 0, 1]),
        write_npy("|u1", &[3], Order::C, [1u8, 0, 1]),
        write_npy("<i4", &[3], Order::C, [1i32, 0, 1]),
        write_npy(">i8", &[3], Order::C, [1i64, 0, 1]),
        write_npy("<f4", &[3], Order::C, [1f32, 0.0, 1.0]),
        write_npy("<f8", &[1, 3], Order::C, [1f64, 0.0, 1.0]),
        write_npy("<i8", &[3, 1], Order::Fortran, [1i64, 0, 1]),
        text("1\n0\n1\n"),
        text("true, False 1"),
        text("1 0\r\n\n1.0"),
    ] {
        assert_eq!(read_mask(&file, Rows::ALL).unwrap(), want, "{file:?}");
        assert_eq!(read_mask(&file, Rows::from(1..3)).unwrap(), want[1..], "{file:?}");
    }
    // Batch × sequence, row by row in either order of memory.
    let table = write_npy("|u1", &[2, 2], Order::Fortran, [1u8, 1, 0, 1]);
    assert_eq!(read_mask(&table, Rows::ALL).unwrap(), [true, false, true, true]);
}

#[test]
fn what_is_no_mask_is_refused_with_its_place() {
    let read = |file: &File| read_mask(file, Rows::ALL);
    refused(read(&text("1\n2\n")), &["list.txt, line 2: \"2\"; a mask has 1 or true", "padding"]);
    refused(read(&text("1 0 maybe")), &["line 1, value 3: \"maybe\""]);
    refused(read(&text("0.5")), &["line 1: \"0.5\""]);
    refused(read(&text("-1")), &["line 1: \"-1\""]);
    refused(read(&booleans(&[1, 0, 2])), &["twin.npy, token 2 (byte 130)", "2"]);
    let half = write_npy("<f4", &[2], Order::C, [1f32, 0.5]);
    refused(read(&half), &["token 1 (byte ", "0.5"]);
    refused(read(&write_npy("<f4", &[1], Order::C, [f32::NAN])), &["token 0", "NaN"]);
    let table = write_npy("<i4", &[2, 2], Order::Fortran, [1i32, 7, 0, 1]);
    let byte = table.bytes().len() - 12;
    refused(read(&table), &[&format!("token 2 (byte {byte}): \"7\"")]);
    refused(read(&write_npy("|u1", &[1, 1, 1], Order::C, [1u8])), &["shape [1, 1, 1]"]);
    refused(read_mask(&text("1 0"), Rows::from(1..3)), &["1..3", "list.txt", "within 0..2"]);
    refused(read(&text("")), &["list.txt: it holds no value; give one a token"]);
}

#[test]
fn counts_are_whole_numbers_of_any_type() {
    let floats = write_npy("<f8", &[3], Order::C, [3.0f64, 0.0, 4_294_967_295.0]);
    let want = [3, 0, u32::MAX];
    for file in
        [floats, text("3 0 4294967295"), text("3,0\n4294967295"), text("3e0\n0.0\n4294967295")]
    {
        assert_eq!(read_minimums(&file).unwrap(), want);
        assert_eq!(read_capacities(&file).unwrap(), want);
        assert_eq!(read_demands(&file, Rows::ALL).unwrap(), want);
    }
    for (word, file) in [
        ("-1", write_npy("<i4", &[2], Order::C, [1i32, -1])),
        ("1.5", write_npy("<f4", &[2], Order::C, [1f32, 1.5])),
        ("4294967296", write_npy("<i8", &[2], Order::C, [1i64, 4_294_967_296])),
        ("inf", write_npy("<f8", &[2], Order::C, [1f64, f64::INFINITY])),
    ] {
        refused(read_minimums(&file), &["twin.npy, expert 1 (byte ", word, "a minimum is"]);
        refused(read_capacities(&file), &["twin.npy, expert 1 (byte ", word, "a capacity is"]);
        refused(read_demands(&file, Rows::ALL), &["twin.npy, token 1 (byte ", word, "0 for none"]);
        let list = text(&format!("1\n{word}"));
        refused(read_minimums(&list), &["list.txt, line 2", word]);
        refused(read_demands(&list, Rows::ALL), &["list.txt, line 2", word]);
    }
    refused(read_minimums(&booleans(&[1, 0])), &["elements are bool; give whole numbers"]);
    let table = write_npy("<i4", &[1, 2], Order::C, [1i32, 1]);
    refused(read_minimums(&table), &["shape [1, 2]; expected one dimension: one value an expert"]);
}

#[test]
fn groups_have_one_column_or_two() {
    let one = [Some(0), Some(1), None, Some(1)];
    for file in [
        text("0\n1\n-1\n1"),
        text("0 1 -1 1"),
        File::from_bytes("twin.npy", npy::encode_i8(&[0, 1, -1, 1])),
        write_npy("<f4", &[4], Order::C, [0f32, 1.0, -1.0, 1.0]),
        write_npy("<u4", &[4, 1], Order::C, [0u32, 1, u32::MAX, 1]),
    ] {
        let groups = read_groups(&file).unwrap();
        assert_eq!([0, 1, 2, 3].map(|e| groups.of_expert(e)), one, "{file:?}");
        assert_eq!(groups.levels().len(), 1);
    }
    for file in [
        text("0 1\n1 0\n2,1\n0 1"),
        write_npy("<i8", &[4, 2], Order::C, [0i64, 1, 1, 0, 2, 1, 0, 1]),
        write_npy("<i8", &[4, 2], Order::Fortran, [0i64, 1, 2, 0, 1, 0, 1, 1]),
    ] {
        let groups = read_groups(&file).unwrap();
        assert_eq!([0, 1, 2, 3].map(|e| groups.of_expert(e)), [0, 1, 2, 0].map(Some));
        assert_eq!([0, 1, 2].map(|g| groups.parent(g)), [4, 3, 4].map(Some));
    }
    let outside = read_groups(&text("0 -1\n-1 -1\n1 0")).unwrap();
    assert_eq!((outside.parent(0), outside.parent(1), outside.of_expert(1)), (None, Some(2), None));
}

#[test]
fn what_are_no_groups_is_refused_with_its_place() {
    let read = |words: &str| read_groups(&text(words));
    refused(read("0\n2\n0"), &["list.txt: group 1: no expert is in it", "without a gap"]);
    refused(read("0\n-2"), &["list.txt, line 2: \"-2\"", "-1 marks an expert in none"]);
    refused(read("0\nx"), &["line 2: \"x\""]);
    refused(read("0\n0.5"), &["line 2: \"0.5\""]);
    refused(read("0 0\n1\n1 0"), &["line 2: 1 values, unlike the other lines"]);
    refused(read("0\n1 0\n1"), &["line 2: 2 values"]);
    refused(read("0 1 2\n0 1 2"), &["line 1: 3 values"]);
    refused(
        read("0 0\n0 1"),
        &["line 2, value 2: group 0 is put into group 1, before into another"],
    );
    refused(read("0 0\n-1 1"), &["line 2, value 2: expert 1 is in group 1, but in none inside it"]);
    refused(read("0 0\n1 2"), &["second column: group 1: no group is in it"]);
    let huge = write_npy("<u4", &[2], Order::C, [0u32, u32::MAX - 1]);
    refused(read_groups(&huge), &["twin.npy: group 1: no expert is in it"]);
    let wide = write_npy("<i4", &[1, 3], Order::C, [0i32, 0, 0]);
    refused(read_groups(&wide), &["shape [1, 3]; expected one column or two"]);
    let negative = write_npy("<i4", &[2, 2], Order::Fortran, [0i32, 0, 0, -3]);
    refused(read_groups(&negative), &["twin.npy, expert 1, column 1 (byte ", "-3"]);
    refused(read_groups(&booleans(&[0, 1])), &["elements are bool"]);
}
