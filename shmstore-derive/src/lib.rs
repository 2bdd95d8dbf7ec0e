//! The derive macros of [shmstore](https://docs.rs/shmstore), which re-exports and documents them.
//!
//! The crate is built like a small compiler:
//! 1. `parse` turns the tokens into an item. `attr` reads the attributes.
//! 2. `validate` reports the errors that are visible in the syntax.
//! 3. `expand` generates the implementations, and checks for the compiler: of types, offsets and discriminants.
#![forbid(unsafe_code)]

mod advice;
mod attr;
mod errors;
mod expand;
mod krate;
mod lint;
mod names;
mod parse;
mod validate;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::names::Names;
use crate::parse::Item;

/// The derive that runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Derive {
    Value,
    Object,
    /// Beside `Value`, which reports all errors that an item has as a value.
    Key,
}

/// Implements `ShmValue` and `ShmLayout`. See `shmstore::ShmValue`.
#[proc_macro_derive(ShmValue, attributes(shm))]
pub fn derive_value(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(Derive::Value, input.into()).into()
}

/// Implements `ShmObject` and `ShmLayout`. See `shmstore::ShmObject`.
#[proc_macro_derive(ShmObject, attributes(shm))]
pub fn derive_object(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(Derive::Object, input.into()).into()
}

/// Implements `ShmKey`. See `shmstore::ShmKey`.
#[proc_macro_derive(ShmKey, attributes(shm))]
pub fn derive_key(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(Derive::Key, input.into()).into()
}

fn derive(derive: Derive, input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(names) = Names::of(input.clone(), &mut errors) else {
        return errors.into_compile_error().unwrap_or_default();
    };
    let item = match syn::parse2(input) {
        Ok(input) => Item::parse(input, names, &mut errors),
        Err(error) => return error.into_compile_error(),
    };
    let rules = if derive == Derive::Key { Derive::Value } else { derive };
    let fields = validate::validate(rules, &item, &mut errors);
    match errors.into_compile_error() {
        None => expand::expand(derive, &item),
        Some(_) if derive == Derive::Key && item.krate.is_some() => expand::stub(derive, &item, &[]),
        Some(errors) => {
            let stub = expand::stub(derive, &item, &fields);
            quote::quote! { #errors #stub }
        }
    }
}
