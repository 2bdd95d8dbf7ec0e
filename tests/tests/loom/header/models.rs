//! The models: a process that attaches an object while another moves or replaces it, with the kernel's count of
//! attachments, and a process that reads the newest record of a layout log.

use loom::sync::Arc;
use loom::thread;

use super::atomics::Ordering::Relaxed;
use super::atomics::{AtomicU32, AtomicU64};
use super::words::{Flags, NewestRecord, ROOM};
use crate::harness::check;

/// The flags of an object, and the kernel's count. The kernel promises no more order than a counter.
#[derive(Default)]
struct Object {
    flags: Flags,
    attachments: AtomicU32,
}

/// A process attaches the object and uses it unless it is being moved. Another moves it unless it is attached.
pub(crate) fn a_mover_meets_an_attacher() {
    check(3, || {
        let object = Arc::new(Object::default());
        object.flags.set(ROOM);
        let mover = thread::spawn({
            let object = object.clone();
            move || {
                object.flags.set_moving();
                object.attachments.load(Relaxed) == 0
            }
        });
        object.attachments.fetch_add(1, Relaxed);
        let is_used = !object.flags.is_moving();
        let is_moved = mover.join().unwrap();
        assert!(!(is_used && is_moved), "it uses an object that is removed");
        assert!(object.flags.has(ROOM) && object.flags.is_moving());
    });
}

/// A mover finds that the object is in use, and takes its note back.
pub(crate) fn a_mover_gives_up() {
    check(3, || {
        let object = Arc::new(Object::default());
        object.flags.set(ROOM);
        let mover = thread::spawn({
            let object = object.clone();
            move || {
                object.flags.set_moving();
                object.flags.clear_moving();
            }
        });
        let _ = object.flags.is_moving();
        mover.join().unwrap();
        assert!(object.flags.has(ROOM) && !object.flags.is_moving());
    });
}

/// A process extends the object; another reads the newest record.
pub(crate) fn a_record_is_published() {
    check(3, || {
        let log = Arc::new((AtomicU64::new(0), NewestRecord::default()));
        let grower = thread::spawn({
            let log = log.clone();
            move || {
                log.0.store(7, Relaxed);
                log.1.publish(64, 32);
            }
        });
        let word = log.1.word();
        if word != 0 {
            assert_eq!((word, log.0.load(Relaxed)), (64 << 32 | 32, 7), "a record that is half written");
        }
        grower.join().unwrap();
    });
}
