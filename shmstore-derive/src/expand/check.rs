//! Checks of the finished type: nothing that safety rests on is taken from tokens, as a macro may yet change the struct.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Ident, Member};

use crate::advice;
use crate::expand::paths::{Paths, at, ends};
use crate::expand::schema::offset;
use crate::parse::{Field, Item};

/// Checks that run at compile time: each on its own, or with the schema if they depend on const arguments.
pub(crate) struct Checks {
    /// Items beside the implementations.
    pub(crate) beside: TokenStream,
    /// Statements in the schema's constant. The compiler gets to them once the arguments are known: when a program
    /// that uses the type is built, not when it is only checked.
    pub(crate) in_schema: TokenStream,
}

impl Checks {
    /// Places expressions of type `()`.
    pub(crate) fn place(item: &Item, checks: impl IntoIterator<Item = TokenStream>) -> Self {
        let checks = checks.into_iter();
        let none = TokenStream::new();
        if item.is_generic() {
            Self { beside: none, in_schema: quote! { #(const { #checks };)* } }
        } else {
            Self { beside: quote! { #(const _: () = #checks;)* }, in_schema: none }
        }
    }
}

/// What holds for the fields of values and objects alike, but for `same_fields`.
pub(crate) fn every_struct(item: &Item, fields: &[Field], paths: &Paths) -> Vec<TokenStream> {
    let whole = of_whole(item, paths, "is_not_empty");
    let has_bytes = |field: &&Field| advice::last_segment(&field.ty).is_none_or(|last| last.ident != "PhantomData");
    fields.iter().filter(has_bytes).map(|field| field_has_bytes(field, paths)).chain([whole]).collect()
}

/// A check of the whole type, blamed on its name.
pub(crate) fn of_whole(item: &Item, paths: &Paths, function: &str) -> TokenStream {
    let (span, this) = (at(item.ident.span()), this(item));
    let (private, function) = (paths.private_at(span), Ident::new(function, span));
    quote_spanned! {span=> #private::#function::<#this>() }
}

fn field_has_bytes(field: &Field, paths: &Paths) -> TokenStream {
    let (first, last) = ends(&field.ty);
    let (private, size) = (paths.private_at(first), paths.of_field(field, "SIZE"));
    let open = quote_spanned! {first=> #private::has_bytes };
    let argument = quote_spanned! {last=> (#size) };
    quote! { #open #argument }
}

/// One check a gap: before each field but the first, and after the last.
pub(crate) fn gaps(item: &Item, fields: &[Field], paths: &Paths) -> Vec<TokenStream> {
    let pad = pad_name(fields, &paths.private());
    let before = fields.windows(2).map(|pair| {
        let (start, end, name) = (offset(item, &pair[1], paths), end(item, &pair[0], paths), &pair[1].name);
        call(pair[1].span(), paths, "no_gap_before", &quote! { (#name, #end, #start, #pad) })
    });
    let after = fields.last().map(|field| {
        let (this, end, name) = (this(item), end(item, field, paths), &field.name);
        let private = paths.private();
        let size = quote! { #private::size_of::<#this>() };
        call(field.span(), paths, "no_gap_after", &quote! { (#name, #end, #size, #pad) })
    });
    before.chain(after).collect()
}

/// A call of one of the runtime's checks, that is blamed on `span` alone.
pub(crate) fn call(span: Span, paths: &Paths, function: &str, arguments: &TokenStream) -> TokenStream {
    let (private, function) = (paths.private_at(span), Ident::new(function, at(span)));
    let arguments = arguments.clone().into_iter().map(|mut token| {
        token.set_span(at(span));
        token
    });
    quote_spanned! {at(span)=> #private::#function #(#arguments)* }
}

/// Where a field of the item ends.
fn end(item: &Item, field: &Field, paths: &Paths) -> TokenStream {
    let (offset, size) = (offset(item, field, paths), paths.of_field(field, "SIZE"));
    quote! { #offset + #size }
}

/// A name for a field of padding that no field has yet, if fields have names.
fn pad_name(fields: &[Field], private: &TokenStream) -> TokenStream {
    let is_taken = |name: &String| fields.iter().any(|field| field.name == *name);
    let mut names = (1..).map(|at| if at == 1 { "_pad".to_owned() } else { format!("_pad{at}") });
    match (fields.first().map(|field| &field.member), names.find(|name| !is_taken(name))) {
        (Some(Member::Named(_)), Some(name)) => quote! { #private::Option::Some(#name) },
        _ => quote! { #private::Option::None },
    }
}

/// Compiles only if the struct has the fields that the derive saw, of the types that it saw.
pub(crate) fn same_fields(item: &Item, fields: &[Field], paths: &Paths) -> TokenStream {
    let (impl_generics, ty_generics, where_clause) = item.generics.split_for_impl();
    let ident = &item.ident;
    let members = fields.iter().map(|field| &field.member);
    let types = fields.iter().map(|field| same_type(field, paths));
    quote! {
        fn __same_fields #impl_generics (__this: &#ident #ty_generics) #where_clause {
            // `..` is an error in a union, which may hold bytes that nobody has initialised.
            let #ident { .. } = __this;
            let #ident { #(#members: _),* } = __this;
            #(#types)*
        }
    }
}

/// By a raw pointer, because a reference would coerce through `Deref`.
fn same_type(field: &Field, paths: &Paths) -> TokenStream {
    let (first, last) = ends(&field.ty);
    let (ty, member, private) = (&field.ty, &field.member, paths.private_at(first));
    let open = quote_spanned! {first=> #private::is_of_type:: };
    let close = quote_spanned! {last=> (&raw const __this.#member); };
    quote! { #open <#ty> #close }
}

/// Asks the compiler about the types of the fields, and nothing else.
pub(crate) fn fields_only(fields: &[&Field], paths: &Paths) -> TokenStream {
    let private = paths.private();
    let schemas = fields.iter().map(|field| paths.of_field(field, "SCHEMA"));
    quote! { const _: &[&#private::Schema] = &[#(#schemas),*]; }
}

/// The type, where `Self` would not do.
pub(crate) fn this(item: &Item) -> TokenStream {
    let (_, ty_generics, _) = item.generics.split_for_impl();
    let ident = &item.ident;
    quote! { #ident #ty_generics }
}
