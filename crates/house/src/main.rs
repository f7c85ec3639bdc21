//! Prints what the checks of the house find: `cargo run -p spinroute-house [FOLDER]`.

use std::path::PathBuf;

use anyhow::Result;
use spinroute_house::circles::circles;
use spinroute_house::workspace::Workspace;

fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let workspace = Workspace::read(&folder)?;
    for root in workspace.roots() {
        for circle in circles(&root, &|path| std::fs::read_to_string(path).ok())? {
            print!("{circle}");
        }
    }
    Ok(())
}
