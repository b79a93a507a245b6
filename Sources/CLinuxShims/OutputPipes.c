#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

// A script gets its output as descriptors 1 and 2; a pipe of ours that had one of these numbers, because the runner
// was started without them, would be overwritten.
enum { lowest_number = 16 };

int CLinuxShims_output_pipe(int *ends, int size) {
    int low[2];
    if (pipe2(low, O_CLOEXEC) != 0) return errno;
    ends[0] = fcntl(low[0], F_DUPFD_CLOEXEC, lowest_number);
    ends[1] = fcntl(low[1], F_DUPFD_CLOEXEC, lowest_number);
    int error = ends[0] < 0 || ends[1] < 0 ? errno : 0;
    close(low[0]);
    close(low[1]);
    if (error != 0) {
        if (ends[0] >= 0) close(ends[0]);
        if (ends[1] >= 0) close(ends[1]);
        return error;
    }
    // The two ends are open files of their own: the script's stays as programs expect it.
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    // Refused over the user's quota (pipe-user-pages-soft): the pipe then keeps its 64 KiB.
    fcntl(ends[1], F_SETPIPE_SZ, size);
    return 0;
}

void CLinuxShims_grow_pipe(int pipe, int size) {
    if (fcntl(pipe, F_GETPIPE_SZ) < size) fcntl(pipe, F_SETPIPE_SZ, size);
}

ssize_t CLinuxShims_tee(int in, int out, size_t count) { return tee(in, out, count, SPLICE_F_NONBLOCK); }

ssize_t CLinuxShims_splice(int in, int out, size_t count) {
    return splice(in, NULL, out, NULL, count, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
}
