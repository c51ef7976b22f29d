/*
 * Looks up the canonical names of all names in a file, one a line, and prints how many
 * were found: what a C program gets of checksig.
 *
 *     canonical SERVER FILE
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checksig.h"

static void fail(const char *message) {
  fprintf(stderr, "%s\n", message);
  exit(2);
}

static void check(enum checksig_status status) {
  if (status != CHECKSIG_STATUS_OK) {
    char message[1024];
    checksig_last_error_message(message, sizeof message);
    fail(message);
  }
}

/* The content of a file, with a NUL at its end. */
static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
    fail("the file can't be read");
  }
  long size = ftell(file);
  char *text = size < 0 ? NULL : malloc((size_t)size + 1);
  rewind(file);
  if (text == NULL || fread(text, 1, (size_t)size, file) != (size_t)size) {
    fail("the file can't be read");
  }
  text[size] = '\0';
  fclose(file);
  return text;
}

/* Moves all lines together, without their ends; their lengths go to `lengths`. */
static size_t pack(char *text, uint32_t *lengths) {
  size_t count = 0;
  char *end = text;
  for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    size_t length = strlen(line);
    memmove(end, line, length);
    end += length;
    lengths[count++] = (uint32_t)length;
  }
  return count;
}

/* How many lines have 0 as their second field. */
static size_t count_found(const char *results) {
  size_t found = 0;
  for (const char *line = results; *line != '\0'; line = strchr(line, '\n') + 1) {
    found += strncmp(strchr(line, '\t'), "\t0\t", 3) == 0;
  }
  return found;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fail("usage: canonical SERVER FILE");
  }
  char *names = read_file(argv[2]);
  uint32_t *lengths = malloc((strlen(names) + 1) * sizeof *lengths);
  struct checksig_dns_options *options = checksig_dns_options_new();
  if (lengths == NULL || options == NULL) {
    fail("out of memory");
  }
  size_t count = pack(names, lengths);
  check(checksig_dns_options_set_nameservers(options, argv[1], strlen(argv[1])));
  char *results = NULL;
  check(checksig_dns_lookup_many(names, lengths, count, options, NULL, &results, NULL));
  printf("%zu\n", count_found(results));
  free(results);
  checksig_dns_options_free(options);
  free(lengths);
  free(names);
  return 0;
}
