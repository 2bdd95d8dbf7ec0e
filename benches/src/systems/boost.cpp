// Boost.Interprocess, as its users write it: a System V segment, an `interprocess_mutex` in it, and the guarded value.
// The loops are here, so that no call from Rust counts against it. Sizes are constants, so that copies are inlined.
// A call counts for the message queue alone, whose operations take ten times as long or longer.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>

#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <boost/interprocess/xsi_key.hpp>
#include <boost/interprocess/xsi_shared_memory.hpp>

namespace {

using namespace boost::interprocess;
using Guard = scoped_lock<interprocess_mutex>;

constexpr boost::uint8_t kId = 'S';

struct Header {
    interprocess_mutex mutex;
    std::uint64_t count;
};

// The value begins on a cache line of its own, away from the mutex.
constexpr std::size_t kValue = 128;
static_assert(sizeof(Header) <= kValue, "the mutex and the value overlap");

struct Side {
    mapped_region region;
    Header* header;
    unsigned char* value;

    explicit Side(xsi_shared_memory& segment)
        : region(segment, read_write),
          header(static_cast<Header*>(region.get_address())),
          value(static_cast<unsigned char*>(region.get_address()) + kValue) {}
};

// The compiler has to assume that the bytes are read here.
inline void seen(const void* bytes) { asm volatile("" : : "r"(bytes) : "memory"); }

// No exception may leave: `false` is an error.
template <typename Work>
bool done(Work work) try {
    work();
    return true;
} catch (...) {
    return false;
}

template <std::size_t BYTES>
using Size = std::integral_constant<std::size_t, BYTES>;

// The work is done by code for this size.
template <typename Work>
bool sized(std::size_t bytes, Work work) {
    switch (bytes) {
    case 64: return done([&] { work(Size<64>()); });
    case 4096: return done([&] { work(Size<4096>()); });
    case 65536: return done([&] { work(Size<65536>()); });
    default: return false;
    }
}

} // namespace

extern "C" {

void* boost_create(const char* anchor, std::size_t bytes) try {
    xsi_shared_memory segment(create_only, xsi_key(anchor, kId), kValue + bytes);
    Side* side = new Side(segment);
    new (side->header) Header{{}, 0};
    return side;
} catch (...) {
    return nullptr;
}

void* boost_open(const char* anchor) try {
    xsi_shared_memory segment(open_only, xsi_key(anchor, kId));
    return new Side(segment);
} catch (...) {
    return nullptr;
}

void boost_close(Side* side) { delete side; }

bool boost_write(Side* side, std::size_t bytes, const unsigned char* values, std::uint64_t rounds) {
    return sized(bytes, [&](auto size) {
        for (std::uint64_t round = 0; round < rounds; ++round) {
            const unsigned char* from = values + (round % 4) * size;
            seen(from);
            Guard guard(side->header->mutex);
            std::memcpy(side->value, from, size);
        }
    });
}

bool boost_read(Side* side, std::size_t bytes, unsigned char* into, std::uint64_t rounds, std::uint64_t* torn) {
    return sized(bytes, [&](auto size) {
        std::uint64_t differ = 0;
        for (std::uint64_t round = 0; round < rounds; ++round) {
            seen(into);
            {
                Guard guard(side->header->mutex);
                std::memcpy(into, side->value, size);
            }
            seen(into);
            differ += std::memcmp(into, into + size - 8, 8) != 0;
        }
        *torn = differ;
    });
}

bool boost_lock(Side* side, std::uint64_t rounds) {
    return done([&] {
        for (std::uint64_t round = 0; round < rounds; ++round) Guard guard(side->header->mutex);
    });
}

bool boost_count(Side* side, std::uint64_t rounds, std::uint64_t* count) {
    return done([&] {
        Header& header = *side->header;
        for (std::uint64_t round = 0; round < rounds; ++round) {
            Guard guard(header.mutex);
            ++header.count;
        }
        Guard guard(header.mutex);
        *count = header.count;
    });
}

// As a transaction does: copy out, change, copy in.
bool boost_change(Side* side, std::uint64_t rounds) {
    return done([&] {
        std::uint64_t words[8];
        for (std::uint64_t round = 0; round < rounds; ++round) {
            Guard guard(side->header->mutex);
            std::memcpy(words, side->value, sizeof words);
            seen(words);
            ++words[0];
            seen(words);
            std::memcpy(side->value, words, sizeof words);
        }
    });
}

bool boost_attach(const char* anchor) {
    return done([&] {
        unsigned char into[64];
        xsi_shared_memory segment(open_only, xsi_key(anchor, kId));
        mapped_region region(segment, read_write);
        std::memcpy(into, region.get_address(), sizeof into);
        seen(into);
    });
}

bool boost_create_and_remove(const char* anchor, std::size_t bytes) {
    return done([&] {
        xsi_shared_memory segment(create_only, xsi_key(anchor, kId), bytes);
        {
            mapped_region region(segment, read_write);
            std::memset(region.get_address(), 1, 64);
            seen(region.get_address());
        }
        xsi_shared_memory::remove(segment.get_shmid());
    });
}

message_queue* boost_queue_create(const char* name, std::size_t room, std::size_t bytes) try {
    return new message_queue(create_only, name, room, bytes);
} catch (...) {
    return nullptr;
}

message_queue* boost_queue_open(const char* name) try {
    return new message_queue(open_only, name);
} catch (...) {
    return nullptr;
}

void boost_queue_close(message_queue* queue) { delete queue; }

// 1 is success, 0 is full or empty, -1 is an error.
int boost_queue_send(message_queue* queue, const unsigned char* value, std::size_t bytes) try {
    return queue->try_send(value, bytes, 0);
} catch (...) {
    return -1;
}

int boost_queue_receive(message_queue* queue, unsigned char* into, std::size_t bytes) try {
    message_queue::size_type received;
    unsigned int priority;
    return queue->try_receive(into, bytes, received, priority);
} catch (...) {
    return -1;
}

int boost_queue_wait(message_queue* queue, unsigned char* into, std::size_t bytes) try {
    using namespace boost::posix_time;
    message_queue::size_type received;
    unsigned int priority;
    const ptime limit = microsec_clock::universal_time() + seconds(1);
    return queue->timed_receive(into, bytes, received, priority, limit);
} catch (...) {
    return -1;
}

} // extern "C"
