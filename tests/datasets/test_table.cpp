#include "../../datasets/table/table.cpp"
#include "loader.hpp"
#include <chrono>

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
           Case{"q.csv", "q,\"a, b\"\n", R"(, "header": false, "columns": ["question", "A"])",
                R"({"question":"q","A":"a, b"})"},
           Case{"q.csv", "0,q,1\n", R"(, "header": false, "columns": ["", "question", "A"])", R"({"question":"q","A":"1"})"},
           Case{"q.csv", ",Question\n7,q\n", R"(, "columns": ["", "question"])", R"({"question":"q"})"},
           Case{"q.tsv", "a\tb\n1,2\t3\n", "", R"({"a":"1,2","b":"3"})"},
           Case{"q.txt", "a\tb\n1\t2\n", R"(, "format": "tsv")", R"({"a":"1","b":"2"})"},
           Case{"q.jsonl", "\n{\"l\": [1, \"x\"], \"o\": {\"a\": null}, \"n\": 1.5}\n", "",
                R"({"l":[1,"x"],"o":{"a":null},"n":1.5})"},
           Case{"q.json", R"([{"a": 1}, {"a": 2}])", "", R"({"a":1})"},
           Case{"q.json", R"({"name": "x", "examples": [{"a": 1}]})", "", R"({"a":1})"},
           Case{"q.json", R"({"d": {"rows": [{"a": 1}]}, "other": []})", R"(, "member": "d.rows")", R"({"a":1})"},
           Case{"q.jsonl", R"({"question": {"stem": "s"}, "key": "A"})",
                R"(, "rename": {"answer": "key", "stem": "question.stem"})",
                R"({"question":{"stem":"s"},"answer":"A","stem":"s"})"},
           Case{"q.csv", "q\nx\n", R"(, "add": ["answer"])", R"({"q":"x","answer":""})"},
       }) {
    INFO(c.text << c.more);
    CHECK(first(table(), c) == c.expected);
  }
}

TEST_CASE("table: lines that are passed on as they are come out as those that are parsed") {
  const Folder folder;
  const std::vector<std::string> texts = {"{\"a\": 1, \"b\" : [ \"\\n\", {} ]}\r\n\n{\"c\":-2.5,\"a\":\"天\"}\n{\"a\":null,\"d\":true}",
                                          "{\"a\":1.50}\n{\"a\":\"\\u00e9\"}", "{\"a\":1,\"\\u0061b\":2}", "\xEF\xBB\xBF{\"a\":1}\n",
                                          "{\"a\":1,\"a\":2}", "{\"a\":1}\n[2]", "{\"a\":\"\xff\"}", "[{\"a\":1}]", "{\" a\":1}", "\n", "{\"a\":NaN}"};
  for (const std::string& text : texts) {
    INFO(text);
    folder.write("q.jsonl", text);
    Loader plain(table(), folder.config(R"("file": "q.jsonl")")), parsed(table(), folder.config(R"("file": "q.jsonl", "where": "1 == 1")"));
    CHECK(plain.read("test") == parsed.read("test"));
    CHECK(plain.status == parsed.status);
    CHECK(std::string(plain.error.message) == parsed.error.message);
    CHECK(plain.describe() == parsed.describe());
  }
}

