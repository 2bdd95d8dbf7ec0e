//! The demo: real processes that share one object, and what each of them sees.

mod role;
mod scene;
mod actor;
mod story;

pub use role::Role;
pub use story::tell;
