//! The bare machine, for whole objects: the bare system calls, nothing checked.

use std::hint::black_box;
use std::path::Path;

use super::Whole;
use crate::Failure;
use crate::payload::Payload;
use crate::sysv::{self, Anchor, Attachment};

/// `shmget` and its like.
pub struct SystemCalls;

impl Whole for SystemCalls {
    const NAME: &'static str = "system calls";

    fn attaching(directory: &Path) -> Result<impl FnMut(u64) + 'static, Failure> {
        let anchor = Anchor::make(directory)?;
        let shmid = anchor.create(Attachment::SMALL)?;
        Attachment::new(shmid)?.write(1_u64);
        Ok(move |rounds| (0..rounds).for_each(|_| attach(&anchor)))
    }

    fn creating(directory: &Path) -> Result<impl FnMut(u64) + 'static, Failure> {
        let anchor = Anchor::make(directory)?;
        Ok(move |rounds| (0..rounds).for_each(|_| create(&anchor)))
    }
}

/// `ftok`, `shmget`, `shmat`, `IPC_STAT`, a read, `shmdt`.
fn attach(anchor: &Anchor) {
    let shmid = anchor.find().expect("made before");
    let attached = Attachment::new(shmid).expect("our own");
    black_box(sysv::status(shmid).expect("our own"));
    black_box(attached.read::<[u64; 8]>());
}

/// `ftok`, `shmget`, `shmat`, a write, `shmdt`, `IPC_RMID`.
fn create(anchor: &Anchor) {
    let shmid = anchor.create(Attachment::SMALL).expect("a free key");
    let attached = Attachment::new(shmid).expect("our own");
    attached.write(*Payload::<8>::filled(1).words());
    drop(attached);
    sysv::remove(shmid).expect("our own");
}
