//! No byte of padding is ever copied, also where nothing else asks for the layout.
use shmstore::{AtomicValue, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading<const N: usize> {
    raw: [u8; N],
    sum: u16,
}

fn main() {
    let _ = AtomicValue::new(Reading { raw: [0; 3], sum: 0 });
}
