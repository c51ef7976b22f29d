/* Options, one by one: what each of them changes.
 *
 * Usage: options GOOD LARGE COLLIDING
 *
 * GOOD is a directory with the files `abc`, which has these three bytes, `empty`, and
 * `sub/abc`, and a sha1sum.txt that lists them. LARGE has a file `large` that takes
 * longer to read than anybody waits. COLLIDING has two files with the same SHA-1 digest,
 * `shattered-1` and `shattered-2`. The manifests are texts of this program's. */

#include "checksig.h"

#include "check.h"
#include "run.h"
#include "tasks.h"

#include <stdbool.h>
#include <string.h>

/* Digests of "abc" and of no bytes at all. */
#define CRC32_ABC "352441c2"
#define SHA1_ABC "a9993e364706816aba3e25717850c26c9cd0d89d"
#define SHA1_SHATTERED "f92d74e3874587aaf443d1db961d4e26dde13e9c"
#define SHA1_EMPTY "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA3_ABC "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"

#define CHECK_OK(call) CHECK((call) == CHECKSIG_STATUS_OK)
#define CHECK_INVALID(call) CHECK((call) == CHECKSIG_STATUS_INVALID_ARGUMENT)

static checksig_options *new_options(void) {
  checksig_options *options = checksig_options_new();
  CHECK(options != NULL);
  return options;
}

/* A report on the lines of this text, to be released by the caller. */
static checksig_report *report_on_text(const char *root, checksig_options *options,
                                       const char *text) {
  CHECK_OK(checksig_options_set_text(options, text, strlen(text)));
  return report_on(root, options);
}

static bool is_ok(const char *root, checksig_options *options, const char *text) {
  checksig_report *report = report_on_text(root, options, text);
  bool ok = checksig_report_ok(report);
  checksig_report_free(report);
  return ok;
}

/* Whether there is one result, with this verdict. */
static bool is_only(const checksig_report *report, enum checksig_verdict verdict) {
  size_t count = 0;
  const struct checksig_result *results = checksig_report_results(report, &count);
  return count == 1 && results[0].verdict == verdict;
}

static bool has_name(const char *name, size_t name_len, const char *expected) {
  return name_len == strlen(expected) && memcmp(name, expected, name_len) == 0;
}

/* New options change nothing. */
static void defaults(const char *good) {
  checksig_options *options = new_options();
  checksig_report *with = report_on(good, options);
  checksig_report *without = report_on(good, NULL);
  CHECK(checksig_report_ok(with) && checksig_report_ok(without));
  CHECK(checksig_report_count(with, CHECKSIG_VERDICT_OK) == 3);
  CHECK(checksig_report_count(without, CHECKSIG_VERDICT_OK) == 3);
  checksig_report_free(with);
  checksig_report_free(without);
  checksig_options_free(options);
}

/* A text instead of a file. It is copied, and forgotten when it is set to NULL. */
static void text(const char *good) {
  checksig_options *options = new_options();
  char line[] = SHA1_ABC "  abc\n";
  CHECK_OK(checksig_options_set_text(options, line, strlen(line)));
  memset(line, 'x', strlen(line));

  /* The path need not lead to a file: messages have it, and it may tell the format. */
  const char *name = "no/such/file";
  checksig_report *report = NULL;
  CHECK_OK(checksig_verify(good, strlen(good), name, strlen(name), options, NULL, NULL, NULL, NULL,
                           &report));
  CHECK(checksig_report_ok(report));
  CHECK(is_only(report, CHECKSIG_VERDICT_OK));
  CHECK(strcmp(checksig_report_manifest(report), name) == 0);
  checksig_report_free(report);

  /* Without a path, and without a NUL or a newline at the text's end. */
  CHECK_OK(checksig_options_set_text(options, SHA1_EMPTY "  empty.", strlen(SHA1_EMPTY "  empty")));
  report = report_on(good, options);
  CHECK(checksig_report_ok(report));
  CHECK(is_only(report, CHECKSIG_VERDICT_OK));
  checksig_report_free(report);

  /* An empty text is a manifest without a line, and no reason to look for a file. */
  CHECK(!is_ok(good, options, ""));

  CHECK_OK(checksig_options_set_text(options, NULL, 0));
  report = report_on(good, options);
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_OK) == 3);
  checksig_report_free(report);
  checksig_options_free(options);
}

/* Digests of some algorithms have the same length: the commonest one is meant, unless
 * somebody says otherwise. */
