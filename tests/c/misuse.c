/* Whatever a caller can get wrong and the library can notice: it fails as its
 * header says, changes nothing else, and says why.
 *
 * Usage: misuse GOOD
 *
 * GOOD is a directory with a sha1sum.txt, whose files all match. */

#include "checksig.h"

#include "check.h"
#include "run.h"

#include <stdbool.h>
#include <string.h>

/* Numbers are part of the ABI: programs compiled long ago have them. */
_Static_assert(CHECKSIG_STATUS_OK == 0, "status");
_Static_assert(CHECKSIG_STATUS_INVALID_ARGUMENT == 1, "status");
_Static_assert(CHECKSIG_STATUS_BUFFER_TOO_SMALL == 2, "status");
_Static_assert(CHECKSIG_STATUS_NO_MEMORY == 3, "status");
_Static_assert(CHECKSIG_STATUS_PANIC == 4, "status");
_Static_assert(CHECKSIG_STATUS_IO == 5, "status");
_Static_assert(CHECKSIG_STATUS_MANIFEST == 6, "status");
_Static_assert(CHECKSIG_STATUS_DNS_BAD_NAME == 7, "status");
_Static_assert(CHECKSIG_STATUS_DNS_BAD_NAMESERVER == 8, "status");
_Static_assert(CHECKSIG_STATUS_DNS_NXDOMAIN == 9, "status");
_Static_assert(CHECKSIG_STATUS_DNS_NO_ANSWER == 10, "status");
_Static_assert(CHECKSIG_STATUS_DNS_SERVFAIL == 11, "status");
_Static_assert(CHECKSIG_STATUS_DNS_REFUSED == 12, "status");
_Static_assert(CHECKSIG_STATUS_DNS_TIMEOUT == 13, "status");
_Static_assert(CHECKSIG_STATUS_DNS_CNAME_LOOP == 14, "status");
_Static_assert(CHECKSIG_STATUS_DNS_FAILED == 15, "status");
_Static_assert(CHECKSIG_VERDICT_OK == 0, "verdict");
_Static_assert(CHECKSIG_VERDICT_MISMATCH == 1, "verdict");
_Static_assert(CHECKSIG_VERDICT_MISSING == 2, "verdict");
_Static_assert(CHECKSIG_VERDICT_UNREADABLE == 3, "verdict");
_Static_assert(CHECKSIG_VERDICT_REFUSED == 4, "verdict");
_Static_assert(CHECKSIG_VERDICT_MALFORMED == 5, "verdict");
_Static_assert(CHECKSIG_VERDICT_CHANGED == 6, "verdict");
_Static_assert(CHECKSIG_VERDICT_SKIPPED == 7, "verdict");

/* ---- Telling whether a call left a last error ---- */

static const char MARK[] = "-987654 is negative, want at least 0";

/* Leaves a last error that no call under test leaves. */
static void mark(void) {
  struct checksig_even_result marked = checksig_cookbook_even(-987654);
  checksig_error_free(marked.err);
}

/* Whether a call has failed since `mark`. */
static bool has_failed(void) {
  char message[1000];
  CHECK(checksig_last_error_message(message, sizeof message) > 0);
  return strcmp(message, MARK) != 0;
}

/* Checks a condition on a call's result, and that the call left a last error. */
#define CHECK_FAILS(condition) \
  do {                         \
    mark();                    \
    CHECK(condition);          \
    CHECK(has_failed());       \
  } while (0)

/* The same for a call without a result. */
#define CHECK_CALL_FAILS(call) CHECK_FAILS(((call), true))

/* ---- Memory that must not be written ---- */

static const char CANARY = 'Z';

static bool all_canaries(const char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (bytes[i] != CANARY) {
      return false;
    }
  }
  return true;
}

/* One byte behind an aligned address is misaligned for every number. */
static void *behind(void *aligned) { return (char *)aligned + 1; }

/* ---- Verification ---- */

/* Verification with the defaults. */
static enum checksig_status verify_at(const char *root, size_t length, checksig_report **report) {
  return checksig_verify(root, length, NULL, 0, NULL, NULL, NULL, NULL, NULL, report);
}

static void verification(const char *good) {
  checksig_report *report = NULL;
  checksig_report *room[2] = {NULL, NULL};
  size_t length = strlen(good);
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  CHECK_FAILS(verify_at(NULL, 0, &report) == invalid);
  CHECK_FAILS(verify_at(NULL, length, &report) == invalid);
  CHECK_FAILS(verify_at(good, SIZE_MAX, &report) == invalid);
  CHECK_FAILS(verify_at(good, length, NULL) == invalid);
  CHECK_FAILS(verify_at(good, length, behind(room)) == invalid);
  CHECK_FAILS(verify_at(good, 0, &report) == CHECKSIG_STATUS_IO);
  CHECK(report == NULL && room[0] == NULL && room[1] == NULL);

  mark();
  char *message = verify(NULL);
  CHECK(has_failed());
  CHECK(message != NULL);
  free(message);
}

