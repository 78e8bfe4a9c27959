// --compat opencompass and opencompass-0.2.4 against prompts that OpenCompass itself rendered, byte for byte, through the
// real template components; and its rules one by one.
#include "../../plugins/golden.hpp"
#include "render_test.hpp"

namespace sextant::test {
namespace {

// The meta template of the goldens.
const std::string internlm2 = R"({"round": [{"role": "HUMAN", "begin": "<|im_start|>user\n", "end": "<|im_end|>\n"},
  {"role": "SYSTEM", "begin": "<|im_start|>system\n", "end": "<|im_end|>\n"},
  {"role": "BOT", "begin": "<|im_start|>assistant\n", "end": "<|im_end|>\n", "generate": true}]})";

const std::string hint = "以下是中国关于逻辑学考试的单项选择题，请选出其中的正确答案。\\n",
                  options = "{question}\\nA. {A}\\nB. {B}\\nC. {C}\\nD. {D}\\n";

std::string turns(const std::string& question, const std::string& reply) {
  return R"("round": [{"role": "HUMAN", "prompt": ")" + question + R"("}, {"role": "BOT", "prompt": ")" + reply + R"("}])";
}
std::string labels(const std::function<std::string(const std::string&)>& entry) {
  std::string out;
  for (const std::string label : {"A", "B", "C",
      "D"}) out += (out.empty() ? "" : ", ") + (R"({"label": ")" + label + R"(", )") + entry(label) + "}";
  return R"("labels": [)" + out + "]";
}
const std::string open = R"({"compat": "opencompass", )";
const std::string gen_5f30c7 = open + R"("begin": "</E>", )" + turns(hint + options + "答案: ", "{answer}") + "}";
const std::string zero_bd40ef =
    open + R"("begin": "</E>", )" + turns(hint + options + "让我们一步一步思考。答案: ", "{answer}") + "}";
const std::string ppl_578f8d = open + labels([](const std::string& label) { return turns(hint + options + "答案: ",
    label); }) + "}";
const std::string ppl_1cd8bf = open + R"("begin": "以下是关于逻辑学的单项选择题，请直接给出正确答案的选项。\n", )" +
                               labels([](auto& label) { return R"("prompt": ")" + options + "答案: " + label + "\""; }) +
                               R"(, "shot": ")" + options + R"(答案: {answer}\n"})";

struct Goldens {
  json::Document all = golden("prompts");
  explicit operator bool() const { return all.IsObject(); }

  template <class T> render::Rendered render(const std::string& config, size_t shots, Form form) const {
    std::vector<std::string> examples;
    for (size_t i = 0; i < shots; ++i) examples.push_back(json::write(all["dev"][static_cast<unsigned>(i)]));
    return parsed(render_json<T>(config, json::write(all["test"][0]), examples, form == Form::open), form);
  }
  const json::Value& wanted(const std::string& name) const {
    INFO(name);
    const json::Value* value = json::find(all["rendered"], name);
    REQUIRE(value);
    return *value;
  }
};

TEST_CASE("OpenCompass' generation prompts of C-Eval") {
  const Goldens goldens;
  if (!goldens) return;
  struct Row { std::string name, config; size_t shots; };
  for (const Row& row : {Row{"ceval_gen_5f30c7/0shot", gen_5f30c7, 0}, {"ceval_gen_5f30c7/2shot", gen_5f30c7, 2},
      {"ceval_gen_5f30c7/5shot", gen_5f30c7, 5},
                         {"ceval_zero_shot_gen_bd40ef", zero_bd40ef, 0}}) {
    INFO(row.name);
    const render::Rendered rendered = goldens.render<templates::DialogueTemplate>(row.config, row.shots, Form::open);
    for (const Compat compat : {Compat::opencompass, Compat::opencompass_0_2_4}) {
      render::Format format;
      format.compat = compat;
      format.few_shot = row.shots > 0;
      CHECK(value_of(assembled(rendered, Form::open,
          format)).prompts[0].text == json::text(goldens.wanted(row.name + "/base_nometa")));
      format.meta_template = internlm2;
      CHECK(value_of(assembled(rendered, Form::open,
          format)).prompts[0].text == json::text(goldens.wanted(row.name + "/internlm2_meta")));
    }
    render::Format chat;
    chat.compat = Compat::opencompass;
    chat.chat = true;
    const auto messages = value_of(assembled(rendered, Form::open, chat)).prompts[0].messages;
    const json::Value& turns = goldens.wanted(row.name + "/api_default");
    REQUIRE(messages.size() == turns.Size());
    for (unsigned i = 0; i < turns.Size(); ++i) {
      CHECK(messages[i].role == (json::text(turns[i]["role"]) == "BOT" ? "assistant" : "user"));
      CHECK(messages[i].text() == json::text(turns[i]["prompt"]));
    }
  }
}

TEST_CASE("OpenCompass' perplexity prompts of C-Eval, as dialogues and as strings") {
  const Goldens goldens;
  if (!goldens) return;
  for (const size_t shots : {2, 5}) {
    render::Format format;
    format.compat = Compat::opencompass;
    format.few_shot = true;
    const auto shots_name = std::to_string(shots) + "shot/label";
    const auto dialogues = goldens.render<templates::DialogueTemplate>(ppl_578f8d, shots, Form::labels);
    const auto strings = goldens.render<templates::TextTemplate>(ppl_1cd8bf, shots, Form::labels);
    const auto plain_prompts = value_of(assembled(dialogues, Form::labels, format)).prompts;
    const auto string_prompts = value_of(assembled(strings, Form::labels, format)).prompts;
    format.meta_template = internlm2;
    const auto meta_prompts = value_of(assembled(dialogues, Form::labels, format)).prompts;
    REQUIRE(plain_prompts.size() == 4);
    for (const size_t i : {0, 2}) {
      const std::string name = shots_name + "ABCD"[i];
      CHECK(plain_prompts[i].label == std::string(1, "ABCD"[i]));
      CHECK(plain_prompts[i].text == json::text(goldens.wanted("ceval_ppl_578f8d/" + name + "/base_nometa")));
      CHECK(meta_prompts[i].text == json::text(goldens.wanted("ceval_ppl_578f8d/" + name + "/internlm2_meta")));
    }
    CHECK(string_prompts[2].text == json::text(goldens.wanted("ceval_ppl_1cd8bf/" + shots_name + "C")));
    CHECK(question_of(plain_prompts[0]).find("以下是中国关于逻辑学考试") == 0);
    CHECK(question_of(string_prompts[0]).find("测试题干") == 0);
  }
}

render::Format opencompass(std::string meta = "", bool few_shot = false, bool chat = false) {
  render::Format format;
  format.compat = Compat::opencompass;
  format.meta_template = std::move(meta);
  format.few_shot = few_shot;
  format.chat = chat;
  return format;
}
const std::string two_roles = R"({"begin": "<s>", "end": "</s>", "round": [{"role": "HUMAN", "begin": "U:", "end": "\n"},
  {"role": "BOT", "begin": "B:", "end": "\n", "generate": true}],
  "reserved_roles": [{"role": "SYSTEM", "begin": "S:", "end": "\n"}]})";

