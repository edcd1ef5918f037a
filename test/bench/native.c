// The parts of the benchmark that must be fast: the synthetic engine, the fastest possible client, and the stopwatch.
//
//   native serve SOCKET FOLDER [compare MIB]   answers like an engine, from the parts of an archive in FOLDER; SOCKET may be `tcp`
//   native floor SCENARIO SOCKET N [FILE]      a plain C client: read(2), write(2) and nothing else
//   native bridge SOCKET                       copies its standard streams to the socket and back, as behind ssh
//   native measure PROGRAM [ARGUMENT...]       runs it; the last line on standard error is its time, CPU and memory
//
// Every run ends with a line of JSON on standard output, as the contenders in JavaScript print it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, CHUNK = 32768, TINY = 100, HEAD_LIMIT = 65536 };

static void die(const char *what) { perror(what); exit(1); }

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static double cpu_of(const struct rusage *use) {
  return use->ru_utime.tv_sec + use->ru_stime.tv_sec + (use->ru_utime.tv_usec + use->ru_stime.tv_usec) / 1e6;
}

static void write_all(int fd, const void *bytes, size_t length) {
  for (const char *at = bytes; length > 0;) {
    ssize_t n = write(fd, at, length);
    if (n < 0) { if (errno == EINTR) continue; if (errno == EPIPE || errno == ECONNRESET) pthread_exit(NULL); die("write"); }
    at += n; length -= n;
  }
}

static char *slurp(const char *folder, const char *name, size_t *length) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = open(path, O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) < 0) die(path);
  char *bytes = malloc(st.st_size + 1);
  for (off_t got = 0; got < st.st_size;) {
    ssize_t n = read(fd, bytes + got, st.st_size - got);
    if (n <= 0) die(path);
    got += n;
  }
  close(fd);
  bytes[st.st_size] = 0;
  *length = st.st_size;
  return bytes;
}

// ---------------------------------------------------------------------------------------------------------- archive

// An archive consists of its head, many repetitions of one block of 1 MiB, and its tail: so 8 GiB need no disk.
struct archive { char *head, *block, *tail; size_t head_bytes, tail_bytes; uint64_t mib, total; };
static const char *folder;

static struct archive archive_of(uint64_t mib) {
  struct archive a = { .mib = mib };
  char name[64];
  size_t block_bytes;
  snprintf(name, sizeof name, "%llu.head", (unsigned long long)mib);
  a.head = slurp(folder, name, &a.head_bytes);
  snprintf(name, sizeof name, "%llu.tail", (unsigned long long)mib);
  a.tail = slurp(folder, name, &a.tail_bytes);
  a.block = slurp(folder, "block", &block_bytes);
  if (block_bytes != MIB) { fprintf(stderr, "the block is not 1 MiB\n"); exit(1); }
  a.total = a.head_bytes + mib * MIB + a.tail_bytes;
  return a;
}

static void archive_free(struct archive *a) { free(a->head); free(a->block); free(a->tail); }

// Up to `wanted` bytes at `offset`, as far as they are contiguous.
static size_t archive_at(const struct archive *a, uint64_t offset, size_t wanted, const char **from) {
  uint64_t body = a->mib * MIB;
  size_t there;
  if (offset < a->head_bytes) { *from = a->head + offset; there = a->head_bytes - offset; }
  else if ((offset -= a->head_bytes) < body) { *from = a->block + offset % MIB; there = MIB - offset % MIB; }
  else { offset -= body; *from = a->tail + offset; there = a->tail_bytes - offset; }
  return there < wanted ? there : wanted;
}

static size_t archive_copy(const struct archive *a, uint64_t offset, char *to, size_t wanted) {
  size_t done = 0;
  while (done < wanted && offset + done < a->total) {
    const char *from;
    size_t n = archive_at(a, offset + done, wanted - done, &from);
    memcpy(to + done, from, n);
    done += n;
  }
  return done;
}

// ----------------------------------------------------------------------------------------------------------- server

