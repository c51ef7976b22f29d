/* Many canonical names at once, asked of a name server on this machine.
 *
 * Usage: dns_many NAME_SERVER
 *
 * NAME_SERVER, as in 127.0.0.1:5353, has the zone golang.org: `www` is an alias of
 * golang.org, and `dangling` of a name that does not exist. */

#include "checksig.h"

#include "check.h"

#include <string.h>
#include <unistd.h>

#define COUNT 4

/* "www.golang.org", "a..b", "dangling.golang.org" and "": nothing stands between them. */
static const char NAMES[] = "www.golang.orga..bdangling.golang.org";
static const uint32_t LENGTHS[COUNT] = {14, 4, 19, 0};

/* The line of a name, among lines in any order. */
static const char *line_of(const char *results, char number) {
  for (const char *line = results; *line != '\0'; line = strchr(line, '\n') + 1) {
    if (line[0] == number && line[1] == '\t') {
      return line;
    }
  }
  return NULL;
}

static void starts(const char *results, char number, const char *expected) {
  const char *line = line_of(results, number);
  CHECK(line != NULL);
  CHECK(strncmp(line, expected, strlen(expected)) == 0);
}

static struct checksig_dns_options *options_for(const char *server) {
  struct checksig_dns_options *options = checksig_dns_options_new();
  CHECK(options != NULL);
  CHECK(checksig_dns_options_set_nameservers(options, server, strlen(server)) ==
        CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_options_set_search(options, "", 0) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_options_set_hosts(options, NULL, 0) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_options_set_resolv_conf(options, "/dev/null", 9) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_options_set_timeout(options, 30) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_options_set_attempts(options, 3) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_options_set_max_hops(options, 8) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_options_set_concurrency(options, 2) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_options_set_rate(options, 10000) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_options_set_validate(options, false, NULL, 0) == CHECKSIG_STATUS_OK);
  return options;
}

static void check_results(const char *results, const char *server) {
  char expected[128];
  snprintf(expected, sizeof expected, "0\t0\t0\t%s\twww.golang.org. golang.org.\t\n", server);
  starts(results, '0', expected);
  starts(results, '1', "1\t7\t0\t\t\tbad name \"a..b\": an empty label\n");
  snprintf(expected, sizeof expected,
           "2\t9\t0\t%s\tdangling.golang.org. nowhere.golang.org.\tdangling", server);
  starts(results, '2', expected);
  starts(results, '3', "3\t7\t0\t\t\tbad name \"\": empty\n");
}

static void all_at_once(const struct checksig_dns_options *options, const char *server) {
  char *results = NULL;
  size_t length = 0;
  CHECK(checksig_dns_lookup_many(NAMES, LENGTHS, COUNT, options, NULL, &results, &length) ==
        CHECKSIG_STATUS_OK);
  CHECK(strlen(results) == length);
  check_results(results, server);
  free(results);

  CHECK(checksig_dns_lookup_many(NULL, NULL, 0, options, NULL, &results, NULL) ==
        CHECKSIG_STATUS_OK);
  CHECK(strcmp(results, "") == 0);
  checksig_free(results);
}

/* Once the flag is raised nobody is asked. */
static void cancelled(const struct checksig_dns_options *options) {
  struct checksig_cancel *cancel = checksig_cancel_new();
  checksig_cancel_request(cancel);
  char *results = NULL;
  CHECK(checksig_dns_lookup_many(NAMES, LENGTHS, COUNT, options, cancel, &results, NULL) ==
        CHECKSIG_STATUS_OK);
  CHECK(strcmp(results, "") == 0);
  checksig_free(results);
  checksig_cancel_free(cancel);
}

static void bit_by_bit(const struct checksig_dns_options *options, const char *server) {
  struct checksig_dns_bulk *bulk = NULL;
  CHECK(checksig_dns_bulk_new(options, &bulk) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_bulk_wanted(bulk) == 2);
  char all[4096] = "";
  const char *name = NAMES;
  size_t given = 0;
  while (given < COUNT || checksig_dns_bulk_in_flight(bulk) > 0) {
    size_t count = checksig_dns_bulk_wanted(bulk);
    if (count > COUNT - given) {
      count = COUNT - given;
    }
    const char *results = NULL;
    size_t length = 0;
    CHECK(checksig_dns_bulk_step(bulk, name, LENGTHS + given, count, 0.05, &results,
                                 &length) == CHECKSIG_STATUS_OK);
    strncat(all, results, length);
    for (size_t end = given + count; given < end; given++) {
      name += LENGTHS[given];
    }
  }
  check_results(all, server);
  checksig_dns_bulk_free(bulk);
}

