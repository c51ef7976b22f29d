/* A manifest made of a directory, and digests of single files.
 *
 * Usage: create GOOD SPECIAL
 *
 * GOOD is a directory with the files `abc`, which has these three bytes, `empty`, and
 * `sub/abc`, and a sha1sum.txt that lists them. SPECIAL has a file `abc` and a FIFO
 * `pipe`. */

#include "checksig.h"

#include "check.h"
#include "run.h"

#include <stdbool.h>
#include <string.h>

#define SHA1_ABC "a9993e364706816aba3e25717850c26c9cd0d89d"
#define SHA1_EMPTY "da39a3ee5e6b4b0d3255bfef95601890afd80709"

/* Of no bytes at all. */
static const uint8_t SHA256_EMPTY[32] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
                                         0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
                                         0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
                                         0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

/* A path below a directory. */
struct path {
  char text[5000];
};

static struct path below(const char *root, const char *name) {
  struct path path;
  int length = snprintf(path.text, sizeof path.text, "%s/%s", root, name);
  CHECK(length > 0 && (size_t)length < sizeof path.text);
  return path;
}

/* Makes a manifest; gives the report, to be released by the caller. */
static checksig_report *create(const char *root, const char *path,
                               const checksig_options *options, const checksig_cancel *cancel) {
  checksig_report *report = NULL;
  CHECK(checksig_create(root, strlen(root), path, strlen(path), options, NULL, NULL, NULL, cancel,
                        &report) == CHECKSIG_STATUS_OK);
  CHECK(report != NULL);
  return report;
}

/* A report on the directory and this manifest: every file there has to be listed. */
static void check_verifies(const char *root, const char *path, size_t files) {
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_audit(options, true) == CHECKSIG_STATUS_OK);
  checksig_report *report = NULL;
  CHECK(checksig_verify(root, strlen(root), path, strlen(path), options, NULL, NULL, NULL, NULL,
                        &report) == CHECKSIG_STATUS_OK);
  CHECK(checksig_report_ok(report));
  CHECK(checksig_report_count(report, CHECKSIG_VERDICT_OK) == files);
  checksig_report_free(report);
  checksig_options_free(options);
}

/* Whether a file has exactly this content. */
static bool has_content(const char *path, const char *content) {
  char text[1000];
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL);
  size_t length = fread(text, 1, sizeof text, file);
  fclose(file);
  return length == strlen(content) && memcmp(text, content, length) == 0;
}

static bool is_there(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file != NULL) {
    fclose(file);
  }
  return file != NULL;
}

/* By default SHA-256. All files are listed, sorted by name, but for the manifest. */
static void created(const char *good) {
  static const char *const names[] = {"abc", "empty", "sha1sum.txt", "sub/abc"};
  struct path manifest = below(good, "SHA256SUMS");
  checksig_report *report = create(good, manifest.text, NULL, NULL);
  CHECK(checksig_report_ok(report));
  CHECK(strcmp(checksig_report_manifest(report), manifest.text) == 0);

  size_t count = 0;
  const struct checksig_result *results = checksig_report_results(report, &count);
  CHECK(count == 4);
  for (size_t i = 0; i < count; i++) {
    CHECK(results[i].verdict == CHECKSIG_VERDICT_OK);
    CHECK(results[i].name_len == strlen(names[i]));
    CHECK(memcmp(results[i].name, names[i], results[i].name_len) == 0);
    CHECK(strcmp(results[i].algorithm, "sha256") == 0);
    CHECK(results[i].digest_len == 32 && results[i].actual == NULL);
    CHECK(results[i].line == i + 1);
  }
  CHECK(memcmp(results[1].expected, SHA256_EMPTY, sizeof SHA256_EMPTY) == 0);
  CHECK(results[0].size == 3 && results[1].size == 0);
  checksig_report_free(report);
  check_verifies(good, manifest.text, 4);

  /* Made once more, it is the same: it does not list itself. */
  checksig_report_free(create(good, manifest.text, NULL, NULL));
  check_verifies(good, manifest.text, 4);
  CHECK(remove(manifest.text) == 0);
}

static void created_with_options(const char *good) {
  struct path manifest = below(good, "files.bsd");
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_algorithm(options, "sha1") == CHECKSIG_STATUS_OK);
  CHECK(checksig_options_set_format(options, "bsd") == CHECKSIG_STATUS_OK);
  CHECK(checksig_options_set_threads(options, 2) == CHECKSIG_STATUS_OK);
  CHECK(checksig_options_add_exclude(options, "*.txt") == CHECKSIG_STATUS_OK);
  CHECK(checksig_options_add_exclude(options, "sub/*") == CHECKSIG_STATUS_OK);
  checksig_report_free(create(good, manifest.text, options, NULL));
  CHECK(has_content(manifest.text,
                    "SHA1 (abc) = " SHA1_ABC "\nSHA1 (empty) = " SHA1_EMPTY "\n"));
  checksig_options_free(options);
  CHECK(remove(manifest.text) == 0);
}

