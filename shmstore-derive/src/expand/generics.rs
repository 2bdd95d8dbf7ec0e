//! The parameters of an item, as its implementations repeat them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::GenericParam;

use crate::parse::Item;

impl Item {
    /// The parameters without their defaults, which an implementation has not, each followed by a comma.
    ///
    /// Every type lives forever (`'static`). Without this bound the compiler says of every trait that a parameter may not live long enough,
    /// beside what is wrong with it. The bound stands where the parameter's other bounds are, as clippy wants them in one place.
    pub(crate) fn params(&self) -> TokenStream {
        let params = self.generics.params.iter().map(|param| match param {
            GenericParam::Const(param) => {
                let (ident, ty) = (&param.ident, &param.ty);
                quote! { const #ident: #ty, }
            }
            GenericParam::Type(param) => {
                // A `+` may stand after the last one.
                let (ident, bounds) = (&param.ident, param.bounds.iter());
                let bounds = quote! { #(#bounds)+* };
                let forever = (!bounds.is_empty()).then(|| quote! { + 'static });
                quote! { #ident: #bounds #forever, }
            }
            GenericParam::Lifetime(param) => quote! { #param, },
        });
        params.collect()
    }

    /// The parameters as arguments, between `<` and `>` if there are any. A const one stands in braces, or a type of its name would be meant.
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

    /// The item as a type, where `Self` would not do.
    pub(crate) fn this(&self) -> TokenStream {
        let (ident, args) = (&self.ident, self.args());
        quote! { #ident #args }
    }

    /// What stands after `where`, each predicate followed by a comma.
    pub(crate) fn predicates(&self) -> TokenStream {
        let own = self.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let params = self.generics.type_params().filter(|param| param.bounds.is_empty()).map(|param| &param.ident);
        quote! { #(#own,)* #(#params: 'static,)* }
    }
}
