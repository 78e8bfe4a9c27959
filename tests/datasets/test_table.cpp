#include "../../datasets/table/table.cpp"
#include "loader.hpp"

using test::Folder;
using test::Loader;

namespace {

const sxt_component& table() { return *sextant_plugin_entry.components[0]; }
const sxt_component& custom() { return *sextant_plugin_entry.components[1]; }

struct Case { const char *file, *text, *more, *expected; };

/// The first record, or the error's text.
std::string first(const sxt_component& component, const Case& c) {
  const Folder folder;
  folder.write(c.file, c.text);
  Loader loader(component, folder.config("\"file\": \"" + std::string(c.file) + "\"" + c.more));
  const auto records = loader.read("train");
  return loader.status == SXT_OK ? records.at(0) : loader.error.message;
}

}  // namespace

TEST_CASE("table: every format, with and without a header; nested members stay what they are") {
  for (const Case& c : {
           Case{"q.csv", "question,A\nq,1\n", "", R"({"question":"q","A":"1"})"},
           Case{"q.csv", "q,\"a, b\"\n", R"(, "header": false, "columns": ["question", "A"])", R"({"question":"q","A":"a, b"})"},
           Case{"q.csv", "0,q,1\n", R"(, "header": false, "columns": ["", "question", "A"])", R"({"question":"q","A":"1"})"},
           Case{"q.csv", ",Question\n7,q\n", R"(, "columns": ["", "question"])", R"({"question":"q"})"},
           Case{"q.tsv", "a\tb\n1,2\t3\n", "", R"({"a":"1,2","b":"3"})"},
           Case{"q.txt", "a\tb\n1\t2\n", R"(, "format": "tsv")", R"({"a":"1","b":"2"})"},
           Case{"q.jsonl", "\n{\"l\": [1, \"x\"], \"o\": {\"a\": null}, \"n\": 1.5}\n", "", R"({"l":[1,"x"],"o":{"a":null},"n":1.5})"},
           Case{"q.json", R"([{"a": 1}, {"a": 2}])", "", R"({"a":1})"},
           Case{"q.json", R"({"name": "x", "examples": [{"a": 1}]})", "", R"({"a":1})"},
           Case{"q.json", R"({"d": {"rows": [{"a": 1}]}, "other": []})", R"(, "member": "d.rows")", R"({"a":1})"},
           Case{"q.jsonl", R"({"question": {"stem": "s"}, "key": "A"})", R"(, "rename": {"answer": "key", "stem": "question.stem"})",
                R"({"question":{"stem":"s"},"answer":"A","stem":"s"})"},
           Case{"q.csv", "q\nx\n", R"(, "add": ["answer"])", R"({"q":"x","answer":""})"},
       }) {
    INFO(c.text << c.more);
    CHECK(first(table(), c) == c.expected);
  }
}

TEST_CASE("table: what is wrong is named") {
  for (const Case& c : {
           Case{"q.csv", "q,A\nx\n", "", "q.csv:2: the row has 1 cells, the header 2"},
           Case{"q.csv", "q,A\nx,y\nz\n", R"(, "header": false, "columns": ["a", "b"])", "q.csv:3: the row has 1 cells, and \"columns\" names 2"},
           Case{"q.csv", "a,b\nx,y\n", R"(, "columns": ["a"])", "has 2 columns, and \"columns\" names 1"},
           Case{"q.csv", "", R"(, "header": false, "columns": ["a"])", "q.csv holds no rows"},
           Case{"q.txt", "x", "", "q.txt is neither .csv, .tsv, .jsonl nor .json"},
           Case{"q.json", "{\"a\": [{}], \"b\": [{}]}", "", "has several lists"},
           Case{"q.json", "{\"a\": 1}", "", "holds no list of rows"},
           Case{"q.json", "[1]", "", "item 0: not a JSON object"},
           Case{"q.json", "[{\"a\": 1}]", R"(, "member": "rows")", "has no member 'rows'"},
           Case{"q.json", "[", "", "q.json:1:2"},
           Case{"q.jsonl", "{\"q\": 1}\n", R"(, "require": ["q", "answer"])", "q.jsonl:1: there is no column 'answer'; the row has: q"},
           Case{"q.jsonl", "{\"q\": 1}\n", R"(, "rename": {"a": "b"})", "q.jsonl:1: there is no column 'b' to rename"},
           Case{"q.csv", "id,answer\n7,E\n", R"(, "answers": {"among": ["A", "B"]})", "q.csv:2: id 7: the answer 'E' is none of the options A, B"},
       }) {
    INFO(c.text << c.more);
    CHECK_THAT(first(table(), c), Catch::Contains(c.expected));
  }
}

