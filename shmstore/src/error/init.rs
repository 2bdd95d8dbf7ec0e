//! The result of a closure that fills a new object.

use std::error::Error;

/// The error of a closure that could not fill a new object.
type InitError = Box<dyn Error + Send + Sync>;

/// The result of a closure that fills a new object: `()`, or a `Result<(), Box<dyn Error + Send + Sync>>`.
///
/// Only these two types implement it, so the compiler infers the error type of a closure that uses `?` and ends with
/// `Ok(())`. A closure that never returns needs its type: `|_| -> () { panic!() }`.
#[diagnostic::on_unimplemented(
    message = "an init closure returns `()` or `Result<(), Box<dyn Error + Send + Sync>>`, not `{Self}`",
    note = "`?` converts errors of other types; a closure that never returns needs `-> ()`"
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
