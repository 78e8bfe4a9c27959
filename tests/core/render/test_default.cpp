// The default rules of docs/compat.md, one table or one test for each.
#include "render_test.hpp"

namespace sextant::test {
namespace {

const std::vector<Piece> two_shots{human(shot, "q0", 0), bot(shot, "a0", 0), human(shot, "q1", 1),
                                   bot(shot, "a1", 1)};
std::vector<Piece> with(std::vector<Piece> first, const std::vector<Piece>& rest) {
  first.insert(first.end(), rest.begin(), rest.end());
  return first;
}
const std::vector<Piece> asked{human(round, "q"), bot(round, "")};

TEST_CASE("plain text: one LF between pieces, one blank line between examples") {
  struct Row { std::string name; std::vector<Piece> pieces; Form form; std::string text, question; };
  const std::vector<Row> rows{
      {"no examples", asked, Form::open, "q", "q"},
      {"examples", with(two_shots, asked), Form::open, "q0\na0\n\nq1\na1\n\nq", "q"},
      {"begin", with({plain(begin, "b"), human(begin, "c")}, with(two_shots, asked)), Form::open,
       "b\nc\n\nq0\na0\n\nq1\na1\n\nq", "q"},
      {"begin without examples", with({plain(begin, "b")}, asked), Form::open, "b\n\nq", "q"},
      {"a reply's prefix stays", {human(round, "q"), bot(round, "A: ")}, Form::open, "q\nA: ", "q\nA: "},
      {"ppl has the label", {human(round, "q"), bot(round, "A")}, Form::labels, "q\nA", "q\nA"},
      {"loglikelihood stops before the reply", asked, Form::continuations, "q", "q"},
      {"strings", {plain(begin, "hint\n"), plain(shot, "s0\n", 0), plain(shot, "s1\n", 1), plain(round, "q: ")},
       Form::open, "hint\n\ns0\n\ns1\n\nq: ", "q: "},
      {"earlier replies of the round stay", {human(round, "q"), bot(round, "yes"), human(round, "r"), bot(round, "")},
       Form::open, "q\nyes\nr", "q\nyes\nr"},
      {"end belongs to the question", {human(round, "q"), plain(end, "e")}, Form::open, "q\ne", "q\ne"},
      {"nothing is sent behind the reply", {human(round, "q"), bot(round, ""), plain(end, "e")}, Form::open, "q", "q"},
      {"ppl keeps the end", {human(round, "q"), bot(round, "A"), plain(end, "e")}, Form::labels, "q\nA\ne", "q\nA\ne"},
      {"empty pieces leave no separator", {plain(begin, ""), human(shot, "", 0), bot(shot, "", 0), human(round, "q")},
       Form::open, "q", "q"},
      {"a question's own line feeds stay", {human(shot, "\nq0\n\n", 0), human(round, "\nq\n")}, Form::open, "\nq0\n\n\nq\n",
          "\nq\n"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const render::Prompt prompt = assembled_one(row.pieces, row.form);
    CHECK(prompt.text == row.text);
    CHECK(question_of(prompt) == row.question);
    CHECK_FALSE(prompt.chat);
    CHECK(prompt.messages.empty());
  }
}

TEST_CASE("chat: a system turn that the template refuses is its fallback role's, in front of the question") {
  render::Format format;
  format.chat = format.no_system = true;
  const std::vector<Piece> pieces = with({{begin, "SYSTEM", "HUMAN", 0, "T"}}, asked);
  const render::Prompt prompt = assembled_one(pieces, Form::open, format);
  CHECK(prompt.text == "[user]T\nq[/user][assistant]");
  CHECK(question_of(prompt) == "q[/user][assistant]");
  format.no_system = false;
  CHECK(assembled_one(pieces, Form::open, format).text == "[system]T[/system][user]q[/user][assistant]");
  format.no_system = true;
  CHECK(assembled_one(with({{begin, "SYSTEM", "", 0, "T"}}, asked), Form::open, format).text ==
        "[system]T[/system][user]q[/user][assistant]");
}

TEST_CASE("chat: examples as turns, nothing added to them") {
  struct Row { std::string name; std::vector<Piece> pieces; std::string system, text, question; };
  const std::vector<Row> rows{
      {"no examples", asked, "", "[user]q[/user][assistant]", "q[/user][assistant]"},
      {"examples", with(two_shots, asked), "",
          "[user]q0[/user][assistant]a0[/assistant][user]q1[/user][assistant]a1[/assistant][user]q[/user][assistant]",
       "q[/user][assistant]"},
      {"system prompt", asked, "S", "[system]S[/system][user]q[/user][assistant]", "q[/user][assistant]"},
      {"system prompt and SYSTEM role", with({{begin, "SYSTEM", "", 0, "T"}}, asked), "S",
          "[system]S\nT[/system][user]q[/user][assistant]",
       "q[/user][assistant]"},
      {"plain text goes to the next turn", with({plain(begin, "b")}, asked), "", "[user]b\nq[/user][assistant]",
          "q[/user][assistant]"},
      {"plain text before a reply is a turn", {plain(round, "q"), bot(round, "a"), plain(round, "more?")}, "",
       "[user]q[/user][assistant]a[/assistant][user]more?[/user][assistant]", "more?[/user][assistant]"},
      {"strings are one turn", {plain(begin, "b"), plain(shot, "s0\n", 0), plain(shot, "s1\n", 1), plain(round, "q: ")}, "",
       "[user]b\n\ns0\n\ns1\n\nq: [/user][assistant]", "q: [/user][assistant]"},
      {"turns of one role are joined", {human(begin, "b"), human(round, "q")}, "", "[user]b\nq[/user][assistant]",
          "q[/user][assistant]"},
      {"a reply's prefix cannot be sent", {human(round, "q"), bot(round, "A: ")}, "", "[user]q[/user][assistant]",
          "q[/user][assistant]"},
      {"a role by its fallback", {{round, "THOUGHT", "HUMAN", 0, "q"}}, "", "[user]q[/user][assistant]", "q[/user][assistant]"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    render::Format format;
    format.chat = true;
    format.system_prompt = row.system;
    const render::Prompt prompt = assembled_one(row.pieces, Form::open, format);
    CHECK(prompt.text == row.text);
    CHECK(question_of(prompt) == row.question);
    CHECK(prompt.chat);
    CHECK_FALSE(prompt.messages.empty());
  }
}

TEST_CASE("a scored conversation holds the label and asks for no reply") {
  render::Format format;
  format.chat = true;
  const std::vector<Piece> pieces{human(round, "q"), bot(round, "A")};
  CHECK(assembled_one(pieces, Form::labels, format).text == "[user]q[/user][assistant]A[/assistant]");
}

TEST_CASE("the question is found in a chat template that trims, and is everything where it is not found") {
  render::Format format;
  format.chat = true;
  const render::Rendered rendered{{{"", {human(shot, "q0"), bot(shot, "a0"), human(round, " q: ")}}}, {}};
  const auto ending = [&](std::string text) {
    return question_of(value_of(render::assemble(rendered, Form::open, format,
        [&](std::string_view) { return Result<std::string>(text); })).prompts[0]);
  };
  CHECK(ending("<q0><a0><q:>!") == "q:>!");
  CHECK(ending("<q0><a0>< q: >! q:") == " q: >! q:");
  CHECK(ending("upper case") == "upper case");
}

TEST_CASE("what a chat template cannot say is an error") {
  render::Format format;
  format.chat = true;
  CHECK_THAT(message_of(assembled({{{"", {{round, "THOUGHT", "", 0, "q"}}}}, {}}, Form::open, format)),
      Catch::Contains("\"THOUGHT\""));
  CHECK_THAT(message_of(assembled({{{"", {human(round, "")}}}, {}}, Form::open, format)), Catch::Contains("no turn to send"));
  const auto refuse = [](std::string_view) -> Result<std::string> { return Error{Error::Kind::data, "roles must alternate"}; };
  CHECK(message_of(render::assemble({{{"", asked}}, {}}, Form::open, format, refuse)) == "roles must alternate");
}

const std::string chatml = R"({"begin": "<s>", "end": "</s>", "round": [{"role": "HUMAN", "begin": "U:", "end": "\n"},
  {"role": "BOT", "begin": "B:", "end": "\n", "generate": true}],
  "reserved_roles": [{"role": "SYSTEM", "begin": "S:", "end": "\n"}]})";

TEST_CASE("meta template: each turn between its role's begin and end, and no turn that the dialogue lacks") {
  struct Row { std::string name; std::vector<Piece> pieces; Form form; std::string text, question; };
  const std::vector<Row> rows{
      {"gen ends with the reply's begin", asked, Form::open, "<s>U:q\nB:", "U:q\nB:"},
      {"ppl is complete", {human(round, "q"), bot(round, "A")}, Form::labels, "<s>U:q\nB:A\n</s>", "U:q\nB:A\n</s>"},
      {"examples", with(two_shots, asked), Form::open, "<s>U:q0\nB:a0\nU:q1\nB:a1\nU:q\nB:", "U:q\nB:"},
      {"two turns of one role", {human(round, "1"), human(round, "2")}, Form::open, "<s>U:1\nU:2\nB:", "U:1\nU:2\nB:"},
      {"reserved role", with({{begin, "SYSTEM", "HUMAN", 0, "t"}}, asked), Form::open, "<s>S:t\nU:q\nB:", "U:q\nB:"},
      {"fallback role", {{round, "THOUGHT", "HUMAN", 0, "q"}}, Form::open, "<s>U:q\nB:", "U:q\nB:"},
      {"strings are the user's turn", {plain(begin, "b"), plain(round, "q")}, Form::open, "<s>U:b\n\nq\nB:", "q\nB:"},
      {"the reply's prefix is not sent", {human(round, "q"), bot(round, "A: ")}, Form::open, "<s>U:q\nB:", "U:q\nB:"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    render::Format format;
    format.meta_template = chatml;
    format.chat = true;  // a meta template replaces the chat template
    const render::Prompt prompt = assembled_one(row.pieces, row.form, format);
    CHECK(prompt.text == row.text);
    CHECK(question_of(prompt) == row.question);
    CHECK_FALSE(prompt.chat);
  }
}

TEST_CASE("a meta template that is wrong, or lacks a role, says so") {
  const auto [meta, wanted] = GENERATE(table<std::string, std::string>({
      {"{", "meta_template:1:2"}, {"[]", "must be an object"}, {"{}", "round must list"}, {R"({"round": [{}]})",
          "round[0] must be an object with a \"role\""},
      {R"({"round": [{"role": "HUMAN", "bigin": ""}]})", "unknown key \"bigin\""}, {R"({"rounds": []})",
          "unknown key \"rounds\""},
      {R"({"round": [{"role": "HUMAN", "generate": "yes"}]})", "round[0].generate must be true or false"},
          {R"({"begin": 1, "round": []})", "begin must be a text"},
      {R"({"round": [{"role": "BOT"}], "reserved_roles": [{"role": "X"}]})",
          "does not know the role \"HUMAN\" that the template uses (it has BOT, X)"},
  }));
  render::Format format;
  format.meta_template = meta;
  CHECK_THAT(message_of(assembled({{{"", asked}}, {}}, Form::open, format)), Catch::Contains(wanted));
}

TEST_CASE("labels keep their order and names; continuations follow unchanged") {
  const auto prompts = value_of(assembled({{{"B", {plain(round, "b")}}, {"A", {plain(round, "a")}}}, {}}, Form::labels));
  REQUIRE(prompts.prompts.size() == 2);
  CHECK(prompts.prompts[0].label + prompts.prompts[0].text.str() + prompts.prompts[1].label + prompts.prompts[1].text.str() ==
        "BbAa");
  const auto scored = value_of(assembled({{{"", {plain(round, "q ")}}}, {{"A", " x"}}}, Form::continuations));
  CHECK(scored.prompts[0].text == "q ");
  CHECK(scored.continuations[0].text == " x");
}

TEST_CASE("--compat lm-eval moves white space from the prompt's end to the continuations") {
  const auto [text, kept, moved] = GENERATE(table<std::string, std::string, std::string>({
      {"q", "q", ""}, {"q ", "q", " "}, {"q \n\t", "q", " \n\t"}, {"a b\u3000\u00A0", "a b", "\u3000\u00A0"}, {" ", "", " "},
          {"答案: ", "答案:", " "}}));
  render::Format format;
  format.compat = Compat::lm_eval;
  const auto prompts = value_of(assembled({{{"", {plain(shot, "s"), plain(round, text)}}}, {{"A", "x"}, {"B", "y"}}},
      Form::continuations, format));
  const std::string whole = "s\n\n" + kept;
  CHECK(prompts.prompts[0].text == (kept.empty() ? "s" : whole));
  CHECK(question_of(prompts.prompts[0]) == kept);
  CHECK(prompts.continuations[0].text == (kept.empty() ? "\n\n" : "") + moved + "x");
  CHECK(prompts.continuations[1].text == (kept.empty() ? "\n\n" : "") + moved + "y");
}

TEST_CASE("a template plugin's answer is read with suspicion") {
  const auto [answer, form, wanted] = GENERATE(table<std::string, Form, std::string>({
      {"[]", Form::open, "card x: the template plugin's answer is broken: it is not an object"},
      {"{}", Form::open, "pieces is not a list"},
      {R"({"pieces": [1]})", Form::open, "pieces[0] is not an object"},
      {R"({"pieces": [{"section": "round"}]})", Form::open, "pieces[0] has no \"text\""},
      {R"({"pieces": [{"section": "x", "text": ""}]})", Form::open, "pieces[0] has no \"section\""},
      {R"({"pieces": [{"section": "shot", "shot": -1, "text": ""}]})", Form::open, "pieces[0] has a \"shot\""},
      {R"({"labels": [{"pieces": []}]})", Form::labels, "labels[0].label is not a text"},
      {R"({"labels": [{"label": "A"}]})", Form::labels, "labels[0].pieces is not a list"},
      {R"({"pieces": []})", Form::labels, "gives no \"labels\""},
      {R"({"labels": []})", Form::open, "labels is not a list with at least one entry"},
      {R"({"pieces": []})", Form::continuations, "gives no \"continuations\""},
      {R"({"pieces": [], "continuations": [{"label": "A"}]})", Form::continuations, "continuations[0] lacks"},
  }));
  CHECK_THAT(message_of(render::parse_rendered(value_of(json::parse(answer, "answer")), form, "card x")),
      Catch::Contains(wanted));
}

}  // namespace
}  // namespace sextant::test
