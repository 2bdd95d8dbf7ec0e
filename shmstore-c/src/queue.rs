//! Queues.

use std::ffi::c_void;

use crate::arguments::limit_of;
use crate::call::{call, call_or};
use crate::code::shmstore_code;
use crate::handle::{give, shmstore_job, shmstore_part};
use crate::part::queue;

/// Pushes an item of `size` bytes into a `Queue`. A free slot is waited for until the limit, in nanoseconds.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE, SHMSTORE_FULL, SHMSTORE_BUSY if another
/// producer works on the queue until the limit, SHMSTORE_REMOVED, which only a call notices that has to wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_queue_push(
    part: *const shmstore_part,
    item: *const c_void,
    size: usize,
    limit: i64,
) -> shmstore_code {
    call(|| {
        let part = queue(handle!(part))?;
        Ok(part.push_bytes(input!(item, size, part.schema()), limit_of(limit)?)?)
    })
}

/// Pops the oldest item of a `Queue` to `item`, which has `size` bytes. An item is waited for until the limit, in
/// nanoseconds. If the process is killed afterwards, the item is lost: shmstore_queue_take keeps it.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_EMPTY, SHMSTORE_BUSY if another consumer works on the
/// queue until the limit, SHMSTORE_REMOVED, which only a call notices that has to wait, SHMSTORE_INVALID_VALUE if the
/// item is not a valid value. Then the item is consumed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_queue_pop(
    part: *const shmstore_part,
    item: *mut c_void,
    size: usize,
    limit: i64,
) -> shmstore_code {
    call(|| {
        let part = queue(handle!(part))?;
        Ok(part.pop_bytes(output!(item, size, part.schema()), limit_of(limit)?)?)
    })
}

/// Takes the oldest item of a `Queue`. An item is waited for until the limit, in nanoseconds. End the job with
/// shmstore_job_done or shmstore_job_return. If the process is killed before, another one gets the item.
///
/// Errors: those of shmstore_queue_pop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_queue_take(
    part: *const shmstore_part,
    limit: i64,
    job: *mut *mut shmstore_job,
) -> shmstore_code {
    made!(
        job = {
            let part = queue(handle!(part))?;
            give(part.take(limit_of(limit)?)?)
        }
    )
}

/// Returns the number of items that wait in a `Queue`. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_queue_len(part: *const shmstore_part) -> u64 {
    call_or(0, || Ok(queue(handle!(part))?.len()))
}

/// Returns the number of items that were taken and are not done. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_queue_outstanding(part: *const shmstore_part) -> u64 {
    call_or(0, || Ok(queue(handle!(part))?.outstanding()))
}

/// Returns the number of slots of a `Queue`. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_queue_capacity(part: *const shmstore_part) -> u64 {
    call_or(0, || Ok(queue(handle!(part))?.capacity()))
}

/// Copies the item of a job to `item`, which has `size` bytes.
///
/// Errors: SHMSTORE_WRONG_SIZE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_job_item(job: *const shmstore_job, item: *mut c_void, size: usize) -> shmstore_code {
    call(|| {
        let job = handle!(job);
        output!(item, size, job.schema()).copy_from_slice(job.bytes());
        Ok(())
    })
}

/// Returns how often the item was delivered, this time included. 7 means seven or more. 0 after
/// an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_job_deliveries(job: *const shmstore_job) -> u32 {
    call_or(0, || Ok(handle!(job).deliveries()))
}

/// Finishes the item of a job. It is not delivered again. This frees the handle, also after an error.
///
/// Errors: SHMSTORE_LOST if this process no longer has the item, SHMSTORE_OF_PARENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_job_done(job: *mut shmstore_job) -> shmstore_code {
    call(|| Ok(taken!(job).done()?))
}

/// Returns the item of a job to its queue, where it is the next one, and frees the handle. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_job_return(job: *mut shmstore_job) -> shmstore_code {
    call(|| close!(job))
}
