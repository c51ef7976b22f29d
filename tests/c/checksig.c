/* Directories verified: in one call, and with a report on each line.
 *
 * Usage: checksig GOOD BAD EMPTY UTF_16
 *
 * Directories, each with a sha1sum.txt:
 * - GOOD lists `abc`, which has these three bytes, `empty`, and `sub/abc`;
 * - BAD is described by BAD_LINES below;
 * - EMPTY has a manifest without a line, UTF_16 one that is not ASCII or UTF-8. */

#include "checksig.h"

#include "check.h"
#include "run.h"

#include <string.h>

#define DIGEST_LEN 20

/* SHA-1 of "abc", the example of FIPS 180, and of no bytes at all. */
static const uint8_t ABC[DIGEST_LEN] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81,
                                        0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50,
                                        0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
static const uint8_t NOTHING[DIGEST_LEN] = {0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b,
                                            0x0d, 0x32, 0x55, 0xbf, 0xef, 0x95, 0x60,
                                            0x18, 0x90, 0xaf, 0xd8, 0x07, 0x09};

struct line {
  uint64_t number; /* Comments and empty lines count, but have no result. */
  const char *name;
  const uint8_t *expected;
  const uint8_t *actual;
  uint64_t size;
  enum checksig_verdict verdict;
};

#define BAD_LINE_COUNT 6
static const struct line BAD_LINES[BAD_LINE_COUNT] = {
    {1, "abc", ABC, NULL, 3, CHECKSIG_VERDICT_OK},
    {3, "changed", NOTHING, ABC, 3, CHECKSIG_VERDICT_MISMATCH},
    {4, "gone", NOTHING, NULL, 0, CHECKSIG_VERDICT_MISSING},
    {5, "pipe", NOTHING, NULL, 0, CHECKSIG_VERDICT_REFUSED},     /* A FIFO. */
    {6, "", NULL, NULL, 0, CHECKSIG_VERDICT_MALFORMED},
    {7, "loop", NOTHING, NULL, 0, CHECKSIG_VERDICT_UNREADABLE}, /* Links to itself. */
};

static void good(const char *root) {
  CHECK(verify(root) == NULL);

  checksig_report *report = report_on(root, NULL);
  CHECK(checksig_report_ok(report));
  CHECK(!checksig_report_cancelled(report));
  CHECK(checksig_report_message(report) == NULL);
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_OK) == 3);
  CHECK(checksig_report_bytes(report) == 3 + 0 + 3);
  CHECK(checksig_report_seconds(report) > 0);

  /* Nobody asked for an audit. */
  size_t count = 1;
  checksig_report_extra(report, &count);
  CHECK(count == 0);
  checksig_report_free(report);
}

/* The manifest's path is told as it was given, or found below the root. */
static void manifest_path(const char *root) {
  char path[5000];
  int length = snprintf(path, sizeof path, "%s/sha1sum.txt", root);
  CHECK(length > 0 && (size_t)length < sizeof path);

  checksig_report *found = report_on(root, NULL);
  CHECK(strcmp(checksig_report_manifest(found), path) == 0);
  checksig_report_free(found);

  checksig_report *named = NULL;
  CHECK(checksig_verify(root, strlen(root), path, strlen(path), NULL, NULL, NULL, NULL, NULL,
                        &named) == CHECKSIG_STATUS_OK);
  CHECK(checksig_report_ok(named));
  CHECK(strcmp(checksig_report_manifest(named), path) == 0);
  checksig_report_free(named);
}

static void check_digest(const uint8_t *digest, const uint8_t *expected) {
  if (expected == NULL) {
    CHECK(digest == NULL);
  } else {
    CHECK(digest != NULL);
    CHECK(memcmp(digest, expected, DIGEST_LEN) == 0);
  }
}

/* There is a reason where a file could not be judged, though it may be there. */
static void check_reason(const struct checksig_result *result) {
  switch (result->verdict) {
    case CHECKSIG_VERDICT_OK:
    case CHECKSIG_VERDICT_MISMATCH:
    case CHECKSIG_VERDICT_MISSING:
      CHECK(result->reason == NULL);
      CHECK(result->reason_len == 0);
      break;
    case CHECKSIG_VERDICT_UNREADABLE:
    case CHECKSIG_VERDICT_REFUSED:
    case CHECKSIG_VERDICT_MALFORMED:
    case CHECKSIG_VERDICT_CHANGED:
    case CHECKSIG_VERDICT_SKIPPED:
      CHECK(result->reason != NULL);
      CHECK(result->reason_len > 0);
      break;
  }
}

