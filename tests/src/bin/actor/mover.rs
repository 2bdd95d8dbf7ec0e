//! A process that moves an object between two layouts, and uses it meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use shmstore::inspect::{Segment, WhileAttached};
use shmstore::migrate::{MigrateError, Migration};
use shmstore::{AttachError, Following, ReadOnly, Shared, Store};
use shmstore_tests::moves::{Held, Ledger, v1, v2};

use super::obey::{self, Heir, Line, Obey, done, serve};
use super::peer::{attach_failed, create_failed, failed, open_failed, remove_failed, store_options};

type Answer = Result<String, (String, String)>;

struct State {
    store: Store,
    held: Vec<Box<dyn Held>>,
    seen: Vec<Box<dyn std::any::Any>>,
    following: Option<Following<v1::Ledger>>,
    line: Line,
}

pub(crate) fn play() {
    let opened = store_options().open_timeout(super::path(), Duration::from_secs(10));
    let store = match opened {
        Ok(store) => store,
        Err(error) => return Line::default().answer(&told(Err(open_failed(error)))),
    };
    let line = Line::default();
    serve(&mut State { store, held: Vec::new(), seen: Vec::new(), following: None, line });
}

fn told(answer: Answer) -> obey::Answer {
    answer.map_err(|(variant, text)| format!("{variant} {text}"))
}

impl Obey for State {
    fn obey(&mut self, command: &str, rest: &str) -> obey::Answer {
        let number = rest.parse().unwrap_or(0);
        told(match command.strip_suffix('2') {
            Some(command) => self.command::<v2::Ledger>(command, number),
            None => self.command::<v1::Ledger>(command.trim_end_matches('1'), number),
        })
    }

    fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    fn heir(&mut self) -> Heir {
        panic!("no test ends the first thread of this role")
    }
}

impl State {
    fn command<T: Ledger + 'static>(&mut self, command: &str, number: u64) -> Answer {
        let wait = Duration::from_millis(number);
        let store = self.store.clone();
        match command {
            "create" => self.hold(store.create_with(|new: &T| new.add(number)).map_err(create_failed)),
            "attach" => self.hold(store.attach_timeout::<T>(wait).map_err(attach_failed)),
            "attach_or_create" => {
                self.hold(store.attach_or_create_with(|new: &T| new.add(number)).map_err(create_failed))
            }
            "replace" => self.hold(store.replace_with(|new: &T| new.add(number)).map_err(create_failed)),
            "see" => {
                let seen: ReadOnly<T> = store.attach_read_only_timeout(wait).map_err(attach_failed)?;
                self.seen.push(Box::new(seen));
                Ok(String::new())
            }
            "remove" => store.remove::<T>().map(|()| String::new()).map_err(remove_failed),
            "migrate" => moved(store.migrate::<T>()),
            "migrate_serving" => moved(store.migrate_with(|_, new: &T| {
                new.note();
                self.line.answer(&done("in fill"));
                serve(self);
            })),
            "migrate_failing" => moved(store.migrate_with(|_, _: &T| Err("not today".into()))),
            "migrate_panicking" => moved(store.migrate_with(|_, _: &T| -> () { panic!("not today") })),
            "follow" => {
                self.following = Some(store.follow().map_err(attach_failed)?);
                Ok(String::new())
            }
            "current" => {
                let following = self.following.as_mut().expect("an object is followed");
                Ok(following.current().map_err(attach_failed)?.count().to_string())
            }
            "race" => Ok(self.race()),
            "rm" => {
                let segment = Segment::of_shmid(number as i32).map_err(|error| failed("Inspect", &error))?;
                let removed = segment.remove(WhileAttached::Refuse);
                removed.map(|()| String::new()).map_err(|error| failed("Inspect", &error))
            }
            "list" => {
                let listed = store.list().map_err(open_failed)?;
                Ok(listed.iter().map(|object| object.state.to_string()).collect::<Vec<_>>().join(", "))
            }
            "drop" => {
                let dropped = (self.held.pop().is_some(), self.seen.pop().is_some());
                Ok(format!("{dropped:?}"))
            }
            _ => self.use_object(command, number),
        }
    }

    fn hold<T: Ledger + 'static>(&mut self, held: Result<Shared<T>, (String, String)>) -> Answer {
        let held = held?;
        let text = if Shared::was_created(&held) { "created" } else { "attached" };
        self.held.push(Box::new(held));
        Ok(text.into())
    }

    fn use_object(&mut self, command: &str, number: u64) -> Answer {
        let object = self.held.last().ok_or_else(|| ("Nothing".to_owned(), "is attached".to_owned()))?;
        Ok(match command {
            "add" => {
                object.add(number);
                object.stores().to_string()
            }
            "count" => object.count().to_string(),
            "removed" => object.is_removed().to_string(),
            "state" => object.state(),
            "shmid" => object.shmid(),
            other => return Err(("BadCommand".into(), other.into())),
        })
    }

    /// Attaches the object in the layout that it has, stores to it, and looks whether it was removed meanwhile, until
    /// there is a file `over`. Answers with the numbers of attempts and of stores, and with every other outcome.
    fn race(&self) -> String {
        let over = super::path().join("over");
        let (mut attempts, mut stores, mut outcomes) = (0_u64, 0_u64, BTreeSet::new());
        let mut is_new = false;
        while !over.exists() {
            for _ in 0..16 {
                attempts += 1;
                let held: Result<Box<dyn Held>, AttachError> = if is_new {
                    self.store.attach::<v2::Ledger>().map(|held| Box::new(held) as _)
                } else {
                    self.store.attach::<v1::Ledger>().map(|held| Box::new(held) as _)
                };
                match held {
                    Ok(held) => {
                        held.add(1);
                        stores += 1;
                        if held.state() != "ready" {
                            outcomes.insert("stored into a removed object".to_owned());
                        }
                    }
                    Err(AttachError::LayoutMismatch(_)) => is_new = !is_new,
                    Err(error) => {
                        outcomes.insert(attach_failed(error).0);
                    }
                }
            }
        }
        format!("{attempts} {stores} {}", Vec::from_iter(outcomes).join(", "))
    }
}

fn moved(moved: Result<Migration, MigrateError>) -> Answer {
    match moved {
        Ok(moved) => Ok(if moved.was_needed() { "moved" } else { "nothing to do" }.into()),
        Err(MigrateError::Object(error)) => Err(create_failed(error)),
        Err(error) => {
            let variant = match &error {
                MigrateError::InUse { .. } => "InUse",
                MigrateError::Refused { .. } => "Refused",
                MigrateError::Values { .. } => "Values",
                MigrateError::Read { .. } => "Read",
                MigrateError::Fill { .. } => "Fill",
                MigrateError::Interrupted { .. } => "Interrupted",
                _ => "OtherMigrateError",
            };
            Err(failed(variant, &error))
        }
    }
}
