use syn::parse_quote;

use crate::Derive;
use crate::errors::Errors;
use crate::names::Names;
use crate::parse::Item;

fn errors(derive: Derive, input: syn::DeriveInput) -> Errors {
    let mut errors = Errors::default();
    let names = Names::of(quote::quote!(#input), &mut errors).expect("not nested deep");
    let item = Item::parse(input, names, &mut errors);
    super::validate(derive, &item, &mut errors);
    errors
}

fn messages(derive: Derive, input: syn::DeriveInput) -> Vec<String> {
    errors(derive, input).messages()
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

/// The rows are twins of cases in `tests/ui`, by the other derive or with another type: an item, the token to change, the message.
#[test]
fn each_refusal_is_on_the_token_to_change() {
    const ADDRESS: &str = "an address means nothing in another process: use ";
    const TUPLE: &str = "the compiler decides how a tuple is laid out: use a struct with `#[repr(C)]`";
    const EMPTY: &str = "there is nothing to share in a struct without bytes: add a field";
    let object = |input: &str, token: &str, message: &str| assert_refused(Derive::Object, input, token, message);
    let value = |input: &str, token: &str, message: &str| assert_refused(Derive::Value, input, token, message);
    object(
        "#[repr(C, align(8192))] struct Telemetry { frames: AtomicU64 }",
        "align",
        "objects start at a page of 4096 bytes and cannot be aligned to more: use 4096 or less",
    );
    object(
        "#[repr(C)] struct Telemetry { field: [AtomicU8; 0] }",
        "0",
        "an array in shared memory has at least one element: make it longer, or remove the field",
    );
    object("#[repr(C)] struct Nothing {}", "Nothing", EMPTY);
    value("#[repr(C)] struct Nothing;", "Nothing", EMPTY);
    object(
        "#[repr(C)] struct Telemetry { field: fn() }",
        "fn ()",
        "the address of a function means nothing in another process: use an enum that names the function",
    );
    object(
        "struct Telemetry { frames: AtomicU64 }",
        "Telemetry",
        "add `#[repr(C)]` to this struct: without it, each compiler may choose another order of the fields",
    );
    object(
        "#[repr(C)] struct Telemetry { field: *mut u8 }",
        "* mut u8",
        &format!("{ADDRESS}the value or object itself, or an index into an array"),
    );
    object(
        "#[repr(C)] struct Telemetry { field: &'static str }",
        "& 'static str",
        &format!(
            "{ADDRESS}the object itself, or `Versioned<V>` with `FixedString<N>` for a `&str`, `FixedVec<V, N>` for a slice"
        ),
    );
    value(
        "#[repr(C)] struct Reading { field: &'static dyn Debug }",
        "& 'static dyn Debug",
        &format!("{ADDRESS}the value itself, `FixedString<N>` for a `&str`, `FixedVec<V, N>` for a slice"),
    );
    object(
        "#[repr(C)] struct Telemetry { frames: AtomicU64, of: PhantomData<Self> }",
        "Self",
        "write the name of the struct instead of `Self`",
    );
    object("#[repr(C)] struct Telemetry { field: (AtomicU8, u8) }", "(AtomicU8 , u8)", TUPLE);
    object(
        "#[repr(C)] struct Prices<T> { by_name: shmstore::Map<[T; 2], u64, 64> }",
        "T",
        "not every type can be in shared memory: write `T: ShmKey`",
    );
    value("#[repr(C)] struct Reading { field: () }", "()", TUPLE);
    value("#[repr(C)] struct Reading { field: [(u8, u8); 3] }", "(u8 , u8)", TUPLE);
    value("#[repr(isize)] enum Mode { Idle }", "isize", "its width depends on the platform: write `i64` instead");
    value("#[repr(usize)] enum Mode { Idle }", "usize", "its width depends on the platform: write `u64` instead");
    value(
        "#[repr(C)] struct Reading { list: [u32; Self::LEN] }",
        "Self",
        "write the name of the struct instead of `Self`",
    );
    value(
        "#[repr(C)] struct Reading { list: [[u8; two!()]; 3] }",
        "two ! ()",
        "a macro may expand to something else each time: write its result here, or a constant for a number",
    );
    object(
        "#[repr(C)] struct Borrowed<'a> { of: PhantomData<&'a u32> }",
        "'a",
        "shared memory outlives every process, so a type in it cannot borrow: remove the lifetime",
    );
    object(
        "#[repr(C)] union Bits { number: AtomicU32 }",
        "union",
        "processes cannot know which field of a union is initialized: write a struct instead",
    );
    object(
        "#[repr(C, packed)] struct Telemetry { frames: AtomicU8 }",
        "packed",
        "a field of a packed struct is not aligned, and cannot be referenced: remove `packed`",
    );
}

#[test]
fn room_is_refused_where_no_object_is_created_with_it() {
    const VALUE: &str = "only an object grows: remove `room`, or put the value into an object that has it";
    const NO_ROOT: &str = "only an object that is created by itself has room: add `id = 'T'`, or give `room` to the \
                           object that this one is a field of";
    let value = |input: &str| assert_refused(Derive::Value, input, "room", VALUE);
    value("#[repr(C)] #[shm(id = 'T', room = 4096)] struct Reading { celsius: f64 }");
    value("#[repr(u8)] #[shm(id = 'T', room = 4096)] enum Mode { Idle }");
    assert_refused(Derive::Object, "#[repr(C)] #[shm(room = N)] struct Board { hits: AtomicU64 }", "room", NO_ROOT);
    let enumeration = messages(Derive::Object, parse_quote! { #[shm(id = 'T', room = 4096)] enum Mode { Idle } });
    assert!(matches!(enumeration.as_slice(), [only] if only.contains("an enum is a value")), "{enumeration:?}");
}

#[test]
fn room_is_any_number_or_constant() {
    for room in ["4096", "1_048_576usize", "1 << 20", "ROOM", "layout::ROOM", "N * 64", "{ ROOM + N }", "-1"] {
        let input =
            format!("#[repr(C)] #[shm(id = 'T', room = {room})] struct Board<const N: usize> {{ a: [Lock; N] }}");
        assert_eq!(messages(Derive::Object, syn::parse_str(&input).expect("an item")), [""; 0], "{room}");
    }
}

fn assert_refused(derive: Derive, input: &str, token: &str, message: &str) {
    let errors = errors(derive, syn::parse_str(input).expect("an item"));
    assert_eq!(errors.added(), [token], "{input}");
    assert_eq!(errors.messages(), [message], "{input}");
}

/// The parser of attributes finds the token by itself.
#[test]
fn each_mistake_in_an_attribute_has_its_message() {
    const ID: &str = "a type-id-char is one printable ASCII character: write `id = 'T'`";
    const ROOM: &str = "`room` is a number of bytes: write `room = 4096`, or a constant of type `usize`";
    const UNKNOWN: &str = "unknown `shm` attribute: write `id = 'T'`, `room = 4096`, `name = \"…\"` or `crate = \"…\"`";
    for (attribute, message) in [
        ("id = '\\n'", ID),
        ("id = 'é'", ID),
        ("id = \"T\"", ID),
        ("id", ID),
        ("id = 'T', room", ROOM),
        ("id = 'T', room = \"4 KiB\"", ROOM),
        ("id = 'T', room = 4096.0", ROOM),
        ("id = 'T', room = true", ROOM),
        ("id = 'T', room = 1, room = 2", "`room` is given twice: remove one"),
        ("idd = 'T'", UNKNOWN),
    ] {
        let input = syn::parse_str(&format!("#[repr(C)] #[shm({attribute})] struct Telemetry {{ a: AtomicU8 }}"));
        assert_eq!(messages(Derive::Object, input.expect("an item")), [message], "{attribute}");
    }
}
