//! Positions that survive their traders: `cargo run --example quotes`.
//!
//! The program starts three processes. A feed inserts quotes of symbols that come at run time, and updates them. Two
//! traders read the quotes, buy, and keep their positions in another map. All three are killed (SIGKILL) again and
//! again, wherever they are. A new process goes on with what it finds. A purchase changes one value, which says how
//! much was bought. So none is lost, and none is made twice.
//!
//! `examples/python/panel.py` shows the market meanwhile, and pauses it.

#![forbid(unsafe_code)]

use shmstore::{AtomicValue, FixedString, InvalidValue, Map, Shared, ShmKey, ShmObject, ShmValue, Store, WaitError};
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::process::parent_id;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;
use std::thread::sleep;
use std::time::Duration;

const CURRENCIES: [&str; 7] = ["EUR", "USD", "GBP", "JPY", "CHF", "NOK", "SEK"];
const ROLES: [&str; 3] = ["feed", "buy-all", "buy-one"];
const ROUNDS: u64 = 200;

type Symbol = FixedString<12>;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Quote {
    bid: f64,
    ask: f64,
    offered: u64, // lots since the start
}

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[repr(C)]
struct PositionKey {
    account: u32,
    symbol: Symbol,
}

#[derive(Clone, Copy, Default, ShmValue)]
#[repr(C)]
struct Position {
    lots: u64,
    paid: f64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'Q')]
struct Market {
    paused: AtomicValue<bool>,
    quotes: Map<Symbol, Quote, 64>,
    positions: Map<PositionKey, Position, 128>,
}

impl Market {
    /// Publishes one round of quotes. Each round has one more symbol, until all are there.
    fn feed(&self, symbols: &[Symbol]) -> Result<(), Box<dyn Error>> {
        // The first symbol comes last, so its quote tells how many rounds are complete.
        let round = self.quotes.get(&symbols[0])?.map_or(1, |quote| quote.offered + 1);
        if round <= ROUNDS && !self.paused.load_checked(Relaxed)? {
            let bid = 100.0 + round as f64 / 100.0;
            for symbol in symbols.iter().take(round as usize).rev() {
                self.quotes.insert(*symbol, Quote { bid, ask: bid + 0.01, offered: round })?;
            }
        }
        sleep(Duration::from_millis(5));
        Ok(())
    }

    /// Buys all lots of a quote that an account has not bought yet.
    fn buy(&self, account: u32, symbol: Symbol, quote: Quote) -> Result<(), Box<dyn Error>> {
        let key = PositionKey { account, symbol };
        self.positions.get_or_insert_with(key, Position::default)?;
        self.positions.update(&key, |position| {
            let lots = quote.offered - position.lots;
            position.paid += lots as f64 * quote.ask;
            position.lots += lots;
        })?;
        Ok(())
    }

    /// Waits until a symbol comes, or for a moment. Then it buys of every symbol.
    fn buy_all(&self, seen: u64) -> Result<u64, Box<dyn Error>> {
        let seen = match self.quotes.wait_changed(seen, Duration::from_millis(10)) {
            Err(WaitError::Timeout { .. }) => seen,
            changes => changes?,
        };
        for quote in &self.quotes {
            let (symbol, quote) = quote?;
            self.buy(1, symbol, quote)?;
        }
        Ok(seen)
    }

    /// Waits for a newer quote of one symbol, even before this symbol comes, and buys of it.
    fn buy_one(&self, symbol: Symbol, seen: u64) -> Result<u64, Box<dyn Error>> {
        match self.quotes.wait_newer(&symbol, seen, Duration::from_millis(100)) {
            Err(WaitError::Timeout { .. }) => Ok(seen),
            newer => {
                let (version, quote) = newer?;
                self.buy(2, symbol, quote)?;
                Ok(version)
            }
        }
    }

    /// Returns how many lots all accounts have bought.
    fn lots(&self) -> Result<u64, InvalidValue> {
        self.positions.iter().map(|entry| entry.map(|(_, position)| position.lots)).sum()
    }

    /// Checks that nothing is lost, and returns the end of the story.
    fn audit(&self) -> Result<String, Box<dyn Error>> {
        let (quotes, positions) = (self.quotes.len(), self.positions.len());
        for symbol in symbols()? {
            let offered = self.quotes.get(&symbol)?.map(|quote| quote.offered);
            let key = PositionKey { account: 1, symbol };
            let bought = self.positions.get(&key)?.map(|position| position.lots);
            if (offered, bought) != (Some(ROUNDS), Some(ROUNDS)) {
                return Err(format!("of {symbol}, {offered:?} lots were offered and {bought:?} bought").into());
            }
        }
        if (quotes, positions) != (self.quotes.keys().count(), self.positions.keys().count()) {
            return Err(format!("the maps have not the {quotes} and {positions} keys that they say").into());
        }
        Ok(format!("{quotes} quotes, {positions} positions, {} lots", self.lots()?))
    }
}

fn symbols() -> Result<Vec<Symbol>, Box<dyn Error>> {
    let pairs = CURRENCIES.iter().flat_map(|first| CURRENCIES.iter().map(move |second| (first, second)));
    let pairs = pairs.filter(|(first, second)| first != second);
    Ok(pairs.map(|(first, second)| Symbol::try_from(&*format!("{first}{second}"))).collect::<Result<_, _>>()?)
}

/// Works until this process is killed. If its parent is gone, removes the object and ends.
fn work(role: &str) -> Result<(), Box<dyn Error>> {
    let store = Store::open("./quotes-market")?;
    let market = store.attach::<Market>()?;
    let creator = Shared::info(&market).and_then(|info| info.creator_pid);
    let (symbols, mut seen) = (symbols()?, 0);
    while creator == Some(parent_id()) {
        match role {
            "feed" => market.feed(&symbols)?,
            "buy-all" => seen = market.buy_all(seen)?,
            _ => seen = market.buy_one(symbols[0], seen)?,
        }
    }
    Ok(store.remove::<Market>()?)
}

fn start(role: &str) -> Result<Child, std::io::Error> {
    Command::new(std::env::current_exe()?).arg(role).stderr(Stdio::null()).spawn()
}

/// Kills one process after the other until all is bought, and returns how many.
fn supervise(market: &Market, processes: &mut [Child]) -> Result<u32, Box<dyn Error>> {
    let expected = ROUNDS * (symbols()?.len() as u64 + 1); // all symbols, and one of them once more
    let mut killed = 0;
    while market.lots()? < expected {
        sleep(Duration::from_millis(10));
        let unlucky = RandomState::new().hash_one(0) as usize % ROLES.len();
        processes[unlucky].kill()?;
        processes[unlucky].wait()?;
        processes[unlucky] = start(ROLES[unlucky])?;
        killed += 1;
    }
    Ok(killed)
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(role) = std::env::args().nth(1) {
        return work(&role);
    }
    let store = Store::open_or_create("./quotes-market")?;
    let market = store.replace::<Market>()?;
    println!("{ROUNDS} rounds of quotes, in segment {}", Shared::info(&market).map_or(0, |info| info.shmid));

    let mut processes = ROLES.map(start).into_iter().collect::<Result<Vec<_>, _>>()?;
    let killed = supervise(&market, &mut processes);
    for process in &mut processes {
        process.kill()?;
        process.wait()?;
    }
    let story = market.audit();
    store.remove::<Market>()?;
    std::fs::remove_dir("./quotes-market")?; // after its objects
    println!("{} processes killed: {}", killed?, story?);
    Ok(())
}
