//! Broadcasts.

use std::ffi::c_void;

use shmstore::dynamic::DynamicError;
use shmstore::error::RecvError;

use crate::arguments::limit_of;
use crate::call::{call, call_or};
use crate::code::shmstore_code::{self, SHMSTORE_EMPTY};
use crate::error::Failure;
use crate::handle::{give, shmstore_part, shmstore_subscriber};
use crate::part::broadcast;

/// Sends an item of `size` bytes to all subscribers of a `Broadcast`. Another sender is waited for until the limit, in
/// nanoseconds. `number` receives the number of the item, which counts from 0. It may be NULL.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE, SHMSTORE_BUSY if another sender works on
/// the broadcast until the limit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_broadcast_send(
    part: *const shmstore_part,
    item: *const c_void,
    size: usize,
    limit: i64,
    number: *mut u64,
) -> shmstore_code {
    call(|| {
        let part = broadcast(handle!(part))?;
        optional!(number = part.send_bytes(input!(item, size, part.schema()), limit_of(limit)?)?);
        Ok(())
    })
}

/// Copies the newest item of a `Broadcast` to `item`, which has `size` bytes. `number` receives its number, and may be
/// NULL.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_EMPTY if no item was sent, SHMSTORE_INVALID_VALUE,
/// SHMSTORE_DISTURBED if no copy was whole within 100 ms.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_broadcast_newest(
    part: *const shmstore_part,
    item: *mut c_void,
    size: usize,
    number: *mut u64,
) -> shmstore_code {
    call(|| {
        let part = broadcast(handle!(part))?;
        let newest = part.newest_bytes(output!(item, size, part.schema()))?;
        optional!(number = newest.ok_or_else(|| Failure::fixed(SHMSTORE_EMPTY, "no item was sent yet"))?);
        Ok(())
    })
}

/// Returns the number of items that were sent. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_broadcast_sent(part: *const shmstore_part) -> u64 {
    call_or(0, || Ok(broadcast(handle!(part))?.sent()))
}

/// Returns a subscriber that receives the items that are sent from now on. Close it with shmstore_subscriber_close.
///
/// Errors: SHMSTORE_WRONG_PART.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_broadcast_subscribe(
    part: *const shmstore_part,
    subscriber: *mut *mut shmstore_subscriber,
) -> shmstore_code {
    made!(
        subscriber = {
            let part = broadcast(handle!(part))?;
            give(part.subscribe())
        }
    )
}

/// Returns a subscriber at a position, which is the number of its first item. If that item is overwritten already, the
/// first shmstore_subscriber_recv returns SHMSTORE_LAGGED. Close it with shmstore_subscriber_close.
///
/// Errors: SHMSTORE_WRONG_PART.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_broadcast_subscribe_from(
    part: *const shmstore_part,
    position: u64,
    subscriber: *mut *mut shmstore_subscriber,
) -> shmstore_code {
    made!(
        subscriber = {
            let part = broadcast(handle!(part))?;
            give(part.subscribe_from(position))
        }
    )
}

/// Receives the next item to `item`, which has `size` bytes. It is waited for until the limit, in nanoseconds. `missed`
/// receives how many items were missed before the next one, after SHMSTORE_LAGGED, and else 0. It may be NULL.
///
/// Errors: SHMSTORE_WRONG_SIZE, SHMSTORE_EMPTY, SHMSTORE_LAGGED, after which the next call receives a later item,
/// SHMSTORE_INVALID_VALUE, after which the next call goes on, SHMSTORE_DISTURBED if no copy was whole in this time,
/// SHMSTORE_REMOVED, which only a call notices that has to wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_subscriber_recv(
    subscriber: *mut shmstore_subscriber,
    item: *mut c_void,
    size: usize,
    limit: i64,
    missed: *mut u64,
) -> shmstore_code {
    call(|| {
        let subscriber = handle!(mut subscriber);
        let item = output!(item, size, subscriber.schema());
        let received = subscriber.recv_bytes(item, limit_of(limit)?);
        optional!(
            missed = match &received {
                Err(DynamicError::Recv(RecvError::Lagged { missed, .. })) => *missed,
                _ => 0,
            }
        );
        Ok(received?)
    })
}

/// Returns the position of a subscriber: the number of its next item. It is for shmstore_wait, shmstore_wait_any and
/// shmstore_broadcast_subscribe_from. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_subscriber_position(subscriber: *const shmstore_subscriber) -> u64 {
    call_or(0, || Ok(handle!(subscriber).position()))
}

/// Closes a subscriber. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_subscriber_close(subscriber: *mut shmstore_subscriber) -> shmstore_code {
    call(|| close!(subscriber))
}
