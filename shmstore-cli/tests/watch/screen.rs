//! The screen on a real terminal.

use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use shmstore::Shared;

use crate::PROGRAM;
use crate::objects::{Battery, Position, Rover, Scratch};
use crate::pty::OnTerminal;
use crate::scratch::{in_kernel, while_busy};

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

fn watch(args: &[&str], width: u16, height: u16) -> OnTerminal {
    OnTerminal::start(PROGRAM, &[&["watch", "--hz", "20"], args].concat(), &[], width, height)
}

fn row_has(screen: &vt100::Screen, field: &str, value: &str) -> bool {
    screen.contents().lines().any(|line| line.contains(field) && line.split_whitespace().any(|word| word == value))
}

#[test]
fn values_that_another_thread_stores_appear_and_change() {
    for (width, height) in SIZES {
        let (scratch, rover) = Scratch::with_rover();
        let mut watched = watch(&[scratch.path()], width, height);
        watched.until("the first value", |screen| row_has(screen, "frames", "41"));
        watched.until("the head", |screen| screen.contents().contains("ready  attached 1  1 alive, 0 dead"));
        let store = |count| {
            rover.frames.store(1000 + count, Relaxed);
            rover.position.store(Position { x: count as f64, y: -1.0 });
            thread::sleep(Duration::from_millis(2));
        };
        while_busy(store, || {
            let is_marked = |screen: &vt100::Screen| {
                let contents = screen.contents();
                let row = contents.lines().position(|line| line.starts_with("•position.x"));
                let cell = row.and_then(|row| screen.cell(row as u16, 1).cloned());
                cell.is_some_and(|cell| cell.bold() && cell.fgcolor() != vt100::Color::Default)
            };
            watched.until("a mark and a color at a changed field", is_marked);
            watched.until("a history", |screen| {
                let contents = screen.contents();
                contents.lines().any(|line| line.contains("position.x") && line.contains('▁') && line.contains('█'))
            });
        });
        rover.frames.store(77, Relaxed);
        let version = rover.position.store(Position { x: 0.25, y: 0.5 }).to_string();
        watched.until("the last values", |screen| {
            row_has(screen, "frames", "77")
                && row_has(screen, "position.x", "0.25")
                && row_has(screen, "position.x", &version)
        });
        watched.press("q");
        assert!(watched.ended().success());
        watched.assert_restored();
    }
}

#[test]
fn a_resize_redraws_down_to_one_cell_and_back() {
    let (scratch, rover) = Scratch::with_rover();
    let mut watched = watch(&[scratch.path()], 80, 24);
    watched.until_shown("HISTORY");
    for (width, height) in [(40, 10), (1, 1), (3, 2), (200, 1), (1, 50)] {
        watched.resize(width, height);
        watched.press("x"); // The key has no meaning, but causes a new frame.
        watched.until("a frame", |screen| !screen.contents().trim().is_empty());
    }
    watched.resize(200, 50);
    rover.frames.store(5, Relaxed);
    watched.until("all of it at the new size", |screen| {
        row_has(screen, "frames", "5") && row_has(screen, "wheels[7]", "0") && screen.contents().lines().count() == 50
    });
    watched.resize(80, 24);
    watched.until("the last line at the old size", |screen| {
        screen.contents().lines().nth(23).is_some_and(|line| line.contains("? keys") || line.contains("fields"))
    });
    watched.press("q");
    assert!(watched.ended().success());
    // A width of one column has cut the text on the main screen.
    watched.assert_restored_but_for_text();
}

#[test]
fn q_esc_and_control_c_quit() {
    let (scratch, _rover) = Scratch::with_rover();
    for key in ["q", "\u{1b}", "\u{3}"] {
        let mut watched = watch(&[scratch.path()], 80, 24);
        watched.until_shown("frames");
        watched.press(key);
        assert_eq!(watched.ended().code(), Some(0), "{key:?}");
        watched.assert_restored();
    }
}

#[test]
fn signals_end_the_program_and_restore_the_terminal() {
    let (scratch, _rover) = Scratch::with_rover();
    use Signal::*;
    let ends =
        [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ, SIGABRT];
    for signal in ends {
        let mut watched = watch(&[scratch.path()], 80, 24);
        watched.until_shown("frames");
        watched.signal(signal);
        assert_eq!(watched.ended_by(), Some(signal as i32));
        watched.assert_restored();
    }
}

