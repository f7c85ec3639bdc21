//! Prints what the checks of the house find: `cargo run -p spinroute-house [-- FOLDER]`.

use std::path::PathBuf;

use anyhow::Result;
use spinroute_house::circles::all_circles;
use spinroute_house::commands::commands;
use spinroute_house::layers::layers;
use spinroute_house::module_files::module_files;
use spinroute_house::packaging::packaging;
use spinroute_house::picture::picture;
use spinroute_house::sizes::sizes;
use spinroute_house::unsafe_code::unsafe_code;
use spinroute_house::{Finding, Workspace};

fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let workspace = Workspace::read(&folder)?;
    print("circles between files", &all_circles(&workspace)?);
    print("sizes", &sizes(&workspace)?);
    print("unsafe code", &unsafe_code(&workspace)?);
    print("module files", &module_files(&workspace)?);
    print("the picture of the crates", &picture(&workspace)?);
    print("arrows between crates", &layers(&workspace));
    print("packages", &packaging(&workspace)?);
    print("commands", &commands(&workspace.root)?);
    Ok(())
}

fn print(check: &str, found: &[Finding]) {
    println!(
        "{check}: {}",
        if found.is_empty() { "none found".into() } else { found.len().to_string() }
    );
    for finding in found {
        println!("  {}", finding.text.trim_end().replace('\n', "\n  "));
    }
}
