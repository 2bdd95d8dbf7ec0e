/* Every function once, beside a process of Rust that has filled the object and looks at it afterwards. */
#include "checks.h"

static void values(void)
{
    shmstore_part *count = part("count"), *depth = part("depth"), *mode, *state;
    uint64_t number, version;
    int64_t old;
    int32_t exchanged;
    CHECK(shmstore_part_kind(count) == SHMSTORE_KIND_ATOMIC);
    OK(shmstore_atomic_load(count, &number, sizeof number));
    CHECK(number == 41);
    OK(shmstore_atomic_fetch_add(count, 1, &number));
    CHECK(number == 41);
    number = 100;
    OK(shmstore_atomic_swap(count, &number, &number, sizeof number));
    CHECK(number == 42);
    number = 7;
    uint64_t wanted = 200;
    OK(shmstore_atomic_compare_exchange(count, &number, &wanted, sizeof number, &exchanged));
    CHECK(exchanged == 0 && number == 100);
    OK(shmstore_atomic_compare_exchange(count, &number, &wanted, sizeof number, &exchanged));
    CHECK(exchanged == 1 && number == 100);
    OK(shmstore_atomic_fetch_add(depth, -8, (uint64_t *)&old));
    CHECK(old == -3);
    OK(shmstore_fetch_add(the_object, "depth", -1, (uint64_t *)&old));
    CHECK(old == -11);

    OK(shm_all_atomic_mode_open(the_object, "mode", &mode));
    shm_all_mode fast = SHM_ALL_MODE_FAST, bad = 3;
    OK(shmstore_atomic_store(mode, &fast, sizeof fast));
    SAYS(SHMSTORE_INVALID_VALUE, "3", shmstore_atomic_store(mode, &bad, sizeof bad));
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_atomic_swap(mode, &bad, &bad, sizeof bad));
    GIVES(SHMSTORE_WRONG_PART, shmstore_atomic_fetch_add(mode, 1, NULL));

    OK(shm_all_versioned_state_open(the_object, "state", &state));
    shm_all_state now;
    OK(shmstore_versioned_load(state, &now, sizeof now, &version));
    CHECK(version == 1 && now.mode == SHM_ALL_MODE_IDLE && now.is_on == 1 && now.at.x == 1.5 && now.at.y == 2.5);
    CHECK(shmstore_versioned_version(state) == 1);
    now.at.x = 3;
    OK(shmstore_versioned_store(state, &now, sizeof now, SHMSTORE_FOREVER, &version));
    CHECK(version == 2);
    now.is_on = 2;
    SAYS(SHMSTORE_INVALID_VALUE, "is_on", shmstore_versioned_store(state, &now, sizeof now, 0, NULL));

    shmstore_transaction *begun, *again;
    OK(shmstore_transaction_begin(state, 0, &begun));
    CHECK(shmstore_transaction_version(begun) == 2);
    GIVES(SHMSTORE_DEADLOCK, shmstore_transaction_begin(state, SHMSTORE_FOREVER, &again));
    CHECK(again == NULL);
    shm_all_state *changed = shmstore_transaction_value(begun);
    CHECK((uintptr_t)changed % 8 == 0 && changed->at.x == 3);
    changed->at.y = -1;
    OK(shmstore_transaction_commit(begun, &version));
    CHECK(version == 3);
    OK(shmstore_transaction_begin(state, 0, &begun));
    ((shm_all_state *)shmstore_transaction_value(begun))->mode = 3;
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_transaction_commit(begun, NULL));
    OK(shmstore_transaction_begin(state, SECOND, &begun));
    ((shm_all_state *)shmstore_transaction_value(begun))->at.x = 99;
    OK(shmstore_transaction_rollback(begun));
    OK(shmstore_transaction_rollback(NULL));
    OK(shmstore_wait(state, 2, 0));
    SAYS(SHMSTORE_TIMEOUT, "newer than 3", shmstore_wait(state, 3, 1000));
    OK(shmstore_part_close(state));
    OK(shmstore_part_close(mode));
    OK(shmstore_part_close(depth));
    OK(shmstore_part_close(count));
}

