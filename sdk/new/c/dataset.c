/* dataset:@NAME@: the lines of test.jsonl in the set's folder, each a JSON object. */
#include <sextant/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *path_of(sxt_object *object);

/* Calls `each` with every line (without its LF); the number of lines, or -1 and the error. */
static int64_t lines(sxt_object *object, void (*each)(void *ctx, uint64_t line, sxt_str text), void *ctx, sxt_error *reterr) {
  char name[4200], *line = NULL;
  size_t room = 0;
  ssize_t size;
  int64_t count = 0;
  snprintf(name, sizeof name, "%s/test.jsonl", path_of(object));
  FILE *file = fopen(name, "r");
  if (!file) {
    snprintf(reterr->message, sizeof reterr->message, "@NAME@: there is no file %.400s", name);
    reterr->status = SXT_MISSING;
    return -1;
  }
  while ((size = getline(&line, &room, file)) > 0) {
    const sxt_str text = {line, (uint64_t)(line[size - 1] == '\n' ? size - 1 : size)};
    if (text.size) each(ctx, (uint64_t)count++, text);
  }
  free(line);
  fclose(file);
  return count;
}
static int is_test(sxt_str split, sxt_error *reterr) {
  if (split.size == 4 && !memcmp(split.data, "test", 4)) return 1;
  snprintf(reterr->message, sizeof reterr->message, "@NAME@ has one split, test");
  reterr->status = SXT_BAD_DATA;
  return 0;
}
static void nothing(void *ctx, uint64_t line, sxt_str text) { (void)ctx, (void)line, (void)text; }

static sxt_status count(sxt_object *object, sxt_str split, uint64_t *ret, sxt_error *reterr) {
  if (!is_test(split, reterr)) return reterr->status;
  const int64_t n = lines(object, nothing, NULL, reterr);
  if (n < 0) return reterr->status;
  *ret = (uint64_t)n;
  return SXT_OK;
}
static sxt_status describe(sxt_object *object, sxt_sink ret_json, sxt_error *reterr) {
  char json[128];
  const int64_t n = lines(object, nothing, NULL, reterr);
  if (n < 0) return reterr->status;
  const int size = snprintf(json, sizeof json, "{\"splits\": {\"test\": %lld}, \"fields\": [], \"files\": []}", (long long)n);
  const sxt_str text = {json, (uint64_t)size};
  ret_json.put(ret_json.ctx, 0, text);
  return SXT_OK;
}
struct range { sxt_sink sink; uint64_t first, n; };
static void put_line(void *ctx, uint64_t line, sxt_str text) {
  const struct range *range = ctx;
  if (line >= range->first && line - range->first < range->n) range->sink.put(range->sink.ctx, line - range->first, text);
}
static sxt_status read_rows(sxt_object *object, sxt_str split, uint64_t first, uint64_t n, sxt_sink ret_record_json,
                            sxt_error *reterr) {
  if (!is_test(split, reterr)) return reterr->status;
  struct range range = {ret_record_json, first, n};
  const int64_t all = lines(object, put_line, &range, reterr);
  if (all < 0) return reterr->status;
  if (first > (uint64_t)all || n > (uint64_t)all - first) {
    snprintf(reterr->message, sizeof reterr->message, "@NAME@: test.jsonl has %lld rows; more were asked for", (long long)all);
    return reterr->status = SXT_BAD_DATA;
  }
  return SXT_OK;
}
static const sxt_dataset_v1 table = {sizeof table, 0, describe, count, read_rows};
