//! The lint levels of an item, repeated for the generated code.
//!
//! An attribute on an item does not apply to the code that a derive generates beside it. But this code contains tokens
//! of the item. The rule is: an item that compiles with `#[derive(Clone, Copy, Debug)]` also compiles with these
//! derives.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, GenericParam, Meta};

use crate::attr;

/// Returns the lint levels of an item, and of its parameters, fields and variants, as attributes.
///
/// `expect` becomes `allow`, because the lint may not fire again. A stricter level is left out.
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
    // Generated code may mention deprecated fields, as the item itself may.
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
    // The levels of the item come first, because a later level of a part takes precedence.
    [&input.attrs].into_iter().chain(params).chain(members).flatten()
}
