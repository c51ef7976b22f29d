/* Arrays that the caller owns, read or changed by the library. */

#include "checksig.h"

#include "check.h"

#include <math.h>
#include <stdbool.h>

#define COUNT 100

/* Enough for more than one thread, and no multiple of anything. */
#define LARGE 3000001

static bool same(const double *a, const double *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (a[i] != b[i]) {
      return false;
    }
  }
  return true;
}

static void normalized(void) {
  const double nums[] = {1, 2, 6};
  const double expected[] = {-2, -1, 3}; /* The mean is 3. */
  double out[3] = {0};
  normalize(nums, out, 3);
  CHECK(same(out, expected, 3));

  double in_place[] = {1, 2, 6};
  normalize(in_place, in_place, 3);
  CHECK(same(in_place, expected, 3));

  /* Halves of one array do not overlap. */
  double halves[] = {1, 2, 6, 0, 0, 0};
  normalize(halves, halves + 3, 3);
  CHECK(same(halves, nums, 3));
  CHECK(same(halves + 3, expected, 3));

  /* Nothing to do: not even the pointers matter. */
  normalize(NULL, NULL, 0);
  normalize(nums, out, 0);
  CHECK(same(out, expected, 3));
}

static void increased(void) {
  int64_t nums[] = {1, -1, INT64_MAX};
  increase(nums, 3, 1);
  CHECK(nums[0] == 2 && nums[1] == 0 && nums[2] == INT64_MIN);
  increase(nums, 1, -10);
  CHECK(nums[0] == -8 && nums[1] == 0);
  increase(nums, 0, 1);
  increase(NULL, 0, 1);
  CHECK(nums[0] == -8);
}

static void dot_product(void) {
  const double a[] = {1, 2, 3};
  const double b[] = {4, 5, 6};
  CHECK(checksig_cookbook_dot(a, b, 3) == 4 + 10 + 18);
  CHECK(checksig_cookbook_dot(a, a, 3) == 1 + 4 + 9);
  CHECK(checksig_cookbook_dot(a, b, 0) == 0);
  CHECK(checksig_cookbook_dot(NULL, NULL, 0) == 0);
}

/* Fills `nums` with 0, 1, 2, ... and shuffles it. */
static void shuffled(double *nums, uint64_t seed) {
  for (int i = 0; i < COUNT; i++) {
    nums[i] = i;
  }
  checksig_cookbook_shuffle(nums, COUNT, seed);
}

/* Which order a seed stands for is the library's; that it is one is not. */
static void shuffling(void) {
  double one[COUNT];
  double again[COUNT];
  double other[COUNT];
  shuffled(one, 1);
  shuffled(again, 1);
  shuffled(other, 2);
  CHECK(same(one, again, COUNT));
  CHECK(!same(one, other, COUNT));

  bool seen[COUNT] = {false};
  for (int i = 0; i < COUNT; i++) {
    int number = (int)one[i];
    CHECK(one[i] == number && number >= 0 && number < COUNT);
    CHECK(!seen[number]);
    seen[number] = true;
  }

  double single = 7;
  checksig_cookbook_shuffle(&single, 1, 1);
  CHECK(single == 7);
  checksig_cookbook_shuffle(NULL, 0, 1);
}

static void pi(void) {
  CHECK(checksig_cookbook_pi(0) == 0);
  CHECK(checksig_cookbook_pi(-1) == 0);
  CHECK(checksig_cookbook_pi(1) == 4);

  /* The terms alternate and shrink, so the error is below the next term. */
  const int64_t n = 100000;
  double error = checksig_cookbook_pi(n) - 3.14159265358979323846;
  double next = 4.0 / (2.0 * (double)n + 1);
  CHECK(-next < error && error < next);
}

/* Whole numbers, whose sums are exact in any order: nothing is left out, taken twice
 * or written elsewhere, whichever thread it falls to. */
static void large(void) {
  double *nums = malloc((LARGE + 1) * sizeof *nums);
  double *out = malloc((LARGE + 1) * sizeof *out);
  int64_t *integers = malloc((LARGE + 1) * sizeof *integers);
  CHECK(nums != NULL && out != NULL && integers != NULL);
  double squares = 0;
  for (int i = 0; i <= LARGE; i++) {
    nums[i] = i % 1000 - 400;
    out[i] = 0.5;
    integers[i] = i;
    squares += i < LARGE ? nums[i] * nums[i] : 0;
  }
  CHECK(checksig_cookbook_dot(nums, nums, LARGE) == squares);

  increase(integers, LARGE, -7);
  for (int i = 0; i < LARGE; i++) {
    CHECK(integers[i] == i - 7);
  }
  CHECK(integers[LARGE] == LARGE);

  for (int i = 0; i < LARGE; i++) {
    nums[i] = 2 * i;
  }
  normalize(nums, out, LARGE);
  normalize(nums, nums, LARGE);
  for (int i = 0; i < LARGE; i++) {
    CHECK(out[i] == 2.0 * i - (LARGE - 1));
  }
  CHECK(same(nums, out, LARGE));
  CHECK(out[LARGE] == 0.5 && nums[LARGE] == LARGE % 1000 - 400);

  free(nums);
  free(out);
  free(integers);
}

/* What addition would lose is in the sum, and what it makes of infinities too. */
static void accurate(void) {
  const double a[] = {1e16, 1, -1e16};
  const double ones[] = {1, 1, 1};
  CHECK(checksig_cookbook_dot(a, ones, 3) == 1);
  const double huge[] = {1e200, 1, 1};
  CHECK(checksig_cookbook_dot(huge, huge, 3) == INFINITY);
  const double infinite[] = {INFINITY, 1, -INFINITY};
  CHECK(isnan(checksig_cookbook_dot(infinite, ones, 3)));
  double out[3];
  normalize(huge, out, 3);
  CHECK(out[1] < 0 && isfinite(out[1]));
  normalize(infinite, out, 3);
  CHECK(isnan(out[0]) && isnan(out[1]) && isnan(out[2]));
}

int main(void) {
  normalized();
  increased();
  dot_product();
  large();
  accurate();
  shuffling();
  pi();
  checksig_cookbook_noop();
  CHECK(checksig_last_error_message(NULL, 0) == 0);
  printf("arrays: ok\n");
  return 0;
}
