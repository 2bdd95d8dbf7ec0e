//! A process that keeps copies of `Telemetry` as another machine's mirror does.

use std::mem::take;
use std::time::Duration;

use shmstore::dynamic::{DynamicError, MirroredObject, Options};
use shmstore::inspect::Value;
use shmstore::schema::OwnedSchema;
use shmstore::{ShmLayout, Store};
use shmstore_tests::objects::Telemetry;

use super::obey::{self, Heir, Line, Obey, serve};
use super::peer::{attach_failed, create_failed, failed, store_options, told};

struct State {
    store: Store,
    copies: Vec<MirroredObject>,
    line: Line,
}

pub(crate) fn play() {
    let store = store_options().open_timeout(super::path(), Duration::from_secs(10)).expect("a store");
    serve(&mut State { store, copies: Vec::new(), line: Line::default() });
}

impl Obey for State {
    fn obey(&mut self, command: &str, rest: &str) -> obey::Answer {
        told(self.command(command, rest).map_err(|error| match error {
            DynamicError::Attach(error) => attach_failed(error),
            DynamicError::Create(error) => create_failed(error),
            error => failed("OtherDynamicError", &error),
        }))
    }

    fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    fn heir(&mut self) -> Heir {
        let (store, copies, line) = (self.store.clone(), take(&mut self.copies), take(&mut self.line));
        Box::new(|| Box::new(Self { store, copies, line }))
    }
}

impl State {
    fn command(&mut self, command: &str, rest: &str) -> Result<String, DynamicError> {
        match command {
            "copy" => {
                let (schema, options) = (OwnedSchema::from(Telemetry::SCHEMA), Options { id: 'T', room: None });
                self.copies.push(MirroredObject::create(&self.store, &schema, options, rest)?);
            }
            "own" => self.copies.push(MirroredObject::attach(&self.store, 'T', rest)?),
            "give_up" => drop(self.copies.pop()),
            "heard" => self.copy().set_heard(),
            "add" => {
                let number = rest.parse().expect("a number");
                return Ok(self.copy().object().fetch_add(&"frames".parse()?, number)?.to_string());
            }
            "store" => {
                let number = Value::F64(rest.parse().expect("a number"));
                self.copy().object().store(&"position.x".parse()?, &number)?;
            }
            other => panic!("no command `{other}`"),
        }
        Ok(String::new())
    }

    fn copy(&self) -> &MirroredObject {
        self.copies.last().expect("a copy")
    }
}
