/* No thread of the library outlives a call.
 *
 * Usage: alone GOOD
 *
 * GOOD is a directory with a sha1sum.txt, whose files all match. */

#include "checksig.h"

#include "check.h"
#include "run.h"
#include "tasks.h"

#define ROUNDS 100

int main(int argc, char **argv) {
  CHECK(argc == 2);
  const char *good = argv[1];
  checksig_options *options = with_threads(4);
  int not_alone = 0;
  for (int round = 0; round < ROUNDS; round++) {
    checksig_report *report = report_on(good, options);
    not_alone += count_threads() > 1;
    checksig_report_free(report);
  }
  checksig_options_free(options);
  /* The kernel may list a thread for a moment after it was joined. */
  CHECK(not_alone < ROUNDS / 10);
  printf("alone: ok\n");
  return 0;
}
