/* Gives a target the inputs of a directory of seeds, each whole and each cut off after every byte, as what comes over a
 * wire may be, or after every line: under any compiler and any sanitizer, so that what was wrong once stays right. */
#include "target.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define SEED_MAX 65536

/* In memory of just this size, so that a sanitizer sees one byte too many. */
static void give(const char *text, size_t size)
{
  uint8_t *exact = malloc(size ? size : 1);
  if (!exact)
    abort();
  memcpy(exact, text, size);
  LLVMFuzzerTestOneInput(exact, size);
  free(exact);
}

static size_t load(const char *path, char *text)
{
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(1);
  }
  size_t size = fread(text, 1, SEED_MAX, file);
  fclose(file);
  return size;
}

/* How many inputs it was. */
static size_t replay(const char *directory, const char *name, bool by_lines)
{
  static char text[SEED_MAX];
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  size_t size = load(path, text);
  /* Told now, for a target that ends the process cannot. */
  printf("%s\n", name);
  fflush(stdout);
  give(text, size);
  size_t inputs = 1;
  for (size_t cut = 0; cut < size; cut++) {
    if (by_lines && cut && text[cut - 1] != '\n')
      continue;
    give(text, cut);
    inputs++;
  }
  return inputs;
}

int main(int argc, char **argv)
{
  bool by_lines = argc == 3 && strcmp(argv[2], "lines") == 0;
  DIR *directory = argc == 2 || by_lines ? opendir(argv[1]) : NULL;
  size_t seeds = 0, inputs = 0;
  if (!directory) {
    fprintf(stderr, "usage: %s DIRECTORY [lines]\n", argv[0]);
    return 2;
  }
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (entry->d_name[0] == '.')
      continue;
    inputs += replay(argv[1], entry->d_name, by_lines);
    seeds++;
  }
  closedir(directory);
  printf("%zu seeds, %zu inputs\n", seeds, inputs);
  return seeds ? 0 : 1;
}
