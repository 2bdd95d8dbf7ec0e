//! Waits for many things and waits of tasks, and what becomes of them: when news come, when processes die, when objects
//! are removed, when the process forks, and when a peer keeps to no protocol.

mod deaths;
mod detached;
mod ends;
mod forks;
mod forks_without_wiping;
mod frames;
mod hostile;
mod many;
mod refused;
mod runtimes;
mod sleepers;
mod threads;
mod wakers;
