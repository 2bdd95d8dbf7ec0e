//! `ShmLayout` and `ShmId`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

use crate::expand::paths::Paths;
use crate::parse::{Field, Item};

/// Generates `ShmLayout` for a struct, with the table of its fields and the checks that read it.
///
/// The table of a generic struct cannot be a constant of its own. So its checks run with the schema, when a program
/// that uses the type is built, and not in `cargo check`.
pub(crate) fn expand_struct(item: &Item, fields: &[Field], checks: &[TokenStream], paths: &Paths) -> TokenStream {
    let private = paths.private();
    let (params, this, predicates) = (item.params(), item.this(), item.predicates());
    let (name, table) = (item.schema_name(), table(item));
    let entries = fields.iter().map(|field| field_entry(item, field, paths));
    let (beside, first, const_args) = if item.is_generic() {
        let const_args = const_args(item, &private);
        let table = quote! { let #table: &'static [#private::Field] = const { &[#(#entries),*] }; #(#checks;)* };
        (TokenStream::new(), table, quote! { const { &[#(#const_args),*] } })
    } else {
        let table = quote! {
            const #table: &'static [#private::Field] = &[#(#entries),*];
            #(const _: () = #checks;)*
        };
        (table, TokenStream::new(), quote! { &[] })
    };
    quote! {
        #beside
        #[automatically_derived]
        unsafe impl<#params> #private::ShmLayout for #this where #predicates {
            const SCHEMA: &'static #private::Schema = {
                #first
                // The variable keeps rustc from promoting the schema, which would compute its hash without need.
                let __shm_kind = #private::Kind::Struct { name: #name, const_args: #const_args, fields: #table };
                &#private::Schema::of::<Self>(__shm_kind)
            };
        }
    }
}

/// Returns the name of the table of fields, which is a constant or a local variable.
pub(crate) fn table(item: &Item) -> Ident {
    Ident::new(if item.is_generic() { "__shm_fields" } else { "__SHM_FIELDS" }, Span::call_site())
}

fn field_entry(item: &Item, field: &Field, paths: &Paths) -> TokenStream {
    let private = paths.private();
    let name = &field.name;
    let offset = offset(item, field, paths);
    let schema = paths.of_field(field, "SCHEMA");
    quote! { #private::Field { name: #name, offset: #offset, schema: #schema } }
}

fn const_args(item: &Item, private: &Ident) -> impl Iterator<Item = TokenStream> {
    item.const_params().map(move |param| {
        let (ident, ty) = (&param.ident, &param.ty);
        let name = syn::ext::IdentExt::unraw(ident).to_string();
        quote! {
            #private::ConstArg { name: #name, value: #private::const_arg::<#ty>(#ident as #private::primitive::i128) }
        }
    })
}

/// Generates the offset of a field.
pub(crate) fn offset(item: &Item, field: &Field, paths: &Paths) -> TokenStream {
    let private = paths.private();
    let (ident, args, member) = (&item.ident, item.args(), &field.member);
    let turbofish = item.is_generic().then(|| quote! { :: });
    quote! { #private::offset_of!(#ident #turbofish #args, #member) }
}

/// Generates `ShmId`, if the item has an id.
pub(crate) fn expand_id(item: &Item, paths: &Paths) -> TokenStream {
    let Some(id) = &item.shm.id else { return TokenStream::new() };
    let private = paths.private();
    let (params, this, predicates) = (item.params(), item.this(), item.predicates());
    let room = item.shm.room.as_ref().map(|room| {
        let bytes = &room.bytes;
        quote! { const ROOM: #private::primitive::usize = #bytes; }
    });
    quote! {
        #[automatically_derived]
        impl<#params> #private::ShmId for #this where #predicates {
            const ID: #private::primitive::char = #id;
            #room
        }
    }
}
