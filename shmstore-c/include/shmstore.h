/* shmstore.h: typed shared objects between processes, for C11 and C++17.
 *
 * Made of the sources of shmstore-c: do not edit. Link with `-lshmstore`, as pkg-config says of `shmstore`.
 *
 *     shmstore_store *store;
 *     shmstore_object *rover;
 *     if (shmstore_store_open("./rover", &store) || shmstore_object_attach(store, 'T', &rover)) {
 *         fprintf(stderr, "%s\n", shmstore_error_text());
 *         return 1;
 *     }
 *     shmstore_set_text(rover, "position.x", "1.5", SHMSTORE_FOREVER);
 *
 * RESULTS. A function returns SHMSTORE_OK (0), or the code of an error. Then shmstore_error_text has the full text.
 * Nothing has changed, unless the function says otherwise. A function that returns a number or a pointer returns 0 or
 * NULL after an error. Such a function fails only if its handle is wrong: if it is NULL, of another type, of a part of
 * another kind, of another thread or of the parent process. So check the handle where it is made. No function ends the
 * program, unless memory runs out.
 *
 * VALUES are bytes, as the type has them in memory, with the native byte order of x86_64 and aarch64. Each size is
 * compared with the type. Bytes are checked before they are stored, and after they are loaded: SHMSTORE_INVALID_VALUE
 * says that a bool, a char or an enum has none of its values. If the bytes in shared memory are invalid, the memory for
 * the value has them nevertheless. Only shmstore_entries_next and shmstore_atomic_compare_exchange write nothing then.
 * Elements of a frame that are written or read by a pointer are not checked. shmstore_encode and shmstore_decode
 * convert between bytes and JSON. `shmstore schema --c` writes a header with the types of an object, and with functions
 * `..._open`, which compare the types with those in shared memory.
 *
 * POINTERS are NULL, or point to memory for what is named, which no other thread uses during the call. A pointer for a
 * result may be NULL where the function says so. A pointer for a handle may not. It receives NULL after an error.
 *
 * HANDLES are freed by the function that is named where they are made. A handle is freed once, by one thread, while no
 * other thread uses it. It is used no more afterwards. Functions that close, detach, return, release, unlock or roll
 * back accept NULL. Every other function returns SHMSTORE_BAD_ARGUMENT for NULL, and each function does so for a handle
 * of another type. Handles may be freed in any order: every handle made of a part keeps the object attached.
 *
 * THREADS. Several threads may use a store, an object, a part or a pin at once. One thread at a time uses any other
 * handle. A transaction and a guard stay in the thread that made them. End them before this thread ends: otherwise the
 * part stays taken until the process ends.
 *
 * TEXTS that a function writes to a `char **` are freed by shmstore_text_free.
 *
 * TIME LIMITS are in nanoseconds. 0 does not wait. SHMSTORE_FOREVER (-1) waits forever. A signal does not end a wait.
 * Functions for stores and objects have no limit. They wait up to 5 s for processes that create, migrate or remove an
 * object. Loads have no limit either. They try for at most 1 s, and shmstore_broadcast_newest for at most 100 ms.
 *
 * FORK. A child may use the stores, objects, parts, subscribers and entries of its parent. A transaction, guard, job,
 * loan or pin belongs to the parent: ending it in the child changes nothing. In the child a pin protects nothing. */


#ifndef SHMSTORE_H
#define SHMSTORE_H

#include <stddef.h>
#include <stdint.h>

/**
 * The time limit of a call that waits forever. Other limits are numbers of nanoseconds, and 0 is a call that does not
 * wait.
 */
#define SHMSTORE_FOREVER -1

/**
 * The type of the values, items or elements of a part.
 */
#define SHMSTORE_VALUE 0

/**
 * The type of the keys of a `Map`.
 */
#define SHMSTORE_KEY 1

/**
 * The type of the metadata of `Frames`.
 */
#define SHMSTORE_META 2

/**
 * The result of a call. The numbers do not change.
 */
typedef enum {
  /**
   * The call did what it is for.
   */
  SHMSTORE_OK = 0,
  /**
   * An argument is wrong: a pointer is NULL, a handle is of another type, a time is negative, a text is not UTF-8.
   */
  SHMSTORE_BAD_ARGUMENT = 1,
  /**
   * A path is not that of a field.
   */
  SHMSTORE_NO_FIELD = 2,
  /**
   * The part is of another kind, or the path leads to no part.
   */
  SHMSTORE_WRONG_PART = 3,
  /**
   * A size in bytes is not that of the type.
   */
  SHMSTORE_WRONG_SIZE = 4,
  /**
   * The type in shared memory is not the one of this program, or a schema is not that of an object.
   */
  SHMSTORE_WRONG_LAYOUT = 5,
  /**
   * Bytes or a text are not a valid value of their type.
   */
  SHMSTORE_INVALID_VALUE = 6,
  /**
   * There is no such store or object.
   */
  SHMSTORE_NOT_FOUND = 7,
  /**
   * The key is not in the map.
   */
  SHMSTORE_NO_KEY = 8,
  /**
   * There is an object already.
   */
  SHMSTORE_EXISTS = 9,
  /**
   * This process has no permission, or does not trust the owner.
   */
  SHMSTORE_ACCESS_DENIED = 10,
  /**
   * Another thread or process has the part until the limit, or creates or migrates the object for more than 5 s.
   */
  SHMSTORE_BUSY = 11,
  /**
   * This very thread has the part, and would wait for itself.
   */
  SHMSTORE_DEADLOCK = 12,
  /**
   * The change did not come within the limit.
   */
  SHMSTORE_TIMEOUT = 13,
  /**
   * There is no item, no frame, or no other entry within the limit.
   */
  SHMSTORE_EMPTY = 14,
  /**
   * There is no room within the limit, or not for so many elements.
   */
  SHMSTORE_FULL = 15,
  /**
   * A subscriber was too slow, and has missed items. The next call receives a later item.
   */
  SHMSTORE_LAGGED = 16,
  /**
   * An owner of a lock died, or ended by an error, and no process has repaired its changes since. The data that the
   * lock guards may be half-changed.
   */
  SHMSTORE_OWNER_DIED = 17,
  /**
   * The object was removed, or its anchor no longer exists. Attach again.
   */
  SHMSTORE_REMOVED = 18,
  /**
   * This process no longer has the item or the slot.
   */
  SHMSTORE_LOST = 19,
  /**
   * A transaction or a guard belongs to the thread that made it.
   */
  SHMSTORE_OTHER_THREAD = 20,
  /**
   * The handle belongs to the parent of this forked process.
   */
  SHMSTORE_OF_PARENT = 21,
  /**
   * No copy was whole, because processes store without a pause. Try again.
   */
  SHMSTORE_DISTURBED = 22,
  /**
   * A callback returned a number other than 0. Nothing has changed.
   */
  SHMSTORE_STOPPED = 23,
  /**
   * The object is there, and cannot be used: it is damaged or abandoned, belongs to another program, has no free
   * slot for this process, or a migration of it was interrupted.
   */
  SHMSTORE_UNUSABLE = 24,
  /**
   * The system refused something, such as memory.
   */
  SHMSTORE_SYSTEM = 25,
  /**
   * An error in this library, which is reported here instead of ending the program.
   */
  SHMSTORE_INTERNAL = 26,
  /**
   * The object is a copy of another machine's, and another process keeps it. It can only be read.
   */
  SHMSTORE_MIRRORED = 27,
} shmstore_code;

