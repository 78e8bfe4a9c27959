#include "json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_append(json_buffer *b, const char *bytes, size_t n) {
  if (b->failed) return;
  if (b->capacity - b->size < n) {
    const size_t capacity = (b->size + n) * 2 + 64;
    char *data = realloc(b->data, capacity);
    if (!data) { b->failed = 1; return; }
    b->data = data;
    b->capacity = capacity;
  }
  if (n) memcpy(b->data + b->size, bytes, n);
  b->size += n;
}
void buffer_text(json_buffer *b, const char *text) { buffer_append(b, text, strlen(text)); }
void buffer_json_string(json_buffer *b, const char *bytes, size_t n) {
  size_t from = 0; /* what stands before it has been written */
  buffer_text(b, "\"");
  for (size_t i = 0; i < n; ++i) {
    const unsigned char c = (unsigned char)bytes[i];
    char escaped[8];
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    buffer_append(b, bytes + from, i - from);
    from = i + 1;
    if (c == '\n') snprintf(escaped, sizeof escaped, "\\n");
    else if (c < 0x20) snprintf(escaped, sizeof escaped, "\\u%04x", c);
    else snprintf(escaped, sizeof escaped, "\\%c", c);
    buffer_text(b, escaped);
  }
  buffer_append(b, bytes + from, n - from);
  buffer_text(b, "\"");
}
void buffer_free(json_buffer *b) {
  free(b->data);
  memset(b, 0, sizeof *b);
}

static const char *skip_blanks(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) ++p;
  return p;
}
/* p stands at a quote; returns what follows the text. */
static const char *skip_string(const char *p, const char *end) {
  for (const char *from = p + 1;; from = p + 1) {
    p = from < end ? memchr(from, '"', (size_t)(end - from)) : NULL;
    if (!p) return end;
    size_t backslashes = 0;
    while (p - backslashes > from && p[-1 - (ptrdiff_t)backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return p + 1;
  }
}
/* p stands at a value; returns what follows it. Brackets are counted, so nesting costs no stack. */
static const char *skip_value(const char *p, const char *end) {
  int depth = 0;
  do {
    p = skip_blanks(p, end);
    if (p >= end) return end;
    if (*p == '"') {
      p = skip_string(p, end);
    } else if (*p == '{' || *p == '[') {
      ++depth;
      ++p;
    } else if (*p == '}' || *p == ']') {
      --depth;
      ++p;
    } else if (*p == ',' || *p == ':') {
      ++p;
    } else {
      while (p < end && !strchr(",:]} \t\r\n", *p)) ++p;
    }
  } while (depth > 0);
  return p < end ? p : end;
}
static json_span value_at(const char *p, const char *end) {
  p = skip_blanks(p, end);
  const json_span out = {p, (size_t)(skip_value(p, end) - p)};
  return out;
}

json_span json_member(json_span object, const char *key) {
  const json_span none = {NULL, 0};
  if (!object.data) return none;
  const char *end = object.data + object.size, *p = skip_blanks(object.data, end);
  if (p >= end || *p != '{') return none;
  for (p = skip_blanks(p + 1, end); p < end && *p == '"'; p = skip_blanks(p + 1, end)) {
    const json_span name = value_at(p, end);
    p = skip_blanks(name.data + name.size, end);
    if (p >= end || *p != ':') return none;
    const json_span value = value_at(p + 1, end);
    if (name.size == strlen(key) + 2 && memcmp(name.data + 1, key, strlen(key)) == 0) return value;
    p = skip_blanks(value.data + value.size, end);
    if (p >= end || *p != ',') return none;
  }
  return none;
}

json_span json_next(json_span array, json_span previous) {
  const json_span none = {NULL, 0};
  if (!array.data) return none;
  const char *end = array.data + array.size;
  const char *p = skip_blanks(previous.data ? previous.data + previous.size : array.data, end);
  if (p >= end || *p != (previous.data ? ',' : '[')) return none;
  p = skip_blanks(p + 1, end);
  return p >= end || *p == ']' ? none : value_at(p, end);
}

int json_is_null(json_span v) { return !v.data || (v.size == 4 && memcmp(v.data, "null", 4) == 0); }
int json_is_string(json_span v) { return v.data && v.size >= 2 && v.data[0] == '"'; }
double json_number(json_span v, double otherwise) {
  char text[64];
  if (json_is_null(v) || v.size >= sizeof text) return otherwise;
  memcpy(text, v.data, v.size);
  text[v.size] = '\0';
  char *end = NULL;
  const double number = strtod(text, &end);
  return end == text ? otherwise : number;
}
int json_bool(json_span v, int otherwise) { return json_is_null(v) ? otherwise : v.data[0] == 't'; }

static unsigned hex4(const char *p) {
  char text[5] = {p[0], p[1], p[2], p[3], 0};
  return (unsigned)strtoul(text, NULL, 16);
}
static void append_utf8(json_buffer *b, unsigned long c) {
  char out[4];
  size_t n = 0;
  if (c < 0x80) {
    out[n++] = (char)c;
  } else if (c < 0x800) {
    out[n++] = (char)(0xC0 | c >> 6);
    out[n++] = (char)(0x80 | (c & 63));
  } else if (c < 0x10000) {
    out[n++] = (char)(0xE0 | c >> 12);
    out[n++] = (char)(0x80 | (c >> 6 & 63));
    out[n++] = (char)(0x80 | (c & 63));
  } else {
    out[n++] = (char)(0xF0 | c >> 18);
    out[n++] = (char)(0x80 | (c >> 12 & 63));
    out[n++] = (char)(0x80 | (c >> 6 & 63));
    out[n++] = (char)(0x80 | (c & 63));
  }
  buffer_append(b, out, n);
}
void json_unescape(json_span s, json_buffer *ret) {
  static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
  if (!json_is_string(s)) return;
  const char *end = s.data + s.size - 1;
  for (const char *p = s.data + 1; p < end; ++p) {
    if (*p != '\\') {
      const char *next = memchr(p, '\\', (size_t)(end - p));
      if (!next) next = end;
      buffer_append(ret, p, (size_t)(next - p));
      p = next - 1;
      continue;
    }
    if (++p >= end) return;
    const char *name = strchr(names, *p);
    if (*p == 'u' && end - p > 4) {
      unsigned long c = hex4(p + 1);
      p += 4;
      if (c >= 0xD800 && c < 0xDC00 && end - p > 6 && p[1] == '\\' && p[2] == 'u') { /* a surrogate pair */
        c = 0x10000 + ((c - 0xD800) << 10) + (hex4(p + 3) - 0xDC00);
        p += 6;
      }
      append_utf8(ret, c);
    } else if (name && *p) {
      buffer_append(ret, values + (name - names), 1);
    } else {
      buffer_append(ret, p, 1);
    }
  }
}