/* A run that is not finished can be released; and a forked child cannot go on with it. */
static void half_done(const struct checksig_dns_options *options) {
  struct checksig_dns_bulk *bulk = NULL;
  const char *results = NULL;
  size_t length = 0;
  CHECK(checksig_dns_bulk_new(options, &bulk) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_bulk_step(bulk, NAMES, LENGTHS, 1, 0, &results, &length) ==
        CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_bulk_step(bulk, NAMES, LENGTHS, 1, -1, &results, &length) ==
        CHECKSIG_STATUS_INVALID_ARGUMENT);
  checksig_dns_bulk_free(bulk);
}

static void misuse(struct checksig_dns_options *options) {
  enum checksig_status invalid = CHECKSIG_STATUS_INVALID_ARGUMENT;
  char *results = NULL;
  const char *lent = NULL;
  size_t length = 0;
  struct checksig_dns_bulk *bulk = NULL;
  CHECK(checksig_dns_lookup_many(NAMES, LENGTHS, COUNT, options, NULL, NULL, NULL) == invalid);
  CHECK(checksig_dns_lookup_many(NULL, LENGTHS, COUNT, options, NULL, &results, NULL) ==
        invalid);
  CHECK(checksig_dns_lookup_many(NAMES, NULL, COUNT, options, NULL, &results, NULL) ==
        invalid);
  CHECK(checksig_dns_lookup_many(NAMES, LENGTHS, SIZE_MAX, options, NULL, &results, NULL) ==
        invalid);
  CHECK(checksig_dns_bulk_new(options, NULL) == invalid);
  CHECK(checksig_dns_bulk_step(NULL, NULL, NULL, 0, 0, &lent, &length) == invalid);
  CHECK(checksig_dns_bulk_wanted(NULL) == 0 && checksig_dns_bulk_in_flight(NULL) == 0);
  checksig_dns_bulk_free(NULL);
  checksig_dns_options_free(NULL);
  CHECK(checksig_dns_options_set_timeout(NULL, 1) == invalid);
  CHECK(checksig_dns_options_set_timeout(options, -1) == invalid);
  CHECK(checksig_dns_options_set_rate(options, -1) == invalid);
  CHECK(checksig_dns_options_set_resolv_conf(options, NULL, 0) == invalid);
  CHECK(checksig_dns_options_set_engine(options, NULL) == invalid);
  CHECK(checksig_dns_options_set_engine(options, "slow") == invalid);
  CHECK(checksig_dns_options_set_nameservers(options, "", 0) ==
        CHECKSIG_STATUS_DNS_BAD_NAMESERVER);
  CHECK(checksig_dns_options_set_validate(options, true, "\xff", 1) == invalid);
  CHECK(checksig_dns_options_set_search(options, "a..b", 4) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_bulk_new(options, &bulk) == CHECKSIG_STATUS_DNS_BAD_NAME);
  CHECK(checksig_dns_options_set_search(options, NULL, 0) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_options_set_engine(options, "fast") == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_options_set_validate(options, true, NULL, 0) == CHECKSIG_STATUS_OK);
  CHECK(checksig_dns_bulk_new(options, &bulk) == invalid);
  CHECK(bulk == NULL && results == NULL);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  const char *server = argv[1];
  struct checksig_dns_options *options = options_for(server);
  const char *engines[] = {"auto", "resolver", "fast"};
  for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
    CHECK(checksig_dns_options_set_engine(options, engines[i]) == CHECKSIG_STATUS_OK);
    all_at_once(options, server);
    cancelled(options);
    bit_by_bit(options, server);
    half_done(options);
  }
  misuse(options);
  checksig_dns_options_free(options);
  printf("dns_many: ok\n");
  return 0;
}
