//! The identifiers of an item, and those that are reserved for generated code.
//!
//! Types and constants in generated code are resolved where the item stands, so a name of the derive's own could be meant by a token of
//! the item, and change what the type of a field is. The two sets of names are therefore kept apart.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;

use crate::errors::Errors;

/// How deep groups may stand in each other. An item that is written by hand stays far below; the parser calls itself for each level, and a
/// compiler whose stack is full ends without a word.
const MAX_DEPTH: usize = 100;

/// How every name that generated code defines begins, in upper or lower case.
pub(crate) const PREFIX: &str = "__shm";

/// The identifiers of an item, without `r#`.
pub(crate) struct Names(HashSet<String>);

impl Names {
    /// Collects the identifiers among `tokens`, and refuses those that are reserved. `None` if the tokens are nested too deep.
    pub(crate) fn of(tokens: TokenStream, errors: &mut Errors) -> Option<Self> {
        let mut names = Self(HashSet::new());
        names.collect(tokens, MAX_DEPTH, errors).then_some(names)
    }

    fn collect(&mut self, tokens: TokenStream, depth: usize, errors: &mut Errors) -> bool {
        tokens.into_iter().all(|token| match token {
            TokenTree::Group(group) if depth == 0 => {
                errors.add(
                    group,
                    format!("groups stand in each other more than {MAX_DEPTH} deep: give the inner ones names"),
                );
                false
            }
            TokenTree::Group(group) => self.collect(group.stream(), depth - 1, errors),
            TokenTree::Ident(ident) => {
                refuse_reserved(&ident, errors);
                self.0.insert(ident.unraw().to_string());
                true
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => true,
        })
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// Whether generated code may define a name like this.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// Refuses a name that the generated code may define, on its token.
pub(crate) fn refuse_reserved(ident: &Ident, errors: &mut Errors) {
    if is_reserved(&ident.unraw().to_string()) {
        errors.add(
            ident,
            format!(
                "names that begin with `{PREFIX}` are reserved for the code that this derive generates: choose another"
            ),
        );
    }
}
