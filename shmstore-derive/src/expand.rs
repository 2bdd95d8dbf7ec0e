//! Generates the implementations, and the checks that need the compiler.
//!
//! Names in generated code:
//! - All names of the runtime and of the standard library are reached through `::shmstore::__private`, which is
//!   imported as `__shm`. This includes primitives, because a user may define a type `u8`.
//! - Every name that generated code defines begins with `__shm`, in upper or lower case. An item may not mention such a
//!   name (see `names`).
//! - A local name is bound only in an irrefutable pattern. So a constant of this name in the user's program is an
//!   error, and never a comparison.

mod check;
mod enums;
mod generics;
mod guess;
mod key;
mod member;
#[cfg(test)]
mod name_tests;
mod object;
mod paths;
mod schema;
mod stub;
mod types;
mod value;

use proc_macro2::TokenStream;
use quote::quote;

use crate::Derive;
use crate::parse::{Body, Field, Item};
use paths::Paths;

/// Generates the implementations for an item that has passed `validate`.
pub(crate) fn expand(derive: Derive, item: &Item) -> TokenStream {
    let Some(paths) = Paths::new(derive, item) else { return TokenStream::new() };
    let impls = match (&item.body, derive) {
        (Body::Struct(fields), Derive::Value) => value::expand(item, fields, &paths),
        (Body::Struct(fields), Derive::Object) => object::expand(item, fields, &paths),
        (_, Derive::Key) => key::expand(item, &paths),
        (Body::Enum(variants), _) => enums::expand(item, variants, &paths),
        (Body::Union(_), _) => TokenStream::new(),
    };
    let id = if derive == Derive::Key { TokenStream::new() } else { schema::expand_id(item, &paths) };
    in_block(item, &paths, &impls, &id)
}

/// Generates stubs for an item with errors, so that the errors do not cause others. Checks the types of the fields
/// without errors.
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

#[cfg(test)]
mod tests {
    use quote::quote;

    use crate::{Derive, derive};

    /// Returns the generated code as text.
    fn generated(kind: Derive, item: proc_macro2::TokenStream) -> String {
        derive(kind, item).to_string()
    }

    #[test]
    fn the_crate_attribute_replaces_every_path_of_the_runtime() {
        let fields = quote! { pub struct Item<const N: usize> { a: [A; N], b: B } };
        let item = quote! { #[repr(C)] #[shm(crate = "::renamed", id = 'T')] #fields };
        for kind in [Derive::Value, Derive::Object, Derive::Key] {
            let text = generated(kind, item.clone());
            assert!(text.contains(":: renamed :: __private"));
            assert!(!text.contains("shmstore"), "{text}");
        }
        let mode = quote! { #[repr(u8)] #[shm(crate = "::renamed", id = 'T')] enum Mode { Idle } };
        assert!(!generated(Derive::Value, mode).contains("shmstore"));
    }

    #[test]
    fn an_error_of_a_value_is_left_to_its_own_derive() {
        let bad = quote! { #[shm(crate = "shmstore", wrong)] struct Bad { a: &'static str, b: [u8; user!()] } };
        assert!(generated(Derive::Value, bad.clone()).contains("compile_error"));
        let text = generated(Derive::Key, bad);
        assert!(!text.contains("compile_error"), "{text}");
        assert!(text.contains("ShmKey for Bad") && text.contains("key :: refused ()"), "{text}");
    }

    #[test]
    fn an_item_with_an_error_gets_stubs_of_all_traits() {
        let text = generated(Derive::Value, quote! { #[repr(C)] struct Bad { a: &'static str } });
        assert!(text.contains("compile_error"));
        assert!(text.contains("ShmLayout for Bad"));
        assert!(text.contains("ShmValue for Bad"));
    }
}
