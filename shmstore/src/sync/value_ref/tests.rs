//! Readers that are rejected.

use super::*;
use crate::sync::versioned_cell::VersionedCell;

/// Reads with as many rejections as given. Returns the version.
fn read_rejected(value: ValueRef<'_, u64>, access: Access, rejections: u32) -> Option<u64> {
    let mut attempts = 0;
    value.retry(access, None, || {
        attempts += 1;
        (attempts >= rejections).then_some(7)
    })
}

#[test]
fn a_reader_that_is_rejected_again_and_again_asks_for_a_pause() {
    let cell = VersionedCell::<u64>::zeroed();
    assert_eq!(read_rejected(cell.value(), Access::ReadWrite, STARVED_AFTER - 1), Some(7));
    assert_eq!(cell.value().writers.flags().load(Relaxed), 0, "not yet");
    assert_eq!(read_rejected(cell.value(), Access::ReadWrite, STARVED_AFTER), Some(7));
    assert_eq!(cell.value().writers.flags().load(Relaxed), STARVED);
}

#[test]
fn a_view_asks_for_nothing_as_it_cannot_write() {
    let cell = VersionedCell::<u64>::zeroed();
    assert_eq!(read_rejected(cell.value(), Access::ReadOnly, 100), Some(7));
    assert_eq!(cell.value().writers.flags().load(Relaxed), 0);
}

#[test]
fn a_read_that_is_always_rejected_ends_with_its_limit() {
    let cell = VersionedCell::<u64>::zeroed();
    let mut attempts = 0;
    let over = Backoff::new(Limit::Never);
    let read = cell.value().retry(Access::ReadWrite, Some(&over), || {
        attempts += 1;
        None
    });
    assert_eq!((read, attempts), (None, 1));
}
