//! `ShmKey` for structs and enums.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;

use crate::expand::paths::Paths;
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
    shm_key(item, paths, &to_key)
}

/// Generates the implementation for an item that `#[derive(ShmValue)]` refuses.
pub(crate) fn stub(item: &Item, paths: &Paths) -> TokenStream {
    let private = paths.private();
    shm_key(item, paths, &quote! { #private::key::refused() })
}

fn shm_key(item: &Item, paths: &Paths, to_key: &TokenStream) -> TokenStream {
    let private = paths.private();
    let (params, this, predicates) = (item.params(), item.this(), item.predicates());
    let span = at(item.ident.span());
    let beside = paths.private_at(span);
    let is_value = Ident::new("is_value", span);
    let check = quote_spanned! {span=> #beside::key::#is_value::<#this>() };
    quote! {
        fn __shm_is_value<#params>() where #predicates {
            #check
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
