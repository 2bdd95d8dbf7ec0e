//! The compiler's messages, as a user reads them.

/// The derives refuse with the cure, on the token to change.
mod derives;