/**
 * The kind of a part. The numbers do not change.
 */
typedef enum {
  /**
   * No part: the handle is NULL, or of another type.
   */
  SHMSTORE_KIND_NONE = 0,
  /**
   * An atomic integer, or an `AtomicValue`.
   */
  SHMSTORE_KIND_ATOMIC = 1,
  /**
   * A `Versioned`.
   */
  SHMSTORE_KIND_VERSIONED = 2,
  /**
   * A `Lock`.
   */
  SHMSTORE_KIND_LOCK = 3,
  /**
   * An `Event`.
   */
  SHMSTORE_KIND_EVENT = 4,
  /**
   * A `Queue`.
   */
  SHMSTORE_KIND_QUEUE = 5,
  /**
   * A `Broadcast`.
   */
  SHMSTORE_KIND_BROADCAST = 6,
  /**
   * A `Map`.
   */
  SHMSTORE_KIND_MAP = 7,
  /**
   * A `Frames`.
   */
  SHMSTORE_KIND_FRAMES = 8,
} shmstore_kind;

/**
 * A copy of the entries of a `Map`. One thread uses it at a time.
 */
typedef struct shmstore_entries shmstore_entries;

/**
 * A `Lock` that a thread has taken. It belongs to this thread.
 */
typedef struct shmstore_guard shmstore_guard;

/**
 * An item that this process has taken from a `Queue`, and not finished. One thread uses it at a time.
 */
typedef struct shmstore_job shmstore_job;

/**
 * A slot of `Frames` that this process fills. One thread uses it at a time.
 */
typedef struct shmstore_loan shmstore_loan;

/**
 * An object that this process has attached. Any thread may use it, also several at once.
 */
typedef struct shmstore_object shmstore_object;

/**
 * A part of an object. It keeps the object attached. Any thread may use it, also several at once.
 */
typedef struct shmstore_part shmstore_part;

/**
 * A frame that no process overwrites until the pin is released. Any thread may use it, also several at once.
 */
typedef struct shmstore_pin shmstore_pin;

/**
 * A store: the objects at one path. Any thread may use it, also several at once.
 */
typedef struct shmstore_store shmstore_store;

/**
 * Receives the items of a `Broadcast`, one after the other. One thread uses it at a time.
 */
typedef struct shmstore_subscriber shmstore_subscriber;

/**
 * Changes to a `Versioned` that are published together, or not at all. It belongs to the thread that began it.
 */
typedef struct shmstore_transaction shmstore_transaction;

/**
 * A type of this program, which shmstore_part_open_as compares with that of a part. Headers of `shmstore schema --c`
 * make it.
 */
typedef struct {
  /**
   * SHMSTORE_VALUE, SHMSTORE_KEY or SHMSTORE_META.
   */
  int32_t of;
  /**
   * The size of the type in bytes.
   */
  size_t size;
  /**
   * The upper 64 bits of the layout hash of the type.
   */
  uint64_t hash_high;
  /**
   * The lower 64 bits of the layout hash of the type.
   */
  uint64_t hash_low;
} shmstore_layout;

/**
 * Changes the bytes of the value of a key. It should return 0. Any other number leaves the value as it was. It must
 * not wait, store or remove the same key, throw, or call longjmp. It may use other keys. `value` has `size` bytes, and
 * is aligned to one byte only, so copy it to a variable of the type.
 */
typedef int32_t (*shmstore_change_value)(void *value, size_t size, void *context);

/**
 * A change to wait for. Set all of it to zero first, then what is needed.
 */
typedef struct {
  /**
   * The part. Its kind decides which change is waited for:
   *
   * - `Versioned`: a version with a higher number than `seen`.
   * - `Event`: more than `seen` notifications.
   * - `Queue`: an item, or a free slot if `not_full` is not 0.
   * - `Broadcast`: the item with the number `seen`. Pass the position of a subscriber.
   * - `Map`: more than `seen` insertions and removals. With a key, a version of its value higher than `seen`.
   * - `Frames`: a frame with a higher number than `seen`.
   */
  const shmstore_part *part;
  /**
   * The number that the caller has seen.
   */
  uint64_t seen;
  /**
   * The key of a `Map`. NULL for any key.
   */
  const void *key;
  /**
   * The size of the key in bytes. 0 without a key.
   */
  size_t key_size;
  /**
   * Not 0 to wait for a free slot of a `Queue`.
   */
  int32_t not_full;
  /**
   * Receives 1 if the change is there, and 0 if not.
   */
  int32_t is_there;
} shmstore_change;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the name of a code, such as `SHMSTORE_BUSY`. `SHMSTORE_?` for any other number. The text stays forever.
 */
