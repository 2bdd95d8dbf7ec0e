//! A process that attaches an object for reading only: it may do no more, and `knock` is what a hostile one does. See
//! `shmstore_tests::peer` for how it listens and answers.
//!
//! # Safety
//!
//! Assumes the C library's prototype. Promises to hand the kernel nothing but the address of words of an object.
#![allow(unsafe_code)]

use std::io::{self, BufRead};
use std::ptr;
use std::thread;
use std::time::Duration;

use nix::libc;
use shmstore::{ReadOnly, Store};
use shmstore_tests::objects::Parts;

/// So often that no sleep for the word lasts a slice.
const PAUSE: Duration = Duration::from_micros(500);

/// Where a `Versioned` has its lock word: see `docs/format.md`. A `Lock` begins with it.
const LOCK_WORD: usize = 8;

pub(crate) fn play() {
    let path = super::path();
    let seen: ReadOnly<Parts> = Store::open(path).expect("a store").attach_read_only().expect("an object");
    println!("ok ready");
    for line in io::stdin().lock().lines() {
        match line.expect("text").as_str() {
            "knock" => {
                let words = [ptr::from_ref(&seen.lock).addr(), ptr::from_ref(&seen.value).addr() + LOCK_WORD];
                thread::spawn(move || knock(words));
                println!("ok ");
            }
            other => println!("err BadCommand {other}"),
        }
    }
}

/// Wakes all who sleep for one of the words, on and on.
fn knock(words: [usize; 2]) {
    loop {
        for word in words {
            // SAFETY: the kernel looks up what is mapped at the address, and reads and writes nothing there.
            unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, i32::MAX) };
        }
        thread::sleep(PAUSE);
    }
}
