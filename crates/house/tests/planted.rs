//! The finder of circles on small crates: what is planted is found, what is none passes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use spinroute_house::circles::{Circle, circles};

/// The circles of a crate whose root is `src/lib.rs`, its files given as path and text.
fn found(files: &[(&str, &str)]) -> Vec<Circle> {
    let files: BTreeMap<PathBuf, String> =
        files.iter().map(|(path, text)| (Path::new("src").join(path), (*text).into())).collect();
    circles(Path::new("src/lib.rs"), &|path| files.get(path).cloned())
        .expect("what is planted is Rust")
}

/// Demands one circle, of these files.
#[track_caller]
fn circle(files: &[(&str, &str)], of: &[&str]) {
    let found = found(files);
    let text: String = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{text}");
    let mut of: Vec<PathBuf> = of.iter().map(|path| Path::new("src").join(path)).collect();
    of.sort();
    assert_eq!(found[0].files, of, "{text}");
}

#[track_caller]
fn none(files: &[(&str, &str)]) {
    let text: String = found(files).iter().map(ToString::to_string).collect();
    assert!(text.is_empty(), "{text}");
}

const ROOT: (&str, &str) = ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;");

/// A crate of `ROOT`, `a.rs` defining `A` after `a`, and `b.rs` defining `B` that uses `A`.
fn pair(a: &'static str) -> [(&'static str, &'static str); 3] {
    [ROOT, ("a.rs", a), ("b.rs", "use crate::a::A; pub struct B(Option<Box<A>>);")]
}

#[test]
fn an_import_closes_a_circle() {
    circle(&pair("use crate::b::B; pub struct A(B);"), &["a.rs", "b.rs"]);
}

#[test]
fn the_names_and_lines_are_told() {
    let files = pair("\nuse crate::b::B;\npub struct A(B);");
    let text = found(&files)[0].to_string();
    assert!(text.contains("src/a.rs → src/b.rs: B:2"), "{text}");
    assert!(text.contains("src/b.rs → src/a.rs: A:1"), "{text}");
    assert!(text.contains("open without"), "{text}");
}

#[test]
fn one_way_is_no_circle() {
    none(&pair("pub struct A;"));
}

#[test]
fn a_re_export_means_the_file_behind_it() {
    circle(&pair("use crate::B; pub struct A(B);"), &["a.rs", "b.rs"]);
    // Neither a nor b defines anything of lib.rs: with code there, it would be a part.
    none(&[
        ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B; pub fn run(a: A, b: B) {}"),
        ("a.rs", "pub struct A;"),
        ("b.rs", "use crate::A; pub struct B(A);"),
    ]);
}

#[test]
fn a_re_export_under_another_name_is_followed() {
    circle(
        &[
            ("lib.rs", "mod a; mod b; pub use b::B as Other;"),
            ("a.rs", "use crate::Other as Mine; pub struct A(Mine);"),
            ("b.rs", "use super::a::A; pub struct B(Box<A>);"),
        ],
        &["a.rs", "b.rs"],
    );
}

#[test]
fn super_is_followed() {
    circle(&pair("use super::b::{self, B}; pub struct A(B);"), &["a.rs", "b.rs"]);
    circle(&pair("use super::B; pub struct A(B);"), &["a.rs", "b.rs"]);
}

#[test]
fn a_glob_counts_what_is_used_of_it() {
    circle(&pair("use crate::b::*; pub struct A(B);"), &["a.rs", "b.rs"]);
    circle(&pair("use super::*; pub struct A(B);"), &["a.rs", "b.rs"]);
    none(&pair("use crate::b::*; pub struct A;"));
}

#[test]
fn a_trait_behind_a_glob_counts() {
    circle(
        &[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::*; pub fn f(x: u8) { x.go() }"),
            ("b.rs", "pub trait Go { fn go(&self) { crate::a::f(1) } }"),
        ],
        &["a.rs", "b.rs"],
    );
}

#[test]
fn a_path_in_code_counts() {
    circle(&pair("pub struct A; fn f() { let x = crate::b::B::new(); }"), &["a.rs", "b.rs"]);
    circle(&pair("pub struct A(super::b::B);"), &["a.rs", "b.rs"]);
    circle(&pair("use super::b; pub struct A(b::B);"), &["a.rs", "b.rs"]);
    circle(&pair("pub struct A; impl From<crate::B> for A {}"), &["a.rs", "b.rs"]);
}

#[test]
fn a_path_in_a_macro_counts() {
    circle(&pair("pub struct A; fn f() { assert!(crate::b::B::ok()) }"), &["a.rs", "b.rs"]);
    circle(&pair("pub struct A; macro_rules! m { () => { $crate::b::B } }"), &["a.rs", "b.rs"]);
}

#[test]
fn an_import_in_a_function_counts() {
    circle(&pair("pub struct A; fn f() { use crate::b::B; }"), &["a.rs", "b.rs"]);
}

