#include "CLinuxShims.h"

#include <string.h>
#include <sys/inotify.h>

int CLinuxShims_watch_open(void) { return inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }

int CLinuxShims_watch_add(int watch, const char *directory) {
    // No IN_MODIFY: a script that writes a gigabyte in small pieces would wake us for each of them.
    return inotify_add_watch(watch, directory,
                             IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB |
                                 IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK);
}

int CLinuxShims_watch_next(const void *bytes, size_t count, size_t *offset, struct CLinuxShims_watch_event *event) {
    struct inotify_event head;
    if (*offset + sizeof head > count) return 0;
    const char *start = (const char *)bytes + *offset;
    memcpy(&head, start, sizeof head);
    if (*offset + sizeof head + head.len > count) return 0;
    event->directory = head.wd;
    event->name = head.len > 0 ? start + sizeof head : NULL;
    event->is_overflow = (head.mask & IN_Q_OVERFLOW) != 0;
    event->is_forgotten = (head.mask & IN_IGNORED) != 0;
    event->is_renamed_file = (head.mask & IN_MOVED_TO) != 0 && (head.mask & IN_ISDIR) == 0;
    *offset += sizeof head + head.len;
    return 1;
}