static uint64_t compare_mib, last_upload;
static char *inspect_body, *list_body;
static size_t inspect_bytes, list_bytes;

static void say(int fd, const char *fields, const char *body, size_t length) {
  char *answer = malloc(length + 1024);
  int n = sprintf(answer, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nOstype: linux\r\nServer: Docker/20.10.24 (linux)\r\n"
    "Date: Mon, 23 Nov 2026 19:00:00 GMT\r\n%sContent-Length: %zu\r\n\r\n", fields, length);
  memcpy(answer + n, body, length);
  write_all(fd, answer, n + length); // Go also sends a small response in one write
  free(answer);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nServer: Docker/20.10.24 (linux)\r\n" \
  "Date: Mon, 23 Nov 2026 19:00:00 GMT\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"

static void begin_chunked(int fd, const char *type) {
  char head[512];
  write_all(fd, head, sprintf(head, CHUNKED, type));
}

// Makes frames of `chunk` bytes of content each, from `at` on, with `group` bytes of content in all. Returns their length.
static size_t make_frames(const struct archive *a, uint64_t at, size_t chunk, size_t group, char *to) {
  size_t fill = 0;
  for (uint64_t end = at + group < a->total ? at + group : a->total; at < end;) {
    size_t n = end - at < chunk ? end - at : chunk;
    fill += sprintf(to + fill, "%zx\r\n", n);
    archive_copy(a, at, to + fill, n);
    memcpy(to + fill + n, "\r\n", 2);
    fill += n + 2;
    at += n;
  }
  return fill;
}

// The writes of net/http under io.Copy: its full buffer of 4 KiB, then the rest of the 32 KiB without the buffer, then CRLF.
static void write_like_go(int fd, const char *frames, size_t length) {
  for (const char *end = frames + length; frames < end;) {
    size_t framed = strchr(frames, '\n') + 1 - frames + strtoull(frames, NULL, 16);
    size_t first = framed < 4096 ? framed : 4096;
    write_all(fd, frames, first);
    if (framed > first) write_all(fd, frames + first, framed - first);
    write_all(fd, frames + framed, 2);
    frames += framed + 2;
  }
}

static void send_chunked(int fd, const struct archive *a, size_t chunk, size_t group, int like_go) {
  static __thread char frames[MIB + MIB / 8];
  begin_chunked(fd, "application/x-tar");
  uint64_t body_end = a->head_bytes + a->mib * MIB;
  size_t length = 0;
  for (uint64_t at = 0; at < a->total; at += group) {
    // Each MiB of the middle is the same: its frames are made once, so the server is not the limit.
    int same = group == MIB && at >= a->head_bytes + group && at + group <= body_end;
    if (!same) length = make_frames(a, at, chunk, group, frames);
    if (like_go) write_like_go(fd, frames, length);
    else write_all(fd, frames, length);
  }
  write_all(fd, "0\r\n\r\n", 5);
}

static void send_like_go(int fd, const struct archive *a) { send_chunked(fd, a, CHUNK, MIB, 1); }
static void send_burst(int fd, const struct archive *a) { send_chunked(fd, a, CHUNK, MIB, 0); }
static void send_tiny(int fd, const struct archive *a) { send_chunked(fd, a, TINY, TINY * 655, 0); }

static void send_with_length(int fd, const struct archive *a) {
  char head[512];
  write_all(fd, head, sprintf(head, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: application/x-tar\r\n"
    "Content-Length: %llu\r\n\r\n", (unsigned long long)a->total));
  const char *from;
  for (uint64_t at = 0; at < a->total;) {
    size_t n = archive_at(a, at, CHUNK, &from);
    write_all(fd, from, n);
    at += n;
  }
}

// Lines like those of dockerd: one chunk per line, of about 180 bytes. A thousand lines are made once and sent repeatedly.
static void send_lines(int fd, uint64_t lines) {
  static __thread char frames[1000 * 320];
  size_t fill = 0;
  char line[320], head[512];
  for (int i = 0; i < 1000; i++) {
    int n = sprintf(line, "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":%d,\"total\":73108480},"
      "\"progress\":\"[==============\\u003e                                    ]  %d.%02dMB/73.11MB\",\"id\":\"%012x\"}\r\n",
      1000000 + i * 4096, i % 73, i % 100, i % 7 * 2654435 + 11);
    fill += sprintf(frames + fill, "%x\r\n%s\r\n", n, line);
  }
  write_all(fd, head, sprintf(head, CHUNKED, "application/json"));
  for (; lines >= 1000; lines -= 1000) write_all(fd, frames, fill);
  const char *ends[] = {
    "{\"status\":\"Digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}\r\n",
    "{\"status\":\"Status: Downloaded newer image for bench:1\"}\r\n",
  };
  for (int i = 0; i < 2; i++) write_all(fd, line, sprintf(line, "%zx\r\n%s\r\n", strlen(ends[i]), ends[i]));
  write_all(fd, "0\r\n\r\n", 5);
}

struct input { int fd; size_t start, end; char bytes[MIB + HEAD_LIMIT]; };

static int fill_input(struct input *in) {
  if (in->start == in->end) in->start = in->end = 0;
  ssize_t n = read(in->fd, in->bytes + in->end, sizeof in->bytes - 1 - in->end);
  if (n <= 0) return 0;
  in->end += n;
  return 1;
}

static void compare(const struct archive *a, uint64_t at, const char *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    const char *from;
    size_t n = at + done < a->total ? archive_at(a, at + done, length - done, &from) : 0;
    if (n == 0 || memcmp(from, bytes + done, n) != 0) {
      fprintf(stderr, "what was sent differs from the archive after byte %llu\n", (unsigned long long)(at + done));
      exit(3);
    }
    done += n;
  }
}

