//! Failpoints: named steps at which a test can kill or stop this process. Without the feature `failpoints` they are
//! nothing.
//!
//! The environment variable `SHMSTORE_FAILPOINT` is `step=kill` (SIGKILL) or `step=stop` (SIGSTOP). It is read once.
//! `step:3=kill` acts when the step is reached for the third time, and at no other time. `Any:3=kill` acts at the third
//! step, whichever that is.

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
    /// The names of the steps of objects, names and directories.
    STEPS {
        CreateLocked: "The creator has the lock, and no segment.",
        CreateSegment: "The segment exists, all zero.",
        CreateClaimed: "The first word is written.",
        CreateDescribed: "Identity and geometry are written.",
        CreateInitializing: "The state is INITIALIZING.",
        CreateSchema: "The schema is written.",
        SlotClaimed: "A process has claimed its slot, and not filled it.",
        CreateParticipant: "The creator has its slot.",
        CreateInitialized: "The init closure has returned.",
        CreateReady: "The state is READY, the lock still held.",
        GrowWritten: "The record of a longer layout is written, and not published.",
        GrowPublished: "The longer layout is published, and the header's layout hash is still the old one.",
        GrowDone: "The object has grown, the lock still held.",
        PromoteEntered: "A process has its slot in a copy without an owner, which is no ordinary object yet.",
        TakeOverEntered: "A process has its slot in a copy without an owner, and does not own it yet.",
        MoveMarked: "An object says that it is being moved, replaced or removed, and its attachments are not counted.",
        JournalReady: "The journal of a move is complete, and the old object is there.",
        MoveReady: "The object of a move, old or new, is complete, and the journal is there.",
        MoveRecovered: "A move was found interrupted before the old object was removed, and is not undone yet.",
        JournalDone: "The journal says that it is removed, and is still there.",
        JournalGone: "The journal is removed, and the object still says that it is being moved.",
        RemoveLocked: "The remover has found the object, under the lock.",
        RemoveMarked: "The key is free, the state still READY.",
        RemoveDone: "The state is REMOVED, the lock still held.",
        RemoveCounted: "A segment that is removed by number was found unattached, and is still there.",
        RecoverLocked: "A half-made segment was found abandoned, and is still there.",
        RecoverRemoved: "It is removed, the lock still held.",
        LookDenied: "A process was denied a segment, and has not read its owner yet.",
        LookUnfinished: "A reader has found a half-made object, and not tried the lock.",
        LookMissing: "A process has found no object, and not looked for the journal of a move.",
        NameCandidate: "The file for a name exists, without the name.",
        NamePublished: "It has its name, the directory's lock still held.",
        NameToBeRemoved: "A name was found unused, its file is still there.",
        DirectoryMade: "A store's directory is made, without the store's mode.",
    }
    /// The names of the steps of parts.
    PART_STEPS {
        LockTaken: "A free `Lock` is taken.",
        LockTakenOver: "A `Lock` is taken over from an owner that has ended, and does not say so yet.",
        LockWoken: "A waiter for a lock word is awake, and has not read the word yet.",
        LockUnwoken: "A lock word is free, and its waiters are not woken yet.",
        WriteLockTaken: "The write lock of a `Versioned` is taken, and nothing is written.",
        StoreOdd: "The sequence number is odd, and nothing is copied.",
        StoreCopied: "The value is copied, the sequence number is still odd.",
        StoreEven: "The new version is published, the lock is still taken, and no waiter is woken.",
        StoreUntold: "A store without a release of the lock has cleared the flag of the waiters, and not woken them yet.",
        VersionUnwoken: "The lock is free, and waiters for a version, an item or room are not woken yet.",
        VersionAwaited: "A waiter has set its flag, and is not asleep yet.",
        TransactionBegun: "A transaction has its copy.",
        WriterBegun: "A `Writer`, `Producer`, `Consumer` or `Sender` has its lock.",
        QueueCopied: "A push has copied its item, and the slot is not full yet.",
        QueuePushed: "A push has published its item, and the tail does not count it yet.",
        QueuePopped: "A pop has freed its slot, and the cursor does not count it yet.",
        JobTaken: "An item is taken, and the cursor does not count it yet.",
        JobDone: "A job is done, and the producers that wait for room are not woken yet.",
        JobReturned: "An item is back in its queue, and not counted as returned yet.",
        SendOdd: "A send has made the sequence number odd, and nothing is copied.",
        SendCopied: "A send has copied its item, and the sequence number is still odd.",
        ItemSent: "A send has published its item, and the tail does not count it yet.",
        ItemSkipped: "A slot says that its item is skipped, and the tail does not count it yet.",
        MapIntended: "An insertion or removal of a key has stored its intent, and nothing else.",
        EntryTaken: "An insertion has taken its entry, and not filled it.",
        EntryLinked: "An entry is filled and linked, and in no chain yet.",
        EntryChained: "An entry is in its chain, and not live yet.",
        KeyInserted: "A key is in its map, and not counted yet.",
        KeyRemoved: "A key is no longer in its map, and its entry is still in the chain.",
        EntryUnlinked: "An entry is no longer in its chain, and not free yet.",
        EntryFreed: "An entry is free, and not in the free list yet.",
        EntryListed: "An entry is in the free list, and its key is still counted.",
        KeysCounted: "A map has counted a change, and the intent is still there.",
        LoanClaimed: "A loan says that it fills a slot, and has not looked at the pins again.",
        LoanLooked: "A loan has its slot, and still the lock.",
        FrameFilled: "A frame is filled, with its length and metadata, and is not being published yet.",
        PublishWord: "The word of a slot says that its frame is published, and the newest frame is still another one.",
        PublishNewest: "A frame is the newest one, the lock is still taken, and no reader is woken.",
        PinStored: "A reader has stored its pin, and not checked yet that the slot still has the frame.",
        PinValidated: "A reader has a pin on a frame.",
        Unpinned: "A pin or a loan is given up, and the writers that wait for a slot are not woken yet.",
        Reaped: "The pin or the loan of a dead process is removed, and the writers that wait are not woken yet.",
        EventUnwoken: "A notification is counted, and no waiter is woken yet.",
        WaitSlept: "A slice of a wait is over without news, and a removal is not checked for yet.",
    }
}

