use syn::parse_quote;

use crate::Derive;
use crate::errors::Errors;
use crate::names::Names;
use crate::parse::Item;

fn messages(derive: Derive, input: syn::DeriveInput) -> Vec<String> {
    let mut errors = Errors::default();
    let names = Names::of(quote::quote!(#input), &mut errors).expect("not nested deep");
    let item = Item::parse(input, names, &mut errors);
    super::validate(derive, &item, &mut errors);
    errors.messages()
}

#[test]
fn a_plain_struct_passes_both_ways() {
    let input: syn::DeriveInput = parse_quote! {
        #[repr(C)]
        #[repr(align(4096))]
        #[shm(id = '~', name = "Other", crate = "crate::store")]
        struct Plain<const N: usize> { a: [u8; N], b: some::Type }
    };
    assert_eq!(messages(Derive::Value, input.clone()), [""; 0]);
    assert_eq!(messages(Derive::Object, input), [""; 0]);
}

#[test]
fn every_mistake_of_a_struct_is_reported() {
    let messages = messages(
        Derive::Value,
        parse_quote! {
            #[repr(packed, align(8192))]
            #[shm(id = 'ü', nam = "x")]
            struct Bad<'a, T> { a: &'a T, b: (u8,), #[shm(id = 'x')] c: [u8; 0] }
        },
    );
    assert_eq!(messages.len(), 11, "{messages:#?}");
}

#[test]
fn a_capacity_of_zero_is_refused_wherever_it_is() {
    let of = |derive, ty: &str| {
        let ty: syn::Type = syn::parse_str(ty).expect("a type");
        messages(derive, parse_quote! { #[repr(C)] struct Log { a: #ty } })
    };
    for ty in ["FixedVec<u8, 0>", "shmstore::FixedString<0>", "[Pad<0>; 2]", "FixedVec<FixedString<0>, 3>"] {
        let messages = of(Derive::Value, ty);
        assert!(matches!(messages.as_slice(), [only] if only.contains("at least one")), "{ty}: {messages:?}");
    }
    assert_eq!(of(Derive::Object, "CacheAligned<Versioned<FixedVec<u8, 0x0>>>").len(), 1);
    for ty in ["FixedVec<u8, N>", "FixedString<{ 0 + 1 }>", "PhantomData<Pad<0>>", "Other<0>"] {
        assert_eq!(of(Derive::Value, ty), [""; 0], "{ty}");
    }
}

#[test]
fn an_alignment_has_at_most_4096_bytes() {
    let with = |align: proc_macro2::Literal| -> syn::DeriveInput {
        parse_quote! { #[repr(C, align(#align))] struct Aligned { a: AtomicU8 } }
    };
    assert_eq!(messages(Derive::Object, with(proc_macro2::Literal::u32_unsuffixed(4096))).len(), 0);
    assert_eq!(messages(Derive::Object, with(proc_macro2::Literal::u32_unsuffixed(4097))).len(), 1);
}

#[test]
fn every_refused_integer_of_an_enum_has_advice() {
    for (repr, cure) in [("usize", "`u64`"), ("isize", "`i64`"), ("u128", "`u64`"), ("i128", "`i64`"), ("C", "`u32`")] {
        let repr = quote::format_ident!("{repr}");
        let messages = messages(Derive::Value, parse_quote! { #[repr(#repr)] enum Mode { Idle } });
        assert!(matches!(messages.as_slice(), [only] if only.contains(cure)), "{repr}: {messages:?}");
    }
}
