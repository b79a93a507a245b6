// The cheapest S3 endpoint, for measuring clients: it checks no signature, serves the files of a folder, and drops what
// is put, of which it keeps the size.
//
// usage: [NULL_STORE_RATE=BYTES] null_store FOLDER [CERTIFICATE KEY]
//
// FOLDER has one folder for each bucket. Prints its port on 127.0.0.1 and ends with its standard input. A thread for
// each connection; the page cache goes to the socket by sendfile(2), a body is dropped in the kernel (MSG_TRUNC), so
// that the client's own cost shows. With TLS both pass through OpenSSL. NULL_STORE_RATE is how many bytes of bodies it
// takes a second, on all connections together: a link that is slower than the machine.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    HEAD_LIMIT = 64 << 10,
    // Up to here a file goes out with its head in one write.
    SMALL_FILE = 128 << 10,
    BUFFER = 256 << 10,
    PAGE_KEYS = 1000,
};

// MARK: Objects

/// An object; `name` is BUCKET/KEY.
struct object {
    char *name;
    long long size;
    bool is_file;
    struct object *next;
};

enum { SLOTS = 1 << 18 };

static struct object *slots[SLOTS];
static struct object **sorted;
static size_t object_count, sorted_count;
static bool is_sorted;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;

/// An upload under way; parts are only added up.
struct upload {
    unsigned id;
    long long size;
    struct upload *next;
};
static struct upload *uploads;
static unsigned last_upload;

static size_t slot_of(const char *name) {
    unsigned long long hash = 14695981039346656037ULL;
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 1099511628211ULL;
    return (hash ^ (hash >> 32)) % SLOTS;
}

static struct object *find(const char *name) {
    for (struct object *object = slots[slot_of(name)]; object; object = object->next)
        if (strcmp(object->name, name) == 0) return object;
    return NULL;
}

static void store(const char *name, long long size, bool is_file) {
    pthread_mutex_lock(&lock);
    struct object *object = find(name);
    if (object == NULL) {
        object = calloc(1, sizeof *object);
        object->name = strdup(name);
        size_t slot = slot_of(name);
        object->next = slots[slot];
        slots[slot] = object;
        object_count++;
        is_sorted = false;
    }
    object->size = size;
    object->is_file = is_file;
    pthread_mutex_unlock(&lock);
}

/// Forgets an object that was put, or with `is_bucket` all that were put into a bucket.
static void forget(const char *name, bool is_bucket) {
    size_t length = strlen(name);
    pthread_mutex_lock(&lock);
    for (size_t slot = 0; slot < SLOTS; slot++) {
        for (struct object **place = &slots[slot]; *place;) {
            struct object *object = *place;
            bool fits = strncmp(object->name, name, length) == 0 && object->name[length] == (is_bucket ? '/' : '\0');
            if (!fits || object->is_file) {
                place = &object->next;
                continue;
            }
            *place = object->next;
            free(object->name);
            free(object);
            object_count--;
            is_sorted = false;
        }
    }
    pthread_mutex_unlock(&lock);
}

static int add_file(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)where;
    if (kind == FTW_F) store(path + strlen(folder) + 1, status->st_size, true);
    return 0;
}

static int by_name(const void *left, const void *right) {
    return strcmp((*(struct object *const *)left)->name, (*(struct object *const *)right)->name);
}

/// Fills `sorted`; with the lock held.
static void sort_objects(void) {
    if (is_sorted) return;
    sorted = realloc(sorted, (object_count + 1) * sizeof *sorted);
    sorted_count = 0;
    for (size_t slot = 0; slot < SLOTS; slot++)
        for (struct object *object = slots[slot]; object; object = object->next) sorted[sorted_count++] = object;
    qsort(sorted, sorted_count, sizeof *sorted, by_name);
    is_sorted = true;
}

// MARK: Text

struct text {
    char *bytes;
    size_t length, room;
};

static void append(struct text *text, const char *format, ...) {
    va_list values;
    for (;;) {
        va_start(values, format);
        int length = vsnprintf(text->bytes + text->length, text->room - text->length, format, values);
        va_end(values);
        if (text->length + (size_t)length < text->room) {
            text->length += (size_t)length;
            return;
        }
        text->room = 2 * (text->room + (size_t)length);
        text->bytes = realloc(text->bytes, text->room);
    }
}

