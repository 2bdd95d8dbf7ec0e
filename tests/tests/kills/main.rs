//! Processes that are killed or stopped at each step, and what the others see.

/// A process dies or stops while it holds a part.
mod holders;
/// A process dies or stops while it creates, removes, recovers or names an object.
mod killed;
/// A short time of what the program `torture` does for longer.
mod torture;