const char *shmstore_code_name(int32_t code);

/**
 * Returns the full text of the last error of this thread, in English, with what to do next. It is empty if there was
 * none. A call that succeeds does not change it. The text stays until the next call of this function in this thread.
 * Do not free it.
 */
const char *shmstore_error_text(void);

/**
 * Returns the version of this library, such as `0.1.0`. The text stays forever.
 */
const char *shmstore_version(void);

/**
 * Opens an existing store. `path` is its directory or file. The store of a name in a directory is the file
 * `DIRECTORY/NAME.shm`. Close it with shmstore_store_close.
 *
 * Errors: SHMSTORE_NOT_FOUND, SHMSTORE_ACCESS_DENIED, also if any user may write the directory or if its owner is not
 * trusted, SHMSTORE_BAD_ARGUMENT if the path is empty, is not UTF-8, or leads to something that is neither a directory
 * nor a file, SHMSTORE_SYSTEM.
 */
shmstore_code shmstore_store_open(const char *path, shmstore_store **store);

/**
 * Opens the store at a path, and makes a directory if nothing is there. `mode` has the permission bits of the objects
 * that this store makes, such as 0660 for a group. 0 is for 0600. A new directory has a search bit for each read bit,
 * too, such as 0770, and only its owner and its group may write it. Close it with shmstore_store_close.
 *
 * Errors: those of shmstore_store_open, SHMSTORE_BAD_ARGUMENT if the mode has other bits than 0666, or if a file is in
 * the place of a directory.
 */
shmstore_code shmstore_store_create(const char *path, uint32_t mode, shmstore_store **store);

/**
 * Removes the object with this type-id-char, such as 'T'. Processes that have it attached keep it.
 *
 * Errors: SHMSTORE_NOT_FOUND, SHMSTORE_ACCESS_DENIED, SHMSTORE_BUSY if another process creates or migrates an object
 * of the store for more than 5 s, SHMSTORE_UNUSABLE if the segment belongs to another program, SHMSTORE_BAD_ARGUMENT
 * if `id` is not a printable character of ASCII, SHMSTORE_SYSTEM.
 */
shmstore_code shmstore_store_remove(const shmstore_store *store, char id);

/**
 * Closes a store. Its objects stay, and stay attached. NULL is allowed.
 */
shmstore_code shmstore_store_close(shmstore_store *store);

/**
 * Attaches the object with this type-id-char, such as 'T', for reading and writing. Its layout comes from its segment.
 * Close it with shmstore_object_detach.
 *
 * Errors: SHMSTORE_NOT_FOUND if there is no such object yet, SHMSTORE_ACCESS_DENIED, SHMSTORE_WRONG_LAYOUT if no
 * program can write an object of this layout, SHMSTORE_MIRRORED if it is a copy of another machine's object, which
 * another process keeps, SHMSTORE_BUSY if another process creates or migrates it for more than 5 s, SHMSTORE_UNUSABLE,
 * SHMSTORE_BAD_ARGUMENT if `id` is not a printable character of ASCII, SHMSTORE_SYSTEM.
 */
shmstore_code shmstore_object_attach(const shmstore_store *store, char id, shmstore_object **object);

/**
 * Creates an object, all zero, with the layout of a schema in JSON, as shmstore_object_schema writes it. `room` is the
 * total size in bytes to which the object can grow, its present fields included. 0 means that it cannot grow. A value
 * below the size of the type counts as that size. Close it with shmstore_object_detach.
 *
 * Errors: SHMSTORE_EXISTS, SHMSTORE_WRONG_LAYOUT if the schema is not that of an object, SHMSTORE_SYSTEM if there is
 * not enough shared memory, or if the object is larger than memory can be, SHMSTORE_NOT_FOUND if the path of the store
 * no longer exists, SHMSTORE_BUSY if another process creates or migrates an object of the store for more than 5 s,
 * SHMSTORE_ACCESS_DENIED, SHMSTORE_UNUSABLE, SHMSTORE_BAD_ARGUMENT if `id` is not a printable character of ASCII.
 */
shmstore_code shmstore_object_create(const shmstore_store *store,
                                     const char *schema,
                                     char id,
                                     uint64_t room,
                                     shmstore_object **object);

/**
 * Detaches an object, once all handles of its parts are closed, too. NULL is allowed.
 */
shmstore_code shmstore_object_detach(shmstore_object *object);

/**
 * Returns 1 if the object was removed, and 0 if it is there, or after an error.
 */
int32_t shmstore_object_is_removed(const shmstore_object *object);

/**
 * Writes the layout of an object, in JSON. Free the text with shmstore_text_free.
 */
shmstore_code shmstore_object_schema(const shmstore_object *object, char **json);

/**
 * Writes the layout hash of an object, in two halves. Headers of `shmstore schema --c` have it as
 * SHM_..._LAYOUT_HASH_HIGH and SHM_..._LAYOUT_HASH_LOW. Each of the pointers may be NULL.
 */
shmstore_code shmstore_object_layout(const shmstore_object *object, uint64_t *high, uint64_t *low);

/**
 * Writes the value at a path, such as `position.x` or `quotes["EURUSD"].bid`, as JSON. `.` is the whole object. Free
 * the text with shmstore_text_free.
 *
 * The path of a `Versioned` gives its value alone. Within the text of a larger path, such as `.`, a `Versioned` is
 * `{"version": 3, "locked": false, "value": ...}`.
 *
 * Errors: SHMSTORE_NO_FIELD, SHMSTORE_NO_KEY, SHMSTORE_EMPTY if the path leads to an item or a frame that is not
 * there, SHMSTORE_INVALID_VALUE if the bytes in shared memory are not a valid value.
 */
shmstore_code shmstore_get_text(const shmstore_object *object, const char *path, char **text);

