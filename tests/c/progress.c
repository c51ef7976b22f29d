/* A run that tells what it finds and how far it is, and that a callback can end.
 *
 * Usage: progress LARGE
 *
 * LARGE is a directory with the files `abc`, which has these three bytes, and `large`,
 * of 2^36 bytes, which takes longer to read than anybody waits. */

#include "checksig.h"

#include "check.h"
#include "run.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define SHA1_ABC "a9993e364706816aba3e25717850c26c9cd0d89d"

static const uint64_t LARGE_SIZE = UINT64_C(1) << 36;

#define LINES 1000

/* What the callbacks are given as their user pointer: no global variable is needed. */
struct watch {
  pthread_t caller; /* The thread that runs; the callbacks are called there alone. */
  int result_calls;
  int progress_calls;
  int end_at_result;   /* The call that ends the run, from 1; 0 for none. */
  int end_at_progress; /* Likewise, but only when a file is done. */
  bool has_ended;
  uint64_t bytes;      /* As told last. */
  bool seen[LINES];    /* The lines that were told of. */
  char first_name[10]; /* A copy: what a callback is given ends with its call. */
};

static struct watch new_watch(void) { return (struct watch){.caller = pthread_self()}; }

static int on_result(const struct checksig_result *result, void *user) {
  struct watch *watch = user;
  CHECK(pthread_equal(pthread_self(), watch->caller));
  CHECK(!watch->has_ended);
  CHECK(result->line >= 1 && result->line <= LINES);
  CHECK(!watch->seen[result->line - 1]);
  watch->seen[result->line - 1] = true;
  if (watch->result_calls == 0) {
    CHECK(result->name_len < sizeof watch->first_name);
    memcpy(watch->first_name, result->name, result->name_len);
  }
  watch->result_calls++;
  watch->has_ended = watch->result_calls == watch->end_at_result;
  return watch->has_ended;
}

static int on_progress(const struct checksig_progress *progress, void *user) {
  struct watch *watch = user;
  CHECK(pthread_equal(pthread_self(), watch->caller));
  CHECK(!watch->has_ended);
  CHECK(progress->files <= progress->files_total);
  CHECK(progress->bytes <= progress->bytes_total);
  CHECK(progress->bytes >= watch->bytes);
  CHECK(progress->current != NULL);
  watch->bytes = progress->bytes;
  watch->progress_calls++;
  bool is_late = watch->end_at_progress > 0 && watch->progress_calls >= watch->end_at_progress;
  watch->has_ended = is_late && progress->files > 0;
  return watch->has_ended;
}

/* A report on the lines of this text, with both callbacks. */
static checksig_report *watched_run(const char *root, const char *text, size_t threads,
                                    struct watch *watch) {
  checksig_options *options = with_threads(threads);
  CHECK(checksig_options_set_text(options, text, strlen(text)) == CHECKSIG_STATUS_OK);
  checksig_report *report = NULL;
  CHECK(checksig_verify(root, strlen(root), NULL, 0, options, on_result, on_progress, watch, NULL,
                        &report) == CHECKSIG_STATUS_OK);
  checksig_options_free(options);
  return report;
}

/* Every third line is good, of the others one is missing and one is no line. */
static const char *line_of(int number) {
  static const char *const lines[] = {SHA1_ABC "  abc\n", SHA1_ABC "  gone\n", "nonsense\n"};
  return lines[number % 3];
}

static enum checksig_verdict verdict_of(int number) {
  static const enum checksig_verdict verdicts[] = {
      CHECKSIG_VERDICT_OK, CHECKSIG_VERDICT_MISSING, CHECKSIG_VERDICT_MALFORMED};
  return verdicts[number % 3];
}

/* Results come in any order, each once; the report has them in the manifest's. */
static void every_line_once(const char *root, size_t threads) {
  static char text[LINES * (sizeof SHA1_ABC + 8)];
  char *end = text;
  for (int number = 1; number <= LINES; number++) {
    end += sprintf(end, "%s", line_of(number));
  }

  struct watch watch = new_watch();
  checksig_report *report = watched_run(root, text, threads, &watch);
  CHECK(watch.result_calls == LINES);
  for (int i = 0; i < LINES; i++) {
    CHECK(watch.seen[i]);
  }

  size_t count = 0;
  const struct checksig_result *results = checksig_report_results(report, &count);
  CHECK(count == LINES);
  for (int i = 0; i < LINES; i++) {
    CHECK(results[i].line == (uint64_t)i + 1);
    CHECK(results[i].verdict == verdict_of(i + 1));
  }
  CHECK(!checksig_report_cancelled(report));
  checksig_report_free(report);
}

#define ABC_AND_LARGE SHA1_ABC "  abc\n" SHA1_ABC "  large\n"

/* A callback that returns anything but 0 ends the run, and is the last one called.
 * What was found until then is in the report. */
static void progress_ends_the_run(const char *root) {
  struct watch watch = new_watch();
  watch.end_at_progress = 3;
  checksig_report *report = watched_run(root, ABC_AND_LARGE, 2, &watch);
  CHECK(watch.progress_calls >= 3);
  CHECK(watch.bytes > 0);

  CHECK(checksig_report_cancelled(report));
  CHECK(!checksig_report_ok(report));
  CHECK(checksig_report_message(report) != NULL);
  size_t count = 0;
  const struct checksig_result *results = checksig_report_results(report, &count);
  CHECK(count == 1);
  CHECK(results[0].verdict == CHECKSIG_VERDICT_OK && results[0].line == 1);
  checksig_report_free(report);
}

