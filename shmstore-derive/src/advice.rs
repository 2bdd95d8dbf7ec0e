//! The choice of the runtime's field trait for the type of a field.
//!
//! All field traits accept the same types. They differ only in the advice that rustc prints for a type that they
//! refuse. So the last name in the type is enough to choose a trait, and a user's own type of that name is not refused.

use syn::{GenericArgument, Ident, PathArguments, PathSegment, Type};

use crate::Derive;

/// Returns the trait, in `__private::value` or `__private::object`.
pub(crate) fn field_trait(derive: Derive, ty: &Type) -> &'static str {
    let name = last_segment(ty).map(|segment| segment.ident.to_string()).unwrap_or_default();
    let own = || match derive {
        Derive::Value => in_value(&name),
        Derive::Object => in_object(&name, matches!(ty, Type::Array(_))),
        Derive::Key => in_key(&name),
    };
    // A key is a value, too. `#[derive(ShmValue)]` gives the common advice.
    if derive == Derive::Key { own() } else { common(&name).unwrap_or_else(own) }
}

/// Returns `true` if a type is this name alone.
pub(crate) fn is(ty: &Type, name: &Ident) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(name))
}

/// Returns the last name in a type, or in the element of an array.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Array(array) => last_segment(&array.elem),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Returns the type within a field's type that has its own advice, with the derive whose rules apply to it.
///
/// In `Versioned<FixedVec<usize, 4>>`, this is `usize` in a value.
pub(crate) fn within(derive: Derive, ty: &Type) -> Option<(Derive, &Type, &'static str)> {
    match ty {
        Type::Array(array) => within(derive, &array.elem),
        Type::Group(group) => within(derive, &group.elem),
        Type::Paren(paren) => within(derive, &paren.elem),
        Type::Path(_) => {
            let outer = last_segment(ty)?;
            let rules: &[_] = match outer.ident.to_string().as_str() {
                "Versioned" | "AtomicValue" | "FixedVec" | "Queue" | "Broadcast" => &[(0, Derive::Value)],
                "Map" => &[(0, Derive::Key), (1, Derive::Value)],
                // Between the elements and the metadata are two numbers.
                "Frames" => &[(0, Derive::Value), (3, Derive::Value)],
                "CacheAligned" if derive == Derive::Object => &[(0, Derive::Object)],
                _ => return None,
            };
            rules.iter().find_map(|&(at, derive)| {
                let inner = type_argument(outer, at)?;
                let value = || particular(Derive::Value, inner).filter(|_| derive == Derive::Key);
                within(derive, inner).or_else(|| particular(derive, inner)).or_else(value)
            })
        }
        _ => None,
    }
}

/// Returns an argument between `<` and `>`, if it is a type.
pub(crate) fn type_argument(segment: &PathSegment, at: usize) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.iter().nth(at)? {
        GenericArgument::Type(argument) => Some(argument),
        _ => None,
    }
}

/// Returns the type, or the element of an array, if a field trait has specific advice about it.
fn particular(derive: Derive, ty: &Type) -> Option<(Derive, &Type, &'static str)> {
    let found = match ty {
        Type::Array(array) if derive != Derive::Object => return particular(derive, &array.elem),
        Type::Group(group) => return particular(derive, &group.elem),
        Type::Paren(paren) => return particular(derive, &paren.elem),
        // A key is a value, too, and gets the other advice as one.
        _ if derive == Derive::Key => field_trait(derive, ty),
        Type::Tuple(_) => "TupleField",
        Type::Reference(_) | Type::Ptr(_) | Type::FnPtr(_) | Type::TraitObject(_) => "PointerField",
        _ => field_trait(derive, ty),
    };
    (!matches!(found, "ValueField" | "ObjectField" | "KeyField")).then_some((derive, ty, found))
}

/// Returns the trait for a type that is neither a value nor an object.
fn common(name: &str) -> Option<&'static str> {
    Some(match name {
        "usize" | "isize" => "WidthField",
        "u128" | "i128" => "WideField",
        "String" | "str" | "CString" | "CStr" | "OsString" | "OsStr" | "PathBuf" | "Path" | "Cow" => "TextField",
        "Vec" | "LinkedList" | "BinaryHeap" | "HashSet" | "BTreeSet" => "ListField",
        "HashMap" | "BTreeMap" => "MapField",
        "VecDeque" | "ArrayQueue" | "SegQueue" | "Sender" | "SyncSender" | "Receiver" => "StreamField",
        "Box" | "Rc" | "Arc" | "Weak" | "Pin" | "NonNull" | "Ref" | "RefMut" => "PointerField",
        "Option" | "Result" => "OptionField",
        "Cell" | "RefCell" | "UnsafeCell" | "OnceCell" | "LazyCell" | "OnceLock" | "LazyLock" => "CellField",
        "Mutex" | "RwLock" | "Once" => "LockField",
        "Condvar" | "Barrier" => "EventField",
        "Duration" | "Instant" | "SystemTime" => "TimeField",
        "PhantomData" => "PhantomField",
        _ if name.starts_with("NonZero") => "NonZeroField",
        _ => return None,
    })
}

