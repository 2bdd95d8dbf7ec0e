//! The way in and out of each function.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::code::shmstore_code;
use crate::error::{Failure, remember};

/// Runs a function. Its error, or its panic, becomes a code, and the text of [`shmstore_error_text`].
///
/// [`shmstore_error_text`]: crate::shmstore_error_text
pub(crate) fn call(body: impl FnOnce() -> Result<(), Failure>) -> shmstore_code {
    match caught(body) {
        Ok(()) => shmstore_code::SHMSTORE_OK,
        Err(failure) => {
            let code = failure.code();
            remember(failure);
            code
        }
    }
}

/// Runs a function that returns a value itself, and `other` after an error.
pub(crate) fn call_or<T>(other: T, body: impl FnOnce() -> Result<T, Failure>) -> T {
    caught(body).unwrap_or_else(|failure| {
        remember(failure);
        other
    })
}

fn caught<T>(body: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(of_panic(panic)))
}

fn of_panic(panic: Box<dyn Any + Send>) -> Failure {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    let text = format!("an error in shmstore: {}. Please report it", text.unwrap_or("a panic without a text"));
    // A payload may panic when it is dropped.
    std::mem::forget(panic);
    Failure::new(shmstore_code::SHMSTORE_INTERNAL, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_code_and_a_text() {
        let code = call(|| panic!("seven of {}", 9));
        assert_eq!(code, shmstore_code::SHMSTORE_INTERNAL);
        assert_eq!(call_or(7, || panic!("no number")), 7);
        let text = crate::error::tests::text();
        assert_eq!(text, "an error in shmstore: no number. Please report it");
    }
}