TEST_CASE("table: what is wrong is named") {
  for (const Case& c : {
           Case{"q.csv", "q,A\nx\n", "", "q.csv:2: the row has 1 cells, the header 2"},
           Case{"q.csv", "q,A\nx,y\nz\n", R"(, "header": false, "columns": ["a", "b"])",
                "q.csv:3: the row has 1 cells, and \"columns\" names 2"},
           Case{"q.csv", "a,b\nx,y\n", R"(, "columns": ["a"])", "has 2 columns, and \"columns\" names 1"},
           Case{"q.csv", "", R"(, "header": false, "columns": ["a"])", "q.csv holds no rows"},
           Case{"q.txt", "x", "", "q.txt is neither .csv, .tsv, .jsonl nor .json"},
           Case{"q.json", "{\"a\": [{}], \"b\": [{}]}", "", "has several lists"},
           Case{"q.json", "{\"a\": 1}", "", "holds no list of rows"},
           Case{"q.json", "[1]", "", "item 0: not a JSON object"},
           Case{"q.json", "[{\"a\": 1}]", R"(, "member": "rows")", "has no member 'rows'"},
           Case{"q.json", "[", "", "q.json:1:2"},
           Case{"q.jsonl", "{\"q\": 1}\n", R"(, "require": ["q", "answer"])",
                "q.jsonl:1: there is no column 'answer'; the row has: q"},
           Case{"q.jsonl", "{\"q\": 1}\n", R"(, "rename": {"a": "b"})", "q.jsonl:1: there is no column 'b' to rename"},
           Case{"q.csv", "id,answer\n7,E\n", R"(, "answers": {"among": ["A", "B"]})",
                "q.csv:2: id 7: the answer 'E' is not one of the options A, B"},
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
  Loader files(
      table(),
      folder.config(R"("files": {"train": "parts/b?.jsonl", "test": ["parts/b2.jsonl", "parts/b1.jsonl"], "none": "x*"})"));
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
  Loader ceval(
      table(),
      folder.config(R"("name": "logic", "file": "{split}/{name}_{split}.csv", "require": ["question", "A", "B", "C", "D"],
      "add": ["answer", "explanation"], "answers": {"among": ["A", "B", "C", "D"], "unpublished": ["test"]})"));
  CHECK(ceval.read("val").at(0) ==
        R"({"id":"0","question":"q","A":"1","B":"2","C":"3","D":"4","answer":"C","explanation":""})");
  CHECK(ceval.read("test").at(0) ==
        R"({"id":"0","question":"q","A":"1","B":"2","C":"3","D":"4","answer":"","explanation":""})");
}

TEST_CASE(
    "table: lines, rows that are lists, items of lists as rows, columns and texts from files of their own, rows left out") {
  struct Shape { const char *file, *text, *more; std::vector<std::string> expected; };
  for (const Shape& c : {
           Shape{
               "a.txt", "one\r\n\ntwo", R"(, "format": "lines")", {R"({"text":"one"})", R"({"text":""})", R"({"text":"two"})"}},
           Shape{"a.txt",
                 "one\n",
                 R"(, "format": "lines", "columns": ["q"], "beside": {"label": "l.lst"})",
                 {R"({"q":"one","label":"0"})"}},
           Shape{"a.jsonl",
                 "{\"q\": 1}\n",
                 R"(, "beside": {"label": {"train": "l.lst"}}, "texts": {"task": "t.txt"})",
                 {R"({"q":1,"label":"0","task":"do\nit"})"}},
           Shape{"a.json",
                 R"([[["p", "r"], 7, "id"]])",
                 R"(, "columns": ["content", "n", ""])",
                 {R"({"content":["p","r"],"n":7})"}},
           Shape{"a.json",
                 R"({"data": [{"t": "T", "qas": [{"q": 1}, {"q": 2, "t": "own"}]}]})",
                 R"(, "unfold": ["qas"])",
                 {R"({"t":"T","q":1})", R"({"t":"own","q":2})"}},
           Shape{"a.jsonl",
                 R"({"p": {"text": "T", "qs": [{"as": ["x", "y"]}, {"as": []}]}})",
                 R"(, "unfold": ["p.qs", "as"])",
                 {R"({"p":{"text":"T"},"as":"x"})", R"({"p":{"text":"T"},"as":"y"})"}},
           Shape{"a.jsonl",
                 "{\"l\": \"-\", \"o\": [1]}\n{\"l\": \"x\", \"o\": [1, 2]}\n",
                 R"(, "where": "l != '-' and o | length == 2")",
                 {R"({"l":"x","o":[1,2]})"}},
       }) {
    INFO(c.text << c.more);
    const Folder folder;
    folder.write(c.file, c.text);
    folder.write("l.lst", "0\n");
    folder.write("t.txt", "do\nit");
    Loader loader(table(), folder.config("\"file\": \"" + std::string(c.file) + "\"" + c.more));
    CHECK(loader.read("train") == c.expected);
    CHECK(std::string(loader.error.message) == "");
  }
}

TEST_CASE("table: what does not fit a card's shape is named") {
  for (const Case& c : {
           Case{"q.jsonl", "{\"q\": 1}\n{\"q\": 2}\n", R"(, "beside": {"label": "q.jsonl.lst"})", "q.jsonl.lst"},
           Case{"q.jsonl", "{\"q\": 1}\n", R"(, "beside": {"label": {"dev": "l"}})",
                "\"files\" has no split 'train'; it has: dev"},
           Case{"q.json", "[[1, 2]]", R"(, "columns": ["a"])", "item 0: it has 2 values, and \"columns\" names 1"},
           Case{"q.json", "[[1, 2]]", "", "give them by \"columns\""},
           Case{"q.jsonl", "{\"q\": 1}\n", R"(, "unfold": ["qas"])", "q.jsonl:1: there is no 'qas' to unfold; the row has: q"},
           Case{"q.jsonl", "{\"q\": 1}\n", R"(, "unfold": ["q"])", "q.jsonl:1: 'q' is not a list"},
           Case{"q.jsonl", "{\"p\": [{\"q\": 1}]}\n", R"(, "unfold": ["p", "z"])",
                "q.jsonl:1, p[0]: there is no 'z' to unfold; the row has: q"},
           Case{"q.jsonl", "{\"q\": 1}\n", R"(, "where": "a == 1")", "q.jsonl:1: "},
           Case{"q.jsonl", "{\"q\": 1}\n", R"(, "where": "q == 2")", "\"where\" holds for no row: q == 2"},
           Case{"q.jsonl", "{\"q\": 1}\n", R"(, "where": "q ==")", "loader.where"},
       }) {
    INFO(c.text << c.more);
    CHECK_THAT(first(table(), c), Catch::Contains(c.expected));
  }
  const Folder folder;   // two rows, one label
  folder.write("q.jsonl", "{\"q\": 1}\n{\"q\": 2}\n");
  folder.write("l.lst", "0\n");
  Loader loader(table(), folder.config(R"("file": "q.jsonl", "beside": {"label": "l.lst"})"));
  loader.read("train");
  CHECK_THAT(std::string(loader.error.message),
             Catch::Contains("l.lst has 1 lines for the column 'label', and the split 'train' has 2 rows"));
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
           Case{"q.csv", "question,A,B,answer\nq,1,2,C\n", "", "q.csv:2: the answer 'C' is not one of the options A, B"},
           Case{"q.csv", "id,question,A,B,C,answer\n7,q,1,2,,C\n", "",
                "q.csv:2: id 7: the answer 'C' is not one of the options A, B; the row's own 'C' is empty"},
           Case{"q.csv", "question,A,B,answer\nq,1,2,A\nr,1,2,\n", "", "q.csv:3: it has no answer in 'answer'"},
           Case{"q.csv", "question,A,B,answer\nq,x,y,x\nr,z,z,z\n", "",
                "q.csv:3: the answer 'z' is the text of several options (A, B); write the letter"},
           Case{"q.csv", "question,A,B,answer\nq,x,y,A\nr,x,y,y\n", "",
                "q.csv:3: the answer 'y' is not one of the options A, B; it is the text of option B"},
           Case{"q.csv", "question,A,B,answer\nq,x,,A\n", "", "q.csv:2: it has one option, 'A'"},
           Case{"q.csv", "question,A,B,D,answer\nq,x,y,z,A\n", "", "has the option columns A, B, D, with a gap"},
           Case{"q.csv", "question,A,answer\nq,x,A\n", "", "has the option columns A, and there are at least two"},
           Case{"q.csv", "question,A,B,C,answer\nq,x,y,z,\"A,C\"\n", "",
                "q.csv:2: the answer 'A,C' names several options (A, C)"},
           Case{"q.jsonl", R"({"question": "q", "A": "x", "B": "y", "answer": ["A", "B"]})", "",
                "q.jsonl:1: 'answer' is a list of 2 answers"},
           Case{"q.csv", "q,answer\n1,2\n", R"(, "data_type": "qa")",
                "q.csv has no column 'question'; its columns are: q, answer"},
           Case{"q.csv", "question,anwser\n1,2\n", "", "q.csv has no column 'answer'; if it is 'anwser', say so"},
           Case{"q.jsonl", R"({"question": "q", "target": "x"})", "",
                "if it is 'target', say so in the file's .meta.json: {\"output_column\": \"target\"}"},
           Case{"q.csv", "Question,Best Answer,Source\nq,x,y\n", "", "q.csv has no column 'answer'; if it is 'Best Answer'"},
           Case{"q.csv", "question,answer\n1,2\n", R"(, "data_type": "mcq")", "q.csv has no column 'A'"},
           Case{"q.csv", "question,answer\nq,\nr,x\n", "", "q.csv:2: it has no answer in 'answer', and other rows do"},
           Case{"q.csv", "question,answer\n ,x\n", "", "q.csv:2: 'question' is empty"},
           Case{"q.jsonl", "{\"question\": \"q\"}\n{\"question\": \"q\",}\n", "", "q.jsonl:2: column 18"},
           Case{"q.jsonl", "{\"question\": \"q\", \"answer\": \"a\"}\n{\"question\": \"q\"}\n", "",
                "q.jsonl:2: it has no answer"},
           Case{"q.jsonl", R"({"question": "q", "answer": ["a", "b"]})", "", "q.jsonl:1: 'answer' is a list"},
           Case{"q.jsonl", R"({"question": "q", "answer": Infinity})", "", "q.jsonl:1: 'answer' is NaN or infinite"},
           Case{"q.jsonl", R"({"question": "q", "A": "x", "B": "y", "C": NaN, "answer": "A"})", "",
                "q.jsonl:1: 'C' is NaN or infinite"},
           Case{"q.jsonl", R"({"question": "q", "answer": "a", "answer": "b"})", "",
                "q.jsonl:1: the member 'answer' stands twice"},
           Case{"q.csv", "id,question,answer\n1,q,x\n2,r,x\n1,s,x\n", "", "q.csv:4: the id '1' stands twice"},
           Case{"q.csv", "question,answer\nq,x\nr,\xE9\n", "", "q.csv:3: not UTF-8 text"},
           Case{"q.jsonl", "{\"question\": \"q\", \"answer\": \"\xE9\"}\n", "", "q.jsonl:1: not UTF-8 text"},
           Case{"q.csv", "\xFF\xFEq", "", "is UTF-16 text"},
           Case{"q.csv", "question,A,B,answer\nq,x,A\n", "", "q.csv:2: the row has 3 cells, the header 4; a cell is missing"},
           Case{"q.csv", "question,answer\nq, \"a, b\"\n", "", "a blank stands before an opening quote"},
           Case{"q.jsonl", "[1]\n", "", "q.jsonl:1: not a JSON object"},
           Case{"q.jsonl", "\n", "", "q.jsonl holds no records"},
           Case{"q.json", R"([["q", "x"]])", "", "q.json:1, item 0: a list, not an object"},
           Case{"q.txt", "x", "", "q.txt is neither .csv, .tsv"},
           Case{"q.xlsx", "x", "", "q.xlsx is a spreadsheet; save it as \"CSV UTF-8\""},
           Case{"q.parquet", "x", "", "q.parquet: this build reads neither Parquet nor Arrow"},
           Case{"q.csv.gz", "x", "", "q.csv.gz cannot be unpacked: it is not packed as its name says"},
           Case{"q.zip", "x", "", "q.zip cannot be unpacked: "},
           Case{"q.csv", "question,options,answer\nq,x|y|z,y\n", "", "q.csv:2: 'options' seems to hold options, and is no list"},
           Case{"q.jsonl", R"({"question": "q", "mc1": {"texts": ["x", "y"]}, "answer": "y"})", "",
                "every answer stands in the list 'mc1.texts'"},
           Case{"q.csv", "question,answer,note\nq,B,x\n", "", "every answer is a letter, and the options were not found"},
           Case{"q.jsonl", R"({"question": "q", "variants": ["x", "y"], "answer": "y"})", "",
                "every answer stands in the list 'variants'"},
           Case{"q.jsonl", R"({"question": "q", "A": "x", "B": "y", "choices": ["x", "y"], "answer": "A"})", "",
                "its options may be A, B, or choices"},
           Case{"q.jsonl", R"({"question": "q", "choices": ["x", "y"], "answer": "z"})", "",
                "q.jsonl:1: the answer 'z' is not one of the options A, B"},
           Case{"q.jsonl", R"({"question": "q", "choices": ["u", "v", "w"], "answer": 1})", "",
                "may be numbers from 0 on or numbers from 1 on"},
           Case{"q.csv", "question,A,B,C,answer\nq,b,a,c,a\nr,c,b,a,b\n", "",
                "q.csv:2: the answers in 'answer' may be labels or options' texts; say \"answers\": \"labels\" or \"texts\""},
           Case{"q.jsonl", R"({"question": "q", "choices": ["B", "A"], "answer": "A"})", "", "may be labels or options' texts"},
           Case{"q.csv", "question,A,B,answer\nq,b,a,c\n", R"(, "answers": "texts")", "the answer 'c' is not one of the options A, B"},
           Case{"q.jsonl", R"({"question": "q", "choices": "x or y", "answer": "x"})", R"(, "options": "choices")",
                "q.jsonl:1: 'choices' is a text and no list"},
       }) {
    INFO(c.text << c.more);
    const std::string message = first(custom(), c);
    CHECK_THAT(message, Catch::Contains(c.expected));
  }
}

TEST_CASE("custom: each row is asked with its own options, and null and empty cells are none") {
  const auto row = [](const char* labels, const char* texts) {
    return "\"choice_labels\":" + std::string(labels) + ",\"choice_texts\":" + texts;
  };
  const Folder folder;
  folder.write("q.jsonl", R"({"question": "q", "A": "x", "B": "y", "answer": "A"}
{"question": "r", "A": "x", "B": "y", "C": "z", "answer": "C"}
{"question": "s", "A": "x", "B": null, "C": "z", "answer": "C"}
{"question": "t", "A": "x", "B": "y", "C": " ", "answer": "B"}
)");
  Loader loader(custom(), folder.config(R"("file": "q.jsonl")"));
  const auto records = loader.read("test");
  INFO(loader.error.message);
  REQUIRE(records.size() == 4);
  CHECK_THAT(records[0], Catch::Contains(row(R"(["A","B"])", R"(["x","y"])")));
  CHECK_THAT(records[1], Catch::Contains(row(R"(["A","B","C"])", R"(["x","y","z"])")));
  CHECK_THAT(records[2], Catch::Contains(row(R"(["A","C"])", R"(["x","z"])")) && !Catch::Contains("null"));
  CHECK_THAT(records[3], Catch::Contains(row(R"(["A","B"])", R"(["x","y"])")));
}

TEST_CASE("custom: options and answers are read in the forms that sets are published in") {
  struct Form { const char *file, *text, *more, *labels, *texts, *answer; };
  for (
      const Form& f : {
          Form{"q.jsonl", R"({"question": "q", "choices": ["x", "y"], "answer": 0})", "", R"(["A","B"])", R"(["x","y"])",
               R"("answer":"A")"},
          Form{"q.jsonl", R"({"question": "q", "choices": ["x", "y"], "answer": 2})", "", R"(["A","B"])", R"(["x","y"])",
               R"("answer":"B")"},
          Form{"q.jsonl", R"({"question": "q", "choices": ["u", "v", "w"], "answer": 1})", R"(, "first_index": 1)",
               R"(["A","B","C"])", R"(["u","v","w"])", R"("answer":"A")"},
          Form{"q.jsonl", R"({"question": "q", "choices": ["x", "y"], "answer": "y"})", "", R"(["A","B"])", R"(["x","y"])",
               R"("answer":"B")"},
          Form{"q.jsonl", R"({"question": "q", "choices": ["True", "False"], "answer": false})", "", R"(["A","B"])",
               R"(["True","False"])", R"("answer":"B")"},
          Form{"q.jsonl", R"({"question": "q", "choices": {"text": ["x", "y"], "label": ["1", "2"]}, "answerKey": "2"})", "",
               R"(["1","2"])", R"(["x","y"])", R"("answerKey":"2")"},
          Form{
              "q.jsonl",
              R"({"question": {"stem": "q", "choices": [{"label": "A", "text": "x"}, {"label": "B", "text": "y"}]}, "answerKey": "B"})",
              "", R"(["A","B"])", R"(["x","y"])", R"("answerKey":"B")"},
          Form{"q.jsonl", R"({"question": "q", "options": {"A": "x", "B": "y", "C": null}, "answer": "y"})", "", R"(["A","B"])",
               R"(["x","y"])", R"("answer":"B")"},
          Form{"q.jsonl", R"x({"question": "q", "options": ["(A) x", "(B) y"], "answer": "(B)"})x", "", R"(["A","B"])",
               R"(["x","y"])", R"("answer":"B")"},
          Form{"q.jsonl", R"({"question": "q", "variants": ["x", "y"], "answer": "y"})", R"(, "options": "variants")",
               R"(["A","B"])", R"(["x","y"])", R"("answer":"B")"},
          Form{"q.csv", "question,a,b,answer\nq,x,y,b\n", "", R"(["A","B"])", R"(["x","y"])", R"("answer":"B")"},
          Form{"q.csv", "question,option_a,option_b,answer\nq,x,y,option_b\n", "", R"(["A","B"])", R"(["x","y"])",
               R"("answer":"B")"},
          Form{"q.csv", "question,option1,option2,answer\nq,x,y,2\n", "", R"(["A","B"])", R"(["x","y"])", R"("answer":"B")"},
          Form{"q.csv", "question,opa,opb,opc,cop\nq,x,y,z,0.0\n", "", R"(["A","B","C"])", R"(["x","y","z"])", R"("cop":"A")"},
          Form{"q.csv", "question,choices,answer\nq,\"['x', None, \"\"y's\"\"]\",y's\n", "", R"(["A","C"])", R"(["x","y's"])",
               R"("answer":"C")"},
          Form{"q.csv", "question,choices,answer\nq,\"[\"\"x\"\", \"\"y\"\"]\",B\n", "", R"(["A","B"])", R"(["x","y"])",
               R"("answer":"B")"},
      }) {
    INFO(f.text);
    const std::string record = first(custom(), {f.file, f.text, f.more, ""});
    CHECK_THAT(record, Catch::Contains("\"choice_labels\":" + std::string(f.labels)) &&
                           Catch::Contains("\"choice_texts\":" + std::string(f.texts)) && Catch::Contains(f.answer));
  }
}

TEST_CASE("custom: answers that may be labels or texts are what their user says; letters that cells begin with are asked once") {
  const char* letters = "question,A,B,C,answer\nq,b,a,c,a\n";
  for (const Case& c : {
           Case{"q.csv", letters, R"(, "answers": "labels")", R"({"question":"q","A":"b","B":"a","C":"c","answer":"A"})"},
           Case{"q.csv", letters, R"(, "answers": "texts")", R"({"question":"q","A":"b","B":"a","C":"c","answer":"B"})"},
           Case{"q.csv", "question,A,B,C,answer\nq,b,a,c,a\nr,x,y,z,b\n", "", R"({"question":"q","A":"b","B":"a","C":"c","answer":"A"})"},
           Case{"q.csv", "question,A,B,answer\nq,A,B,B\n", "", R"({"question":"q","A":"A","B":"B","answer":"B"})"},
           Case{"q.csv", "question,A,B,answer\nq,A. iron,(B) cork,B. cork\n", "", R"({"question":"q","A":"iron","B":"cork","answer":"B"})"},
           Case{"q.csv", "question,A,B,answer\nq,A. iron,B. cork,B\nr,A. x,y,B\n", "",
                R"({"question":"q","A":"A. iron","B":"B. cork","answer":"B"})"},
           Case{"q.csv", "question,A,B,answer\nq,A. iron,B. cork,B\n", R"(, "shown": ["question", "A", "B"])",
                R"({"question":"q","A":"A. iron","B":"B. cork","answer":"B"})"},
       }) {
    INFO(c.text << c.more);
    CHECK(first(custom(), c) == c.expected);
  }
}

TEST_CASE("custom: options inside the question's text make it a multiple-choice file") {
  const std::string record = first(custom(), {"q.csv", "question,answer\n\"Which?\nA. x\nB. y\",B\n", "", ""});
  CHECK(record == R"({"question":"Which?\nA. x\nB. y","answer":"B","choice_labels":["A","B"]})");
  CHECK(first(custom(), {"q.jsonl", R"({"question": "Which? A. x B. y", "choices": ["A", "B"], "answer": "B"})", "", ""}) ==
        R"({"question":"Which? A. x B. y","choices":["A","B"],"answer":"B","choice_labels":["A","B"]})");
}

TEST_CASE("custom: what spreadsheets and programs write is read as it is meant") {
  const std::string expected = R"({"question":"q","A":"1,5","B":"2","answer":"B"})";
  for (
      const Case& c : {
          Case{"q.csv", "sep=;\r\nquestion;A;B;answer\r\nq;1,5;2;B\r\n", "", ""},
          Case{"q.csv", "question;A;B;answer\nq;1,5;2;B\n", "", ""},
          Case{"q.csv", "question\tA\tB\tanswer\nq\t1,5\t2\tB\n", "", ""},
          Case{"q.tsv", "question,A,B,answer\nq,\"1,5\",2,B\n", "", ""},
          Case{"Q.CSV",
               "\xEF\xBB\xBF\xEF\xBB\xBF"
               "question,A,B,answer\nq,\"1,5\",2,B\n",
               "", ""},
          Case{"q.csv", "\xE2\x80\x8Bquestion, A ,B\xC2\xA0,answer,,\nq,\"1,5\",2,B,,\n,,,,,\n", "", ""},
          Case{"q.csv", ",question,A,B,answer\n0,q,\"1,5\",2,B\n", "", ""},
          Case{"q.csv", "question,A,B,answer\nq,\"1,5\",2,1.0\nr,x,y,2.0\n", "",
               R"({"question":"q","A":"1,5","B":"2","answer":"A"})"},
          Case{"q.csv", "q,\"1,5\",2,B\nr,x,y,A\n", "", ""},
          Case{"q.csv", "7,q,\"1,5\",2,B\n8,r,x,y,A\n", "", ""},
          Case{
              "q.json",
              R"({"question": {"0": "q", "1": "r"}, "A": {"0": "1,5", "1": "x"}, "B": {"0": "2", "1": "y"}, "answer": {"0": "B", "1": "A"}})",
              "", ""},
          Case{"q.json", R"({"0": {"question": "q", "A": "1,5", "B": "2", "answer": "B"}})", "", ""},
          Case{"q.json", R"({"columns": ["question", "A", "B", "answer"], "index": [0], "data": [["q", "1,5", "2", "B"]]})", "",
               ""},
          Case{"q.json", R"({"question": ["q", "r"], "A": ["1,5", "x"], "B": ["2", "y"], "answer": ["B", "A"]})", "", ""},
          Case{"q.json",
               R"({"features": [], "rows": [{"row_idx": 0, "row": {"question": "q", "A": "1,5", "B": "2", "answer": "B"}}]})",
               "", ""},
          Case{"q.json",
               "{\"question\": \"q\", \"A\": \"1,5\", \"B\": \"2\", \"answer\": \"B\"}\n{\"question\": \"r\", \"A\": \"x\", "
               "\"B\": \"y\", \"answer\": \"A\"}\n",
               "", ""},
          Case{"q.jsonl", "[\n{\"question\": \"q\", \"A\": \"1,5\", \"B\": \"2\", \"answer\": \"B\"}\n]", "", ""},
          Case{"q.jsonl", R"({"question": "q", "answer": 12345678901234567890123, "weight": NaN})", "",
               R"({"question":"q","answer":"12345678901234567890123","weight":null})"},
          Case{"q.jsonl", R"({"question": "q", "answer": "007"})", "", R"({"question":"q","answer":"007"})"},
          Case{"q.jsonl", R"({"question": "q", "answer": 18446744073709551615})", "",
               R"({"question":"q","answer":18446744073709551615})"},
      }) {
    INFO(c.text);
    CHECK(first(custom(), c) == (*c.expected ? c.expected : expected));
  }
}

TEST_CASE("custom: describe says what the file was taken for, and which columns are not used") {
  const auto reading = [](const char* text) {
    const Folder folder;
    folder.write("q.jsonl", text);
    Loader loader(custom(), folder.config(R"("file": "q.jsonl")"));
    const auto about = json::parse(loader.describe(), "describe");
    INFO(loader.error.message);
    REQUIRE(about);
    REQUIRE(json::find(*about, "reading"));
    return json::write(*json::find(*about, "reading"));
  };
  CHECK_THAT(
      reading(R"({"question": "q", "A": "x", "B": "y", "answer": "B", "source": "s"})"),
      Catch::Contains(
          R"("kind":"mcq","question":"question","answer":"answer","labels":["A","B"],"in_question":false,"regular":true)") &&
          Catch::Contains(R"("unused":["source"])") && Catch::Contains("not used: source"));
  CHECK_THAT(reading("{\"question\": \"q\"}\n{\"question\": \"r\", \"answer\": null}\n"),
             Catch::Contains(R"("kind":"qa")") && Catch::Contains(R"("answer":"")") && Catch::Contains("not scored"));
  CHECK_THAT(reading("{\"question\": \"q\", \"choices\": [\"x\", \"y\"], \"label\": -1}\n"),
             Catch::Contains(R"("kind":"mcq")") && Catch::Contains(R"("answer":"")"));
  CHECK_THAT(reading("{\"question\": \"q\", \"answer\": \"a\"}\n{\"question\": \"q\", \"answer\": \"a\"}\n"),
             Catch::Contains("the question of this row stands in"));
  CHECK_THAT(reading("{\"question\": \"q\", \"answer\": \"N/A\"}\n"), Catch::Contains("the answer is 'N/A'"));
  CHECK_THAT(reading("{\"question\": \"q\", \"A\": \"x\", \"B\": \"None\", \"answer\": \"A\"}\n"),
             Catch::Contains("option B is 'None'"));
  CHECK_THAT(reading("{\"question\": \"q\", \"A\": \"x\", \"B\": \"x \", \"answer\": \"A\"}\n"),
             Catch::Contains("options A and B have the same text"));
}

TEST_CASE("custom: rows of ten thousand members are read in a moment") {
  std::string row = R"({"question": "q", "answer": "a")";
  for (int i = 0; i < 10000; ++i) row += ", \"column" + std::to_string(i) + "\": 1";
  row += "}\n";
  const Folder folder;
  folder.write("q.jsonl", row + row + row);
  Loader loader(custom(), folder.config(R"("file": "q.jsonl")"));
  const auto start = std::chrono::steady_clock::now();
  CHECK(loader.read("test").size() == 3);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));  // quadratic: minutes under load
}

