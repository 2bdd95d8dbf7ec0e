//! The terminal while it is ours: raw, on its alternate screen. Given back on every way out.
//!
//! Ways out: the end of the guard (also by an error), a panic, and the signals that end a program, after which it still ends by that
//! signal. Nothing can be done at SIGKILL, and nothing is at a fault of the program, as SIGSEGV: `reset` mends the terminal then. While the
//! program is stopped by SIGTSTP, the terminal is given back, too.

use std::io::{self, Stdout, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM,
    SIGXCPU, SIGXFSZ,
};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// The signals that end a program and that others send. Writing to a terminal that is gone is an error, and no SIGPIPE.
const ENDS: [i32; 12] =
    [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ, SIGABRT];

/// How long the program has to end by itself after a signal. It may be stuck: in a write to a terminal that takes nothing.
const TO_END: Duration = Duration::from_secs(1);

/// Whether there is something to give back.
static OURS: AtomicBool = AtomicBool::new(false);

/// The terminal, until it is dropped.
pub(super) struct Guard {
    pub(super) screen: Terminal<CrosstermBackend<Stdout>>,
    asked: Arc<Asked>,
}

/// What signals have asked for: 0, or the last one.
#[derive(Default)]
struct Asked {
    end: AtomicI32,
    stop_or_go_on: AtomicI32,
}

impl Guard {
    /// Takes the terminal.
    pub(super) fn enter() -> io::Result<Self> {
        restore_at_panic();
        let asked = watch_signals()?;
        Ok(Self { screen: take()?, asked })
    }

    /// The signal that has asked us to end, if one has.
    pub(super) fn signal(&self) -> Option<i32> {
        Some(self.asked.end.load(SeqCst)).filter(|signal| *signal != 0)
    }

    /// Stops if that was asked for, with the terminal given back. Takes the terminal again when it goes on, also after a stop that nobody
    /// can catch: a shell has had it meanwhile. False if nothing was asked for.
    pub(super) fn is_taken_again(&mut self) -> io::Result<bool> {
        let asked = self.asked.stop_or_go_on.swap(0, SeqCst);
        if asked == 0 {
            return Ok(false);
        }
        restore();
        if asked == SIGTSTP {
            emulate_default_handler(SIGTSTP)?;
        }
        self.screen = take()?;
        Ok(true)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

fn take() -> io::Result<Terminal<CrosstermBackend<Stdout>>> {
    OURS.store(true, SeqCst);
    let taken = enable_raw_mode().and_then(|()| {
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        Terminal::new(CrosstermBackend::new(io::stdout()))
    });
    if taken.is_err() {
        restore();
    }
    taken
}

/// Ends by a signal, as if nobody had caught it.
pub(super) fn end_by(signal: i32) -> io::Error {
    emulate_default_handler(signal).err().unwrap_or_else(|| io::Error::from(io::ErrorKind::Interrupted))
}

/// Gives the terminal back, if it was not yet. That the terminal is gone is no reason to complain.
fn restore() {
    if OURS.swap(false, SeqCst) {
        drop(disable_raw_mode());
        drop(execute!(io::stdout(), Show, LeaveAlternateScreen));
        drop(io::stdout().flush());
    }
}

/// What a panic says must be seen on the main screen. A panic of another thread ends the program by a channel that is closed: until then
/// the screen is drawn to, so it is not given back here.
fn restore_at_panic() {
    static ONCE: Once = Once::new();
    let owner: ThreadId = thread::current().id();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == owner || cfg!(panic = "abort") {
                restore();
            }
            if OURS.load(SeqCst) {
                *last_words() = Some(info.to_string());
            } else {
                before(info);
            }
        }));
    });
}

/// What another thread's panic said while the screen was ours.
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

pub(super) fn last_words() -> MutexGuard<'static, Option<String>> {
    LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes signals. Whoever draws looks for them; if it does not come to that, the terminal is given back from here.