// Reads `length` bytes of content; -1 if the connection ended before.
static int take(struct input *in, uint64_t length, uint64_t *count, const struct archive *expected) {
  while (length > 0) {
    if (in->start == in->end && !fill_input(in)) return -1;
    size_t n = in->end - in->start < length ? in->end - in->start : length;
    if (expected) compare(expected, *count, in->bytes + in->start, n);
    in->start += n; length -= n; *count += n;
  }
  return 0;
}

static char *take_line(struct input *in) {
  for (;;) {
    char *end = memmem(in->bytes + in->start, in->end - in->start, "\r\n", 2);
    if (end) {
      char *line = in->bytes + in->start;
      *end = 0;
      in->start = end + 2 - in->bytes;
      return line;
    }
    if (in->end > MIB) { memmove(in->bytes, in->bytes + in->start, in->end -= in->start); in->start = 0; }
    if (!fill_input(in)) return NULL;
  }
}

static void take_upload(struct input *in, int chunked, uint64_t length) {
  uint64_t count = 0;
  struct archive expected = { 0 };
  if (compare_mib > 0) expected = archive_of(compare_mib);
  const struct archive *against = compare_mib > 0 ? &expected : NULL;
  if (!chunked && take(in, length, &count, against) < 0) pthread_exit(NULL);
  for (char *line; chunked; take_line(in)) {
    if (!(line = take_line(in))) pthread_exit(NULL);
    uint64_t size = strtoull(line, NULL, 16);
    if (size == 0) { take_line(in); break; }
    if (take(in, size, &count, against) < 0) pthread_exit(NULL);
  }
  if (against && count != expected.total) { fprintf(stderr, "what was sent is too short\n"); exit(3); }
  last_upload = count;
  char line[128], frame[256];
  int n = sprintf(line, "{\"stream\":\"Loaded image: bench:%llu\\n\"}\r\n", (unsigned long long)count);
  begin_chunked(in->fd, "application/json");
  write_all(in->fd, frame, sprintf(frame, "%x\r\n%s\r\n0\r\n\r\n", n, line));
}

