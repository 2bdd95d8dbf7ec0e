//! A recorder in a process of its own, and the messages in its file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use mcap::Schema;
use mcap::read::{LinearReader, Options};
use mcap::records::Record;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use shmstore::ShmLayout;
use shmstore_record::Plan;

use crate::objects::schema;
use crate::scratch::*;

pub(crate) fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_shmstore"));
    program.env_remove("NO_COLOR").env("TERM", "xterm").stdin(Stdio::null());
    program
}

/// A recorder at work. A test that fails ends it.
pub(crate) struct Recorder {
    child: Child,
    pub(crate) file: PathBuf,
}

/// How a recorder has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Recorder {
    /// Starts to record the objects at these paths to `FILE.mcap`, with more arguments.
    pub(crate) fn start(scratch: &Scratch, paths: &[&str], more: &[&str]) -> Self {
        let file = scratch.join("x.mcap");
        let mut command = program();
        command.arg("record").args(paths.iter().map(|path| scratch.text(path)));
        command.arg("-o").arg(&file).arg("--json").args(more);
        Self::of(command, file)
    }

    pub(crate) fn of(mut command: Command, file: PathBuf) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
        Self { child, file }
    }

    /// Waits until it has attached the objects of a scratch, of which this process has attached each once.
    pub(crate) fn attached(self, scratch: &Scratch) -> Self {
        let is_attached = || {
            let segments = scratch.segments();
            let is_one = |shmid: i32| in_kernel(shmid).is_some_and(|(attached, _)| attached >= 2);
            self.has_begun() && !segments.is_empty() && segments.iter().all(|segment| is_one(segment.shmid))
        };
        until("the recorder to attach the objects", || is_attached().then_some(()));
        self
    }

    fn has_begun(&self) -> bool {
        let stem = self.file.file_stem().and_then(|stem| stem.to_str()).expect("text").to_owned();
        let entries = fs::read_dir(self.file.parent().expect("a directory")).expect("it is ours");
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(&stem))
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("it is our child");
    }

    /// Waits until the file has this many messages of a topic.
    pub(crate) fn until(&self, topic: &str, count: usize) {
        let found = || fs::read(&self.file).ok().map(|bytes| messages_of(&bytes, topic).len());
        until(&format!("{count} messages of {topic}, and not {:?}", found()), || {
            found().filter(|found| *found >= count)
        });
    }

    /// Waits until an event of a kind is in the file.
    pub(crate) fn until_event(&self, kind: &str) -> Value {
        until(kind, || events(&self.file).into_iter().find(|event| event["kind"] == kind))
    }

    pub(crate) fn stop(self) -> Ended {
        self.signal(Signal::SIGTERM);
        self.ended()
    }

    pub(crate) fn ended(mut self) -> Ended {
        let status = until("the end of the recorder", || self.child.try_wait().expect("it is our child"));
        let text = |from: &mut dyn Read| {
            let mut text = String::new();
            from.read_to_string(&mut text).expect("UTF-8");
            text
        };
        let out = text(self.child.stdout.as_mut().expect("a pipe"));
        let err = text(self.child.stderr.as_mut().expect("a pipe"));
        Ended { code: status.code(), out, err }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What was recorded, missed and dropped of a topic.
    #[track_caller]
    pub(crate) fn counts(&self, topic: &str) -> [u64; 3] {
        let json = self.json();
        let part = json["parts"].as_array().expect("a list").iter().find(|part| part["topic"] == topic);
        let part = part.unwrap_or_else(|| panic!("no {topic}: {json}"));
        ["recorded", "missed", "dropped"].map(|key| part[key].as_u64().expect("a number"))
    }
}

/// A message of a file.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) topic: String,
    pub(crate) sequence: u32,
    pub(crate) log_time: u64,
    pub(crate) publish_time: u64,
    pub(crate) data: Vec<u8>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) schema: (String, String, String),
}

impl Found {
    /// The value, whose bytes are those in the object.
    #[track_caller]
    pub(crate) fn value<T: ShmLayout>(&self) -> Vec<u8> {
        Plan::of(&schema::<T>()).expect("a value").decode(&self.data).expect("a message of the type")
    }

    #[track_caller]
    pub(crate) fn number(&self) -> u64 {
        u64::from_le_bytes(self.value::<u64>().try_into().expect("8 bytes"))
    }
}

/// The messages of a file, which may have no end.
pub(crate) fn messages(bytes: &[u8]) -> Vec<Found> {
    let stream = mcap::MessageStream::new_with_options(bytes, Options::IgnoreEndMagic.into());
    let of = |message: mcap::Message<'_>| {
        let channel = &message.channel;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let of_schema = |schema: &Arc<Schema<'_>>| (schema.name.clone(), schema.encoding.clone(), text(&schema.data));
        Found {
            topic: channel.topic.clone(),
            sequence: message.sequence,
            log_time: message.log_time,
            publish_time: message.publish_time,
            data: message.data.to_vec(),
            metadata: channel.metadata.clone(),
            // Events have none.
            schema: channel.schema.as_ref().map(of_schema).unwrap_or_default(),
        }
    };
    // The file may end in the middle of a chunk that is being written.
    stream.map(|stream| stream.map_while(Result::ok).map(of).collect()).unwrap_or_default()
}

pub(crate) fn messages_of(bytes: &[u8], topic: &str) -> Vec<Found> {
    messages(bytes).into_iter().filter(|message| message.topic == topic).collect()
}

/// The messages of a topic of a file.
#[track_caller]
pub(crate) fn read(file: &Path, topic: &str) -> Vec<Found> {
    messages_of(&fs::read(file).expect("a file"), topic)
}

/// The details of the events of a file.
pub(crate) fn events(file: &Path) -> Vec<Value> {
    let bytes = fs::read(file).unwrap_or_default();
    let text = |from: &[u8]| {
        let len = u32::from_le_bytes(from[..4].try_into().expect("4 bytes")) as usize;
        String::from_utf8(from[4..4 + len - 1].to_vec()).expect("a text")
    };
    let of = |found: Found| {
        let kind = text(&found.data[4..]);
        let details: Value =
            serde_json::from_str(&text(&found.data[(9 + kind.len()).next_multiple_of(4)..])).expect("JSON");
        assert_eq!(details["kind"], kind);
        details
    };
    messages_of(&bytes, "/shmstore/events").into_iter().map(of).collect()
}

/// The metadata records of a name in a file.
pub(crate) fn metadata(file: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let bytes = fs::read(file).expect("a file");
    let records = LinearReader::new(&bytes).expect("a whole file").map(|record| record.expect("whole"));
    let of = |record: Record<'_>| match record {
        Record::Metadata(of) if of.name == name => Some(of.metadata),
        _ => None,
    };
    records.filter_map(of).collect()
}
