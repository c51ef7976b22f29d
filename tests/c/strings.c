/* Text: into a buffer of the caller's, out of the library, and what went wrong. */

#include "checksig.h"

#include "check.h"

#include <string.h>

static void repeated(void) {
  char out[7];
  CHECK(repeat("ab", 3, out, sizeof out) == out);
  CHECK(strcmp(out, "ababab") == 0);
  CHECK(repeat("ab", 0, out, sizeof out) == out);
  CHECK(strcmp(out, "") == 0);
  CHECK(repeat("", 1000, out, sizeof out) == out);
  CHECK(strcmp(out, "") == 0);
}

/* What the library allocates as text is from malloc: free takes it, and so does
 * checksig_free, for programs whose own free is another C library's. */
static void joined(void) {
  const char *const words[] = {"north", "", "south", NULL};
  char *text = checksig_cookbook_join(words, ", ");
  CHECK(text != NULL);
  CHECK(strcmp(text, "north, , south") == 0);
  free(text);

  text = checksig_cookbook_join(words, "");
  CHECK(text != NULL);
  CHECK(strcmp(text, "northsouth") == 0);
  checksig_free(text);

  const char *const none[] = {NULL};
  text = checksig_cookbook_join(none, ", ");
  CHECK(text != NULL);
  CHECK(strcmp(text, "") == 0);
  checksig_free(text);
}

static void user(void) {
  struct checksig_user_info alice = checksig_cookbook_user_info("Alice");
  CHECK(alice.info != NULL);
  CHECK(strcmp(alice.info, "User \"Alice\" has 5 letters in their name") == 0);
  checksig_user_info_free(alice);
}

/* Each thread has the message of its last failure; success leaves it. */
static void last_error(void) {
  CHECK(checksig_last_error_message(NULL, 0) == 0);

  struct checksig_even_result negative = checksig_cookbook_even(-5);
  checksig_error_free(negative.err);
  CHECK(add(1, 1) == 2);

  static const char expected[] = "-5 is negative, want at least 0";
  char message[100];
  CHECK(checksig_last_error_message(message, sizeof message) == strlen(expected));
  CHECK(strcmp(message, expected) == 0);
}

/* The version is three numbers. It is the library's: nobody releases it. */
static void version(void) {
  unsigned int major = 0;
  unsigned int minor = 0;
  unsigned int patch = 0;
  const char *text = checksig_version();
  CHECK(text != NULL);
  CHECK(sscanf(text, "%u.%u.%u", &major, &minor, &patch) == 3);
  CHECK(text == checksig_version());
}

int main(void) {
  repeated();
  joined();
  user();
  last_error();
  version();
  printf("strings: ok\n");
  return 0;
}
