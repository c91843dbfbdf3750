/* In the guest, as root: sixteen bytes from the device. */
#include <stdio.h>

int main(void) {
    unsigned char noise[16];
    FILE *device = fopen("/dev/hwrng", "rb");
    if (!device || fread(noise, 1, sizeof noise, device) != sizeof noise) {
        perror("/dev/hwrng");
        return 1;
    }
    for (unsigned i = 0; i < sizeof noise; i++) {
        printf("%02x ", noise[i]);
    }
    printf("\n");
    return 0;
}
