#include <catch2/catch.hpp>
#include "../../../core/cli/model_info.hpp"

using namespace sextant;

TEST_CASE("a description is laid out for reading", "[cli][model]") {
  const auto about = json::parse(R"({
    "family": "llama", "parameters": 134515008, "bos_id": 92543, "pad": null, "tied": true, "origin": "",
    "types": {"F32": 61, "Q4_1": 2100},
    "shape": {"layers": 30, "ropes": [{"layers": 30, "theta": 100000.0}, {"layers": 1, "theta": 1.5}]},
    "memory": {"weights_bytes": {"f32": 538060032, "bf16": 4096}, "kv_bytes": {"f32": 17270784000}},
    "ends": [{"id": 92542, "piece": "</s>"}], "warnings": [], "looks_wrong": ["One.", "Two."], "ids": [1, 2]})", "about");
  REQUIRE(about);
  CHECK(cli::model_info_text(*about) ==
        "family                     llama\n"
        "parameters                 134,515,008\n"
        "bos_id                     92543\n"
        "pad                        -\n"
        "tied                       yes\n"
        "origin                     -\n"
        "types                      F32 61, Q4_1 2,100\n"
        "shape\n"
        "  layers                   30\n"
        "  ropes                    layers 30, theta 100000.0\n"
        "                           layers 1, theta 1.5\n"
        "memory\n"
        "  weights_bytes            f32 538,060,032 (513.1 MiB), bf16 4,096\n"
        "  kv_bytes                 f32 17,270,784,000 (16.1 GiB)\n"
        "ends                       id 92542, piece </s>\n"
        "warnings                   -\n"
        "looks_wrong                One.\n"
        "                           Two.\n"
        "ids                        1, 2\n");
}