static void algorithm(const char *good) {
  static const char line[] = SHA3_ABC "  abc\n";
  checksig_options *options = new_options();
  checksig_report *report = report_on_text(good, options, line);
  CHECK(is_only(report, CHECKSIG_VERDICT_MISMATCH));
  CHECK(strcmp(checksig_report_results(report, NULL)->algorithm, "sha256") == 0);
  checksig_report_free(report);

  CHECK_OK(checksig_options_set_algorithm(options, "sha3-256"));
  report = report_on_text(good, options, line);
  CHECK(is_only(report, CHECKSIG_VERDICT_OK));
  CHECK(strcmp(checksig_report_results(report, NULL)->algorithm, "sha3-256") == 0);
  checksig_report_free(report);

  CHECK_OK(checksig_options_set_algorithm(options, NULL));
  CHECK(!is_ok(good, options, line));
  checksig_options_free(options);
}

/* The name of the only file that this text lists. */
static void check_listed(const char *good, checksig_options *options, const char *text,
                         const char *name) {
  checksig_report *report = report_on_text(good, options, text);
  CHECK(is_only(report, CHECKSIG_VERDICT_MISSING));
  const struct checksig_result *result = checksig_report_results(report, NULL);
  CHECK(has_name(result->name, result->name_len, name));
  checksig_report_free(report);
}

/* A line that is good in two formats: digest and name, or name and digest. */
static void format(const char *good) {
  static const char line[] = CRC32_ABC " 01234567\n";
  checksig_options *options = new_options();
  check_listed(good, options, line, "01234567");
  CHECK_OK(checksig_options_set_format(options, "sfv"));
  check_listed(good, options, line, CRC32_ABC);
  CHECK_OK(checksig_options_set_format(options, NULL));
  check_listed(good, options, line, "01234567");
  checksig_options_free(options);
}

/* Every name is known, a bad one changes nothing, and the message lists the good ones. */
static void check_names(enum checksig_status (*set)(checksig_options *, const char *),
                        const char *const *names) {
  checksig_options *options = new_options();
  for (size_t i = 0; names[i] != NULL; i++) {
    CHECK_OK(set(options, names[i]));
  }
  static const char *const bad[] = {"", "sha", "gnu ", "unknown", "\xff"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    CHECK_INVALID(set(options, bad[i]));
  }
  CHECK_INVALID(set(options, "unknown"));
  char message[1000];
  CHECK(checksig_last_error_message(message, sizeof message) < sizeof message);
  CHECK(strstr(message, "unknown") != NULL);
  for (size_t i = 0; names[i] != NULL; i++) {
    CHECK(strstr(message, names[i]) != NULL);
  }
  CHECK(checksig_last_error_line() == 0);
  checksig_options_free(options);
}

static void names(void) {
  static const char *const algorithms[] = {"crc32",    "md5",     "sha1",   "sha224",
                                           "sha256",   "sha384",  "sha512", "sha3-256",
                                           "sha3-512", "blake2b", "blake3", NULL};
  static const char *const formats[] = {"gnu", "bsd", "sfv", "hashdeep", "bagit", "record", NULL};
  check_names(checksig_options_set_algorithm, algorithms);
  check_names(checksig_options_set_format, formats);
}

static void bad_name_changes_nothing(const char *good) {
  checksig_options *options = new_options();
  CHECK_OK(checksig_options_set_algorithm(options, "sha3-256"));
  CHECK_INVALID(checksig_options_set_algorithm(options, "sha3-257"));
  CHECK(is_ok(good, options, SHA3_ABC "  abc\n"));
  checksig_options_free(options);
}

/* Lines that end with NUL, as `sha1sum --zero` writes them: the length counts. */
static void zero(const char *good) {
  static const char lines[] = SHA1_ABC "  abc\0" SHA1_EMPTY "  empty";
  checksig_options *options = new_options();
  CHECK_OK(checksig_options_set_text(options, lines, sizeof lines));
  checksig_report *report = report_on(good, options);
  CHECK(is_only(report, CHECKSIG_VERDICT_MALFORMED));
  checksig_report_free(report);

  CHECK_OK(checksig_options_set_zero(options, true));
  report = report_on(good, options);
  CHECK(checksig_report_ok(report));
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_OK) == 2);
  checksig_report_free(report);

  /* Some formats have no such form: then there is no report at all. */
  CHECK_OK(checksig_options_set_format(options, "sfv"));
  report = NULL;
  CHECK(checksig_verify(good, strlen(good), NULL, 0, options, NULL, NULL, NULL, NULL, &report) ==
        CHECKSIG_STATUS_MANIFEST);
  CHECK(report == NULL);
  checksig_options_free(options);
}

