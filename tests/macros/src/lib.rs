//! Macros that change a struct behind a derive's back: a derive sees the struct as it is above the attribute macros
//! that stand below it.

use proc_macro::TokenStream;

/// Leaves the item as it is.
#[proc_macro_attribute]
pub fn unchanged(_: TokenStream, item: TokenStream) -> TokenStream {
    item
}

/// Replaces a text by another: `#[replace("#[repr(C)]" => "")]`, after the white space of both is gone.
#[proc_macro_attribute]
pub fn replace(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let texts: Vec<String> =
        arguments.into_iter().filter_map(|token| Some(unquote(&token.to_string())?.to_owned())).collect();
    let [old, new] = texts.as_slice() else { panic!("two texts are needed") };
    let replaced = item.to_string().replace(old, new);
    replaced.parse().expect("the replaced text is no item")
}

fn unquote(token: &str) -> Option<&str> {
    token.strip_prefix('"')?.strip_suffix('"')
}