/**
 * Stores a value at a path. The text is JSON, such as `1.5`, `[1, 2]` or `{"x": 1, "y": 2}`, or a word for a variant
 * of an enum, a char or a text. A text that begins with a quote, `[` or `{` is JSON, and no word. A path into a
 * `Versioned` or a value of a map changes this field alone. The path of a key of a map inserts the key. The function
 * waits for other writers until the limit, in nanoseconds.
 *
 * Errors: SHMSTORE_NO_FIELD, SHMSTORE_NO_KEY, SHMSTORE_WRONG_PART if the path leads to something that is not stored as
 * a whole, SHMSTORE_INVALID_VALUE, SHMSTORE_BUSY, SHMSTORE_DEADLOCK, SHMSTORE_FULL if a map has no room.
 */
shmstore_code shmstore_set_text(const shmstore_object *object, const char *path, const char *text, int64_t limit);

/**
 * Adds a number to the integer at a path, modulo 2 to the power of its bits. `old` receives the value before, and may
 * be NULL. Convert it to int64_t if the integer is signed.
 *
 * An atomic integer never waits. If the path leads into a `Versioned` or the value of a key of a map, the function
 * waits for other writers without a limit.
 *
 * Errors: SHMSTORE_NO_FIELD, SHMSTORE_NO_KEY, SHMSTORE_WRONG_PART if there is no integer. Of a `Versioned` or a map
 * also SHMSTORE_DEADLOCK if this thread has it, and SHMSTORE_INVALID_VALUE if its newest value is not valid.
 */
shmstore_code shmstore_fetch_add(const shmstore_object *object, const char *path, int64_t by, uint64_t *old);

/**
 * Frees a text that a function of this library has written to a `char **`. NULL is allowed.
 */
void shmstore_text_free(char *text);

/**
 * Writes the bytes of a value of a part, of which `text` is the JSON, as for shmstore_set_text. `of` is
 * SHMSTORE_VALUE, SHMSTORE_KEY or SHMSTORE_META. `size` is the size of its type in bytes.
 *
 * Errors: SHMSTORE_INVALID_VALUE if the text is no value of the type, SHMSTORE_WRONG_SIZE, SHMSTORE_WRONG_PART.
 */
shmstore_code shmstore_encode(const shmstore_part *part, int32_t of, const char *text, void *bytes, size_t size);

/**
 * Writes the JSON of the bytes of a value of a part. `of` is SHMSTORE_VALUE, SHMSTORE_KEY or SHMSTORE_META. `size` is
 * the size of its type in bytes. Free the text with shmstore_text_free.
 *
 * Errors: SHMSTORE_INVALID_VALUE if the bytes are no value of the type, SHMSTORE_WRONG_SIZE, SHMSTORE_WRONG_PART.
 */
shmstore_code shmstore_decode(const shmstore_part *part, int32_t of, const void *bytes, size_t size, char **text);

/**
 * Returns the handle of the part at a path, such as `position` or `wheels[2].speed`. It keeps the object attached.
 * Close it with shmstore_part_close.
 *
 * Errors: SHMSTORE_NO_FIELD, SHMSTORE_WRONG_PART if the path leads into a part, or to something made of several parts.
 */
shmstore_code shmstore_part_open(const shmstore_object *object, const char *path, shmstore_part **part);

/**
 * Returns the handle of the part at a path, as shmstore_part_open does, if it has the types of this program. `layouts`
 * are `count` of them, from 1 to 3. Functions `..._open` in headers of `shmstore schema --c` call it.
 *
 * Errors: those of shmstore_part_open, SHMSTORE_WRONG_LAYOUT if a type differs, SHMSTORE_WRONG_PART if the part has no
 * type of this sort, such as a key, SHMSTORE_BAD_ARGUMENT if `layouts` is NULL or `count` is another number.
 */
shmstore_code shmstore_part_open_as(const shmstore_object *object,
                                    const char *path,
                                    const shmstore_layout *layouts,
                                    size_t count,
                                    shmstore_part **part);

/**
 * Closes the handle of a part. NULL is allowed.
 */
shmstore_code shmstore_part_close(shmstore_part *part);

/**
 * Returns the kind of a part. SHMSTORE_KIND_NONE after an error.
 */
shmstore_kind shmstore_part_kind(const shmstore_part *part);

/**
 * Returns the size in bytes of a value of a part, of which `of` is SHMSTORE_VALUE, SHMSTORE_KEY or SHMSTORE_META.
 * 0 if it has no such type.
 */
size_t shmstore_part_size(const shmstore_part *part, int32_t of);

/**
 * Writes the layout of a value of a part, in JSON. `of` is SHMSTORE_VALUE, SHMSTORE_KEY or SHMSTORE_META. Free the
 * text with shmstore_text_free.
 *
 * Errors: SHMSTORE_WRONG_PART if it has no such type, SHMSTORE_BAD_ARGUMENT if `of` is another number.
 */
shmstore_code shmstore_part_schema(const shmstore_part *part, int32_t of, char **json);

/**
 * Writes the size and the layout hash of a value of a part, for shmstore_part_open_as. `of` is SHMSTORE_VALUE,
 * SHMSTORE_KEY or SHMSTORE_META.
 *
 * Errors: those of shmstore_part_schema.
 */
shmstore_code shmstore_part_layout(const shmstore_part *part, int32_t of, shmstore_layout *layout);

/**
 * Copies the value of an atomic to `value`, which has `size` bytes: at most 8, and exactly those of the type. All
 * functions of atomics have acquire ordering. Those that store have release ordering, too.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE.
 */
shmstore_code shmstore_atomic_load(const shmstore_part *part, void *value, size_t size);

/**
 * Stores a value of `size` bytes in an atomic.
 *
 * Errors: those of shmstore_atomic_load.
 */
shmstore_code shmstore_atomic_store(const shmstore_part *part, const void *value, size_t size);

/**
 * Stores a value of `size` bytes in an atomic, and copies the old one to `old`, which has as many.
 *
 * Errors: those of shmstore_atomic_load. If the old bytes are not a valid value, the new value is stored all the same.
 */