static void decode_target(char *text) {
  char *to = text;
  for (char *at = text; *at; at++) {
    unsigned code;
    if (*at == '%' && sscanf(at + 1, "%2x", &code) == 1) { *to++ = code; at += 2; } else *to++ = *at;
  }
  *to = 0;
}

// The number in an image's name: "bench:64", or fromImage=bench with tag=64.
static uint64_t number_in(const char *target, const char *name) {
  const char *at = strstr(target, "tag=");
  if (!at) at = strstr(target, name);
  while (at && *at && (*at < '0' || *at > '9')) at++;
  return at ? strtoull(at, NULL, 10) : 0;
}

static void answer(struct input *in, const char *method, char *target, int chunked, uint64_t length) {
  decode_target(target);
  const char *json = "Content-Type: application/json\r\n";
  if (strstr(target, "/_ping")) return strcmp(method, "HEAD") == 0 ? say(in->fd, "", "", 0) : say(in->fd, "", "OK", 2);
  if (strstr(target, "/images/load")) return take_upload(in, chunked, length);
  if (strstr(target, "/uploaded")) {
    char count[32];
    return say(in->fd, json, count, sprintf(count, "%llu", (unsigned long long)last_upload));
  }
  uint64_t ignored = 0;
  take(in, length, &ignored, NULL);
  if (strstr(target, "/images/create")) return send_lines(in->fd, number_in(target, "bench"));
  if (strstr(target, "/get")) {
    const char *kinds[] = { "bench", "burst", "tiny", "length" };
    void (*senders[])(int, const struct archive *) = { send_like_go, send_burst, send_tiny, send_with_length };
    for (int i = 0; i < 4; i++) {
      if (!strstr(target, kinds[i])) continue;
      struct archive a = archive_of(number_in(target, kinds[i]));
      senders[i](in->fd, &a);
      return archive_free(&a);
    }
  }
  if (strstr(target, "/images/json")) return say(in->fd, json, list_body, list_bytes);
  if (strstr(target, "/json")) return say(in->fd, json, inspect_body, inspect_bytes);
  const char *version = "{\"Version\":\"20.10.24\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\","
    "\"Os\":\"linux\",\"Arch\":\"amd64\"}";
  say(in->fd, json, version, strlen(version));
}

static void *serve_connection(void *given) {
  struct input *in = given;
  pthread_cleanup_push(free, in);
  for (char *line; (line = take_line(in));) {
    char method[16], target[4096];
    if (sscanf(line, "%15s %4095s", method, target) != 2) break;
    int chunked = 0, expects = 0;
    uint64_t length = 0;
    while ((line = take_line(in)) && *line) {
      if (strcasestr(line, "transfer-encoding:")) chunked = 1;
      if (strncasecmp(line, "content-length:", 15) == 0) length = strtoull(line + 15, NULL, 10);
      if (strncasecmp(line, "expect:", 7) == 0) expects = 1;
    }
    if (!line) break;
    if (expects) write_all(in->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    answer(in, method, target, chunked, length);
  }
  close(in->fd);
  pthread_cleanup_pop(1);
  return NULL;
}

static int address_of(const char *path, struct sockaddr_un *address) {
  *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
  strncpy(address->sun_path, path, sizeof address->sun_path - 1);
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

// Listens on a Unix socket, or for `tcp` on a port of this machine, and prints the port.
static int listen_on(const char *path) {
  struct sockaddr_un address;
  struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t length = sizeof local;
  int is_tcp = strcmp(path, "tcp") == 0;
  int server = is_tcp ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) : address_of(path, &address);
  int bound = is_tcp ? bind(server, (void *)&local, length) : bind(server, (void *)&address, sizeof address);
  if (bound < 0 || listen(server, 1024) < 0) die(path);
  if (is_tcp && getsockname(server, (void *)&local, &length) < 0) die(path);
  printf("%d\n", is_tcp ? ntohs(local.sin_port) : 0);
  fflush(stdout);
  return server;
}

static void serve(const char *path) {
  int no_delay = 1;
  inspect_body = slurp(folder, "inspect.json", &inspect_bytes);
  list_body = slurp(folder, "list.json", &list_bytes);
  int server = listen_on(path);
  for (;;) {
    struct input *in = malloc(sizeof *in);
    in->start = in->end = 0;
    if ((in->fd = accept4(server, NULL, NULL, SOCK_CLOEXEC)) < 0) die("accept");
    setsockopt(in->fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay); // fails for a Unix socket, which does not wait
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve_connection, in) != 0) die("pthread_create");
    pthread_detach(thread);
  }
}