static void texts(void)
{
    char *text;
    OK(shmstore_get_text(the_object, "state.at", &text));
    CHECK(strcmp(text, "{\"x\":3.0,\"y\":-1.0}") == 0);
    shmstore_text_free(text);
    OK(shmstore_set_text(the_object, "state.at.x", "4", SHMSTORE_FOREVER));
    OK(shmstore_set_text(the_object, "state.mode", "Fast", SHMSTORE_FOREVER));
    OK(shmstore_set_text(the_object, "label", "rover 7", SHMSTORE_FOREVER));
    OK(shmstore_set_text(the_object, "quotes[\"EURUSD\"]", "{\"x\": 1, \"y\": 2}", SHMSTORE_FOREVER));
    OK(shmstore_set_text(the_object, "quotes[\"EURUSD\"].y", "3", 0));
    OK(shmstore_get_text(the_object, "quotes[\"EURUSD\"]", &text));
    CHECK(strcmp(text, "{\"x\":1.0,\"y\":3.0}") == 0);
    shmstore_text_free(text);
    shmstore_text_free(NULL);

    shmstore_part *quotes = part("quotes");
    shm_all_position quote = {0, 0};
    shm_all_string_12 symbol;
    OK(shmstore_encode(quotes, SHMSTORE_KEY, "EURUSD", &symbol, sizeof symbol));
    CHECK(shm_all_string_12_len(&symbol) == 6 && memcmp(symbol.text, "EURUSD", 6) == 0);
    OK(shmstore_encode(quotes, SHMSTORE_VALUE, "{\"x\": 1, \"y\": 2}", &quote, sizeof quote));
    CHECK(quote.x == 1 && quote.y == 2);
    OK(shmstore_decode(quotes, SHMSTORE_VALUE, &quote, sizeof quote, &text));
    CHECK(strcmp(text, "{\"x\":1.0,\"y\":2.0}") == 0);
    shmstore_text_free(text);
    SAYS(SHMSTORE_INVALID_VALUE, "x", shmstore_encode(quotes, SHMSTORE_VALUE, "{\"x\": 1}", &quote, sizeof quote));
    OK(shmstore_part_close(quotes));
}

static void types(void)
{
    shmstore_part *images = part("images"), *again;
    CHECK(shmstore_part_size(images, SHMSTORE_VALUE) == 2 && shmstore_part_size(images, SHMSTORE_META) == 8);
    CHECK(shmstore_part_size(images, SHMSTORE_KEY) == 0 && shmstore_part_kind(images) == SHMSTORE_KIND_FRAMES);
    shmstore_layout layout;
    OK(shmstore_part_layout(images, SHMSTORE_META, &layout));
    CHECK(layout.of == SHMSTORE_META && layout.size == sizeof(shm_all_info));
    OK(shmstore_part_open_as(the_object, "images", &layout, 1, &again));
    OK(shmstore_part_close(again));
    layout.hash_low ^= 1;
    SAYS(SHMSTORE_WRONG_LAYOUT, "Info", shmstore_part_open_as(the_object, "images", &layout, 1, &again));
    CHECK(again == NULL);
    char *json;
    OK(shmstore_part_schema(images, SHMSTORE_META, &json));
    CHECK(strstr(json, "\"height\""));
    shmstore_text_free(json);
    OK(shmstore_part_close(images));
    uint64_t high, low;
    OK(shmstore_object_layout(the_object, &high, &low));
    CHECK(high == SHM_ALL_LAYOUT_HASH_HIGH && low == SHM_ALL_LAYOUT_HASH_LOW);
    OK(shmstore_object_schema(the_object, &json));

    /* Another object of the same type. */
    shmstore_object *copy;
    char *text;
    OK(shmstore_object_create(the_store, json, 'B', 0, &copy));
    OK(shmstore_object_detach(copy));
    SAYS(SHMSTORE_EXISTS, "exists", shmstore_object_create(the_store, json, 'B', 0, &copy));
    CHECK(copy == NULL);
    OK(shmstore_object_attach(the_store, 'B', &copy));
    OK(shmstore_set_text(copy, "count", "0x10", 0));
    OK(shmstore_get_text(copy, "count", &text));
    CHECK(strcmp(text, "16") == 0 && shmstore_object_is_removed(copy) == 0);
    shmstore_text_free(text);
    OK(shmstore_store_remove(the_store, 'B'));
    CHECK(shmstore_object_is_removed(copy) == 1);
    OK(shmstore_object_detach(copy));
    OK(shmstore_object_create(the_store, json, ' ', 0, &copy));
    OK(shmstore_object_detach(copy));
    OK(shmstore_object_attach(the_store, ' ', &copy));
    OK(shmstore_object_detach(copy));
    OK(shmstore_store_remove(the_store, ' '));
    shmstore_text_free(json);
}

