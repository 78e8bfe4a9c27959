// Embeddings on the CPU against sentence-transformers and transformers (tests/golden/embeddings), and the same bits whatever
// the batch, the order and the threads.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <fmt/format.h>
#include "../engine/compare_embeddings.hpp"
#include "backend.hpp"

using namespace fakes;
namespace fs = std::filesystem;

namespace {

struct Embedded {
  sxt_status status = SXT_INTERNAL;
  std::string message;
  std::vector<float> vector;
  uint32_t prompt_tokens = 0, truncated_tokens = 0;
};

class Embedder {
 public:
  /// `settings`: further members of the configuration.
  explicit Embedder(const std::string& path, const std::string& settings = "")
      : model_(Context(nullptr, borrow(config_ = fmt::format(R"({{"path":{}{}{}}})", json::quote(path),
                                                             settings.empty() ? "" : ",", settings)))) {}

  std::vector<Embedded> embed(const std::vector<EmbeddingRequest>& requests) {
    std::vector<Embedded> out(requests.size());
    size_t delivered = 0;
    model_.embed(1, requests, [&](uint64_t i, const EmbeddingResult& r) {
      out.at(i) = {r.status, r.message, {r.vector.begin(), r.vector.end()}, r.prompt_tokens, r.truncated_tokens};
      ++delivered;
    });
    CHECK(delivered == requests.size());
    return out;
  }
  std::vector<Embedded> embed(const std::vector<std::string>& texts) {
    std::vector<EmbeddingRequest> requests;
    for (const std::string& text : texts) requests.push_back({.text = text});
    return embed(requests);
  }
  cpu::CpuModel& operator*() { return model_; }

 private:
  std::string config_;
  cpu::CpuModel model_;
};

std::string tiny(const std::string& name) { return test::embeddings_file(name); }

bool same_bits(const std::vector<Embedded>& a, const std::vector<Embedded>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].vector.size() != b[i].vector.size() ||
        std::memcmp(a[i].vector.data(), b[i].vector.data(), a[i].vector.size() * sizeof(float)) != 0)
      return false;
  return true;
}

// A copy of a folder, some files replaced ("" leaves one out).
class Changed {
 public:
  Changed(const std::string& from, const std::map<std::string, std::string>& files) {
    static int number = 0;
    path_ = fs::temp_directory_path() / fmt::format("sextant-embeddings-{}-{}", ::getpid(), number++);
    fs::copy(from, path_, fs::copy_options::recursive);
    for (const auto& [name, text] : files) {
      fs::remove(path_ / name);
      if (!text.empty()) std::ofstream(path_ / name) << text;
    }
  }
  Changed(const Changed&) = delete;
  ~Changed() { fs::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string why_not(const std::string& path, const std::string& settings = "") {
  try {
    Embedder model(path, settings);
    model.embed(std::vector<std::string>{"a"});
  } catch (const PluginError& e) { return e.what(); }
  return "";
}

}  // namespace

TEST_CASE("tiny encoders embed as sentence-transformers does", "[cpu][embeddings]") {
  const json::Document golden = test::read_embeddings_json("tiny.json");
  const auto texts = test::embedded_texts();
  for (const std::string name : {"bert", "mpnet", "roberta"})
    for (const std::string isa : {"auto", "portable"}) {
      CAPTURE(name, isa);
      const json::Value& entry = *json::find(golden, name);
      const auto expected = test::floats_of(*json::find(entry, "vectors"));
      const json::Value& tokens = *json::find(entry, "tokens");
      Embedder model(tiny(name), R"("threads":2,"isa":")" + isa + "\"");
      const auto got = model.embed(texts);
      test::VectorDistance distance;
      size_t cut = 0;
      for (size_t i = 0; i < got.size(); ++i) {
        CAPTURE(i, texts[i].substr(0, 60), got[i].message);
        REQUIRE(got[i].status == SXT_OK);
        REQUIRE(got[i].vector.size() * texts.size() == expected.size());
        CHECK(got[i].prompt_tokens == tokens[static_cast<rapidjson::SizeType>(i)].GetUint());
        cut += got[i].truncated_tokens > 0;
        distance.add(got[i].vector.data(), expected.data() + i * got[i].vector.size(), got[i].vector.size());
        REQUIRE(distance.element < 1e-5);
      }
      CHECK(distance.cosine < 1e-5);
      CHECK(cut > 5);
      WARN(name << ", " << isa << ": " << distance);
    }
}

