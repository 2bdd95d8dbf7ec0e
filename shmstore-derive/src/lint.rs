//! The lint levels that an item sets for itself, for the code that is generated from it.
//!
//! An attribute on an item does not reach what a derive adds beside it, although the tokens in there are the item's own. The measure is
//! the built-in derives: an item that compiles with `#[derive(Clone, Copy, Debug)]` compiles with these, too.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, GenericParam, Meta};

use crate::attr;

/// The lint levels of an item, of its parameters, fields and variants, as attributes.
///
/// An expectation becomes an allowance, because it need not be fulfilled twice. What would make a lint stricter is left out.
pub(crate) fn levels(input: &DeriveInput) -> TokenStream {
    let (mut levels, mut is_deprecated) = (TokenStream::new(), false);
    for attr in attributes(input) {
        is_deprecated |= attr::is(attr, "deprecated");
        if let Meta::List(list) = &attr.meta {
            let lints = &list.tokens;
            if attr::is(attr, "allow") || attr::is(attr, "expect") {
                levels.extend(quote! { #[allow(#lints)] });
            } else if attr::is(attr, "warn") {
                levels.extend(quote! { #[warn(#lints)] });
            }
        }
    }
    // Generated code mentions what is deprecated, as the item itself may.
    let deprecated = is_deprecated.then(|| quote! { #[allow(deprecated)] });
    quote! { #deprecated #levels }
}

fn attributes(input: &DeriveInput) -> impl Iterator<Item = &Attribute> {
    let params = input.generics.params.iter().map(|param| match param {
        GenericParam::Lifetime(param) => &param.attrs,
        GenericParam::Type(param) => &param.attrs,
        GenericParam::Const(param) => &param.attrs,
    });
    let members: Vec<_> = match &input.data {
        Data::Struct(data) => data.fields.iter().map(|field| &field.attrs).collect(),
        Data::Enum(data) => data.variants.iter().map(|variant| &variant.attrs).collect(),
        Data::Union(_) => Vec::new(),
    };
    // A level on the item comes first, so that one on a part of it goes before.
    [&input.attrs].into_iter().chain(params).chain(members).flatten()
}
