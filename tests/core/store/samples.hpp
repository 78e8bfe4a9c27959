// Samples that use every member, for the tests of the store.
#pragma once
#include "../../../core/store/sample.hpp"

namespace sextant::test {

inline store::Sample gen_sample(uint64_t index, const std::string& key) {
  store::Sample sample;
  sample.index = index;
  sample.key = key;
  sample.record_json = R"({"question":"1 + 1 = ?","A":"\"2\"","n":2.5,"list":[1,null,true],"answer":"A"})";
  sample.gold_json = R"("A")";
  sample.prompts = {
      {"", "<s>user\n1 + 1 = ?\nassistant\n", {{"system", "be brief"}, {"user", "1 + 1 = ?"}, {"assistant", ""}}, 21, true}};
  sample.prediction = "答案: A\n\t\"\\";
  sample.prompt_tokens = 11;
  sample.computed_tokens = 7;
  sample.generated_tokens = 3;
  sample.truncated_tokens = 2;
  sample.dropped_shots = 1;
  sample.finish = "eos";
  return sample;
}

inline store::Sample ppl_sample(uint64_t index, const std::string& key) {
  store::Sample sample;
  sample.index = index;
  sample.key = key;
  sample.record_json = R"({"question":"天空","answer":"B"})";
  sample.gold_json = R"("B")";
  sample.prompts = {{"A", "天空 A", {}, 5, false}, {"B", "天空 B", {}, 5, false}};
  sample.labels = {{"A", "天空 A", -14.670400142669678, 4, 3.6676000356674194}, {"B", "天空 B", -0.1, 4, 0.025}};
  sample.prediction = "B";
  return sample;
}

inline store::Sample loglikelihood_sample(uint64_t index, const std::string& key) {
  store::Sample sample = ppl_sample(index, key);
  sample.prompts = {{"", "天空", {}, 5, false}};
  sample.labels = {{"A", " 蓝", -1.0 / 3, 1, -1.0 / 3}, {"B", " 绿", -2.0 / 3, 2, -2.0 / 3}};
  sample.prediction = "A";
  return sample;
}

}  // namespace sextant::test
