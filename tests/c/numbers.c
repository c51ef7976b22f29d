/* Numbers in and out, and functions that print.
 *
 * Usage: numbers SCRATCH_FILE */

#include "checksig.h"

#include "check.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Hello and hello print to our own stdout, here a file, and flush it: the text
 * is in the file before we flush or close anything. */
static void printing(const char *scratch) {
  int original = dup(STDOUT_FILENO);
  int file = open(scratch, O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(original >= 0 && file >= 0);
  CHECK(dup2(file, STDOUT_FILENO) >= 0);

  Hello();
  hello();

  static const char expected[] =
      "Hello! The square root of 4 is: 2\n"
      "Hello world!\n";
  char printed[100] = "";
  CHECK(pread(file, printed, sizeof printed - 1, 0) >= 0);
  CHECK(strcmp(printed, expected) == 0);

  CHECK(dup2(original, STDOUT_FILENO) >= 0);
  close(file);
  close(original);
}

/* Sums wrap as unsigned ones do in C: no overflow is undefined. */
static void sums(void) {
  CHECK(add(10, 15) == 25);
  CHECK(add(-10, 3) == -7);
  CHECK(add(INT64_MAX, 1) == INT64_MIN);
  CHECK(add(INT64_MIN, -1) == INT64_MAX);
  CHECK(ReturnInt(4) == 7);
  CHECK(ReturnInt(-3) == 0);
  CHECK(ReturnInt(LLONG_MAX) == LLONG_MIN + 2);
}

/* A result and an error come together: the error is looked at first. */
static void even(void) {
  struct checksig_even_result six = checksig_cookbook_even(6);
  CHECK(six.err.err == NULL);
  CHECK(six.result);

  struct checksig_even_result seven = checksig_cookbook_even(7);
  CHECK(seven.err.err == NULL);
  CHECK(!seven.result);

  struct checksig_even_result zero = checksig_cookbook_even(0);
  CHECK(zero.err.err == NULL);
  CHECK(zero.result);

  struct checksig_even_result negative = checksig_cookbook_even(-5);
  CHECK(negative.err.err != NULL);
  CHECK(strcmp(negative.err.err, "-5 is negative, want at least 0") == 0);
  CHECK(!negative.result);

  /* No error is released like an error: callers need not tell them apart. */
  checksig_error_free(six.err);
  checksig_error_free(seven.err);
  checksig_error_free(zero.err);
  checksig_error_free(negative.err);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  printing(argv[1]);
  sums();
  even();
  printf("numbers: ok\n");
  return 0;
}
