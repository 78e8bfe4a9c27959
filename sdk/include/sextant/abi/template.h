/* sextant/abi/template.h - "sextant.template/1": records and shots in, one prompt each out.
 *
 * ret_prompt_json, one put per item, in any order:
 *   {"pieces": [PIECE...]}                                              SXT_FORM_OPEN
 *   {"labels": [{"label": "A", "pieces": [PIECE...]}, ...]}             SXT_FORM_LABELS
 *   {"pieces": [PIECE...], "continuations": [{"label": "A", "text": " Paris"}, ...]}   SXT_FORM_CONTINUATIONS, SXT_FORM_CLOZE
 *   {"pieces": [PIECE...]}                                              SXT_FORM_WHOLE
 * PIECE = {"section": "begin"|"shot"|"round"|"end", "role": "HUMAN"|"BOT"|"SYSTEM"|..., "fallback_role"?, "shot"?: k, "text"}
 * A piece without "role" is plain text. How pieces become one text or a list of chat turns is the core's business; a
 * template only fills records in. */
#ifndef SEXTANT_ABI_TEMPLATE_H
#define SEXTANT_ABI_TEMPLATE_H
#include <sextant/abi/base.h>
#ifdef __cplusplus
extern "C" {
#endif

/* Which prompts the inferencer works on. */
enum {
  SXT_FORM_OPEN,          /* one prompt whose reply is generated */
  SXT_FORM_LABELS,        /* one whole text per label, to be scored */
  SXT_FORM_CONTINUATIONS, /* one prompt, and per label what may follow it: the label itself */
  SXT_FORM_CLOZE,         /* one prompt without the options, and per label its option's text */
  SXT_FORM_WHOLE          /* one whole text; nothing is asked */
};

typedef struct sxt_render_item {
  uint32_t struct_size, form;  /* SXT_FORM_* */
  sxt_str record_json;
  const sxt_str *shot_json; uint64_t shot_count;
  sxt_str output_column;       /* the column that holds the answer: empty text in the item's own record with SXT_FORM_OPEN */
} sxt_render_item;

typedef struct sxt_template_v1 {
  uint32_t struct_size, reserved;
  sxt_status (*render)(sxt_object *, const sxt_render_item *const *, uint64_t n, sxt_sink ret_prompt_json,
                       sxt_error *);                                                                        /* [owner] */
} sxt_template_v1;

#ifdef __cplusplus
}
#endif
#endif
