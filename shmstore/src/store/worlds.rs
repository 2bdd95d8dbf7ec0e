//! One path, several IPC namespaces: each has objects of its own there, and no process of one sees those of another.

use super::{AnchorLock, LOOKED_AT, Patience, Target};
use crate::error::CreateError;
use crate::segment::liveness::LivenessFile;

impl Target<'_> {
    /// Refuses to create an object where a process of another IPC namespace uses objects of the anchor, or of its directory. A process that is
    /// about to end is given time. The lock keeps creators of other namespaces from coming in between at the same anchor. In doubt, the object
    /// is created.
    pub(super) fn check_one_world(&self, lock: &AnchorLock) -> Result<(), CreateError> {
        if self.policy.per_ipc_namespace {
            return Ok(());
        }
        let file = LivenessFile::new(lock.anchor().liveness_inode(self.path), self.path);
        let mut patience = Patience::new(LOOKED_AT.min(self.policy.wait));
        while let Some(other) = file.other_ipc_namespace() {
            if !patience.pause() {
                let subject = self.subject(Some(&lock.anchor().identity()));
                return Err(CreateError::OtherIpcNamespace {
                    subject,
                    used: other.path,
                    ours: other.own,
                    theirs: other.other,
                });
            }
        }
        Ok(())
    }
}