#[test]
fn a_path_in_an_attribute_counts() {
    circle(
        &pair("#[derive(Serialize)] pub struct A { #[serde(with = \"crate::b::B\")] x: u8 }"),
        &["a.rs", "b.rs"],
    );
}

#[test]
fn a_macro_without_a_path_counts() {
    circle(
        &[
            ("lib.rs", "#[macro_use] mod b; mod a;"),
            ("a.rs", "pub struct A; fn f() { twice!(3) }"),
            ("b.rs", "macro_rules! twice { ($x:expr) => { 2 * $x } } fn g(a: crate::a::A) {}"),
        ],
        &["a.rs", "b.rs"],
    );
    // `!=` is no macro.
    none(&[
        ("lib.rs", "mod b; mod a;"),
        ("a.rs", "pub struct A; fn f(twice: u8) -> bool { twice != (3) }"),
        ("b.rs", "macro_rules! twice { () => { 2 } } fn g(a: crate::a::A) {}"),
    ]);
}

#[test]
fn a_parent_with_code_that_its_parts_use_is_a_circle() {
    circle(
        &[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b; use b::B; pub const N: usize = 1; pub struct A(B);"),
            ("a/b.rs", "use super::N; pub struct B([u8; N]);"),
        ],
        &["a.rs", "a/b.rs"],
    );
    none(&[
        ("lib.rs", "mod a; pub use a::B;"),
        ("a.rs", "mod b; mod n; pub use b::B; pub(crate) use n::N;"),
        ("a/b.rs", "use super::N; pub struct B([u8; N]);"),
        ("a/n.rs", "pub(crate) const N: usize = 1;"),
    ]);
}

#[test]
fn a_parent_uses_what_it_re_exports_if_its_code_names_it() {
    circle(
        &[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b; pub use b::B; pub struct A(B);"),
            ("a/b.rs", "use super::A; pub struct B(Option<Box<A>>);"),
        ],
        &["a.rs", "a/b.rs"],
    );
    none(&[
        ("lib.rs", "mod a;"),
        ("a.rs", "mod b; pub use b::B; pub struct A;"),
        ("a/b.rs", "use super::A; pub struct B(Option<Box<A>>);"),
    ]);
}

#[test]
fn a_method_of_a_type_in_another_file_counts() {
    let method = "use crate::a::A; impl A { pub fn far(&self) {} }";
    for a in [
        "pub struct A; impl A { fn near(&self) { self.far() } }",
        "pub struct A; impl Clone for A { fn clone(&self) -> A { Self::far(self); A } }",
        "pub struct A; fn f(a: A) { A::far(&a) }",
        "pub struct A; fn f(a: A) { a.far() }",
    ] {
        circle(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", method)], &["a.rs", "b.rs"]);
    }
    none(&[("lib.rs", "mod a; mod b;"), ("a.rs", "pub struct A;"), ("b.rs", method)]);
    // Another type's method, in a file that does not know A.
    none(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "pub struct A;"),
        ("b.rs", "use crate::{a::A, c::f}; impl A { pub fn far(&self) { f(1) } }"),
        ("c.rs", "pub fn f(x: u8) { x.far() }"),
    ]);
}

#[test]
fn a_longer_way_round_is_found_and_the_rest_left_out() {
    circle(
        &[
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "use crate::b::B; pub struct A(B);"),
            ("b.rs", "use crate::c::C; pub struct B(C);"),
            ("c.rs", "use crate::{a::A, d::D}; pub struct C(Box<A>, D);"),
            ("d.rs", "pub struct D;"),
        ],
        &["a.rs", "b.rs", "c.rs"],
    );
}

#[test]
fn tests_may_look_anywhere() {
    none(&pair("pub struct A; #[cfg(test)] mod tests { use super::*; use crate::b::B; }"));
    none(&pair("pub struct A; #[cfg(test)] use crate::b::{B}; fn f() {}"));
    none(&pair("pub struct A; impl A { /// Why.\n #[cfg(test)] fn f(b: crate::b::B) {} }"));
    circle(&pair("pub struct A; #[cfg(not(test))] use crate::b::B;"), &["a.rs", "b.rs"]);
}

#[test]
fn other_crates_and_locals_are_no_files() {
    none(&pair("use std::b::B; pub struct A; fn f(b: u8) { x.B; b(1); ::b::B::new() }"));
}

#[test]
fn inline_modules_belong_to_their_file() {
    none(&[("lib.rs", "mod a { pub struct A(super::B); } pub struct B(Box<a::A>);")]);
    circle(
        &[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "pub mod inner { pub struct A(pub crate::b::B); }"),
            ("b.rs", "pub struct B(Box<crate::a::inner::A>);"),
        ],
        &["a.rs", "b.rs"],
    );
}

#[test]
fn a_module_file_that_is_missing_is_told() {
    let error = circles(Path::new("lib.rs"), &|path| {
        (path == Path::new("lib.rs")).then(|| "mod gone;".to_string())
    });
    assert!(error.is_err_and(|error| error.to_string().contains("gone")));
}
