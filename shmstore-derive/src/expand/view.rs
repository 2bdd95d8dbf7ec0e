//! The view of an object: a struct of the same layout, whose fields are the views of the object's fields.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::visit::{self, Visit};
use syn::{Ident, Member};

use crate::expand::check::this;
use crate::expand::paths::{Paths, at};
use crate::expand::schema::offset;
use crate::parse::{Field, Item};

/// Names the view: `TelemetryView`, unless a field's type has this name in it, which it would then mean.
pub(crate) fn name(item: &Item, fields: &[Field]) -> Ident {
    let plain = syn::ext::IdentExt::unraw(&item.ident);
    let mut names = Names::default();
    fields.iter().for_each(|field| names.visit_type(&field.ty));
    let mut name = format!("{plain}View");
    while names.0.contains(&name) {
        name.push('_');
    }
    Ident::new(&name, at(item.ident.span()))
}

#[derive(Default)]
struct Names(Vec<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.0.push(ident.to_string());
        visit::visit_ident(self, ident);
    }
}

pub(crate) fn expand(item: &Item, view: &Ident, fields: &[Field], paths: &Paths) -> TokenStream {
    let (impl_generics, _, where_clause) = item.generics.split_for_impl();
    let (reprs, vis) = (&item.repr_tokens, &item.vis);
    let doc = format!("The view of `{}`: the same memory, for reading only.", item.ident);
    let mirrored = fields.iter().map(|field| mirrored(field, paths));
    let body = if is_tuple(fields) {
        quote! { (#(#mirrored),*) #where_clause; }
    } else {
        quote! { #where_clause { #(#mirrored),* } }
    };
    let debug = expand_debug(item, view, fields, paths);
    quote! {
        #[doc = #doc]
        #reprs
        #vis struct #view #impl_generics #body
        #debug
    }
}

fn is_tuple(fields: &[Field]) -> bool {
    matches!(fields.first().map(|field| &field.member), Some(Member::Unnamed(_)))
}

fn mirrored(field: &Field, paths: &Paths) -> TokenStream {
    let doc = format!("The view of `{}`.", field.name);
    let (vis, ty) = (&field.vis, paths.of_field(field, "View"));
    match &field.member {
        Member::Named(name) => quote! { #[doc = #doc] #vis #name: #ty },
        Member::Unnamed(_) => quote! { #[doc = #doc] #vis #ty },
    }
}

/// Shows the object's name: a view is the same object to whoever reads it.
fn expand_debug(item: &Item, view: &Ident, fields: &[Field], paths: &Paths) -> TokenStream {
    let private = paths.private();
    let (impl_generics, ty_generics, where_clause) = item.generics.split_for_impl();
    let name = syn::ext::IdentExt::unraw(&item.ident).to_string();
    let members = fields.iter().map(|field| &field.member);
    let names = fields.iter().map(|field| &field.name);
    let shown = if is_tuple(fields) {
        quote! { #private::fmt::Formatter::debug_tuple(__formatter, #name) #(.field(&self.#members))* }
    } else {
        quote! { #private::fmt::Formatter::debug_struct(__formatter, #name) #(.field(#names, &self.#members))* }
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::fmt::Debug for #view #ty_generics #where_clause {
            fn fmt(&self, __formatter: &mut #private::fmt::Formatter<'_>) -> #private::fmt::Result {
                #shown.finish()
            }
        }
    }
}

/// Checks that the view has the layout of the object.
pub(crate) fn checks(item: &Item, view: &Ident, fields: &[Field], paths: &Paths) -> Vec<TokenStream> {
    let (this, (_, ty_generics, _)) = (this(item), item.generics.split_for_impl());
    let mirror = quote! { #view #ty_generics };
    let whole = checked(item.ident.span(), paths, "view_is_alike", &quote! { ::<#this, #mirror>() });
    let turbofish = ty_generics.as_turbofish();
    let each = fields.iter().map(|field| {
        let (private, member, in_object) = (paths.private(), &field.member, offset(item, field, paths));
        let in_view = quote! { #private::offset_of!(#view #turbofish, #member) };
        checked(field.span(), paths, "view_field_is_alike", &quote! { (#in_object, #in_view) })
    });
    each.chain([whole]).collect()
}

fn checked(span: Span, paths: &Paths, function: &str, arguments: &TokenStream) -> TokenStream {
    let (private, function) = (paths.private_at(span), format_ident!("{function}", span = at(span)));
    let call = quote_spanned! {at(span)=> #private::#function };
    let arguments = arguments.to_token_stream();
    quote! { #call #arguments }
}
