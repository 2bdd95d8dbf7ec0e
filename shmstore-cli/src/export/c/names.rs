//! The words that C, C++ and their headers reserve.

use std::collections::HashSet;

use super::super::names::{identifier, words};
use super::{COMMON, MAPS};

/// Keywords of C11, C++17 and their successors, number types, and lower-case macros and functions of headers that a
/// program may include.
const RESERVED: &str = "
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    alignas alignof and and_eq asm bitand bitor bool catch char16_t char32_t class compl const_cast constexpr decltype
    delete dynamic_cast explicit export false friend mutable namespace new noexcept not not_eq nullptr operator or or_eq
    private protected public reinterpret_cast requires static_assert static_cast template this thread_local throw true try
    typeid typename using virtual wchar_t xor xor_eq concept co_await co_return co_yield char8_t typeof
    consteval constinit typeof_unqual uint8_t uint16_t uint32_t uint64_t int8_t int16_t int32_t int64_t
    linux unix i386 errno stdin stdout stderr assert offsetof alloca noreturn complex imaginary
    true false h_errno math_errhandling st_atime st_mtime st_ctime major minor makedev atomic_init sigmask
    si_pid si_uid si_value si_int si_ptr si_status si_utime si_stime si_timerid si_overrun si_addr si_addr_lsb si_lower
    si_upper si_pkey si_band si_fd si_call_addr si_syscall si_arch sa_handler sa_sigaction sigev_notify_function
    sigev_notify_attributes sched_priority d_fileno msg_cbytes h_addr s6_addr s6_addr16 s6_addr32 ifa_broadaddr ifa_dstaddr
    ifc_buf ifc_req ifr_name ifr_hwaddr ifr_addr ifr_dstaddr ifr_broadaddr ifr_netmask ifr_flags ifr_metric ifr_mtu ifr_map
    ifr_slave ifr_data ifr_ifindex ifr_bandwidth ifr_qlen ifr_newname
    shm_open shm_unlink shm_info shm_perm shm_segsz
";

/// Returns the names that no member may have. The words of the common part are allowed, because it has no lower-case
/// macro.
pub(super) fn not_members() -> HashSet<String> {
    words(RESERVED)
}

/// Returns the names that no type, function or macro may have: also all words of the common part.
pub(super) fn reserved() -> HashSet<String> {
    let mut reserved = not_members();
    reserved.extend([COMMON, MAPS].into_iter().flat_map(words));
    reserved
}

/// Makes the name of a member differ from every type and every macro.
///
/// - The types and macros of generated headers begin with `shm`. In C++, a member cannot have the name of a type in its
///   struct.
/// - Other macros are reserved words, or begin with a capital that is followed by a capital, a `_` or a digit:
///   `EINVAL`, `PRIu64`, `SYS_read`, `P_tmpdir`.
pub(super) fn member(name: &str) -> String {
    let made = identifier(name);
    if ["shm_", "shmstore_"].iter().any(|prefix| made.to_lowercase().starts_with(prefix)) {
        return format!("f_{made}");
    }
    let mut letters = made.chars();
    let is_capital = letters.next().is_some_and(|first| first.is_ascii_uppercase());
    let may_be_macro = letters.next().is_some_and(|second| is_capital && !second.is_ascii_lowercase());
    if may_be_macro { format!("{made}_") } else { made }
}
