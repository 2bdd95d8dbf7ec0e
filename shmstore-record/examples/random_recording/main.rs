//! Writes a recording of random values of random types, and beside it what a reader has to find in it.
//!
//! `random_recording FILE.mcap EXPECTED.jsonl [SEED [TYPES]]`
//!
//! One line of the second file is one message: its topic, and its leaves in the order of the fields. A leaf is a path,
//! a kind and a text. `i` is an integer or a `bool`, `f4` and `f8` the bits of a float in hex, `s` a text, `n` the
//! length of a list or array. A name of a field in a path is `*` if the field has another name in the message.

mod random;
mod types;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::Arc;
use std::{env, error::Error};

use mcap::{Channel, Message, Schema, WriteOptions};
use random::Random;
use serde_json::json;
use shmstore_record::{Definitions, Encoded, Plan};

/// Names of types of objects. Some are one package, and some are packages that have a meaning elsewhere.
const PACKAGES: [&str; 7] = ["Rover", "rover", "Msg", "BuiltinInterfaces", "action", "3D", "XMLParser_v2_"];

/// The number of values of each type.
const VALUES: u32 = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [recording, expected, rest @ ..] = &args[..] else {
        return Err("usage: random_recording FILE.mcap EXPECTED.jsonl [SEED [TYPES]]".into());
    };
    let number = |at: usize, default| rest.get(at).map_or(Ok(default), |text: &String| text.parse::<u64>());
    let (mut random, types) = (Random(number(0, 1)?), number(1, 300)?);
    let mut writer =
        WriteOptions::new().profile("ros2").compression(None).create(BufWriter::new(File::create(recording)?))?;
    let mut expected = BufWriter::new(File::create(expected)?);
    let mut tables = BTreeMap::new();
    for at in 0..types {
        let package = *random.of(&PACKAGES);
        let key = package.to_lowercase();
        let table = tables.entry(key).or_insert_with(|| Definitions::new(package));
        let of = types::root(&mut random);
        let (definition, plan) = (table.define(&of)?, Plan::of(&of)?);
        let topic = format!("/type_{at}");
        let schema = Arc::new(Schema {
            id: u16::try_from(at + 1)?,
            name: definition.name,
            encoding: "ros2msg".into(),
            data: Cow::Owned(definition.text.into_bytes()),
        });
        let channel = Arc::new(Channel {
            id: u16::try_from(at)?,
            topic: topic.clone(),
            schema: Some(schema),
            message_encoding: "cdr".into(),
            metadata: BTreeMap::from([("offered_qos_profiles".to_owned(), String::new())]),
        });
        for sequence in 1..=VALUES {
            let (value, leaves) = values::value(&of, &mut random);
            let mut data = Vec::new();
            if plan.encode(&value, &mut data) != Encoded::Exact || plan.decode(&data)? != value {
                return Err(format!("a value of `{of}` does not come back").into());
            }
            let time = at * 1_000_000 + u64::from(sequence);
            writer.write(&Message {
                channel: channel.clone(),
                sequence,
                log_time: time,
                publish_time: time,
                data: Cow::Owned(data),
            })?;
            writeln!(expected, "{}", json!({ "topic": topic, "type": of.to_string(), "leaves": leaves }))?;
        }
    }
    writer.finish()?;
    expected.flush()?;
    Ok(())
}