static void locks(void)
{
    shmstore_part *guarded = part("guarded"), *rung = part("rung");
    shmstore_guard *guard, *again;
    uint64_t count;
    CHECK(shmstore_part_kind(guarded) == SHMSTORE_KIND_LOCK && shmstore_part_kind(rung) == SHMSTORE_KIND_EVENT);
    OK(shmstore_lock_lock(guarded, 0, &guard));
    CHECK(shmstore_lock_is_locked(guarded) == 1 && shmstore_guard_is_inconsistent(guard) == 0);
    GIVES(SHMSTORE_DEADLOCK, shmstore_lock_lock(guarded, SHMSTORE_FOREVER, &again));
    OK(shmstore_guard_unlock(guard));
    OK(shmstore_guard_unlock(NULL));
    CHECK(shmstore_lock_is_locked(guarded) == 0 && shmstore_lock_is_inconsistent(guarded) == 0);
    OK(shmstore_lock_lock_to_repair(guarded, 0, &guard));
    OK(shmstore_guard_mark_inconsistent(guard));
    CHECK(shmstore_guard_is_inconsistent(guard) == 1);
    OK(shmstore_guard_unlock(guard));
    CHECK(shmstore_lock_is_inconsistent(guarded) == 1);
    GIVES(SHMSTORE_OWNER_DIED, shmstore_lock_lock(guarded, 0, &guard));
    OK(shmstore_lock_lock_to_repair(guarded, 0, &guard));
    OK(shmstore_guard_mark_consistent(guard));
    OK(shmstore_guard_unlock(guard));
    CHECK(shmstore_lock_is_inconsistent(guarded) == 0);
    OK(shmstore_event_notify_all(rung, &count));
    CHECK(count == 1);
    OK(shmstore_event_notify_one(rung, NULL));
    CHECK(shmstore_event_count(rung) == 2);
    OK(shmstore_wait(rung, 1, 0));
    GIVES(SHMSTORE_TIMEOUT, shmstore_wait(rung, 2, 0));
    OK(shmstore_part_close(guarded));
    OK(shmstore_part_close(rung));
}

static void queues(void)
{
    shmstore_part *jobs;
    shm_all_position item;
    shmstore_job *job;
    OK(shm_all_queue_position_4_open(the_object, "jobs", &jobs));
    CHECK(shmstore_queue_capacity(jobs) == 4 && shmstore_queue_len(jobs) == 1);
    OK(shmstore_queue_pop(jobs, &item, sizeof item, 0));
    CHECK(item.x == 10);
    SAYS(SHMSTORE_EMPTY, "is empty", shmstore_queue_pop(jobs, &item, sizeof item, 1000));
    GIVES(SHMSTORE_EMPTY, shmstore_queue_take(jobs, 0, &job));
    for (item.x = 0; item.x < 4; item.x++)
        OK(shmstore_queue_push(jobs, &item, sizeof item, SHMSTORE_FOREVER));
    SAYS(SHMSTORE_FULL, "full", shmstore_queue_push(jobs, &item, sizeof item, 0));
    OK(shmstore_queue_take(jobs, 0, &job));
    CHECK(shmstore_queue_outstanding(jobs) == 1 && shmstore_job_deliveries(job) == 1);
    OK(shmstore_job_return(job));
    OK(shmstore_queue_take(jobs, 0, &job));
    OK(shmstore_job_item(job, &item, sizeof item));
    CHECK(item.x == 0 && shmstore_job_deliveries(job) == 2);
    OK(shmstore_job_done(job));
    OK(shmstore_job_return(NULL));
    CHECK(shmstore_queue_len(jobs) == 3);
    OK(shmstore_part_close(jobs));
}

