//! The words that C, C++ and their headers keep for themselves.

use std::collections::HashSet;

use super::super::names::{identifier, words};
use super::COMMON;

/// Keywords of C11 and C++17, and lower-case words that are macros or functions of headers that are included.
const RESERVED: &str = "
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    alignas alignof and and_eq asm bitand bitor bool catch char16_t char32_t class compl const_cast constexpr decltype
    delete dynamic_cast explicit export false friend mutable namespace new noexcept not not_eq nullptr operator or or_eq
    private protected public reinterpret_cast requires static_assert static_cast template this thread_local throw true try
    typeid typename using virtual wchar_t xor xor_eq concept co_await co_return co_yield char8_t typeof
    linux unix i386 errno stdin stdout stderr assert offsetof alloca noreturn complex imaginary
    st_atime st_mtime st_ctime major minor makedev atomic_init sigmask si_pid sa_handler
    shm_open shm_unlink shm_info shm_perm shm_segsz
";

/// What no member is named: the common part has no macro of small letters.
pub(super) fn not_members() -> HashSet<String> {
    words(RESERVED)
}

/// What no type, function or macro is named: every word of the common part besides.
pub(super) fn reserved() -> HashSet<String> {
    let mut reserved = not_members();
    reserved.extend(words(COMMON));
    reserved
}

/// The name of a member: no macro has it, as those are of capital letters, or reserved.
pub(super) fn member(name: &str) -> String {
    let made = identifier(name);
    let may_be_macro = made.len() > 1 && !made.contains(|letter: char| letter.is_ascii_lowercase());
    if may_be_macro { format!("{made}_") } else { made }
}
