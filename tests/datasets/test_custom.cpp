#include "../../datasets/custom/custom.cpp"
#include "loader.hpp"

using test::Folder;
using test::Loader;

namespace {

const sxt_component& custom() { return *sextant_plugin_entry.components[0]; }

struct Case { const char *file, *text, *more, *expected; };

/// The first record, or the error's text.
std::string first(const Case& c) {
  const Folder folder;
  folder.write(c.file, c.text);
  Loader loader(custom(), folder.config("\"file\": \"" + std::string(c.file) + "\"" + c.more));
  const auto records = loader.read("train");
  return loader.status == SXT_OK ? records.at(0) : loader.error.message;
}

}  // namespace

TEST_CASE("custom: csv, tsv and jsonl are read as they are") {
  for (const Case& c : {
           Case{"q.csv", "question,A,B,answer\nq,1,2,B\n", "", R"({"question":"q","A":"1","B":"2","answer":"B"})"},
           Case{"q.tsv", "question\tanswer\na,b\tc\n", "", R"({"question":"a,b","answer":"c"})"},
           Case{"q.jsonl", "{\"question\": \"q\", \"answer\": 4}\n\n{\"question\": \"r\", \"answer\": 5}", "",
                R"({"question":"q","answer":4})"},
           Case{"q.jsonl", "\xEF\xBB\xBF{\"question\":\"q\",\"A\":\"x\",\"B\":\"y\",\"answer\":\"A\"}\r\n",
                R"(, "data_type": "mcq")", R"({"question":"q","A":"x","B":"y","answer":"A"})"},
       })
    CHECK(first(c) == c.expected);
}

TEST_CASE("custom: what is wrong is named") {
  for (const Case& c : {
           Case{"q.csv", "question,A,B,answer\nq,1,2,C\n", "", "q.csv:2: the answer 'C' is none of the options A, B"},
           Case{"q.csv", "question,A,B,answer\nq,1,2,\n", "", "q.csv:2: the answer '' is none of the options A, B"},
           Case{"q.csv", "q,answer\n1,2\n", R"(, "data_type": "qa")",
                "q.csv has no column 'question'; its columns are: q, answer"},
           Case{"q.csv", "question,answer\n1,2\n", R"(, "data_type": "mcq")", "q.csv has no column 'A'"},
           Case{"q.jsonl", "{\"question\": \"q\"}\n{\"question\": \"q\",}\n", "", "q.jsonl:2: column 18"},
           Case{"q.jsonl", "{\"question\": \"q\", \"answer\": \"a\"}\n{\"question\": \"q\"}\n", "",
                "q.jsonl:2: no member 'answer'"},
           Case{"q.jsonl", "[1]\n", "", "q.jsonl:1: not a JSON object"},
           Case{"q.jsonl", "\n", "", "q.jsonl holds no records"},
           Case{"q.txt", "x", "", "q.txt is neither .csv, .tsv nor .jsonl"},
       }) {
    const std::string message = first(c);
    CHECK_THAT(message, Catch::Contains(c.expected));
  }
}

TEST_CASE("custom: {split} in the file's name is the split, and a path may be the file itself") {
  const Folder folder;
  folder.write("dev.jsonl", "{\"question\": \"d\"}\n");
  folder.write("val.jsonl", "{\"question\": \"v\"}\n");
  Loader loader(custom(), folder.config(R"("file": "{split}.jsonl")"));
  CHECK(loader.read("dev").at(0) == R"({"question":"d"})");
  CHECK(loader.read("val").at(0) == R"({"question":"v"})");
  loader.read("test");
  CHECK(loader.status == SXT_MISSING);
  Loader whole(custom(), R"({"path": ")" + (folder.path() / "dev.jsonl").string() + "\"}");
  CHECK(whole.read("test").size() == 1);
}