static void broadcasts(void)
{
    shmstore_part *ticks;
    shmstore_subscriber *subscriber, *later;
    shm_all_position item;
    uint64_t number, missed;
    OK(shm_all_broadcast_position_4_open(the_object, "ticks", &ticks));
    GIVES(SHMSTORE_EMPTY, shmstore_broadcast_newest(ticks, &item, sizeof item, NULL));
    OK(shmstore_broadcast_subscribe(ticks, &subscriber));
    GIVES(SHMSTORE_EMPTY, shmstore_subscriber_recv(subscriber, &item, sizeof item, 1000, NULL));
    for (item.x = 0, item.y = 5; item.x < 6; item.x++)
        OK(shmstore_broadcast_send(ticks, &item, sizeof item, 0, &number));
    CHECK(number == 5 && shmstore_broadcast_sent(ticks) == 6);
    OK(shmstore_wait(ticks, shmstore_subscriber_position(subscriber), 0));
    SAYS(SHMSTORE_LAGGED, "missed", shmstore_subscriber_recv(subscriber, &item, sizeof item, 0, &missed));
    CHECK(missed == shmstore_subscriber_position(subscriber) && missed >= 2);
    OK(shmstore_subscriber_recv(subscriber, &item, sizeof item, 0, &missed));
    CHECK(missed == 0 && item.y == 5);
    OK(shmstore_broadcast_subscribe_from(ticks, 5, &later));
    OK(shmstore_subscriber_recv(later, &item, sizeof item, 0, NULL));
    CHECK(item.x == 5);
    OK(shmstore_broadcast_newest(ticks, &item, sizeof item, &number));
    CHECK(number == 5 && item.x == 5);
    OK(shmstore_subscriber_close(subscriber));
    OK(shmstore_subscriber_close(later));
    OK(shmstore_part_close(ticks));
}

static int32_t double_x(void *value, size_t size, void *context)
{
    shm_all_position position;
    if (size != sizeof position)
        return 2;
    memcpy(&position, value, size);
    position.x *= 2;
    memcpy(value, &position, size);
    return *(int *)context;
}

