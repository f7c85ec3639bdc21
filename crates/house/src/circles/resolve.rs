//! What a path means: the file that defines the item, through imports, re-exports and globs.

use std::collections::{BTreeMap, HashSet};

use super::tree::Tree;

/// What a path leads to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Module(usize),
    /// The module that defines it, and its name there.
    Item(usize, String),
}

/// A path that was followed: where it leads, and how many of its segments that took.
pub(super) type Followed = (Target, usize);

/// Each file that gives a type a method of this name: type and method to module.
pub(super) type Methods = BTreeMap<(Target, String), usize>;

type Seen = HashSet<(usize, String, bool)>;

impl Tree {
    /// Follows `path`, written in `module`, up to its first item; `None` if it leaves the crate.
    pub(super) fn follow(&self, module: usize, path: &[String]) -> Option<Followed> {
        self.follow_unseen(module, path, &mut Seen::new())
    }

    fn follow_unseen(&self, module: usize, path: &[String], seen: &mut Seen) -> Option<Followed> {
        let mut used = 1;
        let mut target = match path.first()?.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(module),
            "super" => Target::Module(self.modules[module].parent?),
            "Self" => return None,
            name => self.look_up(module, name, path.len() == 1, seen)?,
        };
        while let Target::Module(inside) = target {
            let Some(name) = path.get(used) else { break };
            used += 1;
            target = if name == "super" {
                Target::Module(self.modules[inside].parent?)
            } else {
                self.look_up(inside, name, path.len() == used, seen)?
            };
        }
        Some((target, used))
    }

    /// What `name` means in `module`. In the middle of a path a module comes first, at its end an item.
    fn look_up(&self, module: usize, name: &str, last: bool, seen: &mut Seen) -> Option<Target> {
        if !seen.insert((module, name.to_string(), last)) {
            return None;
        }
        let node = &self.modules[module];
        let child = node.children.get(name).map(|&child| Target::Module(child));
        let item = node.items.contains(name).then(|| Target::Item(module, name.to_string()));
        let own = if last { item.or(None) } else { child.clone().or(item) };
        own.or_else(|| {
            let mut imports = node.imports.iter().filter(|import| import.name == name);
            imports.find_map(|import| self.imported(module, &import.path, last, seen))
        })
        .or_else(|| {
            node.globs.iter().find_map(|glob| {
                match self.follow_unseen(module, &glob.path, &mut seen.clone())?.0 {
                    Target::Module(inside) if inside != module => {
                        self.look_up(inside, name, last, seen)
                    }
                    _ => None,
                }
            })
        })
        .or(child)
    }

    fn imported(
        &self,
        module: usize,
        path: &[String],
        last: bool,
        seen: &mut Seen,
    ) -> Option<Target> {
        // In the middle of a path the import must be followed as a module, if it is one.
        if !last && let [first @ .., name] = path {
            let inside = match first {
                [] => Some(Target::Module(module)),
                _ => self.follow_unseen(module, first, seen).map(|(target, _)| target),
            };
            if let Some(Target::Module(inside)) = inside
                && let Some(found) = self.look_up(inside, name, false, seen)
            {
                return Some(found);
            }
        }
        self.follow_unseen(module, path, seen).map(|(target, _)| target)
    }

    /// Where `impl Type { … }` stand in another module than their type.
    pub(super) fn methods(&self) -> Methods {
        let mut methods = Methods::new();
        for (module, node) in self.modules.iter().enumerate() {
            for inherent in &node.inherent {
                let Some((target, _)) = self.follow(module, &inherent.of) else { continue };
                for name in &inherent.names {
                    methods.insert((target.clone(), name.clone()), module);
                }
            }
        }
        methods
    }

    /// Whether `module` is inside `ancestor`.
    pub(super) fn is_inside(&self, mut module: usize, ancestor: usize) -> bool {
        while let Some(parent) = self.modules[module].parent {
            if parent == ancestor {
                return true;
            }
            module = parent;
        }
        false
    }
}
