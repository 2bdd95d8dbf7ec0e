//! The terminal in raw mode, on its alternate screen.
//!
//! The terminal is restored when:
//! - the guard is dropped, also after an error
//! - the thread that draws panics
//! - a signal ends the program, which then still ends by this signal
//! - SIGTSTP stops the program
//!
//! It is not restored after SIGKILL, SIGSTOP, or a crash such as SIGSEGV. The user runs `reset` then.

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

/// The signals that end a program, and that other programs send. SIGPIPE is not one of them: Rust programs ignore it.
const ENDS: [i32; 12] =
    [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ, SIGABRT];

/// How long the program has to end by itself after a signal. It may be stuck in a write to the terminal.
const TO_END: Duration = Duration::from_secs(1);

/// Whether the terminal needs to be restored.
static OURS: AtomicBool = AtomicBool::new(false);

/// The terminal, until it is dropped.
pub(super) struct Guard {
    pub(super) screen: Terminal<CrosstermBackend<Stdout>>,
    asked: Arc<Asked>,
}

/// The last signals, or 0.
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

    /// Returns the signal that ends the program, if there was one.
    pub(super) fn signal(&self) -> Option<i32> {
        Some(self.asked.end.load(SeqCst)).filter(|signal| *signal != 0)
    }

    /// Follows SIGTSTP and SIGCONT. Returns `false` if there was none.
    ///
    /// After SIGTSTP, restores the terminal and stops. After SIGCONT, takes the terminal again, because the shell has
    /// used it.
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

/// Ends the program by a signal, as if it had not been caught.
pub(super) fn end_by(signal: i32) -> io::Error {
    emulate_default_handler(signal).err().unwrap_or_else(|| io::Error::from(io::ErrorKind::Interrupted))
}

/// Restores the terminal, if it was not restored yet. Errors are ignored, because the terminal may no longer exist.
fn restore() {
    if OURS.swap(false, SeqCst) {
        drop(disable_raw_mode());
        drop(execute!(io::stdout(), Show, LeaveAlternateScreen));
        drop(io::stdout().flush());
    }
}

/// Restores the terminal in a panic of the thread that draws, so that the message is on the main screen.
///
/// A panic of another thread is noticed by the thread that draws, which then restores the terminal.
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

/// The message of another thread's panic.
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

pub(super) fn last_words() -> MutexGuard<'static, Option<String>> {
    LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a thread that notes signals for the thread that draws. If that is stuck, this thread restores the terminal.
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
            // Only the modes: this never waits for the terminal to accept bytes.
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

    /// Names the test that shall run its part in this process, on its own terminal.
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
    fn a_panic_restores_the_terminal_before_its_message() {
        if is_asked_for("a_panic_restores_the_terminal_before_its_message") {
            let guard = Guard::enter().expect("it is on a terminal");
            // Only the panic hook shall restore it.
            std::mem::forget(guard);
            panic!("as it was told to");
        }
        let mut terminal = on_terminal("a_panic_restores_the_terminal_before_its_message");
        assert!(!terminal.ended().success());
        terminal.assert_restored();
        terminal.until_shown("as it was told to");
    }

    #[test]
    fn an_error_restores_the_terminal() {
        if is_asked_for("an_error_restores_the_terminal") {
            let fails = || -> io::Result<()> {
                let _guard = Guard::enter()?;
                assert!(OURS.load(SeqCst));
                Err(io::Error::from(io::ErrorKind::NotFound))
            };
            assert_eq!(fails().expect_err("it fails").kind(), io::ErrorKind::NotFound);
            return println!("it has failed");
        }
        let mut terminal = on_terminal("an_error_restores_the_terminal");
        assert!(terminal.ended().success(), "{}", terminal.text());
        terminal.assert_restored();
        terminal.until_shown("it has failed");
    }

    #[test]
    fn a_panic_of_another_thread_does_not_restore_the_terminal() {
        if is_asked_for("a_panic_of_another_thread_does_not_restore_the_terminal") {
            let guard = Guard::enter().expect("it is on a terminal");
            assert!(thread::spawn(|| panic!("somewhere else")).join().is_err());
            assert!(OURS.load(SeqCst), "it is still drawn to");
            assert!(last_words().take().is_some_and(|words| words.contains("somewhere else")));
            return drop(guard);
        }
        let mut terminal = on_terminal("a_panic_of_another_thread_does_not_restore_the_terminal");
        assert!(terminal.ended().success(), "{}", terminal.text());
        terminal.assert_restored();
    }

    #[test]
    fn a_signal_restores_the_modes_even_if_the_program_is_stuck() {
        if is_asked_for("a_signal_restores_the_modes_even_if_the_program_is_stuck") {
            let _guard = Guard::enter().expect("it is on a terminal");
            println!("stuck");
            thread::sleep(Duration::from_secs(60));
        }
        let mut terminal = on_terminal("a_signal_restores_the_modes_even_if_the_program_is_stuck");
        terminal.until_shown("stuck");
        terminal.signal(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(terminal.ended_by(), Some(SIGTERM));
        terminal.assert_modes_restored();
    }
}
