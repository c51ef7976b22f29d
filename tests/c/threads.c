/* Everything from several threads at once.
 *
 * Usage: threads GOOD BAD
 *
 * GOOD and BAD are directories with a sha1sum.txt; some file of BAD is missing. */

#include "checksig.h"

#include "check.h"

#include <pthread.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 10

struct task {
  int number; /* From 1. */
  const char *good;
  const char *bad;
};

static void verify_both(const struct task *task) {
  CHECK(verify(task->good) == NULL);
  char *message = verify(task->bad);
  CHECK(message != NULL);
  free(message);

  checksig_report *report = NULL;
  CHECK(checksig_verify(task->bad, strlen(task->bad), 2, &report) == CHECKSIG_STATUS_OK);
  CHECK(!checksig_report_ok(report));
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_MISSING) == 1);
  checksig_report_free(report);
}

/* As many letters as the thread's number. */
static void repeat_letter(const struct task *task) {
  char out[THREADS + 1];
  CHECK(repeat("x", task->number, out, sizeof out) == out);
  CHECK(strlen(out) == (size_t)task->number);
}

/* A failure whose message no other thread has. */
static void fail(const struct task *task) {
  struct checksig_even_result even = checksig_cookbook_even(-task->number);
  CHECK(even.err.err != NULL);
  checksig_error_free(even.err);
}

static void check_last_error(const struct task *task) {
  char expected[64];
  char message[64];
  snprintf(expected, sizeof expected, "-%d is negative, want at least 0", task->number);
  CHECK(checksig_last_error_message(message, sizeof message) == strlen(expected));
  CHECK(strcmp(message, expected) == 0);
}

static void *run(void *argument) {
  const struct task *task = argument;
  CHECK(checksig_last_error_message(NULL, 0) == 0);
  for (int round = 0; round < ROUNDS; round++) {
    verify_both(task);
    fail(task);
    /* A call that succeeds leaves the last error as it was. */
    repeat_letter(task);
    check_last_error(task);
  }
  return NULL;
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  pthread_t threads[THREADS];
  struct task tasks[THREADS];
  for (int i = 0; i < THREADS; i++) {
    tasks[i] = (struct task){i + 1, argv[1], argv[2]};
    CHECK(pthread_create(&threads[i], NULL, run, &tasks[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
  }
  /* What failed, failed in the other threads. */
  CHECK(checksig_last_error_message(NULL, 0) == 0);
  printf("threads: ok\n");
  return 0;
}
