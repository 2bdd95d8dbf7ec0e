//! Writes the implementations, and the checks that need the compiler.
//!
//! The names in it are all reached through `::shmstore::__private`, which is `__shm` there, primitives too: a user may have a `u8` of their own.
//! Every name that generated code defines begins with `__shm`, in upper or lower case, and no item may mention such a name (see `names`).
//! A local name is bound only where its pattern has to match every value, so that a constant of this name elsewhere in the user's program
//! is an error, and never a comparison.

mod check;
mod enums;
mod generics;
mod guess;
mod member;
#[cfg(test)]
mod name_tests;
mod object;
mod paths;
mod schema;
mod stub;
#[cfg(test)]
mod tests;
mod types;
mod value;
mod view;

use proc_macro2::TokenStream;
use quote::quote;

use crate::Derive;
use crate::parse::{Body, Field, Item};
use paths::Paths;

/// Writes what a derive stands for; the item has passed `validate`.
pub(crate) fn expand(derive: Derive, item: &Item) -> TokenStream {
    let Some(paths) = Paths::new(derive, item) else { return TokenStream::new() };
    let impls = match (&item.body, derive) {
        (Body::Struct(fields), Derive::Value) => value::expand(item, fields, &paths),
        (Body::Struct(fields), Derive::Object) => object::expand(item, fields, &paths),
        (Body::Enum(variants), _) => enums::expand(item, variants, &paths),
        (Body::Union(_), _) => TokenStream::new(),
    };
    in_block(item, &paths, &impls, &schema::expand_id(item, &paths))
}

/// Writes what stands in for the implementations of an item with errors, so that these are not followed by others: and
/// asks the compiler about the fields that are not known to be wrong.
pub(crate) fn stub(derive: Derive, item: &Item, fields: &[&Field]) -> TokenStream {
    let Some(paths) = Paths::new(derive, item) else { return TokenStream::new() };
    let checks = if item.generics.params.is_empty() { check::fields_only(fields, &paths) } else { TokenStream::new() };
    in_block(item, &paths, &stub::expand(derive, item, &paths), &checks)
}

fn in_block(item: &Item, paths: &Paths, first: &TokenStream, second: &TokenStream) -> TokenStream {
    let lint_levels = &item.lint_levels;
    let import = paths.import();
    quote! {
        #lint_levels
        const _: () = { #import #first #second };
    }
}
