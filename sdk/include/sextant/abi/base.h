/* sextant/abi/base.h - what every interface of the plugin ABI rests on: texts, errors, sinks, the host, the entry. Plain C99.
 *
 * A plugin is a shared object that exports one const data symbol, sextant_plugin_entry. The core checks its frozen head
 * before it runs any code of the plugin, then creates components by id and asks each object for an interface by id
 * ("sextant.metric/1"). Each interface has a header of its own in this folder.
 *
 * Memory    Nobody frees the other side's memory. Inputs are borrowed for the call. Fixed-size results go into
 *           arrays that the caller owns; results of unknown size are pushed into an sxt_sink, which copies.
 * Errors    0 or an sxt_status; on failure *reterr is filled (one sentence that names the file, key or id and says what
 *           to do), and the ret_ arguments are untouched. reterr and the ret_ arguments are never NULL.
 *           C++ exceptions must not leave a plugin (the C++ SDK sees to it).
 * Threads   [any]   may be called from any thread, also concurrently.
 *           [owner] one call at a time per object, unless the component has SXT_CAP_CONCURRENT: the core then tokenizes,
 *                   renders chats and calls run for the requests that come next while a model is in run; a busy device's
 *                   call waits for its turn.
 * Growth    Structs grow only at the end. A struct that may grow begins with struct_size; SXT_HAS() asks whether a member
 *           exists. Arrays of such structs are arrays of pointers, so that neither side indexes by its own sizeof. An
 *           interface that must change otherwise gets a new id ("sextant.model/2") in addition to the old one.
 */
#ifndef SEXTANT_ABI_BASE_H
#define SEXTANT_ABI_BASE_H
#include <stddef.h>
#include <stdint.h>

#define SXT_ABI_MAJOR 1u
/* The newest minor that these headers describe. A plugin asks for more than 1.0 explicitly, by defining SXT_ABI_MINOR before
 * it includes them; so what is built by default stays loadable by older cores. */
#define SXT_ABI_MINOR_NEWEST 1u
#ifndef SXT_ABI_MINOR
#define SXT_ABI_MINOR 0u
#endif
#define SXT_ENTRY_SYMBOL "sextant_plugin_entry"
/* Does the struct reach over that member? SXT_HAS: and is the member not 0, not NULL? */
#define SXT_COVERS(p, member) ((p)->struct_size >= offsetof(__typeof__(*(p)), member) + sizeof(p)->member)
#define SXT_HAS(p, member) (SXT_COVERS(p, member) && (p)->member)
#if defined(__GNUC__)
#define SXT_EXPORT __attribute__((visibility("default")))
#else
#define SXT_EXPORT
#endif
#ifdef __cplusplus
extern "C" {
#endif

typedef struct sxt_str { const char *data; uint64_t size; } sxt_str; /* UTF-8, no NUL promised; data may be NULL if size is 0 */
typedef int32_t sxt_status;
enum {
  SXT_OK,
  SXT_BAD_CONFIG,  /* a key or value of the configuration */
  SXT_BAD_DATA,    /* what a file or request holds */
  SXT_IO,          /* reading or writing failed */
  SXT_NO_MEMORY,
  SXT_NO_DEVICE,   /* the device, driver or a needed library does not exist */
  SXT_CANCELLED,
  SXT_UNSUPPORTED, /* this component cannot do it */
  SXT_TOO_LONG,    /* a request does not fit the context */
  SXT_INTERNAL,    /* a bug, or anything else */
  SXT_MISSING      /* the data set's files do not exist (the core reports the task as missing, not as failed) */
};
typedef struct sxt_error { sxt_status status; char message[508]; } sxt_error; /* message: NUL-terminated UTF-8 */

/* Variable-size results. put() copies; calls for one sink never overlap; index is the item's index in the call. [any] */
typedef struct sxt_sink { void *ctx; void (*put)(void *ctx, uint64_t index, sxt_str bytes); } sxt_sink;

/* ---- what the core offers ------------------------------------------------------------------------------------------- */
enum { SXT_LOG_DEBUG, SXT_LOG_INFO, SXT_LOG_WARNING, SXT_LOG_ERROR };
typedef struct sxt_host {
  uint32_t struct_size, abi_major, abi_minor, reserved;
  void *ctx;
  void (*log)(void *ctx, int32_t level, sxt_str text);                               /* [any] */
  /* `call` is the number that the core gave to run or plan; 0: no call in particular.
   * cancelled: non-zero: stop, return SXT_CANCELLED; poll it every few ms  [any]
   * progress: tokens of that call  [any] */
  int32_t (*cancelled)(void *ctx, uint64_t call);
  void (*progress)(void *ctx, uint64_t call, uint64_t done, uint64_t total);
  const void *(*get_extension)(void *ctx, const char *id); /* NULL: this core has not got it  [any] */
} sxt_host;

/* ---- what a plugin offers --------------------------------------------------------------------------------------------- */
enum {
  SXT_DATASET = 1, SXT_TEMPLATE, SXT_MODEL, SXT_METRIC, SXT_POSTPROCESSOR, SXT_RETRIEVER,
  SXT_REPORTER, SXT_RUNNER, /* reserved: built in until a third party needs them */
  SXT_INFERENCER
};
enum { SXT_CAP_CONCURRENT = 1u << 0, SXT_CAP_DETERMINISTIC = 1u << 1, SXT_CAP_NEEDS_GPU = 1u << 2 };

typedef struct sxt_object { /* first member of every instance */
  uint32_t struct_size, reserved;
  void (*destroy)(struct sxt_object *);                                              /* [owner] */
  const void *(*get_interface)(struct sxt_object *, const char *id);                 /* [any] */
} sxt_object;

/* config_schema is JSON Schema, draft 4. The core validates a configuration, and fills in "default"s, before create().
 * Two annotations of a property are the core's:
 *   "x-affects-results": false   no answer can depend on its value: it is left out of content keys
 *   "x-secret": true             its value is written to no file, log or key */
typedef struct sxt_component { /* static: readable without create() */
  uint32_t struct_size, kind, capabilities, reserved;
  const char *id;                /* "exact_match": [a-z0-9_]+, unique per kind */
  const char *version, *summary, *license;
  const char *config_schema;
  sxt_status (*create)(const sxt_host *, sxt_str config_json, sxt_object **ret, sxt_error *reterr); /* [any] */
  const char *facts_json;        /* what else is known before create(), as the kind's header says: a JSON object, or NULL */
} sxt_component;

typedef struct sxt_entry {       /* exported as DATA, so that it is checked before any call */
  char magic[8];                 /* "SEXTANT" and a NUL; the first 24 bytes never change */
  uint32_t abi_major, abi_minor; /* abi_minor: the least core that this plugin can live with */
  uint32_t struct_size, component_count;
  const sxt_component *const *components;
  sxt_status (*init)(const sxt_host *, sxt_error *reterr); /* may be NULL; once, before create() */
  void (*deinit)(void);          /* may be NULL; libraries are never dlclose()d */
} sxt_entry;

#ifdef __cplusplus
}
#endif
#endif
