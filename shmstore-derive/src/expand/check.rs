//! Checks of the finished type. Safety does not depend on tokens, because another macro may change the struct after
//! this derive.
//!
//! All checks read the table of fields in the schema. Checks that rarely fail are made together, which keeps the user's
//! build fast. Checks that may fail (see `guess`) are made one by one, so that each error is on its field.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Ident, Member, Visibility};

use crate::Derive;
use crate::attr::Room;
use crate::expand::guess;
use crate::expand::paths::Paths;
use crate::expand::schema::table;
use crate::expand::types::Types;
use crate::parse::{Field, Item, at, ends};

/// Generates the checks of the layout, as expressions of type `()`.
pub(crate) fn layout(derive: Derive, item: &Item, fields: &[Field], paths: &Paths) -> Vec<TokenStream> {
    let unsure: Vec<_> = (0..fields.len()).filter(|&at| !guess::surely_has_bytes(&fields[at].ty)).collect();
    let gaps = if derive == Derive::Value { guess::gaps(item, fields) } else { Vec::new() };
    let (span, this, table) = (at(item.ident.span()), item.this(), table(item));
    let private = paths.private_at(span);
    let whole = if derive == Derive::Value {
        quote_spanned! {span=> #private::is_value::<#this>(#table, &[#(#unsure),*], &[#(#gaps),*]) }
    } else {
        let min_align = item.min_align();
        quote_spanned! {span=> #private::is_object::<#this>(#table, &[#(#unsure),*], #min_align) }
    };
    let name = pad_name(fields);
    // Before this field, the size of a gap does not depend on the arguments.
    let first_varying = if item.is_generic() && !gaps.is_empty() { first_varying(item, fields) } else { fields.len() };
    let gap = |&at: &usize| {
        let beside = &fields[at.min(fields.len() - 1)];
        let start = visibility(beside) + &name;
        let pad = pad(at.min(fields.len() - 1) < first_varying, &start, &private);
        match fields.get(at) {
            Some(field) => call(field.span(), paths, "no_gap_before", &quote! { (#table, #at, #pad) }),
            None => call(fields[at - 1].span(), paths, "no_gap_after", &quote! { ::<#this>(#table, #pad) }),
        }
    };
    let have_bytes = unsure.into_iter().map(|at| has_bytes(&fields[at], at, &table, paths));
    let fits_room = item.shm.room.iter().map(|room| fits_room(room, item, &table));
    have_bytes.chain([whole]).chain(gaps.iter().map(gap)).chain(fits_room).collect()
}

fn has_bytes(field: &Field, at: usize, table: &Ident, paths: &Paths) -> TokenStream {
    let (first, last) = field.ends;
    let private = paths.private_at(first);
    let open = quote_spanned! {first=> #private::has_bytes };
    let argument = quote_spanned! {last=> (#table, #at) };
    quote! { #open #argument }
}

/// Generates the check of the room. Its error is on the number.
fn fits_room(room: &Room, item: &Item, table: &Ident) -> TokenStream {
    let (first, last) = ends(&room.bytes.to_token_stream());
    let this = item.this();
    let private = Ident::new("__shm", first);
    let open = quote_spanned! {first=> #private::fits_room };
    let arguments = quote_spanned! {last=> ::<#this>(#table, <#this as __shm::ShmId>::ROOM) };
    quote! { #open #arguments }
}

/// Generates a call of one of the runtime's checks. Its error is on `span`.
fn call(span: Span, paths: &Paths, function: &str, arguments: &TokenStream) -> TokenStream {
    let (private, function) = (paths.private_at(span), Ident::new(function, at(span)));
    let arguments = arguments.clone().into_iter().map(|mut token| {
        token.set_span(at(span));
        token
    });
    quote_spanned! {at(span)=> #private::#function #(#arguments)* }
}

/// Returns the number of the first field whose type mentions a parameter.
fn first_varying(item: &Item, fields: &[Field]) -> usize {
    fields.iter().position(|field| item.params_in(field).next().is_some()).unwrap_or(fields.len())
}

/// Returns the padding that closes a gap. If the size of the gap depends on a parameter, no fixed padding does.
fn pad(is_fixed: bool, start: &str, private: &Ident) -> TokenStream {
    if is_fixed {
        quote! { #private::Padding::Fixed(#start) }
    } else {
        quote! { #private::Padding::Varies }
    }
}

/// Returns the start of a field of padding: a free name, if fields have names.
fn pad_name(fields: &[Field]) -> String {
    let is_taken = |name: &String| fields.iter().any(|field| field.name == *name);
    let mut names = (1..).map(|at| if at == 1 { "_pad".to_owned() } else { format!("_pad{at}") });
    match (fields.first().map(|field| &field.member), names.find(|name| !is_taken(name))) {
        (Some(Member::Named(_)), Some(name)) => format!("{name}: "),
        _ => String::new(),
    }
}

/// Returns the visibility of a field beside the padding. With less, users of the struct could not write it out.
fn visibility(beside: &Field) -> String {
    match &beside.vis {
        Visibility::Public(_) => "pub ".into(),
        Visibility::Restricted(to) if to.in_token.is_none() => format!("pub({}) ", to.path.to_token_stream()),
        _ => String::new(),
    }
}

/// Generates code that compiles only if the struct has the fields and types that the derive saw.
pub(crate) fn same_fields(item: &Item, fields: &[Field], types: &Types<'_>, paths: &Paths) -> TokenStream {
    let (params, this, predicates) = (item.params(), item.this(), item.predicates());
    let ident = &item.ident;
    let members = fields.iter().map(|field| &field.member);
    let advice = types.firsts.iter().filter_map(|first| paths.advice_within(first));
    let types = types.with_fields().map(|(first, places)| same_type(first, &places, fields, paths));
    quote! {
        fn __shm_same_fields<#params>(__shm_this: &#this) where #predicates {
            // `..` is an error in a union, which may have uninitialized bytes.
            let #ident { .. } = __shm_this;
            let #ident { #(#members: _),* } = __shm_this;
            #(#types)*
            #(#advice)*
        }
    }
}

/// Generates the check that the first field has its type, and that the other fields have the same type. It uses raw
/// pointers, because a reference would coerce through `Deref`.
fn same_type(first: &Field, places: &[usize], fields: &[Field], paths: &Paths) -> TokenStream {
    let (member, ty) = (&first.member, &first.tokens);
    let private = paths.private_at(first.ends.0);
    let open = quote_spanned! {first.ends.0=> #private::is_of_type:: };
    let close = quote_spanned! {first.ends.1=> (&raw const __shm_this.#member); };
    let others = places[1..].iter().map(|&place| {
        let (other, span) = (&fields[place].member, fields[place].ends.0);
        let private = paths.private_at(span);
        quote_spanned! {span=> #private::is_alike(&raw const __shm_this.#member, &raw const __shm_this.#other); }
    });
    quote! { #open <#ty> #close #(#others)* }
}

/// Generates only the check of the types of the fields.
pub(crate) fn fields_only(fields: &[&Field], paths: &Paths) -> TokenStream {
    let private = paths.private();
    let schemas = fields.iter().map(|field| paths.of_field(field, "SCHEMA"));
    quote! { const _: &[&#private::Schema] = &[#(#schemas),*]; }
}