shmstore_code shmstore_atomic_swap(const shmstore_part *part, const void *value, void *old, size_t size);

/**
 * Stores `value` in an atomic if it has the value `expected`. Otherwise it copies the value that it has to `expected`.
 * Both have `size` bytes. `exchanged` receives 1 if the value was stored, and 0 if not. It may be NULL.
 *
 * Errors: those of shmstore_atomic_load. Then nothing was stored, and `expected` is as it was.
 */
shmstore_code shmstore_atomic_compare_exchange(const shmstore_part *part,
                                               void *expected,
                                               const void *value,
                                               size_t size,
                                               int32_t *exchanged);

/**
 * Adds a number to an atomic integer, modulo 2 to the power of its bits. `old` receives the value before, and may be
 * NULL. Convert it to int64_t if the integer is signed.
 *
 * Errors: SHMSTORE_WRONG_PART if it is not an atomic integer.
 */
shmstore_code shmstore_atomic_fetch_add(const shmstore_part *part, int64_t by, uint64_t *old);

/**
 * Copies the newest version of a `Versioned` to `value`, which has the `size` bytes of its type. The copy is always
 * whole. `version` receives its number, and may be NULL.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE if the bytes in shared memory are not a
 * valid value, SHMSTORE_DISTURBED if no copy was whole within a second.
 */
shmstore_code shmstore_versioned_load(const shmstore_part *part, void *value, size_t size, uint64_t *version);

/**
 * Makes a value of `size` bytes the newest version of a `Versioned`. Other writers are waited for until the limit, in
 * nanoseconds. `version` receives its number, and may be NULL.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE, SHMSTORE_BUSY, SHMSTORE_DEADLOCK if this
 * thread has a transaction on it.
 */
shmstore_code shmstore_versioned_store(const shmstore_part *part,
                                       const void *value,
                                       size_t size,
                                       int64_t limit,
                                       uint64_t *version);

/**
 * Returns the number of the newest version of a `Versioned`, which counts the stores from 0. 0 after an error.
 */
uint64_t shmstore_versioned_version(const shmstore_part *part);

/**
 * Begins a transaction on a private copy of the newest version of a `Versioned`. Other writers wait until it ends.
 * Until the limit, in nanoseconds, they are waited for. End it with shmstore_transaction_commit or
 * shmstore_transaction_rollback, in this thread. If the process is killed, nothing has changed.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_BUSY, SHMSTORE_DEADLOCK if this thread has another transaction on it,
 * SHMSTORE_INVALID_VALUE if the newest version is not a valid value, which shmstore_versioned_store repairs.
 */
shmstore_code shmstore_transaction_begin(const shmstore_part *part, int64_t limit, shmstore_transaction **transaction);

/**
 * Returns the value that a transaction changes. Change it in place. It has the bytes of the type of the part, is
 * aligned as the type, and stays until the transaction ends. NULL in another thread.
 */
void *shmstore_transaction_value(shmstore_transaction *transaction);

/**
 * Returns the number of the version that a transaction began with. 0 after an error.
 */
uint64_t shmstore_transaction_version(const shmstore_transaction *transaction);

/**
 * Makes the changed value the newest version. `version` receives its number, and may be NULL. This ends the
 * transaction, also after an error, and frees its handle. Only SHMSTORE_OTHER_THREAD leaves it as it is.
 *
 * Errors: SHMSTORE_INVALID_VALUE if the changed bytes are not a valid value, SHMSTORE_OF_PARENT,
 * SHMSTORE_OTHER_THREAD. Then nothing has changed.
 */
shmstore_code shmstore_transaction_commit(shmstore_transaction *transaction, uint64_t *version);

/**
 * Ends a transaction without any change, and frees its handle. NULL is allowed.
 *
 * Errors: SHMSTORE_OTHER_THREAD, which leaves it as it is.
 */
shmstore_code shmstore_transaction_rollback(shmstore_transaction *transaction);

/**
 * Takes a `Lock`. Its owner is waited for until the limit, in nanoseconds. Free it with shmstore_guard_unlock, in this
 * thread. If the process is killed, the lock is free, and the next owner is told.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_BUSY, SHMSTORE_DEADLOCK if this thread has it, SHMSTORE_OWNER_DIED if the data
 * may be half-changed, so that shmstore_lock_lock_to_repair is needed.
 */
shmstore_code shmstore_lock_lock(const shmstore_part *part, int64_t limit, shmstore_guard **guard);

/**
 * Takes a `Lock`, also if an owner died. If shmstore_guard_is_inconsistent returns 1 then, repair the data, and call
 * shmstore_guard_mark_consistent. Free the lock as after shmstore_lock_lock.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_BUSY, SHMSTORE_DEADLOCK.
 */
shmstore_code shmstore_lock_lock_to_repair(const shmstore_part *part, int64_t limit, shmstore_guard **guard);

/**
 * Returns 1 if a process has a `Lock`, and 0 if it is free or after an error.
 */
int32_t shmstore_lock_is_locked(const shmstore_part *part);

/**
 * Returns 1 if an owner of a `Lock` died and no process has repaired its changes. 0 if not, or after an error.
 */
int32_t shmstore_lock_is_inconsistent(const shmstore_part *part);

/**
 * Returns 1 if an owner died, and no process has repaired its changes. 0 if not, or after an error.
 */
int32_t shmstore_guard_is_inconsistent(const shmstore_guard *guard);

/**
 * Declares that the data that a lock guards is right again.
 *
 * Errors: SHMSTORE_OTHER_THREAD.
 */
shmstore_code shmstore_guard_mark_consistent(const shmstore_guard *guard);

/**
 * Declares that the data that a lock guards may be half-changed, as after the death of an owner. The next
 * shmstore_lock_lock returns SHMSTORE_OWNER_DIED. Call it before you give up in the middle of a change.
 *
 * Errors: SHMSTORE_OTHER_THREAD.
 */
