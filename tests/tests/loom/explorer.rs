//! Every interleaving of some processes, each of which may be killed between any two accesses to memory.
//!
//! The code under test is built against atomics that stop a process before each access. What a process does next
//! depends only on the values that it has got since its step began. So the code runs once for each such history, which
//! is a node of a tree, and the access that follows is noted there. A state is the memory, and a node for each process.
//! Each state is visited once.
//!
//! Memory is sequentially consistent here. Loom shows what orderings matter.

mod access;

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::fmt::{Debug, Write};
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use access::{Access, access, alone, atomics};
use access::{RUNNING, Running, Stopped};

use Access::{Choose, CompareExchange, Peek, Store, Swap};

/// The state of a process between two steps, and what it does in one.
pub(crate) trait Process: Copy + Eq + Hash + Debug {
    /// Executes one step. Returns `None` if the process has ended.
    fn step(self) -> Option<Self>;
}

/// The point that a process has come to.
#[derive(Clone)]
enum Point {
    Before(Access),
    Ended,
    /// It has found a fault.
    Failed(String),
}

struct Node<P> {
    /// The process when its step began.
    began: P,
    /// The node before, and the value that led from there.
    from: Option<(usize, u64)>,
    point: Point,
    to: HashMap<u64, usize>,
}

/// The node of a process that was killed.
const DEAD: u64 = u64::MAX;

/// The processes and memory to explore.
pub(crate) struct Model<P, W, E> {
    pub(crate) memory: Vec<u64>,
    /// A process has its index, plus 1, as its token.
    pub(crate) processes: Vec<P>,
    pub(crate) kills: u32,
    /// Called after each access that changes a word, with the memory before and after it. Returns what is wrong. It may
    /// note something in words of its own.
    pub(crate) watch: W,
    /// Called with the memory of each end, and the tokens of the dead.
    pub(crate) end: E,
}

impl<P, W, E> Model<P, W, E>
where
    P: Process,
    W: Fn(&[u64], &mut [u64], usize) -> Result<(), &'static str>,
    E: Fn(&[u64], &[u64]),
{
    /// Visits all states, and returns their number.
    ///
    /// # Panics
    ///
    /// Panics at the first fault, with the accesses that lead to it.
    pub(crate) fn explore(self) -> usize {
        let mut explorer = Explorer { model: self, nodes: Vec::new(), roots: HashMap::new() };
        explorer.explore()
    }
}

struct Explorer<P, W, E> {
    model: Model<P, W, E>,
    nodes: Vec<Node<P>>,
    roots: HashMap<P, usize>,
}

/// The memory, a node for each process, and the number of kills.
type State = Box<[u64]>;

