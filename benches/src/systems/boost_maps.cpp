// Boost's `unordered_map` in a managed System V segment, under an `interprocess_mutex`, as its documentation shows it.
// A call from Rust counts for each operation, which takes ten times as long or longer.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>

#include <boost/functional/hash.hpp>
#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/managed_xsi_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <boost/interprocess/xsi_key.hpp>
#include <boost/interprocess/xsi_shared_memory.hpp>
#include <boost/unordered_map.hpp>

namespace {

using namespace boost::interprocess;
using Guard = scoped_lock<interprocess_mutex>;
using Segment = managed_xsi_shared_memory;
using Value = std::array<std::uint64_t, 8>;
using Pair = std::pair<const std::uint64_t, Value>;
using Memory = allocator<Pair, Segment::segment_manager>;
using Entries =
    boost::unordered_map<std::uint64_t, Value, boost::hash<std::uint64_t>, std::equal_to<std::uint64_t>, Memory>;

constexpr boost::uint8_t kId = 'S';
constexpr char kName[] = "map";

struct Shared {
    interprocess_mutex mutex;
    Entries entries;

    explicit Shared(Segment& segment) : entries(Memory(segment.get_segment_manager())) {}
};

struct Side {
    Segment segment;
    Shared* shared;

    explicit Side(Segment&& of) : segment(std::move(of)), shared(segment.find_or_construct<Shared>(kName)(segment)) {}
};

// No exception may leave: -1 is an error.
template <typename Work>
int answer(Work work) try {
    return work();
} catch (...) {
    return -1;
}

} // namespace

extern "C" {

Side* boost_map_create(const char* anchor, std::size_t bytes) try {
    return new Side(Segment(create_only, xsi_key(anchor, kId), bytes));
} catch (...) {
    return nullptr;
}

Side* boost_map_open(const char* anchor) try {
    return new Side(Segment(open_only, xsi_key(anchor, kId)));
} catch (...) {
    return nullptr;
}

void boost_map_close(Side* side) { delete side; }

// 1: the key is there.
int boost_map_get(Side* side, std::uint64_t key, unsigned char* into) {
    return answer([&] {
        Guard guard(side->shared->mutex);
        const auto found = side->shared->entries.find(key);
        if (found == side->shared->entries.end()) return 0;
        std::memcpy(into, found->second.data(), sizeof(Value));
        return 1;
    });
}

// 1: the key is new.
int boost_map_insert(Side* side, std::uint64_t key, const unsigned char* from) {
    return answer([&] {
        Value value;
        std::memcpy(value.data(), from, sizeof value);
        Guard guard(side->shared->mutex);
        const auto at = side->shared->entries.emplace(key, value);
        if (!at.second) at.first->second = value;
        return static_cast<int>(at.second);
    });
}

// 1: the key was there.
int boost_map_remove(Side* side, std::uint64_t key) {
    return answer([&] {
        Guard guard(side->shared->mutex);
        return static_cast<int>(side->shared->entries.erase(key));
    });
}

using See = void (*)(void* context, std::uint64_t key);

int boost_map_each(Side* side, unsigned char* into, void* context, See see) {
    return answer([&] {
        Guard guard(side->shared->mutex);
        for (const auto& entry : side->shared->entries) {
            std::memcpy(into, entry.second.data(), sizeof(Value));
            see(context, entry.first);
        }
        return 0;
    });
}

std::size_t boost_map_used(Side* side) { return side->segment.get_size() - side->segment.get_free_memory(); }

// Creates a map, closes and removes it.
int boost_map_create_and_remove(const char* anchor, std::size_t bytes) {
    return answer([&] {
        const xsi_key key(anchor, kId);
        Side{Segment(create_only, key, bytes)};
        xsi_shared_memory::remove(xsi_shared_memory(open_only, key).get_shmid());
        return 0;
    });
}

} // extern "C"
