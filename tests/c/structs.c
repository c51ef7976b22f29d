/* A struct that the library fills, and one that owns a text of the library's. */

#include "checksig.h"

#include "check.h"

#include <string.h>

static void full_name(void) {
  char buffer[13]; /* "Ada Lovelace" has 12 bytes, and a NUL follows. */
  struct checksig_person ada = {
      .first_name = "Ada",
      .last_name = "Lovelace",
      .full_name = buffer,
      .full_name_len = sizeof buffer,
  };
  CHECK(checksig_cookbook_full_name(&ada) == CHECKSIG_STATUS_OK);
  CHECK(strcmp(buffer, "Ada Lovelace") == 0);

  /* Only the buffer was written. */
  CHECK(strcmp(ada.first_name, "Ada") == 0);
  CHECK(strcmp(ada.last_name, "Lovelace") == 0);
  CHECK(ada.full_name == buffer);
  CHECK(ada.full_name_len == sizeof buffer);
}

/* One byte too few: an empty string instead of half a name. */
static void no_room(void) {
  char buffer[12] = "unchanged";
  struct checksig_person ada = {"Ada", "Lovelace", buffer, sizeof buffer};
  CHECK(checksig_cookbook_full_name(&ada) == CHECKSIG_STATUS_BUFFER_TOO_SMALL);
  CHECK(strcmp(buffer, "") == 0);
}

/* Names may have bytes in any encoding. */
static void latin_1(void) {
  char buffer[20];
  struct checksig_person zoe = {"Zo\xeb", "M\xfcller", buffer, sizeof buffer};
  CHECK(checksig_cookbook_full_name(&zoe) == CHECKSIG_STATUS_OK);
  CHECK(strcmp(buffer, "Zo\xeb M\xfcller") == 0);
}

static void check_user_info(const char *name, const char *expected) {
  struct checksig_user_info user = checksig_cookbook_user_info(name);
  CHECK(user.info != NULL);
  CHECK(strcmp(user.info, expected) == 0);
  checksig_user_info_free(user);
}

/* Letters are counted as a reader does: an e with a diaeresis is one of them,
 * whether it is one character (2 bytes) or an e and a combining mark (3 bytes). */
static void user_info(void) {
  check_user_info("Alice", "User \"Alice\" has 5 letters in their name");
  check_user_info("", "User \"\" has 0 letters in their name");
  check_user_info("Zo\xc3\xab", "User \"Zo\xc3\xab\" has 3 letters in their name");
  check_user_info("Zoe\xcc\x88", "User \"Zoe\xcc\x88\" has 3 letters in their name");
}

int main(void) {
  full_name();
  no_room();
  latin_1();
  user_info();
  printf("structs: ok\n");
  return 0;
}
