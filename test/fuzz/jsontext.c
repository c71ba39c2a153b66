/* JSON as text beside json-c, which is generous: what we take for JSON json-c takes too, and then both find the same
 * value at every pointer. What only json-c takes is not looked at, nor what it does with half a surrogate pair, for
 * which it puts U+FFFD. The input is a text. */
#include "target.h"

#include "base/jsontext.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Each is looked for from the beginning. */
#define VALUES_MAX 300

struct walk {
  struct ps_jsontext_value root;
  struct ps_buf path;
  unsigned values;
  bool twins;    /* a member stands twice in an object */
  bool replaced; /* json-c has put a character of its own */
};

static void visit(struct walk *w, struct json_object *node);

static void require_same(struct ps_jsontext_value value, struct json_object *node)
{
  struct json_object *parsed;
  REQUIRE(fuzz_json(value.text, value.size, &parsed), "a value that is found is JSON by itself");
  REQUIRE(json_object_equal(parsed, node), "a pointer leads where json-c finds the same");
  json_object_put(parsed);
}

/* Whether it has half a pair escaped, or a whole one, of which json-c may make a first half: with a second half behind
 * it, it puts one character for the two. */
static bool has_surrogate(struct ps_jsontext_value value)
{
  for (size_t i = 0; i + 3 <= value.size; i++)
    if (memcmp(value.text + i, "\\u", 2) == 0 && (value.text[i + 2] | 0x20) == 'd')
      return true;
  return false;
}

/* Out of its quotes, into quotes and out again. */
static void require_string(struct walk *w, struct ps_jsontext_value value, struct json_object *node)
{
  const char *text = json_object_get_string(node);
  size_t size = (size_t)json_object_get_string_len(node);
  struct ps_buf plain = {0}, quoted = {0};
  int error = ps_jsontext_unquote(&plain, value);
  bool replaced = fuzz_is_replaced(text, size);
  w->replaced |= replaced || error;
  REQUIRE(error == 0 || (error == -EINVAL && has_surrogate(value)), "only half a surrogate pair is no text");
  if (!error) {
    REQUIRE(replaced || (plain.size == size && memcmp(plain.data, text, size) == 0), "a string is what json-c reads");
    REQUIRE(!ps_jsontext_quote(&quoted, plain.data, plain.size, true), "there is memory");
    struct ps_jsontext_value again = ps_jsontext_root(quoted.data, quoted.size);
    REQUIRE(again.size == quoted.size && ps_jsontext_same(value, again), "a text quoted is the same string");
    REQUIRE(ps_jsontext_is(value, plain.data) == (strlen(plain.data) == plain.size), "a string is its own text");
  }
  ps_buf_fini(&plain);
  ps_buf_fini(&quoted);
}

static void append_step(struct ps_buf *path, const char *name)
{
  ps_buf_puts(path, "/");
  for (; *name; name++)
    if (*name == '~' || *name == '/')
      ps_buf_puts(path, *name == '~' ? "~0" : "~1");
    else
      ps_buf_append(path, name, 1);
}

static void descend(struct walk *w, const char *name, struct json_object *node)
{
  size_t size = w->path.size;
  w->replaced |= fuzz_is_replaced(name, strlen(name));
  append_step(&w->path, name);
  REQUIRE(ps_jsontext_is_pointer(w->path.data, w->path.size), "a pointer that is well made is one");
  if (!w->replaced)
    visit(w, node);
  w->path.size = size;
  w->path.data[size] = '\0';
}

static void visit_members(struct walk *w, struct ps_jsontext_value value, struct json_object *node)
{
  struct ps_jsontext_value name, member;
  int count = 0;
  for (const char *at = NULL; ps_jsontext_member(value, &at, &name, &member);)
    count++;
  REQUIRE(count >= json_object_object_length(node), "no member is missing");
  w->twins |= count > json_object_object_length(node);
  json_object_object_foreach(node, key, below)
  {
    descend(w, key, below);
  }
}

