//! Processes that use the frames of [`Camera`](crate::objects::Camera): the role `framer`.

use std::path::Path;

use crate::holder::spawn;
use crate::objects::IMAGES;
use crate::peer::{Peer, actor};

/// Starts one on the store at `path`. It makes the object if there is none.
pub fn framer(path: &Path) -> Peer {
    framer_with(path, &[])
}

/// Starts one that is killed (`kill`) or stops (`stop`) at a step: see [`shmstore::PART_STEPS`].
pub fn framer_with_failpoint(path: &Path, step: &str, action: &str) -> Peer {
    framer_with(path, &[("SHMSTORE_FAILPOINT", &format!("{step}={action}"))])
}

pub fn framer_with(path: &Path, environment: &[(&str, &str)]) -> Peer {
    spawn(actor("framer").arg(path).envs(environment.iter().copied()))
}

/// Returns the newest frame, as its number and its value, or `none`. A pin, a read without a pin and the number agree.
#[track_caller]
pub fn find(peer: &mut Peer) -> String {
    let found = peer.expect_ok("pin");
    if found != "none" {
        assert_eq!(peer.expect_ok("check"), found);
        peer.expect_ok("drop");
    }
    assert_eq!(peer.expect_ok("see"), found);
    assert_eq!(peer.expect_ok("newest"), number(&found).to_string());
    found
}

/// Returns the number of a frame that was found. 0 if there is none.
#[track_caller]
pub fn number(found: &str) -> u64 {
    found.split_once(' ').map_or(0, |(number, _)| number.parse().expect("a number"))
}

/// Asserts that frames are published over some laps, with numbers one after the other, and that each of them is whole.
#[track_caller]
pub fn put_some(peer: &mut Peer, newest: u64) -> u64 {
    let laps = 3 * IMAGES as u64;
    for number in newest + 1..=newest + laps {
        assert_eq!(peer.expect_ok(&format!("put {}", 100 + number)), number.to_string(), "the number has a gap");
        assert_eq!(find(peer), format!("{number} {}", 100 + number));
    }
    newest + laps
}
