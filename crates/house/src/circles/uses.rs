//! The arrows between files: which file uses a name that another defines.
//!
//! Names are sought among tokens, so that paths inside of macros count as well. What cannot be seen
//! this way: a method called on a value whose type is not written, and what a macro makes.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use super::resolve::{Methods, Target};
use super::tokens::{attribute, attribute_name};
use super::tree::{Tree, plain};

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
    let mut scan =
        Scan { tree, methods: tree.methods(), macros: macros(tree), found: BTreeMap::new() };
    for module in 0..tree.modules.len() {
        scan.imports(module);
    }
    for (module, code) in &tree.code {
        scan.items(*module, code.clone());
    }
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

fn is(tokens: &[TokenTree], at: usize, character: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

/// The segments of the path that starts at `at`, and the place after it.
fn path(tokens: &[TokenTree], mut at: usize) -> Option<(Vec<String>, usize)> {
    let mut path = Vec::new();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => path.push(plain(ident)),
            _ => return None,
        }
        let goes_on = is(tokens, at + 1, ':')
            && is(tokens, at + 2, ':')
            && matches!(tokens.get(at + 3), Some(TokenTree::Ident(_)));
        if !goes_on {
            return Some((path, at + 1));
        }
        at += 3;
    }
}

/// Whether the word at `at` is a field, a lifetime, the rest of a path, or a definition.
fn follows_a_word_or_dot(tokens: &[TokenTree], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    match &tokens[before] {
        TokenTree::Punct(punct) => match punct.as_char() {
            '\'' => true,
            ':' => before > 0 && is(tokens, before - 1, ':'),
            '.' => !matches!(before.checked_sub(1).map(|at| &tokens[at]),
                Some(TokenTree::Punct(dot)) if dot.as_char() == '.' && dot.spacing() == Spacing::Joint),
            _ => false,
        },
        TokenTree::Ident(ident) => {
            let defines =
                ["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "union"];
            defines.iter().any(|word| ident == word)
        }
        _ => false,
    }
}

/// The place of the braces that end the head which starts at `at`; `None` if a semicolon ends it.
fn braces(tokens: &[TokenTree], at: usize) -> Option<usize> {
    (at + 1..tokens.len())
        .find(|&at| is(tokens, at, ';') || is_braces(&tokens[at]))
        .filter(|&at| is_braces(&tokens[at]))
}

fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// The place after `<…>` at the start of `head`.
fn generics(head: &[TokenTree]) -> usize {
    if !is(head, 0, '<') {
        return 0;
    }
    let mut depth = 0;
    for at in 0..head.len() {
        if is(head, at, '<') {
            depth += 1;
        } else if is(head, at, '>') && !(at > 0 && is(head, at - 1, '-')) {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    head.len()
}