/* A NULL report has documented values. */
static void no_report(void) {
  size_t count = 1;
  CHECK_FAILS(!checksig_report_ok(NULL));
  CHECK_FAILS(checksig_report_results(NULL, &count) == NULL);
  CHECK(count == 0);
  CHECK_FAILS(checksig_report_results(NULL, NULL) == NULL);
  count = 1;
  CHECK_FAILS(checksig_report_extra(NULL, &count) == NULL);
  CHECK(count == 0);
  CHECK_FAILS(checksig_report_extra(NULL, NULL) == NULL);
  CHECK_FAILS(checksig_report_len(NULL) == 0);
  CHECK_FAILS(checksig_report_page(NULL, 0, 1, UINT32_MAX) == NULL);
  count = 1;
  CHECK_FAILS(checksig_page_results(NULL, &count) == NULL);
  CHECK(count == 0);
  CHECK_FAILS(checksig_report_extra_len(NULL) == 0);
  CHECK_FAILS(checksig_report_text_page(NULL, 0, 1, UINT32_MAX, false) == NULL);
  count = 1;
  CHECK_FAILS(checksig_page_text(NULL, &count) == NULL);
  CHECK(count == 0);
  CHECK_FAILS(checksig_report_extra_page(NULL, 0, 1) == NULL);
  count = 1;
  CHECK_FAILS(checksig_page_extra(NULL, &count) == NULL);
  CHECK(count == 0);
  CHECK_FAILS(!checksig_report_cancelled(NULL));
  CHECK_FAILS(checksig_report_manifest(NULL) == NULL);
  CHECK_FAILS(checksig_report_count(NULL, CHECKSIG_VERDICT_OK) == 0);
  CHECK_FAILS(!checksig_report_fails(NULL, CHECKSIG_VERDICT_MISMATCH));
  CHECK_FAILS(checksig_report_message(NULL) == NULL);
  CHECK_FAILS(checksig_report_bytes(NULL) == 0);
  CHECK_FAILS(checksig_report_seconds(NULL) == 0);
}

static void misaligned_count(const char *good) {
  checksig_report *report = report_on(good, NULL);
  size_t room[2];
  memset(room, CANARY, sizeof room);
  CHECK_FAILS(checksig_report_results(report, behind(room)) == NULL);
  CHECK_FAILS(checksig_report_extra(report, behind(room)) == NULL);
  checksig_page *page = checksig_report_page(report, 0, 1, UINT32_MAX);
  CHECK_FAILS(checksig_page_results(page, behind(room)) == NULL);
  CHECK_FAILS(checksig_page_text(page, behind(room)) == NULL);
  CHECK_FAILS(checksig_page_extra(page, behind(room)) == NULL);
  CHECK(all_canaries((char *)room, sizeof room));
  CHECK_FAILS(checksig_page_results(behind(page), NULL) == NULL);
  CHECK_FAILS(checksig_page_text(behind(page), NULL) == NULL);
  CHECK_FAILS(checksig_page_extra(behind(page), NULL) == NULL);
  CHECK_CALL_FAILS(checksig_page_free(behind(page)));
  checksig_page_free(page);
  checksig_report_free(report);
}

/* A pointer into the middle of a report is refused, as any misaligned one is. */
static void misaligned_report(const char *good) {
  checksig_report *report = report_on(good, NULL);
  CHECK_FAILS(!checksig_report_ok(behind(report)));
  CHECK_FAILS(checksig_report_results(behind(report), NULL) == NULL);
  CHECK_FAILS(checksig_report_extra(behind(report), NULL) == NULL);
  CHECK_FAILS(checksig_report_len(behind(report)) == 0);
  CHECK_FAILS(checksig_report_page(behind(report), 0, 1, UINT32_MAX) == NULL);
  CHECK_FAILS(checksig_report_text_page(behind(report), 0, 1, UINT32_MAX, false) == NULL);
  CHECK_FAILS(checksig_report_extra_len(behind(report)) == 0);
  CHECK_FAILS(checksig_report_extra_page(behind(report), 0, 1) == NULL);
  CHECK_FAILS(!checksig_report_cancelled(behind(report)));
  CHECK_FAILS(checksig_report_manifest(behind(report)) == NULL);
  CHECK_FAILS(checksig_report_count(behind(report), CHECKSIG_VERDICT_OK) == 0);
  CHECK_FAILS(checksig_report_message(behind(report)) == NULL);
  CHECK_FAILS(checksig_report_bytes(behind(report)) == 0);
  CHECK_FAILS(checksig_report_seconds(behind(report)) == 0);
  CHECK_CALL_FAILS(checksig_report_free(behind(report)));
  checksig_report_free(report);
}

