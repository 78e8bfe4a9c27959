
/* ---- the object and the entry: the same for every kind ---------------------------------------------------------------- */
typedef struct instance {
  sxt_object base; /* first, always */
  const sxt_host *host;
  char path[4096];  /* of a data set: the folder of its files */
  void *own;        /* yours; freed with the object */
} instance;
@ACCESS@
static void destroy(sxt_object *object) {
  free(((instance *)object)->own);
  free(object);
}
static const void *get_interface(sxt_object *object, const char *id) {
  (void)object;
  return strcmp(id, "sextant.@KIND@/1") ? NULL : (const void *)&table;
}
/* The configuration is JSON, checked against the schema below. This reads "path" as far as it needs no unescaping. */
static void read_path(sxt_str json, char *to, size_t room) {
  static const char key[] = "\"path\":";
  for (uint64_t at = 0; at + sizeof key < json.size; ++at) {
    if (memcmp(json.data + at, key, sizeof key - 1)) continue;
    for (at += sizeof key - 1; at < json.size && (json.data[at] == ' ' || json.data[at] == '"');) ++at;
    for (; at < json.size && json.data[at] != '"' && room > 1; --room) *to++ = json.data[at++];
    break;
  }
  *to = 0;
}
static sxt_status create(const sxt_host *host, sxt_str config_json, sxt_object **ret, sxt_error *reterr) {
  instance *made = calloc(1, sizeof *made);
  if (!made) {
    snprintf(reterr->message, sizeof reterr->message, "@NAME@: out of memory");
    return reterr->status = SXT_NO_MEMORY;
  }
  made->base.struct_size = sizeof made->base;
  made->base.destroy = destroy;
  made->base.get_interface = get_interface;
  made->host = host;
  read_path(config_json, made->path, sizeof made->path);
  *ret = &made->base;
  return SXT_OK;
}

static const sxt_component component = {
    sizeof component, SXT_@KIND_UPPER@, SXT_CAP_DETERMINISTIC, 0, "@NAME@", "1", "what it does, in a few words", "Apache-2.0",
    "{\"type\": \"object\", \"properties\": {@PROPERTIES@}, \"additionalProperties\": false}", create, @FACTS@};
static const sxt_component *const components[] = {&component};
SXT_EXPORT const sxt_entry sextant_plugin_entry = {
    {'S', 'E', 'X', 'T', 'A', 'N', 'T', 0}, SXT_ABI_MAJOR, SXT_ABI_MINOR, sizeof(sxt_entry), 1, components, NULL, NULL};
