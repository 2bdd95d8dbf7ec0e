//! `ShmValue` for enums.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};

use crate::attr::ReprKind;
use crate::expand::paths::Paths;
use crate::parse::{Item, Variant, at};

pub(crate) fn expand(item: &Item, variants: &[Variant], paths: &Paths) -> TokenStream {
    let Some(repr) = repr(item) else { return TokenStream::new() };
    let same_variants = same_variants(item, variants);
    let checks = checks(item, variants, &repr, paths);
    let layout = shm_layout(item, variants, &repr, paths);
    let value = shm_value(item, variants, &repr, paths);
    quote! { #same_variants #checks #layout #value }
}

/// Returns the name of the integer that stores the enum.
fn repr(item: &Item) -> Option<String> {
    item.reprs.iter().find_map(|repr| match &repr.kind {
        ReprKind::Integer(name) => Some(name.clone()),
        _ => None,
    })
}

fn checks(item: &Item, variants: &[Variant], repr: &str, paths: &Paths) -> TokenStream {
    let ident = &item.ident;
    let private = paths.private_at(ident.span());
    let discriminants: Vec<_> = discriminants(item, variants, "i128", paths).collect();
    let numbers: Vec<_> = self::discriminants(item, variants, repr, paths).collect();
    let variants = variants.iter().map(|variant| &variant.ident);
    let integer = format_ident!("{repr}");
    quote_spanned! {at(ident.span())=>
        const _: () = #private::has_zero(&[#(#discriminants),*]);
        const _: () = #private::is_stored_as::<#ident, #private::primitive::#integer>(&[
            #((#ident::#variants, #numbers, #discriminants, #numbers as #private::primitive::i128)),*
        ]);
    }
}

/// Generates code that compiles only if the enum has exactly the variants that the derive saw.
///
/// A comparison of numbers would not be enough: if another macro removes a variant, an associated constant could take
/// its place.
fn same_variants(item: &Item, variants: &[Variant]) -> TokenStream {
    if variants.is_empty() {
        return TokenStream::new();
    }
    let ident = &item.ident;
    let variants = variants.iter().map(|variant| &variant.ident);
    quote! {
        fn __shm_same_variants(__shm_this: &#ident) {
            match *__shm_this { #(#ident::#variants => {})* }
        }
    }
}

/// Returns each variant as a number.
fn discriminants(item: &Item, variants: &[Variant], number: &str, paths: &Paths) -> impl Iterator<Item = TokenStream> {
    let (private, number) = (paths.private(), format_ident!("{number}"));
    let ident = item.ident.clone();
    variants
        .iter()
        .map(move |Variant { ident: variant, .. }| quote! { #ident::#variant as #private::primitive::#number })
}

fn shm_layout(item: &Item, variants: &[Variant], repr: &str, paths: &Paths) -> TokenStream {
    let private = paths.private();
    let (ident, name) = (&item.ident, item.schema_name());
    let primitive = format_ident!("{}", repr.to_uppercase());
    let names = variants.iter().map(|variant| syn::ext::IdentExt::unraw(&variant.ident).to_string());
    let discriminants = discriminants(item, variants, "i128", paths);
    quote! {
        #[automatically_derived]
        unsafe impl #private::ShmLayout for #ident {
            const SCHEMA: &'static #private::Schema = &#private::Schema::of::<Self>(#private::Kind::Enum {
                name: #name,
                repr: #private::Primitive::#primitive,
                variants: const { &[#(#private::Variant { name: #names, discriminant: #discriminants }),*] },
            });
        }
    }
}

fn shm_value(item: &Item, variants: &[Variant], repr: &str, paths: &Paths) -> TokenStream {
    let private = paths.private();
    let (ident, name, integer) = (&item.ident, item.schema_name(), format_ident!("{repr}"));
    let discriminants = discriminants(item, variants, repr, paths);
    quote! {
        #[automatically_derived]
        unsafe impl #private::ShmValue for #ident {
            type Validity = #private::Checked;
            fn check_bits(__shm_bytes: &[#private::primitive::u8]) -> #private::Result<(), #private::InvalidValue> {
                let __shm_found = <#private::primitive::#integer>::from_ne_bytes(#private::first_bytes(__shm_bytes));
                #private::check_variant(#name, &[#(#discriminants),*], __shm_found)
            }
        }
    }
}