fn watch_signals() -> io::Result<Arc<Asked>> {
    let mut signals = Signals::new(ENDS.iter().chain(&[SIGTSTP, SIGCONT]))?;
    let asked = Arc::new(Asked::default());
    let note = Arc::clone(&asked);
    thread::spawn(move || {
        for signal in signals.forever() {
            if [SIGTSTP, SIGCONT].contains(&signal) {
                note.stop_or_go_on.store(signal, SeqCst);
                continue;
            }
            note.end.store(signal, SeqCst);
            thread::sleep(TO_END);
            // The modes first: that never waits for the terminal to take bytes.
            drop(disable_raw_mode());
            drop(emulate_default_handler(signal));
        }
    });
    Ok(asked)
}

#[cfg(test)]
#[path = "../../tests/watch/pty.rs"]
mod pty;

#[cfg(test)]
mod tests {
    use super::pty::OnTerminal;
    use super::*;

    /// Says which of the tests below is to do its part: as a process of its own, on a terminal of its own.
    const PART: &str = "SHMSTORE_TEST_PART";

    fn is_asked_for(part: &str) -> bool {
        std::env::var(PART).is_ok_and(|asked| asked == part)
    }

    fn on_terminal(part: &str) -> OnTerminal {
        let this = std::env::current_exe().expect("this test");
        let test = format!("{}::{part}", module_path!().split_once("::").expect("a module").1);
        let args = ["--exact", &test, "--nocapture", "--test-threads=1"];
        OnTerminal::start(this.to_str().expect("UTF-8"), &args, &[(PART, part), ("RUST_BACKTRACE", "0")], 120, 50)
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_is_told() {
        if is_asked_for("a_panic_gives_the_terminal_back_before_it_is_told") {
            let guard = Guard::enter().expect("it is on a terminal");
            // What unwinding drops is not to help.
            std::mem::forget(guard);
            panic!("as it was told to");
        }
        let mut terminal = on_terminal("a_panic_gives_the_terminal_back_before_it_is_told");
        assert!(!terminal.ended().success());
        terminal.assert_given_back();
        terminal.until_shown("as it was told to");
    }

    #[test]
    fn an_error_gives_the_terminal_back() {
        if is_asked_for("an_error_gives_the_terminal_back") {
            let fails = || -> io::Result<()> {
                let _guard = Guard::enter()?;
                assert!(OURS.load(SeqCst));
                Err(io::Error::from(io::ErrorKind::NotFound))
            };
            assert_eq!(fails().expect_err("it fails").kind(), io::ErrorKind::NotFound);
            return println!("it has failed");
        }
        let mut terminal = on_terminal("an_error_gives_the_terminal_back");
        assert!(terminal.ended().success(), "{}", terminal.text());
        terminal.assert_given_back();
        terminal.until_shown("it has failed");
    }

    #[test]
    fn a_panic_of_another_thread_leaves_the_terminal_to_who_draws() {
        if is_asked_for("a_panic_of_another_thread_leaves_the_terminal_to_who_draws") {
            let guard = Guard::enter().expect("it is on a terminal");
            assert!(thread::spawn(|| panic!("somewhere else")).join().is_err());
            assert!(OURS.load(SeqCst), "it is still drawn to");
            assert!(last_words().take().is_some_and(|words| words.contains("somewhere else")));
            return drop(guard);
        }
        let mut terminal = on_terminal("a_panic_of_another_thread_leaves_the_terminal_to_who_draws");
        assert!(terminal.ended().success(), "{}", terminal.text());
        terminal.assert_given_back();
    }

    #[test]
    fn a_signal_gives_the_modes_back_even_if_nobody_looks_for_it() {
        if is_asked_for("a_signal_gives_the_modes_back_even_if_nobody_looks_for_it") {
            let _guard = Guard::enter().expect("it is on a terminal");
            println!("stuck");
            thread::sleep(Duration::from_secs(60));
        }
        let mut terminal = on_terminal("a_signal_gives_the_modes_back_even_if_nobody_looks_for_it");
        terminal.until_shown("stuck");
        terminal.signal(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(terminal.ended_by(), Some(SIGTERM));
        terminal.assert_modes_given_back();
    }
}
