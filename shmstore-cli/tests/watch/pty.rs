//! A program on its own terminal, and the contents of that terminal. The unit tests of the library use it, too.

#![allow(dead_code)] // Each user needs only a part.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{Termios, tcgetattr};
use nix::unistd::Pid;

const DEADLINE: Duration = Duration::from_secs(20);

/// The text on the main screen before the program starts.
pub(crate) const BEFORE: &str = "what was there before";

pub(crate) struct OnTerminal {
    child: Child,
    keyboard: File,
    terminal: OwnedFd,
    shown: Arc<Mutex<vt100::Parser>>,
    modes: Termios,
}

impl OnTerminal {
    /// Starts a program as the leader of the terminal's session, so that it receives the signals of the terminal.
    pub(crate) fn start(program: &str, args: &[&str], variables: &[(&str, &str)], width: u16, height: u16) -> Self {
        let pty = Pty::new(width, height);
        let modes = tcgetattr(&pty.slave).expect("its modes");
        let shown = Arc::new(Mutex::new(vt100::Parser::new(cells(height), cells(width), 0)));
        let mut keyboard = File::from(pty.master);
        follow(keyboard.try_clone().expect("a second descriptor"), Arc::clone(&shown));
        let side = || Stdio::from(pty.slave.try_clone().expect("a second descriptor"));
        File::from(pty.slave.try_clone().expect("a second descriptor")).write_all(BEFORE.as_bytes()).expect("room");
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(program).args(args).stdin(side()).stdout(side()).stderr(side());
        command.env_remove("NO_COLOR").env("TERM", "xterm-256color").envs(variables.iter().copied());
        let child = command.spawn().expect("setsid of util-linux");
        keyboard.flush().expect("a terminal");
        Self { child, keyboard, terminal: pty.slave, shown, modes }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    pub(crate) fn resize(&self, width: u16, height: u16) {
        self.shown.lock().expect("no panic").screen_mut().set_size(cells(height), cells(width));
        set_size(&self.terminal, width, height);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        kill(Pid::from_raw(pid), signal).expect("it runs");
    }

    pub(crate) fn until_stopped(&mut self) {
        let stat = format!("/proc/{}/stat", self.child.id());
        self.until("a stop", |_| std::fs::read_to_string(&stat).expect("it runs").contains(") T "));
    }

    pub(crate) fn text(&self) -> String {
        self.screen(|screen| screen.contents())
    }

    pub(crate) fn screen<T>(&self, see: impl FnOnce(&vt100::Screen) -> T) -> T {
        see(self.shown.lock().expect("no panic").screen())
    }

    pub(crate) fn line(&self, of: &str) -> Option<String> {
        self.text().lines().find(|line| line.contains(of)).map(str::to_owned)
    }

    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !self.screen(&is_so) {
            if Instant::now() > end {
                panic!("not seen: {what}; ended: {:?}; the screen:\n{}", self.child.try_wait(), self.text());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn until_shown(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    pub(crate) fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status;
            }
            assert!(Instant::now() < end, "it does not end; the screen:\n{}", self.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn ended_by(&mut self) -> Option<i32> {
        self.ended().signal()
    }

    /// Checks that the terminal is as before the start.
    pub(crate) fn assert_restored(&mut self) {
        self.assert_restored_but_for_text();
        let text = self.text();
        assert!(text.contains(BEFORE), "the main screen has changed:\n{text}");
    }

    pub(crate) fn assert_restored_but_for_text(&mut self) {
        self.until("the main screen", |screen| !screen.alternate_screen() && !screen.hide_cursor());
        self.assert_modes_restored();
    }

    pub(crate) fn assert_modes_restored(&mut self) {
        let modes = tcgetattr(&self.terminal).expect("its modes");
        assert_eq!(format!("{modes:?}"), format!("{:?}", self.modes));
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Both ends of a pseudo-terminal. No child inherits them, because a process with the upper end would keep the terminal
/// open.
struct Pty {
    master: OwnedFd,
    slave: OwnedFd,
}

impl Pty {
    fn new(width: u16, height: u16) -> Self {
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).expect("a pseudo-terminal");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it is ours");
        let name = ptsname_r(&master).expect("its name");
        let mut options = File::options();
        options.read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits());
        let slave = OwnedFd::from(options.open(name).expect("its lower end"));
        set_size(&slave, width, height);
        Self { master: master.into(), slave }
    }
}

fn set_size(terminal: &OwnedFd, width: u16, height: u16) {
    let size = rustix::termios::Winsize { ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(terminal, size).expect("a terminal has a size");
}

fn follow(mut output: File, shown: Arc<Mutex<vt100::Parser>>) {
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count) = output.read(&mut bytes) {
            if count == 0 {
                return;
            }
            shown.lock().expect("no panic").process(&bytes[..count]);
        }
    });
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("a screen has a cell")
}
