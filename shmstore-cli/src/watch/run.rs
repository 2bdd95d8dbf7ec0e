//! The loop over news, frames and keys.

use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use ratatui::Frame;

use super::all::Seen;
use super::board::Board;
use super::list::{Asked, List};
use super::model::{Model, Sample};
use super::reader::{Reader, Source, Turn};
use super::screen::{self, Look};
use super::terminal::{self, Guard};
use crate::failure::{Failure, Outcome};
use crate::text::shown;

/// How long the loop waits for a key before it checks for news and signals.
const KEY_WAIT: Duration = Duration::from_millis(50);

/// The screen is drawn again after this time without news, so that a slow reader becomes visible.
const REDRAW: Duration = Duration::from_secs(1);

/// The model of a screen.
pub(super) trait View {
    /// What the source reads.
    type News;

    /// Takes news in.
    fn take(&mut self, news: Self::News);

    /// Returns its list.
    fn list(&mut self) -> &mut List;

    /// Returns the number of rows that match the filter.
    fn count(&self) -> usize;

    /// Handles a key. `page` rows fit on the screen.
    fn key(&mut self, key: KeyEvent, page: usize) -> Asked {
        let count = self.count();
        self.list().key(key, count, page)
    }

    /// Returns whether it is paused.
    fn paused(&mut self) -> &mut bool {
        &mut self.list().paused
    }

    /// Draws itself. Returns the number of rows that fit.
    fn draw(&self, frame: &mut Frame<'_>, look: &Look) -> usize;
}

impl View for Model {
    type News = Sample;

    fn take(&mut self, sample: Sample) {
        self.take(sample);
    }

    fn list(&mut self) -> &mut List {
        &mut self.list
    }

    fn count(&self) -> usize {
        self.matching().count()
    }

    fn draw(&self, frame: &mut Frame<'_>, look: &Look) -> usize {
        screen::draw_model(frame, self, look)
    }
}

impl View for Board {
    type News = Seen;

    fn take(&mut self, seen: Seen) {
        self.take(seen);
    }

    fn list(&mut self) -> &mut List {
        &mut self.list
    }

    fn count(&self) -> usize {
        self.matching().count()
    }

    fn draw(&self, frame: &mut Frame<'_>, look: &Look) -> usize {
        screen::draw_board(frame, self, look)
    }
}

/// Shows a view on the terminal until the user or a signal ends it.
pub(super) fn on_screen<V: View>(
    mut view: V,
    source: impl Source<News = V::News>,
    period: Duration,
) -> Result<Outcome, Failure>
where
    V::News: Send + 'static,
{
    let reader = Reader::start(source, period);
    let mut guard = Guard::enter()?;
    let done = turns(&mut guard, &mut view, &reader);
    let signal = guard.signal();
    drop(guard);
    match signal {
        Some(signal) => Err(terminal::end_by(signal).into()),
        None => done.map(|()| Outcome::Done),
    }
}

fn turns<V: View>(guard: &mut Guard, view: &mut V, reader: &Reader<V::News>) -> Result<(), Failure>
where
    V::News: Send + 'static,
{
    let (mut page, mut drawn, mut heard) = (1, None::<Instant>, Instant::now());
    let mut is_stale = true;
    loop {
        for news in reader.news().ok_or_else(broken)? {
            view.take(news);
            heard = Instant::now();
            is_stale = true;
        }
        if is_stale || drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW) {
            let look = Look::new(heard.elapsed());
            guard.screen.draw(|frame| page = view.draw(frame, &look))?;
            drawn = Some(Instant::now());
            is_stale = false;
        }
        let mut wait = KEY_WAIT;
        // Handle all waiting keys before the next frame.
        while event::poll(wait)? {
            wait = Duration::ZERO;
            is_stale = true;
            if let Event::Key(key) = event::read()? {
                if key.kind == KeyEventKind::Release {
                    continue;
                }
                if !pressed(view, key, page, reader) {
                    return Ok(());
                }
            }
        }
        if guard.signal().is_some() {
            return Ok(());
        }
        if guard.is_taken_again()? {
            (heard, is_stale) = (Instant::now(), true);
        }
    }
}

/// Returns the error for a reader that has panicked.
fn broken() -> Failure {
    let words = terminal::last_words().take().unwrap_or_default();
    Failure::Other(format!("a bug in this program: the thread that reads the segments has panicked: {}", shown(&words)))
}

/// Handles a key. Returns `false` if the program shall end.
fn pressed<V: View>(view: &mut V, key: KeyEvent, page: usize, reader: &Reader<V::News>) -> bool
where
    V::News: Send + 'static,
{
    let before = *view.paused();
    let turn = match view.key(key, page) {
        Asked::Quit => return false,
        Asked::Nothing => None,
        Asked::Next => Some(Turn::Next),
        Asked::Previous => Some(Turn::Previous),
    };
    if let Some(turn) = turn {
        *view.paused() = false;
        reader.turn(turn);
    } else if *view.paused() != before {
        reader.pause(!before);
    }
    true
}
