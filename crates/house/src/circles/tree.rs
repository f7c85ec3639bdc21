//! The modules of one target: for each its file, what it defines, what it imports.
//!
//! Read from the root file along `mod x;`, so that a file that nothing declares is no part of it.
//! Code under `#[cfg(test)]` is left out before anything is read: a unit test may look anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use proc_macro2::TokenStream;
use syn::visit::Visit;
use syn::{Attribute, ImplItem, Item, ItemImpl, ItemMod, ItemUse, Type, UseTree, Visibility};

use super::tokens::{plain, without_tests};

/// How a file is read: from the disk, or from a map in a test.
pub type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// A name that a module takes from elsewhere.
pub(super) struct Import {
    /// The name here; empty for a glob.
    pub(super) name: String,
    pub(super) path: Vec<String>,
    /// Whether others may take it from here: `pub use`, `pub(crate) use`.
    pub(super) passed_on: bool,
    pub(super) line: usize,
}

/// What one `impl Type { … }` gives to its type.
pub(super) struct Inherent {
    pub(super) of: Vec<String>,
    pub(super) names: Vec<String>,
}

/// A module, in a file of its own or inline.
#[derive(Default)]
pub(super) struct Module {
    pub(super) parent: Option<usize>,
    /// An index into [`Tree::files`].
    pub(super) file: usize,
    pub(super) items: BTreeSet<String>,
    pub(super) traits: BTreeSet<String>,
    pub(super) macros: BTreeSet<String>,
    pub(super) children: BTreeMap<String, usize>,
    pub(super) imports: Vec<Import>,
    pub(super) globs: Vec<Import>,
    pub(super) inherent: Vec<Inherent>,
}

/// The modules of one target. Module 0 is its root.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) files: Vec<PathBuf>,
    /// The code of each file, and the module that it is.
    pub(super) code: Vec<(usize, TokenStream)>,
    pub(super) modules: Vec<Module>,
}

impl Tree {
    /// Reads the target whose root file is `root`.
    pub(super) fn read(root: &Path, read: Read) -> Result<Self> {
        let mut reader = Reader { read, tree: Self::default() };
        let beside = root.parent().unwrap_or(Path::new("")).to_path_buf();
        reader.file(root, &beside, None)?;
        Ok(reader.tree)
    }
}

struct Reader<'a> {
    read: Read<'a>,
    tree: Tree,
}

impl Reader<'_> {
    /// Reads the module in `path`, whose own modules lie in `below`.
    fn file(&mut self, path: &Path, below: &Path, parent: Option<usize>) -> Result<usize> {
        let text = (self.read)(path).ok_or_else(|| anyhow!("cannot read {}", path.display()))?;
        let tokens: TokenStream =
            text.parse().map_err(|e| anyhow!("{} is no Rust: {e}", path.display()))?;
        let code = without_tests(tokens);
        let syntax: syn::File = syn::parse2(code.clone())
            .with_context(|| format!("cannot parse {}", path.display()))?;
        let file = self.tree.files.len();
        let module = self.tree.modules.len();
        self.tree.files.push(path.to_path_buf());
        self.tree.code.push((module, code));
        self.tree.modules.push(Module { parent, file, ..Module::default() });
        self.items(module, &syntax.items, path, below)?;
        Ok(module)
    }

    fn items(&mut self, module: usize, items: &[Item], path: &Path, below: &Path) -> Result<()> {
        for item in items {
            if let Item::Mod(inner) = item {
                self.inner(module, inner, path, below)?;
                continue;
            }
            let node = &mut self.tree.modules[module];
            node.items.extend(defined(item));
            if let Item::Trait(item) = item {
                node.traits.insert(item.ident.to_string());
            }
            if let Item::Macro(item) = item {
                node.macros.extend(item.ident.as_ref().map(plain));
            }
            if let Item::Impl(item) = item {
                node.inherent.extend(inherent(item));
            }
            Imports { module: node }.visit_item(item);
        }
        Ok(())
    }

    fn inner(&mut self, module: usize, inner: &ItemMod, path: &Path, below: &Path) -> Result<()> {
        let name = plain(&inner.ident);
        let child = if let Some((_, items)) = &inner.content {
            let child = self.tree.modules.len();
            let file = self.tree.modules[module].file;
            self.tree.modules.push(Module { parent: Some(module), file, ..Module::default() });
            self.items(child, items, path, &below.join(&name))?;
            child
        } else if let Some(named) = named_path(&inner.attrs) {
            let file = path.parent().unwrap_or(Path::new("")).join(named);
            let beside = file.parent().unwrap_or(Path::new("")).to_path_buf();
            self.file(&file, &beside, Some(module))?
        } else {
            let flat = below.join(format!("{name}.rs"));
            let nested = below.join(&name);
            let file = if (self.read)(&flat).is_some() { flat } else { nested.join("mod.rs") };
            self.file(&file, &nested, Some(module))?
        };
        self.tree.modules[module].children.insert(name, child);
        Ok(())
    }
}

/// Collects `use`, in functions as well.
struct Imports<'a> {
    module: &'a mut Module,
}

impl<'ast> Visit<'ast> for Imports<'_> {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            let passed_on = !matches!(item.vis, Visibility::Inherited);
            self.collect(&item.tree, &mut Vec::new(), passed_on);
        }
    }
}

impl Imports<'_> {
    fn collect(&mut self, tree: &UseTree, path: &mut Vec<String>, passed_on: bool) {
        match tree {
            UseTree::Path(inner) => {
                path.push(plain(&inner.ident));
                self.collect(&inner.tree, path, passed_on);
                path.pop();
            }
            UseTree::Group(group) => {
                for inner in &group.items {
                    self.collect(inner, path, passed_on);
                }
            }
            UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                let (name, path) = (String::new(), path.clone());
                self.module.globs.push(Import { name, path, passed_on, line });
            }
            UseTree::Name(last) => {
                let name = plain(&last.ident);
                self.named(path, &name, &name, passed_on, last.ident.span().start().line);
            }
            UseTree::Rename(last) => {
                let line = last.ident.span().start().line;
                self.named(path, &plain(&last.ident), &plain(&last.rename), passed_on, line);
            }
        }
    }

    fn named(&mut self, path: &[String], last: &str, name: &str, passed_on: bool, line: usize) {
        let mut path = path.to_vec();
        let mut name = name.to_string();
        if last != "self" || path.is_empty() {
            path.push(last.to_string());
        } else if name == "self" {
            name.clone_from(&path[path.len() - 1]);
        }
        self.module.imports.push(Import { name, path, passed_on, line });
    }
}

fn defined(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(plain(ident))
}

fn inherent(item: &ItemImpl) -> Option<Inherent> {
    let Type::Path(of) = &*item.self_ty else { return None };
    if item.trait_.is_some() || of.qself.is_some() {
        return None;
    }
    let of = of.path.segments.iter().map(|segment| plain(&segment.ident)).collect();
    let names = item.items.iter().filter_map(|item| match item {
        ImplItem::Const(item) => Some(plain(&item.ident)),
        ImplItem::Fn(item) => Some(plain(&item.sig.ident)),
        _ => None,
    });
    Some(Inherent { of, names: names.collect() })
}

fn named_path(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("path")).find_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
        let syn::Expr::Lit(literal) = &pair.value else { return None };
        let syn::Lit::Str(text) = &literal.lit else { return None };
        Some(text.value())
    })
}