TEST_CASE("table: {split} and {name} are filled in, globs match, files are given by split") {
  const Folder folder;
  folder.write("dev/law_dev.csv", "q\nd\n");
  folder.write("test/law_test.csv", "q\nt\n");
  folder.write("parts/b2.jsonl", "{\"q\": \"2\"}\n");
  folder.write("parts/b1.jsonl", "{\"q\": \"1\"}\n");
  Loader pattern(table(), folder.config(R"("name": "law", "file": "{split}/{name}_{split}.csv")"));
  CHECK(pattern.read("dev").at(0) == R"({"q":"d"})");
  CHECK(pattern.read("test").at(0) == R"({"q":"t"})");
  pattern.read("val");
  CHECK(pattern.status == SXT_MISSING);
  Loader files(table(), folder.config(R"("files": {"train": "parts/b?.jsonl", "test": ["parts/b2.jsonl", "parts/b1.jsonl"], "none": "x*"})"));
  CHECK(files.read("train") == std::vector<std::string>{R"({"q":"1"})", R"({"q":"2"})"});
  CHECK(files.read("test") == std::vector<std::string>{R"({"q":"2"})", R"({"q":"1"})"});
  files.read("none");
  CHECK(files.status == SXT_MISSING);
  files.read("dev");
  CHECK_THAT(files.error.message, Catch::Contains("\"files\" has no split 'dev'; it has: train, test, none"));
}

TEST_CASE("table: C-Eval's checks as configuration: answers in val, none published in test") {
  const Folder folder;
  folder.write("val/logic_val.csv", "id,question,A,B,C,D,answer\n0,q,1,2,3,4,C\n");
  folder.write("test/logic_test.csv", "id,question,A,B,C,D\n0,q,1,2,3,4\n");
  Loader ceval(table(), folder.config(R"("name": "logic", "file": "{split}/{name}_{split}.csv", "require": ["question", "A", "B", "C", "D"],
      "add": ["answer", "explanation"], "answers": {"among": ["A", "B", "C", "D"], "unpublished": ["test"]})"));
  CHECK(ceval.read("val").at(0) == R"({"id":"0","question":"q","A":"1","B":"2","C":"3","D":"4","answer":"C","explanation":""})");
  CHECK(ceval.read("test").at(0) == R"({"id":"0","question":"q","A":"1","B":"2","C":"3","D":"4","answer":"","explanation":""})");
}

TEST_CASE("custom: csv, tsv and jsonl are read as they are") {
  for (const Case& c : {
           Case{"q.csv", "question,A,B,answer\nq,1,2,B\n", "", R"({"question":"q","A":"1","B":"2","answer":"B"})"},
           Case{"q.tsv", "question\tanswer\na,b\tc\n", "", R"({"question":"a,b","answer":"c"})"},
           Case{"q.jsonl", "{\"question\": \"q\", \"answer\": 4}\n\n{\"question\": \"r\", \"answer\": 5}", "",
                R"({"question":"q","answer":4})"},
           Case{"q.jsonl", "\xEF\xBB\xBF{\"question\":\"q\",\"A\":\"x\",\"B\":\"y\",\"answer\":\"A\"}\r\n",
                R"(, "data_type": "mcq")", R"({"question":"q","A":"x","B":"y","answer":"A"})"},
       })
    CHECK(first(custom(), c) == c.expected);
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
           Case{"q.txt", "x", "", "q.txt is neither .csv, .tsv"},
       }) {
    const std::string message = first(custom(), c);
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
