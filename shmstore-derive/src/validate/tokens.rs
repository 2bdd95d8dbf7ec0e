//! Tokens that are refused in types, bounds and lengths, because generated code repeats them.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use crate::errors::Errors;

/// Refuses `Self`, macros and attributes at any depth.
///
/// - `Self` has no meaning in a function.
/// - A macro may expand to another type or length each time, or to a reserved name.
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
                // `LEN != 0` is a comparison, and not a macro.
                if !is(tokens.peek(), '=') {
                    let invoked: TokenStream =
                        [Some(ident.into()), bang, tokens.next()].into_iter().flatten().collect();
                    errors.add(
                        invoked,
                        "a macro may expand to something else each time: write its result here, or a constant for a number",
                    );
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '#' && is_brackets(tokens.peek()) => {
                let attribute: TokenStream = [Some(punct.into()), tokens.next()].into_iter().flatten().collect();
                errors.add(attribute, "an attribute may be a macro, and expand to something else each time: remove it");
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

/// Returns `true` if `!` after this word does not mean *not*. `try` may be the name of a macro, because it is reserved
/// only in some editions.
fn is_name(ident: &Ident) -> bool {
    const BEFORE_NOT: [&str; 10] = ["as", "break", "const", "else", "if", "in", "match", "return", "unsafe", "while"];
    BEFORE_NOT.iter().all(|word| ident != word)
}
