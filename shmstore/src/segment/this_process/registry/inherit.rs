//! Inherited attachments: a child of `fork` claims a slot of its own in each.

use std::sync::atomic::Ordering::Relaxed;

use super::{Attachment, attachments, header_of};
use crate::segment::participants::ClaimError;
use crate::segment::this_process::{Local, local};
use crate::sys::shm::Access;

/// Draws a token for a child of `fork`, and claims a slot in every segment that it has inherited.
///
/// # Panics
///
/// Panics if a table is full and the child cannot take its liveness lock: other processes could not see that it is
/// alive, and would take its locks from it.
pub(in crate::segment::this_process) fn inherit(local: &Local, draw: fn() -> u32) -> u32 {
    let _registry = local.lock_registry();
    loop {
        let token = draw();
        let mut written = attachments().filter(|attachment| attachment.mapping.access() == Access::ReadWrite);
        match written.try_for_each(|attachment| attachment.inherit(token, local)) {
            Ok(()) => return token,
            Err(error) => {
                attachments().for_each(|attachment| attachment.give_slot_back(token));
                local.liveness_locks().release_all();
                if let Some(text) = error {
                    panic!("{text}");
                }
            }
        }
    }
}

impl Attachment {
    /// Claims a slot for a child of `fork`. The error has no text if another process has the token.
    fn inherit(&self, token: u32, local: &Local) -> Result<(), Option<String>> {
        self.slot_token.store(0, Relaxed);
        match self.claim_slot(token, local) {
            Ok(()) => Ok(()),
            Err(ClaimError::Collision { .. }) => Err(None),
            // The lock is as good as a slot: others ask for the lock of a token that is in no slot.
            Err(ClaimError::Full) if local.liveness_locks().hold(&self.liveness_file, token) => {
                header_of(&self.mapping).note_unlisted();
                Ok(())
            }
            Err(ClaimError::Full) => Err(Some(self.full_table())),
        }
    }

    fn full_table(&self) -> String {
        format!(
            "process {} is a child of `fork` and cannot use the object at {} that it inherited. All {} slots for \
             processes are taken by processes that may be alive, and this process cannot lock a byte of the anchor or \
             its directory instead, so others could not see that it is alive. Make objects for more processes with \
             `Store::options().max_processes(…)`, or let the child read the directory and open one more file",
            local().facts().pid,
            self.liveness_file.anchor().display(),
            self.geometry.slot_count,
        )
    }

    /// Frees a slot that was claimed in vain.
    fn give_slot_back(&self, token: u32) {
        if self.slot_token.swap(0, Relaxed) == token {
            self.own_slot().give_back(token);
        }
    }
}
