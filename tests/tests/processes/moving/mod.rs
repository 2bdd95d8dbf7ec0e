//! Moving an object to another layout, and replacing it, beside processes that use it.

mod closures;
mod conflicts;
mod in_use;
mod races;