#[test]
fn the_terminal_is_restored_while_the_program_is_stopped() {
    let (scratch, rover) = Scratch::with_rover();
    let mut watched = watch(&[scratch.path()], 80, 24);
    for frames in 1..3 {
        watched.until_shown("frames");
        watched.signal(Signal::SIGTSTP);
        watched.until_stopped();
        watched.assert_restored();
        rover.frames.store(frames, Relaxed);
        watched.signal(Signal::SIGCONT);
        watched.until("the screen again", |screen| {
            screen.alternate_screen() && row_has(screen, "frames", &frames.to_string())
        });
    }
    watched.press("q");
    assert!(watched.ended().success());
    watched.assert_restored();
}

#[test]
fn an_error_at_the_start_is_shown_on_the_main_screen() {
    let (scratch, _rover) = Scratch::with_rover();
    for (args, code) in [(["--field", "wings", scratch.path()].as_slice(), 3), (&["/nowhere/at/all"], 3)] {
        let mut watched = watch(args, 80, 24);
        assert_eq!(watched.ended().code(), Some(code));
        watched.until_shown("error:");
        watched.assert_restored();
    }
}

#[test]
fn space_pauses_and_continues() {
    let (scratch, rover) = Scratch::with_rover();
    let mut watched = watch(&[scratch.path()], 80, 24);
    watched.until_shown("frames");
    watched.press(" ");
    watched.until_shown("PAUSED");
    rover.frames.store(999, Relaxed);
    // Ten reads, once every 50 ms, would have shown the new value.
    thread::sleep(Duration::from_millis(500));
    assert!(watched.line("frames").is_some_and(|line| line.contains("41")), "{}", watched.text());
    watched.press(" ");
    watched.until("the new value", |screen| row_has(screen, "frames", "999"));
}

#[test]
fn a_removed_object_is_detached_in_a_pause_and_its_values_stay() {
    let (scratch, rover) = Scratch::with_rover();
    let shmid = Shared::info(&rover).expect("it is there").shmid;
    let mut watched = watch(&[scratch.path()], 80, 24);
    watched.until_shown("frames");
    watched.press(" ");
    watched.until_shown("PAUSED");
    drop(rover);
    scratch.store.remove::<Rover>().expect("it is there");
    watched.until("the segment no longer exists", |_| in_kernel(shmid).is_none());
    assert!(watched.text().contains("PAUSED") && watched.line("frames").is_some_and(|line| line.contains("41")));
    watched.press(" ");
    watched.until_shown("removed: waiting for another object at");
    watched.until("the state of `ls`", |screen| screen.contents().contains(" removed  attached "));
    assert!(watched.line("frames").is_some_and(|line| line.contains("41")), "{}", watched.text());
}

#[test]
fn a_filter_shows_the_fields_that_contain_it() {
    let (scratch, _rover) = Scratch::with_rover();
    let mut watched = watch(&[scratch.path()], 80, 24);
    watched.until_shown("driver");
    watched.press("/POSq");
    watched.until_shown("/POSq");
    watched.press("\u{7f}\r");
    watched.until("the matching fields", |screen| {
        let text = screen.contents();
        text.contains("position.y") && !text.contains("driver") && text.contains("2 of ")
    });
    watched.press("/nothing\r");
    watched.until_shown("nothing matches /POSnothing: Esc shows all");
    watched.press("\u{1b}");
    watched.until_shown("driver");
}

#[test]
fn the_selection_moves_through_all_pages() {
    let (scratch, _rover) = Scratch::with_rover();
    let mut watched = watch(&[scratch.path()], 80, 10);
    let selected = |screen: &vt100::Screen| {
        let row = (0..10).find(|row| screen.cell(*row, 1).is_some_and(vt100::Cell::inverse));
        row.and_then(|row| screen.rows(0, 80).nth(usize::from(row))).unwrap_or_default()
    };
    watched.until("a selection", |screen| selected(screen).contains("frames"));
    for (key, field) in [
        ("\u{1b}[B", "position.x"),
        ("\u{1b}[6~", "wheels"),
        ("\u{1b}[F", "wheels[7]"),
        ("\u{1b}[5~", "wheels[1]"),
        ("\u{1b}[H", "frames"),
    ] {
        watched.press(key);
        watched.until(field, |screen| selected(screen).contains(field));
    }
    watched.press("?");
    watched.until_shown("PgUp");
}

