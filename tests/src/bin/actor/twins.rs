//! A process with two copies of shmstore in it, as one has that loads a plug-in: says what the second copy makes of a lock
//! and a write side that the first one holds, before and after all descriptors are closed, and when they are free.
//!
//! # Safety
//!
//! Assumes that the library is `shmstore-twin`, whose functions have these types. It is never unloaded.
#![allow(unsafe_code)]

use std::ffi::CStr;

use nix::libc;
use shmstore::{Shared, Store};
use shmstore_twin::Hold;

use super::obey::close_descriptors;
use super::plugins;

type Try = extern "C" fn() -> i32;

pub(crate) fn play() {
    let path = std::env::var_os("TWIN_STORE").expect("the path of a store");
    let store = Store::open(path).expect("a store");
    let hold: Shared<Hold> = store.create().expect("no object there");
    let guard = hold.lock.lock().expect("a new lock");
    let transaction = hold.value.begin();
    let twin = [c"shmstore_twin_try_lock", c"shmstore_twin_try_store"].map(load);
    let ask = || twin.map(|function| function());
    let held = ask();
    close_descriptors().expect("the kernel knows this call");
    let closed = ask();
    let processes = Shared::participants(&hold).len();
    drop(transaction);
    drop(guard);
    println!("ok {held:?} {closed:?} {:?} of {processes}", ask());
}

fn load(name: &CStr) -> Try {
    let function = plugins::symbol(plugins::load(), name);
    // SAFETY: a function of this type, by the library's source.
    unsafe { std::mem::transmute::<*mut libc::c_void, Try>(function) }
}