/* The other parameters of a run; a path of no bytes is a path that is not there. */
static void runs(const char *good) {
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  const enum checksig_status io = CHECKSIG_STATUS_IO;
  const size_t length = strlen(good);
  checksig_report *report = NULL;
  checksig_options *options = checksig_options_new();
  checksig_cancel *cancel = checksig_cancel_new();

  CHECK_FAILS(checksig_verify(good, length, good, SIZE_MAX, NULL, NULL, NULL, NULL, NULL,
                              &report) == invalid);
  CHECK_FAILS(checksig_verify(good, length, "", 0, NULL, NULL, NULL, NULL, NULL, &report) == io);
  CHECK_FAILS(checksig_verify(good, length, good, length, NULL, NULL, NULL, NULL, NULL, &report) ==
              io); /* A directory is no manifest. */
  CHECK_FAILS(checksig_verify(good, length, NULL, 0, behind(options), NULL, NULL, NULL, NULL,
                              &report) == invalid);
  CHECK_FAILS(checksig_verify(good, length, NULL, 0, NULL, NULL, NULL, NULL, behind(cancel),
                              &report) == invalid);
  CHECK(report == NULL);

  checksig_cancel_free(cancel);
  checksig_options_free(options);
}

static void creation(const char *good) {
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  const size_t length = strlen(good);
  const char *out = "no/such/directory/SHA256SUMS"; /* Never written. */
  const size_t out_len = strlen(out);
  checksig_report *report = NULL;
  checksig_report *room[2] = {NULL, NULL};
  checksig_options *options = checksig_options_new();
  checksig_cancel *cancel = checksig_cancel_new();

  CHECK_FAILS(checksig_create(NULL, 0, out, out_len, NULL, NULL, NULL, NULL, NULL, &report) ==
              invalid);
  CHECK_FAILS(checksig_create(good, SIZE_MAX, out, out_len, NULL, NULL, NULL, NULL, NULL,
                              &report) == invalid);
  CHECK_FAILS(checksig_create(good, length, NULL, 0, NULL, NULL, NULL, NULL, NULL, &report) ==
              invalid);
  CHECK_FAILS(checksig_create(good, length, out, SIZE_MAX, NULL, NULL, NULL, NULL, NULL,
                              &report) == invalid);
  CHECK_FAILS(checksig_create(good, length, out, out_len, behind(options), NULL, NULL, NULL, NULL,
                              &report) == invalid);
  CHECK_FAILS(checksig_create(good, length, out, out_len, NULL, NULL, NULL, NULL, behind(cancel),
                              &report) == invalid);
  CHECK_FAILS(checksig_create(good, length, out, out_len, NULL, NULL, NULL, NULL, NULL, NULL) ==
              invalid);
  CHECK_FAILS(checksig_create(good, length, out, out_len, NULL, NULL, NULL, NULL, NULL,
                              behind(room)) == invalid);
  CHECK_FAILS(checksig_create(good, length, "", 0, NULL, NULL, NULL, NULL, NULL, &report) ==
              CHECKSIG_STATUS_IO);
  CHECK(report == NULL && room[0] == NULL && room[1] == NULL);

  checksig_cancel_free(cancel);
  checksig_options_free(options);
}

/* ---- Options ---- */

/* Each option of a handle that is none. */
static void check_no_options(checksig_options *options) {
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  CHECK_FAILS(checksig_options_set_algorithm(options, "sha1") == invalid);
  CHECK_FAILS(checksig_options_set_algorithm(options, NULL) == invalid);
  CHECK_FAILS(checksig_options_set_format(options, "gnu") == invalid);
  CHECK_FAILS(checksig_options_set_format(options, NULL) == invalid);
  CHECK_FAILS(checksig_options_set_zero(options, true) == invalid);
  CHECK_FAILS(checksig_options_set_lenient(options, true) == invalid);
  CHECK_FAILS(checksig_options_set_ignore_missing(options, true) == invalid);
  CHECK_FAILS(checksig_options_set_audit(options, true) == invalid);
  CHECK_FAILS(checksig_options_set_allow_outside(options, true) == invalid);
  CHECK_FAILS(checksig_options_set_detect_collisions(options, true) == invalid);
  CHECK_FAILS(checksig_options_set_threads(options, 1) == invalid);
  CHECK_FAILS(checksig_options_set_measure(options, true) == invalid);
  CHECK_FAILS(checksig_options_add_exclude(options, "*") == invalid);
  CHECK_FAILS(checksig_options_set_text(options, "", 0) == invalid);
  CHECK_FAILS(checksig_options_set_descriptor(options, -1) == invalid);
}

