//! Processes that use the map of [`Sessions`](crate::objects::Sessions): the role `mapper`.

use std::path::Path;

use crate::holder::spawn;
use crate::peer::{Peer, actor};

/// Starts one on the store at `path`. It makes the object if there is none.
pub fn mapper(path: &Path) -> Peer {
    mapper_with(path, &[])
}

/// Starts one that is killed (`kill`) or stops (`stop`) at a step: see [`shmstore::PART_STEPS`].
pub fn mapper_with_failpoint(path: &Path, step: &str, action: &str) -> Peer {
    mapper_with(path, &[("SHMSTORE_FAILPOINT", &format!("{step}={action}"))])
}

pub fn mapper_with(path: &Path, environment: &[(&str, &str)]) -> Peer {
    spawn(actor("mapper").arg(path).envs(environment.iter().copied()))
}
