#ifndef CLINUXSHIMS_H
#define CLINUXSHIMS_H

#include <stdint.h>
#include <sys/types.h>

/// What became of a child and what it used, from wait4(2).
struct CLinuxShims_exit {
    /// 1 when the child ended by itself, 0 when a signal ended it.
    int exited;
    /// The exit code or the signal's number.
    int value;
    /// 1 when a core was written.
    int core_dumped;
    /// CPU seconds in user and kernel mode of the child and the descendants it waited for.
    double user_seconds;
    double system_seconds;
    /// The largest resident set of any one of them, in bytes.
    int64_t peak_resident_bytes;
};

/// Starts a program in a session and process group of its own, with no signal blocked, ignored or handled.
///
/// `descriptors` are at most eight pairs (ours, the child's); all others of ours are close-on-exec. `oom_score` is what
/// the child writes to its oom_score_adj, or NULL. `cgroup` is the open folder of the cgroup to start it in, or -1.
/// Returns 0 or an errno, also when exec(3) fails. Not posix_spawn(3): its child shares our memory until exec, and
/// ru_maxrss counts that as the script's peak - a `true` would be said to have used as much as we do.
int CLinuxShims_spawn(pid_t *pid, const char *path, char *const argv[], char *const envp[], const char *directory,
                      const int *descriptors, int pair_count, const char *oom_score, int cgroup);

/// Blocks until the child ended, without reaping it: its process group id stays taken. Returns 0 or an errno.
int CLinuxShims_wait_until_ended(pid_t pid);

/// Reaps an ended child. Returns 0 or an errno.
int CLinuxShims_reap(pid_t pid, struct CLinuxShims_exit *result);

/// An anonymous file in memory, close-on-exec; -1 and errno on failure (memfd_create(2)).
int CLinuxShims_memory_file(const char *name);

/// A pipe with both ends close-on-exec; -1 and errno on failure (pipe2(2)).
int CLinuxShims_pipe(int *ends);

/// Copies up to `count` bytes between files inside the kernel; -1 and errno on failure (copy_file_range(2)).
ssize_t CLinuxShims_copy_file_range(int in, int out, size_t count);

/// Takes the disk space of a file's first `size` bytes and makes it that long; -1 and errno on failure (fallocate(2)).
int CLinuxShims_fallocate(int file, int64_t size);

/// Gives back the memory that holds the program's own code and constants, and what the heap does not use.
///
/// The pages are those of the file and come back from the page cache when they are touched (madvise(2),
/// MADV_DONTNEED); written pages are left alone.
void CLinuxShims_release_unused_memory(void);

/// Blocks the signals that stop or steer a job in the calling thread and in those it starts later; ignores SIGPIPE.
///
/// A signal that was ignored when the program started (nohup(1)) stays ignored.
void CLinuxShims_block_job_signals(void);

/// Waits for one of the blocked job signals; returns its number and stores the sender's pid (0 from the kernel).
int CLinuxShims_wait_for_job_signal(pid_t *sender);

/// The program's own arguments, NULL at the end, without a look into /proc; NULL where the C library hides them.
char **CLinuxShims_argument_vector(void);

/// Blocks every signal of an init but those of faults, ignores TTIN and TTOU, and remembers what was before.
void CLinuxShims_init_take_signals(void);

/// Starts this program once more, as it was started: in a process group of its own, in front of the terminal if there
/// is one, with the signals of before. Returns 0 or an errno; then the child's number is to be reaped all the same.
int CLinuxShims_init_start_self(pid_t *pid, char *const argv[], char *const envp[]);

/// Waits for a signal that the init took; 0 when the time is over (below zero: never). Stores who sent it.
int CLinuxShims_init_wait(int milliseconds, pid_t *sender);

/// Passes a signal on in the name of who sent it (0: the kernel or somebody outside).
void CLinuxShims_init_forward(pid_t pid, int number, pid_t sender);

/// Reaps one ended child, if there is one, and stores its code or the signal that ended it.
///
/// Returns its number, 0 when all children live, -1 when there is none.
pid_t CLinuxShims_init_reap(int *code, int *signal_number);

/// Gives back the memory that holds the code and the constants of the program and of its libraries (madvise(2)).
void CLinuxShims_init_release_memory(void);

