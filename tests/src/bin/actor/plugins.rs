//! A process that loads a plug-in with shmstore in it, uses it and unloads it, again and again: `plugins TIMES
//! drop|keep [stay|attached]`.
//!
//! Says how many descriptors it has more than before, how many slots its object has, whether the library is still
//! loaded, and how a child of `fork` ends. With `stay` the last plug-in is loaded when the process exits.
//! With `attached` the process itself has the object attached all the time, and goes on until its input ends.
//!
//! # Safety
//!
//! Assumes that the library is `shmstore-twin`, whose function has this type. It is not called once the library is
//! unloaded.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::exit;
use std::thread;

use nix::libc;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use shmstore::{Shared, Store};
use shmstore_twin::Hold;

type Visit = extern "C" fn(bool) -> i32;

pub(crate) fn play() {
    let args: Vec<String> = super::args().collect();
    let times: u32 = args[0].parse().expect("a number");
    let open = || Store::open(std::env::var_os("TWIN_STORE").expect("the path of a store")).expect("a store");
    let is_last = |word: &str| args.get(2).is_some_and(|last| last == word);
    let _attached = is_last("attached").then(|| open().attach::<Hold>().expect("an object with room"));
    let before = descriptors();
    for round in 1..=times {
        visit(args[1] == "keep", round < times || !is_last("stay"));
    }
    let added = descriptors() - before;
    let is_loaded = fs::read_to_string("/proc/self/maps").expect("/proc").contains("libshmstore_twin.so");
    let child = end_of_a_child();
    let slots = open().attach::<Hold>().map(|hold| Shared::participants(&hold).len()).expect("an object with room");
    println!("ok {added} descriptors, {slots} slots, loaded {is_loaded}, child {child}");
    if is_last("attached") {
        std::io::stdin().read_line(&mut String::new()).expect("standard input");
    }
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("/proc").count()
}

pub(crate) fn load() -> *mut libc::c_void {
    let ourselves = std::env::current_exe().expect("a path of our own");
    let library = ourselves.with_file_name("deps").join("libshmstore_twin.so");
    let library = CString::new(library.as_os_str().as_bytes()).expect("a path without NUL");
    // SAFETY: a C string, alive during the call; the library's initializers are the C library's and the standard
    // library's.
    let loaded = unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    assert!(!loaded.is_null(), "{library:?} is built with this program");
    loaded
}

pub(crate) fn symbol(loaded: *mut libc::c_void, name: &CStr) -> *mut libc::c_void {
    // SAFETY: a library that is loaded, and a C string, alive during the call.
    let function = unsafe { libc::dlsym(loaded, name.as_ptr()) };
    assert!(!function.is_null(), "{name:?} is one of its functions");
    function
}

/// Loads the library, has it use the object, and unloads it.
fn visit(keeps: bool, unloads: bool) {
    let loaded = load();
    let function = symbol(loaded, c"shmstore_twin_visit");
    // SAFETY: a function of this type, by the library's source.
    let visit = unsafe { std::mem::transmute::<*mut libc::c_void, Visit>(function) };
    // Thread-locals with destructors of a thread that lives on would keep the library loaded.
    let outcome = thread::spawn(move || visit(keeps)).join().expect("a visit that ends");
    assert_eq!(outcome, shmstore_twin::outcome::HAD);
    if unloads {
        // SAFETY: nothing of the library runs, or is called from here on.
        assert_eq!(unsafe { libc::dlclose(loaded) }, 0);
    }
}

/// The handlers of a library that is gone must not be called.
fn end_of_a_child() -> String {
    // SAFETY: this process has one thread, and the child does nothing but exit.
    match unsafe { fork() }.expect("a child") {
        ForkResult::Child => exit(0),
        ForkResult::Parent { child } => {
            format!("{:?}", waitpid(child, None).expect("our child") == WaitStatus::Exited(child, 0))
        }
    }
}
