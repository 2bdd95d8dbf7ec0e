//! An attribute may be a macro, which could be another number each time it is expanded.
use shmstore::ShmValue;
use shmstore_tests_macros::unchanged;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Samples {
    list: [u8; {
        #[unchanged]
        const LEN: usize = 2;
        LEN
    }],
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Flags<const N: usize>
where
    [u8; {
        #[unchanged]
        const LEN: usize = 2;
        LEN
    }]: Sized,
{
    list: [u8; N],
}

fn main() {}
