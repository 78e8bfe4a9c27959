// What the files of a sentence-transformers folder come to.
#include <filesystem>
#include <fstream>
#include <map>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <unistd.h>
#include "../../../../models/engine/encoder/sentence_settings.hpp"

using namespace sextant;
using namespace sextant::engine;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  explicit Folder(const std::map<std::string, std::string>& files) {
    static int number = 0;
    path_ = fs::temp_directory_path() / fmt::format("sextant-sentence-{}-{}", ::getpid(), number++);
    fs::create_directory(path_);
    for (const auto& [name, text] : files) {
      fs::create_directories((path_ / name).parent_path());
      std::ofstream(path_ / name) << text;
    }
  }
  Folder(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string module(const std::string& path, const std::string& type) {
  return fmt::format(R"({{"path":"{}","type":"{}"}})", path, type);
}
const std::string of_2 = "[" + module("", "sentence_transformers.models.Transformer") + "," +
                         module("1_Pooling", "sentence_transformers.models.Pooling") + "]";
const std::string of_6 = "[" + module("", "sentence_transformers.base.modules.transformer.Transformer") + "," +
                         module("1_Pooling", "sentence_transformers.sentence_transformer.modules.pooling.Pooling") + "," +
                         module("2_Normalize", "sentence_transformers.sentence_transformer.modules.normalize.Normalize") + "]";

}  // namespace

TEST_CASE("pooling, normalising and length are read from a sentence-transformers folder", "[encoder]") {
  struct Case {
    std::map<std::string, std::string> files;
    Pooling pooling;
    bool normalise;
    std::optional<uint32_t> tokens;
  };
  const std::string pooling = "1_Pooling/config.json", length = "sentence_bert_config.json";
  const Case cases[] = {
      {{}, Pooling::mean, false, {}},
      {{{"modules.json", of_2}, {pooling, R"({"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false})"}},
       Pooling::cls,
       false,
       {}},
      {{{"modules.json", of_2}, {pooling, R"({"pooling_mode_lasttoken":true})"}}, Pooling::last, false, {}},
      {{{"modules.json", of_2}, {pooling, R"({"word_embedding_dimension":8})"}}, Pooling::mean, false, {}},
      {{{"modules.json", of_6}, {pooling, R"({"pooling_mode":"cls"})"}}, Pooling::cls, true, {}},
      {{{"modules.json", of_6}, {pooling, R"({"pooling_mode":["lasttoken"]})"}, {length, R"({"max_seq_length":256})"}},
       Pooling::last,
       true,
       256},
      {{{length, R"({"max_seq_length":null})"}}, Pooling::mean, false, {}},
      {{{"sentence_roberta_config.json", R"({"max_seq_length":75})"}}, Pooling::mean, false, 75},
      {{{"modules.json", of_2}, {pooling, "{}"}, {"tokenizer_config.json", R"({"model_max_length":512})"}},
       Pooling::mean,
       false,
       512},
      {{{"modules.json", of_2},
        {pooling, "{}"},
        {"tokenizer_config.json", R"({"model_max_length":1000000000000000019884624838656})"}},
       Pooling::mean,
       false,
       {}},
      {{{"tokenizer_config.json", R"({"model_max_length":512})"}},
       Pooling::mean,
       false,
       {}},  // no such folder: a decoder's business
  };
  for (const Case& c : cases) {
    CAPTURE(&c - cases);
    const Folder folder(c.files);
    const auto read = read_sentence_settings(folder.path(), true);
    REQUIRE(read);
    CHECK(read->pooling == c.pooling);
    CHECK(read->normalise == c.normalise);
    CHECK(read->tokens == c.tokens);
  }
}

TEST_CASE("modules.json can be left aside, lengths are read all the same", "[encoder]") {
  const Folder folder({{"modules.json", of_6},
                       {"1_Pooling/config.json", R"({"pooling_mode":"cls"})"},
                       {"sentence_bert_config.json", R"({"max_seq_length":20})"}});
  const auto read = read_sentence_settings(folder.path(), false);
  REQUIRE(read);
  CHECK(read->pooling == Pooling::mean);
  CHECK_FALSE(read->normalise);
  CHECK(read->tokens == 20u);
}

TEST_CASE("what a sentence-transformers folder asks for and is not computed is an error that names it", "[encoder]") {
  const std::string pooling = "1_Pooling/config.json";
  struct Case {
    std::map<std::string, std::string> files;
    std::string says;
  };
  const Case cases[] = {
      {{{"modules.json", "{}"}}, "modules.json: is not a list of modules"},
      {{{"modules.json", "["}}, "modules.json"},
      {{{"modules.json", of_2}}, "1_Pooling/config.json"},
      {{{"modules.json", of_2}, {pooling, R"({"pooling_mode":"weightedmean"})"}}, "asks for the pooling \"weightedmean\""},
      {{{"modules.json", of_2}, {pooling, R"({"pooling_mode":["mean","cls"]})"}}, "\"mean and cls\""},
      {{{"modules.json", of_2}, {pooling, R"({"pooling_mode":"last"})"}}, "\"last\""},
      {{{"modules.json", "[" + module("0_Transformer", "x.Transformer") + "]"}}, "lies in the folder \"0_Transformer\""},
      {{{"modules.json", "[" + module("2", "x.Dense") + "]"}}, "has the module \"x.Dense\""},
      {{{"modules.json", "[" + module("../2", "x.Normalize") + "]"}}, "leaves the folder"},
      {{{"sentence_bert_config.json", R"({"max_seq_length":0})"}}, "\"max_seq_length\" is not a number of tokens"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.says);
    const Folder folder(c.files);
    const auto read = read_sentence_settings(folder.path(), true);
    REQUIRE_FALSE(read);
    CAPTURE(read.error().message);
    CHECK(read.error().message.find(c.says) != std::string::npos);
  }
}
