//! Code as tokens, without what is compiled for tests only.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

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