impl<P, W, E> Explorer<P, W, E>
where
    P: Process,
    W: Fn(&[u64], &mut [u64], usize) -> Result<(), &'static str>,
    E: Fn(&[u64], &[u64]),
{
    fn explore(&mut self) -> usize {
        let (words, processes) = (self.model.memory.len(), self.model.processes.len());
        let mut state = self.model.memory.clone();
        for process in self.model.processes.clone() {
            let node = self.root(process);
            state.push(node as u64);
        }
        state.push(0);
        let mut state = state.into_boxed_slice();
        for process in 0..processes {
            self.peek(&mut state, process);
        }
        let mut visited = HashSet::from([fingerprint(&state)]);
        // The path to the state, with the next way to try in each.
        let mut path = vec![(state, 0_u64, false)];
        while let Some((state, way, goes_on)) = path.last_mut() {
            // A way is a process, and one of its choices. The last of them is its death.
            let (process, choice) = ((*way >> 8) as usize, *way & 0xff);
            if process == processes {
                if !*goes_on {
                    let has_ended =
                        |node: &u64| *node == DEAD || matches!(self.nodes[*node as usize].point, Point::Ended);
                    if !state[words..words + processes].iter().all(has_ended) {
                        self.fail(&path, "the living cannot go on");
                    }
                    let (memory, nodes) = state.split_at(words);
                    let dead: Vec<u64> =
                        (1..).zip(nodes).filter(|(_, node)| **node == DEAD).map(|(token, _)| token).collect();
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.model.end)(memory, &dead))) {
                        self.fail(&path, &message(panic));
                    }
                }
                path.pop();
                continue;
            }
            let node = state[words + process];
            let point = if node == DEAD { Point::Ended } else { self.nodes[node as usize].point.clone() };
            let ways = match point {
                Point::Ended => 0,
                Point::Failed(_) => 1,
                Point::Before(Choose(ways)) => ways,
                Point::Before(_) => 1,
            };
            let may_die = ways > 0 && state[words + processes] < self.model.kills.into();
            *way = if choice < ways.saturating_sub(u64::from(!may_die)) { *way + 1 } else { (process as u64 + 1) << 8 };
            if choice == ways {
                if !may_die {
                    continue;
                }
                let mut next = state.clone();
                next[words + process] = DEAD;
                next[words + processes] += 1;
                if visited.insert(fingerprint(&next)) {
                    path.push((next, 0, false));
                }
                continue;
            }
            let access = match point {
                Point::Failed(message) => self.fail(&path, &message),
                Point::Before(access) => access,
                Point::Ended => unreachable!("it has no way to go on"),
            };
            let mut next = state.clone();
            let (memory, nodes) = next.split_at_mut(words);
            let is_dead = |token: u64| nodes[token as usize - 1] == DEAD;
            let Some(value) = access.execute(memory, is_dead) else { continue };
            *goes_on = true;
            let value = if let Choose(_) = access { choice } else { value };
            if let Store(word, _) | Swap(word, _) | CompareExchange(word, ..) = access {
                if let Err(message) = (self.model.watch)(&state[..words], &mut next[..words], word) {
                    self.fail(&path, message);
                }
            }
            next[words + process] = self.after(node as usize, value) as u64;
            self.peek(&mut next, process);
            if visited.insert(fingerprint(&next)) {
                path.push((next, 0, false));
            }
        }
        visited.len()
    }

    /// Lets the model load words for a process.
    fn peek(&mut self, state: &mut State, process: usize) {
        let place = self.model.memory.len() + process;
        while let Point::Before(Peek(word)) = self.nodes[state[place] as usize].point {
            state[place] = self.after(state[place] as usize, state[word]) as u64;
        }
    }

    /// The node at the beginning of a step.
    fn root(&mut self, process: P) -> usize {
        if let Some(root) = self.roots.get(&process) {
            return *root;
        }
        let root = self.run(process, None);
        self.roots.insert(process, root);
        root
    }

    /// The node after a value was got.
    fn after(&mut self, node: usize, value: u64) -> usize {
        if let Some(after) = self.nodes[node].to.get(&value) {
            return *after;
        }
        let after = self.run(self.nodes[node].began, Some((node, value)));
        self.nodes[node].to.insert(value, after);
        after
    }

    /// Runs a process from the beginning of its step until the access after its last value.
    fn run(&mut self, began: P, from: Option<(usize, u64)>) -> usize {
        let mut values = Vec::new();
        let mut before = from;
        while let Some((node, value)) = before {
            values.push(value);
            before = self.nodes[node].from;
        }
        values.reverse();
        RUNNING.set(Some(Running::Again { values, next: 0, stopped_at: None }));
        let step = catch_unwind(AssertUnwindSafe(|| began.step()));
        let Some(Running::Again { stopped_at, .. }) = RUNNING.take() else { unreachable!("it was put there") };
        let point = match step {
            Ok(Some(next)) => return self.root(next),
            Ok(None) => Point::Ended,
            Err(panic) if panic.is::<Stopped>() => Point::Before(stopped_at.expect("it says where")),
            Err(panic) => Point::Failed(message(panic)),
        };
        self.nodes.push(Node { began, from, point, to: HashMap::new() });
        self.nodes.len() - 1
    }

    fn fail(&self, path: &[(State, u64, bool)], what: &str) -> ! {
        let words = self.model.memory.len();
        let mut story = String::new();
        for states in path.windows(2) {
            let [before, after] = [&states[0].0, &states[1].0];
            let mut moved =
                (0..self.model.processes.len()).filter(|process| before[words + process] != after[words + process]);
            let process = moved.next().unwrap_or(0);
            let (from, to) = (before[words + process], after[words + process]);
            let Node { began, point, .. } = &self.nodes[from as usize];
            let _ = match point {
                _ if to == DEAD => writeln!(story, "{process} is killed in {began:?}"),
                Point::Before(access) => writeln!(story, "{process} {access:x?} in {began:?}"),
                Point::Ended | Point::Failed(_) => Ok(()),
            };
        }
        let memory = path.last().map(|(state, ..)| &state[..words]);
        panic!("{what}, after\n{story}memory: {memory:x?}");
    }
}

fn message(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast::<&'static str>().map_or_else(|_| "a panic".into(), |message| (*message).into()),
    }
}

fn fingerprint(state: &[u64]) -> u128 {
    let mix = |hash: u128, word: &u64| {
        let mixed = (hash ^ u128::from(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        mixed ^ mixed >> 61
    };
    state.iter().fold(0x2545_f491_4f6c_dd1d, mix)
}
