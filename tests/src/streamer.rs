//! Processes that use the parts of [`Streams`](crate::objects::Streams): the role `streamer`.

use std::path::Path;

use crate::holder::spawn;
use crate::peer::{Peer, actor};

/// Starts one on the store at `path`. It makes the object if there is none.
pub fn streamer(path: &Path) -> Peer {
    streamer_with(path, &[])
}

/// Starts one that is killed (`kill`) or stops (`stop`) at a step: see [`shmstore::PART_STEPS`].
pub fn streamer_with_failpoint(path: &Path, step: &str, action: &str) -> Peer {
    streamer_with(path, &[("SHMSTORE_FAILPOINT", &format!("{step}={action}"))])
}

pub fn streamer_with(path: &Path, environment: &[(&str, &str)]) -> Peer {
    spawn(actor("streamer").arg(path).envs(environment.iter().copied()))
}

/// Takes and finishes all items of the queue, and says what each was, and which delivery it was: `7 1`.
pub fn drain(peer: &mut Peer) -> Vec<String> {
    let mut items = Vec::new();
    loop {
        let answer = peer.ask("try_take");
        let Some(item) = answer.strip_prefix("ok ") else {
            assert!(answer.starts_with("err Empty "), "{answer}");
            return items;
        };
        items.push(item.to_owned());
        peer.expect_ok("done");
    }
}
