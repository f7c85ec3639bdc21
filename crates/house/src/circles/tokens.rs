//! Code as tokens, without what is compiled for tests only, and the little syntax sought in it.

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};

/// `tokens` without each item or statement under `#[cfg(test)]`, at any depth.
pub(super) fn without_tests(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut kept: Vec<TokenTree> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if let Some(group) = attribute(&tokens, at)
            && tests_only(group)
        {
            // Its documentation may stand above.
            while kept.len() > 1 && attribute(&kept, kept.len() - 2).is_some() {
                kept.truncate(kept.len() - 2);
            }
            at = past_item(&tokens, at);
            continue;
        }
        kept.push(match &tokens[at] {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_tests(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other.clone(),
        });
        at += 1;
    }
    kept.into_iter().collect()
}

/// The brackets of the outer attribute that starts at `at`.
pub(super) fn attribute(tokens: &[TokenTree], at: usize) -> Option<&Group> {
    match (&tokens[at], tokens.get(at + 1)) {
        (TokenTree::Punct(hash), Some(TokenTree::Group(group)))
            if hash.as_char() == '#' && group.delimiter() == Delimiter::Bracket =>
        {
            Some(group)
        }
        _ => None,
    }
}

/// The first word of an attribute: `doc`, `cfg`, `serde`.
pub(super) fn attribute_name(attribute: &Group) -> String {
    attribute.stream().into_iter().next().map(|token| token.to_string()).unwrap_or_default()
}

fn tests_only(attribute: &Group) -> bool {
    let words = words(attribute.stream());
    words.first().is_some_and(|word| word == "cfg")
        && words.iter().any(|word| word == "test" || word == "doctest")
        && !words.iter().any(|word| word == "not")
}

fn words(tokens: TokenStream) -> Vec<String> {
    tokens.into_iter().fold(Vec::new(), |mut found, token| {
        match token {
            TokenTree::Ident(ident) => found.push(ident.to_string()),
            TokenTree::Group(group) => found.extend(words(group.stream())),
            _ => {}
        }
        found
    })
}

/// The place after the item whose attributes start at `at`: past its braces or its semicolon.
fn past_item(tokens: &[TokenTree], mut at: usize) -> usize {
    while at < tokens.len() && attribute(tokens, at).is_some() {
        at += 2;
    }
    let to_semicolon = tokens[at..]
        .iter()
        .take(3)
        .any(|token| ["use", "const", "static", "type", "let"].contains(&&*token.to_string()))
        && !tokens[at..].iter().take(4).any(|token| token.to_string() == "fn");
    while at < tokens.len() {
        let ends = match &tokens[at] {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => !to_semicolon && group.delimiter() == Delimiter::Brace,
            _ => false,
        };
        at += 1;
        if ends {
            break;
        }
    }
    at
}

/// An identifier without `r#`.
pub(super) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_string)
}

/// Whether a punctuation mark stands at `at`.
pub(super) fn is(tokens: &[TokenTree], at: usize, character: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

/// The segments of the path that starts at `at`, and the place after it.
pub(super) fn path(tokens: &[TokenTree], mut at: usize) -> Option<(Vec<String>, usize)> {
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
pub(super) fn follows_a_word_or_dot(tokens: &[TokenTree], at: usize) -> bool {
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
pub(super) fn braces(tokens: &[TokenTree], at: usize) -> Option<usize> {
    (at + 1..tokens.len())
        .find(|&at| is(tokens, at, ';') || is_braces(&tokens[at]))
        .filter(|&at| is_braces(&tokens[at]))
}

fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// The place after `<…>` at the start of `head`.
pub(super) fn generics(head: &[TokenTree]) -> usize {
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
