// Follows the rover of `cargo run --example rover`: shows each position that a process stores, and moves it to the start
// once it is too far away. Ends when no process has moved it for a while.
//
//     c++ -std=c++17 follow.cpp -o follow $(pkg-config --cflags --libs shmstore) && ./follow ../../rover
#include <iostream>
#include <shmstore.hpp>

struct point {
    double x, y;
}; // `Position` of examples/rover.rs

int main(int argc, char **argv)
try {
    auto store = shmstore::open(argc > 1 ? argv[1] : "./rover");
    auto rover = shmstore::attach(store, 'T');
    auto position = shmstore::open(rover, "position");
    auto patience = std::chrono::milliseconds(argc > 2 ? std::stoi(argv[2]) : 60000);

    std::uint64_t seen = 0;
    while (shmstore::wait(position, seen, patience)) {
        auto at = shmstore::read<point>(position, &seen); // a copy, always whole
        std::cout << "version " << seen << ": " << at.x << " " << at.y << std::endl;
        if (at.x > 2) // no other store comes in between
            shmstore::update<point>(position, [](point &moved) { moved.x -= 2; });
    }
    std::cout << shmstore::get_text(rover, ".") << std::endl;
} catch (const shmstore::error &error) {
    std::cerr << shmstore_code_name(error.code()) << ": " << error.what() << std::endl;
    return 1;
}
