// Choices among labels, and the error that would change them.
#include <catch2/catch.hpp>
#include <cmath>
#include "../../../core/report/margins.hpp"

namespace sextant::test {
namespace {
using report::Choice;

data::Attempt attempt(std::vector<data::LabelScore> labels, const std::string& prediction, const std::string& target_json) {
  data::Attempt out;
  out.labels = std::move(labels);
  out.prediction = prediction;
  out.target_json = target_json;
  return out;
}
data::LabelScore sum(const std::string& label, double logprob, uint32_t tokens) {
  return {label, "", logprob, tokens, logprob, {}};
}
data::LabelScore mean(const std::string& label, double logprob, uint32_t tokens) {
  return {label, "", logprob, tokens, -logprob / tokens, {}};
}

TEST_CASE("a greedy reply is certain until two errors reach its least margin") {
  data::Attempt reply;
  reply.margin = data::Margin{0.5f, 3};
  const Choice certain = report::reply_of(reply, 0.24, true);
  CHECK(certain.kind == Choice::Kind::certain);
  CHECK(certain.needed == 0.25);
  CHECK((certain.may_be_right && !certain.may_be_wrong));
  const Choice open = report::reply_of(reply, 0.25, false);
  CHECK(open.kind == Choice::Kind::open);
  CHECK((open.may_be_right && open.may_be_wrong && !open.right));
  reply.margin.reset();
  CHECK(report::reply_of(reply, 1, true).kind == Choice::Kind::unknown);
  CHECK(report::reply_of(attempt({sum("A", -1, 1)}, "A", "\"A\""), 1, true).kind == Choice::Kind::unknown);
}

TEST_CASE("a choice is certain until the error reaches its margin over the tokens of both labels") {
  const data::Attempt sums = attempt({sum("A", -3, 2), sum("B", -4, 3), sum("C", -9, 1)}, "A", "\"A\"");
  CHECK(report::choice_of(sums, 0.19).kind == Choice::Kind::certain);
  const Choice open = report::choice_of(sums, 0.21);
  CHECK(open.kind == Choice::Kind::open);
  CHECK((open.right && open.may_be_right && open.may_be_wrong));
  CHECK(open.needed == Approx(1.0 / 5));  // 1 nat over five tokens
  const data::Attempt means = attempt({mean("A", -6, 3), mean("B", -10, 4)}, "A", "\"B\"");
  CHECK(report::choice_of(means, 0.24).kind == Choice::Kind::certain);
  const Choice gained = report::choice_of(means, 0.26);
  CHECK((gained.kind == Choice::Kind::open && !gained.right && gained.may_be_right));
  CHECK(gained.needed == Approx(0.25));  // half a nat of mean, of which each label has half
}

TEST_CASE("equal labels are open at any error, and between wrong labels nothing is at stake") {
  const Choice equal = report::choice_of(attempt({sum("A", -1, 1), sum("B", -1, 1), sum("C", -5, 1)}, "A", "\"C\""), 0);
  CHECK(equal.kind == Choice::Kind::open);
  CHECK(equal.needed == 0);
  CHECK((!equal.right && !equal.may_be_right && equal.may_be_wrong));
  const Choice several = report::choice_of(attempt({sum("A", -1, 1), sum("B", -4, 1)}, "A", R"(["B", "A"])"), 0.1);
  CHECK((several.kind == Choice::Kind::certain && several.right));
}

TEST_CASE("nothing is said where there is no choice, or not the best label was chosen") {
  for (const data::Attempt& one : {attempt({}, "a reply", "\"A\""), attempt({sum("A", -1, 1)}, "A", "\"A\""),
                                   attempt({sum("A", -1, 1), sum("B", -2, 1), sum("C", -3, 1)}, "B", "\"A\""),
                                   attempt({sum("A", -1, 1), sum("B", -2, 1)}, "D", "\"A\"")})
    CHECK(report::choice_of(one, 1).kind == Choice::Kind::unknown);
  CHECK(report::choice_of(attempt({sum("A", -1, 1), sum("B", -2, 1)}, "A", "not JSON"), 0).kind == Choice::Kind::certain);
}

}  // namespace
}  // namespace sextant::test
