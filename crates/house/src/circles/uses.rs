//! The arrows between files: which file uses a name that another defines.
//!
//! Names are sought among tokens, so that paths inside of macros count as well. What cannot be seen
//! this way: a method called on a value whose type the file does not name, and what a macro makes.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::resolve::{Methods, Target};
use super::tokens::{attribute, attribute_name, braces, follows_a_word_or_dot, generics, is, path};
use super::tree::Tree;

/// A name by which one file uses another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrow {
    /// An index into the files of the target.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) name: String,
}

/// Every arrow of a target with the first line that makes it.
pub(super) fn arrows(tree: &Tree) -> BTreeMap<Arrow, usize> {
    let mut scan = Scan {
        tree,
        methods: tree.methods(),
        macros: macros(tree),
        calls: Vec::new(),
        found: BTreeMap::new(),
    };
    for module in 0..tree.modules.len() {
        scan.imports(module);
    }
    for (module, code) in &tree.code {
        scan.items(*module, code.clone());
    }
    scan.called();
    scan.found
}

/// The modules that define a macro of a name: one is in scope below its definition without a path.
fn macros(tree: &Tree) -> BTreeMap<String, Vec<usize>> {
    let mut macros = BTreeMap::<String, Vec<usize>>::new();
    for (module, node) in tree.modules.iter().enumerate() {
        for name in &node.macros {
            macros.entry(name.clone()).or_default().push(module);
        }
    }
    macros.retain(|_, modules| modules.len() == 1);
    macros
}

struct Scan<'a> {
    tree: &'a Tree,
    methods: Methods,
    macros: BTreeMap<String, Vec<usize>>,
    /// Methods called on a value: by whom, the name, the line.
    calls: Vec<(usize, String, usize)>,
    found: BTreeMap<Arrow, usize>,
}

