/* Lists of texts in libcurl's form, which frees them with curl_slist_free_all. */
#ifndef PS_NET_SLIST_H
#define PS_NET_SLIST_H

#include <curl/curl.h>
#include <errno.h>

/* Appends a copy. 0 or -ENOMEM, and the list is as it was. */
static inline int ps_slist_append(struct curl_slist **list, const char *text)
{
  struct curl_slist *longer = curl_slist_append(*list, text);
  if (!longer)
    return -ENOMEM;
  *list = longer;
  return 0;
}

/* Appends copies of them all. 0 or -ENOMEM, and some may have been appended. */
static inline int ps_slist_append_all(struct curl_slist **list, const char *const *texts, size_t count)
{
  int result = 0;
  for (size_t i = 0; i < count && !result; i++)
    result = ps_slist_append(list, texts[i]);
  return result;
}

#endif