shmstore_code shmstore_guard_mark_inconsistent(const shmstore_guard *guard);

/**
 * Frees a `Lock`, and the handle. NULL is allowed.
 *
 * Errors: SHMSTORE_OTHER_THREAD, which leaves it as it is.
 */
shmstore_code shmstore_guard_unlock(shmstore_guard *guard);

/**
 * Notifies all processes that wait for an `Event`. `count` receives the number of notifications, and may be NULL.
 *
 * Errors: SHMSTORE_WRONG_PART.
 */
shmstore_code shmstore_event_notify_all(const shmstore_part *part, uint64_t *count);

/**
 * Notifies one of the processes that wait for an `Event`. `count` receives the number of notifications, and may be
 * NULL.
 *
 * Errors: SHMSTORE_WRONG_PART.
 */
shmstore_code shmstore_event_notify_one(const shmstore_part *part, uint64_t *count);

/**
 * Returns the number of notifications of an `Event`. 0 after an error. shmstore_wait waits for more.
 */
uint64_t shmstore_event_count(const shmstore_part *part);

/**
 * Pushes an item of `size` bytes into a `Queue`. A free slot is waited for until the limit, in nanoseconds.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE, SHMSTORE_FULL, SHMSTORE_BUSY if another
 * producer works on the queue until the limit, SHMSTORE_REMOVED, which only a call notices that has to wait.
 */
shmstore_code shmstore_queue_push(const shmstore_part *part, const void *item, size_t size, int64_t limit);

/**
 * Pops the oldest item of a `Queue` to `item`, which has `size` bytes. An item is waited for until the limit, in
 * nanoseconds. If the process is killed afterwards, the item is lost: shmstore_queue_take keeps it.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_EMPTY, SHMSTORE_BUSY if another consumer works on the
 * queue until the limit, SHMSTORE_REMOVED, which only a call notices that has to wait, SHMSTORE_INVALID_VALUE if the
 * item is not a valid value. Then the item is consumed.
 */
shmstore_code shmstore_queue_pop(const shmstore_part *part, void *item, size_t size, int64_t limit);

/**
 * Takes the oldest item of a `Queue`. An item is waited for until the limit, in nanoseconds. End the job with
 * shmstore_job_done or shmstore_job_return. If the process is killed before, another one gets the item.
 *
 * Errors: those of shmstore_queue_pop.
 */
shmstore_code shmstore_queue_take(const shmstore_part *part, int64_t limit, shmstore_job **job);

/**
 * Returns the number of items that wait in a `Queue`. 0 after an error.
 */
uint64_t shmstore_queue_len(const shmstore_part *part);

/**
 * Returns the number of items that were taken and are not done. 0 after an error.
 */
uint64_t shmstore_queue_outstanding(const shmstore_part *part);

/**
 * Returns the number of slots of a `Queue`. 0 after an error.
 */
uint64_t shmstore_queue_capacity(const shmstore_part *part);

/**
 * Copies the item of a job to `item`, which has `size` bytes.
 *
 * Errors: SHMSTORE_WRONG_SIZE.
 */
shmstore_code shmstore_job_item(const shmstore_job *job, void *item, size_t size);

/**
 * Returns how often the item was delivered, this time included. 7 means seven or more. 0 after
 * an error.
 */
uint32_t shmstore_job_deliveries(const shmstore_job *job);

/**
 * Finishes the item of a job. It is not delivered again. This frees the handle, also after an error.
 *
 * Errors: SHMSTORE_LOST if this process no longer has the item, SHMSTORE_OF_PARENT.
 */
shmstore_code shmstore_job_done(shmstore_job *job);

/**
 * Returns the item of a job to its queue, where it is the next one, and frees the handle. NULL is allowed.
 */
shmstore_code shmstore_job_return(shmstore_job *job);

/**
 * Sends an item of `size` bytes to all subscribers of a `Broadcast`. Another sender is waited for until the limit, in
 * nanoseconds. `number` receives the number of the item, which counts from 0. It may be NULL.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE, SHMSTORE_BUSY if another sender works on
 * the broadcast until the limit.
 */
shmstore_code shmstore_broadcast_send(const shmstore_part *part,
                                      const void *item,
                                      size_t size,
                                      int64_t limit,
                                      uint64_t *number);

/**
 * Copies the newest item of a `Broadcast` to `item`, which has `size` bytes. `number` receives its number, and may be
 * NULL.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_EMPTY if no item was sent, SHMSTORE_INVALID_VALUE,
 * SHMSTORE_DISTURBED if no copy was whole within 100 ms.
 */
shmstore_code shmstore_broadcast_newest(const shmstore_part *part, void *item, size_t size, uint64_t *number);

/**
 * Returns the number of items that were sent. 0 after an error.
 */
uint64_t shmstore_broadcast_sent(const shmstore_part *part);

/**
 * Returns a subscriber that receives the items that are sent from now on. Close it with shmstore_subscriber_close.
 *
 * Errors: SHMSTORE_WRONG_PART.
 */
shmstore_code shmstore_broadcast_subscribe(const shmstore_part *part, shmstore_subscriber **subscriber);

/**
 * Returns a subscriber at a position, which is the number of its first item. If that item is overwritten already, the
 * first shmstore_subscriber_recv returns SHMSTORE_LAGGED. Close it with shmstore_subscriber_close.
 *
 * Errors: SHMSTORE_WRONG_PART.
 */
shmstore_code shmstore_broadcast_subscribe_from(const shmstore_part *part,
                                                uint64_t position,
                                                shmstore_subscriber **subscriber);

/**
 * Receives the next item to `item`, which has `size` bytes. It is waited for until the limit, in nanoseconds. `missed`
 * receives how many items were missed before the next one, after SHMSTORE_LAGGED, and else 0. It may be NULL.
 *
 * Errors: SHMSTORE_WRONG_SIZE, SHMSTORE_EMPTY, SHMSTORE_LAGGED, after which the next call receives a later item,
 * SHMSTORE_INVALID_VALUE, after which the next call goes on, SHMSTORE_DISTURBED if no copy was whole in this time,
 * SHMSTORE_REMOVED, which only a call notices that has to wait.
 */
