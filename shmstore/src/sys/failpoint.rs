//! Named steps at which a test may kill or stop this process: nothing at all without the `failpoints` feature.
//!
//! The environment variable `SHMSTORE_FAILPOINT` holds `step=kill` (SIGKILL) or `step=stop` (SIGSTOP). It is read once.

macro_rules! steps {
    ($($(#[$list_meaning:meta])* $list:ident { $($step:ident: $meaning:literal,)* })*) => {
        /// A step of an object's life, or of the use of its parts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Step {
            $($(#[doc = $meaning] $step,)*)*
        }

        $(
            $(#[$list_meaning])*
            #[cfg(feature = "failpoints")]
            pub const $list: &[&str] = &[$(stringify!($step)),*];
        )*

        #[cfg(feature = "failpoints")]
        const ALL: &[Step] = &[$($(Step::$step),*),*];
    };
}

steps! {
    /// The names of the steps of creation, attaching, recovery, removal, naming, removal of names, of making a directory, and of
    /// looking at what others do.
    STEPS {
        CreateLocked: "The creator has the lock, and no segment.",
        CreateSegment: "The segment exists, all zero.",
        CreateClaimed: "The first word is written.",
        CreateDescribed: "Identity and geometry are written.",
        CreateInitializing: "The state is INITIALIZING.",
        CreateSchema: "The schema is written.",
        SlotClaimed: "A process that attaches, or creates, has claimed its slot, and not filled it.",
        CreateParticipant: "The creator has its slot.",
        CreateInitialized: "The init closure has returned.",
        CreateReady: "The state is READY, the lock still held.",
        RemoveLocked: "The remover has found the object, under the lock.",
        RemoveMarked: "The key is free, the state still READY.",
        RemoveDone: "The state is REMOVED, the lock still held.",
        RecoverLocked: "A half-made segment was found dead, and is still there.",
        RecoverRemoved: "It is removed, the lock still held.",
        LookUnfinished: "Who only reads has found a half-made object, and not tried the lock.",
        NameCandidate: "A file for a named anchor exists, without the name.",
        NamePublished: "It has its name, the directory's lock still held.",
        NameToBeRemoved: "A name was found unused, its file still there.",
        DirectoryMade: "A store's directory is made, and has not the store's mode yet.",
    }
    /// The names of the steps of using parts.
    PART_STEPS {
        LockTaken: "A `Lock` was free, and is taken.",
        LockTakenOver: "A `Lock` is taken from a dead owner, and does not say so yet.",
        LockWoken: "One who slept for a lock word is awake, and has not looked at it yet.",
        LockUnwoken: "A lock word is free, and who sleeps for it not woken yet.",
        WriteSideTaken: "The write side of a `Versioned` is taken, and nothing written.",
        StoreOdd: "The sequence number is odd, and nothing copied.",
        StoreCopied: "The value is copied, the sequence number still odd.",
        StoreEven: "The new version is published, the write side still taken, and nobody told.",
        StoreUntold: "A leased store has taken the flag of those who wait down, and not woken them yet.",
        VersionUnwoken: "The write side is free, and who waits for a version not woken yet.",
        VersionAwaited: "One who waits for a version has announced himself, and is not asleep yet.",
        TransactionBegun: "A transaction has its copy.",
        WriterLeased: "A lease has begun.",
        EventUnwoken: "A notification is counted, and nobody woken yet.",
        WaitSlept: "A wait's slice is over without news, and whether the object is removed not looked at yet.",
    }
}

/// Dies or stops here, if a test asks for it.
#[cfg(feature = "failpoints")]
#[inline]
pub(crate) fn reach(step: Step) {
    use std::sync::atomic::Ordering::Relaxed;
    let wanted = match wanted::FOUND.load(Relaxed) {
        wanted::UNREAD => wanted::read(),
        found => found,
    };
    if wanted >> 1 == step as u32 {
        wanted::act(wanted);
    }
}

/// What the environment asks for: the step, twice, plus 1 if it is to stop there and not to die.
#[cfg(feature = "failpoints")]
mod wanted {
    use std::sync::atomic::AtomicU32;
    use std::sync::atomic::Ordering::Relaxed;

    use super::{ALL, Step};
    use crate::sys::process;

    pub(super) const UNREAD: u32 = u32::MAX;
    const NOTHING: u32 = u32::MAX - 1;

    /// Whoever reads it finds the same, threads and children of `fork` alike.
    pub(super) static FOUND: AtomicU32 = AtomicU32::new(UNREAD);

    #[cold]
    pub(super) fn read() -> u32 {
        let found = std::env::var("SHMSTORE_FAILPOINT").map_or(NOTHING, |wanted| parse(&wanted));
        FOUND.store(found, Relaxed);
        found
    }

    fn parse(wanted: &str) -> u32 {
        let named = |name: &str| ALL.iter().find(|step| format!("{step:?}") == name).copied();
        let code = |step: Step, stops: u32| (step as u32) << 1 | stops;
        match wanted.split_once('=').map(|(name, action)| (named(name), action)) {
            Some((Some(step), "kill")) => code(step, 0),
            Some((Some(step), "stop")) => code(step, 1),
            // A test that misspells a step would pass for nothing.
            _ => panic!("SHMSTORE_FAILPOINT={wanted} is no step and action"),
        }
    }

    #[cold]
    pub(super) fn act(wanted: u32) {
        if wanted & 1 == 0 { process::kill_self() } else { process::stop_self() }
    }
}

#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub(crate) fn reach(_: Step) {}