// ------------------------------------------------------------------------------------------------------------ floor

static int dial(const char *path) {
  struct sockaddr_un address;
  int fd = address_of(path, &address);
  if (connect(fd, (void *)&address, sizeof address) < 0) die(path);
  return fd;
}

static char buffer[4 * MIB];

// Reads chunked content as it comes; parses the frames, and counts or writes their content.
static uint64_t floor_read(int fd, int to) {
  uint64_t count = 0, left = 0;
  int state = 0; // 0 in the head, 1 in a size line, 2 in data, 3 in the CRLF behind data, 4 done
  uint64_t size = 0;
  int feeds = 0, crlf = 0, digits_over = 0;
  while (state != 4) {
    ssize_t n = read(fd, buffer, 256 * 1024);
    if (n <= 0) die("read");
    for (ssize_t at = 0; at < n && state != 4;) {
      if (state == 2) {
        size_t part = (uint64_t)(n - at) < left ? (uint64_t)(n - at) : left;
        if (to >= 0) write_all(to, buffer + at, part);
        at += part; left -= part; count += part;
        if (left == 0) { state = 3; crlf = 0; }
        continue;
      }
      char c = buffer[at++];
      if (state == 0) {
        if (c == '\n') { if (++feeds == 2) state = 1; } else if (c != '\r') feeds = 0;
      } else if (state == 1) {
        if (c == '\n') { state = size > 0 ? 2 : 4; left = size; size = 0; digits_over = 0; }
        else if (c == '\r') digits_over = 1;
        else if (!digits_over) size = size * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
      } else if (++crlf == 2) state = 1;
    }
  }
  return count;
}

static uint64_t floor_load(int fd, const char *path) {
  struct stat st;
  int file = open(path, O_RDONLY);
  if (file < 0 || fstat(file, &st) < 0) die(path);
  char head[512];
  write_all(fd, head, sprintf(head, "POST /v1.41/images/load?quiet=0 HTTP/1.1\r\nHost: d\r\nContent-Length: %llu\r\n\r\n",
    (unsigned long long)st.st_size));
  for (ssize_t n; (n = read(file, buffer, MIB)) > 0;) write_all(fd, buffer, n);
  close(file);
  ssize_t n = 0;
  for (ssize_t more; !memmem(buffer, n, "\r\n0\r\n\r\n", 7); n += more)
    if ((more = read(fd, buffer + n, sizeof buffer - n)) <= 0) die("read");
  char *found = memmem(buffer, n, "bench:", 6);
  return found ? strtoull(found + 6, NULL, 10) : 0;
}

static int ascending(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

static void small_call(int fd) {
  static const char request[] = "GET /v1.41/images/bench:1/json HTTP/1.1\r\nHost: d\r\nUser-Agent: floor\r\n\r\n";
  write_all(fd, request, sizeof request - 1);
  ssize_t got = 0, due = -1;
  while (due < 0 || got < due) {
    ssize_t n = read(fd, buffer + got, sizeof buffer - got);
    if (n <= 0) die("read");
    got += n;
    char *end = due < 0 ? memmem(buffer, got, "\r\n\r\n", 4) : NULL;
    char *field = end ? memmem(buffer, end - buffer, "Content-Length:", 15) : NULL;
    if (field) due = end + 4 - buffer + strtoll(field + 15, NULL, 10);
  }
}

// Not ru_maxrss: that starts with the value of the parent process.
static long peak_kib(void) {
  FILE *status = fopen("/proc/self/status", "r");
  char line[256];
  long kib = 0;
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "VmHWM: %ld", &kib) == 1) break;
  if (status) fclose(status);
  return kib;
}

