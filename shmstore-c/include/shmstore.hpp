// shmstore.hpp: shmstore.h with destructors, exceptions and types, for C++17.
//
// It has no code of its own but what is here. Each handle is a std::unique_ptr that frees it, and get() gives it to the
// functions of shmstore.h. A code other than SHMSTORE_OK becomes a shmstore::error. A value is any type that can be
// copied as bytes, and its size is compared with that in shared memory. Headers of `shmstore schema --c` compare the
// whole type.
#ifndef SHMSTORE_HPP
#define SHMSTORE_HPP

#include "shmstore.h"

#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace shmstore {

class error : public std::runtime_error {
public:
    explicit error(shmstore_code code) : std::runtime_error(shmstore_error_text()), code_(code) {}
    shmstore_code code() const noexcept { return code_; }

private:
    shmstore_code code_;
};

inline void check(shmstore_code code)
{
    if (code != SHMSTORE_OK)
        throw error(code);
}

// A time limit: of std::chrono, or shmstore::forever.
class limit {
public:
    constexpr explicit limit(std::int64_t nanoseconds) : nanoseconds(nanoseconds) {}
    template <class Rep, class Period>
    constexpr limit(std::chrono::duration<Rep, Period> time)
        : nanoseconds(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count())
    {
    }
    std::int64_t nanoseconds;
};
inline constexpr limit forever{SHMSTORE_FOREVER};
inline constexpr limit never{0};

struct closer {
    void operator()(shmstore_store *handle) const noexcept { shmstore_store_close(handle); }
    void operator()(shmstore_object *handle) const noexcept { shmstore_object_detach(handle); }
    void operator()(shmstore_part *handle) const noexcept { shmstore_part_close(handle); }
    void operator()(shmstore_transaction *handle) const noexcept { shmstore_transaction_rollback(handle); }
    void operator()(shmstore_guard *handle) const noexcept { shmstore_guard_unlock(handle); }
    void operator()(shmstore_job *handle) const noexcept { shmstore_job_return(handle); }
    void operator()(shmstore_subscriber *handle) const noexcept { shmstore_subscriber_close(handle); }
    void operator()(shmstore_entries *handle) const noexcept { shmstore_entries_close(handle); }
    void operator()(shmstore_loan *handle) const noexcept { shmstore_loan_return(handle); }
    void operator()(shmstore_pin *handle) const noexcept { shmstore_pin_release(handle); }
    void operator()(char *text) const noexcept { shmstore_text_free(text); }
};
using store = std::unique_ptr<shmstore_store, closer>;
using object = std::unique_ptr<shmstore_object, closer>;
using part = std::unique_ptr<shmstore_part, closer>;
using transaction = std::unique_ptr<shmstore_transaction, closer>; // get() for its value, release() for its commit
using guard = std::unique_ptr<shmstore_guard, closer>;
using job = std::unique_ptr<shmstore_job, closer>;
using subscriber = std::unique_ptr<shmstore_subscriber, closer>;
using entries = std::unique_ptr<shmstore_entries, closer>;
using loan = std::unique_ptr<shmstore_loan, closer>;
using pin = std::unique_ptr<shmstore_pin, closer>;

// Calls a function whose last argument receives a handle: make<shmstore_guard>(shmstore_lock_lock, lock.get(), -1).
template <class Handle, class Function, class... Arguments>
std::unique_ptr<Handle, closer> make(Function function, Arguments... arguments)
{
    Handle *handle = nullptr;
    check(function(arguments..., &handle));
    return std::unique_ptr<Handle, closer>(handle);
}

inline store open(const std::string &path) { return make<shmstore_store>(shmstore_store_open, path.c_str()); }

inline store create(const std::string &path, std::uint32_t mode = 0)
{
    return make<shmstore_store>(shmstore_store_create, path.c_str(), mode);
}

inline object attach(const store &from, char id)
{
    return make<shmstore_object>(shmstore_object_attach, from.get(), id);
}

inline part open(const object &from, const std::string &path)
{
    return make<shmstore_part>(shmstore_part_open, from.get(), path.c_str());
}

