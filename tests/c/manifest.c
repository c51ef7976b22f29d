/* Manifests by themselves: read, looked at, and written. No file that they list is there.
 *
 * Usage: manifest SCRATCH
 *
 * SCRATCH is an empty directory. */

#include "checksig.h"

#include "check.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Digests of "abc". */
#define MD5_ABC "900150983cd24fb0d6963f7d28e17f72"
#define SHA1_ABC "a9993e364706816aba3e25717850c26c9cd0d89d"
#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const uint8_t ABC[20] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                                0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Reads the manifest at a path, to be released by the caller. */
static checksig_manifest *read_path(const char *path, const checksig_options *options) {
  checksig_manifest *manifest = NULL;
  CHECK(checksig_manifest_read(path, strlen(path), options, NULL, &manifest) == CHECKSIG_STATUS_OK);
  CHECK(manifest != NULL);
  return manifest;
}

/* Reads a text; without a name for it, the text alone tells what it is. */
static enum checksig_status read_text(const char *text, const char *name, bool lenient,
                                      checksig_manifest **manifest) {
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_lenient(options, lenient) == CHECKSIG_STATUS_OK);
  CHECK(checksig_options_set_text(options, text, strlen(text)) == CHECKSIG_STATUS_OK);
  size_t name_len = name == NULL ? 0 : strlen(name);
  enum checksig_status status = checksig_manifest_read(name, name_len, options, NULL, manifest);
  checksig_options_free(options); /* A manifest needs nothing that made it. */
  return status;
}

/* The manifest that this text is, to be released by the caller. */
static checksig_manifest *parsed(const char *text) {
  checksig_manifest *manifest = NULL;
  CHECK(read_text(text, NULL, true, &manifest) == CHECKSIG_STATUS_OK);
  CHECK(manifest != NULL);
  return manifest;
}

static bool has_name(const struct checksig_entry *entry, const char *name) {
  return entry->name_len == strlen(name) && memcmp(entry->name, name, entry->name_len) == 0;
}

/* Whether an entry's digest has these hexadecimal digits. */
static bool has_digest(const struct checksig_entry *entry, const char *digits) {
  char hex[129] = "";
  for (size_t i = 0; i < entry->digest_len; i++) {
    snprintf(hex + 2 * i, 3, "%02x", entry->digest[i]);
  }
  return strcmp(hex, digits) == 0;
}

static void entries(void) {
  checksig_manifest *manifest = parsed(
      "# Comments and empty lines count, but are no entries.\n"
      "\n" SHA1_ABC "  abc\n"
      "\\" SHA1_ABC "  a\\nb\n");
  CHECK(strcmp(checksig_manifest_format(manifest), "gnu") == 0);

  size_t count = 0;
  const struct checksig_entry *found = checksig_manifest_entries(manifest, &count);
  CHECK(count == 2);
  CHECK(found[0].line == 3 && has_name(&found[0], "abc"));
  CHECK(found[1].line == 4 && has_name(&found[1], "a\nb")); /* Unescaped. */
  for (size_t i = 0; i < count; i++) {
    CHECK(strcmp(found[i].algorithm, "sha1") == 0);
    CHECK(has_digest(&found[i], SHA1_ABC));
    CHECK(found[i].size == -1); /* Not stated. */
    CHECK(found[i].error == NULL && found[i].error_len == 0);
  }
  /* The array is the manifest's; who knows its length need not ask for it. */
  CHECK(checksig_manifest_entries(manifest, NULL) == found);
  checksig_manifest_free(manifest);
}

/* Where lines state several digests, each is an entry; the line's number tells which
 * belong together. */
#define SEVERAL_DIGESTS                      \
  "%%%% HASHDEEP-1.0\n"                      \
  "%%%% size,md5,sha256,filename\n"          \
  "3," MD5_ABC "," SHA256_ABC ",abc\n"       \
  "3," MD5_ABC "," SHA256_ABC ",sub/a,b,c\n"

