/* A program that reads two objects. Each object is one `Versioned`. */
#include "quote.h"
#include "position.h"

int main(int argc, char **argv)
{
    shmstore_segment quotes, positions;
    shm_versioned_quote *quote = shm_versioned_quote_attach(&quotes, argv[argc - 1], SHMSTORE_READ_ONLY);
    shm_versioned_position *position = shm_versioned_position_attach(&positions, argv[argc - 1], SHMSTORE_READ_ONLY);
    shm_versioned_quote_quote last;
    shm_versioned_position_position here;
    if (!quote || !position) {
        fprintf(stderr, "%s\n%s\n", quotes.message, positions.message);
        return 1;
    }
    shm_versioned_quote_versioned_quote_load(&quote->object, &last, NULL);
    shm_versioned_position_versioned_position_load(&position->object, &here, NULL);
    printf("%g %llu %g %g\n", last.price, (unsigned long long)last.amount, here.x, here.y);
    shmstore_detach(&quotes);
    shmstore_detach(&positions);
    return 0;
}
