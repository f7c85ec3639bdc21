//! Memory that is kept from one run to the next.

use std::any::{Any, TypeId};
use std::collections::HashMap;

/// Buffers that solvers keep from one run to the next, whatever their type.
///
/// It changes the time that a run takes, never its answer: what a solver takes out has room, no content that counts.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance, Run, Workspace};
///
/// let mut workspace = Workspace::default();
/// for _ in 0..3 {
///     let mut run = Run::new(0).workspace(&mut workspace);
///     // What a solver does:
///     let mut buffer: Vec<f32> = run.take();
///     buffer.clear();
///     buffer.resize(1000, 0.0);
///     run.keep(buffer);
/// }
/// assert!(workspace.take::<Vec<f32>>().capacity() >= 1000);
/// ```
#[derive(Default)]
pub struct Workspace {
    kept: HashMap<TypeId, Box<dyn Any + Send>>,
}

impl std::fmt::Debug for Workspace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workspace").field("kept", &self.kept.len()).finish_non_exhaustive()
    }
}

impl Workspace {
    /// Takes out what was kept of this type; its default if nothing was.
    #[must_use]
    pub fn take<T: Any + Send + Default>(&mut self) -> T {
        let kept = self.kept.remove(&TypeId::of::<T>());
        kept.and_then(|kept| kept.downcast().ok()).map_or_else(T::default, |kept| *kept)
    }

    /// Keeps it for the next run, in the place of what was kept of this type.
    pub fn keep<T: Any + Send>(&mut self, memory: T) {
        self.kept.insert(TypeId::of::<T>(), Box::new(memory));
    }
}
