/* A worker of the torture in C: `worker PATH PLACE SEED`. See `tests/src/mixed.rs` for the object. */
#include <inttypes.h>
#include <shmstore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t number, check;
} stamped;

static shmstore_part *accounts, *low, *high, *lock, *turn, *jobs, *feed, *marks, *images;
static uint64_t state;

static uint64_t drawn(uint64_t end)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % end;
}

static void must(shmstore_code code, const char *what)
{
    if (code != SHMSTORE_OK) {
        printf("! %s: %s: %s\n", what, shmstore_code_name(code), shmstore_error_text());
        fflush(stdout);
        exit(1);
    }
}

static int is_whole(const stamped *value)
{
    return value->check == ~value->number;
}

static int transfer(void)
{
    shmstore_transaction *begun;
    must(shmstore_transaction_begin(accounts, SHMSTORE_FOREVER, &begun), "begin");
    int64_t *balances = shmstore_transaction_value(begun), sum = 0;
    balances[drawn(8)] -= 1;
    balances[drawn(8)] += 1;
    for (int at = 0; at < 8; at++)
        sum += balances[at];
    must(shmstore_transaction_commit(begun, NULL), "commit");
    return sum == 0;
}

static int count(void)
{
    shmstore_guard *guard;
    uint64_t both[2];
    must(shmstore_lock_lock_to_repair(lock, SHMSTORE_FOREVER, &guard), "lock");
    if (shmstore_guard_is_inconsistent(guard)) {
        uint64_t right;
        must(shmstore_atomic_load(low, &right, sizeof right), "load");
        must(shmstore_atomic_store(high, &right, sizeof right), "store");
        must(shmstore_guard_mark_consistent(guard), "mark");
    }
    must(shmstore_atomic_fetch_add(low, 1, &both[0]), "add");
    must(shmstore_atomic_fetch_add(high, 1, &both[1]), "add");
    must(shmstore_guard_unlock(guard), "release");
    return both[0] == both[1];
}

static int take(void)
{
    shmstore_job *job;
    stamped item;
    if (shmstore_queue_take(jobs, 0, &job) != SHMSTORE_OK)
        return 1;
    must(shmstore_job_item(job, &item, sizeof item), "item");
    must(drawn(2) ? shmstore_job_done(job) : shmstore_job_return(job), "job");
    return is_whole(&item);
}

static int mark(const stamped *value)
{
    uint32_t key = (uint32_t)drawn(24);
    stamped found;
    switch (drawn(3)) {
    case 0:
        shmstore_map_insert(marks, &key, sizeof key, value, sizeof *value, SHMSTORE_FOREVER, NULL);
        break;
    case 1:
        shmstore_map_remove(marks, &key, sizeof key, &found, sizeof found, SHMSTORE_FOREVER);
        break;
    }
    return shmstore_map_get(marks, &key, sizeof key, &found, sizeof found, NULL) != SHMSTORE_OK || is_whole(&found);
}

static int publish(const stamped *value)
{
    shmstore_loan *loan;
    if (shmstore_frames_loan(images, 0, &loan) != SHMSTORE_OK)
        return 1;
    uint64_t *elements = shmstore_loan_pointer(loan), len = drawn(64);
    for (uint64_t at = 0; at < len; at++)
        elements[at] = value->number;
    must(shmstore_loan_set_len(loan, len), "length");
    must(shmstore_loan_set_meta(loan, value, sizeof *value), "metadata");
    must(shmstore_loan_publish(loan, NULL), "publish");
    return 1;
}

static int look(void)
{
    shmstore_pin *pin;
    stamped meta;
    if (shmstore_frames_pin_newest(images, &pin) != SHMSTORE_OK || !pin)
        return 1;
    const uint64_t *elements = shmstore_pin_pointer(pin), len = shmstore_pin_len(pin);
    must(shmstore_pin_meta(pin, &meta, sizeof meta), "metadata");
    int whole = is_whole(&meta);
    for (uint64_t at = 0; at < len; at++)
        whole &= elements[at] == meta.number;
    must(shmstore_pin_release(pin), "unpin");
    return whole;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    shmstore_store *store;
    shmstore_object *object;
    shmstore_subscriber *subscriber;
    char done[32];
    uint64_t number = strtoull(argv[3], NULL, 10);
    state = number | 1;
    must(shmstore_store_open(argv[1], &store), "open");
    must(shmstore_object_attach(store, 'X', &object), "attach");
    struct { const char *path; shmstore_part **part; } parts[] = {
        {"accounts", &accounts}, {"low", &low}, {"high", &high}, {"lock", &lock}, {"turn", &turn},
        {"jobs", &jobs}, {"feed", &feed}, {"marks", &marks}, {"images", &images},
    };
    for (size_t at = 0; at < sizeof parts / sizeof *parts; at++)
        must(shmstore_part_open(object, parts[at].path, parts[at].part), parts[at].path);
    must(shmstore_broadcast_subscribe(feed, &subscriber), "subscribe");
    snprintf(done, sizeof done, "done[%d]", atoi(argv[2]));
    for (;;) {
        stamped value = {.number = ++number}, item;
        value.check = ~value.number;
        int found = 1;
        switch (drawn(9)) {
        case 0: found = transfer(); break;
        case 1: found = count(); break;
        case 2: shmstore_queue_push(jobs, &value, sizeof value, 0); break;
        case 3: found = take(); break;
        case 4:
            must(shmstore_broadcast_send(feed, &value, sizeof value, SHMSTORE_FOREVER, NULL), "send");
            must(shmstore_event_notify_all(turn, NULL), "notify");
            break;
        case 5:
            if (shmstore_subscriber_recv(subscriber, &item, sizeof item, 0, NULL) == SHMSTORE_OK)
                found = is_whole(&item);
            break;
        case 6: found = mark(&value); break;
        case 7: found = publish(&value); break;
        default: found = look(); break;
        }
        if (!found) {
            puts("! the worker in C found something torn");
            fflush(stdout);
        }
        uint64_t old;
        must(shmstore_fetch_add(object, done, 1, &old), "count");
    }
}
