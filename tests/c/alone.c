/* No thread of the library outlives a call. Only Linux lists a process's threads
 * where a program can read it; elsewhere nothing is checked.
 *
 * Usage: alone GOOD
 *
 * GOOD is a directory with a sha1sum.txt, whose files all match. */

#include "checksig.h"

#include "check.h"

#include <dirent.h>
#include <string.h>

#define ROUNDS 100

#ifdef __linux__
static int count_threads(void) {
  DIR *tasks = opendir("/proc/self/task");
  CHECK(tasks != NULL);
  int count = 0;
  for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
    count += task->d_name[0] != '.';
  }
  closedir(tasks);
  return count;
}
#else
static int count_threads(void) { return 1; }
#endif

int main(int argc, char **argv) {
  CHECK(argc == 2);
  const char *good = argv[1];
  int not_alone = 0;
  for (int round = 0; round < ROUNDS; round++) {
    checksig_report *report = NULL;
    CHECK(checksig_verify(good, strlen(good), 4, &report) == CHECKSIG_STATUS_OK);
    not_alone += count_threads() > 1;
    checksig_report_free(report);
  }
  /* The kernel may list a thread for a moment after it was joined. */
  CHECK(not_alone < ROUNDS / 10);
  printf("alone: ok\n");
  return 0;
}
