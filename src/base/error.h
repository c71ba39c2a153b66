/* An error in words. */
#ifndef PS_BASE_ERROR_H
#define PS_BASE_ERROR_H

/* What was wrong and what would be right. */
struct ps_error {
  char text[512]; /* one clean line without its end; "" if nothing was wrong, or the errno value says it all */
  int endpoint;   /* whose settings it is about, an index into the endpoints; negative: not of a single one's */
};

#endif
