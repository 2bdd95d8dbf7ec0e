/* Garbage gives codes. The process of Rust has filled the object. */
#include "checks.h"

#define GARBAGE(call) GIVES(SHMSTORE_BAD_ARGUMENT, call)

static void nulls(const char *path)
{
    shmstore_store *store = the_store;
    shmstore_object *object = the_object;
    shmstore_part *state = part("state"), *opened = state;
    char *text;
    uint64_t number = 7;
    shm_all_state value;
    GARBAGE(shmstore_store_open(NULL, &store));
    CHECK(store == NULL);
    SAYS(SHMSTORE_BAD_ARGUMENT, "NULL", shmstore_store_open(path, NULL));
    GARBAGE(shmstore_store_open("\xff\xfe", &store));
    GARBAGE(shmstore_store_create(path, 04000, &store));
    GARBAGE(shmstore_object_attach(NULL, 'A', &object));
    CHECK(object == NULL);
    GARBAGE(shmstore_object_attach(the_store, '\n', &object));
    GARBAGE(shmstore_object_attach(the_store, (char)200, &object));
    GARBAGE(shmstore_object_create(the_store, NULL, 'B', 0, &object));
    GARBAGE(shmstore_store_remove(NULL, 'A'));
    GARBAGE(shmstore_get_text(the_object, NULL, &text));
    GARBAGE(shmstore_get_text(the_object, "state", NULL));
    GARBAGE(shmstore_set_text(the_object, "state.at.x", NULL, 0));
    GARBAGE(shmstore_set_text(the_object, "state.at.x", "1", -2));
    GARBAGE(shmstore_fetch_add(NULL, "count", 1, &number));
    GARBAGE(shmstore_part_open(the_object, NULL, &opened));
    CHECK(opened == NULL);
    GARBAGE(shmstore_part_open_as(the_object, "state", NULL, 1, &opened));
    for (size_t count = 0; count < 8; count += 4)
        GARBAGE(shmstore_part_open_as(the_object, "state", &(shmstore_layout){0}, count, &opened));
    SAYS(SHMSTORE_BAD_ARGUMENT, "NULL was passed where a part is expected",
         shmstore_versioned_load(NULL, &value, sizeof value, NULL));
    GARBAGE(shmstore_versioned_load(state, NULL, sizeof value, NULL));
    GARBAGE(shmstore_versioned_store(state, NULL, sizeof value, 0, NULL));
    GARBAGE(shmstore_versioned_store(state, &value, sizeof value, INT64_MIN, NULL));
    GARBAGE(shmstore_transaction_begin(state, 0, NULL));
    GARBAGE(shmstore_transaction_commit(NULL, NULL));
    GARBAGE(shmstore_job_done(NULL));
    GARBAGE(shmstore_loan_publish(NULL, NULL));
    GARBAGE(shmstore_guard_mark_consistent(NULL));
    GARBAGE(shmstore_guard_mark_inconsistent(NULL));
    GARBAGE(shmstore_wait(NULL, 0, 0));
    GARBAGE(shmstore_wait_any(NULL, 3, 0));
    GARBAGE(shmstore_encode(state, 3, "{}", &value, sizeof value));
    GARBAGE(shmstore_decode(state, -1, &value, sizeof value, &text));
    shmstore_change change = {0};
    GARBAGE(shmstore_wait_any(&change, 1, 0));
    CHECK(shmstore_transaction_value(NULL) == NULL && shmstore_pin_pointer(NULL) == NULL);
    CHECK(shmstore_loan_pointer(NULL) == NULL && shmstore_part_kind(NULL) == SHMSTORE_KIND_NONE);
    CHECK(shmstore_queue_len(NULL) == 0 && shmstore_pin_len(NULL) == 0 && shmstore_part_size(NULL, 0) == 0);
    CHECK(strcmp(shmstore_code_name(12345), "SHMSTORE_?") == 0);
    OK(shmstore_part_close(state));
}