static void check_result(const struct checksig_result *result, const struct line *line) {
  CHECK(result->line == line->number);
  CHECK(result->verdict == line->verdict);
  CHECK(result->size == line->size);
  /* The texts have no NUL at their end: their length counts. */
  CHECK(result->name_len == strlen(line->name));
  CHECK(memcmp(result->name, line->name, result->name_len) == 0);
  if (line->expected == NULL) {
    CHECK(result->algorithm == NULL);
    CHECK(result->digest_len == 0);
  } else {
    CHECK(strcmp(result->algorithm, "sha1") == 0);
    CHECK(result->digest_len == DIGEST_LEN);
  }
  check_digest(result->expected, line->expected);
  check_digest(result->actual, line->actual);
  check_reason(result);
}

static void check_counts(const checksig_report *report) {
  for (int verdict = CHECKSIG_VERDICT_OK; verdict <= CHECKSIG_VERDICT_MALFORMED; verdict++) {
    CHECK(checksig_report_count(report, verdict) == 1);
    CHECK(checksig_report_fails(report, verdict) == (verdict != CHECKSIG_VERDICT_OK));
  }
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_CHANGED) == 0);
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_SKIPPED) == 0);
  CHECK(!checksig_report_fails(report, CHECKSIG_VERDICT_SKIPPED));
  CHECK(!checksig_report_fails(report, -1));
  CHECK(checksig_report_count(report, -1) == 0);
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_SKIPPED + 1) == 0);
}

static void bad(const char *root, size_t threads) {
  checksig_options *options = with_threads(threads);
  checksig_report *report = report_on(root, options);
  checksig_options_free(options); /* A report needs nothing that made it. */
  CHECK(!checksig_report_ok(report));
  CHECK(checksig_report_bytes(report) == 3 + 3);
  check_counts(report);

  size_t count = 0;
  const struct checksig_result *results = checksig_report_results(report, &count);
  CHECK(count == BAD_LINE_COUNT);
  for (size_t i = 0; i < count; i++) {
    check_result(&results[i], &BAD_LINES[i]);
  }
  /* The array is the report's; who knows its length need not ask for it. */
  CHECK(checksig_report_results(report, NULL) == results);
  checksig_report_free(report);
}

/* Results by pages, which need no report any more. */
static void pages(const char *root) {
  checksig_report *report = report_on(root, NULL);
  CHECK(checksig_report_len(report) == BAD_LINE_COUNT);
  for (size_t first = 0; first < BAD_LINE_COUNT; first += 2) {
    size_t count = 0;
    checksig_page *page = checksig_report_page(report, first, 2, UINT32_MAX);
    const struct checksig_result *results = checksig_page_results(page, &count);
    CHECK(count == (BAD_LINE_COUNT - first < 2 ? BAD_LINE_COUNT - first : 2));
    for (size_t i = 0; i < count; i++) {
      check_result(&results[i], &BAD_LINES[first + i]);
    }
    CHECK(checksig_page_results(page, NULL) == results);
    checksig_page_free(page);
  }
  size_t count = 1;
  checksig_page *last = checksig_report_page(report, BAD_LINE_COUNT - 1, SIZE_MAX, UINT32_MAX);
  checksig_page *none = checksig_report_page(report, SIZE_MAX, SIZE_MAX, UINT32_MAX);
  checksig_report_free(report);
  check_result(checksig_page_results(last, NULL), &BAD_LINES[BAD_LINE_COUNT - 1]);
  checksig_page_results(none, &count);
  CHECK(count == 0);
  checksig_page_free(last);
  checksig_page_free(none);
  checksig_page_free(NULL);
}

/* The page has the results with these verdicts, and none that is not looked at. */
static void some_verdicts(const char *root) {
  const uint32_t wanted = 1u << CHECKSIG_VERDICT_OK | 1u << CHECKSIG_VERDICT_MISSING |
                          1u << CHECKSIG_VERDICT_UNREADABLE;
  checksig_report *report = report_on(root, NULL);
  checksig_page *page = checksig_report_page(report, 0, BAD_LINE_COUNT - 1, wanted);
  checksig_page *none = checksig_report_page(report, 0, SIZE_MAX, 0);
  checksig_report_free(report);
  size_t count = 0;
  const struct checksig_result *results = checksig_page_results(page, &count);
  CHECK(count == 2);
  check_result(&results[0], &BAD_LINES[0]);
  check_result(&results[1], &BAD_LINES[2]);
  checksig_page_results(none, &count);
  CHECK(count == 0);
  checksig_page_text(page, &count); /* It was not made as text. */
  CHECK(count == 0);
  checksig_page_free(page);
  checksig_page_free(none);
}