static void check_several_digests(const checksig_manifest *manifest) {
  CHECK(strcmp(checksig_manifest_format(manifest), "hashdeep") == 0);
  size_t count = 0;
  const struct checksig_entry *found = checksig_manifest_entries(manifest, &count);
  CHECK(count == 4);
  for (size_t i = 0; i < count; i++) {
    bool is_md5 = i % 2 == 0;
    CHECK(found[i].line == 3 + i / 2);
    CHECK(has_name(&found[i], i < 2 ? "abc" : "sub/a,b,c"));
    CHECK(found[i].size == 3);
    CHECK(strcmp(found[i].algorithm, is_md5 ? "md5" : "sha256") == 0);
    CHECK(has_digest(&found[i], is_md5 ? MD5_ABC : SHA256_ABC));
  }
}

static void several_digests(void) {
  checksig_manifest *manifest = parsed(SEVERAL_DIGESTS);
  check_several_digests(manifest);
  checksig_manifest_free(manifest);
}

/* A RECORD of Python's does not state its own digest. */
static void no_digest(void) {
  checksig_manifest *manifest = NULL;
  CHECK(read_text("a-1.dist-info/RECORD,,\n", "a-1.dist-info/RECORD", true, &manifest) ==
        CHECKSIG_STATUS_OK);
  CHECK(strcmp(checksig_manifest_format(manifest), "record") == 0);
  size_t count = 0;
  const struct checksig_entry *found = checksig_manifest_entries(manifest, &count);
  CHECK(count == 1);
  CHECK(has_name(found, "a-1.dist-info/RECORD"));
  CHECK(found->algorithm == NULL && found->digest == NULL && found->digest_len == 0);
  CHECK(found->size == -1);
  CHECK(found->error == NULL);
  checksig_manifest_free(manifest);
}

/* A malformed line is a failure, which names it. */
static void malformed_line(void) {
  checksig_manifest *manifest = NULL;
  CHECK(read_text("\nno line\n", "a.list", false, &manifest) == CHECKSIG_STATUS_MANIFEST);
  CHECK(manifest == NULL);
  CHECK(checksig_last_error_line() == 2);
}

/* Where that is asked for it is an entry, with nothing but its number and an error. */
static void malformed_lines(void) {
  checksig_manifest *manifest = parsed(SHA1_ABC "  abc\n"
                                       "This is no line of a manifest.\n"
                                       "\n" SHA1_ABC "\n");
  static const uint64_t bad_lines[] = {2, 4};
  size_t count = 0;
  const struct checksig_entry *found = checksig_manifest_entries(manifest, &count);
  CHECK(count == 1 + COUNT(bad_lines));
  for (size_t i = 0; i < COUNT(bad_lines); i++) {
    const struct checksig_entry *bad = &found[i + 1];
    CHECK(bad->line == bad_lines[i]);
    CHECK(bad->error != NULL && bad->error_len > 0);
    CHECK(bad->name_len == 0);
    CHECK(bad->algorithm == NULL && bad->digest == NULL && bad->digest_len == 0);
    CHECK(bad->size == -1);
  }
  checksig_manifest_free(manifest);
}

/* A text that is no manifest at all: the last error tells where, if it is in a line. */
static void no_manifest(void) {
  static const struct {
    const char *text;
    uint64_t line;
  } texts[] = {
      {"%%%% HASHDEEP-1.0\n%%%% these are no columns\n", 2},
      {"\xff\xfet\0", 0}, /* UTF-16. */
      {"%%%% HASHDEEP-1.0\n%%%% size,unknown,filename\n", 2},
  };
  for (size_t i = 0; i < COUNT(texts); i++) {
    checksig_manifest *manifest = NULL;
    CHECK(read_text(texts[i].text, "a.list", true, &manifest) == CHECKSIG_STATUS_MANIFEST);
    CHECK(manifest == NULL);
    char message[1000];
    CHECK(checksig_last_error_message(message, sizeof message) < sizeof message);
    CHECK(strstr(message, "a.list") != NULL);
    CHECK(checksig_last_error_line() == texts[i].line);
  }
  /* A success leaves both as they were; a failure that is about no line has none. */
  checksig_manifest_free(parsed(""));
  CHECK(checksig_last_error_line() == 2);
  CHECK(checksig_hash_file("no/such/file", 12, "sha1", NULL, NULL, 0, NULL) ==
        CHECKSIG_STATUS_INVALID_ARGUMENT);
  CHECK(checksig_last_error_line() == 0);
}

