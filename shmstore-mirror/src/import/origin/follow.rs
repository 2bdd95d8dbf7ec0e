//! The updates of copies: those that come, and those that are asked for.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;
use std::time::Duration;

use zenoh::Wait;
use zenoh::query::ConsolidationMode;

use super::{Event, Local, Origin, REPLY, name_of, subject};
use crate::import::copy::{Copy, Missing};
use crate::import::layout::Silent;
use crate::import::pieces_of;
use crate::wire::{self, Reply, Request, SessionKey};

/// The slowest network on which the values of an object arrive, in bytes a second.
const SLOWEST: u64 = 10_000;

impl Origin<'_> {
    pub(super) fn subscribe(&mut self, session: &SessionKey, copy: Arc<Copy>) {
        let (tell, follower, from) = (self.tell.clone(), copy.clone(), session.session.clone());
        let subscriber = self.session.declare_subscriber(session.updates_of(&copy.key)).callback(move |sample| {
            let (head, bytes) = pieces_of(&sample);
            let Some(update) = wire::decode_update(&head, &bytes) else { return };
            if follower.apply(&from, &update, false, bytes.len()) {
                let _ = tell.send(Event::Missing(follower.clone()));
            }
        });
        let name = name_of(&copy.key);
        match subscriber.wait() {
            Ok(_updates) => _ = self.objects.insert(name, Local::Copy { copy, _updates }),
            Err(error) => self.report.again(&name.0.to_string(), &format!("cannot subscribe to {}: {error}", name.0)),
        }
    }

    /// The object has grown at its origin.
    pub(super) fn grow(
        &mut self,
        session: &SessionKey,
        copy: &Arc<Copy>,
        layout: u128,
        stop: &AtomicBool,
    ) -> Result<(), Silent> {
        let described = self.described(session, &copy.key, layout, stop)?;
        let grown = described.and_then(|(schema, _)| copy.grow(&schema).map_err(|error| error.to_string()));
        let name = name_of(&copy.key);
        match grown {
            Ok(true) => self.report.line(&format!("{} ({}) has grown", name.0, copy.key.id())),
            Ok(false) => {
                // It is made anew at the next listing.
                copy.give_up();
                self.objects.remove(&name);
            }
            Err(why) => {
                let subject = subject(&name, &self.import.from);
                self.report.again(&subject, &format!("{subject} has not grown: {why}"));
            }
        }
        Ok(())
    }

    /// Asks the origin for the updates that a copy lacks.
    pub(super) fn ask_for_missing(&self, copy: &Arc<Copy>) {
        let Some(session) = self.exporters.first().filter(|session| session.session == copy.session()) else { return };
        let Some(Missing { request: number, since, positions }) = copy.missing() else { return };
        let request = wire::encode(&Request::State { since, positions });
        let (asked, from) = (Asked { copy: copy.clone(), number, tell: self.tell.clone() }, session.session.clone());
        let time = REPLY + Duration::from_secs(copy.size() / SLOWEST);
        let query = self.session.get(session.ask_object(&copy.key)).payload(request).timeout(time);
        let query = query.consolidation(ConsolidationMode::None).callback(move |reply| {
            let Ok(sample) = reply.result() else { return };
            let (head, bytes) = pieces_of(sample);
            if let Some(Reply::State(state)) = wire::decode_reply(&head, &bytes) {
                asked.copy.apply(&from, &state, true, bytes.len());
            }
        });
        drop(query.wait());
    }
}

/// A request. The last reply, or the end of its time, drops it.
struct Asked {
    copy: Arc<Copy>,
    number: u64,
    tell: Sender<Event>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.copy.answered(self.number);
        let _ = self.tell.send(Event::Missing(self.copy.clone()));
    }
}
