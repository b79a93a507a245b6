#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { max_pairs = 8, first_free = 16 };

static int add_actions(posix_spawn_file_actions_t *actions, const char *directory, const int *ours,
                       const int *descriptors, int pairs) {
    int error = posix_spawn_file_actions_addchdir_np(actions, directory);
    for (int i = 0; i < pairs && error == 0; i++)
        error = posix_spawn_file_actions_adddup2(actions, ours[i], descriptors[2 * i + 1]);
    return error;
}

// The actions run one after another: a descriptor of ours that has the number of an earlier target would be gone.
static int move_away(int *ours, const int *descriptors, int pairs) {
    if (pairs > max_pairs) return EINVAL;
    for (int i = 0; i < pairs; i++) {
        ours[i] = fcntl(descriptors[2 * i], F_DUPFD_CLOEXEC, first_free);
        if (ours[i] < 0) return errno;
    }
    return 0;
}

int CLinuxShims_spawn(pid_t *pid, const char *path, char *const argv[], char *const envp[], const char *directory,
                      const int *descriptors, int pair_count) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int ours[max_pairs] = {-1, -1, -1, -1, -1, -1, -1, -1};
    int error = move_away(ours, descriptors, pair_count);
    if (error == 0) error = add_actions(&actions, directory, ours, descriptors, pair_count);
    if (error == 0) error = posix_spawn(pid, path, &actions, &attributes, argv, envp);
    for (int i = 0; i < max_pairs; i++)
        if (ours[i] >= 0) close(ours[i]);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

int CLinuxShims_wait_until_ended(pid_t pid) {
    siginfo_t info;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0)
        if (errno != EINTR) return errno;
    return 0;
}

int CLinuxShims_reap(pid_t pid, struct CLinuxShims_exit *result) {
    int status;
    struct rusage usage;
    while (wait4(pid, &status, 0, &usage) != pid)
        if (errno != EINTR) return errno;
    result->exited = WIFEXITED(status);
    result->value = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    result->core_dumped = WIFSIGNALED(status) && WCOREDUMP(status);
    result->user_seconds = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
    result->system_seconds = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
    result->peak_resident_bytes = (int64_t)usage.ru_maxrss * 1024;
    return 0;
}

int CLinuxShims_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

ssize_t CLinuxShims_copy_file_range(int in, int out, size_t count) {
    return copy_file_range(in, NULL, out, NULL, count, 0);
}

static const int job_signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

static void add_job_signals(sigset_t *set) {
    sigemptyset(set);
    for (unsigned i = 0; i < sizeof job_signals / sizeof *job_signals; i++) {
        struct sigaction action;
        // A blocked signal would be waited for even when ignored: nohup's SIGHUP must stay without effect.
        if (sigaction(job_signals[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN) continue;
        sigaddset(set, job_signals[i]);
    }
}

void CLinuxShims_block_job_signals(void) {
    sigset_t set;
    add_job_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int CLinuxShims_wait_for_job_signal(pid_t *sender) {
    sigset_t set;
    siginfo_t info;
    int number;
    add_job_signals(&set);
    do number = sigwaitinfo(&set, &info);
    while (number < 0 && errno == EINTR);
    *sender = info.si_code <= 0 ? info.si_pid : 0;
    return number;
}

int64_t CLinuxShims_resident_bytes(void) {
    long size, resident;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) return 0;
    int read = fscanf(file, "%ld %ld", &size, &resident);
    fclose(file);
    return read == 2 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : 0;
}
