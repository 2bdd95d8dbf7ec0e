//! What a child of `fork` inherits: the mappings, and with them the right to a slot of its own in each.

use std::sync::atomic::Ordering::Relaxed;

use super::{Attachment, attachments, header_of};
use crate::segment::participants::ClaimError;
use crate::segment::process::{Local, local};
use crate::sys::shm::Access;

/// Gives a child of `fork` a token, and a slot of its own in every segment it inherited.
///
/// # Panics
///
/// If a table is full and the child holds no byte either: nobody could see that it lives, and its locks would be taken
/// from it.
pub(in crate::segment::process) fn inherit(local: &Local, draw: fn() -> u32) -> u32 {
    let _registry = local.lock_registry();
    loop {
        let token = draw();
        let mut written = attachments().filter(|attachment| attachment.mapping.access() == Access::ReadWrite);
        match written.try_for_each(|attachment| attachment.inherit(token, local)) {
            Ok(()) => return token,
            Err(refusal) => {
                attachments().for_each(|attachment| attachment.give_slot_back(token));
                local.give_bytes_back();
                if let Some(text) = refusal {
                    panic!("{text}");
                }
            }
        }
    }
}

impl Attachment {
    /// Claims a slot for a child of `fork`. Fails without a text if the token is somebody else's.
    fn inherit(&self, token: u32, local: &Local) -> Result<(), Option<String>> {
        self.slot_token.store(0, Relaxed);
        match self.claim_slot(token, local) {
            Ok(()) => Ok(()),
            Err(ClaimError::Collision { .. }) => Err(None),
            // As good as a slot: others ask for the byte of a token that they find in none.
            Err(ClaimError::Full) if local.hold_byte(&self.bytes, token) => {
                header_of(&self.mapping).note_unlisted();
                Ok(())
            }
            Err(ClaimError::Full) => Err(Some(self.unprotected())),
        }
    }

    fn unprotected(&self) -> String {
        format!(
            "process {} is a child of `fork` and cannot use the object at {} that it inherited: all {} places for \
             processes are taken by others that may be alive, and it cannot lock a byte of the anchor or its directory, \
             so nobody could see that it lives. Make objects for more processes with \
             `Store::options().max_processes(…)`, or let the child read the directory and open one more file",
            local().facts().pid,
            self.bytes.anchor().display(),
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
