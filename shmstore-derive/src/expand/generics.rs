//! The parameters of an item, as the implementations repeat them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::GenericParam;

use crate::parse::Item;

impl Item {
    /// Returns the parameters without their defaults, each followed by a comma.
    ///
    /// Every type parameter has the bound `'static`. Without it, the compiler also reports for every trait that a
    /// parameter may not live long enough. The bound is beside the other bounds of the parameter, because clippy
    /// requires them in one place.
    pub(crate) fn params(&self) -> TokenStream {
        let params = self.generics.params.iter().map(|param| match param {
            GenericParam::Const(param) => {
                let (ident, ty) = (&param.ident, &param.ty);
                quote! { const #ident: #ty, }
            }
            GenericParam::Type(param) => {
                // The last bound may be followed by a `+`, so the bounds are joined again.
                let (ident, bounds) = (&param.ident, param.bounds.iter());
                let bounds = quote! { #(#bounds)+* };
                let forever = (!bounds.is_empty()).then(|| quote! { + 'static });
                quote! { #ident: #bounds #forever, }
            }
            GenericParam::Lifetime(param) => quote! { #param, },
        });
        params.collect()
    }

    /// Returns the parameters as arguments between `<` and `>`, or nothing. A const argument needs braces, because a
    /// type may have its name.
    pub(crate) fn args(&self) -> TokenStream {
        if !self.is_generic() {
            return TokenStream::new();
        }
        let args = self.generics.params.iter().map(|param| match param {
            GenericParam::Const(param) => {
                let ident = &param.ident;
                quote! { { #ident }, }
            }
            GenericParam::Type(param) => {
                let ident = &param.ident;
                quote! { #ident, }
            }
            GenericParam::Lifetime(param) => {
                let lifetime = &param.lifetime;
                quote! { #lifetime, }
            }
        });
        quote! { <#(#args)*> }
    }

    /// Returns the item as a type, for code where `Self` is not available.
    pub(crate) fn this(&self) -> TokenStream {
        let (ident, args) = (&self.ident, self.args());
        quote! { #ident #args }
    }

    /// Returns the predicates after `where`, each followed by a comma.
    pub(crate) fn predicates(&self) -> TokenStream {
        let own = self.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let params = self.generics.type_params().filter(|param| param.bounds.is_empty()).map(|param| &param.ident);
        quote! { #(#own,)* #(#params: 'static,)* }
    }
}