static void bad_options(const char *good) {
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  checksig_options *options = checksig_options_new();
  check_no_options(NULL);
  check_no_options(behind(options));
  CHECK_CALL_FAILS(checksig_options_free(behind(options)));

  CHECK_FAILS(checksig_options_set_algorithm(options, "sha-0") == invalid);
  CHECK_FAILS(checksig_options_set_algorithm(options, "\xff") == invalid);
  CHECK_FAILS(checksig_options_set_format(options, "xml") == invalid);
  CHECK_FAILS(checksig_options_set_format(options, "\xff") == invalid);
  CHECK_FAILS(checksig_options_add_exclude(options, NULL) == invalid);
  CHECK_FAILS(checksig_options_add_exclude(options, "a[b") == invalid);
  CHECK_FAILS(checksig_options_add_exclude(options, "\xff") == invalid);
  CHECK_FAILS(checksig_options_set_text(options, "a", SIZE_MAX) == invalid);
  CHECK_FAILS(checksig_options_set_descriptor(options, -2) == invalid);

  /* Nothing of it was kept. */
  checksig_report *report = report_on(good, options);
  CHECK(checksig_report_ok(report));
  checksig_report_free(report);
  checksig_options_free(options);
}

static void bad_cancel(void) {
  checksig_cancel *cancel = checksig_cancel_new();
  CHECK_CALL_FAILS(checksig_cancel_request(behind(cancel)));
  CHECK_CALL_FAILS(checksig_cancel_free(behind(cancel)));
  checksig_manifest *manifest = NULL;
  CHECK_FAILS(checksig_manifest_read("a", 1, NULL, behind(cancel), &manifest) ==
              CHECKSIG_STATUS_INVALID_ARGUMENT);
  CHECK_FAILS(checksig_hash_file("a", 1, "sha1", behind(cancel), NULL, 0, NULL) ==
              CHECKSIG_STATUS_INVALID_ARGUMENT);
  checksig_cancel_free(cancel);
}

/* ---- Manifests and single files ---- */

static void manifests_read(void) {
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  checksig_options *options = checksig_options_new();
  checksig_manifest *manifest = NULL;
  checksig_manifest *room[2] = {NULL, NULL};
  CHECK_FAILS(checksig_manifest_read(NULL, 0, NULL, NULL, &manifest) == invalid);
  CHECK_FAILS(checksig_manifest_read(NULL, 0, options, NULL, &manifest) == invalid);
  CHECK_FAILS(checksig_manifest_read("a", SIZE_MAX, NULL, NULL, &manifest) == invalid);
  CHECK_FAILS(checksig_manifest_read("", 0, NULL, NULL, &manifest) == CHECKSIG_STATUS_IO);
  CHECK_FAILS(checksig_manifest_read("a", 1, behind(options), NULL, &manifest) == invalid);
  CHECK(checksig_options_set_text(options, "", 0) == CHECKSIG_STATUS_OK);
  CHECK_FAILS(checksig_manifest_read("a", 1, options, NULL, NULL) == invalid);
  CHECK_FAILS(checksig_manifest_read("a", 1, options, NULL, behind(room)) == invalid);
  CHECK_FAILS(checksig_manifest_read("a", SIZE_MAX, options, NULL, &manifest) == invalid);
  CHECK(manifest == NULL && room[0] == NULL && room[1] == NULL);
  checksig_options_free(options);
}

static void no_manifest(void) {
  size_t count = 1;
  CHECK_FAILS(checksig_manifest_entries(NULL, &count) == NULL);
  CHECK(count == 0);
  CHECK_FAILS(checksig_manifest_entries(NULL, NULL) == NULL);
  CHECK_FAILS(checksig_manifest_format(NULL) == NULL);
}

static void misaligned_manifest(void) {
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_text(options, "", 0) == CHECKSIG_STATUS_OK);
  checksig_manifest *manifest = NULL;
  CHECK(checksig_manifest_read(NULL, 0, options, NULL, &manifest) == CHECKSIG_STATUS_OK);
  checksig_options_free(options);

  size_t room[2];
  memset(room, CANARY, sizeof room);
  CHECK_FAILS(checksig_manifest_entries(manifest, behind(room)) == NULL);
  CHECK(all_canaries((char *)room, sizeof room));
  CHECK_FAILS(checksig_manifest_entries(behind(manifest), NULL) == NULL);
  CHECK_FAILS(checksig_manifest_format(behind(manifest)) == NULL);
  CHECK_CALL_FAILS(checksig_manifest_free(behind(manifest)));
  checksig_manifest_free(manifest);
}

/* An entry that could be written; each caller spoils one part of it. */
static struct checksig_entry good_entry(void) {
  static const uint8_t digest[20] = {0};
  return (struct checksig_entry){.name = "a",
                                 .name_len = 1,
                                 .algorithm = "sha1",
                                 .digest = digest,
                                 .digest_len = sizeof digest,
                                 .size = -1};
}

static const char NOWHERE[] = "no/such/directory/manifest"; /* Never written. */

static enum checksig_status write_entries(const struct checksig_entry *entries, size_t count) {
  return checksig_manifest_write(NOWHERE, strlen(NOWHERE), entries, count, NULL);
}

