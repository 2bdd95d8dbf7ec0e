//! `ShmKey` for structs and enums.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;

use crate::Derive;
use crate::expand::paths::Paths;
use crate::expand::stub;
use crate::parse::{Body, Item, at};

pub(crate) fn expand(item: &Item, paths: &Paths) -> TokenStream {
    let to_key = match &item.body {
        Body::Struct(fields) => {
            let members = fields.iter().map(|field| &field.member);
            let keys = fields.iter().map(|field| paths.key_of(field));
            quote! { Self { #(#members: #keys),* } }
        }
        _ => quote! { *self },
    };
    shm_key(item, paths, &TokenStream::new(), &to_key)
}

/// Generates the implementation for an item that `#[derive(ShmValue)]` refuses.
pub(crate) fn expand_stub(item: &Item, paths: &Paths) -> TokenStream {
    let (private, this) = (paths.private(), item.this());
    let bounds = stub::bounds(Derive::Value, &private);
    let predicates = if item.is_generic() {
        quote! { #this: #bounds, }
    } else {
        TokenStream::new()
    };
    shm_key(item, paths, &predicates, &quote! { #private::key::refused() })
}

/// Generates the implementation, and the check that the item is a value under some more predicates.
fn shm_key(item: &Item, paths: &Paths, more: &TokenStream, to_key: &TokenStream) -> TokenStream {
    let private = paths.private();
    let (params, this, predicates) = (item.params(), item.this(), item.predicates());
    let span = at(item.ident.span());
    let argument = Ident::new("__shm_this", span);
    let at_ident = paths.private_at(span);
    let is_value = quote_spanned! {span=> #at_ident::key::is_value(#argument) };
    quote! {
        fn __shm_is_value<#params>(#argument: &#this) where #predicates #more {
            #is_value
        }
        #[automatically_derived]
        impl<#params> #private::ShmKey for #this
        where
            #predicates
            for<'__shm_any> Self: #private::key::BesideValue<'__shm_any>,
        {
            #[inline]
            fn to_key(&self) -> Self {
                use #private::key::Refused as _;
                #to_key
            }
        }
    }
}