/// Makes this process the parent of every descendant whose own parent ends (prctl(2)). Returns 0 or an errno.
int CLinuxShims_become_subreaper(void);

/// Blocks until any child has ended, and leaves it to be reaped. Returns 0 or an errno; ECHILD without children.
int CLinuxShims_next_ended_child(pid_t *pid);

/// 0 when this process has no child, living or ended, and so no descendant either, if orphans come to it.
int CLinuxShims_has_children(void);

/// Reaps an ended child whose code nobody asks for.
void CLinuxShims_reap_orphan(pid_t pid);

/// A descriptor that means this process and no later one of its number; -1 and errno before Linux 5.3.
int CLinuxShims_pidfd_open(pid_t pid);

/// Sends a signal through such a descriptor; -1 and errno on failure.
int CLinuxShims_pidfd_send_signal(int descriptor, int number);

/// A pipe for a script's output, of numbers that are none of the script's own, both ends close-on-exec.
///
/// `ends[0]` is read without waiting. `size` is asked for, not promised. Returns 0 or an errno.
int CLinuxShims_output_pipe(int *ends, int size);

/// Makes a pipe hold at least `size` bytes, where the kernel allows it.
void CLinuxShims_grow_pipe(int pipe, int size);

/// Duplicates up to `count` bytes of one pipe into another without taking them from the first and without waiting;
/// -1 and errno on failure (tee(2)).
ssize_t CLinuxShims_tee(int in, int out, size_t count);

/// Moves up to `count` bytes from a pipe without copying and without waiting; -1 and errno on failure (splice(2)).
ssize_t CLinuxShims_splice(int in, int out, size_t count);

/// How many cores this thread may run on; -1 and errno on failure (sched_getaffinity(2)).
int CLinuxShims_allowed_cores(void);

/// One thing that happened in a watched directory, from inotify(7).
struct CLinuxShims_watch_event {
    /// The number that adding the directory returned; -1 of an overflow.
    int directory;
    /// The entry's name, which ends with the buffer's bytes; NULL for the directory itself.
    const char *name;
    /// 1 when events were lost.
    int is_overflow;
    /// 1 when the directory is not watched any more: it is gone.
    int is_forgotten;
    /// 1 when a file got this name by rename(2).
    int is_renamed_file;
};

/// Opens a queue of events, close-on-exec and not blocking; -1 and errno on failure (inotify_init1(2)).
int CLinuxShims_watch_open(void);

/// Watches a directory for entries that come, go, or were written and closed; a number or -1 and errno.
int CLinuxShims_watch_add(int watch, const char *directory);

/// Takes the next event out of what read(2) gave; 0 at the end.
int CLinuxShims_watch_next(const void *bytes, size_t count, size_t *offset, struct CLinuxShims_watch_event *event);

/// A socket that listens on a port (0: any free one), on this machine alone where `loopback` is 1; -1 and errno.
int CLinuxShims_peer_listen(uint16_t port, int loopback);

/// The port that a socket is bound to; -1 on failure.
int CLinuxShims_peer_port(int socket);

/// Blocks until somebody connects; the connection, close-on-exec, or -1 and errno when the listener was shut down.
int CLinuxShims_peer_accept(int listener);

/// The two addresses of a connection as texts of at most `size` bytes; empty when they are not known.
void CLinuxShims_peer_addresses(int socket, char *theirs, char *ours, size_t size);

/// Connects within some time; -1 and errno, ENOENT for a name that is not known, ETIMEDOUT for silence.
int CLinuxShims_peer_connect(const char *host, uint16_t port, int milliseconds);

/// 1 when a host's name leads to an address; blocks as long as the resolver does.
int CLinuxShims_peer_name_is_known(const char *host);

/// How long a read may wait from now on; 0 is for ever.
void CLinuxShims_peer_read_limit(int socket, int seconds);

/// Sends all of some bytes; 0 or an errno.
int CLinuxShims_peer_send(int socket, const void *bytes, size_t count);

/// Receives all of some bytes; 0, an errno, or -1 at the end of the connection.
int CLinuxShims_peer_receive(int socket, void *bytes, size_t count);

/// Ends a connection or a listener: whoever waits in it returns.
void CLinuxShims_peer_shutdown(int socket);

#endif