/// Kills or stops this process here, if the environment asks for this step.
#[cfg(feature = "failpoints")]
#[inline]
pub(crate) fn reach(step: Step) {
    use std::sync::atomic::Ordering::Relaxed;
    let wanted = match wanted::FOUND.load(Relaxed) {
        wanted::UNREAD => wanted::read(),
        found => found,
    };
    if wanted >> 1 == step as u32 || wanted >> 1 == wanted::ANY {
        wanted::act(wanted);
    }
}

/// The wish of the environment: twice the step, plus 1 if the process is to stop and not to be killed.
#[cfg(feature = "failpoints")]
mod wanted {
    use std::sync::atomic::AtomicU32;
    use std::sync::atomic::Ordering::Relaxed;

    use super::ALL;
    use crate::sys::process;

    pub(super) const UNREAD: u32 = u32::MAX;
    const NOTHING: u32 = u32::MAX - 3;
    /// Stands for every step.
    pub(super) const ANY: u32 = NOTHING >> 2;

    /// Threads that read the environment at the same time find the same, and so do children of `fork`.
    pub(super) static FOUND: AtomicU32 = AtomicU32::new(UNREAD);

    /// In how many times the step acts. 0 if it acts each time, `NEVER` if it has acted.
    static LEFT: AtomicU32 = AtomicU32::new(0);
    const NEVER: u32 = u32::MAX;

    #[cold]
    pub(super) fn read() -> u32 {
        let found = std::env::var("SHMSTORE_FAILPOINT").map_or(NOTHING, |wanted| parse(&wanted));
        FOUND.store(found, Relaxed);
        found
    }

    fn parse(wanted: &str) -> u32 {
        let (place, action) = wanted.split_once('=').unwrap_or((wanted, ""));
        let (name, time) = place.split_once(':').map_or((place, None), |(name, time)| (name, Some(time)));
        let named = ALL.iter().find(|step| format!("{step:?}") == name).map(|step| *step as u32);
        let step = if name == "Any" { Some(ANY) } else { named };
        let time = time.map_or(Some(0), |time| time.parse().ok().filter(|time| *time > 0));
        match (step, time, action) {
            (Some(step), Some(time), "kill" | "stop") => {
                LEFT.store(time, Relaxed);
                step << 1 | u32::from(action == "stop")
            }
            // A test with a misspelled step would pass for the wrong reason.
            _ => panic!("SHMSTORE_FAILPOINT={wanted} is no step and action"),
        }
    }

    #[cold]
    pub(super) fn act(wanted: u32) {
        match LEFT.load(Relaxed) {
            0 => {}
            1 => LEFT.store(NEVER, Relaxed),
            NEVER => return,
            left => return LEFT.store(left - 1, Relaxed),
        }
        if wanted & 1 == 0 { process::kill_self() } else { process::stop_self() }
    }
}

#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub(crate) fn reach(_: Step) {}
