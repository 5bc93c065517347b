// libcurl, loaded when it is first used: most commands never speak HTTP and need not pay for its start.
// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call: these shims give them types.
#pragma once
#include <curl/curl.h>
#include <stddef.h>

/// Loads the library once; null when that went well, else why not (static text, never freed).
const char *_Nullable ccurl_load(void);

CURL *_Nullable ccurl_easy_init(void);
void ccurl_easy_cleanup(CURL *_Nonnull handle);
CURLcode ccurl_easy_perform(CURL *_Nonnull handle);
const char *_Nonnull ccurl_easy_strerror(CURLcode code);

CURLcode ccurl_set_long(CURL *_Nonnull handle, CURLoption option, long value);
/// The library copies the text.
CURLcode ccurl_set_string(CURL *_Nonnull handle, CURLoption option, const char *_Nullable value);
/// The library copies `length` bytes as the request's body.
CURLcode ccurl_set_body(CURL *_Nonnull handle, const void *_Nonnull bytes, long long length);
/// The list must live until the request is over.
CURLcode ccurl_set_headers(CURL *_Nonnull handle, struct curl_slist *_Nullable headers);

typedef size_t (*ccurl_sink)(char *_Nonnull bytes, size_t size, size_t count, void *_Nullable context);
/// Where the answer's body goes.
CURLcode ccurl_set_body_sink(CURL *_Nonnull handle, ccurl_sink _Nonnull sink, void *_Nullable context);
/// Where the answer's header lines go, one a call.
CURLcode ccurl_set_header_sink(CURL *_Nonnull handle, ccurl_sink _Nonnull sink, void *_Nullable context);

/// Called about once a second, more often while bytes come; a result other than 0 ends the exchange.
typedef int (*ccurl_progress)(void *_Nullable context, long long, long long, long long, long long);
CURLcode ccurl_set_progress(CURL *_Nonnull handle, ccurl_progress _Nonnull progress, void *_Nullable context);

CURLcode ccurl_get_long(CURL *_Nonnull handle, CURLINFO info, long *_Nonnull value);

struct curl_slist *_Nullable ccurl_slist_append(struct curl_slist *_Nullable list, const char *_Nonnull text);
void ccurl_slist_free(struct curl_slist *_Nullable list);