static void manifests_written(void) {
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  checksig_options *options = checksig_options_new();
  struct checksig_entry entries[2] = {good_entry(), good_entry()};
  /* The path is not there, so that whatever is not refused gives another status. */
  CHECK_FAILS(write_entries(entries, 2) == CHECKSIG_STATUS_IO);
  CHECK_FAILS(write_entries(NULL, 1) == invalid);
  CHECK_FAILS(write_entries(behind(entries), 1) == invalid);
  CHECK_FAILS(checksig_manifest_write(NULL, 0, entries, 1, NULL) == invalid);
  CHECK_FAILS(checksig_manifest_write(NULL, 0, NULL, 0, NULL) == invalid);
  CHECK_FAILS(checksig_manifest_write(NOWHERE, SIZE_MAX, entries, 1, NULL) == invalid);
  CHECK_FAILS(checksig_manifest_write(NOWHERE, 1, entries, 1, behind(options)) == invalid);
  checksig_options_free(options);
}

static void bad_entries(void) {
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  struct checksig_entry entry = good_entry();
  entry.name = NULL;
  CHECK_FAILS(write_entries(&entry, 1) == invalid);
  entry = good_entry();
  entry.name_len = SIZE_MAX;
  CHECK_FAILS(write_entries(&entry, 1) == invalid);
  entry = good_entry();
  entry.algorithm = NULL;
  CHECK_FAILS(write_entries(&entry, 1) == invalid);
  entry.algorithm = "sha-0";
  CHECK_FAILS(write_entries(&entry, 1) == invalid);
  entry.algorithm = "sha256"; /* Its digests are longer. */
  CHECK_FAILS(write_entries(&entry, 1) == invalid);
  entry = good_entry();
  entry.digest_len = 0;
  CHECK_FAILS(write_entries(&entry, 1) == invalid);
  entry.digest_len = SIZE_MAX;
  CHECK_FAILS(write_entries(&entry, 1) == invalid);
}

static void single_files(const char *good) {
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  char path[5000];
  int written = snprintf(path, sizeof path, "%s/abc", good);
  CHECK(written > 0 && (size_t)written < sizeof path);
  const size_t length = (size_t)written;
  char room[64];
  memset(room, CANARY, sizeof room);
  uint8_t *out = (uint8_t *)room;
  size_t len = 7;
  size_t len_room[2] = {7, 7};
  CHECK_FAILS(checksig_hash_file(NULL, length, "sha1", NULL, out, 64, &len) == invalid);
  CHECK_FAILS(checksig_hash_file(path, SIZE_MAX, "sha1", NULL, out, 64, &len) == invalid);
  CHECK_FAILS(checksig_hash_file("", 0, "sha1", NULL, out, 64, &len) == CHECKSIG_STATUS_IO);
  CHECK_FAILS(checksig_hash_file(path, length, NULL, NULL, out, 64, &len) == invalid);
  CHECK_FAILS(checksig_hash_file(path, length, "sha-0", NULL, out, 64, &len) == invalid);
  CHECK_FAILS(checksig_hash_file(path, length, "\xff", NULL, out, 64, &len) == invalid);
  CHECK_FAILS(checksig_hash_file(path, length, "sha1", NULL, NULL, 64, &len) == invalid);
  CHECK_FAILS(checksig_hash_file(path, length, "sha1", NULL, out, 64, NULL) == invalid);
  CHECK_FAILS(checksig_hash_file(path, length, "sha1", NULL, out, 64, behind(len_room)) == invalid);
  CHECK(len == 7 && len_room[0] == 7 && len_room[1] == 7);
  CHECK(all_canaries(room, sizeof room));
}

/* Entries that make no sense together: of two names in a line one would be lost. */
static void entries_of_a_line(void) {
  struct checksig_entry entries[2] = {good_entry(), good_entry()};
  entries[0].line = 1;
  entries[1].line = 1;
  entries[1].name = "b";
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_format(options, "hashdeep") == CHECKSIG_STATUS_OK);
  entries[0].size = 3;
  entries[1].size = 3;
  entries[1].algorithm = "md5";
  entries[1].digest_len = 16;
  CHECK_FAILS(checksig_manifest_write(NOWHERE, strlen(NOWHERE), entries, 2, options) ==
              CHECKSIG_STATUS_INVALID_ARGUMENT);
  checksig_options_free(options);
}

/* A malformed line can't be written, whatever else its entry has. */
static void entry_with_error(void) {
  struct checksig_entry entry = good_entry();
  entry.error = "malformed";
  entry.error_len = strlen(entry.error);
  CHECK_FAILS(write_entries(&entry, 1) == CHECKSIG_STATUS_INVALID_ARGUMENT);
}

/* More entries than an address space has. */
static void overlong_entries(void) {
  struct checksig_entry entry = good_entry();
  CHECK_FAILS(write_entries(&entry, SIZE_MAX) == CHECKSIG_STATUS_INVALID_ARGUMENT);
  CHECK_FAILS(write_entries(&entry, SIZE_MAX / sizeof entry) == CHECKSIG_STATUS_INVALID_ARGUMENT);
}