TEST_CASE("MiniLM embeds as sentence-transformers does", "[model][cpu][embeddings]") {
  const char* folder = std::getenv("SEXTANT_TEST_MINILM");
  if (!folder || !*folder) {
    WARN("SKIP: SEXTANT_TEST_MINILM (the folder of all-MiniLM-L6-v2) is not set; tools/acceptance/embeddings.sh sets it");
    return;
  }
  const json::Document golden = test::read_embeddings_json("minilm.json");
  const size_t dim = json::find(golden, "dim")->GetUint();
  const std::string bytes = or_throw(csv::read_text(test::embeddings_file("minilm.i24")));
  const auto texts = test::embedded_texts();
  REQUIRE(bytes.size() == texts.size() * dim * 3);
  const auto number = [&](size_t i) {
    const auto byte = [&](size_t k) { return static_cast<uint32_t>(static_cast<unsigned char>(bytes[3 * i + k])); };
    const auto whole = static_cast<int32_t>((byte(0) | byte(1) << 8 | byte(2) << 16) << 8) >> 8;
    return std::ldexp(static_cast<double>(whole), -23);
  };
  Embedder model(folder);
  const auto got = model.embed(texts);
  test::VectorDistance distance;
  for (size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i, texts[i].substr(0, 60), got[i].message);
    REQUIRE(got[i].status == SXT_OK);
    REQUIRE(got[i].vector.size() == dim);
    CHECK(got[i].prompt_tokens == (*json::find(golden, "tokens"))[static_cast<rapidjson::SizeType>(i)].GetUint());
    std::vector<double> expected;
    for (size_t k = 0; k < dim; ++k) expected.push_back(number(i * dim + k));
    distance.add(got[i].vector.data(), expected.data(), dim);
    REQUIRE(distance.element < 1e-5);
  }
  CHECK(distance.cosine < 1e-5);
  WARN("MiniLM, " << texts.size() << " texts: " << distance);
}

TEST_CASE("decoders' embeddings are transformers' states, pooled", "[cpu][embeddings]") {
  cpu::CpuHardware hardware(Context(nullptr, borrow(R"({"threads": 2})")));
  test::compare_decoder_embeddings(hardware, {{"f32", 1e-5}, {"bf16", 0.1}});
}

TEST_CASE("SmolLM2's embeddings are transformers' states, pooled", "[model][cpu][embeddings]") {
  const char* path = std::getenv("SEXTANT_TEST_MODEL");
  if (!path || !*path) {
    WARN("SKIP: SEXTANT_TEST_MODEL (SmolLM2-135M-Instruct, Q4_1) is not set");
    return;
  }
  const json::Document golden = test::read_embeddings_json("smollm2.json");
  const auto texts = test::embedded_texts();
  const auto& entries = json::find(golden, "entries")->GetArray();
  const size_t kept = json::find(golden, "kept")->GetUint();
  for (size_t p = 0; p < 2; ++p) {
    Embedder model(path, p == 0 ? R"("pooling":"mean")" : R"("pooling":"last")");
    std::vector<std::string> chosen;
    for (const auto& entry : entries) chosen.push_back(texts.at(json::find(entry, "text")->GetUint()));
    const auto got = model.embed(chosen);
    test::VectorDistance distance;
    double norm = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      const json::Value& entry = entries[static_cast<rapidjson::SizeType>(i)];
      CAPTURE(p, i, chosen[i].substr(0, 60), got[i].message);
      REQUIRE(got[i].status == SXT_OK);
      CHECK(got[i].prompt_tokens == json::find(entry, "tokens")->GetUint());
      const auto right = test::floats_of(*json::find(entry, "mean_last"));
      REQUIRE(right.size() == 2 * (kept + 1));
      distance.add(got[i].vector.data(), right.data() + p * (kept + 1), kept);
      double squares = 0;
      for (const float x : got[i].vector) squares += double(x) * double(x);
      norm = std::max(norm, std::abs(std::sqrt(squares) / right[p * (kept + 1) + kept] - 1));
    }
    WARN((p == 0 ? "mean: " : "last: ") << distance << ", of a length from 1 " << norm);
    CHECK(distance.cosine < 1e-5);
    CHECK(distance.element < 1e-3);  // of numbers up to 30
    CHECK(norm < 1e-5);
  }
}

