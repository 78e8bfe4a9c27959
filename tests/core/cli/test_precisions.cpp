// Names of weights without the format that they are in.
#include <catch2/catch.hpp>
#include "../../../core/cli/precisions.hpp"

namespace sextant::test {
namespace {

TEST_CASE("what names a format of weights is taken out of a name, and nothing else") {
  struct Row {
    const char *name, *left;
  };
  for (const Row& row : {Row{"SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m-instruct"},
                         {"SmolLM2-135M-Instruct-f16.gguf", "smollm2-135m-instruct"},
                         {"SmolLM2-135M-Instruct", "smollm2-135m-instruct"},
                         {"Qwen2.5-7B-Instruct-GPTQ-Int4", "qwen2-5-7b-instruct"},
                         {"qwen2.5_7b_instruct-iq2_xxs", "qwen2-5-7b-instruct"},
                         {"model-Q4_K_M", "model"},
                         {"model_k_m", "model-k-m"},  // only behind q4 are these parts of a format
                         {"phi-2", "phi-2"},
                         {"q4", ""},
                         {"queue9", "queue9"},
                         {"", ""}}) {
    CAPTURE(row.name);
    CHECK(cli::without_format(row.name) == row.left);
  }
}

}  // namespace
}  // namespace sextant::test