shmstore_code shmstore_subscriber_recv(shmstore_subscriber *subscriber,
                                       void *item,
                                       size_t size,
                                       int64_t limit,
                                       uint64_t *missed);

/**
 * Returns the position of a subscriber: the number of its next item. It is for shmstore_wait, shmstore_wait_any and
 * shmstore_broadcast_subscribe_from. 0 after an error.
 */
uint64_t shmstore_subscriber_position(const shmstore_subscriber *subscriber);

/**
 * Closes a subscriber. NULL is allowed.
 */
shmstore_code shmstore_subscriber_close(shmstore_subscriber *subscriber);

/**
 * Copies the value of a key of a `Map` to `value`, which has `value_size` bytes. The key has `key_size` bytes. Padding
 * in it, and what follows a text, do not count. `version` receives the number of the version of the value, and may be
 * NULL.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_NO_KEY, SHMSTORE_INVALID_VALUE if the key or the value is
 * not valid, SHMSTORE_DISTURBED if no copy was whole within a second.
 */
shmstore_code shmstore_map_get(const shmstore_part *part,
                               const void *key,
                               size_t key_size,
                               void *value,
                               size_t value_size,
                               uint64_t *version);

/**
 * Inserts a key with a value in a `Map`, or stores the value if the key is in the map. Other writers are waited for
 * until the limit, in nanoseconds. `is_new` receives 1 if the key is new, and 0 if not. It may be NULL.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE if the key or the value is not valid,
 * SHMSTORE_FULL, SHMSTORE_BUSY, SHMSTORE_DEADLOCK in a callback of shmstore_map_update for the same key.
 */
shmstore_code shmstore_map_insert(const shmstore_part *part,
                                  const void *key,
                                  size_t key_size,
                                  const void *value,
                                  size_t value_size,
                                  int64_t limit,
                                  int32_t *is_new);

/**
 * Changes the value of a key of a `Map` by a callback. No other store comes in between. Other writers are waited for
 * until the limit, in nanoseconds. `context` is passed to the callback as it is.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_NO_KEY, SHMSTORE_BUSY, SHMSTORE_DEADLOCK in a callback
 * for the same key, SHMSTORE_INVALID_VALUE if the key is not valid, or if the value is not valid before or after the
 * callback, SHMSTORE_STOPPED, SHMSTORE_OF_PARENT in a process that was forked in the callback. Nothing has changed.
 */
shmstore_code shmstore_map_update(const shmstore_part *part,
                                  const void *key,
                                  size_t key_size,
                                  int64_t limit,
                                  shmstore_change_value change,
                                  void *context);

/**
 * Removes a key from a `Map`. Other writers are waited for until the limit, in nanoseconds. `old` receives the value
 * that it had, of `old_size` bytes. It may be NULL with the size 0.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_NO_KEY, SHMSTORE_BUSY, SHMSTORE_DEADLOCK in a callback of
 * shmstore_map_update for the same key, SHMSTORE_INVALID_VALUE if the key is not valid, or if the value was not a
 * valid one. An invalid key removes nothing. After an invalid value the key is removed. If `old` is NULL, an invalid
 * value is no error.
 */
shmstore_code shmstore_map_remove(const shmstore_part *part,
                                  const void *key,
                                  size_t key_size,
                                  void *old,
                                  size_t old_size,
                                  int64_t limit);

/**
 * Writes 1 to `is_there` if a key is in a `Map`, and 0 if not.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE if the key is not valid.
 */
shmstore_code shmstore_map_contains(const shmstore_part *part, const void *key, size_t key_size, int32_t *is_there);

/**
 * Returns the number of keys of a `Map`. 0 after an error.
 */
uint64_t shmstore_map_len(const shmstore_part *part);

/**
 * Returns the number of keys for which a `Map` has room. 0 after an error.
 */
uint64_t shmstore_map_capacity(const shmstore_part *part);

/**
 * Returns how often keys of a `Map` were inserted and removed, for shmstore_wait. 0 after an error.
 */
uint64_t shmstore_map_changes(const shmstore_part *part);

/**
 * Copies all entries of a `Map`. Each entry is whole. Keys that are inserted or removed meanwhile may be among them or
 * not. Get them by shmstore_entries_next, and close the copy with shmstore_entries_close.
 *
 * Errors: SHMSTORE_WRONG_PART.
 */
shmstore_code shmstore_map_entries(const shmstore_part *part, shmstore_entries **entries);

/**
 * Copies the next entry: its key to `key` of `key_size` bytes, and its value to `value` of `value_size` bytes.
 * `version` receives the number of the version of the value. Each of the pointers may be NULL, with the size 0.
 *
 * Errors: SHMSTORE_EMPTY if there is no other entry, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE if the key or the
 * value is not valid. Then nothing is copied, and the next call goes on after this entry.
 */
shmstore_code shmstore_entries_next(shmstore_entries *entries,
                                    void *key,
                                    size_t key_size,
                                    void *value,
                                    size_t value_size,
                                    uint64_t *version);

/**
 * Closes a copy of the entries of a map. NULL is allowed.
 */
shmstore_code shmstore_entries_close(shmstore_entries *entries);

/**
 * Returns the most elements of a frame. 0 after an error.
 */
uint64_t shmstore_frames_capacity(const shmstore_part *part);

/**
 * Returns the number of the newest frame. 0 if there is none, or after an error.
 */
uint64_t shmstore_frames_newest_number(const shmstore_part *part);

/**
 * Loans a slot of `Frames` to fill. One is waited for until the limit, in nanoseconds. End it with
 * shmstore_loan_publish or shmstore_loan_return. If the process is killed before, the slot is free again.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_FULL if every slot has the newest frame, is pinned, or is being filled,
 * SHMSTORE_BUSY if another process loans or publishes a frame until the limit, SHMSTORE_REMOVED, which only a call
 * notices that has to wait.
 */
