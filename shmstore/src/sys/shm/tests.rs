use super::*;

/// A segment without a key, which ends with its last mapping.
fn private(size: usize, flags: libc::c_int) -> Result<Unread, Errno> {
    // SAFETY: takes numbers only.
    let shmid = Errno::result(unsafe { libc::shmget(libc::IPC_PRIVATE, size, 0o600 | flags) })?;
    let attached = attach(shmid, Access::ReadOnly);
    remove(shmid)?;
    attached.map(|(unread, _)| unread)
}

#[test]
fn ordinary_segment_is_readable_whatever_its_size() {
    for size in [1, ordinary_page_size(), 5 << 20, 64 << 20] {
        let mapping = private(size, 0).unwrap().readable().unwrap();
        assert_eq!(mapping.check_readable(&(0..mapping.len())), Ok(()));
        assert_eq!(kernel_page_size(mapping.base().addr().get()), Some(ordinary_page_size()));
    }
}

#[test]
fn page_that_fails_is_found_before_it_is_read() {
    let page = ordinary_page_size();
    let mapping = private(4 * page, 0).unwrap().readable().unwrap();
    mapping.break_pages(&(2 * page..3 * page));
    let check = |range: Range<usize>| mapping.check_readable(&range);
    assert_eq!(check(0..2 * page), Ok(()));
    assert_eq!(check(2 * page - 1..2 * page), Ok(()));
    assert_eq!(check(2 * page - 1..2 * page + 1), Err(Unreadable::Page));
    assert_eq!(check(3 * page - 1..3 * page), Err(Unreadable::Page));
    assert_eq!(check(3 * page..4 * page), Ok(()));
    assert_eq!(check(0..4 * page), Err(Unreadable::Page));
    let by_signal_set = [0, 1, 2, 3].map(|number| mapping.is_readable_by_signal_set(number * page));
    assert_eq!(by_signal_set, [true, true, false, true]);
}

/// Needs the right to lock memory. Tests with several processes check what others see of such a segment.
#[test]
fn segment_on_huge_pages_is_known_by_each_sign_of_them() {
    let unread = match private(PAGE, libc::SHM_HUGETLB | libc::SHM_NORESERVE) {
        Ok(unread) => unread,
        Err(errno) => return eprintln!("skipped: no segment on huge pages: {errno}"),
    };
    let address = unread.0.base().addr().get();
    assert_eq!(address % SMALLEST_HUGE_PAGE, 0);
    assert!(kernel_page_size(address).is_some_and(|size| size > ordinary_page_size()));
    assert_eq!(unread.0.check_readable(&(0..PAGE)), Err(Unreadable::Page), "or there are huge pages");
    assert!(!unread.0.is_readable_by_signal_set(0));
    assert_eq!(unread.readable().err(), Some(Unreadable::HugePages));
}