static void no_file(void) {
  checksig_manifest *manifest = NULL;
  CHECK(checksig_manifest_read("no/such/file", 12, NULL, NULL, &manifest) == CHECKSIG_STATUS_IO);
  CHECK(manifest == NULL);
}

/* ---- Written ---- */

/* Writes entries with a format, NULL for the default. */
static enum checksig_status write_as(const char *format, const char *path,
                                     const struct checksig_entry *found, size_t count) {
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_format(options, format) == CHECKSIG_STATUS_OK);
  enum checksig_status status =
      checksig_manifest_write(path, strlen(path), found, count, options);
  checksig_options_free(options);
  return status;
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

/* Entries of the caller's own. Lines with the number 0 stand each for itself. */
static const struct checksig_entry OWN[] = {
    {.name = "abc", .name_len = 3, .algorithm = "sha1", .digest = ABC, .digest_len = 20, .size = 3},
    {.name = "a\nb", .name_len = 3, .algorithm = "sha1", .digest = ABC, .digest_len = 20,
     .size = -1},
};

static void written(const char *path) {
  CHECK(checksig_manifest_write(path, strlen(path), OWN, COUNT(OWN), NULL) == CHECKSIG_STATUS_OK);
  CHECK(has_content(path, SHA1_ABC "  abc\n\\" SHA1_ABC "  a\\nb\n"));

  /* In place of what was there. */
  CHECK(write_as("bsd", path, OWN, 1) == CHECKSIG_STATUS_OK);
  CHECK(has_content(path, "SHA1 (abc) = " SHA1_ABC "\n"));

  checksig_manifest *manifest = read_path(path, NULL);
  CHECK(strcmp(checksig_manifest_format(manifest), "bsd") == 0);
  size_t count = 0;
  const struct checksig_entry *found = checksig_manifest_entries(manifest, &count);
  CHECK(count == 1 && has_name(found, "abc") && has_digest(found, SHA1_ABC));
  checksig_manifest_free(manifest);
}

static void written_with_nul(const char *path) {
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_zero(options, true) == CHECKSIG_STATUS_OK);
  CHECK(checksig_manifest_write(path, strlen(path), OWN, COUNT(OWN), options) ==
        CHECKSIG_STATUS_OK);

  checksig_manifest *manifest = read_path(path, options);
  size_t count = 0;
  const struct checksig_entry *found = checksig_manifest_entries(manifest, &count);
  CHECK(count == 2 && has_name(&found[0], "abc") && has_name(&found[1], "a\nb"));
  checksig_manifest_free(manifest);
  checksig_options_free(options);
}

/* What was read can be written as it is: the entries of a line become one again. */
static void written_back(const char *path) {
  checksig_manifest *manifest = parsed(SEVERAL_DIGESTS);
  size_t count = 0;
  const struct checksig_entry *found = checksig_manifest_entries(manifest, &count);
  CHECK(write_as(checksig_manifest_format(manifest), path, found, count) == CHECKSIG_STATUS_OK);
  checksig_manifest_free(manifest);
  CHECK(has_content(path, SEVERAL_DIGESTS));

  manifest = read_path(path, NULL);
  check_several_digests(manifest);

  /* Most formats have room for one digest a line: then nothing is written. */
  found = checksig_manifest_entries(manifest, &count);
  CHECK(write_as("gnu", path, found, count) == CHECKSIG_STATUS_MANIFEST);
  CHECK(has_content(path, SEVERAL_DIGESTS));
  checksig_manifest_free(manifest);
}

