//! Tokens that are refused in the types, bounds and lengths of an item, because generated code repeats them.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use crate::errors::Errors;

/// Refuses `Self`, macros and attributes, however deep they stand.
///
/// - `Self` is no name in a function.
/// - A macro may stand for another type, or length, each time it is expanded, and for a name that is reserved for generated code.
/// - An attribute may be a macro.
pub(crate) fn refuse(tokens: TokenStream, errors: &mut Errors) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => refuse(group.stream(), errors),
            TokenTree::Ident(ident) if ident == "Self" => {
                errors.add(ident, "write the name of the struct instead of `Self`");
            }
            TokenTree::Ident(ident) if is(tokens.peek(), '!') && is_name(&ident) => {
                let bang = tokens.next();
                // Not a comparison: `LEN != 0`.
                if !is(tokens.peek(), '=') {
                    let invoked: TokenStream =
                        [Some(ident.into()), bang, tokens.next()].into_iter().flatten().collect();
                    errors.add(
                        invoked,
                        "write out what this macro stands for, or, for a number, write a constant: a macro could be another thing each time it is expanded",
                    );
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '#' && is_brackets(tokens.peek()) => {
                let attribute: TokenStream = [Some(punct.into()), tokens.next()].into_iter().flatten().collect();
                errors.add(
                    attribute,
                    "remove this attribute: it could be a macro, and another thing each time it is expanded",
                );
            }
            _ => {}
        }
    }
}

fn is(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn is_brackets(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket)
}

/// Whether `!` after this word does not mean *not*. Of the words that are reserved in some edition only, `try` may be the name of a macro.
fn is_name(ident: &Ident) -> bool {
    const BEFORE_NOT: [&str; 10] = ["as", "break", "const", "else", "if", "in", "match", "return", "unsafe", "while"];
    BEFORE_NOT.iter().all(|word| ident != word)
}