inline std::string get_text(const object &from, const std::string &path)
{
    return make<char>(shmstore_get_text, from.get(), path.c_str()).get();
}

inline void set_text(const object &to, const std::string &path, const std::string &text, limit within = forever)
{
    check(shmstore_set_text(to.get(), path.c_str(), text.c_str(), within.nanoseconds));
}

template <class Value>
constexpr void check_value()
{
    static_assert(std::is_trivially_copyable_v<Value>, "a value is copied as bytes");
}

// Reads an atomic, or the newest version of a Versioned, whose number `version` receives.
template <class Value>
Value read(const part &from, std::uint64_t *version = nullptr)
{
    check_value<Value>();
    Value value;
    if (shmstore_part_kind(from.get()) == SHMSTORE_KIND_ATOMIC)
        check(shmstore_atomic_load(from.get(), &value, sizeof value));
    else
        check(shmstore_versioned_load(from.get(), &value, sizeof value, version));
    return value;
}

// Writes an atomic or a Versioned.
template <class Value>
void write(const part &to, const Value &value, limit within = forever)
{
    check_value<Value>();
    if (shmstore_part_kind(to.get()) == SHMSTORE_KIND_ATOMIC)
        check(shmstore_atomic_store(to.get(), &value, sizeof value));
    else
        check(shmstore_versioned_store(to.get(), &value, sizeof value, within.nanoseconds, nullptr));
}

// Changes a Versioned: no other store comes in between. Nothing changes if `change` throws. Returns the new version.
template <class Value, class Change>
std::uint64_t update(const part &of, Change &&change, limit within = forever)
{
    check_value<Value>();
    auto begun = make<shmstore_transaction>(shmstore_transaction_begin, of.get(), within.nanoseconds);
    if (shmstore_part_size(of.get(), SHMSTORE_VALUE) != sizeof(Value))
        throw std::length_error("the type of this program has another size than that of the part");
    Value value;
    std::memcpy(&value, shmstore_transaction_value(begun.get()), sizeof value);
    std::forward<Change>(change)(value);
    std::memcpy(shmstore_transaction_value(begun.get()), &value, sizeof value);
    std::uint64_t version = 0;
    check(shmstore_transaction_commit(begun.release(), &version));
    return version;
}

// Waits for a version, a notification, an item or a frame that is newer than `seen`. Returns false if none came.
inline bool wait(const part &of, std::uint64_t seen, limit within = forever)
{
    shmstore_code code = shmstore_wait(of.get(), seen, within.nanoseconds);
    if (code != SHMSTORE_TIMEOUT)
        check(code);
    return code == SHMSTORE_OK;
}

template <class Item>
void push(const part &queue, const Item &item, limit within = forever)
{
    check_value<Item>();
    check(shmstore_queue_push(queue.get(), &item, sizeof item, within.nanoseconds));
}

// Pops an item. Returns nothing if there is none within the limit.
template <class Item>
std::optional<Item> pop(const part &queue, limit within = forever)
{
    check_value<Item>();
    Item item;
    shmstore_code code = shmstore_queue_pop(queue.get(), &item, sizeof item, within.nanoseconds);
    if (code == SHMSTORE_EMPTY)
        return std::nullopt;
    check(code);
    return item;
}

// Looks a key up. Returns nothing if it is not in the map.
template <class Value, class Key>
std::optional<Value> get(const part &map, const Key &key)
{
    check_value<Value>();
    check_value<Key>();
    Value value;
    shmstore_code code = shmstore_map_get(map.get(), &key, sizeof key, &value, sizeof value, nullptr);
    if (code == SHMSTORE_NO_KEY)
        return std::nullopt;
    check(code);
    return value;
}

// Inserts a key, or stores its value. Returns true if the key is new.
template <class Key, class Value>
bool insert(const part &map, const Key &key, const Value &value, limit within = forever)
{
    check_value<Key>();
    check_value<Value>();
    int is_new = 0;
    check(shmstore_map_insert(map.get(), &key, sizeof key, &value, sizeof value, within.nanoseconds, &is_new));
    return is_new != 0;
}

} // namespace shmstore

#endif // SHMSTORE_HPP
