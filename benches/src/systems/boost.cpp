// Boost.Interprocess, as its users write it: a segment of System V, an `interprocess_mutex` in it, and what that guards.
// The loops are here, so that no call from Rust counts against it; sizes are constants, so that copies are inlined.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

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

// The compiler has to believe that somebody looks at this.
inline void seen(const void* bytes) { asm volatile("" : : "r"(bytes) : "memory"); }

template <std::size_t BYTES>
void write_rounds(Side& side, const unsigned char* values, std::uint64_t rounds) {
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const unsigned char* from = values + (round % 4) * BYTES;
        seen(from);
        Guard guard(side.header->mutex);
        std::memcpy(side.value, from, BYTES);
    }
}

template <std::size_t BYTES>
std::uint64_t read_rounds(Side& side, unsigned char* into, std::uint64_t rounds) {
    std::uint64_t torn = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        seen(into);
        {
            Guard guard(side.header->mutex);
            std::memcpy(into, side.value, BYTES);
        }
        seen(into);
        torn += std::memcmp(into, into + BYTES - 8, 8) != 0;
    }
    return torn;
}

} // namespace

// No exception may leave: a null pointer, or false, is an error.
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

void boost_close(void* side) { delete static_cast<Side*>(side); }

bool boost_write(void* side, std::size_t bytes, const unsigned char* values, std::uint64_t rounds) try {
    Side& here = *static_cast<Side*>(side);
    switch (bytes) {
    case 64: write_rounds<64>(here, values, rounds); return true;
    case 4096: write_rounds<4096>(here, values, rounds); return true;
    case 65536: write_rounds<65536>(here, values, rounds); return true;
    default: return false;
    }
} catch (...) {
    return false;
}

bool boost_read(void* side, std::size_t bytes, unsigned char* into, std::uint64_t rounds, std::uint64_t* torn) try {
    Side& here = *static_cast<Side*>(side);
    switch (bytes) {
    case 64: *torn = read_rounds<64>(here, into, rounds); return true;
    case 4096: *torn = read_rounds<4096>(here, into, rounds); return true;
    case 65536: *torn = read_rounds<65536>(here, into, rounds); return true;
    default: return false;
    }
} catch (...) {
    return false;
}

bool boost_lock(void* side, std::uint64_t rounds) try {
    Header& header = *static_cast<Side*>(side)->header;
    for (std::uint64_t round = 0; round < rounds; ++round) Guard guard(header.mutex);
    return true;
} catch (...) {
    return false;
}

bool boost_count(void* side, std::uint64_t rounds, std::uint64_t* count) try {
    Header& header = *static_cast<Side*>(side)->header;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        Guard guard(header.mutex);
        ++header.count;
    }
    Guard guard(header.mutex);
    *count = header.count;
    return true;
} catch (...) {
    return false;
}

// Copy out, change, copy in: what a transaction does.
bool boost_change(void* side, std::uint64_t rounds) try {
    Side& here = *static_cast<Side*>(side);
    std::uint64_t words[8];
    for (std::uint64_t round = 0; round < rounds; ++round) {
        Guard guard(here.header->mutex);
        std::memcpy(words, here.value, sizeof words);
        seen(words);
        ++words[0];
        seen(words);
        std::memcpy(here.value, words, sizeof words);
    }
    return true;
} catch (...) {
    return false;
}

bool boost_attach(const char* anchor, std::uint64_t rounds) try {
    unsigned char into[64];
    for (std::uint64_t round = 0; round < rounds; ++round) {
        xsi_shared_memory segment(open_only, xsi_key(anchor, kId));
        mapped_region region(segment, read_write);
        std::memcpy(into, region.get_address(), sizeof into);
        seen(into);
    }
    return true;
} catch (...) {
    return false;
}

bool boost_create_and_remove(const char* anchor, std::size_t bytes, std::uint64_t rounds) try {
    for (std::uint64_t round = 0; round < rounds; ++round) {
        xsi_shared_memory segment(create_only, xsi_key(anchor, kId), bytes);
        {
            mapped_region region(segment, read_write);
            std::memset(region.get_address(), 1, 64);
            seen(region.get_address());
        }
        xsi_shared_memory::remove(segment.get_shmid());
    }
    return true;
} catch (...) {
    return false;
}

} // extern "C"
