/*
 * Verifies a directory and prints, as JSON, the seconds that the library took and the
 * peak of this process's memory: what a C program gets of checksig.
 *
 *     engine ROOT MANIFEST
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "checksig.h"

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* In bytes; 0 where the system does not tell. The ru_maxrss of getrusage will not do: it
   has what the process that started this one used. */
static uint64_t peak_memory(void) {
  uint64_t kilobytes = 0;
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  if (status == NULL) {
    return 0;
  }
  while (fgets(line, sizeof line, status) != NULL) {
    if (sscanf(line, "VmHWM: %" SCNu64, &kilobytes) == 1) {
      break;
    }
  }
  fclose(status);
  return kilobytes * 1024;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fputs("usage: engine ROOT MANIFEST\n", stderr);
    return 2;
  }
  struct checksig_report *report = NULL;
  double start = now();
  enum checksig_status status =
      checksig_verify(argv[1], strlen(argv[1]), argv[2], strlen(argv[2]), NULL, NULL, NULL,
                      NULL, NULL, &report);
  double seconds = now() - start;
  if (status != CHECKSIG_STATUS_OK) {
    char message[1024];
    checksig_last_error_message(message, sizeof message);
    fprintf(stderr, "%s\n", message);
    return 2;
  }
  int failed = !checksig_report_ok(report);
  if (failed) {
    fprintf(stderr, "%s\n", checksig_report_message(report));
  } else {
    printf("{\"seconds\": %.9f, \"peak\": %" PRIu64 "}\n", seconds, peak_memory());
  }
  checksig_report_free(report);
  return failed;
}
