//! The derive macros of [shmstore](https://docs.rs/shmstore), where they are re-exported and documented.
//!
//! Built like a small compiler, a pass each: `parse` makes an item of the tokens (with `attr` for the attributes),
//! `validate` says all that can be said against it from the syntax alone, `expand` writes the implementations, and
//! with them the checks that need the compiler: types, offsets, discriminants.
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

/// Which of the two derives is at work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Derive {
    Value,
    Object,
}

/// Implements `ShmValue` and `ShmLayout`: see `shmstore::ShmValue`.
#[proc_macro_derive(ShmValue, attributes(shm))]
pub fn derive_value(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(Derive::Value, input.into()).into()
}

/// Implements `ShmObject` and `ShmLayout`: see `shmstore::ShmObject`.
#[proc_macro_derive(ShmObject, attributes(shm))]
pub fn derive_object(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(Derive::Object, input.into()).into()
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
    let fields = validate::validate(derive, &item, &mut errors);
    match errors.into_compile_error() {
        None => expand::expand(derive, &item),
        Some(errors) => {
            let stub = expand::stub(derive, &item, &fields);
            quote::quote! { #errors #stub }
        }
    }
}