static void run_floor(const char *scenario, const char *path, uint64_t n, const char *file) {
  double began = seconds(), *each = NULL;
  uint64_t count = n;
  int fd = dial(path);
  if (strcmp(scenario, "load") == 0) count = floor_load(fd, file);
  else if (strcmp(scenario, "calls") == 0) {
    each = malloc(n * sizeof *each);
    for (int i = 0; i < 500; i++) small_call(fd); // warms only the system's caches: C needs no compilation here
    began = seconds();
    for (uint64_t i = 0; i < n; i++) { double t = seconds(); small_call(fd); each[i] = seconds() - t; }
    qsort(each, n, sizeof *each, ascending);
  } else if (strcmp(scenario, "connections") == 0) {
    for (uint64_t i = 0; i < n; i++) { int own = dial(path); small_call(own); close(own); }
  } else {
    int to = file ? open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    char head[256];
    write_all(fd, head, sprintf(head, "GET /v1.41/images/get?names=%s:%llu HTTP/1.1\r\nHost: d\r\n\r\n", scenario,
      (unsigned long long)n));
    count = floor_read(fd, to);
    if (to >= 0 && close(to) < 0) die("close");
  }
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  printf("{\"wall\":%.6f,\"cpu\":%.6f,\"rss\":%ld,\"count\":%llu", seconds() - began, cpu_of(&use),
    peak_kib() * 1024, (unsigned long long)count);
  if (each) printf(",\"p50\":%.9f,\"p99\":%.9f", each[n / 2], each[n * 99 / 100]);
  puts("}");
}

// ---------------------------------------------------------------------------------------------------------- measure

static int measure(char **argv) {
  double began = seconds();
  pid_t pid = fork();
  if (pid == 0) {
    dup2(open("/dev/null", O_WRONLY), 1); // `docker save` writes the archive there
    execvp(argv[0], argv);
    die(argv[0]);
  }
  int status;
  struct rusage use;
  if (wait4(pid, &status, 0, &use) < 0) die("wait4");
  fprintf(stderr, "\n{\"wall\":%.6f,\"cpu\":%.6f,\"rss\":%ld}\n", seconds() - began, cpu_of(&use), use.ru_maxrss * 1024);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

// Copies from each side to the other until it ends; also passes on the end of standard input.
static void bridge(const char *path) {
  int fd = dial(path), open_in = 1;
  for (;;) {
    struct pollfd polled[] = { { .fd = fd, .events = POLLIN }, { .fd = open_in ? 0 : -1, .events = POLLIN } };
    if (poll(polled, 2, -1) < 0) die("poll");
    if (polled[1].revents) {
      ssize_t n = read(0, buffer, sizeof buffer);
      if (n <= 0) { open_in = 0; shutdown(fd, SHUT_WR); } else write_all(fd, buffer, n);
    }
    if (!polled[0].revents) continue;
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n <= 0) return;
    write_all(1, buffer, n);
  }
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc >= 4 && strcmp(argv[1], "serve") == 0) {
    folder = argv[3];
    if (argc == 6) compare_mib = strtoull(argv[5], NULL, 10);
    serve(argv[2]);
  }
  if (argc >= 5 && strcmp(argv[1], "floor") == 0) {
    run_floor(argv[2], argv[3], strtoull(argv[4], NULL, 10), argc > 5 ? argv[5] : NULL);
    return 0;
  }
  if (argc == 3 && strcmp(argv[1], "bridge") == 0) { bridge(argv[2]); return 0; }
  if (argc >= 3 && strcmp(argv[1], "measure") == 0) return measure(argv + 2);
  fprintf(stderr, "usage: native serve|floor|bridge|measure ...\n");
  return 2;
}
