//! Which of the runtime's field traits asks for a field's type.
//!
//! All of them accept the same types; they differ in the cure that rustc prints when the type is not accepted. So the
//! last name in the type is enough to go by, and a type of that name that is not std's comes to no harm.

use syn::{PathSegment, Type};

use crate::Derive;

/// The trait, in `__private::value` or `__private::object`.
pub(crate) fn field_trait(derive: Derive, ty: &Type) -> &'static str {
    let name = last_segment(ty).map(|segment| segment.ident.to_string()).unwrap_or_default();
    common(&name).unwrap_or_else(|| match derive {
        Derive::Value => in_value(&name),
        Derive::Object => in_object(&name, matches!(ty, Type::Array(_))),
    })
}

/// The last name in a type; of an array, its element's.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Array(array) => last_segment(&array.elem),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Types that are neither, with a cure for each derive.
fn common(name: &str) -> Option<&'static str> {
    Some(match name {
        "usize" | "isize" => "WidthField",
        "u128" | "i128" => "WideField",
        "String" | "str" | "CString" | "CStr" | "OsString" | "OsStr" | "PathBuf" | "Path" | "Cow" => "TextField",
        "Vec" | "VecDeque" | "LinkedList" | "BinaryHeap" | "HashMap" | "HashSet" | "BTreeMap" | "BTreeSet" => {
            "ListField"
        }
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
        "Versioned" | "Lock" | "Event" | "CacheAligned" => "PartField",
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

    #[test]
    fn an_array_gets_the_advice_of_its_element() {
        assert_eq!(of(Derive::Object, "[[(u32); 2]; 3]"), "PlainArrayField");
        assert_eq!(of(Derive::Object, "[AtomicU8; 2]"), "ObjectField");
    }

    #[test]
    fn what_guards_what_wakes_and_what_is_made_once_get_advice_of_their_own() {
        for derive in [Derive::Value, Derive::Object] {
            assert_eq!(of(derive, "parking_lot::RwLock<u8>"), "LockField");
            assert_eq!(of(derive, "[std::sync::Condvar; 2]"), "EventField");
            assert_eq!(of(derive, "Barrier"), "EventField");
            assert_eq!(of(derive, "OnceLock<u8>"), "CellField");
        }
    }

    #[test]
    fn a_part_is_an_object_and_in_a_value_told_so() {
        for part in ["Lock", "shmstore::Event", "[Lock; 4]", "Versioned<u8>", "CacheAligned<Lock>"] {
            assert_eq!(of(Derive::Value, part), "PartField");
            assert_eq!(of(Derive::Object, part), "ObjectField");
        }
    }

    #[test]
    fn an_atomic_gets_the_advice_of_the_derive() {
        assert_eq!(of(Derive::Value, "AtomicU64"), "AtomicField");
        assert_eq!(of(Derive::Object, "AtomicU64"), "ObjectField");
        assert_eq!(of(Derive::Object, "AtomicUsize"), "WidthField");
    }
}
