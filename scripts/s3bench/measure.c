// Runs a program and says what it cost, as one JSON line in a file.
//
// usage: measure FILE PROGRAM [ARGUMENT...]
//
// A program of its own, because Linux counts the memory of the process that called fork(2) into the child's peak: a
// child of Python would never show less than Python has.
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds_of(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **words) {
    if (count < 3) {
        fprintf(stderr, "usage: measure FILE PROGRAM [ARGUMENT...]\n");
        return 64;
    }
    double begin = now();
    pid_t child = fork();
    if (child == 0) {
        execvp(words[2], words + 2);
        perror(words[2]);
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        perror("measure");
        return 71;
    }
    double wall = now() - begin;
    FILE *file = fopen(words[1], "w");
    if (file == NULL) {
        perror(words[1]);
        return 73;
    }
    fprintf(file, "{\"wall\": %.6f, \"user\": %.6f, \"sys\": %.6f, \"rss\": %ld}\n", wall, seconds_of(usage.ru_utime),
            seconds_of(usage.ru_stime), usage.ru_maxrss * 1024L);
    fclose(file);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