TEST_CASE("OpenCompass' rules for meta templates") {
  struct Row { std::string name; std::vector<Piece> pieces; Form form; std::string text, question; };
  const std::vector<Row> rows{
      {"one question", {human(round, "q")}, Form::open, "<s>U:q\nB:", "U:q\nB:"},
      {"one question, scored", {human(round, "q")}, Form::labels, "<s>U:q\nB:\n</s>", "U:q\nB:\n</s>"},
      {"each turn of the user makes a round", {human(round, "1"), human(round, "2")}, Form::open, "<s>U:1\nB:\nU:2\nB:",
          "U:1\nB:\nU:2\nB:"},
      {"the reply's prefix is lost", {human(round, "q"), bot(round, "A: ")}, Form::open, "<s>U:q\nB:", "U:q\nB:"},
      {"the end is never reached", {human(round, "q"), bot(round, ""), plain(end, "e")}, Form::open, "<s>U:q\nB:", "U:q\nB:"},
      {"begin: texts as they are", {plain(begin, "t"), {begin, "SYSTEM", "", 0, "s"}, human(round, "q")}, Form::open,
       "<s>tS:s\nU:q\nB:", "U:q\nB:"},
      {"begin: a role by its fallback", {{begin, "X", "HUMAN", 0, "s"}, human(round, "q")}, Form::open, "<s>U:s\nU:q\nB:",
          "U:q\nB:"},
      {"examples", {human(shot, "q0"), bot(shot, "a0"), human(round, "q")}, Form::open, "<s>U:q0\nB:a0\nU:q\nB:", "U:q\nB:"},
      {"labels put a LF behind each example and the last", {human(shot, "q0"), bot(shot, "a0"), human(round, "q"), bot(round,
          "A")},
       Form::labels, "<s>U:q0\nB:a0\n\n\nU:q\nB:A\n</s>", "U:q\nB:A\n</s>"},
      {"strings are sent without it", {plain(round, "q")}, Form::open, "q", "q"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const render::Prompt prompt = assembled_one(row.pieces, row.form, opencompass(two_roles));
    CHECK(prompt.text == row.text);
    CHECK(question_of(prompt) == row.question);
  }
}

TEST_CASE("OpenCompass' rules without a meta template") {
  struct Row { std::string name; std::vector<Piece> pieces; Form form; bool few_shot; std::string text; };
  const std::vector<Row> rows{
      {"a reply's prefix stays", {human(round, "q"), bot(round, "A: ")}, Form::open, false, "q\nA: "},
      {"empty turns leave nothing", {human(round, "q"), bot(round, "")}, Form::open, false, "q"},
      {"an example place without examples", {plain(begin, ""), human(round, "q")}, Form::open, false, "\nq"},
      {"all examples dropped", {human(round, "q")}, Form::open, true, "\nq"},
      {"all examples dropped, marked", {plain(begin, ""), human(round, "q")}, Form::open, true, "\nq"},
      {"all examples dropped, labels", {human(round, "q"), bot(round, "A")}, Form::labels, true, "\n\nq\nA"},
      {"a string's examples", {plain(begin, "b|"), plain(shot, "s0", 0), plain(shot, "s1", 1), plain(round, "q")}, Form::open,
       true, "b|s0\ns1\nq"},
      {"a string whose examples were dropped", {plain(begin, "b|"), plain(round, "q")}, Form::open, true, "b|\nq"},
      {"a string without examples", {plain(begin, "b|"), plain(round, "q")}, Form::open, false, "b|q"},
      {"begin and end", {plain(begin, "b"), human(round, "q"), plain(end, "e")}, Form::open, false, "b\nq\ne"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(assembled_one(row.pieces, row.form, opencompass("", row.few_shot)).text == row.text);
  }
}

TEST_CASE("the text without its examples is what OpenCompass calls the testing input") {
  struct Row { std::string name, meta; std::vector<Piece> pieces; std::string without; };
  const std::vector<Row> rows{
      {"a string", "", {plain(begin, "b|"), plain(shot, "s0", 0), plain(shot, "s1", 1), plain(round, "q")}, "b|q"},
      {"turns, joined",
       "",
       {plain(begin, "b"), human(shot, "q0"), bot(shot, "a0"), human(round, "q"), bot(round, "A")},
       "b\n\nq\nA"},
      {"turns of a meta template",
       two_roles,
       {human(shot, "q0"), bot(shot, "a0"), human(round, "q"), bot(round, "A")},
       "<s>U:q\nB:A\n</s>"},
      {"no examples", "", {plain(begin, "b|"), plain(round, "q")}, "b|q"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const bool few_shot = row.name != "no examples";
    const render::Prompt prompt = assembled_one(row.pieces, Form::labels, opencompass(row.meta, few_shot));
    CHECK((prompt.examples.size > 0) == few_shot);
    CHECK(prompt.text.str().erase(prompt.examples.at, prompt.examples.size) == row.without);
  }
}

TEST_CASE("OpenCompass' chat turns end with the LF of the empty system turn") {
  const std::vector<Piece> pieces{{begin, "SYSTEM", "", 0, "s"}, plain(begin, "dropped"), human(shot, "q0"), bot(shot, "a0"),
                                  human(round, "q"), bot(round, "A: ")};
  CHECK(assembled_one(pieces, Form::open, opencompass("", true, true)).text ==
        "[user]s\nq0\n[/user][assistant]a0[/assistant][user]q\n[/user][assistant]");
  CHECK(question_of(assembled_one(pieces, Form::open, opencompass("", true, true))) == "q\n[/user][assistant]");
  CHECK(assembled_one({plain(round, "q")}, Form::open, opencompass("", false, true)).text == "[user]q[/user][assistant]");
}

TEST_CASE("OpenCompass 0.2.4 never uses a chat template") {
  render::Format format = opencompass("", false, true);
  format.compat = Compat::opencompass_0_2_4;
  const render::Prompt prompt = assembled_one({human(round, "q"), bot(round, "")}, Form::open, format);
  CHECK(prompt.text == "q");
  CHECK_FALSE(prompt.chat);
}

TEST_CASE("a role that a round cannot hold is named") {
  const auto message = [](const std::string& role) {
    return message_of(assembled({{{"", {{round, role, "", 0, "q"}}}}, {}}, Form::open, opencompass(two_roles)));
  };
  CHECK_THAT(message("SYSTEM"), Catch::Contains("\"SYSTEM\" stands in a round"));
  CHECK_THAT(message("X"), Catch::Contains("does not know the role \"X\""));
}

}  // namespace
}  // namespace sextant::test
