// The plugin's entry: the backend, where it was built with libllama.
#include "backend.hpp"
#include "schema.hpp"

SEXTANT_PLUGIN(sextant::component<sextant::llamacpp::Backend>({.id = "llamacpp",
                                                               .summary = "GGUF models of any family, through libllama",
                                                               .schema = sextant::llamacpp::schema,
                                                               .capabilities = SXT_CAP_CONCURRENT}))
