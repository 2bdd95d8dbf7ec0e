//! What an importer writes to its status.

use std::time::Duration;

use shmstore::map::InsertError;

use super::copy::Counts;
use crate::status::{CopyKey, CopyState, CopyStatus, MirrorStatus, cut};
use crate::wire::ObjectKey;

/// The longest wait for a process of this host that has stopped in the status.
const PATIENCE: Duration = Duration::from_secs(1);

impl MirrorStatus {
    /// What is noted of an object.
    pub(super) fn known(&self, key: &ObjectKey) -> Option<CopyStatus> {
        self.copies.get(&copy_key(key)).ok().flatten()
    }

    /// Makes room in the status: an object that was refused goes first, and then one that is not exported any more.
    fn forget_one(&self) {
        for state in [CopyState::Refused, CopyState::Gone] {
            let found = self.copies.iter().flatten().find(|(_, copy)| copy.state == state);
            if let Some((key, _)) = found {
                let _ = self.copies.remove(&key);
                return;
            }
        }
    }

    /// Writes the state of a copy to the status, if it is another one.
    pub(super) fn note(&self, key: &ObjectKey, state: CopyState, counts: &Counts) {
        let status = CopyStatus {
            nonce: key.nonce,
            updates: counts.updates,
            bytes: counts.bytes,
            requests: counts.requests,
            state,
            pad: Default::default(),
            reason: cut(&counts.wrong),
        };
        if self.known(key) != Some(status) {
            let insert = || self.copies.insert_timeout(copy_key(key), status, PATIENCE);
            if matches!(insert(), Err(InsertError::Full { .. })) {
                self.forget_one();
                // If all are live, this one is not listed.
                let _ = insert();
            }
        }
    }
}

fn copy_key(key: &ObjectKey) -> CopyKey {
    CopyKey { name: cut(key.name.as_str()), id: key.id(), pad: Default::default() }
}
