use quote::quote;

use crate::{Derive, derive};

/// Whatever is generated, as one text.
fn generated(kind: Derive, item: proc_macro2::TokenStream) -> String {
    derive(kind, item).to_string()
}

#[test]
fn with_the_crate_attribute_no_other_path_to_the_runtime_is_left() {
    let fields = quote! { pub struct Item<const N: usize> { a: [A; N], b: B } };
    let item = quote! { #[repr(C)] #[shm(crate = "::renamed", id = 'T')] #fields };
    for kind in [Derive::Value, Derive::Object] {
        let text = generated(kind, item.clone());
        assert!(text.contains(":: renamed :: __private"));
        assert!(!text.contains("shmstore"), "{text}");
    }
    let mode = quote! { #[repr(u8)] #[shm(crate = "::renamed", id = 'T')] enum Mode { Idle } };
    assert!(!generated(Derive::Value, mode).contains("shmstore"));
}

#[test]
fn a_mistake_leaves_stubs_that_implement_what_was_asked_for() {
    let text = generated(Derive::Value, quote! { #[repr(C)] struct Bad { a: &'static str } });
    assert!(text.contains("compile_error"));
    assert!(text.contains("ShmLayout for Bad"));
    assert!(text.contains("ShmValue for Bad"));
}