#[test]
fn tab_goes_to_the_other_objects_at_the_path_also_named_ones() {
    let (scratch, _rover) = Scratch::with_rover();
    let battery = scratch.store.create::<Battery>().expect("a second type");
    battery.charge.store(90, Relaxed);
    let spare = scratch.store.open_or_create_named("spare").expect("a name").create::<Battery>().expect("a named one");
    spare.charge.store(33, Relaxed);
    let mut watched = watch(&[scratch.path()], 120, 24);
    watched.until("the first", |screen| row_has(screen, "charge", "90") && screen.contents().contains("[1 of 3"));
    watched.press("\t");
    watched.until("the second", |screen| row_has(screen, "frames", "41") && screen.contents().contains("[2 of 3"));
    watched.press("\u{1b}[C");
    watched.until("the named one", |screen| row_has(screen, "charge", "33") && screen.contents().contains("spare"));
    watched.press("\u{1b}[C");
    watched.until("the first again", |screen| row_has(screen, "charge", "90"));
    watched.press("\u{1b}[D");
    watched.until("and back", |screen| row_has(screen, "charge", "33"));
    watched.press("q");
    assert!(watched.ended().success());
}

#[test]
fn a_type_and_fields_can_be_selected() {
    let (scratch, rover) = Scratch::with_rover();
    let _battery = scratch.store.create::<Battery>().expect("a second type");
    rover.wheels[19].store(1234, Relaxed);
    let version = rover.position.store(Position { x: 1.5, y: 2.5 }).to_string();
    let args = [scratch.path(), "Rover", "--field", "wheels[19]", "--field", "position.y"];
    let mut watched = watch(&args, 80, 24);
    watched.until("both fields", |screen| {
        row_has(screen, "wheels[19]", "1234")
            && row_has(screen, "position.y", "2.5")
            && row_has(screen, "position.y", &version)
    });
    assert!(watched.text().contains("2 fields") && !watched.text().contains("frames"), "{}", watched.text());
}

#[test]
fn the_next_object_at_the_anchor_is_watched_after_a_removal() {
    let (scratch, rover) = Scratch::with_rover();
    let mut watched = watch(&[scratch.path()], 80, 24);
    watched.until_shown("frames");
    scratch.store.remove::<Rover>().expect("it is there");
    watched.until_shown("removed: waiting for another object at");
    assert!(watched.line("frames").is_some(), "the last values stay: {}", watched.text());
    drop(rover);
    let next = scratch.rover();
    next.frames.store(4321, Relaxed);
    watched.until("the next one", |screen| row_has(screen, "frames", "4321") && screen.contents().contains("ready"));
}

#[test]
fn no_color_turns_colors_off() {
    let (scratch, rover) = Scratch::with_rover();
    let mut watched =
        OnTerminal::start(PROGRAM, &["watch", "--hz", "20", scratch.path()], &[("NO_COLOR", "1")], 80, 24);
    watched.until_shown("frames");
    rover.frames.store(1, Relaxed);
    watched.until_shown("•frames");
    let is_plain = |screen: &vt100::Screen| {
        let cells = (0..24).flat_map(|row| (0..80).filter_map(move |column| screen.cell(row, column)));
        cells.into_iter().all(|cell| (cell.fgcolor(), cell.bgcolor()) == (vt100::Color::Default, vt100::Color::Default))
    };
    assert!(watched.screen(is_plain));
}

#[test]
fn ls_watch_shows_a_row_for_each_object() {
    for (width, height) in SIZES {
        let (scratch, rover) = Scratch::with_rover();
        let _battery = scratch.store.create::<Battery>().expect("a second type");
        let args = ["ls", "--watch", "--hz", "20", scratch.path()];
        let mut watched = OnTerminal::start(PROGRAM, &args, &[], width, height);
        watched.until("both objects", |screen| {
            let text = screen.contents();
            text.contains("2 objects under")
                && text.contains("Rover")
                && text.contains("Battery")
                && text.contains("ready")
        });
        let count = |_| {
            rover.frames.fetch_add(1, Relaxed);
            thread::sleep(Duration::from_millis(1));
        };
        while_busy(count, || {
            watched.until("a rate", |screen| {
                let text = screen.contents();
                let line = text.lines().find(|line| line.contains(" Rover "));
                let mut words = line.unwrap_or_default().split_whitespace().skip_while(|word| *word != "Rover").skip(1);
                words.next().and_then(|word| word.parse::<f64>().ok()).is_some_and(|rate| rate > 10.0)
                    && words.next() == Some("1")
            });
        });
        watched.press("?");
        watched.until_shown("PgUp");
        assert!(!watched.text().contains("Tab"), "there is no other list: {}", watched.text());
        watched.press("/nothing\r");
        watched.until_shown("nothing matches /nothing: Esc shows all");
        watched.press("q");
        assert!(watched.ended().success());
        watched.assert_restored();
    }
}
