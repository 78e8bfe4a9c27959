// Encoders' configurations; their numbers are compared in tests/models/cpu/test_embeddings.cpp.
#include "../../../../models/engine/encoder/encoder_shape.hpp"
#include "../embedding_goldens.hpp"
#include "../families.hpp"

using namespace sextant;
using namespace sextant::engine;

TEST_CASE("a folder is known for an encoder by its model_type", "[encoder]") {
  for (const char* name : {"bert", "mpnet", "roberta"})
    CHECK(is_encoder(*test::must(open_checkpoint(test::embeddings_file(name)))));
  for (const auto& family : test::read_family_goldens().entries) CHECK_FALSE(is_encoder(*family.checkpoint));
}

TEST_CASE("an encoder's shape is what its config.json says", "[encoder]") {
  const auto bert = test::must(open_checkpoint(test::embeddings_file("bert")));
  const EncoderShape b = test::must(read_encoder_shape(*bert));
  CHECK(b.family == "bert");
  CHECK(b.hidden == 20);
  CHECK(b.head_dim == 10);
  CHECK(b.feed_forward == 28);
  CHECK(b.layers == 2);
  CHECK(b.context == 70);
  CHECK(b.pad == -1);
  CHECK(b.distance_buckets == 0);
  const auto mpnet = test::must(open_checkpoint(test::embeddings_file("mpnet")));
  const EncoderShape m = test::must(read_encoder_shape(*mpnet));
  CHECK(m.family == "mpnet");
  CHECK(m.context == 180);  // two rows stand before the first position
  CHECK(m.first_position == 2);
  CHECK(m.distance_buckets == 32);
  CHECK_FALSE(m.has_types);
}

TEST_CASE("positions count from the padding token's id on, and pass over padding", "[encoder]") {
  EncoderShape plain, counted;
  counted.pad = 1, counted.first_position = 2;
  const int32_t tokens[] = {0, 5, 1, 6, 1, 2};
  CHECK(position_rows(plain, tokens, 6) == std::vector<uint32_t>{0, 1, 2, 3, 4, 5});
  CHECK(position_rows(counted, tokens, 6) == std::vector<uint32_t>{2, 3, 1, 4, 1, 5});
}

TEST_CASE("near distances have a bucket each, far ones share some, and both sides differ", "[encoder]") {
  for (int32_t d = 0; d < 8; ++d) CHECK(distance_bucket(-d, 32) == static_cast<uint32_t>(d));
  for (int32_t d = 1; d < 8; ++d) CHECK(distance_bucket(d, 32) == static_cast<uint32_t>(16 + d));
  // eight more to 128, each as much farther as the one before: borders at 8 * 2^(k / 2)
  const std::pair<int32_t, uint32_t> far[] = {{8, 8},   {11, 8},  {12, 9},  {15, 9},   {16, 10},  {22, 10},
                                              {23, 11}, {31, 11}, {32, 12}, {45, 12},  {46, 13},  {63, 13},
                                              {64, 14}, {90, 14}, {91, 15}, {127, 15}, {128, 15}, {5000, 15}};
  for (const auto& [distance, bucket] : far) {
    CAPTURE(distance);
    CHECK(distance_bucket(-distance, 32) == bucket);
    CHECK(distance_bucket(distance, 32) == 16 + bucket);
  }
}
