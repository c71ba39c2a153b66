/* Gives a target the inputs of a directory of seeds, each whole and each cut off after every byte, as what comes over a
 * wire may be: under any compiler and any sanitizer, so that what was wrong once stays right. */
#include "target.h"

#include <dirent.h>
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
static size_t replay(const char *directory, const char *name)
{
  static char text[SEED_MAX];
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  size_t size = load(path, text);
  /* Told now, for a target that ends the process cannot. */
  printf("%s\n", name);
  fflush(stdout);
  give(text, size);
  for (size_t cut = 0; cut < size; cut++)
    give(text, cut);
  return size + 1;
}

int main(int argc, char **argv)
{
  DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
  size_t seeds = 0, inputs = 0;
  if (!directory) {
    fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (entry->d_name[0] == '.')
      continue;
    inputs += replay(argv[1], entry->d_name);
    seeds++;
  }
  closedir(directory);
  printf("%zu seeds, %zu inputs\n", seeds, inputs);
  return seeds ? 0 : 1;
}
