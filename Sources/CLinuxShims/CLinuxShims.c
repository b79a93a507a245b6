#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/sched.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { max_pairs = 8, first_free = 16 };

// In the child, before it can have children of its own: they inherit it. Without /proc it stays as it is.
static void prefer_as_victim(const char *oom_score) {
    if (!oom_score) return;
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    size_t length = 0;
    while (oom_score[length]) length++;
    ssize_t ignored = write(file, oom_score, length);
    (void)ignored;
    close(file);
}

// Only calls that signal-safety(7) allows: the parent has threads.
static void become(const char *path, char *const argv[], char *const envp[], const char *directory, const int *ours,
                   const int *descriptors, int pairs, const char *oom_score) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
    // The C library keeps 32 and 33 for itself and refuses to touch them; one that a parent ignored stays ignored.
    const unsigned long defaults[8] = {0};
    for (int number = 32; number <= 33; number++) syscall(SYS_rt_sigaction, number, defaults, NULL, 8);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    prefer_as_victim(oom_score);
    if (chdir(directory) != 0) return;
    for (int i = 0; i < pairs; i++)
        if (dup2(ours[i], descriptors[2 * i + 1]) < 0) return;
    execve(path, argv, envp);
}

// The dup2 calls run one after another: a descriptor of ours that has the number of an earlier target would be gone.
static int move_away(int *ours, const int *descriptors, int pairs) {
    if (pairs > max_pairs) return EINVAL;
    for (int i = 0; i < pairs; i++) {
        ours[i] = fcntl(descriptors[2 * i], F_DUPFD_CLOEXEC, first_free);
        if (ours[i] < 0) return errno;
    }
    return 0;
}

// The write end is close-on-exec: the pipe ends without a byte when exec(3) succeeded.
static int read_failure(int end) {
    int failure = 0;
    ssize_t count;
    do count = read(end, &failure, sizeof failure);
    while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof failure ? failure : 0;
}

// Moving a process into a cgroup afterwards takes the kernel some ten milliseconds; one that starts there takes none.
// Old kernels and seccomp filters refuse clone3(2): then the child stays where we are.
static pid_t fork_into(int cgroup) {
#ifdef CLONE_INTO_CGROUP
    if (cgroup >= 0) {
        struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (__u64)cgroup};
        long pid = syscall(SYS_clone3, &args, sizeof args);
        if (pid >= 0) return (pid_t)pid;
    }
#else
    (void)cgroup;
#endif
    return fork();
}

int CLinuxShims_spawn(pid_t *pid, const char *path, char *const argv[], char *const envp[], const char *directory,
                      const int *descriptors, int pair_count, const char *oom_score, int cgroup) {
    int ours[max_pairs] = {-1, -1, -1, -1, -1, -1, -1, -1};
    int failure_pipe[2] = {-1, -1};
    int error = move_away(ours, descriptors, pair_count);
    if (error == 0 && pipe2(failure_pipe, O_CLOEXEC) != 0) error = errno;
    // The child must not lose its report to a descriptor of the script's that has its number.
    int report = error == 0 ? fcntl(failure_pipe[1], F_DUPFD_CLOEXEC, first_free) : -1;
    if (error == 0 && report < 0) error = errno;
    if (error == 0 && (*pid = fork_into(cgroup)) < 0) error = errno;
    if (error == 0 && *pid == 0) {
        become(path, argv, envp, directory, ours, descriptors, pair_count, oom_score);
        int failure = errno;
        ssize_t ignored = write(report, &failure, sizeof failure);
        _exit(ignored == sizeof failure ? 127 : 126);
    }
    for (int i = 0; i < max_pairs; i++)
        if (ours[i] >= 0) close(ours[i]);
    if (report >= 0) close(report);
    if (failure_pipe[1] >= 0) close(failure_pipe[1]);
    if (error == 0 && (error = read_failure(failure_pipe[0])) != 0) {
        int status;
        while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {}
    }
    if (failure_pipe[0] >= 0) close(failure_pipe[0]);
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

int CLinuxShims_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

ssize_t CLinuxShims_copy_file_range(int in, int out, size_t count) {
    return copy_file_range(in, NULL, out, NULL, count, 0);
}

int CLinuxShims_fallocate(int file, int64_t size) {
    return fallocate(file, 0, 0, size);
}

static int release_segments(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        // A segment that was ever writable may differ from the file: dropping its pages would undo relocations.
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
        uintptr_t start = (info->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
        if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    // The program itself comes first; libraries are shared with other processes.
    return 1;
}

void CLinuxShims_release_unused_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    dl_iterate_phdr(release_segments, NULL);
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
    // A parent may have ignored it, and then the kernel reaps our children and keeps how they ended to itself.
    signal(SIGCHLD, SIG_DFL);
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
