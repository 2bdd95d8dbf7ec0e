//! A process that uses a queue and a broadcast as it is told: see `shmstore_tests::streamer`, and `shmstore_tests::peer`
//! for how it listens and answers.

use std::time::Duration;

use shmstore::broadcast::{Sender, Subscriber};
use shmstore::error::{Busy, PopError, PushError, RecvError};
use shmstore::queue::{Consumer, Job, Producer};
use shmstore::{ReadOnly, Shared, Store};
use shmstore_tests::objects::{Message, QUEUE, STREAM, Streams, message, number_of};

use super::obey::{Answer, Heir, Line, Obey, done, exec, serve};

enum Grip {
    Job(Box<Job<'static, Message, QUEUE>>),
    Producer(Producer<'static, Message, QUEUE>),
    Consumer(Consumer<'static, Message, QUEUE>),
    Sender(Sender<'static, Message, STREAM>),
}

struct Streamer {
    store: Store,
    /// `None` where this process may only read.
    parts: Option<&'static Shared<Streams>>,
    seen: &'static ReadOnly<Streams>,
    /// The newest last.
    grips: Vec<Grip>,
    subscriber: Option<Subscriber<'static, Message, STREAM>>,
    line: Line,
}

pub(crate) fn play() {
    let (store, parts, seen) = super::peer::attach();
    println!("ok ready");
    serve(&mut Streamer::new(store, parts, seen));
}

impl Streamer {
    fn new(store: Store, parts: Option<&'static Shared<Streams>>, seen: &'static ReadOnly<Streams>) -> Self {
        Self { store, parts, seen, grips: Vec::new(), subscriber: None, line: Line::default() }
    }
}

impl Obey for Streamer {
    fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    fn heir(&mut self) -> Heir {
        let (store, parts, seen) = (self.store.clone(), self.parts, self.seen);
        Box::new(move || Box::new(Self::new(store, parts, seen)))
    }

    fn obey(&mut self, command: &str, rest: &str) -> Answer {
        match command {
            "seen" => return self.see(rest),
            "see_subscribe" => return self.subscribe(self.seen.feed.subscribe()),
            "see_subscribe_from" => {
                return self.subscribe(self.seen.feed.subscribe_from(rest.parse().expect("a number")));
            }
            "recv" => return self.receive(Duration::from_millis(rest.parse().unwrap_or(0))),
            _ => {}
        }
        let parts = self.parts.ok_or("Reader This process may only read")?;
        let numbers: Vec<u64> = rest.split_ascii_whitespace().map(|word| word.parse().expect("a number")).collect();
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let time = |at: usize| Duration::from_millis(number(at));
        let queue = &parts.queue;
        match command {
            "exec" => exec("streamer"),
            "remove" => self.store.remove::<Streams>().map(|()| String::new()).map_err(|error| error.to_string()),
            "participants" => done(Shared::participants(parts).len()),
            "drop" => done(self.grips.pop().is_some()),
            "push" => queue.push(message(number(0))).map_err(not_pushed).and_then(|()| done("")),
            "try_push" => queue.try_push(message(number(0))).map_err(not_pushed).and_then(|()| done("")),
            "push_timeout" => {
                queue.push_timeout(message(number(0)), time(1)).map_err(not_pushed).and_then(|()| done(""))
            }
            "push_many" => {
                let messages: Vec<Message> = numbers.iter().copied().map(message).collect();
                queue.try_push_many(&messages).map_err(not_pushed).and_then(done)
            }
            "pop" => popped(queue.pop()),
            "try_pop" => popped(queue.try_pop()),
            "pop_timeout" => popped(queue.pop_timeout(time(0))),
            "take" => self.hold_job(queue.take()),
            "try_take" => self.hold_job(queue.try_take()),
            "take_timeout" => self.hold_job(queue.take_timeout(time(0))),
            "clear" => queue.clear().map_err(busy).and_then(done),
            "len" => done(queue.len()),
            "outstanding" => done(queue.outstanding()),
            "items" => done(list(&queue.items())),
            "send" => done(parts.feed.send(message(number(0)))),
            "sent" => done(parts.feed.sent()),
            "subscribe" => self.subscribe(parts.feed.subscribe()),
            "subscribe_from" => self.subscribe(parts.feed.subscribe_from(number(0))),
            "producer" | "try_producer" | "producer_timeout" => self.hold(
                command,
                time(0),
                |limit| match limit {
                    None => Ok(queue.producer()),
                    Some(Duration::ZERO) => queue.try_producer(),
                    Some(time) => queue.producer_timeout(time),
                },
                Grip::Producer,
            ),
            "consumer" | "try_consumer" | "consumer_timeout" => self.hold(
                command,
                time(0),
                |limit| match limit {
                    None => Ok(queue.consumer()),
                    Some(Duration::ZERO) => queue.try_consumer(),
                    Some(time) => queue.consumer_timeout(time),
                },
                Grip::Consumer,
            ),
            "sender" | "try_sender" | "sender_timeout" => {
                let feed = &parts.feed;
                self.hold(
                    command,
                    time(0),
                    |limit| match limit {
                        None => Ok(feed.sender()),
                        Some(Duration::ZERO) => feed.try_sender(),
                        Some(time) => feed.sender_timeout(time),
                    },
                    Grip::Sender,
                )
            }
            _ => self.use_grip(command, number(0), time(1)),
        }
    }
}

impl Streamer {
    fn hold_job(&mut self, job: Result<Job<'static, Message, QUEUE>, PopError>) -> Answer {
        let job = job.map_err(not_popped)?;
        let said = format!("{} {}", number_of(&job), job.deliveries());
        self.grips.push(Grip::Job(Box::new(job)));
        done(said)
    }

    /// Takes a side of a part, by a command whose name says for how long to wait.
    fn hold<T>(
        &mut self,
        command: &str,
        time: Duration,
        take: impl Fn(Option<Duration>) -> Result<T, Busy>,
        grip: fn(T) -> Grip,
    ) -> Answer {
        let limit = match command {
            _ if command.starts_with("try_") => Some(Duration::ZERO),
            _ if command.ends_with("_timeout") => Some(time),
            _ => None,
        };
        self.grips.push(grip(take(limit).map_err(busy)?));
        done("")
    }

    fn use_grip(&mut self, command: &str, number: u64, time: Duration) -> Answer {
        match (command, self.grips.last_mut()) {
            ("done", Some(Grip::Job(_))) => {
                let Some(Grip::Job(job)) = self.grips.pop() else { unreachable!("just seen") };
                job.done().map_err(|lost| format!("JobLost {lost}")).and_then(|()| done(""))
            }
            ("produce", Some(Grip::Producer(producer))) => {
                producer.push_timeout(message(number), time).map_err(not_pushed).and_then(|()| done(""))
            }
            ("consume", Some(Grip::Consumer(consumer))) => popped(consumer.pop_timeout(time)),
            ("consume_job", Some(Grip::Consumer(consumer))) => {
                let job = consumer.take_timeout(time);
                self.hold_job(job)
            }
            ("feed", Some(Grip::Sender(sender))) => done(sender.send(message(number))),
            (other, _) => Err(format!("BadCommand {other}")),
        }
    }

    fn see(&self, what: &str) -> Answer {
        match what {
            "len" => done(self.seen.queue.len()),
            "empty" => done(self.seen.queue.is_empty()),
            "outstanding" => done(self.seen.queue.outstanding()),
            "items" => done(list(&self.seen.queue.items())),
            "sent" => done(self.seen.feed.sent()),
            "newest" => match self.seen.feed.newest().map_err(not_received)? {
                Some((number, newest)) => done(format!("{number} {}", number_of(&newest))),
                None => done("none"),
            },
            other => Err(format!("BadCommand {other}")),
        }
    }

    fn subscribe(&mut self, subscriber: Subscriber<'static, Message, STREAM>) -> Answer {
        let position = subscriber.position();
        self.subscriber = Some(subscriber);
        done(position)
    }

    fn receive(&mut self, time: Duration) -> Answer {
        let subscriber = self.subscriber.as_mut().ok_or("Nothing is subscribed")?;
        let position = subscriber.position();
        let received = if time.is_zero() { subscriber.try_recv() } else { subscriber.recv_timeout(time) };
        received.map_err(not_received).and_then(|message| done(format!("{position} {}", number_of(&message))))
    }
}

fn popped(popped: Result<Message, PopError>) -> Answer {
    popped.map_err(not_popped).and_then(|message| done(number_of(&message)))
}

fn list(items: &[Result<Message, shmstore::InvalidValue>]) -> String {
    let items = items.iter().map(|item| number_of(item.as_ref().expect("any bytes are a message")).to_string());
    items.collect::<Vec<_>>().join(" ")
}

fn busy(error: Busy) -> String {
    format!("Busy {error}")
}

fn not_pushed(error: PushError) -> String {
    match error {
        PushError::Full { .. } => format!("Full {error}"),
        PushError::Busy(error) => busy(error),
        PushError::Removed { .. } => format!("Removed {error}"),
        _ => format!("Other {error}"),
    }
}

fn not_popped(error: PopError) -> String {
    match error {
        PopError::Empty { .. } => format!("Empty {error}"),
        PopError::Busy(error) => busy(error),
        PopError::Removed { .. } => format!("Removed {error}"),
        _ => format!("Other {error}"),
    }
}

fn not_received(error: RecvError) -> String {
    match error {
        RecvError::Empty { .. } => format!("Empty {error}"),
        RecvError::Lagged { missed } => format!("Lagged {missed}"),
        RecvError::Removed { .. } => format!("Removed {error}"),
        _ => format!("Other {error}"),
    }
}
