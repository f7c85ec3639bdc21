//! Ctrl-C: the first asks the solver to stop with the best so far, the second ends the process.

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use spinroute::Progress;

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C asks before it kills. Without the handler (there can be none in some
/// sandboxes) Ctrl-C ends the process at once, as ever.
pub(crate) fn listen() {
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        let message = "stopping with the best so far; Ctrl-C again to quit at once";
        let _ = writeln!(std::io::stderr(), "{message}");
    });
}

/// An observer that stops the run once Ctrl-C was pressed.
pub(crate) fn observe(_: &Progress) -> ControlFlow<()> {
    if ASKED.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
