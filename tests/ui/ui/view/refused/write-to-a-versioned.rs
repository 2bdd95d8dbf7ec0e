use shmstore::{ReadOnly, ShmObject, ShmValue, Versioned};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Position {
    x: f64,
}

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    position: Versioned<Position>,
}

fn move_on(seen: &ReadOnly<Telemetry>) {
    seen.position.store(Position { x: 1.0 });
    seen.position.update(|position| position.x += 1.0);
}

fn main() {}
