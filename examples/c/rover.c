/* Drives the rover of `cargo run --example rover`, which makes it. Both may run at once.
 *
 *     cc -std=c11 rover.c -o rover $(pkg-config --cflags --libs shmstore) && ./rover ../../rover */
#include <inttypes.h>
#include <shmstore.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    double x, y;
} point; /* `Position` of examples/rover.rs. `shmstore schema --c` writes it, with a check of the whole type */

static void check(shmstore_code code)
{
    if (code != SHMSTORE_OK) {
        fprintf(stderr, "%s: %s\n", shmstore_code_name(code), shmstore_error_text());
        exit(1);
    }
}

int main(int argc, char **argv)
{
    shmstore_store *store;
    shmstore_object *rover;
    shmstore_part *frames, *position;
    check(shmstore_store_open(argc > 1 ? argv[1] : "./rover", &store));
    check(shmstore_object_attach(store, 'T', &rover));
    check(shmstore_part_open(rover, "frames", &frames));
    check(shmstore_part_open(rover, "position", &position));

    uint64_t frame;
    check(shmstore_atomic_fetch_add(frames, 1, &frame));

    /* No process ever sees half of it. If this one is killed here, nothing has changed. */
    shmstore_transaction *moving;
    check(shmstore_transaction_begin(position, SHMSTORE_FOREVER, &moving));
    point *at = shmstore_transaction_value(moving);
    at->x += 0.5;
    at->y -= 0.25;
    check(shmstore_transaction_commit(moving, NULL));

    /* Without the struct, by path and text. */
    char *text;
    check(shmstore_set_text(rover, "position.y", "0.0", SHMSTORE_FOREVER));
    check(shmstore_get_text(rover, "position", &text));
    printf("frame %" PRIu64 ": %s\n", frame + 1, text);
    shmstore_text_free(text);

    shmstore_part_close(position);
    shmstore_part_close(frames);
    shmstore_object_detach(rover);
    shmstore_store_close(store);
    return 0;
}
