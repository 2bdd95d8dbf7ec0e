//! Peers that may write a segment and keep to no protocol.

/// A peer writes over header, schema and participants.
mod hostile_header;
/// A peer writes over all of a segment while others use every part.
mod hostile_parts;
