//! Names in headers and modules. No name of a schema collides with another name.

use std::collections::BTreeSet;

use shmstore::schema::{OwnedKind, OwnedSchema, OwnedVariant, Primitive};
use shmstore::{Lock, ShmLayout, ShmObject, Versioned};
use shmstore_cli::export::c_header;

use crate::c::compile;
use crate::hostile::{number, schema, structure, versioned};
use crate::objects::everything;

/// Keywords of C11, C23, C++17 and C++20.
const KEYWORDS: &str = "
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class co_await
    co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default delete do
    double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace
    new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires restrict
    return short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try
    typedef typeid typename typeof typeof_unqual union unsigned using virtual void volatile wchar_t while xor xor_eq
    _Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert _Thread_local";

fn header(schema: &OwnedSchema) -> String {
    c_header(schema, 'T', None).expect("a header")
}

fn words(text: &str) -> BTreeSet<&str> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.split(|letter| !is_word(letter)).filter(|word| !word.is_empty()).collect()
}

/// `Everything`, with additional fields, structs, enums and variants that have these words for names.
fn everything_called(words: &BTreeSet<&str>) -> OwnedSchema {
    let whole = everything();
    let OwnedKind::Struct { fields, .. } = whole.kind() else { unreachable!("it is a struct") };
    let mut fields: Vec<_> = fields.iter().map(|of| (of.name.clone(), of.offset, of.schema.clone())).collect();
    let mut end = whole.size();
    let mut add = |name: &str, schema: OwnedSchema| {
        end = end.next_multiple_of(schema.align());
        let size = schema.size();
        if fields.iter().all(|(taken, ..)| taken != name) {
            fields.push((name.to_owned(), end, schema));
        }
        end += size;
    };
    let byte = || number(Primitive::U8);
    words.iter().for_each(|word| add(word, byte()));
    // Without this prefix, the names in the header are names of types.
    for word in words
        .iter()
        .filter_map(|word| word.strip_prefix("shm_everything_").or_else(|| word.strip_prefix("SHM_EVERYTHING_")))
    {
        add(&format!("part {word}"), versioned(structure(word, 1, 1, vec![(word, 0, byte())])));
        for (at, _) in word.match_indices('_').filter(|(at, _)| (1..word.len() - 1).contains(at)) {
            let variant = |end: &str| OwnedVariant { name: format!("{}{end}", &word[at + 1..]), discriminant: 0 };
            // A member with the name of a macro gets an underscore, too.
            let variants = vec![variant(""), OwnedVariant { discriminant: 1, ..variant("_") }];
            let kind = OwnedKind::Enum { name: word[..at].to_owned(), repr: Primitive::U8, variants };
            add(&format!("enum {word} {at}"), schema(1, 1, kind));
        }
    }
    let fields = fields.iter().map(|(name, at, schema)| (name.as_str(), *at, schema.clone())).collect();
    structure("Everything", end.next_multiple_of(whole.align()), whole.align(), fields)
}

#[test]
fn fields_with_the_names_of_types_compile_as_cpp17() {
    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'T')]
    struct Guarded {
        shmstore_lock: Versioned<u64>,
        lock: Lock,
        uint32_t: Versioned<u32>,
        shm_guarded: Versioned<u32>,
        shm_guarded_versioned_u32: Versioned<f32>,
    }
    compile(&[header(&OwnedSchema::from(Guarded::SCHEMA))], "");
}

#[test]
fn names_that_are_words_of_the_header_itself_compile_as_c11_and_cpp17() {
    let first = header(&everything());
    let mut called = words(&first);
    called.extend(words(KEYWORDS));
    let second = header(&everything_called(&called));
    called.extend(words(&second).into_iter().filter(|word| word.len() < 60));
    compile(&[header(&everything_called(&called))], "");
}