static void wrong_handles(void)
{
    uint64_t number;
    shmstore_part *count = part("count");
    /* A handle of another kind, an address that is not aligned, and memory without a handle. */
    GARBAGE(shmstore_atomic_load((shmstore_part *)the_object, &number, sizeof number));
    GARBAGE(shmstore_part_close((shmstore_part *)the_store));
    GARBAGE(shmstore_object_detach((shmstore_object *)count));
    GARBAGE(shmstore_atomic_load((shmstore_part *)(void *)((char *)count + 1), &number, sizeof number));
    uint64_t zeros[64] = {0};
    GARBAGE(shmstore_atomic_load((shmstore_part *)(void *)zeros, &number, sizeof number));
    GARBAGE(shmstore_transaction_rollback((shmstore_transaction *)(void *)zeros));
    GARBAGE(shmstore_atomic_fetch_add(count, 1, (uint64_t *)(void *)((char *)&number + 1)));
    OK(shmstore_atomic_load(count, &number, sizeof number));
    CHECK(number == 41);
    OK(shmstore_part_close(count));
}

static void wrong_paths(void)
{
    shmstore_store *store;
    shmstore_object *object;
    shmstore_part *opened;
    char *text;
    GIVES(SHMSTORE_NOT_FOUND, shmstore_store_open("/no/such/store", &store));
    GIVES(SHMSTORE_NOT_FOUND, shmstore_object_attach(the_store, 'Z', &object));
    GIVES(SHMSTORE_NOT_FOUND, shmstore_store_remove(the_store, 'Z'));
    SAYS(SHMSTORE_NO_FIELD, "count", shmstore_part_open(the_object, "cout", &opened));
    GIVES(SHMSTORE_NO_FIELD, shmstore_part_open(the_object, "count[", &opened));
    GIVES(SHMSTORE_WRONG_PART, shmstore_part_open(the_object, "state.at", &opened));
    GIVES(SHMSTORE_WRONG_PART, shmstore_part_open(the_object, ".", &opened));
    GIVES(SHMSTORE_NO_KEY, shmstore_get_text(the_object, "quotes[\"XAUUSD\"]", &text));
    CHECK(text == NULL);
    GIVES(SHMSTORE_NO_KEY, shmstore_set_text(the_object, "quotes[\"XAUUSD\"].x", "1", 0));
    GIVES(SHMSTORE_WRONG_PART, shmstore_set_text(the_object, "jobs", "1", 0));
    SAYS(SHMSTORE_INVALID_VALUE, "Idle", shmstore_set_text(the_object, "state.mode", "Slow", 0));
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_set_text(the_object, "state", "{", 0));
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_set_text(the_object, "count", "-1", 0));
    SAYS(SHMSTORE_INVALID_VALUE, "12", shmstore_set_text(the_object, "label", "a text that is too long", 0));
    SAYS(SHMSTORE_INVALID_VALUE, "JSON", shmstore_set_text(the_object, "label", "\"abc", 0));
    SAYS(SHMSTORE_INVALID_VALUE, "JSON", shmstore_set_text(the_object, "label", "\"\\ud800\"", 0));
    SAYS(SHMSTORE_INVALID_VALUE, "twice", shmstore_set_text(the_object, "state.at", "{\"x\":1,\"y\":2,\"x\":3}", 0));
    GIVES(SHMSTORE_WRONG_PART, shmstore_fetch_add(the_object, "state.at.x", 1, NULL));
    GIVES(SHMSTORE_WRONG_LAYOUT, shmstore_object_create(the_store, "{}", 'B', 0, &object));
    GIVES(SHMSTORE_WRONG_LAYOUT, shmstore_object_create(the_store, "no JSON", 'B', 0, &object));
}

