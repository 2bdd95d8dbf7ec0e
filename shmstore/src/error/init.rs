//! What the closures return that fill new objects.

use std::error::Error;

/// Why a closure could not fill a new object.
type InitError = Box<dyn Error + Send + Sync>;

/// What a closure returns that fills a new object: `()`, or a `Result<(), Box<dyn Error + Send + Sync>>`.
///
/// For just these two types, so that the error type of a closure with `?` and `Ok(())` is known without being named.
#[diagnostic::on_unimplemented(
    message = "an init closure returns `()` or `Result<(), Box<dyn Error + Send + Sync>>`, not `{Self}`",
    note = "errors of other types become this one by `?`; a closure that only panics needs `-> ()`"
)]
pub trait InitResult: sealed::Sealed {
    #[doc(hidden)]
    fn into_result(self) -> Result<(), InitError>;
}

impl InitResult for () {
    fn into_result(self) -> Result<(), InitError> {
        Ok(())
    }
}

impl InitResult for Result<(), InitError> {
    fn into_result(self) -> Self {
        self
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl Sealed for Result<(), super::InitError> {}
}
