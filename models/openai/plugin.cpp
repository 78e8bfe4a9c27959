// The backend "openai": models that a server serves, by OpenAI's protocol or one that differs in path, header and body only.
#include "backend.hpp"
#include "schema.hpp"

SEXTANT_PLUGIN(sextant::component<sextant::openai::Backend>(
    {.id = "openai",
     .summary = "models behind an OpenAI-compatible server: vLLM, llama-server, hosted ones",
     .schema = sextant::openai::schema,
     .capabilities = SXT_CAP_CONCURRENT}))
