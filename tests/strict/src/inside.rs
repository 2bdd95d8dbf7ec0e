//! Items that nobody outside can name, and functions that have them.

use store::{Shared, ShmObject, ShmValue, Versioned};

mod private {
    use super::{ShmObject, ShmValue, Versioned};

    #[derive(Clone, Copy, Debug, Default, ShmValue)]
    #[repr(C)]
    pub(super) struct Value {
        pub(super) r#type: u32,
        #[allow(dead_code)]
        rest: u32,
    }

    #[derive(Debug, ShmObject)]
    #[repr(C)]
    pub(super) struct Object {
        pub(super) value: Versioned<Value>,
    }
}

/// Returns the type of a new object: 0.
///
/// # Panics
///
/// If there is no memory for it.
#[must_use]
pub fn new_type() -> u32 {
    /// An item within a function.
    #[derive(Clone, Copy, Debug, ShmValue)]
    #[repr(C)]
    struct Local(u32);

    #[derive(Debug, ShmObject)]
    #[repr(C)]
    struct Outer {
        inner: private::Object,
        local: Versioned<Local>,
    }

    let outer = Shared::<Outer>::new_private().expect("a page of memory");
    outer.inner.value.load().r#type + outer.local.load().0
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_renamed_dependency_is_found() {
        assert_eq!(super::new_type(), 0);
    }
}