/// Appends a key, percent-encoded or with XML's entities.
static void append_key(struct text *text, const char *key, bool is_url) {
    for (; *key; key++) {
        unsigned char byte = (unsigned char)*key;
        bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                        strchr("-_.~/", byte) != NULL;
        if (is_plain || (!is_url && strchr("&<>\"", byte) == NULL))
            append(text, "%c", byte);
        else
            append(text, is_url ? "%%%02X" : "&#%d;", byte);
    }
}

static int hex(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/// Decodes percent-encoding in place; in a query a `+` is a blank.
static void decode(char *text, bool is_query) {
    char *to = text;
    for (; *text; text++) {
        if (*text == '%' && hex(text[1]) >= 0 && hex(text[2]) >= 0) {
            *to++ = (char)(hex(text[1]) * 16 + hex(text[2]));
            text += 2;
        } else {
            *to++ = is_query && *text == '+' ? ' ' : *text;
        }
    }
    *to = '\0';
}

// MARK: Connections

struct connection {
    int socket;
    SSL *tls;
    /// What was received and not yet used.
    char *pending;
    size_t begin, end;
    char *buffer;
};

static SSL_CTX *tls_context;

static ssize_t receive(struct connection *c, char *bytes, size_t limit) {
    if (c->tls) return SSL_read(c->tls, bytes, (int)limit);
    return recv(c->socket, bytes, limit, 0);
}

static bool send_all(struct connection *c, const char *bytes, size_t count, bool more_follows) {
    while (count > 0) {
        ssize_t sent = c->tls ? SSL_write(c->tls, bytes, (int)count)
                              : send(c->socket, bytes, count, MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0));
        if (sent <= 0) return false;
        bytes += sent;
        count -= (size_t)sent;
    }
    return true;
}

/// Makes sure that something is pending; false at the end.
static bool fill(struct connection *c) {
    if (c->begin < c->end) return true;
    ssize_t count = receive(c, c->pending, HEAD_LIMIT);
    c->begin = 0;
    c->end = count > 0 ? (size_t)count : 0;
    return count > 0;
}

static double rate;

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/// Waits as long as a link of `rate` bytes a second would have taken for these.
static void pace(ssize_t count) {
    static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
    static double free_at;
    if (rate <= 0) return;
    pthread_mutex_lock(&turn);
    double now = seconds_now();
    free_at = (free_at > now ? free_at : now) + (double)count / rate;
    double wait = free_at - now;
    pthread_mutex_unlock(&turn);
    // What has gathered is waited for at once: a sleep for each record of TLS would cost more than the record.
    if (wait > 0.002) usleep((useconds_t)(wait * 1e6));
}

/// Drops `count` bytes of a body.
static bool drop(struct connection *c, long long count) {
    while (count > 0) {
        long long ready = (long long)(c->end - c->begin);
        if (ready > 0) {
            long long taken = ready < count ? ready : count;
            c->begin += (size_t)taken;
            count -= taken;
            continue;
        }
        size_t limit = count < BUFFER ? (size_t)count : BUFFER;
        ssize_t dropped = c->tls ? SSL_read(c->tls, c->buffer, (int)limit) : recv(c->socket, NULL, limit, MSG_TRUNC);
        if (dropped <= 0) return false;
        pace(dropped);
        count -= dropped;
    }
    return true;
}

/// Reads a line without its end; false when there is none.
static bool read_line(struct connection *c, char *line, size_t room) {
    size_t length = 0;
    while (fill(c)) {
        char byte = c->pending[c->begin++];
        if (byte == '\n') {
            line[length] = '\0';
            return true;
        }
        if (byte != '\r' && length + 1 < room) line[length++] = byte;
    }
    return false;
}

/// Drops a body in chunks and returns how many bytes it had; -1 when it was cut.
static long long drop_chunks(struct connection *c) {
    char line[4096];
    long long total = 0;
    for (;;) {
        if (!read_line(c, line, sizeof line)) return -1;
        long long size = strtoll(line, NULL, 16);
        total += size;
        if (size == 0) break;
        if (!drop(c, size) || !read_line(c, line, sizeof line)) return -1;
    }
    do {
        if (!read_line(c, line, sizeof line)) return -1;
    } while (*line);
    return total;
}

// MARK: Requests

struct request {
    char *method, *name, *bucket_end, *query;
    char *range, *if_match;
    long long length, decoded;
    bool is_chunked, expects_continue, closes;
};

