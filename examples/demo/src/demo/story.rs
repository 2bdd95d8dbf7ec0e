//! The demo's story, a scene a function: each shows what happens, and fails if it is not what is promised.

use std::io::{Write, stdout};
use std::path::Path;

use super::actor::Actor;
use super::role::{Role, SAMPLES_A_SECOND};
use super::scene::{Patience, Scene, shmid};
use crate::failure::Failure;
use crate::host_stats::HostStats;
use crate::stop::Stop;

/// The number of samples that pass between two looks.
const A_WHILE: u64 = 5;

/// Shows the story of one object from its creation to its end, with real processes.
///
/// # Errors
///
/// If something is not as it is promised, or if the demo is asked to stop. Everything is cleaned up then, too.
pub fn tell() -> Result<(), Failure> {
    let patience = Patience::new(Stop::on_signal()?);
    // Dropped in the opposite order: first the processes end, then the object goes, then the directory.
    let scene = Scene::set()?;

    say("shmstore demo: one live struct, shared by processes that know a path and a type")?;
    let writer = writer_creates(scene.path(), &patience)?;
    let mut readers = readers_attach(scene.path(), &patience)?;
    let stats = scene.store().attach::<HostStats>()?;
    it_is_live(&mut readers, &stats, &patience)?;
    writer_is_killed(writer, &mut readers, &patience)?;
    let writer = another_goes_on(scene.path(), &mut readers, &stats, &patience)?;
    old_program_is_refused(scene.path(), &patience)?;
    let shmid = shmid(&stats)?;
    drop(stats);
    object_is_removed(&scene, readers, writer, &patience)?;
    patience.wait_until_gone(shmid)?;
    say(&format!("\nSegment {shmid} is gone from `ipcs -m`: nothing is left behind."))
}

fn writer_creates(path: &Path, patience: &Patience) -> Result<Actor, Failure> {
    say(&format!("\n1. A writer creates it, and stores {SAMPLES_A_SECOND} samples of this machine a second."))?;
    start_writer(path, patience)
}

fn start_writer(path: &Path, patience: &Patience) -> Result<Actor, Failure> {
    let writer = Actor::start("writer", &Role::PlayWriter { path: path.into() })?;
    writer.speak(patience)?;
    Ok(writer)
}

fn readers_attach(path: &Path, patience: &Patience) -> Result<[Actor; 2], Failure> {
    say("\n2. Two readers attach to it: the same segment, so the same memory. Nothing is sent.")?;
    let role = Role::PlayReader { path: path.into() };
    let (a, b) = (Actor::start("reader A", &role)?, Actor::start("reader B", &role)?);
    agree([a.speak(patience)?, b.speak(patience)?])?;
    Ok([a, b])
}

fn it_is_live(readers: &mut [Actor; 2], stats: &HostStats, patience: &Patience) -> Result<(), Failure> {
    say("\n3. It is live. Each look finds the newest sample.")?;
    for _ in 0..2 {
        patience.let_pass(A_WHILE, stats)?;
        ask_both(readers, patience)?;
    }
    Ok(())
}

fn writer_is_killed(mut writer: Actor, readers: &mut [Actor; 2], patience: &Patience) -> Result<(), Failure> {
    say(&format!("\n4. The writer, pid {}, is killed (SIGKILL). What it stored last stays, whole.", writer.pid()))?;
    writer.kill()?;
    agree(ask_both(readers, patience)?)
}

fn another_goes_on(
    path: &Path,
    readers: &mut [Actor; 2],
    stats: &HostStats,
    patience: &Patience,
) -> Result<Actor, Failure> {
    say("\n5. Another writer goes on with the same object. The readers need not do anything for it.")?;
    let writer = start_writer(path, patience)?;
    patience.let_pass(A_WHILE, stats)?;
    ask_both(readers, patience)?;
    Ok(writer)
}

fn old_program_is_refused(path: &Path, patience: &Patience) -> Result<(), Failure> {
    say("\n6. A program that was built from an older `HostStats` is refused, and told why:")?;
    let program = Actor::start("program", &Role::PlayOldProgram { path: path.into() })?;
    while let Some(line) = program.next_line(patience)? {
        say(&format!("   {line}"))?;
    }
    if program.end(patience)?.success() {
        return Err("a program with another layout was let in".into());
    }
    Ok(())
}

fn object_is_removed(scene: &Scene, [a, b]: [Actor; 2], writer: Actor, patience: &Patience) -> Result<(), Failure> {
    say("\n7. The object is removed. Processes that have it attached notice, and are not harmed.")?;
    scene.store().remove::<HostStats>()?;
    for actor in [a, b, writer] {
        actor.speak(patience)?;
        if !actor.end(patience)?.success() {
            return Err("a process did not end as it should".into());
        }
    }
    Ok(())
}

fn ask_both([a, b]: &mut [Actor; 2], patience: &Patience) -> Result<[String; 2], Failure> {
    Ok([a.ask(patience)?, b.ask(patience)?])
}

/// Checks that two processes see the same.
fn agree([a, b]: [String; 2]) -> Result<(), Failure> {
    if a == b { Ok(()) } else { Err(format!("the readers do not agree:\n  {a}\n  {b}").into()) }
}

fn say(text: &str) -> Result<(), Failure> {
    Ok(writeln!(stdout(), "{text}")?)
}