impl Scan<'_> {
    fn arrow(&mut self, from: usize, to: usize, name: &str, line: usize) {
        let modules = &self.tree.modules;
        let (from, to) = (modules[from].file, modules[to].file);
        if from != to {
            let arrow = Arrow { from, to, name: name.to_string() };
            let first = self.found.entry(arrow).or_insert(line);
            *first = line.min(*first);
        }
    }

    /// A file that passes on what lies below it does not use it; any other import is a use.
    fn imports(&mut self, module: usize) {
        let tree = self.tree;
        let node = &tree.modules[module];
        for import in node.imports.iter().chain(&node.globs) {
            if let Some((Target::Item(to, name), _)) = tree.follow(module, &import.path)
                && !(import.passed_on && tree.is_inside(to, module))
            {
                self.arrow(module, to, &name, import.line);
            }
        }
        for glob in &node.globs {
            if let Some((Target::Module(inside), _)) = tree.follow(module, &glob.path)
                && !glob.passed_on
            {
                // Its methods are used without its name.
                for name in &tree.modules[inside].traits {
                    self.arrow(module, inside, name, glob.line);
                }
            }
        }
    }

    /// Items of a file or an inline module: as code, but `mod` and `impl` open a scope.
    fn items(&mut self, module: usize, code: TokenStream) {
        let tokens: Vec<TokenTree> = code.into_iter().collect();
        let mut at = 0;
        let mut plain_from = 0;
        while at < tokens.len() {
            let word = tokens[at].to_string();
            let opens = (word == "mod" || word == "impl").then(|| braces(&tokens, at)).flatten();
            let Some(end) = opens else {
                at += 1;
                continue;
            };
            self.code(module, None, &tokens[plain_from..at]);
            let TokenTree::Group(body) = &tokens[end] else { break };
            if word == "mod" {
                let name = tokens[at + 1].to_string();
                if let Some(&child) = self.tree.modules[module].children.get(&name) {
                    self.items(child, body.stream());
                }
            } else {
                let of = self.implementing(module, &tokens[at + 1..end]);
                self.code(module, None, &tokens[at..end]);
                let body: Vec<TokenTree> = body.stream().into_iter().collect();
                self.code(module, of.as_ref(), &body);
            }
            at = end + 1;
            plain_from = at;
        }
        self.code(module, None, &tokens[plain_from..]);
    }

    /// The type of `impl … for Type` or `impl Type`, the head given.
    fn implementing(&self, module: usize, head: &[TokenTree]) -> Option<Target> {
        let is_for = |&at: &usize| {
            head[at].to_string() == "for" && head.get(at + 1).is_some() && !is(head, at + 1, '<')
        };
        let after = generics(head);
        let start = (after..head.len()).rfind(is_for).map_or(after, |at| at + 1);
        let (path, _) = path(head, start)?;
        self.tree.follow(module, &path).map(|(target, _)| target)
    }

    fn code(&mut self, module: usize, of: Option<&Target>, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            if let Some(group) = attribute(tokens, at) {
                if attribute_name(group) != "doc" {
                    self.strings(module, group.stream());
                    self.code(module, of, &group.stream().into_iter().collect::<Vec<_>>());
                }
                at += 2;
                continue;
            }
            match &tokens[at] {
                TokenTree::Group(group) => {
                    self.code(module, of, &group.stream().into_iter().collect::<Vec<_>>());
                }
                TokenTree::Ident(ident) if ident == "use" && !is(tokens, at + 1, '<') => {
                    while at < tokens.len() && !is(tokens, at, ';') {
                        at += 1;
                    }
                }
                TokenTree::Ident(_) => {
                    if let Some((path, past)) = path(tokens, at) {
                        self.path(module, of, tokens, at, &path, past);
                        at = past;
                        continue;
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn path(
        &mut self,
        module: usize,
        of: Option<&Target>,
        tokens: &[TokenTree],
        at: usize,
        path: &[String],
        past: usize,
    ) {
        let tree = self.tree;
        let line = tokens[at].span().start().line;
        if path[0] == "Self" || path == ["self"] {
            let method = if path.len() > 1 {
                path.get(1).cloned()
            } else {
                tokens.get(past + 1).filter(|_| is(tokens, past, '.')).map(ToString::to_string)
            };
            if let (Some(of), Some(method)) = (of, method) {
                self.method(module, of, &method, line);
            }
            return;
        }
        if follows_a_word_or_dot(tokens, at) {
            if at > 0 && is(tokens, at - 1, '.') {
                self.calls.push((module, path[0].clone(), line));
            }
            return;
        }
        let is_macro =
            is(tokens, past, '!') && matches!(tokens.get(past + 1), Some(TokenTree::Group(_)));
        let calls = is_macro
            || matches!(tokens.get(past), Some(TokenTree::Group(group))
                if group.delimiter() == Delimiter::Parenthesis);
        let lowercase = path[0].starts_with(|letter: char| letter.is_lowercase());
        if path.len() == 1 && lowercase && !calls {
            return;
        }
        if let Some((target, used)) = tree.follow(module, path) {
            if let Target::Item(to, name) = &target {
                self.arrow(module, *to, name, line);
                if let Some(method) = path.get(used) {
                    self.method(module, &target, method, line);
                }
            }
        } else if path.len() == 1
            && is_macro
            && let Some(&[to]) = self.macros.get(&path[0]).map(Vec::as_slice)
        {
            self.arrow(module, to, &format!("{}!", path[0]), line);
        }
    }

    /// A method that stands in another file than its type.
    fn method(&mut self, module: usize, of: &Target, method: &str, line: usize) {
        if let Target::Item(home, name) = of
            && let Some(&to) = self.methods.get(&(of.clone(), method.to_string()))
            && to != *home
        {
            self.arrow(module, to, &format!("{name}::{method}"), line);
        }
    }

    /// Methods that stand in another file than their type, called in a file that names or holds
    /// the type: the value's own type is not known, but it is hardly another one's method.
    fn called(&mut self) {
        let file = |module: usize| self.tree.modules[module].file;
        let mut found = Vec::new();
        for (module, method, line) in &self.calls {
            for ((of, _), to) in self.methods.iter().filter(|((_, name), _)| name == method) {
                let Target::Item(home, name) = of else { continue };
                let names = Arrow { from: file(*module), to: file(*home), name: name.clone() };
                let knows = names.from == names.to || self.found.contains_key(&names);
                if knows && file(*to) != names.to {
                    found.push((*module, *to, format!("{name}::{method}"), *line));
                }
            }
        }
        for (module, to, name, line) in found {
            self.arrow(module, to, &name, line);
        }
    }

    /// Paths in strings of attributes: `#[serde(with = "crate::x")]`.
    fn strings(&mut self, module: usize, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.strings(module, group.stream()),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let path: Vec<String> =
                        text.trim_matches('"').split("::").map(str::to_string).collect();
                    if let Some((Target::Item(to, name), _)) = self.tree.follow(module, &path) {
                        self.arrow(module, to, &name, literal.span().start().line);
                    }
                }
                _ => {}
            }
        }
    }
}