TEST_CASE("an embedding has the same bits whatever is embedded beside it", "[cpu][embeddings]") {
  auto texts = test::embedded_texts();
  Embedder model(tiny("bert"), R"("threads":1)");
  const auto got = model.embed(texts);
  SECTION("threads") { CHECK(same_bits(Embedder(tiny("bert"), R"("threads":3)").embed(texts), got)); }
  SECTION("order and batches") {
    for (const char* seed : {"1", "2", "9"})
      CHECK(same_bits(Embedder(tiny("bert"), fmt::format(R"("threads":2,"schedule_seed":{})", seed)).embed(texts), got));
  }
  SECTION("alone") {
    for (size_t i = 0; i < texts.size(); i += 13) CHECK(same_bits(model.embed(std::vector{texts[i]}), {got[i]}));
  }
  SECTION("as ids") {
    std::vector<std::vector<int32_t>> ids;
    std::vector<EmbeddingRequest> requests;
    for (const std::string& text : texts) {
      ids.push_back((*model).tokenize(text, SXT_REQUEST_ADD_SPECIAL));
      if (ids.back().size() > 64) ids.back().erase(ids.back().begin() + 63, ids.back().end() - 1);
    }
    for (const auto& one : ids) requests.push_back({.ids = one});
    CHECK(same_bits(model.embed(requests), got));
  }
}

TEST_CASE("pooling and length are those of the configuration where it says them", "[cpu][embeddings]") {
  const std::vector<std::string> texts{"the river, the stone"};
  const auto length = [&](const std::string& settings) {
    const auto got = Embedder(tiny("bert"), settings).embed(texts);
    double squares = 0;
    for (const float x : got[0].vector) squares += double(x) * double(x);
    return std::sqrt(squares);
  };
  CHECK(length("") == Approx(1));
  CHECK(length(R"("normalise":false)") > 1.5);
  CHECK(length(R"("pooling":"mean")") > 1.5);  // modules.json, which normalises, is left aside
  CHECK(length(R"("pooling":"mean","normalise":true)") == Approx(1));
  const auto vector = [&](const std::string& settings) { return Embedder(tiny("bert"), settings).embed(texts)[0].vector; };
  CHECK(vector(R"("pooling":"cls")") != vector(R"("pooling":"last")"));
  CHECK(vector(R"("normalise":false)") == vector(R"("pooling":"mean")"));
}

TEST_CASE("a text that is too long loses its end, and the special tokens stay", "[cpu][embeddings]") {
  Embedder model(tiny("bert"), R"("max_seq_len":7)");
  const auto got = model.embed(std::vector<std::string>{"a b c d e f g h", "a b c d e"});
  CHECK(got[0].vector == got[1].vector);
  CHECK(got[0].prompt_tokens == 7);
  CHECK(got[0].truncated_tokens == 3);
  CHECK(got[1].truncated_tokens == 0);
  CHECK(why_not(tiny("bert"), R"("max_seq_len":2)").find("no room for a text") != std::string::npos);
}