static bool answer(struct connection *c, int status, const char *fields, const char *body, size_t length, bool is_head) {
    char head[2048];
    int count = snprintf(head, sizeof head,
                         "HTTP/1.1 %d %s\r\nx-amz-request-id: 0\r\n%s%s", status, status < 300 ? "OK" : "No",
                         length && !is_head ? "Content-Type: application/xml\r\n" : "", fields);
    // RFC 9110 section 8.6: none with a 204.
    if (status != 204) count += snprintf(head + count, 64, "Content-Length: %zu\r\n", length);
    count += snprintf(head + count, 8, "\r\n");
    bool has_body = length > 0 && !is_head;
    return send_all(c, head, (size_t)count, has_body) && (!has_body || send_all(c, body, length, false));
}

static bool refuse(struct connection *c, struct request *r, int status, const char *code) {
    char body[256];
    int count = snprintf(body, sizeof body,
                         "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message>"
                         "<RequestId>0</RequestId></Error>", code, code);
    return answer(c, status, "", body, (size_t)count, strcmp(r->method, "HEAD") == 0);
}

/// The value of a parameter of the query, decoded in place; NULL when it is not there.
static char *parameter(struct request *r, const char *name, char *room, size_t size) {
    size_t length = strlen(name);
    for (char *at = r->query; at && *at;) {
        size_t whole = strcspn(at, "&");
        if (strncmp(at, name, length) == 0 && (at[length] == '=' || length == whole)) {
            size_t count = length == whole ? 0 : whole - length - 1;
            if (count >= size) count = size - 1;
            memcpy(room, at + whole - count, count);
            room[count] = '\0';
            decode(room, true);
            return room;
        }
        at += whole;
        if (*at) at++;
    }
    return NULL;
}

static bool has(struct request *r, const char *name) {
    char room[8];
    return parameter(r, name, room, sizeof room) != NULL;
}

/// Not like an MD5: rclone would compare it with that of the file.
static void etag_of(char *etag, size_t size, const char *name, long long bytes) {
    snprintf(etag, size, "\"n%zxs%llx\"", slot_of(name), bytes);
}

static void list_page(struct request *r, struct text *out) {
    char prefix[2100] = "", delimiter[64] = "", after[2100] = "", room[32], last[2100] = "";
    parameter(r, "prefix", prefix, sizeof prefix);
    parameter(r, "delimiter", delimiter, sizeof delimiter);
    parameter(r, "start-after", after, sizeof after);
    parameter(r, "marker", after, sizeof after);
    parameter(r, "continuation-token", after, sizeof after);
    bool is_url = has(r, "encoding-type");
    int limit = parameter(r, "max-keys", room, sizeof room) ? atoi(room) : PAGE_KEYS;
    if (limit > PAGE_KEYS) limit = PAGE_KEYS;
    size_t bucket = strlen(r->name) + 1, prefix_length = strlen(prefix);
    char start[4300];
    snprintf(start, sizeof start, "%s/%s", r->name, strcmp(after, prefix) > 0 ? after : prefix);
    append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
                "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>%s</Name>%s", r->name,
           is_url ? "<EncodingType>url</EncodingType>" : "");
    pthread_mutex_lock(&lock);
    sort_objects();
    size_t low = 0, high = sorted_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(sorted[middle]->name, start) < 0) low = middle + 1;
        else high = middle;
    }
    int count = 0;
    bool is_truncated = false;
    for (; low < sorted_count; low++) {
        struct object *object = sorted[low];
        if (strncmp(object->name, r->name, bucket - 1) != 0 || object->name[bucket - 1] != '/') break;
        char *key = object->name + bucket;
        if (strncmp(key, prefix, prefix_length) != 0) break;
        if (*after && strcmp(key, after) <= 0) continue;
        // A page may end with a common prefix; the keys below it come right after it.
        if (*last && last[strlen(last) - 1] == *delimiter && strncmp(key, last, strlen(last)) == 0) continue;
        if (*delimiter && *after && after[strlen(after) - 1] == *delimiter && strncmp(key, after, strlen(after)) == 0)
            continue;
        if (count == limit) {
            is_truncated = true;
            break;
        }
        count++;
        char *cut = *delimiter ? strstr(key + prefix_length, delimiter) : NULL;
        size_t length = cut ? (size_t)(cut - key) + strlen(delimiter) : strlen(key);
        snprintf(last, sizeof last, "%.*s", (int)length, key);
        append(out, cut ? "<CommonPrefixes><Prefix>" : "<Contents><Key>");
        append_key(out, last, is_url);
        char etag[64];
        etag_of(etag, sizeof etag, object->name, object->size);
        if (cut) append(out, "</Prefix></CommonPrefixes>");
        else
            append(out, "</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>%s</ETag><Size>%lld</Size>"
                        "<StorageClass>STANDARD</StorageClass></Contents>", etag, object->size);
    }
    pthread_mutex_unlock(&lock);
    append(out, "<KeyCount>%d</KeyCount><MaxKeys>%d</MaxKeys><IsTruncated>%s</IsTruncated>", count, limit,
           is_truncated ? "true" : "false");
    if (is_truncated) {
        append(out, "<NextContinuationToken>");
        append_key(out, last, false);
        append(out, "</NextContinuationToken>");
    }
    append(out, "</ListBucketResult>");
}

