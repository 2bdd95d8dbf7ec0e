//! The facts about this process that it writes into its slots, and compares slots with.

use crate::segment::participants::seconds_since_1970;
use crate::segment::participants::slot::Details;
use crate::sys::process;

/// The numbers that do not change while a process is alive. They are queried once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProcessFacts {
    pub(crate) pid: u32,
    /// In clock ticks since boot, as this process's time namespace counts; 0 if it is unknown.
    pub(crate) start: u64,
    /// 0 if it is unknown.
    pub(crate) pid_namespace: u32,
    /// 0 if it is unknown.
    pub(crate) time_namespace: u32,
    /// See [`process::exec_id`].
    pub(crate) exec_id: u32,
}

impl ProcessFacts {
    pub(crate) fn gather() -> Self {
        let pid = std::process::id();
        let start = if process::proc_is_ours() { process::start_time(pid) } else { 0 };
        let (pid_namespace, time_namespace) = (process::namespace("pid"), process::namespace("time"));
        Self { pid, start, pid_namespace, time_namespace, exec_id: process::exec_id() }
    }

    /// The details that the process writes into its slot.
    pub(in crate::segment) fn details(&self) -> Details {
        Details {
            pid_namespace: self.pid_namespace,
            time_namespace: self.time_namespace,
            start: self.start,
            since: seconds_since_1970() as u32,
            exec_id: self.exec_id,
        }
    }

    /// Returns `true` if this process can have filled a slot so.
    pub(super) fn match_slot(&self, details: &Details) -> bool {
        let found = (details.start, details.pid_namespace, details.time_namespace, details.exec_id);
        found == (self.start, self.pid_namespace, self.time_namespace, self.exec_id)
    }

    /// `None` if one of the two exec ids is unknown.
    pub(super) fn has_another_exec_id(&self, details: &Details) -> Option<bool> {
        let is_known = self.exec_id != 0 && details.exec_id != 0;
        is_known.then_some(self.exec_id != details.exec_id)
    }

    /// Returns `false` if the two times are not comparable.
    pub(super) fn started_at_another_time(&self, details: &Details) -> bool {
        let is_known = self.start != 0 && details.start != 0 && self.time_namespace != 0;
        is_known && self.time_namespace == details.time_namespace && self.start != details.start
    }
}