/* ---- Canonical names ---- */

static void not_found(const char *name, long long length) {
  mark();
  char *answer = ReturnString((struct GoString){name, length});
  CHECK(has_failed());
  CHECK(answer != NULL);
  CHECK(strcmp(answer, "Could not find CNAME") == 0);
  free(answer);
}

static void names(void) {
  not_found(NULL, 0);
  not_found(NULL, 10);
  not_found("golang.org", 0);
  not_found("golang.org", -1);
  not_found("golang.org", INT64_MIN);
  not_found("golang.org", INT64_MAX);
}

static void look_ups(void) {
  const char *server = "127.0.0.1:1"; /* Never asked. */
  const size_t length = strlen(server);
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  char untouched;
  char *canonical = &untouched;
  char *room[2] = {&untouched, &untouched};
  CHECK_FAILS(checksig_dns_lookup_cname("a.b", 3, server, length, 1, NULL) == invalid);
  CHECK_FAILS(checksig_dns_lookup_cname("a.b", 3, server, length, 1, behind(room)) == invalid);
  CHECK_FAILS(checksig_dns_lookup_cname(NULL, 3, server, length, 1, &canonical) == invalid);
  CHECK_FAILS(checksig_dns_lookup_cname("a.b", 3, "\xff", 1, 1, &canonical) ==
              CHECKSIG_STATUS_DNS_BAD_NAMESERVER);
  CHECK_FAILS(checksig_dns_lookup_cname("a.b", 3, server, length, -1, &canonical) == invalid);
  /* A name that is none: which of two statuses it gets is left open. */
  CHECK_FAILS(checksig_dns_lookup_cname("a.b", SIZE_MAX, server, length, 1, &canonical) !=
              CHECKSIG_STATUS_OK);
  CHECK_FAILS(checksig_dns_lookup_cname("\xff", 1, server, length, 1, &canonical) !=
              CHECKSIG_STATUS_OK);
  CHECK(canonical == &untouched && room[0] == &untouched && room[1] == &untouched);
}

/* More bytes than an address space has. The text is a block of its own, so that
 * valgrind sees a byte read behind it. */
static void overlong_servers(void) {
  char *server = malloc(1);
  CHECK(server != NULL);
  *server = '1';
  char *canonical = NULL;
  CHECK_FAILS(checksig_dns_lookup_cname("a.b", 3, server, SIZE_MAX, 1, &canonical) ==
              CHECKSIG_STATUS_INVALID_ARGUMENT);
  CHECK(canonical == NULL);
  free(server);
}

/* ---- Arrays ---- */

#define COUNT 6
static const double NUMBERS[COUNT] = {1, 2, 6, 24, 120, 720};

static bool unchanged(const double *nums) {
  return memcmp(nums, NUMBERS, sizeof NUMBERS) == 0;
}

static void normalized(void) {
  double nums[COUNT];
  double out[COUNT];
  memcpy(nums, NUMBERS, sizeof nums);
  memcpy(out, NUMBERS, sizeof out);
  CHECK_CALL_FAILS(normalize(NULL, out, COUNT));
  CHECK_CALL_FAILS(normalize(nums, NULL, COUNT));
  CHECK_CALL_FAILS(normalize(NULL, NULL, COUNT));
  CHECK_CALL_FAILS(normalize(nums, out, -1));
  CHECK_CALL_FAILS(normalize(nums, nums, INT64_MIN));
  CHECK_CALL_FAILS(normalize(nums, out, INT64_MAX));
  CHECK_CALL_FAILS(normalize(nums, nums, INT64_MAX));
  CHECK_CALL_FAILS(normalize(behind(nums), out, COUNT - 1));
  CHECK_CALL_FAILS(normalize(nums, behind(out), COUNT - 1));
  CHECK_CALL_FAILS(normalize(behind(nums), behind(nums), COUNT - 1));
  /* Overlap by all but one number, and by one number alone. */
  CHECK_CALL_FAILS(normalize(nums, nums + 1, COUNT - 1));
  CHECK_CALL_FAILS(normalize(nums + 1, nums, COUNT - 1));
  CHECK_CALL_FAILS(normalize(nums, nums + 2, 3));
  CHECK_CALL_FAILS(normalize(nums + 2, nums, 3));
  CHECK(unchanged(nums));
  CHECK(unchanged(out));
}

static void increased(void) {
  int64_t nums[2] = {10, 20};
  CHECK_CALL_FAILS(increase(NULL, 2, 1));
  CHECK_CALL_FAILS(increase(nums, -1, 1));
  CHECK_CALL_FAILS(increase(nums, INT64_MAX, 1));
  CHECK_CALL_FAILS(increase(behind(nums), 1, 1));
  CHECK(nums[0] == 10 && nums[1] == 20);
}

