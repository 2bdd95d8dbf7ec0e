//! The reason why an incomplete object stays.

use std::fmt;
use std::time::Duration;

/// Why an incomplete object cannot be cleaned up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AbandonedReason {
    /// Other processes have it attached, so its creator may be alive.
    Attached {
        /// How many attachments there are besides this process's.
        others: u64,
    },
    /// Nothing is written in it, so only its age tells it from a segment that its creator is about to fill.
    TooYoung {
        /// The age from which it counts as abandoned.
        min_age: Duration,
    },
    /// Only its owner, its creator or root may remove it.
    NotPermitted {
        /// The user that can remove it.
        owner: u32,
        /// The effective user of this process.
        uid: u32,
    },
}

impl fmt::Display for AbandonedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attached { others } => {
                write!(f, "{others} other attachments still use it; end those processes (`ipcs -m -p` names them)")
            }
            Self::TooYoung { min_age } => {
                write!(
                    f,
                    "nothing is written in it, and it stays until it is {min_age:?} old; try again then, or wait \
                     longer with Store::options().wait(…)"
                )
            }
            Self::NotPermitted { owner, uid } => {
                write!(
                    f,
                    "only uid {owner} or root may remove it, and this process is uid {uid}; run it as one of them once"
                )
            }
        }
    }
}
