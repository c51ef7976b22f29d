/* The smallest program: a function of the library between two lines of ours.
 * All three come in this order also through a pipe, where stdout is buffered. */

#include "checksig.h"

#include <stdio.h>

int main(void) {
  printf("The library says:\n");
  Hello();
  printf("hello: ok\n");
  return 0;
}
