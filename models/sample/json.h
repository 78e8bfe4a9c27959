/* As much JSON as a plugin in C needs: looking up members of an object that the core has already checked, walking an array,
 * and writing strings. Values are spans of the text they stand in. [any] thread. */
#ifndef SAMPLE_JSON_H
#define SAMPLE_JSON_H
#include <stddef.h>

typedef struct json_span { const char *data; size_t size; } json_span; /* one value; data NULL: there is none */

/* A growing byte buffer; `failed` stays set once memory ran out, and later appends do nothing. */
typedef struct json_buffer { char *data; size_t size, capacity; int failed; } json_buffer;
void buffer_append(json_buffer *, const char *bytes, size_t n);
void buffer_text(json_buffer *, const char *text);       /* NUL-terminated */
void buffer_json_string(json_buffer *, const char *bytes, size_t n); /* quoted and escaped */
void buffer_free(json_buffer *);

json_span json_member(json_span object, const char *key);
/* The value after `previous` in an array (previous.data NULL: the first); data NULL at the end. */
json_span json_next(json_span array, json_span previous);
int json_is_null(json_span);                             /* absent counts as null */
int json_is_string(json_span);
double json_number(json_span, double otherwise);
int json_bool(json_span, int otherwise);
void json_unescape(json_span string, json_buffer *ret);  /* appends the text of a JSON string, UTF-8 */

#endif