static void shuffled(void) {
  double nums[COUNT];
  memcpy(nums, NUMBERS, sizeof nums);
  CHECK_CALL_FAILS(checksig_cookbook_shuffle(NULL, COUNT, 1));
  CHECK_CALL_FAILS(checksig_cookbook_shuffle(nums, -1, 1));
  CHECK_CALL_FAILS(checksig_cookbook_shuffle(nums, INT64_MAX, 1));
  CHECK_CALL_FAILS(checksig_cookbook_shuffle(behind(nums), COUNT - 1, 1));
  CHECK(unchanged(nums));
}

/* NaN is the one value that is not equal to itself. */
static bool is_nan(double value) { return value != value; }

static void dot_product(void) {
  double nums[COUNT];
  memcpy(nums, NUMBERS, sizeof nums);
  CHECK_FAILS(is_nan(checksig_cookbook_dot(NULL, nums, COUNT)));
  CHECK_FAILS(is_nan(checksig_cookbook_dot(nums, NULL, COUNT)));
  CHECK_FAILS(is_nan(checksig_cookbook_dot(nums, nums, -1)));
  CHECK_FAILS(is_nan(checksig_cookbook_dot(nums, nums, INT64_MAX)));
  CHECK_FAILS(is_nan(checksig_cookbook_dot(behind(nums), nums, 1)));
  CHECK_FAILS(is_nan(checksig_cookbook_dot(nums, behind(nums), 1)));
}

/* ---- Text ---- */

/* A buffer of every size up to one that fits: the bytes behind it stay, and in
 * it is the whole text or an empty one. */
static void small_buffers_for_repeat(void) {
  const size_t enough = 7; /* "ababab" and its NUL. */
  for (size_t size = 0; size <= enough; size++) {
    char out[16];
    memset(out, CANARY, sizeof out);
    if (size == enough) {
      CHECK(repeat("ab", 3, out, (int64_t)size) == out);
      CHECK(strcmp(out, "ababab") == 0);
    } else {
      CHECK_FAILS(repeat("ab", 3, out, (int64_t)size) == NULL);
      CHECK(size == 0 || out[0] == '\0');
    }
    CHECK(all_canaries(out + size, sizeof out - size));
  }
}

static void repeated(void) {
  char out[16];
  memset(out, CANARY, sizeof out);
  CHECK_FAILS(repeat("ab", 3, out, -1) == NULL);
  CHECK_FAILS(repeat("ab", 3, out, INT64_MIN) == NULL);
  CHECK(all_canaries(out, sizeof out));

  /* Otherwise there is room for an empty string, and that is all that changes. */
  CHECK_FAILS(repeat(NULL, 3, out, sizeof out) == NULL);
  CHECK(out[0] == '\0' && all_canaries(out + 1, sizeof out - 1));
  out[0] = CANARY;
  CHECK_FAILS(repeat("ab", -1, out, sizeof out) == NULL);
  CHECK(out[0] == '\0' && all_canaries(out + 1, sizeof out - 1));
  out[0] = CANARY;
  CHECK_FAILS(repeat("ab", INT64_MAX, out, sizeof out) == NULL);
  CHECK(out[0] == '\0' && all_canaries(out + 1, sizeof out - 1));

  CHECK_FAILS(repeat("ab", 3, NULL, 0) == NULL);
  CHECK_FAILS(repeat("ab", 3, NULL, 7) == NULL);
  CHECK_FAILS(repeat(NULL, 3, NULL, 7) == NULL);
}

/* Repeating a text over itself: what is left is the empty string at `out`. */
static void repeated_in_place(void) {
  char text[16] = "abc";
  CHECK_FAILS(repeat(text, 2, text, sizeof text) == NULL);
  CHECK(strcmp(text, "") == 0);

  char tail[16] = "abc";
  CHECK_FAILS(repeat(tail, 2, tail + 1, sizeof tail - 1) == NULL);
  CHECK(strcmp(tail, "a") == 0);
}

static void joined(void) {
  const char *const words[] = {"a", "b", NULL};
  char room[3 * sizeof(char *)] = "";
  CHECK_FAILS(checksig_cookbook_join(NULL, ", ") == NULL);
  CHECK_FAILS(checksig_cookbook_join(words, NULL) == NULL);
  CHECK_FAILS(checksig_cookbook_join(NULL, NULL) == NULL);
  CHECK_FAILS(checksig_cookbook_join(behind(room), ", ") == NULL);
}

static void user_info(void) {
  CHECK_FAILS(checksig_cookbook_user_info(NULL).info == NULL);
  CHECK_FAILS(checksig_cookbook_user_info("Zo\xeb").info == NULL); /* Latin-1. */
}

/* ---- Structs ---- */

static enum checksig_status full_name(const char *first, const char *last, char *out,
                                      int64_t size) {
  struct checksig_person person = {first, last, out, size};
  return checksig_cookbook_full_name(&person);
}