TEST_CASE("an id that the model has not fails its request alone", "[cpu][embeddings]") {
  Embedder model(tiny("bert"));
  const std::vector<int32_t> good{2, 40, 3}, high{2, 4000, 3}, negative{-1}, none;
  const auto got = model.embed(std::vector<EmbeddingRequest>{{.ids = good}, {.ids = high}, {.ids = negative}, {.ids = none}});
  CHECK(got[0].status == SXT_OK);
  for (size_t i = 1; i < got.size(); ++i) {
    CHECK(got[i].status == SXT_BAD_DATA);
    CHECK(got[i].vector.empty());
  }
  CHECK(got[1].message == "request 1: id 4000 is not in the vocabulary of 80 ids");
}

TEST_CASE("an encoder neither scores nor generates", "[cpu][embeddings]") {
  Embedder model(tiny("bert"));
  CHECK(((*model).info().abilities & (SXT_MODEL_SCORE | SXT_MODEL_GENERATE)) == 0);
  CHECK(((*model).info().abilities & SXT_MODEL_TOKENIZE) != 0);
  CHECK((*model).info().context_length == 64);
  Requests requests;
  requests.score("a", {"b"});
  const auto all = requests.all();
  for (const bool planning : {true, false}) {
    std::string why;
    try {
      if (planning) (*model).plan(1, all);
      else (*model).run(1, all, {});
    } catch (const PluginError& e) {
      CHECK(e.status == SXT_UNSUPPORTED);
      why = e.what();
    }
    CHECK(why.find("is an encoder (bert)") != std::string::npos);
  }
}

TEST_CASE("an encoder that is not computed as it asks for is refused with what to do", "[cpu][embeddings]") {
  const std::string config = or_throw(csv::read_text(tiny("bert/config.json")));
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = config;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const auto dense =
      R"([{"path":"","type":"sentence_transformers.models.Transformer"},{"path":"2_Dense","type":"sentence_transformers.models.Dense"}])";
  struct Case {
    std::map<std::string, std::string> files;
    std::string settings, says;
  };
  const Case cases[] = {
      {{}, R"("compute":"bf16")", "encoders are computed in f32 alone"},
      {{{"modules.json", dense}}, "", "sentence_transformers.models.Dense"},
      {{{"1_Pooling/config.json", R"({"pooling_mode":"max"})"}}, "", "the pooling \"max\""},
      {{{"1_Pooling/config.json", R"({"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":true})"}},
       "",
       "\"cls and mean\""},
      {{{"modules.json", R"([{"path":"../x","type":"Pooling"}])"}}, "", "leaves the folder"},
      {{{"config.json", changed("\"gelu\"", "\"relu\"")}}, "", "of encoders only those with \"gelu\""},
      {{{"config.json", changed("\"absolute\"", "\"relative_key\"")}}, "", "only \"absolute\" is supported"},
      {{{"config.json", changed("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3")}},
       "",
       "encoder.layer.2.attention.self.query.weight\" is missing"},
      {{{"config.json", changed("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1")}}, "", "do not belong together"},
      {{{"config.json", changed("\"intermediate_size\": 28", "\"intermediate_size\": 24")}},
       "",
       "has not the shape that config.json asks for, [24, 20]"},
      {{{"vocab.txt", "a\nb\n"}}, "", "has no token \"[UNK]\""},
      {{{"vocab.txt", ""}}, "", "or vocab.txt in this folder"},
      {{{"model.safetensors", ""}, {"pytorch_model.bin", "PK\x03\x04"}}, "", "tools/convert_bin.py"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.says);
    const Changed folder(tiny("bert"), c.files);
    const std::string why = why_not(folder.path(), c.settings);
    CAPTURE(why);
    CHECK(why.find(c.says) != std::string::npos);
  }
  // what the user says stands above the folder
  const Changed folder(tiny("bert"), {{"modules.json", dense}});
  CHECK(why_not(folder.path(), R"("pooling":"mean")").empty());
}
