//! Migrating an object to another layout, with its values.
//!
//! Read first: [`Store::migrate`](crate::Store::migrate), and [`SavedObject::convert_to`], which has all the rules. A
//! [`Migration`] says what it did, and [`Refused`] what it would have lost.

// Layers it may use: all.

mod convert;
mod error;
mod filled;
mod object;

use std::fmt;

use thiserror::Error;

#[cfg(doc)]
use crate::inspect::SavedObject;
use crate::layout::invalid_value::debug_is_display;
use crate::layout::path::FieldPath;

pub use error::MigrateError;
pub use object::is_needed;

/// The difference between an object before and after a migration or conversion to another layout.
///
/// A field is one path, and so is a field of which all parts were carried, however many elements it has. In the path of
/// a part of each element there is no index: `accounts[].owner`. Padding is not listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// The fields with the values that they had.
    pub carried: Vec<FieldPath>,
    /// The fields that only the new layout has. They are zero.
    pub new: Vec<FieldPath>,
    /// The fields that only the old layout has. Their values are lost.
    pub gone: Vec<FieldPath>,
    was_needed: bool,
}

impl Migration {
    /// Returns `true` if an object was migrated, or values were converted. `false` if there was nothing to do.
    #[must_use]
    pub fn was_needed(&self) -> bool {
        self.was_needed
    }
}

/// The fields that were carried, are new and are gone, in a sentence. No value is shown.
impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.was_needed {
            return f.write_str("nothing to do");
        }
        for (at, (what, paths)) in
            [("carried", &self.carried), ("new", &self.new), ("gone", &self.gone)].into_iter().enumerate()
        {
            let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
            let paths = if paths.is_empty() { "nothing".into() } else { paths.join(", ") };
            write!(f, "{}{what}: {paths}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// The reason why the values of an object do not fit another layout.
///
/// Nothing was changed. A field with another name begins with zeros, and the closure of
/// [`Store::migrate_with`](crate::Store::migrate_with) can store a value in it.
#[derive(Clone, PartialEq, Eq, Error)]
#[error(
    "`{path}` cannot be converted from `{from}` to `{to}`: {why}. Store another value, or publish another frame, first. Or give the field another \
     name in the new type, where it begins with zeros, and store a value there with `migrate_with`"
)]
#[non_exhaustive]
pub struct Refused {
    /// The path of the part in the old object. If no value of the part would fit, there is no index in it for each
    /// element or key: `accounts[].owner`.
    pub path: FieldPath,
    /// The type of the part in the old layout.
    pub from: String,
    /// The type of the part in the new layout.
    pub to: String,
    /// The value that does not fit, and the rule that it breaks.
    pub why: String,
}

debug_is_display!(Refused);
