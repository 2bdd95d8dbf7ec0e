//! Named steps at which a test may kill or stop this process: nothing at all without the `failpoints` feature.
//!
//! The environment variable `SHMSTORE_FAILPOINT` holds `step=kill` (SIGKILL) or `step=stop` (SIGSTOP).

macro_rules! steps {
    ($($step:ident: $meaning:literal,)*) => {
        /// A step of creation, attaching, recovery, removal, naming, or of looking at what others do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Step {
            $(#[doc = $meaning] $step,)*
        }

        /// The names of all steps.
        #[cfg(feature = "failpoints")]
        pub const STEPS: &[&str] = &[$(stringify!($step)),*];
    };
}

steps! {
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
    RemoveRetired: "The state is RETIRED, the lock still held.",
    RecoverLocked: "A half-made segment was found dead, and is still there.",
    RecoverRemoved: "It is removed, the lock still held.",
    LookUnfinished: "Who only reads has found a half-made object, and not tried the lock.",
    NameCandidate: "A file for a named anchor exists, without the name.",
    NamePublished: "It has its name, the directory's lock still held.",
}

/// Dies or stops here, if a test asks for it.
#[cfg(feature = "failpoints")]
pub(crate) fn reach(step: Step) {
    use crate::sys::process;
    let Ok(wanted) = std::env::var("SHMSTORE_FAILPOINT") else { return };
    match wanted.split_once('=') {
        Some((name, "kill")) if name == format!("{step:?}") => process::kill_self(),
        Some((name, "stop")) if name == format!("{step:?}") => process::stop_self(),
        _ => {}
    }
}

#[cfg(not(feature = "failpoints"))]
pub(crate) fn reach(_: Step) {}
