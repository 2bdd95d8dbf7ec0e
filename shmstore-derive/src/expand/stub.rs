//! Stubs for the implementations of an item with errors. They never run, because the program does not compile.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use crate::Derive;
use crate::expand::paths::Paths;
use crate::expand::{key, member, schema};
use crate::parse::Item;

pub(crate) fn expand(derive: Derive, item: &Item, paths: &Paths) -> TokenStream {
    let private = paths.private();
    let (params, this) = (item.params(), item.this());
    let where_clause = where_clause(derive, item, &private);
    let shareable = member::shareable(item, paths);
    let role_clause = if item.is_generic() { where_clause.clone() } else { shareable.where_clause };
    let role = match derive {
        Derive::Value => quote! {
            unsafe impl<#params> #private::ShmValue for #this #role_clause {
                type Validity = #private::Any;
                fn check_bits(_: &[#private::primitive::u8]) -> #private::Result<(), #private::InvalidValue> {
                    #private::Result::Ok(())
                }
            }
        },
        Derive::Object => quote! {
            unsafe impl<#params> #private::ShmObject for #this #role_clause {
                type View = ();
            }
        },
        Derive::Key => return key::expand_stub(item, paths),
    };
    let id = if item.is_generic() { TokenStream::new() } else { schema::expand_id(item, paths) };
    quote! {
        unsafe impl<#params> #private::ShmLayout for #this #where_clause {
            // No type has the alignment 0. By it, the runtime leaves out checks that would only repeat an error.
            const SCHEMA: &'static #private::Schema = &#private::Schema::new(0, 0, #private::Kind::Phantom);
        }
        #role
        #id
    }
}

/// Returns the bounds that the traits need, which the parameters may not have. Without parameters, such a bound would
/// be another error.
fn where_clause(derive: Derive, item: &Item, private: &Ident) -> TokenStream {
    let (own, bounds) = (item.predicates(), bounds(derive, private));
    let bounds = item.is_generic().then(|| quote! { Self: #bounds });
    quote! { where #own #bounds }
}

/// Returns the bounds that the traits need.
pub(crate) fn bounds(derive: Derive, private: &Ident) -> TokenStream {
    let copy = (derive != Derive::Object).then(|| quote! { #private::Copy + });
    quote! { #copy #private::Send + #private::Sync + 'static }
}
