//! Generated code names the type of a field more than once, and a macro may be another type each time.
use shmstore::ShmValue;

macro_rules! word {
    () => { u32 };
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    word: word!(),
    words: [word!(); 2],
}

fn main() {}