TEST_CASE("table: a header that is none, or is there where the card says none, is named") {
  for (const Case& c : {
           Case{"q.csv", "What?,x,y,z,w,B\nWho?,x,y,z,w,A\n", "", "q.csv:1: this line is not a header"},
           Case{"q.csv", "question,A,answer\nq,x,A\n", R"(, "header": false, "columns": ["question", "A", "answer"])",
                "q.csv:1: this line names the columns"},
           Case{"q.jsonl", R"({"q": 1, "w": NaN})", "", "q.jsonl:1: 'w' is NaN or infinite"},
           Case{"q.jsonl", R"({"a": 1, "b": 2})", R"(, "rename": {"a": "b"})", "\"rename\" makes a second column 'a'"},
       }) {
    INFO(c.text << c.more);
    CHECK_THAT(first(table(), c), Catch::Contains(c.expected));
  }
  const Folder folder;
  folder.write("q.jsonl", "{\"q\": \"x\", \"E\": 1}\n{\"q\": \"y\"}\n");
  Loader loader(table(), folder.config(R"("file": "q.jsonl", "add": ["E"])"));
  CHECK(loader.read("test") == std::vector<std::string>{R"({"q":"x","E":1})", R"({"q":"y","E":""})"});
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

TEST_CASE("table: rows are numbered, and a row becomes one for each order of its options") {
  const Folder folder;
  folder.write("q.jsonl", "{\"options\": [\"x\", \"y\", \"z\"], \"answer\": \"B\"}\n");
  Loader loader(table(), folder.config(R"("file": "q.jsonl", "number": "row", "circular": {})"));
  const auto rows = loader.read("train");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == R"({"options":["x","y","z"],"answer":"B","row":0,"circular_id":0,"circular_pattern":"ABC"})");
  CHECK(rows[2] == R"({"options":["z","x","y"],"answer":"C","row":0,"circular_id":0,"circular_pattern":"CAB"})");
  Loader all(table(), folder.config(R"("file": "q.jsonl", "circular": {"orders": "permutations"})"));
  CHECK(all.read("train").size() == 6);
  for (const Case& c :
       {Case{"q.jsonl", "{\"options\": [\"x\"], \"answer\": \"A\"}\n", R"(, "circular": {})", "2 to 26 options"},
        Case{"q.jsonl", "{\"options\": [\"x\", \"y\"], \"answer\": \"C\"}\n", R"(, "circular": {})", "one of the 2 options"},
        Case{"q.jsonl", "{\"row\": 1}\n", R"(, "number": "row")", "which the row has"}})
    CHECK_THAT(first(table(), c), Catch::Contains(c.expected));
}