static bool serve_bucket(struct connection *c, struct request *r) {
    bool is_head = strcmp(r->method, "HEAD") == 0;
    if (strcmp(r->method, "DELETE") == 0) {
        forget(r->name, true);
        return answer(c, 204, "", NULL, 0, true);
    }
    if (strcmp(r->method, "GET") != 0 || !*r->name) return answer(c, 200, "x-amz-bucket-region: us-west-2\r\n", NULL, 0, is_head);
    struct text out = {calloc(1, 4096), 0, 4096};
    if (has(r, "location")) append(&out, "<LocationConstraint>us-west-2</LocationConstraint>");
    else if (has(r, "uploads")) append(&out, "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>");
    else list_page(r, &out);
    bool is_sent = answer(c, 200, "", out.bytes, out.length, false);
    free(out.bytes);
    return is_sent;
}

static bool serve_upload(struct connection *c, struct request *r, long long received) {
    char id[32] = "", body[4096], etag[64];
    bool has_id = parameter(r, "uploadId", id, sizeof id) != NULL;
    bool is_post = strcmp(r->method, "POST") == 0, is_delete = strcmp(r->method, "DELETE") == 0;
    pthread_mutex_lock(&lock);
    struct upload **place = &uploads;
    while (has_id && *place && (*place)->id != (unsigned)atoi(id)) place = &(*place)->next;
    struct upload *upload = has_id ? *place : NULL;
    long long size = upload ? upload->size : 0;
    if (!has_id) {
        upload = calloc(1, sizeof *upload);
        upload->id = ++last_upload;
        upload->next = uploads;
        uploads = upload;
        snprintf(id, sizeof id, "%u", upload->id);
    } else if (upload && (is_post || is_delete)) {
        *place = upload->next;
        free(upload);
    } else if (upload) {
        upload->size += received;
    }
    pthread_mutex_unlock(&lock);
    if (upload == NULL) return refuse(c, r, 404, "NoSuchUpload");
    if (is_delete) return answer(c, 204, "", NULL, 0, true);
    etag_of(etag, sizeof etag, r->name, is_post ? size : received);
    if (!is_post) {
        snprintf(body, sizeof body, "ETag: %s\r\n", etag);
        return answer(c, 200, body, NULL, 0, true);
    }
    if (has_id) store(r->name, size, false);
    struct text out = {calloc(1, 4096), 0, 4096};
    const char *kind = has_id ? "CompleteMultipartUploadResult" : "InitiateMultipartUploadResult";
    append(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                 "<Bucket>%.*s</Bucket><Key>", kind, (int)(r->bucket_end - r->name), r->name);
    append_key(&out, r->bucket_end + 1, false);
    append(&out, has_id ? "</Key><ETag>%s</ETag></%s>" : "</Key><UploadId>%s</UploadId></%s>", has_id ? etag : id, kind);
    bool is_sent = answer(c, 200, "", out.bytes, out.length, false);
    free(out.bytes);
    return is_sent;
}

static bool send_file(struct connection *c, int file, off_t begin, off_t end) {
    while (begin < end) {
        size_t left = (size_t)(end - begin);
        if (!c->tls) {
            if (sendfile(c->socket, file, &begin, left) <= 0) return false;
            continue;
        }
        ssize_t count = pread(file, c->buffer, left < BUFFER ? left : BUFFER, begin);
        if (count <= 0 || !send_all(c, c->buffer, (size_t)count, false)) return false;
        begin += count;
    }
    return true;
}

