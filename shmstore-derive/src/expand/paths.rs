//! The paths in generated code.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;

use crate::parse::{Field, Item, at};
use crate::{Derive, advice};

/// The path of the runtime.
pub(crate) struct Paths {
    derive: Derive,
    krate: TokenStream,
}

impl Paths {
    /// Returns `None` if the runtime was not found.
    pub(crate) fn new(derive: Derive, item: &Item) -> Option<Self> {
        Some(Self { derive, krate: item.krate.clone()? })
    }

    /// Imports the module with all names of the runtime under a short name, because each token of a path slows the
    /// user's build.
    pub(crate) fn import(&self) -> TokenStream {
        let (krate, private) = (&self.krate, self.private());
        quote! { use #krate::__private as #private; }
    }

    /// Returns the short name.
    pub(crate) fn private(&self) -> Ident {
        Ident::new("__shm", Span::call_site())
    }

    /// Returns the short name with a span, so that an error in the path is reported there.
    pub(crate) fn private_at(&self, span: Span) -> Ident {
        Ident::new("__shm", at(span))
    }

    /// Returns `<Type as Trait>::item` for the type of a field, with the trait that has the best advice.
    ///
    /// The path has the span of the type, so that rustc underlines the whole type. The tokens of the type are not
    /// changed, because their spans determine their meaning.
    pub(crate) fn of_field(&self, field: &Field, item: &str) -> TokenStream {
        let (first, last) = field.ends;
        let private = Ident::new("__shm", last);
        let module = module(self.derive, last);
        let field_trait = Ident::new(advice::field_trait(self.derive, &field.ty), last);
        let (ty, item) = (&field.tokens, Ident::new(item, last));
        if field.is_param {
            // The function has the bound that the parameter needs, so rustc advises to write this bound.
            let (of_param, item) = (Ident::new("of_param", last), Ident::new(&item.to_string().to_lowercase(), last));
            return quote_spanned! {last=> (#private::#module::#of_param::<#ty>().#item) };
        }
        let open = quote_spanned! {first=> < };
        let close = quote_spanned! {last=> as #private::#module::#field_trait>::#item };
        quote! { #open #ty #close }
    }

    /// Returns the key in a field, as an expression of the field's type.
    ///
    /// The type is not repeated, but inferred. Its error is on the last name in it, which a cure replaces.
    pub(crate) fn key_of(&self, field: &Field) -> TokenStream {
        let spot = advice::last_segment(&field.ty).map_or(field.ends.1, |segment| segment.ident.span());
        let (span, any) = (at(spot), syn::token::Underscore(spot));
        let (private, member, this) = (self.private_at(span), &field.member, Ident::new("self", span));
        if field.is_param {
            // With the type's own token, so that rustc advises to write the bound of the parameter.
            let ty = &field.tokens;
            return quote_spanned! {span=> #private::key::of_param::<#ty>(&#this.#member) };
        }
        let advice = Ident::new(advice::field_trait(Derive::Key, &field.ty), span);
        let of_field = quote_spanned! {span=> #private::key::of(&#this.#member) };
        quote_spanned! {span=> {
            <#any as #private::key::#advice>::asked(#of_field.__shm_value());
            #of_field.__shm_key()
        }}
    }

    /// Generates code that gives advice about a type within the field's type, if the compiler refuses the field's type.
    ///
    /// Only the compiler knows whether it refuses the type, because a user may define a type `Versioned`. It reports
    /// the error in the field's type once more here. The code has the span of the type, so that both messages are
    /// merged.
    pub(crate) fn advice_within(&self, field: &Field) -> Option<TokenStream> {
        let (derive, inner, advice) = advice::within(self.derive, &field.ty)?;
        let mut own = field.tokens.clone().into_iter().map(|token| token.span());
        let first = own.next()?;
        let last = own.last().unwrap_or(first);
        let spot = advice::last_segment(inner).map_or_else(|| first_span(inner), |segment| segment.ident.span());
        let (member, private) = (&field.member, self.private());
        let (module, advice) = (module(derive, last), Ident::new(advice, last));
        let function = if self.derive == Derive::Value { "of_value" } else { "of_object" };
        let (open, function) = (Ident::new("__shm", first), Ident::new(function, last));
        // A parameter is visible only to tokens of generated code, unlike an item.
        let this = Ident::new("__shm_this", at(last));
        let argument = quote_spanned! {last=> (&raw const #this.#member) };
        let any = syn::token::Underscore(spot);
        let ask = format_ident!("__shm_{module}");
        Some(quote! {{
            use #private::within::Refused as _;
            <#any as #private::#module::#advice>::asked(#open::within::#function #argument.#ask::<#inner>());
        }})
    }
}

/// Returns the module of the field traits for a derive.
fn module(derive: Derive, span: Span) -> Ident {
    let name = match derive {
        Derive::Value => "value",
        Derive::Object => "object",
        Derive::Key => "key",
    };
    Ident::new(name, span)
}

fn first_span(tokens: &impl ToTokens) -> Span {
    tokens.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span())
}
