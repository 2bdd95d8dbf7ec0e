/* A program that knows only the header of the object. */
#include "camera.h"

static void look_at_images(const shm_camera *camera)
{
    uint8_t elements[100];
    shm_camera_info info;
    uint64_t len, number, at;
    int found = shm_camera_frames_u8_100_4_info_newest(&camera->images, elements, 100, &len, &info, &number);
    printf("images: ");
    if (found <= 0) {
        printf(found ? "damaged\n" : "no frame\n");
        return;
    }
    printf("frame %llu, %u x %u, format %u, %llu of %llu:", (unsigned long long)number, info.width, info.height,
           info.format, (unsigned long long)len,
           (unsigned long long)shm_camera_frames_u8_100_4_info_capacity(&camera->images));
    for (at = 0; at < len; at++)
        printf(" %u", elements[at]);
    printf("\n");
}

static void look_at_pixels(const shm_camera *camera)
{
    shm_camera_bgr pixels[8];
    shm_camera_size size;
    uint64_t len, at;
    uint64_t number = shm_camera_frames_bgr_8_3_size_newest_number(&camera->pixels);
    /* One element is too little room for two. */
    int found = shm_camera_frames_bgr_8_3_size_newest(&camera->pixels, pixels, 1, &len, NULL, NULL);
    if (found > 0)
        found = shm_camera_frames_bgr_8_3_size_newest(&camera->pixels, pixels, len, NULL, &size, &number);
    printf("pixels: ");
    if (found <= 0) {
        printf(found ? "damaged\n" : "no frame\n");
        return;
    }
    printf("frame %llu, %u x %u, %llu of 8:", (unsigned long long)number, size.width, size.height,
           (unsigned long long)len);
    for (at = 0; at < len; at++)
        printf(" %u", pixels[at].r);
    printf("\n");
}

static void look_at_samples(const shm_camera *camera)
{
    uint16_t samples[9];
    uint64_t len, number, at;
    int found = shm_camera_frames_u16_9_3_newest(&camera->samples, samples, 9, &len, NULL, &number);
    printf("samples: ");
    if (found <= 0) {
        printf(found ? "damaged\n" : "no frame\n");
        return;
    }
    printf("frame %llu, %llu of 9:", (unsigned long long)number, (unsigned long long)len);
    for (at = 0; at < len; at++)
        printf(" %u", samples[at]);
    printf("\n");
}

int main(int argc, char **argv)
{
    shmstore_segment segment;
    shm_camera *camera = argc > 1 ? shm_camera_attach(&segment, argv[1], SHMSTORE_READ_ONLY) : NULL;
    if (!camera) {
        fprintf(stderr, "%s\n", argc > 1 ? segment.message : "usage");
        return 1;
    }
    alarm(60);
    look_at_images(camera);
    look_at_pixels(camera);
    look_at_samples(camera);
    shmstore_detach(&segment);
    return 0;
}