shmstore_code shmstore_frames_loan(const shmstore_part *part, int64_t limit, shmstore_loan **loan);

/**
 * Returns the address of the first element of a slot that is filled, aligned to at least 64 bytes. There is room for
 * shmstore_frames_capacity elements, until the loan ends. NULL after an error. Set the number of elements by
 * shmstore_loan_set_len.
 *
 * No function checks elements that are written there, also shmstore_loan_publish does not. For a type with bool, char
 * or enums use shmstore_loan_write.
 */
void *shmstore_loan_pointer(shmstore_loan *loan);

/**
 * Sets the number of elements of a frame. Elements that were not written have the bytes of an earlier frame, or zeros,
 * and are published with the others.
 *
 * Errors: SHMSTORE_FULL if there is no room for so many.
 */
shmstore_code shmstore_loan_set_len(shmstore_loan *loan, uint64_t len);

/**
 * Sets the metadata of a frame, of `size` bytes. Without this call, all its bytes are zero.
 *
 * Errors: SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE.
 */
shmstore_code shmstore_loan_set_meta(shmstore_loan *loan, const void *meta, size_t size);

/**
 * Copies `size` bytes of elements to index `at` of a frame, and those after it. The frame grows, if it has to.
 *
 * Errors: SHMSTORE_WRONG_SIZE if `size` is not a multiple of the size of an element, SHMSTORE_FULL,
 * SHMSTORE_INVALID_VALUE if an element is not valid, SHMSTORE_OF_PARENT.
 */
shmstore_code shmstore_loan_write(shmstore_loan *loan, uint64_t at, const void *elements, size_t size);

/**
 * Publishes a frame as the newest one. `number` receives its number, which counts from 1. It may be NULL. This frees
 * the handle, also after an error. The elements are not checked: see shmstore_loan_pointer.
 *
 * Errors: SHMSTORE_LOST if this process no longer has the slot, SHMSTORE_OF_PARENT.
 */
shmstore_code shmstore_loan_publish(shmstore_loan *loan, uint64_t *number);

/**
 * Returns a slot without a frame, and frees the handle. NULL is allowed.
 */
shmstore_code shmstore_loan_return(shmstore_loan *loan);

/**
 * Pins the newest frame. No process overwrites it until shmstore_pin_release.
 *
 * Errors: SHMSTORE_WRONG_PART, SHMSTORE_EMPTY if there is none, SHMSTORE_FULL if all 64 pins of this part, of all
 * processes, are in use, SHMSTORE_DISTURBED, SHMSTORE_INVALID_VALUE if the metadata is not valid.
 */
shmstore_code shmstore_frames_pin_newest(const shmstore_part *part, shmstore_pin **pin);

/**
 * Pins the frame with this number. No process overwrites it until shmstore_pin_release.
 *
 * Errors: those of shmstore_frames_pin_newest, SHMSTORE_EMPTY if the frame is not there.
 */
shmstore_code shmstore_frames_pin(const shmstore_part *part, uint64_t number, shmstore_pin **pin);

/**
 * Pins the newest frame, once it has a higher number than `seen`. It is waited for until the limit, in nanoseconds. No
 * process overwrites it until shmstore_pin_release.
 *
 * Errors: those of shmstore_frames_pin_newest, SHMSTORE_TIMEOUT if none came, SHMSTORE_REMOVED.
 */
shmstore_code shmstore_frames_wait_newer(const shmstore_part *part, uint64_t seen, int64_t limit, shmstore_pin **pin);

/**
 * Returns the address of the first element of a frame, aligned to at least 64 bytes. There are shmstore_pin_len
 * elements, until the pin is released. Their bytes are not checked. NULL after an error.
 */
const void *shmstore_pin_pointer(const shmstore_pin *pin);

/**
 * Returns the number of elements of a frame. 0 after an error.
 */
uint64_t shmstore_pin_len(const shmstore_pin *pin);

/**
 * Returns the number of a frame, which counts from 1. 0 after an error.
 */
uint64_t shmstore_pin_number(const shmstore_pin *pin);

/**
 * Returns how many frames were published between `seen` of shmstore_frames_wait_newer and this frame. 0 after another
 * call.
 */
uint64_t shmstore_pin_missed(const shmstore_pin *pin);

/**
 * Copies the metadata of a frame to `meta`, which has `size` bytes.
 *
 * Errors: SHMSTORE_WRONG_SIZE.
 */
shmstore_code shmstore_pin_meta(const shmstore_pin *pin, void *meta, size_t size);

/**
 * Returns 1 if a pin is still there, and 0 if not or after an error. A pin is lost if another process believed that
 * this one was dead. Then the elements may have been overwritten.
 */
int32_t shmstore_pin_is_intact(const shmstore_pin *pin);

/**
 * Releases a pin, and frees the handle. NULL is allowed.
 */
shmstore_code shmstore_pin_release(shmstore_pin *pin);

/**
 * Waits for a change of a part: a version, a notification, an item, a frame. See shmstore_change for what `seen` is.
 * For a free slot or a key of a map, use shmstore_wait_any. The change is waited for until the limit, in nanoseconds.
 * Load the value afterwards: another process may take an item first.
 *
 * Errors: SHMSTORE_TIMEOUT, SHMSTORE_REMOVED, SHMSTORE_WRONG_PART if there is nothing to wait for.
 */
shmstore_code shmstore_wait(const shmstore_part *part, uint64_t seen, int64_t limit);

/**
 * Waits for at least one of `count` changes, of any objects. Their `is_there` say which are there. They are waited for
 * until the limit, in nanoseconds.
 *
 * Errors: SHMSTORE_TIMEOUT, SHMSTORE_REMOVED if one will not come, SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE or
 * SHMSTORE_INVALID_VALUE of a key, SHMSTORE_BAD_ARGUMENT if `count` is 0.
 */
shmstore_code shmstore_wait_any(shmstore_change *changes, size_t count, int64_t limit);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SHMSTORE_H */
