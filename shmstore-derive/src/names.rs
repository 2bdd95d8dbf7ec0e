//! The identifiers of an item, and those that are reserved for generated code.
//!
//! Generated code is resolved in the scope of the item. So a token of the item could mean a name of the derive, which
//! would change the type of a field. Therefore the two sets of names are disjoint.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;

use crate::errors::Errors;

/// The greatest depth of nested brackets. Items that people write are far below it. The parser is recursive, and a full
/// stack would crash the compiler without a message.
const MAX_DEPTH: usize = 100;

/// The prefix of every name that generated code defines, in upper or lower case.
pub(crate) const PREFIX: &str = "__shm";

/// The identifiers of an item, without `r#`.
pub(crate) struct Names(HashSet<String>);

impl Names {
    /// Collects the identifiers in `tokens`, and refuses reserved ones. Returns `None` if the tokens are nested too
    /// deep.
    pub(crate) fn of(tokens: TokenStream, errors: &mut Errors) -> Option<Self> {
        let mut names = Self(HashSet::new());
        names.collect(tokens, MAX_DEPTH, errors).then_some(names)
    }

    fn collect(&mut self, tokens: TokenStream, depth: usize, errors: &mut Errors) -> bool {
        tokens.into_iter().all(|token| match token {
            TokenTree::Group(group) if depth == 0 => {
                errors.add(
                    group,
                    format!("brackets are nested more than {MAX_DEPTH} deep: name the inner types with `type`"),
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

/// Returns `true` if generated code may define this name.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// Refuses a name that generated code may define.
pub(crate) fn refuse_reserved(ident: &Ident, errors: &mut Errors) {
    if is_reserved(&ident.unraw().to_string()) {
        errors.add(
            ident,
            format!(
                "names that begin with `{PREFIX}` are reserved for the code that this derive generates: choose \
                 another name"
            ),
        );
    }
}
