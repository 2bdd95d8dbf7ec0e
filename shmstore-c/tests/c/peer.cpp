// The C++ header, beside a process of Rust that has filled the object.
#include <shmstore.hpp>

#include "all.h"

#include <cstdlib>
#include <iostream>

#define CHECK(holds)                                                           \
    do {                                                                       \
        if (!(holds)) {                                                        \
            std::cerr << __LINE__ << ": " << #holds << std::endl;              \
            return 1;                                                          \
        }                                                                      \
    } while (0)

template <class Call>
static shmstore_code code_of(Call &&call)
{
    try {
        call();
        return SHMSTORE_OK;
    } catch (const shmstore::error &error) {
        return std::string(error.what()).empty() ? SHMSTORE_INTERNAL : error.code();
    }
}

int main(int argc, char **argv)
{
    using namespace std::chrono_literals;
    CHECK(argc == 2);
    auto store = shmstore::open(argv[1]);
    auto all = shmstore::attach(store, SHM_ALL_ID);
    auto state = shmstore::make<shmstore_part>(shm_all_versioned_state_open, all.get(), "state");
    auto count = shmstore::open(all, "count"), jobs = shmstore::open(all, "jobs");
    auto quotes = shmstore::open(all, "quotes"), guarded = shmstore::open(all, "guarded");

    CHECK(shmstore::read<std::uint64_t>(count) == 41);
    shmstore::write(count, std::uint64_t{50});
    std::uint64_t version = 0;
    CHECK(shmstore::read<shm_all_state>(state, &version).at.x == 1.5 && version == 1);
    CHECK(shmstore::update<shm_all_state>(state, [](auto &now) { now.at.x += 1; }) == 2);
    try {
        shmstore::update<shm_all_state>(state, [](auto &now) { now.at.x = 99, throw 7; });
        return 1;
    } catch (int) {
    }
    auto now = shmstore::read<shm_all_state>(state);
    CHECK(now.at.x == 2.5);
    now.at.y = 6;
    shmstore::write(state, now, 1s);
    CHECK(shmstore::wait(state, 2, shmstore::never) && !shmstore::wait(state, 3, 1us));

    CHECK(shmstore::pop<shm_all_position>(jobs)->x == 10 && !shmstore::pop<shm_all_position>(jobs, shmstore::never));
    shmstore::push(jobs, shm_all_position{1, 2});
    shm_all_string_12 key;
    CHECK(shm_all_string_12_from(&key, "EURUSD") == 0 && !shmstore::get<shm_all_position>(quotes, key));
    CHECK(shmstore::insert(quotes, key, shm_all_position{3, 4}) && !shmstore::insert(quotes, key, shm_all_position{5, 6}));
    CHECK(shmstore::get<shm_all_position>(quotes, key)->x == 5);

    {
        auto guard = shmstore::make<shmstore_guard>(shmstore_lock_lock, guarded.get(), 0);
        CHECK(shmstore_lock_is_locked(guarded.get()) == 1);
    }
    CHECK(shmstore_lock_is_locked(guarded.get()) == 0);
    shmstore::set_text(all, "label", "C++");
    CHECK(shmstore::get_text(all, "label") == "\"C++\"");

    CHECK(code_of([&] { shmstore::open(all, "cout"); }) == SHMSTORE_NO_FIELD);
    CHECK(code_of([&] { shmstore::read<std::uint32_t>(count); }) == SHMSTORE_WRONG_SIZE);
    CHECK(code_of([&] { shmstore::attach(store, 'Z'); }) == SHMSTORE_NOT_FOUND);
    try {
        shmstore::update<double>(state, [](double &) {});
        return 1;
    } catch (const std::length_error &) {
    }
    shmstore::write(state, now, shmstore::never); // the transaction is over
    std::cout << "C++" << std::endl;
    return EXIT_SUCCESS;
}
