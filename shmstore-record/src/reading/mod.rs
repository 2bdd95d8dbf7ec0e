//! Recordings of objects, read from MCAP files of any content.
//!
//! Read first: [`Recording`], which checks the files and describes what is in them, and [`Messages`], which reads the
//! messages one after the other. A file is read in pieces: in memory is at most one chunk, of at most 1 GiB.

mod channel;
mod error;
mod messages;
mod object;
mod records;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use mcap::records::{Record, SchemaHeader, op};

pub use channel::Channel;
pub use error::ReadError;
pub use messages::{Event, Item, Messages};
pub use object::Recorded;

use channel::Channels;
use records::{Head, Records, parse};

/// The most objects of a recording.
const MOST_OBJECTS: usize = 4096;

/// The most bytes of a schema or channel, and of all that are kept.
const MOST_DEFINITION: u64 = 16 << 20;
const MOST_DEFINITIONS: u64 = 128 << 20;

/// The files of one recording, in their order.
///
/// ```no_run
/// use shmstore_record::reading::{Event, Item, Recording};
///
/// let mut recording = Recording::open(&["drive.mcap"])?;
/// for object in recording.objects() {
///     println!("{} is a {}", object.topic, object.type_name);
/// }
/// let mut messages = recording.messages();
/// while let Some(event) = messages.next()? {
///     if let Event::Message(Item { channel, log_time, data, .. }) = event {
///         println!("{log_time} {}: {} bytes", channel.topic, data.len());
///     }
/// }
/// # Ok::<(), shmstore_record::reading::ReadError>(())
/// ```
#[derive(Debug)]
pub struct Recording {
    files: Vec<RecordingFile>,
    objects: Vec<Recorded>,
    channels: Channels,
    times: Option<(u64, u64)>,
    /// The bytes of the schemas and channels that are kept.
    defined: u64,
}

/// What is known of a file.
#[derive(Debug, Default)]
struct RecordingFile {
    path: PathBuf,
    /// The numbers of the objects in the file, and in the recording.
    objects: BTreeMap<u64, usize>,
    schemas: HashMap<u16, SchemaHeader>,
    /// The numbers of the channels in the file, and in the recording.
    channels: HashMap<u16, Option<usize>>,
}

impl Recording {
    /// Opens the files of a recording, in their order, and reads what describes the objects. Chunks are skipped.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if a file cannot be read, is no recording, is damaged, or ends in the middle.
    pub fn open(files: &[impl AsRef<Path>]) -> Result<Self, ReadError> {
        let mut recording =
            Self { files: Vec::new(), objects: Vec::new(), channels: Channels::default(), times: None, defined: 0 };
        let (mut known, mut definitions) = (HashMap::new(), Vec::new());
        for path in files {
            definitions.clear();
            let earlier = recording.times.take();
            let mut survey = Survey { recording: &mut recording, known: &mut known, later: &mut definitions };
            let file = survey.file(path.as_ref())?;
            recording.files.push(file);
            for (kind, body) in &definitions {
                // What is wrong in the summary matters only if a message needs it.
                drop(recording.define(recording.files.len() - 1, *kind, body));
            }
            if let (Some((began, ended)), Some((begins, ends))) = (earlier, recording.times) {
                if begins < ended {
                    return Err(ReadError::Order { path: path.as_ref().into() });
                }
                recording.times = Some((began, ends));
            }
            recording.times = recording.times.or(earlier);
        }
        Ok(recording)
    }

    /// The objects, in the order in which they were found. Those of several files are the same if anchor, name and
    /// type-id-char are the same.
    #[must_use]
    pub fn objects(&self) -> &[Recorded] {
        &self.objects
    }

    /// The channels that are known. Files without a summary describe them as late as with the first message.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels.all
    }

    /// The times of the first and the last message, in nanoseconds since 1970. `None` without messages.
    #[must_use]
    pub fn times(&self) -> Option<(u64, u64)> {
        self.times
    }

    /// Returns `true` if it has several files. Each later one may begin with values that the one before has, too.
    #[must_use]
    pub fn is_split(&self) -> bool {
        self.files.len() > 1
    }

    /// The messages, from the first one on.
    pub fn messages(&mut self) -> Messages<'_> {
        Messages::of(self)
    }

    fn saw_time(&mut self, first: u64, last: u64) {
        // A damaged chunk may end before it starts.
        let (start, end) = self.times.unwrap_or((first, last));
        self.times = Some((start.min(first).min(last), end.max(last).max(first)));
    }

    /// Takes a schema or a channel.
    fn define(&mut self, file: usize, kind: u8, body: &[u8]) -> Result<(), String> {
        if self.defined + body.len() as u64 > MOST_DEFINITIONS {
            return Err(format!("the schemas and channels have more than {MOST_DEFINITIONS} bytes"));
        }
        let of_file = &mut self.files[file];
        match parse(kind, body)? {
            Record::Schema { header, .. } if !of_file.schemas.contains_key(&header.id) => {
                self.defined += body.len() as u64;
                of_file.schemas.insert(header.id, header);
            }
            Record::Channel(channel) if !of_file.channels.contains_key(&channel.id) => {
                self.defined += body.len() as u64;
                let schema = of_file.schemas.get(&channel.schema_id);
                let number = self.channels.number_of(&channel, schema, &of_file.objects, &self.objects);
                of_file.channels.insert(channel.id, number);
            }
            _ => {}
        }
        Ok(())
    }
}