/* A page has this text. */
static void check_text(checksig_page *page, const char *expected) {
  size_t length = 0;
  const char *text = checksig_page_text(page, &length);
  CHECK(length == strlen(expected) && memcmp(text, expected, length) == 0);
  CHECK(checksig_page_text(page, NULL) == text);
  checksig_page_free(page);
}

static void text(const char *root) {
  checksig_report *report = report_on(root, NULL);
  checksig_page *plain = checksig_report_text_page(report, 0, 3, UINT32_MAX, false);
  checksig_page *painted = checksig_report_text_page(report, 0, 2, UINT32_MAX, true);
  checksig_page *missing =
      checksig_report_text_page(report, 0, SIZE_MAX, 1u << CHECKSIG_VERDICT_MISSING, false);
  checksig_page *none = checksig_report_text_page(report, SIZE_MAX, 1, UINT32_MAX, false);
  checksig_report_free(report);
  check_text(plain, "abc: OK\nchanged: MISMATCH\ngone: MISSING\n");
  check_text(painted, "abc: \x1b[32mOK\x1b[0m\nchanged: \x1b[31mMISMATCH\x1b[0m\n");
  check_text(missing, "gone: MISSING\n");
  check_text(none, "");
}

/* A line for each bad file, in the manifest's order; verify says the same. */
static void bad_message(const char *root) {
  checksig_report *report = report_on(root, NULL);
  const char *message = checksig_report_message(report);
  CHECK(message != NULL);

  char start[5000];
  int length = snprintf(start, sizeof start,
                        "\"%s/changed\" - mismatch\n"
                        "\"%s/gone\" - missing\n"
                        "\"%s/pipe\" - ",
                        root, root, root);
  CHECK(length > 0 && (size_t)length < sizeof start);
  CHECK(strncmp(message, start, (size_t)length) == 0);

  size_t newlines = 0;
  for (const char *byte = message; *byte != '\0'; byte++) {
    newlines += *byte == '\n';
  }
  CHECK(newlines == 4); /* Between five lines. */

  char *same = verify(root);
  CHECK(same != NULL);
  CHECK(strcmp(same, message) == 0);
  free(same);
  checksig_report_free(report);
}

/* Nothing was verified, so not all is well. */
static void empty(const char *root) {
  char *message = verify(root);
  CHECK(message != NULL);
  free(message);

  checksig_report *report = report_on(root, NULL);
  size_t count = 1;
  checksig_report_results(report, &count);
  CHECK(count == 0);
  CHECK(!checksig_report_ok(report));
  CHECK(checksig_report_message(report) != NULL);
  CHECK(checksig_report_bytes(report) == 0);
  checksig_report_free(report);
}

/* Without a manifest that can be read there is no report, but a last error,
 * and verify's message says the same. */
static void no_report(const char *root, enum checksig_status status) {
  checksig_report *report = NULL;
  CHECK(checksig_verify(root, strlen(root), NULL, 0, NULL, NULL, NULL, NULL, NULL, &report) ==
        status);
  CHECK(report == NULL);

  char last_error[5000];
  CHECK(checksig_last_error_message(last_error, sizeof last_error) < sizeof last_error);
  CHECK(strstr(last_error, root) != NULL);

  char *message = verify(root);
  CHECK(message != NULL);
  CHECK(strcmp(message, last_error) == 0);
  free(message);
}

int main(int argc, char **argv) {
  CHECK(argc == 5);
  good(argv[1]);
  manifest_path(argv[1]);
  for (size_t threads = 0; threads < 9; threads++) {
    bad(argv[2], threads);
  }
  bad_message(argv[2]);
  pages(argv[2]);
  some_verdicts(argv[2]);
  text(argv[2]);
  empty(argv[3]);
  no_report(argv[4], CHECKSIG_STATUS_MANIFEST);
  no_report("no/such/directory", CHECKSIG_STATUS_IO);
  no_report("", CHECKSIG_STATUS_IO);
  printf("checksig: ok\n");
  return 0;
}
