use shmstore::{Event, Versioned, wait_any};
use std::time::Duration;

fn main() {
    let (position, done) = (Versioned::<[f64; 3]>::default(), Event::new());
    let _ = wait_any(&[&position, &done.past(0)], Duration::from_secs(1));
}
