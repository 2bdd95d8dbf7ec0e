//! Looks at a segment, tries to read it and to remove it, and says what comes of each: a line each, by `shmstore::inspect`.

#![forbid(unsafe_code)]

use shmstore::inspect::{Object, Segment, WhileAttached};

fn main() {
    let shmid = std::env::args().nth(1).and_then(|number| number.parse().ok()).expect("the number of a segment");
    let segment = match Segment::of_shmid(shmid) {
        Ok(segment) => segment,
        Err(error) => return println!("err {error}"),
    };
    println!("{} {} {:04o} {}", segment.state, segment.owner, segment.mode, segment.size);
    println!("{}", Object::attach(&segment).map_or_else(|error| error.to_string(), |_| "attached".into()));
    println!("{}", segment.remove(WhileAttached::Refuse).map_or_else(|error| error.to_string(), |()| "removed".into()));
}