/// The look at a file before its messages are read.
struct Survey<'r> {
    recording: &'r mut Recording,
    /// The objects by anchor, name and type-id-char.
    known: &'r mut HashMap<(PathBuf, String, char), usize>,
    /// The schemas and channels outside of chunks. The layouts of the objects have to be known first.
    later: &'r mut Vec<(u8, Vec<u8>)>,
}

impl Survey<'_> {
    fn file(&mut self, path: &Path) -> Result<RecordingFile, ReadError> {
        let mut records = Records::open(path)?;
        let mut file = RecordingFile { path: path.into(), ..RecordingFile::default() };
        let mut writer = (String::new(), String::new());
        let ended = self.walk(&mut records, &mut file, &mut writer);
        // Only the end of a recording can be mended.
        let is_ours = !file.objects.is_empty();
        match ended {
            Ok(()) | Err(ReadError::Truncated { .. }) if !is_ours => {
                let (profile, library) = writer;
                Err(ReadError::Foreign { path: path.into(), library, profile })
            }
            ended => ended.map(|()| file),
        }
    }

    fn walk(
        &mut self,
        records: &mut Records,
        file: &mut RecordingFile,
        writer: &mut (String, String),
    ) -> Result<(), ReadError> {
        let mut body = Vec::new();
        let (mut has_end, mut kept) = (false, 0);
        while let Some(head) = records.next()? {
            let known = match head.kind {
                op::HEADER | op::METADATA => records.body(head, object::MOST, &mut body)?,
                op::SCHEMA | op::CHANNEL => records.body(head, MOST_DEFINITION, &mut body)?,
                op::CHUNK | op::MESSAGE => records.beginning(head, 16, &mut body)?,
                kind => {
                    has_end |= kind == op::FOOTER;
                    records.skip(head)?;
                    continue;
                }
            };
            match head.kind {
                op::SCHEMA | op::CHANNEL => {
                    kept += known.len() as u64;
                    if kept > MOST_DEFINITIONS {
                        let why = format!("the schemas and channels have more than {MOST_DEFINITIONS} bytes");
                        return Err(records.damaged(head.at, why));
                    }
                    self.later.push((head.kind, known.to_vec()));
                }
                op::CHUNK | op::MESSAGE => self.times(head, known),
                kind => match parse(kind, known).map_err(|why| records.damaged(head.at, why))? {
                    Record::Header(header) => *writer = (header.profile, header.library),
                    Record::Metadata(metadata) if metadata.name == object::NAME => {
                        let (number, object) = Recorded::of(&metadata.metadata, records.path(), head.at)?;
                        let place = self.object(object, records, head)?;
                        file.objects.insert(number, place);
                    }
                    _ => {}
                },
            }
        }
        if has_end {
            return Ok(());
        }
        let place = "without the record that ends an MCAP file".into();
        Err(ReadError::Truncated { path: records.path().into(), place })
    }

    /// Notes the times of a message, or of the first and last one in a chunk.
    fn times(&mut self, head: Head, beginning: &[u8]) {
        let time = |at: usize| Some(u64::from_le_bytes(beginning.get(at..at + 8)?.try_into().expect("8 bytes")));
        let times = match head.kind {
            op::MESSAGE => time(6).map(|time| (time, time)),
            // A chunk without messages has no times.
            _ => time(0).zip(time(8)).filter(|times| *times != (0, 0)),
        };
        if let Some((first, last)) = times {
            self.recording.saw_time(first, last);
        }
    }

    fn object(&mut self, object: Recorded, records: &Records, head: Head) -> Result<usize, ReadError> {
        let objects = &mut self.recording.objects;
        let place = *self.known.entry((object.path.clone(), object.name.clone(), object.id)).or_insert(objects.len());
        match objects.get_mut(place) {
            Some(known) => known.grow(object, records.path())?,
            None if place == MOST_OBJECTS => {
                return Err(records.damaged(head.at, format_args!("a recording has at most {MOST_OBJECTS} objects")));
            }
            None => objects.push(object),
        }
        Ok(place)
    }
}