static void result_ends_the_run(const char *root) {
  struct watch watch = new_watch();
  watch.end_at_result = 1;
  checksig_report *report = watched_run(root, ABC_AND_LARGE, 2, &watch);
  CHECK(watch.result_calls == 1);
  CHECK(strcmp(watch.first_name, "abc") == 0);

  CHECK(checksig_report_cancelled(report));
  CHECK(!checksig_report_ok(report));
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_OK) == 1);
  checksig_report_free(report);
}

/* Any number but 0 ends a run, whatever its sign. */
static int end_with_minus_one(const struct checksig_progress *progress, void *user) {
  CHECK(user == NULL);
  CHECK(progress->files == 0 && progress->files_total == 1);
  CHECK(progress->bytes_total == LARGE_SIZE);
  CHECK(progress->current_len == strlen("large"));
  CHECK(memcmp(progress->current, "large", progress->current_len) == 0);
  return -1;
}

static void progress_of_one_file(const char *root) {
  checksig_options *options = checksig_options_new();
  const char *line = SHA1_ABC "  large\n";
  CHECK(checksig_options_set_text(options, line, strlen(line)) == CHECKSIG_STATUS_OK);
  checksig_report *report = NULL;
  CHECK(checksig_verify(root, strlen(root), NULL, 0, options, NULL, end_with_minus_one, NULL, NULL,
                        &report) == CHECKSIG_STATUS_OK);
  CHECK(checksig_report_cancelled(report));
  size_t count = 1;
  checksig_report_results(report, &count);
  CHECK(count == 0);
  checksig_report_free(report);
  checksig_options_free(options);
}

/* Without callbacks nobody looks at the user pointer. */
static void no_callbacks(const char *root) {
  checksig_options *options = checksig_options_new();
  const char *line = SHA1_ABC "  abc\n";
  CHECK(checksig_options_set_text(options, line, strlen(line)) == CHECKSIG_STATUS_OK);
  checksig_report *report = NULL;
  CHECK(checksig_verify(root, strlen(root), NULL, 0, options, NULL, NULL, (void *)1, NULL,
                        &report) == CHECKSIG_STATUS_OK);
  CHECK(checksig_report_ok(report));
  checksig_report_free(report);
  checksig_options_free(options);
}

/* The file that is told of is one that is being read, not one that is done. */
static int check_current(const struct checksig_progress *progress, void *user) {
  (void)user;
  if (progress->files == 0) {
    return 0; /* The small file may still be the one. */
  }
  CHECK(progress->current_len == strlen("large"));
  CHECK(memcmp(progress->current, "large", progress->current_len) == 0);
  return 1;
}

static void current_file_is_being_read(const char *root) {
  checksig_options *options = with_threads(2);
  CHECK(checksig_options_set_text(options, ABC_AND_LARGE, strlen(ABC_AND_LARGE)) ==
        CHECKSIG_STATUS_OK);
  checksig_report *report = NULL;
  CHECK(checksig_verify(root, strlen(root), NULL, 0, options, NULL, check_current, NULL, NULL,
                        &report) == CHECKSIG_STATUS_OK);
  checksig_report_free(report);
  checksig_options_free(options);
}

/* Whether the result of line 1 was told. That of line 2, the large file's, comes much later. */
static int see_first(const struct checksig_result *result, void *user) {
  struct watch *watch = user;
  watch->seen[0] = watch->seen[0] || result->line == 1;
  CHECK(result->line != 2);
  return 0;
}

/* A result is told of when it is there, not when the next file is done as well. One
 * thread reads more files than are sorted by size, the large one as the second. */
static int check_results(const struct checksig_progress *progress, void *user) {
  struct watch *watch = user;
  if (!watch->seen[0]) {
    return 0; /* It may be on its way. */
  }
  CHECK(progress->files >= 1 && progress->files < progress->files_total);
  return 1;
}

static void results_do_not_wait(const char *root) {
  const size_t count = 10001;
  char *text = malloc(sizeof ABC_AND_LARGE + 2 * count);
  CHECK(text != NULL);
  char *end = text + sprintf(text, "%s", ABC_AND_LARGE);
  for (size_t i = 0; i < count; i++) {
    end += sprintf(end, "x\n");
  }

  checksig_options *options = with_threads(1);
  CHECK(checksig_options_set_text(options, text, strlen(text)) == CHECKSIG_STATUS_OK);
  free(text);
  struct watch watch = new_watch();
  checksig_report *report = NULL;
  CHECK(checksig_verify(root, strlen(root), NULL, 0, options, see_first, check_results,
                        &watch, NULL, &report) == CHECKSIG_STATUS_OK);
  checksig_report_free(report);
  checksig_options_free(options);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  const char *large = argv[1];
  every_line_once(large, 1);
  every_line_once(large, 4);
  progress_ends_the_run(large);
  result_ends_the_run(large);
  progress_of_one_file(large);
  no_callbacks(large);
  current_file_is_being_read(large);
  results_do_not_wait(large);
  printf("progress: ok\n");
  return 0;
}
