//! `ShmLayout` and `ShmId`.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::paths::Paths;
use crate::parse::{Field, Item};

/// Writes `ShmLayout` for a struct. `checks` are evaluated with the schema: those that had to wait for const arguments.
pub(crate) fn expand_struct(item: &Item, fields: &[Field], checks: &TokenStream, paths: &Paths) -> TokenStream {
    let private = paths.private();
    let (impl_generics, ty_generics, where_clause) = item.generics.split_for_impl();
    let (ident, name) = (&item.ident, item.schema_name());
    let const_args = const_args(item, &private);
    let fields = fields.iter().map(|field| field_entry(item, field, paths));
    quote! {
        #[automatically_derived]
        unsafe impl #impl_generics #private::ShmLayout for #ident #ty_generics #where_clause {
            const SCHEMA: &'static #private::Schema = {
                #checks
                &#private::Schema::of::<Self>(#private::Kind::Struct {
                    name: #name,
                    const_args: const { &[#(#const_args),*] },
                    fields: const { &[#(#fields),*] },
                })
            };
        }
    }
}

fn field_entry(item: &Item, field: &Field, paths: &Paths) -> TokenStream {
    let private = paths.private();
    let name = &field.name;
    let offset = offset(item, field, paths);
    let schema = paths.of_field(field, "SCHEMA");
    quote! { #private::Field { name: #name, offset: #offset, schema: #schema } }
}

fn const_args(item: &Item, private: &TokenStream) -> impl Iterator<Item = TokenStream> {
    item.const_params().map(move |param| {
        let (ident, ty) = (&param.ident, &param.ty);
        let name = syn::ext::IdentExt::unraw(ident).to_string();
        quote! {
            #private::ConstArg { name: #name, value: #private::const_arg::<#ty>(#ident as #private::primitive::i128) }
        }
    })
}

/// Where a field of the item lies.
pub(crate) fn offset(item: &Item, field: &Field, paths: &Paths) -> TokenStream {
    let private = paths.private();
    let (_, ty_generics, _) = item.generics.split_for_impl();
    let (ident, turbofish, member) = (&item.ident, ty_generics.as_turbofish(), &field.member);
    quote! { #private::offset_of!(#ident #turbofish, #member) }
}

/// Writes `ShmId`, if the item has an id.
pub(crate) fn expand_id(item: &Item, paths: &Paths) -> TokenStream {
    let Some(id) = &item.shm.id else { return TokenStream::new() };
    let private = paths.private();
    let (impl_generics, ty_generics, where_clause) = item.generics.split_for_impl();
    let ident = &item.ident;
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::ShmId for #ident #ty_generics #where_clause {
            const ID: #private::primitive::char = #id;
        }
    }
}
