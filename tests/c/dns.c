/* Canonical names, asked of a name server on this machine.
 *
 * Usage: dns NAME_SERVER
 *
 * NAME_SERVER, as in 127.0.0.1:5353, has the zone golang.org: `www` is an alias
 * of golang.org, `deep` of www, `dangling` of a name that does not exist, and
 * `one.loop` and `two.loop` of each other. */

#include "checksig.h"

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static enum checksig_status look_up(const char *name, const char *server, double timeout,
                                    char **canonical) {
  return checksig_dns_lookup_cname(name, strlen(name), server, strlen(server), timeout,
                                   canonical);
}

static void found(const char *server, const char *name, const char *expected) {
  char *canonical = NULL;
  CHECK(look_up(name, server, 5, &canonical) == CHECKSIG_STATUS_OK);
  CHECK(canonical != NULL);
  CHECK(strcmp(canonical, expected) == 0);
  free(canonical);
}

/* A failed call leaves the out-parameter alone and says what was wrong. */
static void failed(const char *server, const char *name, enum checksig_status status) {
  char untouched;
  char *canonical = &untouched;
  CHECK(look_up(name, server, 5, &canonical) == status);
  CHECK(canonical == &untouched);
  CHECK(checksig_last_error_message(NULL, 0) > 0);
}

/* Only `name_len` bytes are the name: it need not end with a NUL. */
static void part_of_a_text(const char *server) {
  const char *url = "www.golang.org/doc";
  char *canonical = NULL;
  CHECK(checksig_dns_lookup_cname(url, strlen("www.golang.org"), server, strlen(server), 5,
                                  &canonical) == CHECKSIG_STATUS_OK);
  CHECK(strcmp(canonical, "golang.org.") == 0);
  checksig_free(canonical);
}

/* A name server that takes every question and answers none: its socket, and its
 * address written to `address`. */
static int silent_server(char *address, size_t size) {
  struct sockaddr_in place = {.sin_family = AF_INET};
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof place;
  int server = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(server >= 0);
  CHECK(bind(server, (struct sockaddr *)&place, length) == 0);
  CHECK(getsockname(server, (struct sockaddr *)&place, &length) == 0);
  snprintf(address, size, "127.0.0.1:%d", ntohs(place.sin_port));
  return server;
}

static double now(void) {
  struct timespec time;
  CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The deadline is for the whole call. */
static void timed_out(void) {
  char address[32];
  int server = silent_server(address, sizeof address);
  char *canonical = NULL;
  double start = now();
  CHECK(look_up("golang.org", address, 0.3, &canonical) == CHECKSIG_STATUS_DNS_TIMEOUT);
  double seconds = now() - start;
  CHECK(seconds > 0.25 && seconds < 3); /* Much less; but machines can be busy. */
  CHECK(canonical == NULL);
  close(server);
}

static void returned(const char *name, const char *expected) {
  struct GoString question = {name, (long long)strlen(name)};
  char *answer = ReturnString(question);
  CHECK(answer != NULL);
  CHECK(strcmp(answer, expected) == 0);
  free(answer);
}

/* ReturnString always asks the servers of the environment or of the system; the
 * other function does where it is given none. */
static void servers_of_the_environment(const char *server) {
  CHECK(setenv("CHECKSIG_NAMESERVERS", server, 1) == 0);
  returned("golang.org", "golang.org.");
  returned("www.golang.org", "golang.org.");
  returned("dangling.golang.org", "nowhere.golang.org.");
  returned("nowhere.golang.org", "Could not find CNAME");
  returned("", "Could not find CNAME");

  const char *name = "deep.golang.org";
  char *canonical = NULL;
  CHECK(checksig_dns_lookup_cname(name, strlen(name), NULL, 0, 5, &canonical) ==
        CHECKSIG_STATUS_OK);
  CHECK(strcmp(canonical, "golang.org.") == 0);
  free(canonical);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  const char *server = argv[1];

  found(server, "golang.org", "golang.org.");
  found(server, "golang.org.", "golang.org.");
  found(server, "WWW.golang.org", "golang.org.");
  found(server, "deep.golang.org", "golang.org.");

  failed(server, "dangling.golang.org", CHECKSIG_STATUS_DNS_NXDOMAIN);
  failed(server, "nowhere.golang.org", CHECKSIG_STATUS_DNS_NXDOMAIN);
  failed(server, "one.loop.golang.org", CHECKSIG_STATUS_DNS_CNAME_LOOP);
  failed(server, "not a name", CHECKSIG_STATUS_DNS_BAD_NAME);
  failed(server, "", CHECKSIG_STATUS_DNS_BAD_NAME);
  failed("not an address", "golang.org", CHECKSIG_STATUS_DNS_BAD_NAMESERVER);

  part_of_a_text(server);
  timed_out();
  servers_of_the_environment(server);
  printf("dns: ok\n");
  return 0;
}
