//! Names in generated code and names in the user's program do not collide.
//!
//! Every identifier of the items below begins with `user`. All other identifiers in the generated code belong to the
//! derive.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{format_ident, quote};

use crate::names::is_reserved;
use crate::{Derive, derive};

/// Items of every kind. Some have mistakes, so that stubs are generated.
fn items() -> Vec<(Derive, TokenStream)> {
    let structs = [
        quote! { #[repr(C)] struct UserPlain { user_a: UserA, user_b: [UserB; user_len()], user_c: UserA } },
        quote! { #[repr(transparent)] pub struct UserTuple(pub(crate) UserA); },
        quote! { #[repr(C)] struct UserPair(UserA, UserB); },
        quote! { #[repr(C, align(64))] #[shm(id = 'U', name = "x")] #[allow(user::lint)] struct UserWide { user_a: PhantomData<fn() -> UserA>, user_b: u8, user_c: Pad<3>, user_d: u32 } },
        quote! { #[repr(C)] #[shm(id = 'U', room = USER_N * 64)] pub struct UserGeneric<'user_l, #[expect(user)] const USER_N: usize, UserT: user::Trait = UserD, UserO>
        where UserO: user::Other<{ user_n() }> { user_a: [UserT; USER_N], user_b: Versioned<UserT>, user_c: CacheAligned<UserO> } },
        quote! { #[repr(C)] #[shm(crate = "::user_crate")] struct UserElsewhere { user_a: UserA } },
        quote! { #[repr(C)] struct UserWrong { user_a: &'static UserA, user_b: UserB, user_c: Versioned<String> } },
        quote! { #[repr(C)] struct UserAdvised { user_a: Versioned<String>, user_b: FixedVec<usize, 3> } },
        quote! { struct UserBare { #[deprecated] user_a: UserA } },
        quote! { #[repr(C)] union UserUnion { user_a: UserA } },
    ];
    let enums = [
        quote! { #[repr(u8)] #[shm(id = 'U')] enum UserMode { UserIdle, UserDrive = 7 } },
        quote! { #[repr(i64)] enum UserOne { UserOnly } },
        quote! { enum UserBareEnum { UserIdle(UserA) } },
    ];
    let all = structs.into_iter().chain(enums);
    let derives = [Derive::Value, Derive::Object, Derive::Key];
    all.flat_map(|item| derives.map(|derive| (derive, item.clone()))).collect()
}

/// Identifiers of the derive that are not reserved: items of the traits, fields of the runtime's structs, and
/// attributes. Their position determines their meaning.
const KNOWN: &[&str] = &[
    // Items of the traits that are implemented, and names of associated types in bounds.
    "SCHEMA",
    "ID",
    "ROOM",
    "View",
    "Validity",
    "check_bits",
    "fmt",
    "to_key",
    // Fields of the runtime's structs.
    "name",
    "offset",
    "schema",
    "const_args",
    "fields",
    "value",
    "repr",
    "variants",
    "discriminant",
    // Attributes and their contents.
    "doc",
    "automatically_derived",
    "allow",
    "deprecated",
    "inline",
    "C",
    "align",
    // Types of std and of the runtime in the items above.
    "PhantomData",
    "Pad",
    "u8",
    "u32",
    "usize",
    "String",
    "FixedVec",
    "Versioned",
    "CacheAligned",
    // The path of `compile_error!`, which syn generates.
    "core",
    "compile_error",
];

const KEYWORDS: &[&str] = &[
    "as", "const", "crate", "dyn", "fn", "for", "if", "impl", "in", "let", "match", "mut", "pub", "raw", "return",
    "self", "Self", "static", "struct", "true", "type", "unsafe", "use", "where", "_",
];

/// Collects the identifiers that are neither a member nor a later segment of a path.
fn first_names(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let mut before = String::new();
    for token in tokens {
        match &token {
            TokenTree::Group(group) => {
                first_names(group.stream(), found);
                before = if group.delimiter() == Delimiter::None { before } else { String::new() };
            }
            TokenTree::Ident(ident) => {
                if !before.ends_with("::") && !before.ends_with('.') {
                    found.insert(ident.to_string());
                }
                before.clear();
            }
            TokenTree::Punct(punct) => before.push(punct.as_char()),
            TokenTree::Literal(_) => before.clear(),
        }
    }
}

/// Returns the identifiers of the derive in the generated code.
fn own_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    items().into_iter().for_each(|(kind, item)| first_names(derive(kind, item), &mut names));
    names.retain(|name| !name.to_lowercase().starts_with("user"));
    names
}

#[test]
fn every_name_in_generated_code_is_reserved_or_resolved_by_its_position() {
    let others: Vec<_> = own_names().into_iter().filter(|name| !is_reserved(name)).collect();
    let unknown: Vec<_> =
        others.iter().filter(|name| !KNOWN.contains(&name.as_str()) && !KEYWORDS.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "these names may collide with names in the user's program: {unknown:?}");
}

#[test]
fn reserved_names_are_refused_wherever_an_item_mentions_them() {
    let mut reserved: BTreeSet<String> = own_names().into_iter().filter(|name| is_reserved(name)).collect();
    assert!(reserved.len() > 10, "{reserved:?}");
    reserved.extend(["__shm", "__SHM_OTHER", "__Shm9"].map(String::from));
    for name in reserved {
        let (ident, raw) = (format_ident!("{name}"), format_ident!("r#{name}"));
        let path = format!("::user::{name}");
        let lifetime = syn::Lifetime::new(&format!("'{name}"), proc_macro2::Span::call_site());
        let items = [
            quote! { #[repr(C)] struct User { user_a: #ident } },
            quote! { #[repr(C)] struct User { user_a: user::Vec<[#raw; 2]> } },
            quote! { #[repr(C)] struct User { user_a: [u8; #ident] } },
            quote! { #[repr(C)] struct User { #ident: u8 } },
            quote! { #[repr(C)] struct #ident { user_a: u8 } },
            quote! { #[repr(C)] struct User<const #ident: usize> { user_a: u8 } },
            quote! { #[repr(C)] struct User<UserT: #ident> { user_a: UserT } },
            quote! { #[repr(C)] struct User<UserT> where UserT: for<#lifetime> user::Trait<#lifetime> { user_a: UserT } },
            quote! { #[repr(C)] #[shm(crate = #path)] struct User { user_a: u8 } },
            quote! { #[repr(u8)] enum User { #ident } },
        ];
        for (item, kind) in items.iter().flat_map(|item| [(item, Derive::Value), (item, Derive::Object)]) {
            let text = derive(kind, item.clone()).to_string();
            assert!(text.contains("names that begin with `__shm` are reserved"), "{item}: {text}");
        }
    }
}

#[test]
fn a_macro_cannot_hide_a_reserved_name() {
    for item in [
        quote! { #[repr(C)] struct User { user_a: [u8; user!()] } },
        quote! { #[repr(C)] struct User { user_a: [u8; { user::inner! { 2 } }] } },
        quote! { #[repr(C)] struct User { user_a: user::Pick<{ try!() }> } },
        quote! { #[repr(C)] struct User { user_a: [u8; r#try!()] } },
        quote! { #[repr(C)] struct User { user_a: [u8; { macro_rules! user { () => { 2 } } 2 }] } },
        quote! { #[repr(C)] struct User<UserT: user::Trait<user!()>> { user_a: UserT } },
        quote! { #[repr(C)] struct User<UserT: user::Trait> where UserT: user::Other<{ user!() }> { user_a: UserT } },
        quote! { #[repr(C)] struct User<UserT: user::Trait> where user!(): user::Other { user_a: UserT } },
        quote! { #[repr(C)] struct User<const USER_N: user!()> { user_a: [u8; USER_N] } },
    ] {
        for kind in [Derive::Value, Derive::Object] {
            let text = derive(kind, item.clone()).to_string();
            assert!(text.contains("a macro may expand to something else each time"), "{item}: {text}");
        }
    }
    for fine in [quote! { !0 as usize & 3 }, quote! { if !USER { 1 } else { 2 } }, quote! { (USER != 3) as usize + 1 }]
    {
        let text = derive(Derive::Value, quote! { #[repr(C)] struct User { user_a: [u8; #fine] } }).to_string();
        assert!(!text.contains("compile_error"), "{text}");
    }
}

#[test]
fn deeply_nested_tokens_are_refused_and_do_not_crash_the_compiler() {
    let nested = |depth: usize| {
        let ty = (0..depth).fold(quote! { u8 }, |inner, _| quote! { (#inner) });
        derive(Derive::Value, quote! { #[repr(C)] struct User { user_a: #ty } }).to_string()
    };
    assert!(!nested(50).contains("compile_error"));
    assert!(nested(5_000).contains("brackets are nested more than 100 deep"));
}

#[test]
fn the_name_of_a_view_differs_from_all_names_in_the_item() {
    for (fields, view) in [
        (quote! { { a: CounterView, b: [u8; CounterView_::N] } }, "struct CounterView__ <"),
        (quote! { { a: r#CounterView } }, "struct CounterView_ <"),
        (quote! { <T: CounterView> where T: CounterView_ { a: T } }, "struct CounterView__ <"),
    ] {
        let text = derive(Derive::Object, quote! { #[repr(C)] struct Counter #fields }).to_string();
        assert!(text.contains(view), "{text}");
    }
}