static bool serve_file(struct connection *c, struct request *r, long long size, const char *etag) {
    long long begin = 0, end = size;
    if (r->range && strncmp(r->range, "bytes=", 6) == 0) {
        char *at = r->range + 6;
        char *dash = strchr(at, '-');
        if (*at == '-') begin = size - atoll(at + 1) < 0 ? 0 : size - atoll(at + 1);
        else begin = atoll(at);
        if (*at != '-' && dash && dash[1] && atoll(dash + 1) + 1 < end) end = atoll(dash + 1) + 1;
        if (begin >= size) return refuse(c, r, 416, "InvalidRange");
    }
    char path[4300], *head = c->buffer;
    snprintf(path, sizeof path, "%s/%s", folder, r->name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return refuse(c, r, 404, "NoSuchKey");
    int count = snprintf(head, 1024,
                         "HTTP/1.1 %s\r\nx-amz-request-id: 0\r\nETag: %s\r\nAccept-Ranges: bytes\r\n"
                         "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: binary/octet-stream\r\n"
                         "Content-Length: %lld\r\n", r->range ? "206 Partial Content" : "200 OK", etag, end - begin);
    if (r->range) count += sprintf(head + count, "Content-Range: bytes %lld-%lld/%lld\r\n", begin, end - 1, size);
    count += sprintf(head + count, "\r\n");
    bool is_sent;
    if (end - begin <= SMALL_FILE) {
        ssize_t got = pread(file, head + count, (size_t)(end - begin), begin);
        is_sent = got == end - begin && send_all(c, head, (size_t)(count + got), false);
    } else {
        is_sent = send_all(c, head, (size_t)count, true) && send_file(c, file, begin, end);
    }
    close(file);
    return is_sent;
}

static bool serve_object(struct connection *c, struct request *r, long long received) {
    char fields[256], etag[64];
    if (has(r, "uploadId") || has(r, "uploads")) return serve_upload(c, r, received);
    if (strcmp(r->method, "PUT") == 0) {
        store(r->name, received, false);
        etag_of(etag, sizeof etag, r->name, received);
        snprintf(fields, sizeof fields, "ETag: %s\r\n", etag);
        return answer(c, 200, fields, NULL, 0, true);
    }
    if (strcmp(r->method, "DELETE") == 0) {
        forget(r->name, false);
        return answer(c, 204, "", NULL, 0, true);
    }
    pthread_mutex_lock(&lock);
    struct object *object = find(r->name);
    long long size = object ? object->size : -1;
    pthread_mutex_unlock(&lock);
    if (size < 0) return refuse(c, r, 404, "NoSuchKey");
    etag_of(etag, sizeof etag, r->name, size);
    if (r->if_match && strstr(r->if_match, etag) == NULL) return refuse(c, r, 412, "PreconditionFailed");
    if (strcmp(r->method, "HEAD") != 0) return serve_file(c, r, size, etag);
    snprintf(fields, sizeof fields, "ETag: %s\r\nAccept-Ranges: bytes\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n", etag);
    return answer(c, 200, fields, NULL, (size_t)size, true);
}

/// Whether a line is a field of this name; `value` is what stands after the colon.
static bool is_field(char *line, const char *name, char **value) {
    size_t length = strlen(name);
    if (strncasecmp(line, name, length) != 0 || line[length] != ':') return false;
    *value = line + length + 1 + strspn(line + length + 1, " ");
    return true;
}

/// Takes a head apart in place; false when it is none.
static bool parse(char *head, struct request *r) {
    memset(r, 0, sizeof *r);
    r->decoded = -1;
    char *rest, *line = strtok_r(head, "\r\n", &rest), *words, *value;
    r->method = strtok_r(line, " ", &words);
    char *target = strtok_r(NULL, " ", &words);
    if (target == NULL || *target != '/') return false;
    r->query = strchr(target, '?');
    if (r->query) *r->query++ = '\0';
    decode(target, false);
    r->name = target + 1;
    r->bucket_end = strchr(r->name, '/');
    if (strstr(r->name, "/../") != NULL) return false;
    while ((line = strtok_r(NULL, "\r\n", &rest)) != NULL) {
        if (is_field(line, "content-length", &value)) r->length = atoll(value);
        else if (is_field(line, "x-amz-decoded-content-length", &value)) r->decoded = atoll(value);
        else if (is_field(line, "transfer-encoding", &value)) r->is_chunked = true;
        else if (is_field(line, "expect", &value)) r->expects_continue = true;
        else if (is_field(line, "connection", &value)) r->closes = strcasecmp(value, "close") == 0;
        else if (is_field(line, "range", &value)) r->range = value;
        else if (is_field(line, "if-match", &value)) r->if_match = value;
    }
    return true;
}

/// Serves one request; false ends the connection.
static bool serve(struct connection *c) {
    char *end;
    while ((end = memmem(c->pending + c->begin, c->end - c->begin, "\r\n\r\n", 4)) == NULL) {
        memmove(c->pending, c->pending + c->begin, c->end - c->begin);
        c->end -= c->begin;
        c->begin = 0;
        if (c->end == HEAD_LIMIT) return false;
        ssize_t count = receive(c, c->pending + c->end, HEAD_LIMIT - c->end);
        if (count <= 0) return false;
        c->end += (size_t)count;
    }
    // A copy: reading the body reuses the buffer.
    size_t length = (size_t)(end + 4 - (c->pending + c->begin));
    char *head = strndup(c->pending + c->begin, length);
    c->begin += length;
    struct request r;
    bool goes_on = parse(head, &r);
    if (goes_on && r.expects_continue) goes_on = send_all(c, "HTTP/1.1 100 Continue\r\n\r\n", 25, false);
    long long received = r.length;
    if (goes_on && r.is_chunked) goes_on = (received = drop_chunks(c)) >= 0;
    else if (goes_on) goes_on = drop(c, r.length);
    if (r.decoded >= 0) received = r.decoded;
    if (goes_on) {
        bool is_bucket = r.bucket_end == NULL || r.bucket_end[1] == '\0';
        if (is_bucket && r.bucket_end) *r.bucket_end = '\0';
        goes_on = (is_bucket ? serve_bucket(c, &r) : serve_object(c, &r, received)) && !r.closes;
    }
    free(head);
    return goes_on;
}

static void *serve_connection(void *argument) {
    struct connection c = {.socket = (int)(long)argument};
    int yes = 1;
    setsockopt(c.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c.pending = malloc(HEAD_LIMIT);
    c.buffer = malloc(BUFFER);
    bool is_open = true;
    if (tls_context) {
        c.tls = SSL_new(tls_context);
        SSL_set_fd(c.tls, c.socket);
        is_open = SSL_accept(c.tls) == 1;
    }
    while (is_open && serve(&c)) {}
    if (c.tls) {
        SSL_shutdown(c.tls);
        SSL_free(c.tls);
    }
    close(c.socket);
    free(c.pending);
    free(c.buffer);
    return NULL;
}

static void *end_with_input(void *argument) {
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {}
    _exit(0);
    return argument;
}

static int listen_anywhere(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1024) != 0) {
        perror("null_store");
        exit(71);
    }
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int count, char **words) {
    if (count != 2 && count != 4) {
        fprintf(stderr, "usage: null_store FOLDER [CERTIFICATE KEY]\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    folder = words[1];
    const char *wanted_rate = getenv("NULL_STORE_RATE");
    if (wanted_rate) rate = atof(wanted_rate);
    nftw(folder, add_file, 64, FTW_PHYS);
    if (count == 4) {
        tls_context = SSL_CTX_new(TLS_server_method());
        if (SSL_CTX_use_certificate_chain_file(tls_context, words[2]) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls_context, words[3], SSL_FILETYPE_PEM) != 1) {
            fprintf(stderr, "null_store: cannot use %s and %s\n", words[2], words[3]);
            return 66;
        }
    }
    pthread_t thread;
    pthread_create(&thread, NULL, end_with_input, NULL);
    pthread_attr_t small_stack;
    pthread_attr_init(&small_stack);
    pthread_attr_setstacksize(&small_stack, 256 << 10);
    pthread_attr_setdetachstate(&small_stack, PTHREAD_CREATE_DETACHED);
    int listener = listen_anywhere();
    for (;;) {
        int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (socket >= 0 && pthread_create(&thread, &small_stack, serve_connection, (void *)(long)socket) != 0) close(socket);
    }
}