static void full_names(void) {
  char out[16];
  memset(out, CANARY, sizeof out);
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  struct checksig_person room[2] = {{0}};
  CHECK_FAILS(checksig_cookbook_full_name(NULL) == invalid);
  CHECK_FAILS(checksig_cookbook_full_name(behind(room)) == invalid);
  CHECK_FAILS(full_name(NULL, "b", out, sizeof out) == invalid);
  CHECK_FAILS(full_name("a", NULL, out, sizeof out) == invalid);
  CHECK_FAILS(full_name("a", "b", NULL, sizeof out) == invalid);
  CHECK_FAILS(full_name("a", "b", out, -1) == invalid);
  CHECK_FAILS(full_name("a", "b", out, INT64_MIN) == invalid);
  CHECK(all_canaries(out, sizeof out));
}

static void small_buffers_for_full_name(void) {
  const size_t enough = 4; /* "a b" and its NUL. */
  for (size_t size = 0; size <= enough; size++) {
    char out[16];
    memset(out, CANARY, sizeof out);
    if (size == enough) {
      CHECK(full_name("a", "b", out, (int64_t)size) == CHECKSIG_STATUS_OK);
      CHECK(strcmp(out, "a b") == 0);
    } else {
      CHECK_FAILS(full_name("a", "b", out, (int64_t)size) == CHECKSIG_STATUS_BUFFER_TOO_SMALL);
      CHECK(size == 0 || out[0] == '\0');
    }
    CHECK(all_canaries(out + size, sizeof out - size));
  }
}

/* ---- Callbacks ---- */

static void *never_called(const char *typecode, int64_t n, void *user) {
  (void)typecode;
  (void)n;
  (void)user;
  CHECK(false);
  return NULL;
}

/* Gives each buffer one byte behind a good place: good for a text, not for
 * doubles. */
static void *misaligned_for_doubles(const char *typecode, int64_t n, void *user) {
  (void)typecode;
  CHECK(n < 64);
  return behind(user);
}

static void callbacks(void) {
  double room[65];
  const enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  CHECK_FAILS(checksig_cookbook_sqrts(NULL, NULL, 5) == invalid);
  CHECK_FAILS(checksig_cookbook_sqrts(never_called, NULL, -1) == invalid);
  CHECK_FAILS(checksig_cookbook_sqrts(never_called, NULL, INT64_MIN) == invalid);
  CHECK_FAILS(checksig_cookbook_sqrts(misaligned_for_doubles, room, 5) == invalid);
}

/* ---- The last error ---- */

/* The message in a buffer of every size: in full, or cut and ended by a NUL. */
static void message_in_any_buffer(void) {
  mark();
  const size_t length = strlen(MARK);
  char out[100];
  for (size_t size = 0; size <= length + 2; size++) {
    memset(out, CANARY, sizeof out);
    CHECK(checksig_last_error_message(out, size) == length);
    if (size > 0) {
      size_t copied = size <= length ? size - 1 : length;
      CHECK(memcmp(out, MARK, copied) == 0);
      CHECK(out[copied] == '\0');
    }
    CHECK(all_canaries(out + size, sizeof out - size));
  }
  CHECK(checksig_last_error_message(NULL, 0) == length);
  CHECK(checksig_last_error_message(NULL, 100) == length);
}

/* A success leaves the message as it was. */
static void success_is_silent(void) {
  char out[8];
  mark();
  CHECK(repeat("ab", 3, out, sizeof out) == out);
  CHECK(checksig_cookbook_pi(-1) == 0);
  normalize(NULL, NULL, 0);
  increase(NULL, 0, 1);
  CHECK(!has_failed());
}

/* ---- Release ---- */

static void release_of_nothing(void) {
  mark();
  checksig_free(NULL);
  checksig_report_free(NULL);
  checksig_options_free(NULL);
  checksig_manifest_free(NULL);
  checksig_cancel_free(NULL);
  checksig_cancel_request(NULL); /* Releases nothing, but is as harmless. */
  checksig_error_free((struct checksig_error){NULL});
  checksig_user_info_free((struct checksig_user_info){NULL});
  CHECK(!has_failed());
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  const char *good = argv[1];
  verification(good);
  no_report();
  misaligned_count(good);
  runs(good);
  creation(good);
  bad_options(good);
  bad_cancel();
  manifests_read();
  no_manifest();
  misaligned_manifest();
  manifests_written();
  bad_entries();
  single_files(good);
  names();
  look_ups();
  normalized();
  increased();
  shuffled();
  dot_product();
  small_buffers_for_repeat();
  repeated();
  repeated_in_place();
  joined();
  user_info();
  full_names();
  small_buffers_for_full_name();
  callbacks();
  message_in_any_buffer();
  success_is_silent();
  release_of_nothing();
  overlong_servers();
  misaligned_report(good);
  entry_with_error();
  overlong_entries();
  entries_of_a_line();
  printf("misuse: ok\n");
  return 0;
}
