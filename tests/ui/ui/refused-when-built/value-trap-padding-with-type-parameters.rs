//! What fills a gap depends on the arguments, so no `Pad` does.
use shmstore::{ShmValue, Versioned};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Pair<A: ShmValue, B: ShmValue> {
    first: A,
    second: B,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Row<A: ShmValue> {
    kind: u8,
    time: u32,
    rest: [A; 4],
}

fn main() {
    Versioned::<Pair<u32, u64>>::default().store(Pair { first: 1, second: 2 });
    Versioned::<Pair<u64, u32>>::default().store(Pair { first: 1, second: 2 });
    Versioned::<Row<u32>>::default().store(Row { kind: 1, time: 2, rest: [3; 4] });
}
