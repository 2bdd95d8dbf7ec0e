//! The replay itself.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::pace::{Pace, sleep_until};
use super::writer::{Outcome, Writer};
use super::{Only, Opened, ReplayError, Report};
use crate::reading::{Channel, Event, Item, Recording};
use crate::{Kind, Message};

/// How often a replay looks whether it shall end, at least, and whether an object was removed.
const LOOK: Duration = Duration::from_millis(50);

/// How a recording is replayed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The seconds of the recording that are replayed in a second. 0 is as fast as possible.
    pub rate: f64,
    /// The parts that are replayed.
    pub only: Only,
    /// Where to begin, after the first message of the recording. The newest values, the newest frames and the maps of
    /// then are stored first.
    pub from: Option<Duration>,
    /// Where to end, after the first message of the recording.
    pub to: Option<Duration>,
    /// Whether to begin again at the end.
    pub repeats: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rate: 1.0, only: Only::default(), from: None, to: None, repeats: false }
    }
}

/// A replay of a recording.
///
/// ```no_run
/// use shmstore_record::reading::Recording;
/// use shmstore_record::replay::{self, Replay, Settings};
///
/// let mut recording = Recording::open(&["drive.mcap".into()])?;
/// let objects = replay::open(recording.objects(), "copy".as_ref(), false, |_| true)?;
/// let mut replay = Replay::into_objects(objects, Settings::default());
/// replay.run(&mut recording, &mut || false)?;
/// println!("stored {} messages", replay.report().total().stored);
/// # Ok::<(), shmstore_record::replay::ReplayError>(())
/// ```
#[derive(Debug)]
pub struct Replay {
    /// The object of each recorded one. `None` if it is not wanted. Without a list, messages are only checked.
    objects: Option<Vec<Option<Opened>>>,
    settings: Settings,
    /// The state of each channel, by its number.
    channels: Vec<Option<State>>,
    report: Report,
    looked: Instant,
}

/// What a replay knows of a channel.
#[derive(Debug)]
struct State {
    kind: Kind,
    object: usize,
    /// An error if its messages cannot be decoded or stored.
    message: Result<Arc<Message>, String>,
    /// `None` if the channel is not asked for.
    writer: Option<Writer>,
    /// Whether the object took the last message in time.
    is_patient: bool,
    /// Sequence and checksum of the last message, to find it at the start of a later file.
    last: Option<(u32, u32)>,
    /// The last message from before the start.
    before: Option<(u32, Vec<u8>)>,
}

impl Replay {
    /// A replay into objects, which [`open`](super::open) returns.
    #[must_use]
    pub fn into_objects(objects: Vec<Option<Opened>>, settings: Settings) -> Self {
        let (channels, report, looked) = (Vec::new(), Report::default(), Instant::now());
        Self { objects: Some(objects), settings, channels, report, looked }
    }

    /// A check of all messages. Nothing is stored, and the pace of the settings does not count.
    #[must_use]
    pub fn check(settings: Settings) -> Self {
        let settings = Settings { rate: 0.0, repeats: false, ..settings };
        Self { objects: None, ..Self::into_objects(Vec::new(), settings) }
    }

    /// What was done until now.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Replays the recording, until its end or until `is_over` returns `true`. It is asked at least every 50 ms.
    ///
    /// A message that the object does not take within a second is given up and counted. The further ones of the part
    /// are tried without a wait, until it takes one.
    ///
    /// # Errors
    ///
    /// - [`ReplayError::Read`] if a file cannot be read. The report has the messages before.
    /// - [`ReplayError::Removed`] if an object was removed.
    pub fn run(&mut self, recording: &mut Recording, is_over: &mut dyn FnMut() -> bool) -> Result<(), ReplayError> {
        loop {
            self.report.rounds += 1;
            if !self.round(recording, is_over)? || !self.settings.repeats || is_over() {
                return Ok(());
            }
            // A short recording does not take the whole processor.
            thread::sleep(Duration::from_millis(1));
            for state in self.channels.iter_mut().flatten() {
                state.last = None;
                state.writer.iter_mut().for_each(Writer::begin_again);
            }
        }
    }

    /// Replays the recording once. Returns `false` if it shall end before.
    fn round(&mut self, recording: &mut Recording, is_over: &mut dyn FnMut() -> bool) -> Result<bool, ReplayError> {
        let Some((start, _)) = recording.times() else { return Ok(false) };
        let at = |offset: Duration| start.saturating_add(u64::try_from(offset.as_nanos()).unwrap_or(u64::MAX));
        let (from, to) = (self.settings.from.map_or(0, at), self.settings.to.map_or(u64::MAX, at));
        let is_split = recording.is_split();
        let (mut pace, mut has_begun) = (Pace::of(self.settings.rate), false);
        let mut messages = recording.messages().until(to);
        while let Some(event) = messages.next()? {
            let Item { number, channel, sequence, log_time, data } = match event {
                Event::Message(item) => item,
                Event::Damaged(why) => {
                    self.report.damaged += 1;
                    self.report.damage.get_or_insert(why);
                    continue;
                }
            };
            if self.state(number, channel).writer.is_none() || log_time > to {
                self.report.of(number).left_out += 1;
                continue;
            }
            if log_time < from {
                self.keep(number, sequence, data, is_over)?;
                continue;
            }
            if !std::mem::replace(&mut has_begun, true) {
                self.store_kept(is_over)?;
            }
            if !self.wait(pace.due(log_time), is_over)? {
                return Ok(false);
            }
            if is_split && self.is_repeated(number, sequence, data) {
                self.report.of(number).repeated += 1;
                continue;
            }
            self.store(number, data, is_over)?;
        }
        if !has_begun {
            self.store_kept(is_over)?;
        }
        Ok(true)
    }

