/* How many threads this process has. Only Linux lists them where a program can read
 * it; elsewhere the calling thread alone is counted. */

#ifndef TASKS_H
#define TASKS_H

#include "check.h"

#ifdef __linux__
#include <dirent.h>

static inline int count_threads(void) {
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
static inline int count_threads(void) { return 1; }
#endif

#endif
