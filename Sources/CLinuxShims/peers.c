// Plain TCP between the hosts of one job.
#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/// Bytes are few and wanted at once; who does not take them for so long is not there.
static void prepare(int socket) {
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct timeval limit = {.tv_sec = 2};
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static void address_text(const struct sockaddr_storage *address, char *text, size_t size) {
    text[0] = 0;
    if (address->ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, (socklen_t)size);
    } else if (address->ss_family == AF_INET6) {
        const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(six)) {
            inet_ntop(AF_INET, six->s6_addr + 12, text, (socklen_t)size);
        } else {
            inet_ntop(AF_INET6, six, text, (socklen_t)size);
        }
    }
}

int CLinuxShims_peer_listen(uint16_t port, int loopback) {
    int on = 1, off = 0;
    int fd = loopback ? -1 : socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any};
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && listen(fd, 128) == 0) return fd;
        close(fd);
    }
    // No IPv6 on this machine.
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    any.sin_addr.s_addr = htonl(loopback ? INADDR_LOOPBACK : INADDR_ANY);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && listen(fd, 128) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int CLinuxShims_peer_port(int socket) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &size) != 0) return -1;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

int CLinuxShims_peer_accept(int listener) {
    int fd;
    do {
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd >= 0) prepare(fd);
    return fd;
}

void CLinuxShims_peer_addresses(int socket, char *theirs, char *ours, size_t size) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    theirs[0] = ours[0] = 0;
    if (getpeername(socket, (struct sockaddr *)&address, &length) == 0) address_text(&address, theirs, size);
    length = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &length) == 0) address_text(&address, ours, size);
}

static int connect_within(const struct addrinfo *to, int milliseconds) {
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    int error = 0;
    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0) error = errno;
    if (error == EINPROGRESS) {
        struct pollfd request = {.fd = fd, .events = POLLOUT};
        socklen_t size = sizeof error;
        error = poll(&request, 1, milliseconds) == 1 ? 0 : ETIMEDOUT;
        if (error == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    }
    if (error == 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) != 0) error = errno;
    if (error == 0) {
        prepare(fd);
        return fd;
    }
    close(fd);
    errno = error;
    return -1;
}

int CLinuxShims_peer_connect(const char *host, uint16_t port, int milliseconds) {
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, service, &hints, &found) != 0) {
        errno = ENOENT;
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *next = found; next && fd < 0; next = next->ai_next) fd = connect_within(next, milliseconds);
    int error = errno;
    freeaddrinfo(found);
    errno = error;
    return fd;
}

int CLinuxShims_peer_name_is_known(const char *host) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, NULL, &hints, &found) != 0) return 0;
    freeaddrinfo(found);
    return 1;
}

void CLinuxShims_peer_read_limit(int socket, int seconds) {
    struct timeval limit = {.tv_sec = seconds};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

int CLinuxShims_peer_send(int socket, const void *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = send(socket, bytes, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return errno ? errno : EIO;
        bytes = (const char *)bytes + sent;
        count -= (size_t)sent;
    }
    return 0;
}

int CLinuxShims_peer_receive(int socket, void *bytes, size_t count) {
    while (count > 0) {
        ssize_t received = recv(socket, bytes, count, 0);
        if (received < 0 && errno == EINTR) continue;
        if (received == 0) return -1;
        if (received < 0) return errno;
        bytes = (char *)bytes + received;
        count -= (size_t)received;
    }
    return 0;
}

void CLinuxShims_peer_shutdown(int socket) {
    shutdown(socket, SHUT_RDWR);
}