    /// The state of a channel, which is made with its first message.
    fn state(&mut self, number: usize, channel: &Channel) -> &mut State {
        if self.channels.len() <= number {
            self.channels.resize_with(number + 1, || None);
        }
        self.channels[number].get_or_insert_with(|| {
            let only = &self.settings.only;
            let object = self.objects.as_ref().map(|all| all.get(channel.object).and_then(Option::as_ref));
            let is_wanted = channel.parts.is_empty() || channel.parts.iter().any(|part| only.has(part));
            let writer = match object {
                _ if !is_wanted => Ok(None),
                _ if channel.message.is_err() => Ok(Some(Writer::Check)),
                None => Ok(Some(Writer::Check)),
                Some(None) => Ok(None),
                Some(Some(opened)) => Writer::of(channel, &opened.object, only).map(Some),
            };
            let (message, writer) = match writer {
                Ok(writer) => (channel.message.clone(), writer),
                Err(error) => (Err(error.to_string()), Some(Writer::Check)),
            };
            let (kind, object) = (channel.kind, channel.object);
            State { kind, object, message, writer, is_patient: true, last: None, before: None }
        })
    }

    /// Keeps a message from before the start, if it may be the state of then. Maps have many states, which are stored.
    fn keep(
        &mut self,
        number: usize,
        sequence: u32,
        data: &[u8],
        is_over: &mut dyn FnMut() -> bool,
    ) -> Result<(), ReplayError> {
        let state = self.channels[number].as_mut().expect("its state was made with its first message");
        match state.kind {
            Kind::Map => {
                self.wait(None, is_over)?;
                return self.store(number, data, is_over);
            }
            Kind::Versioned | Kind::Frames | Kind::Atomics => match &mut state.before {
                Some((known, bytes)) => {
                    *known = sequence;
                    bytes.clear();
                    bytes.extend_from_slice(data);
                }
                none => {
                    *none = Some((sequence, data.to_vec()));
                    return Ok(());
                }
            },
            Kind::Broadcast | Kind::Queue => {}
        }
        self.report.of(number).left_out += 1;
        Ok(())
    }

    /// Stores the state of the start.
    fn store_kept(&mut self, is_over: &mut dyn FnMut() -> bool) -> Result<(), ReplayError> {
        for number in 0..self.channels.len() {
            let Some(state) = &mut self.channels[number] else { continue };
            if let Some((sequence, data)) = state.before.take() {
                self.is_repeated(number, sequence, &data);
                self.store(number, &data, is_over)?;
            }
        }
        Ok(())
    }

    /// Returns `true` if it is the message before, at the start of a later file.
    fn is_repeated(&mut self, number: usize, sequence: u32, data: &[u8]) -> bool {
        let state = self.channels[number].as_mut().expect("its state was made with its first message");
        // Maps and atomics are the same after a repeated message.
        let this = (sequence, crc32fast::hash(data));
        !matches!(state.kind, Kind::Map | Kind::Atomics) && state.last.replace(this) == Some(this)
    }

    /// Waits until a message is due. Returns `false` if the replay shall end.
    fn wait(&mut self, due: Option<Instant>, is_over: &mut dyn FnMut() -> bool) -> Result<bool, ReplayError> {
        if self.looked.elapsed() >= LOOK {
            self.looked = Instant::now();
            if is_over() {
                return Ok(false);
            }
            self.check_removed()?;
        }
        let Some(due) = due else { return Ok(true) };
        let mut removed = Ok(());
        let late = sleep_until(due, &mut || {
            removed = self.check_removed();
            removed.is_err() || is_over()
        });
        removed?;
        let Some(late) = late else { return Ok(false) };
        self.report.lateness.add(late);
        Ok(true)
    }

    fn check_removed(&self) -> Result<(), ReplayError> {
        let opened = self.objects.iter().flatten().flatten();
        match opened.into_iter().find(|opened| opened.object.is_removed()) {
            Some(opened) => Err(ReplayError::Removed { path: opened.place.path() }),
            None => Ok(()),
        }
    }

    fn store(&mut self, number: usize, data: &[u8], is_over: &mut dyn FnMut() -> bool) -> Result<(), ReplayError> {
        let state = self.channels[number].as_mut().expect("its state was made with its first message");
        let outcome = match (&state.message, &mut state.writer) {
            (Ok(message), Some(writer)) => writer.store(message, data, state.is_patient, is_over),
            (Err(why), _) => Outcome::Refused(why.clone()),
            (_, None) => return Ok(()),
        };
        state.is_patient = !matches!(outcome, Outcome::Blocked(_));
        let object = state.object;
        let counts = self.report.of(number);
        let why = match outcome {
            Outcome::Stored => {
                counts.stored += 1;
                return Ok(());
            }
            Outcome::Refused(why) => {
                counts.refused += 1;
                why
            }
            Outcome::Blocked(why) => {
                counts.blocked += 1;
                why
            }
            Outcome::Removed => {
                let opened = self.objects.iter().flatten().nth(object).and_then(Option::as_ref);
                let path = opened.map(|opened| opened.place.path()).unwrap_or_default();
                return Err(ReplayError::Removed { path });
            }
        };
        self.report.reasons.entry(number).or_insert(why);
        Ok(())
    }
}
