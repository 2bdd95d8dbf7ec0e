//! Making copies, or going on with those that an earlier importer has left.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use shmstore::dynamic::{DynamicError, MirroredObject, Options};
use shmstore::schema::OwnedSchema;
use shmstore::{AttachError, Store};

use super::{Local, ObjectName, Origin, subject};
use crate::import::copy::{Copy, Counts};
use crate::import::layout::{self, Silent};
use crate::status::CopyState;
use crate::wire::{Listed, ObjectKey, SessionKey};

/// The most layouts of one run.
const MOST_LAYOUTS: usize = 4096;

impl Origin<'_> {
    /// Makes a copy, in place of an older one.
    pub(super) fn make(
        &mut self,
        session: &SessionKey,
        name: &ObjectName,
        listed: &Listed,
        stop: &AtomicBool,
    ) -> Result<(), Silent> {
        if let Some(Local::Copy { copy, .. }) = self.objects.remove(name) {
            copy.give_up();
        }
        let is_counted =
            |(name, local): &(&ObjectName, &Local)| matches!(local, Local::Copy { .. }) && !self.gone.contains(*name);
        let copies = self.objects.iter().filter(is_counted).count();
        let made = if copies >= self.import.max_objects {
            Err(format!("there are {copies} copies, and `max_objects` is {}", self.import.max_objects))
        } else {
            self.made(session, listed, stop)?
        };
        match made {
            Ok((copy, what)) => {
                let copy = Arc::new(copy);
                copy.begin_again(&session.session);
                copy.hear(listed.sequence);
                let subject = subject(name, &self.import.from);
                self.report.well(&subject);
                self.report.line(&format!("{subject} {what}"));
                self.status.note(&copy.key, CopyState::Waiting, &copy.counts());
                self.subscribe(session, copy.clone());
                self.ask_for_missing(&copy);
            }
            Err(why) => {
                let subject = subject(name, &self.import.from);
                self.report.again(&subject, &format!("{subject} is refused: {why}"));
                let counts = Counts { wrong: why, ..Default::default() };
                // A copy that an earlier importer has left is still that of the object whose number is noted.
                let known = self.status.known(&listed.key);
                let key = ObjectKey { nonce: known.map_or(0, |known| known.nonce), ..listed.key.clone() };
                self.status.note(&key, CopyState::Refused, &counts);
                let (layout, nonce) = (listed.layout, listed.key.nonce);
                let refused = Local::Refused { layout, nonce, at: Instant::now() };
                self.objects.insert(name.clone(), refused);
            }
        }
        Ok(())
    }

    /// Makes a copy, or takes over the one that an earlier importer has left.
    fn made(
        &mut self,
        session: &SessionKey,
        listed: &Listed,
        stop: &AtomicBool,
    ) -> Result<Result<(Copy, &'static str), String>, Silent> {
        Ok(match self.described(session, &listed.key, listed.layout, stop)? {
            Ok((schema, room)) => self.copy_of(&listed.key, &schema, room),
            Err(why) => Err(why),
        })
    }

    /// Asks for the layout of an object, and checks that it may be copied.
    pub(super) fn described(
        &mut self,
        session: &SessionKey,
        key: &ObjectKey,
        layout: u128,
        stop: &AtomicBool,
    ) -> Result<Result<(OwnedSchema, Option<u64>), String>, Silent> {
        let (schema, room) = match layout::described(self.session, session, key, stop)? {
            Ok(described) => described,
            Err(why) => return Ok(Err(why)),
        };
        if let Err(why) = layout::check(self.import, key, &schema, room) {
            return Ok(Err(why));
        }
        if schema.hash().to_u128() != layout {
            return Ok(Err("its layout is another one than its exporter lists".into()));
        }
        if self.layouts.len() >= MOST_LAYOUTS && !self.layouts.contains(&layout) {
            return Ok(Err(format!("this importer has copied objects of {MOST_LAYOUTS} layouts: start it again")));
        }
        self.layouts.insert(layout);
        Ok(Ok((schema, room)))
    }

    fn copy_of(
        &self,
        key: &ObjectKey,
        schema: &OwnedSchema,
        room: Option<u64>,
    ) -> Result<(Copy, &'static str), String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        let store = self.store.open_or_create_named(key.name.as_str()).map_err(|error| text(&error))?;
        let (origin, id) = (self.import.from.as_str(), key.id());
        let known = self.status.known(key);
        let (mirrored, what) = match MirroredObject::attach(&store, id, origin) {
            Ok(mut left) => {
                let is_same = known.is_some_and(|known| known.nonce == key.nonce)
                    && (left.object().schema() == schema || left.grow(schema).is_ok());
                if is_same {
                    (left, "is copied on")
                } else {
                    drop(left);
                    store.remove_id(id).map_err(|error| text(&error))?;
                    (create(&store, schema, Options { id, room }, origin)?, "is copied anew")
                }
            }
            Err(DynamicError::Attach(AttachError::NotFound { .. }) | DynamicError::Inspect(_)) => {
                (create(&store, schema, Options { id, room }, origin)?, "is copied")
            }
            Err(DynamicError::Attach(AttachError::NotMirrored { .. })) => {
                let place = self.import.directory.join(key.name.as_str());
                return Err(format!(
                    "an ordinary object of this machine has this name. Remove it with `shmstore rm {}`",
                    place.display()
                ));
            }
            Err(DynamicError::Attach(AttachError::Mirrored { origin: other, .. })) if other != origin => {
                return Err(format!("its name has a copy of an object of {other}. Give another `directory`"));
            }
            Err(error) => return Err(text(&error)),
        };
        let copy = Copy::new(key.clone(), mirrored, self.status.clone()).map_err(|error| text(&error))?;
        Ok((copy, what))
    }
}

fn create(store: &Store, schema: &OwnedSchema, options: Options, origin: &str) -> Result<MirroredObject, String> {
    MirroredObject::create(store, schema, options, origin).map_err(|error| error.to_string())
}
