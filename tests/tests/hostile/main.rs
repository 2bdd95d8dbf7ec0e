//! Peers that may write a segment and keep to no protocol.

mod hostile_header;
mod hostile_log;
mod hostile_moves;
mod hostile_parts;
