//! The parts of an object: values that are read and stored flat out, locks, events, and waiting for each of them.

/// A lock reaches a waiter that sleeps for it.
mod fairness;
/// Every waiter is woken, at whichever step of falling asleep it is met.
mod lost_wakeups;
/// As many processes as there are slots, all at one lock and one value.
mod many_processes;
/// A waiter whose sleeps are cut short finds a dead owner all the same.
mod short_sleeps;
/// `Versioned` between processes that read and write flat out.
mod versioned_processes;
/// `Versioned` between threads.
mod versioned_threads;
/// Waiting for a version or an event ends.
mod waiting_processes;
