/* What the programs of the tests begin with. */
#ifndef CHECKS_H
#define CHECKS_H

#include <inttypes.h>
#include <shmstore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "all.h"

#define SECOND INT64_C(1000000000)

#define CHECK(holds)                                                                             \
    do {                                                                                         \
        if (!(holds)) {                                                                          \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #holds, shmstore_error_text()); \
            exit(1);                                                                             \
        }                                                                                        \
    } while (0)

/* Checks that a call has this result, and a text of it. */
#define GIVES(code, call)                                                                            \
    do {                                                                                             \
        shmstore_code gave = (call);                                                                 \
        if (gave != (code)) {                                                                        \
            fprintf(stderr, "%s:%d: %s gives %s: %s\n", __FILE__, __LINE__, #call, shmstore_code_name(gave), \
                    shmstore_error_text());                                                          \
            exit(1);                                                                                 \
        }                                                                                            \
    } while (0)
#define OK(call) GIVES(SHMSTORE_OK, call)
#define SAYS(code, text, call)                       \
    do {                                             \
        GIVES(code, call);                           \
        CHECK(strstr(shmstore_error_text(), text));  \
    } while (0)

static shmstore_store *the_store;
static shmstore_object *the_object;

static inline shmstore_object *attach(const char *path)
{
    OK(shmstore_store_open(path, &the_store));
    OK(shmstore_object_attach(the_store, SHM_ALL_ID, &the_object));
    return the_object;
}

static inline void detach(void)
{
    OK(shmstore_object_detach(the_object));
    OK(shmstore_store_close(the_store));
}

static inline shmstore_part *part(const char *path)
{
    shmstore_part *opened;
    OK(shmstore_part_open(the_object, path, &opened));
    return opened;
}

#endif
