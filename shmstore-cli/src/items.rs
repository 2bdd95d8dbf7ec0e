//! The items of `push` and `send`: on the command line, or lines of the standard input.

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::about::counted;
use crate::failure::Failure;
use crate::patience::Patience;
use crate::signals::Signals;

/// More than a line has. The end of a longer one is not looked for.
const LONGEST: usize = 64 << 20;

/// How long a read waits until it looks for a signal.
const SLICE: u16 = 50;

/// Calls `take` with each item: with the arguments, or if the only one is `-`, with each line of the standard input.
/// Arguments are taken only if `read` accepts all of them.
///
/// # Errors
///
/// The first error of `read` or `take`. The error of a line names its number, and how many lines before it were taken.
pub fn each<T>(
    arguments: &[String],
    patience: &mut Patience,
    read: impl Fn(&str) -> Result<T, Failure>,
    mut take: impl FnMut(&Patience, &T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut take = |patience: &mut Patience, item: &T| {
        patience.again();
        take(patience, item)
    };
    if arguments != ["-"] {
        let items: Vec<T> = arguments.iter().map(|argument| read(argument)).collect::<Result<_, _>>()?;
        return items.iter().try_for_each(|item| take(patience, item));
    }
    let (mut lines, mut number) = (Lines::default(), 0);
    while let Some(line) = lines.next(patience.signals())? {
        number += 1;
        let text = str::from_utf8(&line).map_err(|_| Failure::Other("it is not UTF-8".into()));
        let item = text.and_then(&read);
        item.and_then(|item| take(patience, &item)).map_err(|failure| at_line(failure, number))?;
    }
    Ok(())
}

/// Adds the number of a line to an error.
fn at_line(failure: Failure, number: usize) -> Failure {
    let place = match number {
        1 => ". That was the first line of the input".into(),
        _ => format!(". That was line {number} of the input, after {} that went well", counted(number - 1, "line")),
    };
    match failure {
        Failure::Write { error, advice } => Failure::Write { error, advice: advice + &place },
        Failure::Late(why) => Failure::Late(why + &place),
        Failure::Other(why) => Failure::Other(why + &place),
        other => other,
    }
}

/// Lines of the standard input.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    /// The first byte of the next line.
    start: usize,
    /// Before this byte, the next line has no end.
    looked: usize,
    is_over: bool,
}

impl Lines {
    /// Returns the next line, without its end.
    fn next(&mut self, signals: &Signals) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            if let Some(at) = self.bytes[self.looked..].iter().position(|byte| *byte == b'\n') {
                let end = self.looked + at;
                let line = self.bytes[self.start..end].to_vec();
                (self.start, self.looked) = (end + 1, end + 1);
                return Ok(Some(line));
            }
            self.bytes.drain(..self.start);
            (self.start, self.looked) = (0, self.bytes.len());
            if self.is_over {
                self.looked = 0;
                let rest = std::mem::take(&mut self.bytes);
                return Ok(Some(rest).filter(|rest| !rest.is_empty()));
            }
            if self.bytes.len() > LONGEST {
                return Err(Failure::Other("a line of the standard input is longer than 64 MiB".into()));
            }
            self.read(signals)?;
        }
    }

    /// Reads more bytes. Waits for them, or for a signal.
    fn read(&mut self, signals: &Signals) -> Result<(), Failure> {
        let stdin = io::stdin();
        loop {
            signals.check()?;
            match poll(&mut [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)], PollTimeout::from(SLICE)) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => break,
                Err(errno) => return Err(io::Error::from(errno).into()),
            }
        }
        // A read of so many bytes leaves none in the buffer of the standard library, of which `poll` knows nothing.
        let mut bytes = vec![0; 1 << 16];
        match stdin.lock().read(&mut bytes) {
            Ok(0) => self.is_over = true,
            Ok(len) => self.bytes.extend_from_slice(&bytes[..len]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