/* Unless they are asked for, the manifest's name tells the format, and SFV has an algorithm of
 * its own. What the name does not tell is not written. */
static void created_by_name(const char *good) {
  struct path manifest = below(good, "files.sfv");
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_add_exclude(options, "*.txt") == CHECKSIG_STATUS_OK);
  CHECK(checksig_options_add_exclude(options, "sub/*") == CHECKSIG_STATUS_OK);
  checksig_report_free(create(good, manifest.text, options, NULL));
  CHECK(has_content(manifest.text, "; CRC-32\nabc 352441C2\nempty 00000000\n"));
  CHECK(remove(manifest.text) == 0);

  CHECK(checksig_options_set_algorithm(options, "blake3") == CHECKSIG_STATUS_OK);
  manifest = below(good, "list");
  checksig_report *report = NULL;
  CHECK(checksig_create(good, strlen(good), manifest.text, strlen(manifest.text), options, NULL,
                        NULL, NULL, NULL, &report) == CHECKSIG_STATUS_MANIFEST);
  CHECK(report == NULL && !is_there(manifest.text));
  checksig_options_free(options);
}

/* The callbacks are those of a verification. */
static int count_result(const struct checksig_result *result, void *user) {
  size_t *calls = user;
  CHECK((result->verdict == CHECKSIG_VERDICT_OK) == (result->expected != NULL));
  ++*calls;
  return 0;
}

static int end_at_once(const struct checksig_result *result, void *user) {
  (void)result;
  (void)user;
  return 1;
}

static void called_back(const char *good) {
  struct path manifest = below(good, "SHA256SUMS");
  size_t calls = 0;
  checksig_report *report = NULL;
  CHECK(checksig_create(good, strlen(good), manifest.text, strlen(manifest.text), NULL,
                        count_result, NULL, &calls, NULL, &report) == CHECKSIG_STATUS_OK);
  CHECK(checksig_report_ok(report));
  CHECK(calls == 4);
  checksig_report_free(report);
  CHECK(remove(manifest.text) == 0);
}

/* ---- All or nothing ---- */

/* Nothing is written, and what was there stays, byte by byte; nor is anything left
 * beside it. */
static void check_untouched(const char *good, const char *path) {
  CHECK(has_content(path, SHA1_ABC "  abc\n" SHA1_EMPTY "  empty\n" SHA1_ABC "  sub/abc\n"));
  check_verifies(good, path, 3);
}

static void not_written_when_cancelled(const char *good, const char *path) {
  checksig_cancel *cancel = checksig_cancel_new();
  checksig_cancel_request(cancel);
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_algorithm(options, "sha1") == CHECKSIG_STATUS_OK);
  checksig_report *report = create(good, path, options, cancel);
  CHECK(checksig_report_cancelled(report));
  CHECK(!checksig_report_ok(report));
  checksig_report_free(report);
  checksig_options_free(options);
  check_untouched(good, path);

  struct path other = below(good, "SHA256SUMS");
  checksig_report_free(create(good, other.text, NULL, cancel));
  CHECK(!is_there(other.text));
  checksig_cancel_free(cancel);
}

/* The format has no place for digests of this algorithm. */
static void not_written_in_this_format(const char *good, const char *path) {
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_format(options, "sfv") == CHECKSIG_STATUS_OK);
  checksig_report *report = NULL;
  CHECK(checksig_create(good, strlen(good), path, strlen(path), options, NULL, NULL, NULL, NULL,
                        &report) == CHECKSIG_STATUS_MANIFEST);
  CHECK(report == NULL);
  CHECK(checksig_last_error_message(NULL, 0) > 0);
  checksig_options_free(options);
  check_untouched(good, path);
}

static void not_written_there(const char *good, const char *path) {
  struct path nowhere = below(good, "no/such/directory/SHA256SUMS");
  checksig_report *report = NULL;
  CHECK(checksig_create(good, strlen(good), nowhere.text, strlen(nowhere.text), NULL, NULL, NULL,
                        NULL, NULL, &report) == CHECKSIG_STATUS_IO);
  CHECK(checksig_create("no/such/directory", 17, path, strlen(path), NULL, NULL, NULL, NULL, NULL,
                        &report) == CHECKSIG_STATUS_IO);
  CHECK(report == NULL);
  check_untouched(good, path);
}

/* ---- Single files ---- */

