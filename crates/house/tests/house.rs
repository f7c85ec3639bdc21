//! The house keeps its own rules.

use spinroute_house::circles::all_circles;
use spinroute_house::commands::commands;
use spinroute_house::layers::layers;
use spinroute_house::module_files::module_files;
use spinroute_house::packaging::packaging;
use spinroute_house::picture::picture;
use spinroute_house::sizes::sizes;
use spinroute_house::unsafe_code::unsafe_code;
use spinroute_house::{Finding, Workspace, known, unexpected};

#[track_caller]
fn holds(found: &[Finding], known: &[&str]) {
    let faults = unexpected(found, known);
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

fn house() -> Workspace {
    Workspace::own().expect("cargo reads its workspace")
}

#[test]
fn no_circle_between_files() {
    holds(&all_circles(&house()).unwrap(), known::CIRCLES);
}

#[test]
fn files_and_functions_are_short() {
    holds(&sizes(&house()).unwrap(), known::SIZES);
}

#[test]
fn unsafe_code_stands_in_few_places() {
    holds(&unsafe_code(&house()).unwrap(), &[]);
}

#[test]
fn module_files_have_one_style() {
    holds(&module_files(&house()).unwrap(), known::MODULE_FILES);
}

#[test]
fn the_picture_is_true() {
    holds(&picture(&house()).unwrap(), &[]);
}

#[test]
fn no_arrow_goes_back() {
    holds(&layers(&house()), known::ARROWS);
}

#[test]
fn every_published_crate_can_be_packaged() {
    holds(&packaging(&house()).unwrap(), known::PACKAGES);
}

#[test]
fn contributing_names_the_commands() {
    holds(&commands(&house().root).unwrap(), &[]);
}
