//! An object, and functions that use it by the copy of shmstore in this library.
//!
//! # Safety
//!
//! Assumes that nothing else in a process has a function of these names. Promises nothing: the functions are safe.
#![allow(unsafe_code)]

use std::sync::OnceLock;

use shmstore::{Lock, LockError, Shared, ShmObject, Store, Versioned};

/// What both copies use.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'Z')]
pub struct Hold {
    /// Held by one of them.
    pub lock: Lock,
    /// Its write side, likewise.
    pub value: Versioned<u64>,
}

/// What came of an attempt, as a number that all copies understand.
pub mod outcome {
    /// It was had, and given back.
    pub const HAD: i32 = 0;
    /// Another holds it.
    pub const BUSY: i32 = 1;
    /// Its owner was taken for dead.
    pub const OWNER_DIED: i32 = 2;
}

/// The object, attached once: at the path that the environment variable `TWIN_STORE` holds.
fn hold() -> &'static Hold {
    static HOLD: OnceLock<Shared<Hold>> = OnceLock::new();
    HOLD.get_or_init(|| {
        let path = std::env::var_os("TWIN_STORE").expect("the path of a store");
        Store::open(path).expect("a store").attach().expect("an object")
    })
}

/// Tries the lock.
#[unsafe(no_mangle)]
pub extern "C" fn shmstore_twin_try_lock() -> i32 {
    match hold().lock.try_lock() {
        Ok(_guard) => outcome::HAD,
        Err(LockError::OwnerDied { .. }) => outcome::OWNER_DIED,
        Err(_) => outcome::BUSY,
    }
}

/// Tries the write side.
#[unsafe(no_mangle)]
pub extern "C" fn shmstore_twin_try_store() -> i32 {
    if hold().value.try_writer().map(|mut writer| writer.store(9)).is_ok() { outcome::HAD } else { outcome::BUSY }
}

/// Attaches the object, creating it if need be, uses it, and lets go of it; or keeps its handle forever.
#[unsafe(no_mangle)]
pub extern "C" fn shmstore_twin_visit(keeps: bool) -> i32 {
    let path = std::env::var_os("TWIN_STORE").expect("the path of a store");
    let hold: Shared<Hold> = Store::open(path).expect("a store").attach_or_create().expect("room for one more");
    drop(hold.lock.lock().expect("a lock that nobody died with"));
    hold.value.update(|value| *value += 1);
    if keeps {
        std::mem::forget(hold);
    }
    outcome::HAD
}