/* What is malformed is reported either way. */
static void lenient(const char *good) {
  static const char lines[] = SHA1_ABC "  abc\nThis is no line of a manifest.\n";
  checksig_options *options = new_options();
  CHECK(!is_ok(good, options, lines));

  CHECK_OK(checksig_options_set_lenient(options, true));
  checksig_report *report = report_on_text(good, options, lines);
  CHECK(checksig_report_ok(report));
  CHECK(checksig_report_message(report) == NULL);
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_MALFORMED) == 1);
  checksig_report_free(report);

  /* Something has to be good, though. */
  CHECK(!is_ok(good, options, "This is no line of a manifest.\n"));
  CHECK_OK(checksig_options_set_lenient(options, false));
  CHECK(!is_ok(good, options, lines));
  checksig_options_free(options);
}

static void ignore_missing(const char *good) {
  static const char lines[] = SHA1_ABC "  abc\n" SHA1_ABC "  gone\n";
  checksig_options *options = new_options();
  CHECK(!is_ok(good, options, lines));

  CHECK_OK(checksig_options_set_ignore_missing(options, true));
  checksig_report *report = report_on_text(good, options, lines);
  CHECK(checksig_report_ok(report));
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_MISSING) == 0);
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_SKIPPED) == 1);
  const struct checksig_result *skipped = &checksig_report_results(report, NULL)[1];
  CHECK(skipped->reason != NULL && skipped->reason_len > 0);
  checksig_report_free(report);

  CHECK(!is_ok(good, options, SHA1_ABC "  gone\n"));
  checksig_options_free(options);
}

/* The report names exactly these files as extra, and is ok if there are none. */
static void check_extra(const char *good, checksig_options *options, const char *const *names) {
  checksig_report *report = report_on_text(good, options, SHA1_ABC "  abc\n");
  size_t count = 0;
  const struct checksig_extra *extra = checksig_report_extra(report, &count);
  for (size_t i = 0; i < count; i++) {
    CHECK(names[i] != NULL);
    CHECK(has_name(extra[i].name, extra[i].name_len, names[i]));
    CHECK(extra[i].reason == NULL && extra[i].reason_len == 0); /* Regular files. */
  }
  CHECK(names[count] == NULL);
  CHECK(checksig_report_extra_len(report) == count);
  for (size_t i = 0; i <= count; i++) {
    size_t rest = SIZE_MAX;
    checksig_page *page = checksig_report_extra_page(report, i, SIZE_MAX);
    extra = checksig_page_extra(page, &rest);
    CHECK(rest == count - i);
    CHECK(rest == 0 || has_name(extra[0].name, extra[0].name_len, names[i]));
    CHECK(checksig_page_extra(page, NULL) == extra);
    checksig_page_results(page, &rest);
    CHECK(rest == 0);
    checksig_page_free(page);
  }
  CHECK(checksig_report_ok(report) == (count == 0));
  checksig_report_free(report);
}

/* An audit finds the files that nobody listed, but for those that are excluded. */
static void audit(const char *good) {
  checksig_options *options = new_options();
  check_extra(good, options, (const char *const[]){NULL});
  CHECK_OK(checksig_options_set_audit(options, true));
  check_extra(good, options, (const char *const[]){"empty", "sha1sum.txt", "sub/abc", NULL});

  CHECK_INVALID(checksig_options_add_exclude(options, "em[pty"));
  char message[1000];
  CHECK(checksig_last_error_message(message, sizeof message) < sizeof message);
  CHECK(strstr(message, "em[pty") != NULL);
  check_extra(good, options, (const char *const[]){"empty", "sha1sum.txt", "sub/abc", NULL});

  /* Each exclusion adds to those before it. */
  CHECK_OK(checksig_options_add_exclude(options, "*.txt"));
  check_extra(good, options, (const char *const[]){"empty", "sub/abc", NULL});
  CHECK_OK(checksig_options_add_exclude(options, "sub/{abc,def}"));
  check_extra(good, options, (const char *const[]){"empty", NULL});
  CHECK_OK(checksig_options_add_exclude(options, "[a-e]mp?y"));
  check_extra(good, options, (const char *const[]){NULL});
  checksig_options_free(options);
}

/* A manifest that is a file does not list itself, and is not extra. */
static void audit_of_all(const char *good) {
  checksig_options *options = new_options();
  CHECK_OK(checksig_options_set_audit(options, true));
  checksig_report *report = report_on(good, options);
  size_t count = 1;
  checksig_report_extra(report, &count);
  CHECK(count == 0);
  CHECK(checksig_report_ok(report));
  checksig_report_free(report);
  checksig_options_free(options);
}

