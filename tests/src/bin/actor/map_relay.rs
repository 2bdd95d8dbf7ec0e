//! Passes turns between two processes by the keys and values of maps, as fast as it can, to find wake-ups that are lost.
//!
//! `turns.rs` says how it listens and answers. Side `s` brings news in map `s`, and waits for news in the other.

use std::fmt::Display;
use std::hint::spin_loop;

use shmstore::{Map, WaitError};
use shmstore_tests::objects::Rounds;

use super::turns::{self, Outcome, Relay, TIME, in_time};
use super::waits::Waits;

const KEY: u64 = 7;

type Turns = Map<u64, u64, 2>;

pub(crate) fn play() {
    turns::play(|relay, turns: &Rounds, way| {
        let (ours, theirs) = (&turns.maps[relay.side], &turns.maps[1 - relay.side]);
        match way {
            "inserts" => relay.insert_in_turn(ours, theirs),
            "removes" => relay.remove_in_turn(ours, theirs),
            "changes" => relay.change_in_turn(ours, theirs),
            "returns" => relay.return_in_turn(ours, theirs),
            "updates" | "stores" | "leased" => relay.store_to_key(way, ours, theirs),
            other => panic!("no way `{other}`"),
        }
    });
}

impl Relay {
    /// The key comes, and the other side removes it.
    fn insert_in_turn(&mut self, ours: &Turns, theirs: &Turns) -> Outcome {
        self.take_turns(
            |round| ours.insert(round, round).map(|old| assert_eq!(old, None)).map_err(text),
            |waits, round| {
                let (_, value) = wait_newer(waits, theirs, round, round, 0)?;
                assert_eq!((value, theirs.remove(&round).map_err(text)?), (round, Some(round)));
                Ok(())
            },
        )
    }

    /// The key goes, and the side that has its entry is told. Then it comes again.
    fn remove_in_turn(&mut self, ours: &Turns, theirs: &Turns) -> Outcome {
        const READY: u64 = 8;
        ours.insert(KEY, 0).map_err(text)?;
        let mut seen = in_time(0, || theirs.wait_newer(&KEY, 0, TIME))?.0;
        let mut entry = theirs.entry(&KEY).ok_or("no entry")?;
        ours.insert(READY, 0).map_err(text)?;
        in_time(0, || theirs.wait_newer(&READY, 0, TIME))?;
        self.take_turns(
            |round| {
                assert_eq!(ours.remove(&KEY).map_err(text)?, Some(round - 1));
                ours.insert(KEY, round).map(drop).map_err(text)
            },
            |waits, round| {
                in_time(round, || match entry.wait_newer(seen, TIME) {
                    Err(WaitError::EntryRemoved(_)) => Ok(()),
                    other => Err(format!("{other:?}")),
                })?;
                let (version, value) = wait_newer(waits, theirs, round, KEY, seen)?;
                assert_eq!(value, round);
                seen = version;
                entry = theirs.entry(&KEY).ok_or("the key is gone")?;
                Ok(())
            },
        )
    }

    /// Keys come and go, by turns.
    fn change_in_turn(&mut self, ours: &Turns, theirs: &Turns) -> Outcome {
        self.take_turns(
            |round| match round & 1 {
                1 => ours.insert(KEY, round).map(drop).map_err(text),
                _ => ours.remove(&KEY).map(drop).map_err(text),
            },
            |waits, round| {
                let changed = || theirs.changed(round - 1);
                let changes = waits.wait(round, || theirs.wait_changed(round - 1, TIME), changed, changed)?;
                assert_eq!((changes, theirs.contains_key(&KEY)), (round, round & 1 == 1));
                Ok(())
            },
        )
    }

    /// The key goes and comes again while the other side waits for its next version, by the key.
    fn return_in_turn(&mut self, ours: &Turns, theirs: &Turns) -> Outcome {
        let mut random = self.random.clone();
        let mut seen = 0;
        self.take_turns(
            |round| {
                ours.remove(&KEY).map_err(text)?;
                (0..random.within(0..100)).for_each(|_| spin_loop());
                ours.insert(KEY, round).map(drop).map_err(text)
            },
            |waits, round| {
                let (version, value) = wait_newer(waits, theirs, round, KEY, seen)?;
                assert_eq!(value, round);
                seen = version;
                Ok(())
            },
        )
    }

    fn store_to_key(&mut self, way: &str, ours: &Turns, theirs: &Turns) -> Outcome {
        ours.insert(KEY, 0).map_err(text)?;
        let entry = ours.entry(&KEY).ok_or("no entry")?;
        let mut writer = if way == "leased" { Some(entry.writer().map_err(text)?) } else { None };
        in_time(0, || theirs.wait_newer(&KEY, 0, TIME))?;
        // Version 1 is the inserted value. The other side may have stored the next one already.
        let mut seen = 1;
        let their_entry = theirs.entry(&KEY).ok_or("no entry of the other side")?;
        self.take_turns(
            |round| {
                match (&mut writer, way) {
                    (Some(writer), _) => drop(writer.store(round)),
                    (None, "stores") => drop(entry.store(round).map_err(text)?),
                    (None, _) => drop(ours.update(&KEY, |value| *value = round).map_err(text)?),
                }
                Ok(())
            },
            |waits, round| {
                let newer = || their_entry.newer(seen);
                let (version, value) = match round & 1 {
                    1 => wait_newer(waits, theirs, round, KEY, seen)?,
                    _ => waits.wait(round, || their_entry.wait_newer(seen, TIME), newer, newer)?,
                };
                assert_eq!(value, round);
                seen = version;
                Ok(())
            },
        )
    }
}

fn wait_newer(waits: &mut Waits, map: &Turns, round: u64, key: u64, seen: u64) -> Result<(u64, u64), String> {
    let newer = || map.newer(&key, seen);
    waits.wait(round, || map.wait_newer(&key, seen, TIME), newer, newer)
}

fn text(error: impl Display) -> String {
    error.to_string()
}
