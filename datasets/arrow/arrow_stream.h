/* Parquet and Arrow files as streams of the Arrow C data interface. The one source behind it, arrow_stream.cpp, is all that is
 * built with Apache Arrow; the loader finds the library at run time, beside the plugins, so that nothing else needs Arrow.
 * Threads: a stream is used by one at a time. */
#ifndef SEXTANT_ARROW_STREAM_H
#define SEXTANT_ARROW_STREAM_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The layout that Arrow's specification fixes; Arrow's own headers declare the same. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};
struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};
#endif
#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};
#endif

typedef struct sextant_arrow_request {
  const char* path;              /* .parquet, else Arrow: a stream or a file */
  const char* const* columns;    /* the columns of the first level that are read; null: all of them */
  size_t n_columns;
  uint64_t from;                 /* the row that is wanted first */
} sextant_arrow_request;

/* Fills `ret_stream`, whose batches were validated; `ret_first`: its first row, at most `from`, as the file's parts begin;
 * `ret_rows`: all rows of the file. 0, or 1 and a sentence in `reterr`. */
typedef int sextant_arrow_open_function(const sextant_arrow_request* request, struct ArrowArrayStream* ret_stream,
                                        uint64_t* ret_first, uint64_t* ret_rows, char* reterr, size_t reterr_bytes);
#define SEXTANT_ARROW_OPEN "sextant_arrow_open_1"

#ifdef __cplusplus
}
#endif
#endif
