// Hugging Face folders: what a whole one gives, in one file or in shards, and what each wrong one is refused for.
#include <map>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <checkpoint/hugging_face.hpp>
#include "../../../core/temporary_folder.hpp"
#include "../safetensors_writer.hpp"
#include "../sha256.hpp"

using namespace sextant;
using namespace sextant::engine;
using namespace sextant::test;
using Catch::Matchers::Contains;

namespace {

using Files = std::map<std::string, std::string>;

const std::string shard_a = SafetensorsWriter().f32("a", "[2]", {1, 2}).bytes();
const std::string shard_b = SafetensorsWriter().f32("b", "[1,2]", {3, 4}).bytes();
std::string index_of(const std::string& map) { return R"({"metadata":{"total_size":16},"weight_map":)" + map + "}"; }
const std::string index_json = index_of(R"({"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"})");

Files sharded() {
  return {{"config.json", R"({"model_type":"llama"})"}, {"model.safetensors.index.json", index_json},
          {"model-00001-of-00002.safetensors", shard_a}, {"model-00002-of-00002.safetensors", shard_b}};
}
Files single() { return {{"config.json", R"({"model_type":"llama"})"}, {"model.safetensors", shard_a}}; }

void fill(const TemporaryFolder& folder, const Files& files) {
  for (const auto& [name, bytes] : files) spit(folder / name, bytes);
}
std::string refusal_of(const Files& files) {
  const TemporaryFolder folder;
  fill(folder, files);
  const auto opened = open_checkpoint(folder.path().string());
  return opened ? "it was accepted" : opened.error().message;
}
Files with(Files files, const std::string& name, const std::string& bytes) {
  files[name] = bytes;
  return files;
}
Files without(Files files, const std::string& name) {
  files.erase(name);
  return files;
}

}  // namespace

TEST_CASE("a folder gives config.json and the tensors of its file or its shards", "[engine][hugging_face]") {
  const bool shards = GENERATE(false, true);
  const TemporaryFolder folder;
  fill(folder, shards ? sharded() : single());
  const auto opened = open_checkpoint(folder.path().string() + GENERATE("", "/"));
  if (!opened) FAIL(opened.error().message);
  const Checkpoint& model = **opened;
  CHECK(model.format() == CheckpointFormat::hugging_face);
  CHECK(model.path() == folder.path().string());
  CHECK(json::find_string(model.metadata(), "model_type") == "llama");
  REQUIRE(model.find("a"));
  CHECK(model.find("a")->shape == std::vector<uint64_t>{2});
  CHECK(std::memcmp(model.find("a")->bytes.data(), "\0\0\x80\x3f\0\0\0\x40", 8) == 0);
  CHECK((model.find("b") != nullptr) == shards);
  CHECK(model.tensors().size() == (shards ? 2 : 1));
  CHECK(model.find("c") == nullptr);
}

