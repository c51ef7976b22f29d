/*
 * Reads files as a verifier has to, without hashing them: open, fstat, read, close.
 *
 *     reads THREADS BUFFER PASSES ROOT < NAMES
 *
 * Every thread has its share of the names, a line each, and a buffer of so many bytes.
 * Prints the seconds of the fastest of the passes over all files.
 */

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct list {
  char **names;
  size_t count;
  size_t room;
};

struct share {
  const struct list *list;
  size_t first;
  size_t step;
  int root;
  char *buffer;
  size_t buffer_len;
  int failed;
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* One read where the buffer holds the file. Returns 0 on success. */
static int read_file(int root, const char *name, char *buffer, size_t buffer_len) {
  struct stat stat;
  int file = openat(root, name, O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &stat) != 0) {
    return -1;
  }
  ssize_t count = 1;
  for (off_t left = stat.st_size; left > 0 && count > 0; left -= count) {
    count = read(file, buffer, buffer_len);
  }
  return close(file) != 0 || count <= 0 ? -1 : 0;
}

static void *read_share(void *argument) {
  struct share *share = argument;
  for (size_t i = share->first; i < share->list->count; i += share->step) {
    share->failed |= read_file(share->root, share->list->names[i], share->buffer,
                               share->buffer_len);
  }
  return NULL;
}

static struct list read_names(void) {
  struct list list = {NULL, 0, 0};
  char line[4096];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    if (list.count == list.room) {
      list.room = list.room * 2 + 64;
      list.names = realloc(list.names, list.room * sizeof *list.names);
    }
    if (list.names == NULL || (list.names[list.count++] = strdup(line)) == NULL) {
      fail("memory");
    }
  }
  return list;
}

static double pass(struct share *shares, pthread_t *threads, size_t count) {
  double start = now();
  for (size_t i = 0; i < count; i++) {
    if (pthread_create(&threads[i], NULL, read_share, &shares[i]) != 0) {
      fail("pthread_create");
    }
  }
  int failed = 0;
  for (size_t i = 0; i < count; i++) {
    pthread_join(threads[i], NULL);
    failed |= shares[i].failed;
  }
  double seconds = now() - start;
  if (failed) {
    fail("a file cannot be read");
  }
  return seconds;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fputs("usage: reads THREADS BUFFER PASSES ROOT < NAMES\n", stderr);
    return 2;
  }
  size_t count = strtoul(argv[1], NULL, 10);
  size_t buffer_len = strtoul(argv[2], NULL, 10);
  struct list list = read_names();
  int root = open(argv[4], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct share *shares = calloc(count, sizeof *shares);
  pthread_t *threads = calloc(count, sizeof *threads);
  if (root < 0 || shares == NULL || threads == NULL) {
    fail(argv[4]);
  }
  for (size_t i = 0; i < count; i++) {
    shares[i] = (struct share){&list, i, count, root, malloc(buffer_len), buffer_len, 0};
    if (shares[i].buffer == NULL) {
      fail("memory");
    }
    memset(shares[i].buffer, 0, buffer_len);
  }
  double best = pass(shares, threads, count);
  for (unsigned long passes = strtoul(argv[3], NULL, 10); passes > 1; passes--) {
    double seconds = pass(shares, threads, count);
    best = seconds < best ? seconds : best;
  }
  printf("%.9f\n", best);
  return 0;
}
