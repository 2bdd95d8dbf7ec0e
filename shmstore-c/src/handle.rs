//! The handles, which C has only as pointers.

use std::thread::{self, ThreadId};

use shmstore::{Store, dynamic};

use crate::aligned::Aligned;
use crate::code::shmstore_code::SHMSTORE_OTHER_THREAD;
use crate::error::Failure;

/// A type that C knows only by name.
pub(crate) trait Opaque {
    /// The content of a handle of it.
    type Inner;
    /// The first word of a handle.
    const TAG: u64;
    /// The name of the handle in an error.
    const NAME: &'static str;
}

/// The memory to which a pointer to an [`Opaque`] type points.
#[repr(C)]
pub(crate) struct Handle<T> {
    tag: u64,
    pub(crate) inner: T,
}

/// Makes a handle for C.
pub(crate) fn give<O: Opaque>(inner: O::Inner) -> *mut O {
    Box::into_raw(Box::new(Handle { tag: O::TAG, inner })).cast()
}

/// What belongs to the thread that made it.
pub(crate) struct Mine<T> {
    thread: ThreadId,
    content: T,
}

impl<T> Mine<T> {
    pub(crate) fn new(content: T) -> Self {
        Self { thread: thread::current().id(), content }
    }

    /// Refuses all other threads.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.thread == thread::current().id() {
            return Ok(());
        }
        let text =
            "this handle belongs to another thread: use and end a transaction or a lock in the thread that began it";
        Err(Failure::fixed(SHMSTORE_OTHER_THREAD, text))
    }

    pub(crate) fn get(&self) -> Result<&T, Failure> {
        self.check().map(|()| &self.content)
    }

    pub(crate) fn get_mut(&mut self) -> Result<&mut T, Failure> {
        self.check().map(|()| &mut self.content)
    }

    /// The content. The caller has checked the thread.
    pub(crate) fn into_inner(self) -> T {
        self.content
    }
}

macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident: $inner:ty = $tag:literal, $words:literal;)*) => {
        $(
            impl Opaque for $name {
                type Inner = $inner;
                const TAG: u64 = u64::from_le_bytes(*$tag);
                const NAME: &'static str = $words;
            }
        )*
    };
}

opaque! {
    shmstore_store: Store = b"shmstore", "a store";
    shmstore_object: dynamic::Object = b"shmobjec", "an object";
    shmstore_part: dynamic::Part = b"shmparts", "a part";
    shmstore_transaction: Mine<(dynamic::Transaction, Aligned)> = b"shmtrans", "a transaction";
    shmstore_guard: Mine<dynamic::LockGuard> = b"shmguard", "the guard of a lock";
    shmstore_job: dynamic::Job = b"shmjobof", "a job";
    shmstore_subscriber: dynamic::Subscriber = b"shmsubsc", "a subscriber";
    shmstore_entries: crate::entries::Entries = b"shmentri", "the entries of a map";
    shmstore_loan: dynamic::FrameMut = b"shmloans", "a loan";
    shmstore_pin: dynamic::Pinned = b"shmpinof", "a pin";
}

/// A store: the objects at one path. Any thread may use it, also several at once.
pub struct shmstore_store {
    _private: [u8; 0],
}

/// An object that this process has attached. Any thread may use it, also several at once.
pub struct shmstore_object {
    _private: [u8; 0],
}

/// A part of an object. It keeps the object attached. Any thread may use it, also several at once.
pub struct shmstore_part {
    _private: [u8; 0],
}

/// Changes to a `Versioned` that are published together, or not at all. It belongs to the thread that began it.
pub struct shmstore_transaction {
    _private: [u8; 0],
}

/// A `Lock` that a thread has taken. It belongs to this thread.
pub struct shmstore_guard {
    _private: [u8; 0],
}

/// An item that this process has taken from a `Queue`, and not finished. One thread uses it at a time.
pub struct shmstore_job {
    _private: [u8; 0],
}

/// Receives the items of a `Broadcast`, one after the other. One thread uses it at a time.
pub struct shmstore_subscriber {
    _private: [u8; 0],
}

/// A copy of the entries of a `Map`. One thread uses it at a time.
pub struct shmstore_entries {
    _private: [u8; 0],
}

/// A slot of `Frames` that this process fills. One thread uses it at a time.
pub struct shmstore_loan {
    _private: [u8; 0],
}

/// A frame that no process overwrites until the pin is released. Any thread may use it, also several at once.
pub struct shmstore_pin {
    _private: [u8; 0],
}

/// Takes a handle back.
///
/// # Safety
///
/// The pointer is NULL, or comes from [`give`] and is used by no other thread.
pub(crate) unsafe fn take<O: Opaque>(handle: *mut O) -> Result<Option<Box<Handle<O::Inner>>>, Failure> {
    if handle.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    unsafe { crate::arguments::handle(handle.cast_const())? };
    // SAFETY: a handle of this type, as its tag says, and one that comes from a box. No thread uses it.
    Ok(Some(unsafe { Box::from_raw(handle.cast::<Handle<O::Inner>>()) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_may_use_what_the_header_says() {
        fn at_once<O: Opaque<Inner: Send + Sync>>() {}
        fn one_at_a_time<O: Opaque<Inner: Send>>() {}
        at_once::<shmstore_store>();
        at_once::<shmstore_object>();
        at_once::<shmstore_part>();
        at_once::<shmstore_pin>();
        one_at_a_time::<shmstore_job>();
        one_at_a_time::<shmstore_subscriber>();
        one_at_a_time::<shmstore_entries>();
        one_at_a_time::<shmstore_loan>();
    }
}