static void visit(struct walk *w, struct json_object *node)
{
  struct ps_jsontext_value value;
  if (w->values++ >= VALUES_MAX)
    return;
  REQUIRE(ps_jsontext_find(w->root, w->path.data, &value), "what json-c has can be found");
  if (json_object_is_type(node, json_type_object)) {
    visit_members(w, value, node);
  } else if (json_object_is_type(node, json_type_array)) {
    for (size_t i = 0; i < json_object_array_length(node); i++) {
      char index[24];
      snprintf(index, sizeof index, "%zu", i);
      descend(w, index, json_object_array_get_idx(node, i));
    }
  } else if (json_object_is_type(node, json_type_string)) {
    require_string(w, value, node);
  } else {
    require_same(value, node);
  }
}

static void require_compact(const char *text, size_t size, struct json_object *tree)
{
  struct ps_buf once = {0}, twice = {0};
  REQUIRE(!ps_jsontext_compact(&once, text, size), "what is valid can be made compact");
  REQUIRE(once.size <= size, "compact is no longer");
  require_same((struct ps_jsontext_value){once.data, once.size}, tree);
  REQUIRE(!ps_jsontext_compact(&twice, once.data, once.size), "compact is JSON");
  REQUIRE(twice.size == once.size && memcmp(once.data, twice.data, once.size) == 0, "compact stays as it is");
  ps_buf_fini(&once);
  ps_buf_fini(&twice);
}

static void refused(const char *text, size_t size, int error, const struct ps_jsontext_fault *fault)
{
  struct ps_buf out = {0};
  REQUIRE(fault->offset <= size, "a fault is in the text");
  fuzz_require_words(fault->words);
  REQUIRE(ps_jsontext_compact(&out, text, size) == error, "what is refused cannot be made compact");
  REQUIRE(ps_jsontext_check(text, size, true, NULL), "what is refused is refused with unique names too");
  ps_buf_fini(&out);
}

static bool strict_takes(const char *text, size_t size)
{
  struct json_tokener *tokener = json_tokener_new_ex(PS_JSONTEXT_DEPTH + 2);
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  json_object_put(json_tokener_parse_ex(tokener, text, (int)size));
  enum json_tokener_error error = json_tokener_get_error(tokener);
  json_tokener_free(tokener);
  return error == json_tokener_success || error == json_tokener_continue;
}

/* json-c's stricter reading refuses long numbers, and zeros before others, which few do. That of json-c 0.18 refuses
 * every byte beyond ASCII as well; whether this one does, it is asked. */
static void require_strict(const char *text, size_t size)
{
  size_t digits = 0, longest = 0;
  bool ascii = true;
  for (size_t i = 0; i < size; i++) {
    digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
    longest = digits > longest ? digits : longest;
    ascii = ascii && !(text[i] & 0x80);
  }
  if (longest < 18 && (ascii || strict_takes("\"\303\251\"", 4)))
    REQUIRE(strict_takes(text, size), "json-c takes it strictly read too");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct fuzz_input input = fuzz_input_of(data, size);
  struct ps_jsontext_fault fault;
  struct json_object *tree;
  int error = ps_jsontext_check(input.at, size, false, &fault);
  if (error) {
    refused(input.at, size, error, &fault);
    return 0;
  }
  REQUIRE(fuzz_json(input.at, size, &tree), "json-c takes what we take for JSON");
  require_strict(input.at, size);
  require_compact(input.at, size, tree);
  struct walk w = {.root = ps_jsontext_root(input.at, size)};
  ps_buf_puts(&w.path, "");
  visit(&w, tree);
  if (!w.replaced && w.values < VALUES_MAX)
    REQUIRE(w.twins == (ps_jsontext_check(input.at, size, true, NULL) != 0),
            "names stand twice where json-c has fewer");
  ps_buf_fini(&w.path);
  json_object_put(tree);
  return 0;
}
