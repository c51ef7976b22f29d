/* A child made by fork after the parent has used the library: it verifies with the
 * options and the flag that the parent made, and calls back.
 *
 * Usage: fork GOOD
 *
 * GOOD is a directory with a sha1sum.txt, whose files all match. */

#include "checksig.h"

#include "check.h"
#include "run.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the parent makes before it forks. */
struct inherited {
  checksig_options *options;
  checksig_cancel *cancel;
  checksig_report *report;
};

static void release(struct inherited *inherited) {
  checksig_report_free(inherited->report);
  checksig_cancel_free(inherited->cancel);
  checksig_options_free(inherited->options);
}

static int count_result(const struct checksig_result *result, void *user) {
  size_t *calls = user;
  CHECK(result->verdict == CHECKSIG_VERDICT_OK);
  ++*calls;
  return 0;
}

static void verify_good(const char *good, const struct inherited *inherited) {
  CHECK(verify(good) == NULL);

  size_t calls = 0;
  checksig_report *report = NULL;
  CHECK(checksig_verify(good, strlen(good), NULL, 0, inherited->options, count_result, NULL,
                        &calls, inherited->cancel, &report) == CHECKSIG_STATUS_OK);
  CHECK(checksig_report_ok(report));
  CHECK(calls == checksig_report_count(report, CHECKSIG_VERDICT_OK));
  checksig_report_free(report);
}

/* A flag that is raised here ends runs here, and not in another process. */
static void verify_cancelled(const char *good, const struct inherited *inherited) {
  checksig_cancel_request(inherited->cancel);
  checksig_report *report = NULL;
  CHECK(checksig_verify(good, strlen(good), NULL, 0, inherited->options, NULL, NULL, NULL,
                        inherited->cancel, &report) == CHECKSIG_STATUS_OK);
  CHECK(checksig_report_cancelled(report));
  checksig_report_free(report);
}

static enum checksig_status look_up(const char *name, const char *server) {
  char *canonical = NULL;
  enum checksig_status status = checksig_dns_lookup_cname(
      name, strlen(name), server, strlen(server), 0.2, &canonical);
  free(canonical);
  return status;
}

/* Look-ups that fail fast: the second one opens a socket, but nobody is there. */
static void look_names_up(void) {
  CHECK(look_up("not a name", "127.0.0.1") == CHECKSIG_STATUS_DNS_BAD_NAME);
  CHECK(look_up("golang.org", "127.0.0.1:1") != CHECKSIG_STATUS_OK);
}

static void run_child(const char *good, const struct inherited *inherited) {
  alarm(60); /* Ends a child that waits for something only its parent has. */
  CHECK(checksig_report_ok(inherited->report));
  verify_good(good, inherited);
  look_names_up();
  verify_cancelled(good, inherited);
}

static void fork_and_wait(const char *good, struct inherited *inherited) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    run_child(good, inherited);
    release(inherited); /* The child's copies. */
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  const char *good = argv[1];
  struct inherited inherited = {with_threads(4), checksig_cancel_new(), report_on(good, NULL)};
  verify_good(good, &inherited);
  look_names_up();

  fork_and_wait(good, &inherited);
  fork_and_wait(good, &inherited);

  /* The children took nothing from the parent. */
  CHECK(checksig_report_ok(inherited.report));
  verify_good(good, &inherited);
  look_names_up();
  release(&inherited);
  printf("fork: ok\n");
  return 0;
}
