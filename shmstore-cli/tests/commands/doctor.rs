//! `shmstore doctor`.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use super::support::*;

/// The severity and the advice about a subject.
fn about(json: &serde_json::Value, subject: &str) -> (String, String) {
    let finding = json.as_array().unwrap().iter().find(|finding| finding["subject"] == subject);
    let finding = finding.unwrap_or_else(|| panic!("nothing about {subject}: {json}"));
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (text("severity"), text("advice"))
}

#[test]
fn everything_is_looked_at_and_bad_anchor_is_exit_code_1() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let path = store.path().to_str().unwrap();
    let json = run(["doctor", "--json", path]).json();
    for subject in ["shmmni", "shmall", "shmmax", "shm_rmid_forced", "RemoveIPC", "IPC namespace", "leftovers"] {
        about(&json, subject);
    }
    assert_eq!(about(&json, path).0, "ok");
    set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    let text = run(["doctor", path]).with(1).out;
    assert!(text.contains("chmod 700"), "{text}");
    set_permissions(path, Permissions::from_mode(0o777)).unwrap();
    assert_eq!(about(&run(["doctor", "--json", path]).with(1).json(), path).0, "mend");
    let none = scratch.join("none");
    run(["doctor", none.to_str().unwrap()]).with(1);
}

#[test]
fn lock_of_another_program_is_named_with_its_process() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let path = store.path().to_str().unwrap();
    let locked = std::fs::File::open(path).unwrap();
    locked.lock().unwrap();
    let text = run(["doctor", path]).out;
    let process = format!("note  {path}: process {} (", std::process::id());
    assert!(text.contains(&process) && text.contains(") has it locked (`flock`), "), "{text}");
    drop(locked);
    assert!(!run(["doctor", path]).out.contains("has it locked"));
}

#[test]
fn hard_link_is_found_at_its_path() {
    let scratch = Scratch::new();
    scratch.store().open_or_create_named("left").unwrap();
    std::fs::hard_link(scratch.join("rover/left.shm"), scratch.join("rover/right.shm")).unwrap();
    let text = run(["doctor", &scratch.text("rover/right")]).with(1).out;
    assert!(text.contains("is a file with 2 names") && text.contains("create it again"), "{text}");
}

#[test]
fn leftovers_and_a_kernel_that_removes_are_found() {
    alone("doctor::leftovers_and_a_kernel_that_removes_are_found", || {
        let scratch = Scratch::new();
        let json = run(["doctor", "--json"]).json();
        assert_eq!(about(&json, "leftovers").0, "ok");
        assert_eq!(about(&json, "shm_rmid_forced").0, "ok");
        assert_eq!(about(&json, "IPC namespace").0, "note");
        drop(scratch.store().create::<Counter>().unwrap());
        std::fs::remove_dir(scratch.join("rover")).unwrap();
        let json = run(["doctor", "--json"]).with(1).json();
        let (severity, advice) = about(&json, "leftovers");
        assert!(severity == "mend" && advice.contains("shmstore gc"), "{json}");
        run(["gc", "--yes"]).with(0);
        std::fs::write("/proc/sys/kernel/shm_rmid_forced", "1").unwrap();
        std::fs::write("/proc/sys/kernel/shmmni", "5").unwrap();
        let four = [1, 2, 3, 4].map(|key| scratch.plant(key, 4096));
        let json = run(["doctor", "--json"]).with(1).json();
        assert_eq!(about(&json, "shm_rmid_forced").0, "mend");
        // The kernel may remove the segments at once.
        assert_eq!(about(&json, "shmmni").0, if four.iter().any(|shmid| exists(*shmid)) { "mend" } else { "ok" });
    });
}

#[test]
fn object_of_another_format_is_found_at_its_path() {
    alone("doctor::object_of_another_format_is_found_at_its_path", || {
        let scratch = Scratch::new();
        let store = scratch.store();
        drop(store.create::<Counter>().unwrap());
        let shmid = scratch.segments()[0].shmid;
        scratch.remove_at_end(shmid);
        let path = store.path().to_str().unwrap();
        let doctor = || run(["doctor", path]).with(1).out;
        write_over(shmid, 8, 2);
        let text = doctor();
        assert!(text.contains("is other format: format 2") && text.contains("shmstore rm"), "{text}");
        write_over(shmid, 8, 1);
        write_over(shmid, 16, 16);
        let text = doctor();
        let found = "is newer format: flags 0x0010";
        assert!(
            text.contains(found) && text.contains("→ update this program") && !text.contains("shmstore rm"),
            "{text}"
        );
        // Only `--force` removes such an object.
        let ended = run(["rm", "--yes", path]);
        assert!(
            ended
                .err
                .contains("Update this program, or force the removal (`WhileAttached::Remove`, `shmstore rm --force`)"),
            "{ended:?}"
        );
        run(["rm", "--yes", "--force", path]).with(0);
    });
}
