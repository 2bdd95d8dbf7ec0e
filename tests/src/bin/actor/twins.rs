//! A process with two copies of shmstore in it, as one has that loads a plug-in: says what the second copy makes of a lock
//! and a write side that the first one holds, before and after all descriptors are closed, and when they are free.
//!
//! # Safety
//!
//! Assumes that the library is `shmstore-twin`, whose functions have these types. It is never unloaded.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;

use nix::libc;
use shmstore::{Shared, Store};
use shmstore_twin::Hold;

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
    close_descriptors();
    let closed = ask();
    let processes = Shared::participants(&hold).len();
    drop(transaction);
    drop(guard);
    println!("ok {held:?} {closed:?} {:?} of {processes}", ask());
}

/// A function of the library.
fn load(name: &std::ffi::CStr) -> Try {
    let ourselves = std::env::current_exe().expect("a path of our own");
    let library = ourselves.with_file_name("deps").join("libshmstore_twin.so");
    let library = CString::new(library.as_os_str().as_bytes()).expect("a path without NUL");
    // SAFETY: a C string, alive during the call; the library's initializers are the C library's and the standard library's.
    let loaded = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    assert!(!loaded.is_null(), "{library:?} is built with this program");
    // SAFETY: a library that is loaded, and a C string, alive during the call.
    let function = unsafe { libc::dlsym(loaded, name.as_ptr()) };
    assert!(!function.is_null(), "{name:?} is one of its functions");
    // SAFETY: a function of this type, by the library's source.
    unsafe { std::mem::transmute::<*mut libc::c_void, Try>(function) }
}

/// Closes everything but standard input, output and error, as daemons do.
fn close_descriptors() {
    // SAFETY: takes numbers only. In this program only shmstore has other files, and that is what is to be tried.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
    assert_eq!(closed, 0, "the kernel knows this call");
}