static void wrong_kinds_and_sizes(void)
{
    static char bytes[4096];
    static const char *const names[] = {"count", "state", "guarded", "rung", "jobs", "ticks", "quotes", "images"};
    shmstore_guard *guard;
    shmstore_job *job;
    shmstore_loan *loan;
    shmstore_pin *pin;
    shmstore_transaction *begun;
    shmstore_subscriber *subscriber;
    shmstore_entries *entries;
    char *json;
    for (int is = 0; is < 8; is++) {
        shmstore_part *it = part(names[is]);
        CHECK((int)shmstore_part_kind(it) == is + 1);
#define OTHERWISE(kind, right, call)                                                   \
    do {                                                                               \
        shmstore_code gave = (call);                                                   \
        CHECK(gave == (is + 1 == SHMSTORE_KIND_##kind ? (right) : SHMSTORE_WRONG_PART)); \
    } while (0)
        for (size_t size = 0; size < 4000; size = 2 * size + 1) {
            OTHERWISE(ATOMIC, SHMSTORE_WRONG_SIZE, shmstore_atomic_load(it, bytes, size));
            OTHERWISE(ATOMIC, SHMSTORE_WRONG_SIZE, shmstore_atomic_store(it, bytes, size));
            OTHERWISE(ATOMIC, SHMSTORE_WRONG_SIZE, shmstore_atomic_swap(it, bytes, bytes, size));
            OTHERWISE(VERSIONED, SHMSTORE_WRONG_SIZE, shmstore_versioned_load(it, bytes, size, NULL));
            OTHERWISE(VERSIONED, SHMSTORE_WRONG_SIZE, shmstore_versioned_store(it, bytes, size, 0, NULL));
            OTHERWISE(QUEUE, SHMSTORE_WRONG_SIZE, shmstore_queue_push(it, bytes, size, 0));
            OTHERWISE(QUEUE, SHMSTORE_WRONG_SIZE, shmstore_queue_pop(it, bytes, size, 0));
            OTHERWISE(BROADCAST, SHMSTORE_WRONG_SIZE, shmstore_broadcast_send(it, bytes, size, 0, NULL));
            OTHERWISE(BROADCAST, SHMSTORE_WRONG_SIZE, shmstore_broadcast_newest(it, bytes, size, NULL));
            OTHERWISE(MAP, SHMSTORE_WRONG_SIZE, shmstore_map_get(it, bytes, 16, bytes, size, NULL));
            OTHERWISE(MAP, SHMSTORE_WRONG_SIZE, shmstore_map_get(it, bytes, size, bytes, 16, NULL));
            OTHERWISE(MAP, SHMSTORE_WRONG_SIZE, shmstore_map_insert(it, bytes, 16, bytes, size, 0, NULL));
            OTHERWISE(MAP, SHMSTORE_WRONG_SIZE, shmstore_map_remove(it, bytes, size, NULL, 0, 0));
            OTHERWISE(MAP, SHMSTORE_WRONG_SIZE, shmstore_map_contains(it, bytes, size, NULL));
        }
        /* Sizes beyond memory are refused before the memory is touched. */
        OTHERWISE(VERSIONED, SHMSTORE_WRONG_SIZE, shmstore_versioned_load(it, bytes, SIZE_MAX, NULL));
        OTHERWISE(VERSIONED, SHMSTORE_WRONG_SIZE, shmstore_versioned_store(it, bytes, SIZE_MAX / 2 + 1, 0, NULL));
        OTHERWISE(MAP, SHMSTORE_BAD_ARGUMENT, shmstore_map_update(it, bytes, 16, 0, NULL, NULL));
        OTHERWISE(VERSIONED, SHMSTORE_OK, shmstore_transaction_begin(it, 0, &begun));
        OK(shmstore_transaction_rollback(begun));
        OTHERWISE(LOCK, SHMSTORE_OK, shmstore_lock_lock(it, 0, &guard));
        OK(shmstore_guard_unlock(guard));
        OTHERWISE(EVENT, SHMSTORE_OK, shmstore_event_notify_all(it, NULL));
        OTHERWISE(QUEUE, SHMSTORE_OK, shmstore_queue_take(it, 0, &job));
        CHECK(!job || (shmstore_job_item(job, bytes, 3) == SHMSTORE_WRONG_SIZE));
        OK(shmstore_job_return(job));
        OTHERWISE(BROADCAST, SHMSTORE_OK, shmstore_broadcast_subscribe(it, &subscriber));
        if (subscriber)
            GIVES(SHMSTORE_WRONG_SIZE, shmstore_subscriber_recv(subscriber, bytes, 3, 0, NULL));
        OK(shmstore_subscriber_close(subscriber));
        OTHERWISE(MAP, SHMSTORE_OK, shmstore_map_entries(it, &entries));
        OK(shmstore_entries_close(entries));
        OTHERWISE(FRAMES, SHMSTORE_OK, shmstore_frames_loan(it, 0, &loan));
        if (loan) {
            GIVES(SHMSTORE_WRONG_SIZE, shmstore_loan_set_meta(loan, bytes, 3));
            GIVES(SHMSTORE_FULL, shmstore_loan_write(loan, UINT64_MAX, bytes, 4));
            GIVES(SHMSTORE_FULL, shmstore_loan_write(loan, 0, bytes, SIZE_MAX - 1));
            GIVES(SHMSTORE_FULL, shmstore_loan_set_len(loan, UINT64_MAX));
        }
        OK(shmstore_loan_return(loan));
        OTHERWISE(FRAMES, SHMSTORE_OK, shmstore_frames_pin_newest(it, &pin));
        CHECK(!pin || shmstore_pin_meta(pin, bytes, 3) == SHMSTORE_WRONG_SIZE);
        OK(shmstore_pin_release(pin));
        shmstore_code has_values = is == 2 || is == 3 ? SHMSTORE_WRONG_PART : SHMSTORE_OK;
        GIVES(has_values, shmstore_part_schema(it, SHMSTORE_VALUE, &json));
        shmstore_text_free(json);
        OK(shmstore_part_close(it));
    }
}

/* A peer has written a `bool` that is none. Only a store of a whole value repairs it. */
static void invalid_bytes(const char *path)
{
    shmstore_segment segment;
    shm_all *all = shm_all_attach(&segment, path, 0);
    CHECK(all);
    memset(all->state.slots, 3, sizeof all->state.slots);
    shmstore_part *state = part("state");
    shm_all_state value;
    shmstore_transaction *begun;
    char *text;
    SAYS(SHMSTORE_INVALID_VALUE, "Mode", shmstore_versioned_load(state, &value, sizeof value, NULL));
    CHECK(value.mode == 3); /* the bytes were copied nevertheless */
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_transaction_begin(state, 0, &begun));
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_get_text(the_object, "state", &text));
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_set_text(the_object, "state.at.x", "1", 0));
    memset(&value, 0, sizeof value);
    OK(shmstore_versioned_store(state, &value, sizeof value, 0, NULL));
    OK(shmstore_versioned_load(state, &value, sizeof value, NULL));
    OK(shmstore_part_close(state));
    shmstore_detach(&segment);
}

static void removed(void)
{
    shmstore_part *state = part("state"), *jobs = part("jobs");
    shm_all_position item = {0, 0};
    OK(shmstore_store_remove(the_store, 'A'));
    SAYS(SHMSTORE_REMOVED, "removed", shmstore_wait(state, 99, SHMSTORE_FOREVER));
    for (int at = 0; at < 4; at++)
        (void)shmstore_queue_push(jobs, &item, sizeof item, 0);
    GIVES(SHMSTORE_REMOVED, shmstore_queue_push(jobs, &item, sizeof item, SHMSTORE_FOREVER));
    OK(shmstore_part_close(jobs));
    OK(shmstore_part_close(state));
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    attach(argv[1]);
    nulls(argv[1]);
    wrong_handles();
    wrong_paths();
    wrong_kinds_and_sizes();
    invalid_bytes(argv[1]);
    removed();
    /* A part keeps its object attached. */
    shmstore_part *state = part("state");
    shm_all_state value;
    puts("garbage");
    fflush(stdout);
    detach();
    OK(shmstore_versioned_load(state, &value, sizeof value, NULL));
    OK(shmstore_part_close(state));
    return 0;
}