static void allow_outside(const char *good) {
  static const char line[] = SHA1_ABC "  ../abc\n";
  char sub[5000];
  int length = snprintf(sub, sizeof sub, "%s/sub", good);
  CHECK(length > 0 && (size_t)length < sizeof sub);

  checksig_options *options = new_options();
  checksig_report *report = report_on_text(sub, options, line);
  CHECK(is_only(report, CHECKSIG_VERDICT_REFUSED));
  CHECK(checksig_report_results(report, NULL)->size == 0); /* Not even read. */
  checksig_report_free(report);

  CHECK_OK(checksig_options_set_allow_outside(options, true));
  report = report_on_text(sub, options, line);
  CHECK(is_only(report, CHECKSIG_VERDICT_OK));
  checksig_report_free(report);
  checksig_options_free(options);
}

static void detect_collisions(const char *colliding) {
  static const char lines[] = SHA1_SHATTERED "  shattered-1\n" SHA1_SHATTERED "  shattered-2\n";
  static const char reason[] = "shows signs of a SHA-1 collision attack";
  checksig_options *options = new_options();
  CHECK(is_ok(colliding, options, lines));

  CHECK_OK(checksig_options_set_detect_collisions(options, true));
  checksig_report *report = report_on_text(colliding, options, lines);
  CHECK(!checksig_report_ok(report));
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_REFUSED) == 2);
  const struct checksig_result *result = checksig_report_results(report, NULL);
  CHECK(has_name(result->reason, result->reason_len, reason));
  CHECK(result->size == 320 && result->actual == NULL);
  checksig_report_free(report);

  CHECK_OK(checksig_options_set_detect_collisions(options, false));
  CHECK(is_ok(colliding, options, lines));
  checksig_options_free(options);
}

/* ---- What can be seen only while a run goes on ---- */

struct seen {
  int threads;
  uint64_t bytes_total;
};

/* Takes a look, and ends the run. */
static int look(const struct checksig_progress *progress, void *user) {
  *(struct seen *)user = (struct seen){count_threads(), progress->bytes_total};
  return 1;
}

/* What is seen a moment after this run has begun. */
static struct seen seen_of(const char *large, checksig_options *options, const char *text) {
  CHECK_OK(checksig_options_set_text(options, text, strlen(text)));
  struct seen seen = {0, 0};
  checksig_report *report = NULL;
  CHECK_OK(checksig_verify(large, strlen(large), NULL, 0, options, NULL, look, &seen, NULL,
                           &report));
  CHECK(checksig_report_cancelled(report));
  checksig_report_free(report);
  CHECK(seen.threads > 0);
  return seen;
}

#define LARGE_LINE SHA1_ABC "  large\n"

static void threads(const char *large) {
  static const char lines[] = LARGE_LINE LARGE_LINE LARGE_LINE LARGE_LINE;
  checksig_options *options = new_options();
  const size_t numbers[] = {1, 3, 4};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    CHECK_OK(checksig_options_set_threads(options, numbers[i]));
    int others = seen_of(large, options, lines).threads - 1;
#ifdef __linux__
    CHECK((size_t)others == numbers[i]);
#else
    CHECK(others == 0);
#endif
  }
  /* Two for each line are the most that have something to do: one reads, one hashes. */
  CHECK_OK(checksig_options_set_threads(options, SIZE_MAX));
  CHECK(seen_of(large, options, lines).threads <= 1 + 2 * 4);
  CHECK_OK(checksig_options_set_threads(options, 0));
  CHECK(seen_of(large, options, lines).threads <= 1 + 2 * 4);
  checksig_options_free(options);
}

/* How many bytes there are to do is looked up for few files, for many if it is asked. */
static void measure(const char *large) {
  const size_t count = 10001;
  const char *line = SHA1_ABC "  gone\n";
  char *lines = malloc(sizeof LARGE_LINE + count * strlen(line));
  CHECK(lines != NULL);
  char *end = lines + sprintf(lines, "%s", LARGE_LINE);
  for (size_t i = 0; i < count; i++) {
    end += sprintf(end, "%s", line);
  }

  checksig_options *options = new_options();
  uint64_t known = seen_of(large, options, LARGE_LINE).bytes_total;
  CHECK(known > 0 && known != UINT64_MAX);
  CHECK(seen_of(large, options, lines).bytes_total == UINT64_MAX);
  CHECK_OK(checksig_options_set_measure(options, true));
  CHECK(seen_of(large, options, lines).bytes_total == known);
  checksig_options_free(options);
  free(lines);
}

int main(int argc, char **argv) {
  CHECK(argc == 4);
  const char *good = argv[1];
  const char *large = argv[2];
  const char *colliding = argv[3];
  defaults(good);
  text(good);
  algorithm(good);
  format(good);
  names();
  bad_name_changes_nothing(good);
  zero(good);
  lenient(good);
  ignore_missing(good);
  audit(good);
  audit_of_all(good);
  allow_outside(good);
  detect_collisions(colliding);
  threads(large);
  measure(large);
  printf("options: ok\n");
  return 0;
}