static void maps(void)
{
    shmstore_part *quotes;
    shm_all_string_12 key;
    shm_all_position value = {1, 2};
    uint64_t version;
    int32_t is_new, is_there, stop = 0;
    OK(shm_all_map_string_12_position_8_open(the_object, "quotes", &quotes));
    CHECK(shmstore_map_len(quotes) == 2 && shmstore_map_capacity(quotes) == 8);
    uint64_t changes = shmstore_map_changes(quotes);
    CHECK(shm_all_string_12_from(&key, "USDJPY") == 0);
    OK(shmstore_map_get(quotes, &key, sizeof key, &value, sizeof value, &version));
    CHECK(value.x == 150 && version >= 1);
    OK(shmstore_map_update(quotes, &key, sizeof key, 0, double_x, &stop));
    /* What follows a text does not count in a key. */
    ((char *)&key)[sizeof key - 1] = 'x';
    OK(shmstore_map_contains(quotes, &key, sizeof key, &is_there));
    CHECK(is_there == 1);
    OK(shmstore_map_insert(quotes, &key, sizeof key, &(shm_all_position){300, 2}, sizeof value, 0, &is_new));
    CHECK(is_new == 0 && shmstore_map_len(quotes) == 2);
    stop = 1;
    SAYS(SHMSTORE_STOPPED, "1", shmstore_map_update(quotes, &key, sizeof key, 0, double_x, &stop));
    OK(shmstore_map_get(quotes, &key, sizeof key, &value, sizeof value, &version));
    CHECK(value.x == 300);

    CHECK(shm_all_string_12_from(&key, "GBPUSD") == 0);
    GIVES(SHMSTORE_NO_KEY, shmstore_map_get(quotes, &key, sizeof key, &value, sizeof value, NULL));
    GIVES(SHMSTORE_NO_KEY, shmstore_map_update(quotes, &key, sizeof key, 0, double_x, &stop));
    GIVES(SHMSTORE_NO_KEY, shmstore_map_remove(quotes, &key, sizeof key, NULL, 0, 0));
    OK(shmstore_map_insert(quotes, &key, sizeof key, &value, sizeof value, 0, &is_new));
    CHECK(is_new == 1);
    OK(shmstore_map_insert(quotes, &key, sizeof key, &value, sizeof value, 0, &is_new));
    CHECK(is_new == 0 && shmstore_map_changes(quotes) == changes + 1);
    OK(shmstore_wait(quotes, changes, 0));
    OK(shmstore_map_contains(quotes, &key, sizeof key, &is_there));
    CHECK(is_there == 1);

    shmstore_entries *entries;
    int count = 0;
    shmstore_code code;
    OK(shmstore_map_entries(quotes, &entries));
    OK(shmstore_map_remove(quotes, &key, sizeof key, &value, sizeof value, SHMSTORE_FOREVER));
    CHECK(value.x == 300);
    while ((code = shmstore_entries_next(entries, &key, sizeof key, &value, sizeof value, &version)) == SHMSTORE_OK) {
        count++;
        CHECK(shm_all_string_12_len(&key) == 6 && value.x >= 1 && version >= 1);
    }
    CHECK(code == SHMSTORE_EMPTY && count == 3 && shmstore_map_len(quotes) == 2);
    OK(shmstore_entries_close(entries));
    OK(shmstore_map_entries(quotes, &entries));
    OK(shmstore_entries_next(entries, NULL, 0, NULL, 0, NULL));
    GIVES(SHMSTORE_WRONG_SIZE, shmstore_entries_next(entries, &key, 3, NULL, 0, NULL));
    OK(shmstore_entries_close(entries));
    OK(shmstore_part_close(quotes));
}

/* A key that is not valid is an error, and removes nothing, whether its value is wanted or not. */
static void invalid_keys(void)
{
    shmstore_part *sides = part("sides");
    uint8_t neither = 2;
    uint32_t value = 0;
    int32_t is_there;
    shmstore_change change = {.part = sides, .key = &neither, .key_size = 1};
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_map_get(sides, &neither, 1, &value, sizeof value, NULL));
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_map_insert(sides, &neither, 1, &value, sizeof value, 0, NULL));
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_map_update(sides, &neither, 1, 0, double_x, NULL));
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_map_contains(sides, &neither, 1, &is_there));
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_map_remove(sides, &neither, 1, &value, sizeof value, 0));
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_map_remove(sides, &neither, 1, NULL, 0, 0));
    GIVES(SHMSTORE_INVALID_VALUE, shmstore_wait_any(&change, 1, 0));
    OK(shmstore_part_close(sides));
}

