/* Runs that somebody ends: before they begin, or from another thread.
 *
 * Usage: cancel LARGE
 *
 * LARGE is a directory with the files `abc`, which has these three bytes, and `large`,
 * which takes longer to read than anybody waits, and a sha1sum.txt that lists both. */

#include "checksig.h"

#include "check.h"
#include "run.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define RUNS 2

/* A long run, and what it shares with the thread that ends it. */
struct run {
  const char *root;
  const checksig_cancel *cancel;
  atomic_bool is_reading;
  checksig_report *report;
};

static int note_reading(const struct checksig_progress *progress, void *user) {
  struct run *run = user;
  if (progress->files == 1 && progress->bytes > 3) {
    run->is_reading = true;
  }
  return 0;
}

static void *verify_large(void *argument) {
  struct run *run = argument;
  checksig_options *options = with_threads(2); /* One is busy with the large file. */
  CHECK(checksig_verify(run->root, strlen(run->root), NULL, 0, options, NULL, note_reading, run,
                        run->cancel, &run->report) == CHECKSIG_STATUS_OK);
  checksig_options_free(options);
  return NULL;
}

static void wait_until(const atomic_bool *happens) {
  const struct timespec moment = {0, 10000000};
  while (!*happens) {
    nanosleep(&moment, NULL);
  }
}

/* What was done stays: the small file was read to its end, the large one is left out. */
static void check_partial(const checksig_report *report) {
  CHECK(checksig_report_cancelled(report));
  CHECK(!checksig_report_ok(report));
  size_t count = 0;
  const struct checksig_result *results = checksig_report_results(report, &count);
  CHECK(count == 1);
  CHECK(results[0].name_len == 3 && memcmp(results[0].name, "abc", 3) == 0);
  CHECK(results[0].verdict == CHECKSIG_VERDICT_OK);
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_OK) == 1);
  CHECK(checksig_report_bytes(report) == 3);
  CHECK(checksig_report_seconds(report) > 0);
  CHECK(strstr(checksig_report_message(report), "cancelled") != NULL);
}

/* One flag ends several runs, each in a thread of its own. */
static void raised_meanwhile(const char *root, checksig_cancel *cancel) {
  pthread_t threads[RUNS];
  struct run runs[RUNS];
  for (int i = 0; i < RUNS; i++) {
    runs[i] = (struct run){.root = root, .cancel = cancel};
    CHECK(pthread_create(&threads[i], NULL, verify_large, &runs[i]) == 0);
  }
  for (int i = 0; i < RUNS; i++) {
    wait_until(&runs[i].is_reading);
  }
  checksig_cancel_request(cancel);
  for (int i = 0; i < RUNS; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
    check_partial(runs[i].report);
    checksig_report_free(runs[i].report);
  }
}

static int never_called(const struct checksig_result *result, void *user) {
  (void)result;
  (void)user;
  CHECK(false);
  return 0;
}

/* With a flag that is up already, nothing is read; an audit finds nothing either. */
static void raised_before(const char *root, const checksig_cancel *cancel) {
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_audit(options, true) == CHECKSIG_STATUS_OK);
  checksig_report *report = NULL;
  CHECK(checksig_verify(root, strlen(root), NULL, 0, options, never_called, NULL, NULL, cancel,
                        &report) == CHECKSIG_STATUS_OK);
  CHECK(checksig_report_cancelled(report));
  CHECK(!checksig_report_ok(report));
  CHECK(checksig_report_bytes(report) == 0);
  size_t count = 1;
  checksig_report_results(report, &count);
  CHECK(count == 0);
  checksig_report_free(report);
  checksig_options_free(options);
}

/* A flag that nobody raises changes nothing; nor does one that is raised too late. */
static void not_raised(const char *root) {
  checksig_cancel *cancel = checksig_cancel_new();
  CHECK(cancel != NULL);
  checksig_options *options = checksig_options_new();
  const char *line = "a9993e364706816aba3e25717850c26c9cd0d89d  abc\n";
  CHECK(checksig_options_set_text(options, line, strlen(line)) == CHECKSIG_STATUS_OK);
  checksig_report *report = NULL;
  CHECK(checksig_verify(root, strlen(root), NULL, 0, options, NULL, NULL, NULL, cancel,
                        &report) == CHECKSIG_STATUS_OK);
  checksig_cancel_request(cancel);
  checksig_cancel_free(cancel); /* A report needs nothing that made it. */
  checksig_options_free(options);
  CHECK(!checksig_report_cancelled(report));
  CHECK(checksig_report_ok(report));
  checksig_report_free(report);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  not_raised(argv[1]);
  checksig_cancel *cancel = checksig_cancel_new();
  raised_meanwhile(argv[1], cancel);
  raised_before(argv[1], cancel); /* It stays up, */
  checksig_cancel_request(cancel); /* and raising it again does no harm. */
  raised_before(argv[1], cancel);
  checksig_cancel_free(cancel);
  printf("cancel: ok\n");
  return 0;
}
