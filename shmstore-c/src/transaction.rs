//! Transactions.

use std::ffi::c_void;
use std::ptr;

use crate::aligned::Aligned;
use crate::arguments::limit_of;
use crate::call::{call, call_or};
use crate::code::shmstore_code;
use crate::handle::{Mine, give, shmstore_part, shmstore_transaction};
use crate::part::versioned;

/// Begins a transaction on a private copy of the newest version of a `Versioned`. Other writers wait until it ends.
/// Until the limit, in nanoseconds, they are waited for. End it with shmstore_transaction_commit or
/// shmstore_transaction_rollback, in this thread. If the process is killed, nothing has changed.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_BUSY, SHMSTORE_DEADLOCK if this thread has another transaction on it,
/// SHMSTORE_INVALID_VALUE if the newest version is not a valid value, which shmstore_versioned_store repairs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_transaction_begin(
    part: *const shmstore_part,
    limit: i64,
    transaction: *mut *mut shmstore_transaction,
) -> shmstore_code {
    made!(
        transaction = {
            let part = versioned(handle!(part))?;
            let begun = part.begin(limit_of(limit)?)?;
            let value = Aligned::copy(begun.bytes(), part.schema());
            give(Mine::new((begun, value)))
        }
    )
}

/// Returns the value that a transaction changes. Change it in place. It has the bytes of the type of the part, is
/// aligned as the type, and stays until the transaction ends. NULL in another thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_transaction_value(transaction: *mut shmstore_transaction) -> *mut c_void {
    call_or(ptr::null_mut(), || Ok(handle!(mut transaction).get_mut()?.1.bytes_mut().as_mut_ptr().cast()))
}

/// Returns the number of the version that a transaction began with. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_transaction_version(transaction: *const shmstore_transaction) -> u64 {
    call_or(0, || Ok(handle!(transaction).get()?.0.version()))
}

/// Makes the changed value the newest version. `version` receives its number, and may be NULL. This ends the
/// transaction, also after an error, and frees its handle. Only SHMSTORE_OTHER_THREAD leaves it as it is.
///
/// Errors: SHMSTORE_INVALID_VALUE if the changed bytes are not a valid value, SHMSTORE_OF_PARENT,
/// SHMSTORE_OTHER_THREAD. Then nothing has changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_transaction_commit(
    transaction: *mut shmstore_transaction,
    version: *mut u64,
) -> shmstore_code {
    call(|| {
        let (mut begun, value) = owned!(transaction);
        begun.bytes_mut().copy_from_slice(value.bytes());
        optional!(version = begun.commit()?);
        Ok(())
    })
}

/// Ends a transaction without any change, and frees its handle. NULL is allowed.
///
/// Errors: SHMSTORE_OTHER_THREAD, which leaves it as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_transaction_rollback(transaction: *mut shmstore_transaction) -> shmstore_code {
    call(|| {
        if !transaction.is_null() {
            drop(owned!(transaction));
        }
        Ok(())
    })
}
