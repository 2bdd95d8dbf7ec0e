//! Implementations that stand in for those of an item with errors. They never run: the program does not compile.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Ident;

use crate::Derive;
use crate::expand::paths::Paths;
use crate::expand::{member, schema};
use crate::parse::Item;

pub(crate) fn expand(derive: Derive, item: &Item, paths: &Paths) -> TokenStream {
    let private = paths.private();
    let ident = &item.ident;
    let (impl_generics, ty_generics, _) = item.generics.split_for_impl();
    let where_clause = where_clause(derive, item, &private);
    let shareable = member::shareable(item, paths);
    let role_clause = if item.is_generic() { where_clause.clone() } else { shareable.where_clause };
    let role = match derive {
        Derive::Value => quote! {
            unsafe impl #impl_generics #private::ShmValue for #ident #ty_generics #role_clause {
                type Validity = #private::Any;
                fn check_bits(_: &[#private::primitive::u8]) -> #private::Result<(), #private::InvalidValue> {
                    #private::Result::Ok(())
                }
            }
        },
        Derive::Object => quote! {
            unsafe impl #impl_generics #private::ShmObject for #ident #ty_generics #role_clause {
                type View = ();
            }
        },
    };
    let id = if item.is_generic() { TokenStream::new() } else { schema::expand_id(item, paths) };
    quote! {
        unsafe impl #impl_generics #private::ShmLayout for #ident #ty_generics #where_clause {
            const SCHEMA: &'static #private::Schema = &#private::Schema::new(0, 1, #private::Kind::Phantom);
        }
        #role
        #id
    }
}

/// Parameters may not have what the traits ask for; without parameters, a bound would be an error of its own.
fn where_clause(derive: Derive, item: &Item, private: &Ident) -> TokenStream {
    if !item.is_generic() {
        return item.generics.where_clause.to_token_stream();
    }
    let copy = (derive == Derive::Value).then(|| quote! { #private::Copy + });
    let own = item.generics.where_clause.as_ref().map(|clause| &clause.predicates).filter(|own| !own.is_empty());
    let own = own.map(|own| quote! { , #own });
    quote! { where Self: #copy #private::Send + #private::Sync + 'static #own }
}
