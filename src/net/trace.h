/* The conversation in words, for -v: what the transport reports, line by line, without secrets and without bodies. */
#ifndef PS_NET_TRACE_H
#define PS_NET_TRACE_H

#include <curl/curl.h>

/* A CURLOPT_DEBUGFUNCTION whose data is the struct ps_endpoint. */
int ps_trace_debug(CURL *easy, curl_infotype type, char *data, size_t size, void *endpoint);

#endif
