/* A child made by fork after the parent has used the library.
 *
 * Usage: fork GOOD
 *
 * GOOD is a directory with a sha1sum.txt, whose files all match. */

#include "checksig.h"

#include "check.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void verify_good(const char *good) {
  CHECK(verify(good) == NULL);

  checksig_report *report = NULL;
  CHECK(checksig_verify(good, strlen(good), 4, &report) == CHECKSIG_STATUS_OK);
  CHECK(checksig_report_ok(report));
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

static void run_child(const char *good, const checksig_report *inherited) {
  alarm(60); /* Ends a child that waits for something only its parent has. */
  CHECK(checksig_report_ok(inherited));
  verify_good(good);
  look_names_up();
}

static void fork_and_wait(const char *good, checksig_report *report) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    run_child(good, report);
    checksig_report_free(report); /* The child's copy. */
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
  verify_good(good);
  look_names_up();

  checksig_report *report = NULL;
  CHECK(checksig_verify(good, strlen(good), 0, &report) == CHECKSIG_STATUS_OK);
  fork_and_wait(good, report);
  fork_and_wait(good, report);
  CHECK(checksig_report_ok(report));
  checksig_report_free(report);

  /* The children took nothing from the parent. */
  verify_good(good);
  look_names_up();
  printf("fork: ok\n");
  return 0;
}
