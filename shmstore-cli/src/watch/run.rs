//! Keys, news and frames, in turn.

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

/// How long keys are waited for before news and signals are looked for.
const PATIENCE: Duration = Duration::from_millis(50);

/// A screen is drawn anew after this time even if nothing is new: who reads slowly shows as such.
const REDRAW: Duration = Duration::from_secs(1);

/// What is shown on a screen.
pub(super) trait View {
    /// What it is told.
    type News;

    /// Takes news in.
    fn take(&mut self, news: Self::News);

    /// Its list.
    fn list(&mut self) -> &mut List;

    /// How many rows the filter lets through.
    fn count(&self) -> usize;

    /// Does what a key says, on a screen with room for so many rows.
    fn key(&mut self, key: KeyEvent, page: usize) -> Asked {
        let count = self.count();
        self.list().key(key, count, page)
    }

    /// Whether it is paused.
    fn paused(&mut self) -> &mut bool {
        &mut self.list().paused
    }

    /// Draws it. Returns how many rows there was room for.
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
        self.let_through().count()
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
        self.let_through().count()
    }

    fn draw(&self, frame: &mut Frame<'_>, look: &Look) -> usize {
        screen::draw_board(frame, self, look)
    }
}

/// Shows a view on the terminal until somebody ends it.
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
        let mut wait = PATIENCE;
        // All keys that are there, then one frame.
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

/// Why there will be no more news.
fn broken() -> Failure {
    let words = terminal::last_words().take().unwrap_or_default();
    Failure::Other(format!("what reads the segments has broken, which is a fault of this program: {}", shown(&words)))
}

/// Does what a key says. False if that is to end.
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
