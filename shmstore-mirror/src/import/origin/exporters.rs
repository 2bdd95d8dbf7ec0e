//! The exporters of an origin, of which the first one is followed.

use std::time::Instant;

use zenoh::Wait;

use super::{Event, Origin, REPLY};
use crate::lock::lock;
use crate::status::{CopyState, cut};
use crate::wire::{self, SessionKey};

impl Origin<'_> {
    /// An exporter has come, or its connection has come back.
    pub(super) fn up(&mut self, key: SessionKey) {
        if !self.exporters.contains(&key) {
            self.exporters.push(key.clone());
        }
        if self.exporters.first() == Some(&key) {
            self.begin(&key);
        } else {
            self.report.line(&format!(
                "another exporter runs as {} (session {}): it waits until the first one has ended",
                key.host, key.session
            ));
        }
    }

    pub(super) fn down(&mut self, key: &SessionKey) {
        let was_first = self.exporters.first() == Some(key);
        self.exporters.retain(|other| other != key);
        if !was_first {
            return;
        }
        self.report.line(&format!("{} is out of reach (session {}): its copies become stale", key.host, key.session));
        self.status.session.store(cut(""));
        self.silent_since = Instant::now();
        self.list = None;
        self.set_all(CopyState::Disconnected);
        if let Some(next) = self.exporters.first().cloned() {
            self.begin(&next);
        }
    }

    /// Makes an exporter the origin.
    pub(super) fn begin(&mut self, key: &SessionKey) {
        let is_another = self.status.session.load_checked().ok() != Some(cut(&key.session));
        if is_another {
            self.report.line(&format!("{} exports (session {})", key.host, key.session));
        }
        self.status.session.store(cut(&key.session));
        self.report.well("exporter");
        let (tell, lists, from) = (self.tell.clone(), self.lists.clone(), key.clone());
        let listed = move |bytes: &[u8]| {
            let Some(listing) = wire::decode_listing(bytes) else { return };
            let mut newest = lock(&lists);
            let is_waited_for = newest.replace((from.clone(), listing)).is_some();
            if !is_waited_for {
                let _ = tell.send(Event::Listed);
            }
        };
        let by_list = listed.clone();
        let subscriber = self.session.declare_subscriber(key.list());
        match subscriber.callback(move |sample| by_list(&sample.payload().to_bytes())).wait() {
            Ok(subscriber) => self.list = Some(subscriber),
            Err(error) => self.report.again("list", &format!("cannot subscribe to the list of {}: {error}", key.host)),
        }
        let query = self.session.get(key.ask_list()).timeout(REPLY).callback(move |reply| {
            if let Ok(sample) = reply.result() {
                listed(&sample.payload().to_bytes());
            }
        });
        drop(query.wait());
    }
}
