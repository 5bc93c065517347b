#include "ccurl.h"

#include <dlfcn.h>
#include <pthread.h>

// The library's own declarations give the pointers their types.
#define FUNCTION(name) static __typeof__(&name) p_##name

FUNCTION(curl_global_init);
FUNCTION(curl_easy_init);
FUNCTION(curl_easy_cleanup);
FUNCTION(curl_easy_perform);
FUNCTION(curl_easy_strerror);
static CURLcode (*p_curl_easy_setopt)(CURL *, CURLoption, ...);
static CURLcode (*p_curl_easy_getinfo)(CURL *, CURLINFO, ...);
FUNCTION(curl_slist_append);
FUNCTION(curl_slist_free_all);

static const char *failure;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        failure = "libcurl.so.4 was not found";
        return;
    }
#define FIND(name)                                                         \
    if (!(*(void **)&p_##name = dlsym(library, #name))) {                  \
        failure = "libcurl.so.4 has no function " #name;                   \
        return;                                                            \
    }
    FIND(curl_global_init)
    FIND(curl_easy_init)
    FIND(curl_easy_cleanup)
    FIND(curl_easy_perform)
    FIND(curl_easy_strerror)
    FIND(curl_easy_setopt)
    FIND(curl_easy_getinfo)
    FIND(curl_slist_append)
    FIND(curl_slist_free_all)
    if (p_curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) failure = "libcurl could not be initialised";
}

const char *ccurl_load(void) {
    pthread_once(&once, load);
    return failure;
}

CURL *ccurl_easy_init(void) { return p_curl_easy_init(); }
void ccurl_easy_cleanup(CURL *handle) { p_curl_easy_cleanup(handle); }
CURLcode ccurl_easy_perform(CURL *handle) { return p_curl_easy_perform(handle); }
const char *ccurl_easy_strerror(CURLcode code) { return p_curl_easy_strerror(code); }

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return p_curl_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
    return p_curl_easy_setopt(handle, option, value);
}

CURLcode ccurl_set_body(CURL *handle, const void *bytes, long long length) {
    CURLcode code = p_curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    return code != CURLE_OK ? code : p_curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}

CURLcode ccurl_set_headers(CURL *handle, struct curl_slist *headers) {
    return p_curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}

CURLcode ccurl_set_body_sink(CURL *handle, ccurl_sink sink, void *context) {
    CURLcode code = p_curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, sink);
    return code != CURLE_OK ? code : p_curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}

CURLcode ccurl_set_header_sink(CURL *handle, ccurl_sink sink, void *context) {
    CURLcode code = p_curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, sink);
    return code != CURLE_OK ? code : p_curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
}

_Static_assert(sizeof(curl_off_t) == sizeof(long long), "ccurl_progress takes curl_off_t");

CURLcode ccurl_set_progress(CURL *handle, ccurl_progress progress, void *context) {
    CURLcode code = p_curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, progress);
    if (code == CURLE_OK) code = p_curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context);
    return code != CURLE_OK ? code : p_curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

CURLcode ccurl_get_long(CURL *handle, CURLINFO info, long *value) {
    return p_curl_easy_getinfo(handle, info, value);
}

struct curl_slist *ccurl_slist_append(struct curl_slist *list, const char *text) {
    return p_curl_slist_append(list, text);
}

void ccurl_slist_free(struct curl_slist *list) { p_curl_slist_free_all(list); }