/* What a format can't state is not written, and what was there stays. */
static void not_written(const char *path) {
  CHECK(checksig_manifest_write(path, strlen(path), OWN, 1, NULL) == CHECKSIG_STATUS_OK);
  CHECK(write_as("sfv", path, OWN, 1) == CHECKSIG_STATUS_MANIFEST);      /* Not CRC-32. */
  CHECK(write_as("hashdeep", path, OWN, 2) == CHECKSIG_STATUS_MANIFEST); /* No size. */
  struct checksig_entry no_digest = {.name = "abc", .name_len = 3, .size = -1};
  CHECK(write_as(NULL, path, &no_digest, 1) == CHECKSIG_STATUS_MANIFEST);
  struct checksig_entry no_name = OWN[0];
  no_name.name_len = 0;
  CHECK(write_as(NULL, path, &no_name, 1) == CHECKSIG_STATUS_MANIFEST);
  struct checksig_entry nul_in_name = OWN[0];
  nul_in_name.name = "a\0c";
  CHECK(write_as(NULL, path, &nul_in_name, 1) == CHECKSIG_STATUS_MANIFEST);
  CHECK(has_content(path, SHA1_ABC "  abc\n"));

  CHECK(write_as(NULL, "no/such/directory/file", OWN, 1) == CHECKSIG_STATUS_IO);
}

/* How many entries come through the options' descriptor. */
static size_t count_of(const checksig_options *options) {
  checksig_manifest *manifest = NULL;
  CHECK(checksig_manifest_read(NULL, 0, options, NULL, &manifest) == CHECKSIG_STATUS_OK);
  size_t count = 0;
  checksig_manifest_entries(manifest, &count);
  checksig_manifest_free(manifest);
  return count;
}

/* A pipe is read until its end, by one call; and whoever raises the flag need not wait for it. */
static void from_descriptor(void) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  checksig_options *options = checksig_options_new();
  CHECK(checksig_options_set_text(options, "", 0) == CHECKSIG_STATUS_OK);
  CHECK(checksig_options_set_descriptor(options, ends[0]) == CHECKSIG_STATUS_OK);

  checksig_cancel *cancel = checksig_cancel_new();
  checksig_cancel_request(cancel);
  checksig_manifest *manifest = NULL;
  CHECK(checksig_manifest_read(NULL, 0, options, cancel, &manifest) ==
        CHECKSIG_STATUS_CANCELLED);
  checksig_cancel_free(cancel);

  const char *lines = SHA1_ABC "  abc\n" SHA1_ABC "  other\n";
  CHECK(write(ends[1], lines, strlen(lines)) == (ssize_t)strlen(lines));
  close(ends[1]);
  CHECK(count_of(options) == 2);
  CHECK(count_of(options) == 0);
  close(ends[0]);
  CHECK(checksig_manifest_read(NULL, 0, options, NULL, &manifest) == CHECKSIG_STATUS_IO);

  /* What is set last counts. */
  CHECK(checksig_options_set_text(options, SHA1_ABC "  abc", strlen(SHA1_ABC "  abc")) ==
        CHECKSIG_STATUS_OK);
  CHECK(count_of(options) == 1);
  CHECK(checksig_options_set_descriptor(options, -1) == CHECKSIG_STATUS_OK);
  CHECK(checksig_manifest_read(NULL, 0, options, NULL, &manifest) ==
        CHECKSIG_STATUS_INVALID_ARGUMENT);
  checksig_options_free(options);
}

static void no_entries(const char *path) {
  CHECK(checksig_manifest_write(path, strlen(path), NULL, 0, NULL) == CHECKSIG_STATUS_OK);
  CHECK(has_content(path, ""));
  checksig_manifest *manifest = read_path(path, NULL);
  size_t count = 1;
  checksig_manifest_entries(manifest, &count);
  CHECK(count == 0);
  checksig_manifest_free(manifest);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  char path[5000];
  int length = snprintf(path, sizeof path, "%s/manifest", argv[1]);
  CHECK(length > 0 && (size_t)length < sizeof path);
  entries();
  several_digests();
  no_digest();
  malformed_line();
  malformed_lines();
  no_manifest();
  no_file();
  written(path);
  written_with_nul(path);
  written_back(path);
  not_written(path);
  no_entries(path);
  from_descriptor();
  printf("manifest: ok\n");
  return 0;
}