fn in_value(name: &str) -> &'static str {
    match name {
        "Versioned" | "Lock" | "Event" | "Queue" | "Broadcast" | "Map" | "Frames" | "CacheAligned" => "PartField",
        "AtomicPtr" => "PointerField",
        _ if name.starts_with("Atomic") => "AtomicField",
        _ => "ValueField",
    }
}

fn in_object(name: &str, in_array: bool) -> &'static str {
    match name {
        "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "f32" | "f64" | "bool" | "char" => {
            if in_array {
                "PlainArrayField"
            } else {
                "PlainField"
            }
        }
        "FixedString" | "FixedVec" => "CopiedField",
        "Pad" => "PadField",
        "AtomicBool" => "AtomicBoolField",
        "AtomicUsize" | "AtomicIsize" => "WidthField",
        "AtomicPtr" => "PointerField",
        _ => "ObjectField",
    }
}

fn in_key(name: &str) -> &'static str {
    match name {
        "f32" | "f64" => "FloatField",
        "FixedVec" => "FixedVecField",
        _ => "KeyField",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(derive: Derive, ty: &str) -> &'static str {
        field_trait(derive, &syn::parse_str(ty).unwrap())
    }

    #[test]
    fn only_the_last_name_counts() {
        assert_eq!(of(Derive::Value, "std::string::String"), "TextField");
        assert_eq!(of(Derive::Value, "String::Other"), "ValueField");
        assert_eq!(of(Derive::Value, "<T as Trait>::Vec<u8>"), "ListField");
    }

    /// `tests/ui` shows the message of each trait for one type.
    #[test]
    fn types_of_one_kind_get_the_same_advice() {
        for (types, found) in [
            (&["u32", "f64", "bool", "char"][..], "PlainField"),
            (&["usize", "isize", "AtomicUsize", "AtomicIsize"], "WidthField"),
            (&["u128", "i128"], "WideField"),
            (&["FixedString<16>", "FixedVec<u32, 16>"], "CopiedField"),
            (&["std::cell::Cell<u32>", "OnceLock<u32>"], "CellField"),
            (&["Mutex<u32>", "RwLock<u32>"], "LockField"),
            (&["Condvar", "[Barrier; 2]"], "EventField"),
            (&["VecDeque<u32>", "ArrayQueue<u32>", "mpsc::Sender<u32>", "broadcast::Receiver<u32>"], "StreamField"),
            (&["Box<AtomicU32>", "std::sync::atomic::AtomicPtr<u8>"], "PointerField"),
            (&["std::mem::ManuallyDrop<String>", "Alias"], "ObjectField"),
            (&["Option<u32>"], "OptionField"),
            (&["HashMap<u32, u32>", "std::collections::BTreeMap<u32, u32>"], "MapField"),
        ] {
            for ty in types {
                assert_eq!(of(Derive::Object, ty), found, "{ty}");
            }
        }
        for (ty, found) in [
            ("usize", "WidthField"),
            ("[[usize; 2]; 3]", "WidthField"),
            ("isize", "WidthField"),
            ("u128", "WideField"),
            ("i128", "WideField"),
            ("AtomicBool", "AtomicField"),
            ("u32", "ValueField"),
        ] {
            assert_eq!(of(Derive::Value, ty), found, "{ty}");
        }
    }

    #[test]
    fn an_array_gets_the_advice_of_its_element() {
        assert_eq!(of(Derive::Object, "[[(u32); 2]; 3]"), "PlainArrayField");
        assert_eq!(of(Derive::Object, "[AtomicU8; 2]"), "ObjectField");
    }

    #[test]
    fn locks_condition_variables_and_cells_have_their_own_advice() {
        for derive in [Derive::Value, Derive::Object] {
            assert_eq!(of(derive, "parking_lot::RwLock<u8>"), "LockField");
            assert_eq!(of(derive, "[std::sync::Condvar; 2]"), "EventField");
            assert_eq!(of(derive, "Barrier"), "EventField");
            assert_eq!(of(derive, "OnceLock<u8>"), "CellField");
        }
    }

    #[test]
    fn a_part_is_an_object_and_has_advice_in_a_value() {
        for part in [
            "Lock",
            "shmstore::Event",
            "[Lock; 4]",
            "Versioned<u8>",
            "CacheAligned<Lock>",
            "Queue<u8, 4>",
            "Map<u8, u8, 4>",
            "Frames<u8, 64, 4>",
        ] {
            assert_eq!(of(Derive::Value, part), "PartField");
            assert_eq!(of(Derive::Object, part), "ObjectField");
        }
    }

    #[test]
    fn advice_is_found_only_within_the_known_parts() {
        let within = |derive, ty: &str| {
            let ty = syn::parse_str(ty).unwrap();
            within(derive, &ty).map(|(_, ty, found)| (quote::quote!(#ty).to_string(), found))
        };
        for (ty, inner, found) in [
            ("Versioned<usize>", "usize", "WidthField"),
            ("shmstore::AtomicValue<u128>", "u128", "WideField"),
            ("[Versioned<[String; 2]>; 3]", "String", "TextField"),
            ("Versioned<(FixedVec<Vec<u8>, 4>)>", "Vec < u8 >", "ListField"),
            ("Versioned<[(u32, u32); 2]>", "(u32 , u32)", "TupleField"),
            ("Versioned<&'static str>", "& 'static str", "PointerField"),
            ("Versioned<Versioned<u8>>", "Versioned < u8 >", "PartField"),
            ("Versioned<CacheAligned<u64>>", "CacheAligned < u64 >", "PartField"),
            ("CacheAligned<u64>", "u64", "PlainField"),
            ("CacheAligned<AtomicValue<usize>>", "usize", "WidthField"),
            ("Versioned<std::option::Option<u32>>", "std :: option :: Option < u32 >", "OptionField"),
            ("[AtomicValue<isize>; 4]", "isize", "WidthField"),
            ("AtomicValue<shmstore::Event>", "shmstore :: Event", "PartField"),
            ("shmstore::Queue<usize, 4>", "usize", "WidthField"),
            ("Broadcast<[String; 2], 4>", "String", "TextField"),
            ("Map<f64, Quote, 64>", "f64", "FloatField"),
            ("[shmstore::Map<[f32; 2], usize, 64>; 2]", "f32", "FloatField"),
            ("Map<FixedVec<u8, 4>, u8, 64>", "FixedVec < u8 , 4 >", "FixedVecField"),
            ("Map<String, u64, 64>", "String", "TextField"),
            ("Map<[(u8, u8); 2], u64, 64>", "(u8 , u8)", "TupleField"),
            ("Map<u64, usize, 64>", "usize", "WidthField"),
            ("Map<u64, FixedVec<Lock, 4>, 64>", "Lock", "PartField"),
            ("Frames<usize, 64, 4>", "usize", "WidthField"),
            ("[Frames<u8, N, 4, (u32, u32)>; 2]", "(u32 , u32)", "TupleField"),
        ] {
            assert_eq!(within(Derive::Object, ty), Some((inner.to_owned(), found)), "{ty}");
        }
        assert_eq!(within(Derive::Value, "FixedVec<isize, 4>"), Some(("isize".to_owned(), "WidthField")));
        assert_eq!(within(Derive::Value, "CacheAligned<u64>"), None);
        for fine in [
            "Versioned<Pose>",
            "AtomicValue<u8>",
            "PhantomData<usize>",
            "Vec<usize>",
            "usize",
            "CacheAligned<Lock>",
            "Map<u64, f64, 8>",
            "Frames<u8, 64, 4, Info>",
            "Frames<u8, { 4 << 20 }, 4>",
        ] {
            assert_eq!(within(Derive::Object, fine), None, "{fine}");
        }
    }

    #[test]
    fn a_key_has_advice_only_about_values_that_are_no_keys() {
        for (ty, found) in [
            ("f64", "FloatField"),
            ("[[f32; 2]; 3]", "FloatField"),
            ("FixedVec<u8, 4>", "FixedVecField"),
            ("String", "KeyField"),
            ("Lock", "KeyField"),
            ("u64", "KeyField"),
        ] {
            assert_eq!(of(Derive::Key, ty), found, "{ty}");
        }
    }

    #[test]
    fn an_atomic_gets_the_advice_of_the_derive() {
        assert_eq!(of(Derive::Value, "AtomicU64"), "AtomicField");
        assert_eq!(of(Derive::Object, "AtomicU64"), "ObjectField");
        assert_eq!(of(Derive::Object, "AtomicUsize"), "WidthField");
    }
}
