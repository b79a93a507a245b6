#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <errno.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// tini's list: a fault of the init itself must end it, and a blocked fault signal would make it spin.
static const int fault_signals[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};

// What the init was started with; the child gets it back. The init is one thread.
static sigset_t awaited, mask_at_start;
static struct sigaction child_at_start, input_at_start, output_at_start;

void CLinuxShims_init_take_signals(void) {
    sigfillset(&awaited);
    for (unsigned i = 0; i < sizeof fault_signals / sizeof *fault_signals; i++) sigdelset(&awaited, fault_signals[i]);
    // Ignored instead: to block them would not keep the init from being stopped by its terminal for good.
    sigdelset(&awaited, SIGTTIN);
    sigdelset(&awaited, SIGTTOU);
    sigprocmask(SIG_SETMASK, &awaited, &mask_at_start);
    struct sigaction ignored = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL};
    sigaction(SIGTTIN, &ignored, &input_at_start);
    sigaction(SIGTTOU, &ignored, &output_at_start);
    // Ignored by a parent it would have the kernel reap our children and keep their codes to itself.
    sigaction(SIGCHLD, &usual, &child_at_start);
}

static char **argument_vector;

#ifdef __GLIBC__
// glibc hands main's arguments to constructors. Swift reads them from /proc, which may not be there: then it traps.
__attribute__((constructor)) static void keep_arguments(int count, char **arguments) {
    (void)count;
    argument_vector = arguments;
}
#endif

char **CLinuxShims_argument_vector(void) { return argument_vector; }

static int is_this_program(const char *name) {
    struct stat named, ours;
    if (stat("/proc/self/exe", &ours) != 0) return 1;
    return stat(name, &named) == 0 && named.st_dev == ours.st_dev && named.st_ino == ours.st_ino;
}

static void become_self(char *const argv[], char *const envp[]) {
    setpgid(0, 0);
    // A terminal sends its signals to the group in front: to the child, and not to the init as well.
    if (isatty(STDIN_FILENO)) tcsetpgrp(STDIN_FILENO, getpid());
    sigaction(SIGTTIN, &input_at_start, NULL);
    sigaction(SIGTTOU, &output_at_start, NULL);
    sigaction(SIGCHLD, &child_at_start, NULL);
    sigprocmask(SIG_SETMASK, &mask_at_start, NULL);
    // By the name that the kernel was given, so that ps(1) shows it and not `exe`, and also without /proc.
    const char *name = (const char *)getauxval(AT_EXECFN);
    if (name && is_this_program(name)) execve(name, argv, envp);
    execve("/proc/self/exe", argv, envp);
}

int CLinuxShims_init_start_self(pid_t *pid, char *const argv[], char *const envp[]) {
    // vfork(2) lends the child our memory: with fork(2) every page that either writes would be copied for ever.
    int failure = 0;
    volatile int *reported = &failure;
    *pid = vfork();
    if (*pid == 0) {
        become_self(argv, envp);
        *reported = errno;
        _exit(127);
    }
    return *pid < 0 ? errno : failure;
}

int CLinuxShims_init_wait(int milliseconds, pid_t *sender) {
    siginfo_t info;
    int number;
    if (milliseconds < 0) {
        do number = sigwaitinfo(&awaited, &info);
        while (number < 0 && errno == EINTR);
    } else {
        struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};
        number = sigtimedwait(&awaited, &info, &limit);
    }
    *sender = number > 0 && info.si_code <= 0 ? info.si_pid : 0;
    return number > 0 ? number : 0;
}

void CLinuxShims_init_forward(pid_t pid, int number, pid_t sender) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = number;
    // The one code that lets us name somebody else as the sender, rt_sigqueueinfo(2).
    info.si_code = SI_QUEUE;
    info.si_pid = sender;
    if (syscall(SYS_rt_sigqueueinfo, pid, number, &info) != 0) kill(pid, number);
}

pid_t CLinuxShims_init_reap(int *code, int *signal_number) {
    int status = 0;
    pid_t pid;
    do pid = waitpid(-1, &status, WNOHANG);
    while (pid < 0 && errno == EINTR);
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    *signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return pid;
}

static int release_all_segments(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
        uintptr_t start = (info->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
        if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void CLinuxShims_init_release_memory(void) {
    dl_iterate_phdr(release_all_segments, NULL);
}