static void hashed(const char *good) {
  struct path empty = below(good, "empty");
  uint8_t digest[64];
  size_t length = 0;
  CHECK(checksig_hash_file(empty.text, strlen(empty.text), "sha256", NULL, digest, sizeof digest,
                           &length) == CHECKSIG_STATUS_OK);
  CHECK(length == sizeof SHA256_EMPTY);
  CHECK(memcmp(digest, SHA256_EMPTY, length) == 0);

  /* Just enough room. */
  uint8_t exact[sizeof SHA256_EMPTY];
  CHECK(checksig_hash_file(empty.text, strlen(empty.text), "sha256", NULL, exact, sizeof exact,
                           &length) == CHECKSIG_STATUS_OK);
  CHECK(memcmp(exact, SHA256_EMPTY, sizeof exact) == 0);

  checksig_cancel *cancel = checksig_cancel_new();
  CHECK(checksig_hash_file(empty.text, strlen(empty.text), "sha256", cancel, digest, sizeof digest,
                           &length) == CHECKSIG_STATUS_OK);
  checksig_cancel_request(cancel);
  CHECK(checksig_hash_file(empty.text, strlen(empty.text), "sha256", cancel, digest, sizeof digest,
                           &length) == CHECKSIG_STATUS_CANCELLED);
  checksig_cancel_free(cancel);

  struct path nowhere = below(good, "gone");
  CHECK(checksig_hash_file(nowhere.text, strlen(nowhere.text), "sha256", NULL, digest, sizeof digest,
                           &length) == CHECKSIG_STATUS_IO);
  CHECK(checksig_hash_file(good, strlen(good), "sha256", NULL, digest, sizeof digest, &length) ==
        CHECKSIG_STATUS_IO); /* A directory. */
}

/* 64 bytes are enough for every algorithm. */
static void hashed_with_every_algorithm(const char *good) {
  static const struct {
    const char *name;
    size_t digest_len;
  } algorithms[] = {{"crc32", 4},     {"md5", 16},      {"sha1", 20},    {"sha224", 28},
                    {"sha256", 32},   {"sha384", 48},   {"sha512", 64},  {"sha3-256", 32},
                    {"sha3-512", 64}, {"blake2b", 64},  {"blake3", 32}};
  struct path abc = below(good, "abc");
  for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
    uint8_t digest[64];
    size_t length = 0;
    CHECK(checksig_hash_file(abc.text, strlen(abc.text), algorithms[i].name, NULL, digest,
                             sizeof digest, &length) == CHECKSIG_STATUS_OK);
    CHECK(length == algorithms[i].digest_len);
  }
}

/* In a buffer that is too small not one byte is written. */
static void too_small(const char *good) {
  struct path empty = below(good, "empty");
  for (size_t size = 0; size < sizeof SHA256_EMPTY; size++) {
    uint8_t digest[64] = {0};
    size_t length = 7;
    CHECK(checksig_hash_file(empty.text, strlen(empty.text), "sha256", NULL, digest, size, &length) ==
          CHECKSIG_STATUS_BUFFER_TOO_SMALL);
    CHECK(length == 7);
    for (size_t i = 0; i < sizeof digest; i++) {
      CHECK(digest[i] == 0);
    }
  }
}

/* What is no regular file is passed over: it is in the report, but not in the manifest. */
static void special_files(const char *special) {
  struct path manifest = below(special, "sha1sum.txt");
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_algorithm(options, "sha1") == CHECKSIG_STATUS_OK);
  size_t calls = 0;
  checksig_report *report = NULL;
  CHECK(checksig_create(special, strlen(special), manifest.text, strlen(manifest.text), options,
                        count_result, NULL, &calls, NULL, &report) == CHECKSIG_STATUS_OK);
  checksig_options_free(options);
  CHECK(checksig_report_ok(report));
  CHECK(has_content(manifest.text, SHA1_ABC "  abc\n"));
  CHECK(remove(manifest.text) == 0);

  size_t count = 0;
  const struct checksig_result *results = checksig_report_results(report, &count);
  CHECK(count == 2);
  CHECK(results[0].verdict == CHECKSIG_VERDICT_OK);
  CHECK(results[1].verdict == CHECKSIG_VERDICT_SKIPPED);
  CHECK(results[1].reason != NULL && results[1].reason_len > 0);
  checksig_report_free(report);
  CHECK(calls == count);
}

/* A callback that ends the run at its last result: whether there is a manifest is
 * what the report says. */
static void ended_by_a_callback(const char *good) {
  struct path manifest = below(good, "SHA256SUMS");
  checksig_report *report = NULL;
  CHECK(checksig_create(good, strlen(good), manifest.text, strlen(manifest.text), NULL,
                        end_at_once, NULL, NULL, NULL, &report) == CHECKSIG_STATUS_OK);
  CHECK(checksig_report_ok(report) == is_there(manifest.text));
  if (is_there(manifest.text)) {
    CHECK(remove(manifest.text) == 0);
  }
  checksig_report_free(report);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  const char *good = argv[1];
  struct path manifest = below(good, "sha1sum.txt");
  created(good);
  created_with_options(good);
  created_by_name(good);
  called_back(good);
  ended_by_a_callback(good);
  not_written_when_cancelled(good, manifest.text);
  not_written_in_this_format(good, manifest.text);
  not_written_there(good, manifest.text);
  hashed(good);
  hashed_with_every_algorithm(good);
  too_small(good);
  special_files(argv[2]);
  printf("create: ok\n");
  return 0;
}