static void frames(void)
{
    shmstore_part *images;
    shmstore_loan *loan;
    shmstore_pin *pin;
    uint64_t number;
    shm_all_info info = {3, 2}, found;
    uint16_t pixels[6] = {1, 2, 3, 4, 5, 6};
    OK(shm_all_frames_u16_64_3_info_open(the_object, "images", &images));
    CHECK(shmstore_frames_capacity(images) == 64 && shmstore_frames_newest_number(images) == 1);
    OK(shmstore_frames_pin_newest(images, &pin));
    const uint16_t *seen = shmstore_pin_pointer(pin);
    CHECK(shmstore_pin_number(pin) == 1 && shmstore_pin_len(pin) == 2 && seen[0] == 77 && seen[1] == 78);
    OK(shmstore_frames_loan(images, 0, &loan));
    OK(shmstore_loan_set_meta(loan, &info, sizeof info));
    OK(shmstore_loan_write(loan, 0, pixels, sizeof pixels));
    GIVES(SHMSTORE_WRONG_SIZE, shmstore_loan_write(loan, 0, pixels, 3));
    SAYS(SHMSTORE_FULL, "64", shmstore_loan_write(loan, 60, pixels, sizeof pixels));
    SAYS(SHMSTORE_FULL, "64", shmstore_loan_set_len(loan, 65));
    uint16_t *to = shmstore_loan_pointer(loan);
    CHECK((uintptr_t)to % 64 == 0 && to[5] == 6);
    to[6] = 9;
    OK(shmstore_loan_set_len(loan, 7));
    OK(shmstore_loan_publish(loan, &number));
    CHECK(number == 2 && shmstore_pin_is_intact(pin) == 1 && seen[0] == 77);
    OK(shmstore_pin_release(pin));
    OK(shmstore_frames_loan(images, 0, &loan));
    OK(shmstore_loan_return(loan));
    OK(shmstore_wait(images, 1, 0));
    OK(shmstore_frames_wait_newer(images, 0, SECOND, &pin));
    CHECK(shmstore_pin_number(pin) == 2 && shmstore_pin_missed(pin) == 1 && shmstore_pin_len(pin) == 7);
    OK(shmstore_pin_meta(pin, &found, sizeof found));
    CHECK(found.width == 3 && found.height == 2);
    OK(shmstore_pin_release(pin));
    OK(shmstore_frames_pin(images, 2, &pin));
    OK(shmstore_pin_release(pin));
    OK(shmstore_pin_release(NULL));
    GIVES(SHMSTORE_EMPTY, shmstore_frames_pin(images, 9, &pin));
    GIVES(SHMSTORE_TIMEOUT, shmstore_frames_wait_newer(images, 2, 1000, &pin));
    OK(shmstore_part_close(images));
}

static void waits(void)
{
    shmstore_part *state = part("state"), *jobs = part("jobs"), *quotes = part("quotes"), *rung = part("rung");
    shm_all_string_12 key;
    shmstore_change changes[4];
    memset(changes, 0, sizeof changes);
    changes[0].part = state;
    changes[0].seen = shmstore_versioned_version(state);
    changes[1].part = jobs;
    changes[1].not_full = 1;
    CHECK(shm_all_string_12_from(&key, "EURUSD") == 0);
    changes[2].part = quotes;
    changes[2].key = &key;
    changes[2].key_size = sizeof key;
    changes[3].part = rung;
    changes[3].seen = shmstore_event_count(rung);
    OK(shmstore_wait_any(changes, 4, SHMSTORE_FOREVER));
    CHECK(!changes[0].is_there && changes[1].is_there && changes[2].is_there && !changes[3].is_there);
    changes[1] = changes[3];
    SAYS(SHMSTORE_TIMEOUT, "one other", shmstore_wait_any(changes, 2, 1000));
    GIVES(SHMSTORE_BAD_ARGUMENT, shmstore_wait_any(changes, 0, 0));
    OK(shmstore_part_close(state));
    OK(shmstore_part_close(jobs));
    OK(shmstore_part_close(quotes));
    OK(shmstore_part_close(rung));
}

int main(int argc, char **argv)
{
    shmstore_store *store;
    CHECK(argc == 2 && strcmp(shmstore_error_text(), "") == 0 && strncmp(shmstore_version(), "0.", 2) == 0);
    OK(shmstore_store_create(argv[1], 0600, &store));
    OK(shmstore_store_close(store));
    attach(argv[1]);
    values();
    texts();
    types();
    locks();
    queues();
    broadcasts();
    maps();
    invalid_keys();
    frames();
    waits();
    detach();
    puts("all");
    return 0;
}
