#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <sched.h>

int CLinuxShims_allowed_cores(void) {
    // The kernel refuses a set that is smaller than its own: 8192 cores are the most it can be built for.
    enum { most_cores = 8192 };
    unsigned long set[most_cores / (8 * sizeof(unsigned long))] = {0};
    if (sched_getaffinity(0, sizeof set, (cpu_set_t *)set) != 0) return -1;
    return CPU_COUNT_S(sizeof set, (cpu_set_t *)set);
}
