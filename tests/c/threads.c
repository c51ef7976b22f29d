/* Everything from several threads at once, options and a flag shared among them.
 *
 * Usage: threads GOOD BAD
 *
 * GOOD and BAD are directories with a sha1sum.txt; some file of BAD is missing. */

#include "checksig.h"

#include "check.h"
#include "run.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 10

struct task {
  int number; /* From 1. */
  const char *good;
  const char *bad;
  const checksig_options *options; /* The same for all threads, as is the flag. */
  const checksig_cancel *cancel;
};

/* What a run's callback is given: nobody else uses it, so it needs no lock. */
struct counter {
  pthread_t caller;
  size_t results;
};

static int count_result(const struct checksig_result *result, void *user) {
  struct counter *counter = user;
  CHECK(result->line > 0);
  CHECK(pthread_equal(pthread_self(), counter->caller));
  counter->results++;
  return 0;
}

/* A report on a directory with what the threads share, and a callback of our own. */
static checksig_report *shared_run(const struct task *task, const char *root) {
  struct counter counter = {pthread_self(), 0};
  checksig_report *report = NULL;
  CHECK(checksig_verify(root, strlen(root), NULL, 0, task->options, count_result, NULL, &counter,
                        task->cancel, &report) == CHECKSIG_STATUS_OK);
  size_t count = 0;
  checksig_report_results(report, &count);
  CHECK(counter.results == count);
  return report;
}

static void verify_both(const struct task *task) {
  CHECK(verify(task->good) == NULL);
  char *message = verify(task->bad);
  CHECK(message != NULL);
  free(message);

  checksig_report *report = shared_run(task, task->bad);
  CHECK(!checksig_report_ok(report));
  /* The shared options say that what is missing is skipped. */
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_MISSING) == 0);
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_SKIPPED) == 1);
  CHECK(!checksig_report_cancelled(report));
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

/* Verifies until somebody raises the flag. */
static void *run_until_cancelled(void *argument) {
  const struct task *task = argument;
  bool cancelled = false;
  while (!cancelled) {
    checksig_report *report = shared_run(task, task->good);
    cancelled = checksig_report_cancelled(report);
    CHECK(checksig_report_ok(report) == !cancelled);
    checksig_report_free(report);
  }
  return NULL;
}

/* Does this in every thread; the flag, if there is one, is raised meanwhile. */
static void in_threads(void *(*function)(void *), struct task *tasks,
                       const checksig_cancel *raised) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    CHECK(pthread_create(&threads[i], NULL, function, &tasks[i]) == 0);
  }
  checksig_cancel_request(raised);
  for (int i = 0; i < THREADS; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
  }
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  checksig_options *options = with_threads(2);
  CHECK(checksig_options_set_ignore_missing(options, true) == CHECKSIG_STATUS_OK);
  checksig_cancel *cancel = checksig_cancel_new();
  struct task tasks[THREADS];
  for (int i = 0; i < THREADS; i++) {
    tasks[i] = (struct task){i + 1, argv[1], argv[2], options, cancel};
  }
  in_threads(run, tasks, NULL);
  in_threads(run_until_cancelled, tasks, cancel);
  checksig_cancel_free(cancel);
  checksig_options_free(options);
  /* What failed, failed in the other threads. */
  CHECK(checksig_last_error_message(NULL, 0) == 0);
  printf("threads: ok\n");
  return 0;
}
