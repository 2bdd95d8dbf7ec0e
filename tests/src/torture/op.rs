//! What a process can be doing when it is killed.

macro_rules! ops {
    ($($op:ident = $name:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Op {
            $($op,)*
        }

        /// All of them, by their numbers.
        pub(super) const OPS: &[(Op, &str)] = &[$((Op::$op, $name)),*];
    };
}

ops! {
    Start = "start",
    Open = "open",
    Attach = "attach",
    Load = "load",
    Store = "store",
    Update = "update",
    Transaction = "transaction",
    Lease = "lease",
    Lock = "lock",
    Notify = "notify",
    Wait = "wait",
    ReadOnly = "attach read-only",
    Create = "create",
    AttachMade = "attach what comes and goes",
    Remove = "remove",
    Replace = "replace",
    Named = "named",
    Forget = "forget",
    Push = "push",
    Pop = "pop",
    Take = "take",
    Send = "send",
    Receive = "receive",
    Look = "look",
    MapGet = "get",
    MapInsert = "insert",
    MapUpdate = "update of a key",
    MapRemove = "remove of a key",
    MapStore = "store by an entry",
    MapEach = "iterate",
    StreamWait = "push, pop or receive without a limit",
    Fork = "fork",
    Exec = "exec",
    HoldLock = "holding a Lock",
    HoldTransaction = "holding a Transaction",
    HoldWriter = "storing by a Writer",
    HoldStore = "storing flat out",
    HoldProducer = "pushing by a Producer",
    HoldConsumer = "popping by a Consumer",
    HoldJob = "holding a Job",
    HoldQueue = "pushing and popping flat out",
    HoldSender = "sending by a Sender",
    HoldBroadcast = "sending flat out",
    HoldEntry = "storing by a Writer of a key",
    HoldValue = "holding a Transaction of a key",
    HoldKeys = "inserting and removing flat out",
    HoldUpdates = "updating a key flat out",
    HoldCreate = "creating flat out",
    HoldRemove = "removing flat out",
    Idle = "idle",
    Measure = "measuring",
    Check = "checking",
}

impl Op {
    pub(super) fn from_number(number: u64) -> Self {
        OPS.get(number as usize).map_or(Self::Start, |(op, _)| *op)
    }

    pub(super) fn name(self) -> &'static str {
        OPS[self as usize].1
    }

    /// Whether it may take long without anything being wrong: a segment that its creator left without a first word is
    /// taken for abandoned only after two seconds, a new image of a process has to be loaded, and some wait on purpose.
    pub(super) fn may_be_slow(self) -> bool {
        use Op::{AttachMade, Create, Exec, Forget, Fork, HoldCreate, HoldRemove, Named, Remove, Replace, Start};
        use Op::{HoldBroadcast, HoldConsumer, HoldJob, HoldProducer, HoldQueue, HoldSender};
        use Op::{HoldEntry, HoldKeys, HoldUpdates, HoldValue};
        use Op::{HoldLock, HoldStore, HoldTransaction, HoldWriter, Idle, StreamWait, Wait};
        let meets_the_half_made = matches!(self, AttachMade | Create | Remove | Replace | Named | Forget);
        let holds = matches!(self, HoldLock | HoldStore | HoldTransaction | HoldWriter | HoldCreate | HoldRemove);
        let holds_stream =
            matches!(self, HoldProducer | HoldConsumer | HoldJob | HoldQueue | HoldSender | HoldBroadcast);
        let holds_map = matches!(self, HoldEntry | HoldValue | HoldKeys | HoldUpdates);
        meets_the_half_made
            || holds
            || holds_map
            || holds_stream
            || matches!(self, Start | Exec | Fork | Wait | StreamWait | Idle)
    }
}
