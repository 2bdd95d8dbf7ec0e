//! One path, several IPC namespaces: each has objects of its own there, and no process of one sees those of another.

use super::{AnchorLock, LOOKED_AT, Patience, Target};
use crate::error::CreateError;
use crate::segment::liveness::lock::LivenessFile;
use crate::segment::process::local;

impl Target<'_> {
    /// Refuses to create an object where a process of another IPC namespace uses objects of the anchor, or of its directory. A process that is
    /// about to end is given time. The lock keeps creators of other namespaces from coming in between at the same anchor. In doubt, the object
    /// is created.
    pub(super) fn check_one_world(&self, lock: &AnchorLock) -> Result<(), CreateError> {
        if self.policy.per_ipc_namespace {
            return Ok(());
        }
        let place = LivenessFile::new(lock.anchor().liveness_inode(self.path), self.path);
        let mut patience = Patience::new(LOOKED_AT.min(self.policy.wait));
        while let Some(other) = local().other_ipc_namespace(&place) {
            if !patience.pause() {
                let subject = self.subject(Some(&lock.anchor().identity()));
                return Err(CreateError::OtherIpcNamespace {
                    subject,
                    used: other.place,
                    ours: other.ours,
                    theirs: other.theirs,
                });
            }
        }
        Ok(())
    }
}
