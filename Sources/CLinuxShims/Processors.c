#define _GNU_SOURCE

#include "CLinuxShims.h"

#include <sched.h>
#include <unistd.h>

int CLinuxShims_processorsInAffinityMask(void) {
    // Room for 65,536; cpu_set_t has 1,024, and the call fails where the kernel knows more.
    unsigned long mask[1024] = {0};
    if (sched_getaffinity(0, sizeof mask, (cpu_set_t *)mask) != 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        return online > 0 ? (int)online : 1;
    }
    int count = 0;
    for (size_t index = 0; index < sizeof mask / sizeof mask[0]; index++) count += __builtin_popcountl(mask[index]);
    return count > 0 ? count : 1;
}
