//! The look at what would be copied.

use std::sync::atomic::AtomicBool;

use zenoh::{Session, Wait};

use super::layout;
use super::origin::{REPLY, SILENCE, name_of, subject};
use crate::error::MirrorError;
use crate::report::Report;
use crate::settings::Import;
use crate::wire::{self, Listed, SessionKey};

/// Prints what would be copied of a host, and what would be refused.
pub(super) fn of_host(session: &Session, import: &Import, report: &Report) -> Result<(), MirrorError> {
    let tokens = session.liveliness().declare_subscriber(SessionKey::all_of(&import.from)).history(true).wait();
    let tokens = tokens.map_err(MirrorError::network("look for exporters"))?;
    let token = tokens.recv_timeout(SILENCE).ok().flatten();
    let Some(from) = token.and_then(|token| SessionKey::parse(token.key_expr().as_str())) else {
        let why = format!("no exporter of {} answers. With RUST_LOG=warn, the network says more", import.from);
        return Err(MirrorError::NoAnswer { why });
    };
    let replies =
        session.get(from.ask_list()).timeout(REPLY).wait().map_err(MirrorError::network("ask for the list"))?;
    let sample = replies.recv_timeout(REPLY).ok().flatten().and_then(|reply| reply.into_result().ok());
    let listing = sample.and_then(|sample| wire::decode_listing(&sample.payload().to_bytes()));
    for Listed { key, .. } in listing.map_or(Vec::new(), |listing| listing.objects) {
        let what = subject(&name_of(&key), &import.from);
        if !import.names.iter().any(|pattern| pattern.matches(key.name.as_str())) {
            report.line(&format!("would ignore {what}: `names` do not match"));
            continue;
        }
        let Ok(described) = layout::described(session, &from, &key, &AtomicBool::new(false)) else {
            report.line(&format!("would wait for {what}: its exporter does not say its layout"));
            continue;
        };
        match described.and_then(|(schema, room)| layout::check(import, &key, &schema, room)) {
            Ok(()) => report.line(&format!("would copy {what}")),
            Err(why) => report.line(&format!("would refuse {what}: {why}")),
        }
    }
    Ok(())
}