TEST_CASE("a wrong folder is refused with its reason", "[engine][hugging_face]") {
  const Files config = {{"config.json", "{}"}};
  const std::string pickle = std::string("PK\3\4\0\0\x08\x08", 8) + std::string(64, '\0');
  struct { const char* name; Files files; std::string reason;
  } const cases[] = {
      {"an empty folder", {}, "the folder is empty"},
      {"no config.json", without(single(), "config.json"), "there is no config.json in the folder"},
      {"a GGUF file alone", {{"x.gguf", "GGUF"}}, "/x.gguf"},
      {"an adapter", {{"adapter_config.json", "{}"}, {"adapter_model.safetensors", shard_a}}, "give it as --peft-path"},
      {"a broken config", with(single(), "config.json", "{\"a\":\n1,}"), "config.json:2:3"},
      {"a config that is a list", with(single(), "config.json", "[]"), "is not a JSON object"},
      {"an empty config", with(single(), "config.json", ""), "config.json: the file is empty"},
      {"quantised by GPTQ", with(single(), "config.json", R"({"quantization_config":{"quant_method":"gptq","bits":4}})"),
       "quantised by \"gptq\""},
      {"quantised, nobody says how", with(single(), "config.json", R"({"quantization_config":{}})"),
       "quantised by \"an unnamed method\""},
      {"no weights", config, "there are no weights in the folder"},
      {"shards without an index", without(sharded(), "model.safetensors.index.json"), "fetch the file that is missing"},
      {"a pickle", with(config, "pytorch_model.bin", pickle), "python3 tools/convert_bin.py '"},
      {"pickles in shards", with(config, "pytorch_model-00001-of-00002.bin", pickle),
       "pytorch_model-00001-of-00002.bin: is a pickle"},
      {"a .pth", with(config, "consolidated.00.pth", pickle), "is a pickle"},
      {"a Git LFS pointer", with(single(), "model.safetensors", "version https://git-lfs.github.com/spec/v1\n"),
       "git lfs pull"},
      {"a pointer for a config", with(single(), "config.json", "version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"},
      {"weights without tensors", with(single(), "model.safetensors", safetensors("{}")), "the weights hold no tensor"},
      {"a shard that is missing", without(sharded(), "model-00002-of-00002.safetensors"),
       "the shard \"model-00002-of-00002.safetensors\" is missing"},
      {"a shard that is broken", with(sharded(), "model-00002-of-00002.safetensors", "x"),
       "model-00002-of-00002.safetensors: is too short"},
      {"a broken index", with(sharded(), "model.safetensors.index.json", "{"), "index.json:1:2"},
      {"an index without a map", with(sharded(), "model.safetensors.index.json", "{}"), "has no \"weight_map\""},
      {"an empty map", with(sharded(), "model.safetensors.index.json", index_of("{}")), "has no \"weight_map\""},
      {"a map of numbers", with(sharded(), "model.safetensors.index.json", index_of(R"({"a":1})")),
       "tensor \"a\" has no shard's name"},
      {"a shard elsewhere", with(sharded(), "model.safetensors.index.json", index_of(R"({"a":"../x.safetensors"})")),
       "not a name of a file in the folder"},
      {"a shard of an absolute path", with(sharded(), "model.safetensors.index.json", index_of(R"({"a":"/etc/passwd"})")),
       "not a name of a file in the folder"},
      {"a shard with a NUL", with(sharded(), "model.safetensors.index.json", index_of(R"({"a":"x\u0000y"})")),
       "not a name of a file in the folder"},
      {"a tensor named twice", with(sharded(), "model.safetensors.index.json", index_of(R"({"a":"x","a":"y"})")),
       "names tensor \"a\" twice"},
      {"a tensor that the shard lacks",
       with(
           sharded(), "model.safetensors.index.json",
           index_of(
               R"({"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors","c":"model-00002-of-00002.safetensors"})")),
       "says that tensor \"c\" is in \"model-00002-of-00002.safetensors\""},
      {"two shards that are missing",
       without(without(sharded(), "model-00001-of-00002.safetensors"), "model-00002-of-00002.safetensors"),
       "2 of the 2 shards that model.safetensors.index.json names are missing: \"model-00001-of-00002.safetensors\", "
       "\"model-00002"},
      {"a tensor that the index lacks",
       with(sharded(), "model.safetensors.index.json",
            index_of(R"({"b":"model-00002-of-00002.safetensors","x":"model-00001-of-00002.safetensors"})")),
       "model-00001-of-00002.safetensors: holds tensor \"a\""},
      {"a tensor in two shards",
       with(sharded(), "model-00002-of-00002.safetensors",
            SafetensorsWriter().f32("b", "[1]", {1}).f32("a", "[1]", {1}).bytes()),
       "tensor \"a\" is in two shards with other numbers, \"model-00001-of-00002.safetensors\" and "
       "\"model-00002-of-00002.safetensors\""},
      {"a tensor in another shard than the index says",
       with(with(sharded(), "model-00001-of-00002.safetensors", SafetensorsWriter().f32("b", "[1,2]", {3, 4}).bytes()),
            "model-00002-of-00002.safetensors", shard_a),
       "and model.safetensors.index.json says that it is in \""},
      {"two tensors of one name",
       with(single(), "model.safetensors", SafetensorsWriter().f32("a", "[1]", {1}).f32("module.a", "[1]", {1}).bytes()),
       "two tensors are called \"a\""},
      {"a folder of folders", {{"one/config.json", "{}"}, {"two/x", "x"}}, "/one is one; name it"},
      {"folders alone", {{"blobs/x", "x"}}, "there are folders and no files in the folder"},
  };
  for (const auto& c : cases) {
    INFO(c.name);
    CHECK_THAT(refusal_of(c.files), Contains(c.reason));
  }
}

TEST_CASE("what is not a checkpoint says what to name instead", "[engine][hugging_face]") {
  const TemporaryFolder folder;
  fill(folder, single());
  fill(folder, {{"model.bin", std::string("PK\3\4", 4)},
                {"legacy.pt", "\x80\x02}q"},
                {"pointer.gguf", "version https://git-lfs.github.com/spec/v1\n"},
                {"text", "hello"}});
  const std::string where = folder.path().string();
  struct { std::string path, reason; } const cases[] = {
      {where + "/model.safetensors", "name the folder: " + where}, {where + "/config.json", "name the folder: " + where},
      {where + "/model.bin", "convert_bin.py '" + where + "'"},    {where + "/legacy.pt", "is a pickle"},
      {where + "/pointer.gguf", "git lfs pull"},                   {where + "/text", "is not a GGUF file"},
      {where + "/nothing", "there is no such file or folder; check the path"},
  };
  for (const auto& c : cases) {
    const auto opened = open_checkpoint(c.path);
    REQUIRE_FALSE(opened);
    CHECK_THAT(opened.error().message, Contains(c.reason));
  }
  CHECK_THAT(HuggingFaceFolder::open(where + "/text").error().message, Contains("is a file, not a Hugging Face folder"));
  CHECK_THAT(HuggingFaceFolder::open(where + "/nothing").error().message, Contains("there is no such folder"));
}

TEST_CASE("tensors' names are without what training frameworks put around them", "[engine][hugging_face]") {
  for (const char* name : {"module.a", "_orig_mod.a", "module._orig_mod.a", "base_model.model.a", "_fsdp_wrapped_module.a",
                           "_forward_module.module.a"}) {
    CAPTURE(name);
    const TemporaryFolder folder;
    fill(folder, with(single(), "model.safetensors", SafetensorsWriter().f32(name, "[2]", {1, 2}).bytes()));
    const auto opened = open_checkpoint(folder.path().string());
    REQUIRE(opened);
    CHECK((*opened)->find("a"));
  }
}

TEST_CASE("weights that lie beside those that are read are named", "[engine][hugging_face]") {
  struct { const char* name; Files files; std::string says;
  } const cases[] = {
      {"nothing odd", sharded(), ""},
      {"one file and shards", with(sharded(), "model.safetensors", shard_a),
       "holds model.safetensors and model.safetensors.index.json; the first is read"},
      {"a shard of another index", with(sharded(), "model-00003-of-00003.safetensors", shard_a),
       "holds \"model-00003-of-00003.safetensors\", which"},
      {"the same tensor twice",
       with(sharded(), "model-00002-of-00002.safetensors",
            SafetensorsWriter().f32("b", "[1,2]", {3, 4}).f32("a", "[2]", {1, 2}).bytes()),
       "tensor \"a\" is in two shards"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const TemporaryFolder folder;
    fill(folder, c.files);
    const auto opened = open_checkpoint(folder.path().string());
    if (!opened) FAIL(opened.error().message);
    const std::vector<std::string> warnings = (*opened)->warnings();
    REQUIRE(warnings.size() == (c.says.empty() ? 0 : 1));
    if (!c.says.empty()) CHECK_THAT(warnings[0], Contains(c.says));
  }
}

TEST_CASE("what cannot be read is not taken for what is missing", "[engine][hugging_face]") {
  const TemporaryFolder folder;
  fill(folder, single());
  const std::string where = folder.path().string();
  const auto refusal = [](const std::string& path) { return open_checkpoint(path).error().message; };
  std::filesystem::rename(folder / "model.safetensors", folder / "kept");
  std::filesystem::create_symlink("../blobs/abc", folder / "model.safetensors");
  CHECK_THAT(refusal(where), Contains("model.safetensors is missing (a link to ../blobs/abc, which is missing)"));
  std::filesystem::rename(folder / "config.json", folder / "kept2");
  std::filesystem::create_symlink("../blobs/def", folder / "config.json");
  CHECK_THAT(refusal(where), Contains("config.json is missing (a link to ../blobs/def, which is missing)"));
  CHECK_THAT(refusal(where + "/config.json"), Contains("is a link to ../blobs/def, which is missing"));
  CHECK_THAT(refusal("no-org/no-model"), Contains("there is no such file or folder, and the cache of the Hugging Face Hub, ") &&
                                             Contains("holds no models--no-org--no-model"));
  // a superuser may enter every folder
  const bool superuser = ::geteuid() == 0;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::none);
  if (superuser) REQUIRE(::seteuid(65534) == 0);
  const std::string closed = refusal(where), beyond = refusal(where + "/x");
  if (superuser) REQUIRE(::seteuid(0) == 0);
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  CHECK_THAT(closed, Contains("this user may not enter and list this folder"));
  CHECK_THAT(beyond, Contains("this user may not enter a folder on the way there"));
}

TEST_CASE("a folder's sha256 is that of what sha256sum prints for its files", "[engine][hugging_face]") {
  const TemporaryFolder folder;
  fill(folder, sharded());
  fill(folder, {{"README.md", "changes nothing"}, {"tokenizer.json", "{}"}});
  const auto hash = [&] { return *(*open_checkpoint(folder.path().string()))->sha256(); };
  const auto expected = [&] {
    std::string lines;
    for (const char* name :
         {"config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "tokenizer.json"}) {
      const std::string bytes = slurp(folder / name);
      lines += sha256(bytes.data(), bytes.size()) + "  " + name + "\n";
    }
    return sha256(lines.data(), lines.size());
  };
  const std::string before = hash();
  CHECK(before == expected());
  spit(folder / "tokenizer.json", "{ }");
  CHECK(hash() == expected());
  CHECK(hash() != before);
}
