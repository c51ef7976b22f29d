/* The shortest way to a report, for the programs here that are about other things. */

#ifndef RUN_H
#define RUN_H

#include "checksig.h"

#include "check.h"

#include <string.h>

/* A report on a directory whose manifest has a usual name, to be released by the
 * caller. NULL options are the defaults. */
static inline checksig_report *report_on(const char *root, const checksig_options *options) {
  checksig_report *report = NULL;
  CHECK(checksig_verify(root, strlen(root), NULL, 0, options, NULL, NULL, NULL, NULL, &report) ==
        CHECKSIG_STATUS_OK);
  CHECK(report != NULL);
  return report;
}

/* Options with nothing but a number of threads, to be released by the caller. */
static inline checksig_options *with_threads(size_t threads) {
  checksig_options *options = checksig_options_new();
  CHECK(options != NULL);
  CHECK(checksig_options_set_threads(options, threads) == CHECKSIG_STATUS_OK);
  return options;
}

#endif
