//! Looks at a segment, tries to read it and to remove it, and says what comes of each: a line each, by `shmstore::inspect`.

use shmstore::inspect::{Object, Segment, WhileAttached};

pub(crate) fn play() {
    let shmid = super::args().next().and_then(|number| number.parse().ok()).expect("the number of a segment");
    let segment = match Segment::of_shmid(shmid) {
        Ok(segment) => segment,
        Err(error) => return println!("err {error}"),
    };
    println!("{} {} {:04o} {}", segment.state, segment.owner, segment.mode, segment.size);
    println!("{}", Object::attach(&segment).map_or_else(|error| error.to_string(), |_| "attached".into()));
    println!("{}", segment.remove(WhileAttached::Refuse).map_or_else(|error| error.to_string(), |()| "removed".into()));
}
