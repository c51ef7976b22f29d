/* A callback that gives the library memory, with a pointer of the caller's own. */

#include "checksig.h"

#include "check.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

/* What the allocator is given as its user pointer: no global variable is needed. */
struct memory {
  int calls;     /* How often the allocator was called. */
  int refuse_at; /* The call that gets no memory, from 1; 0 for none. */
  int leave_at;  /* The call that ends its thread, from 1; 0 for none. */
  char *title;
  int64_t title_len;
  double *roots;
  int64_t roots_len;
};

static void *provide(const char *typecode, int64_t n, void *user) {
  struct memory *memory = user;
  memory->calls++;
  if (memory->calls == memory->refuse_at) {
    return NULL;
  }
  if (memory->calls == memory->leave_at) {
    pthread_exit(memory);
  }
  if (strcmp(typecode, "B") == 0) {
    memory->title_len = n;
    memory->title = malloc((size_t)n);
    return memory->title;
  }
  CHECK(strcmp(typecode, "d") == 0);
  memory->roots_len = n;
  memory->roots = malloc((size_t)n * sizeof(double));
  return memory->roots;
}

static void release(struct memory *memory) {
  free(memory->title);
  free(memory->roots);
}

static bool has_title(const struct memory *memory, const char *title) {
  return memory->title_len == (int64_t)strlen(title) &&
         memcmp(memory->title, title, strlen(title)) == 0;
}

static void roots(void) {
  struct memory memory = {0};
  CHECK(checksig_cookbook_sqrts(provide, &memory, 16) == CHECKSIG_STATUS_OK);
  CHECK(memory.calls == 2);
  CHECK(has_title(&memory, "Square roots of 1 to 16"));
  CHECK(memory.roots_len == 16);
  /* The roots of squares are exact. */
  CHECK(memory.roots[0] == 1);
  CHECK(memory.roots[3] == 2);
  CHECK(memory.roots[8] == 3);
  CHECK(memory.roots[15] == 4);
  for (int i = 0; i < 16; i++) {
    double error = memory.roots[i] * memory.roots[i] - (i + 1);
    CHECK(-1e-14 < error && error < 1e-14);
  }
  release(&memory);
}

/* Without roots there is nothing to keep them in: NULL is as good as a buffer. */
static void no_roots(void) {
  struct memory memory = {.refuse_at = 2};
  CHECK(checksig_cookbook_sqrts(provide, &memory, 0) == CHECKSIG_STATUS_OK);
  CHECK(memory.calls == 2);
  CHECK(memory.title_len > 0);
  release(&memory);
}

/* No memory for the title: the roots are not asked for. */
static void refused_at_once(void) {
  struct memory memory = {.refuse_at = 1};
  CHECK(checksig_cookbook_sqrts(provide, &memory, 5) == CHECKSIG_STATUS_NO_MEMORY);
  CHECK(memory.calls == 1);
  CHECK(checksig_last_error_message(NULL, 0) > 0);
  release(&memory);
}

/* No memory for the roots: the title stays, and is the caller's to release. */
static void refused_later(void) {
  struct memory memory = {.refuse_at = 2};
  CHECK(checksig_cookbook_sqrts(provide, &memory, 5) == CHECKSIG_STATUS_NO_MEMORY);
  CHECK(memory.calls == 2);
  CHECK(has_title(&memory, "Square roots of 1 to 5"));
  CHECK(memory.roots == NULL);
  release(&memory);
}

static void *ask(void *user) {
  checksig_cookbook_sqrts(provide, user, 5);
  CHECK(!"the allocator has returned");
  return NULL;
}

/* A thread may end inside of its allocator, as CPython before 3.14 ends daemon
 * threads: the library is left as by any other end, and nothing of its own is lost. */
static void left(int call) {
  struct memory memory = {.leave_at = call};
  pthread_t thread;
  void *result = NULL;
  CHECK(pthread_create(&thread, NULL, ask, &memory) == 0);
  CHECK(pthread_join(thread, &result) == 0);
  CHECK(result == &memory);
  CHECK(memory.calls == call);
  CHECK((memory.title != NULL) == (call > 1));
  release(&memory);
  roots();
}

int main(void) {
  roots();
  no_roots();
  refused_at_once();
  refused_later();
  left(1);
  left(2);
  printf("callbacks: ok\n");
  return 0;
}
