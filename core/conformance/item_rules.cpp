#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <thread>
#include "rules.hpp"

namespace sextant::conformance {
namespace {

using Clock = std::chrono::steady_clock;
using plugin::Kind;

constexpr double enough_s = 5;  // of a slow component fewer items are tried

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// An object that can be asked, or the end of the rule.
#define SXT_ASKED(name, subject)                                     \
  if ((subject).config.empty()) return untried((subject).why_no_config); \
  auto name##_result = ready(subject);                               \
  if (!name##_result) return untried(name##_result.error().message); \
  const Made& name = *name##_result

Answers asked_soundly(const Subject& subject, const Made& made, std::span<const Item> items, Verdict& ret, Lending how = {}) {
  Answers answers = ask(subject, made, items, how);
  if (const auto sound = check_answers(subject, items, answers); !sound) ret = broken(sound.error().message);
  return answers;
}

/// The first item whose results differ, or nothing.
std::string difference(const Subject& subject, std::span<const std::optional<std::string>> a,
                       std::span<const std::optional<std::string>> b) {
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (a[i].value_or("") != b[i].value_or(""))
      return fmt::format("item {}: {} and {}{}", i, a[i].value_or("nothing").substr(0, 60),
                         b[i].value_or("nothing").substr(0, 60),
                         subject.deterministic() ? "; it says that it is deterministic (SXT_CAP_DETERMINISTIC)" : "");
  return {};
}

Verdict no_items(Subject& subject) {
  SXT_ASKED(made, subject);
  Verdict out;
  const Answers answers = asked_soundly(subject, made, {}, out);
  if (out.state == Verdict::holds && answers.status != SXT_OK) return broken("failed on no items: " + answers.message);
  return out;
}

Verdict one_item(Subject& subject) {
  SXT_ASKED(made, subject);
  Verdict out;
  for (const Item& item : subject.items) {
    const Answers answers = asked_soundly(subject, made, {&item, 1}, out);
    if (out.state != Verdict::holds) return out;
    if (answers.status == SXT_OK) return {};
    out = untried(fmt::format("refuses what the kit asks: {}; give items of yours with --items FILE", answers.message));
    if (&item != &subject.items.back()) out = {};
  }
  return out;
}

Verdict many_items(Subject& subject) {
  SXT_ASKED(made, subject);
  Verdict out;
  const auto begin = Clock::now();
  const std::vector<Item> few = subject.many(16);
  if (asked_soundly(subject, made, few, out).status != SXT_OK || out.state != Verdict::holds) return out;
  const double each = seconds_since(begin) / 16;
  const size_t n = each * 10'000 < enough_s ? 10'000 : std::max<size_t>(64, static_cast<size_t>(enough_s / each));
  (void)asked_soundly(subject, made, subject.many(n), out);
  if (out.state == Verdict::holds && n < 10'000)
    out.why = fmt::format("{} items instead of 10000: they take {:.0f} ms each", n, each * 1000);
  return out;
}

// A batch is many questions and not one: each gets what it would get alone, and in another order.
Verdict alone(Subject& subject) {
  SXT_ASKED(made, subject);
  Verdict out;
  std::vector<Item> items = subject.many(24);
  const Answers together = asked_soundly(subject, made, items, out);
  if (out.state != Verdict::holds || together.status != SXT_OK) return out;
  const auto begin = Clock::now();
  for (size_t i = 0; i < items.size() && seconds_since(begin) < enough_s; ++i) {
    const Answers single = asked_soundly(subject, made, {&items[i], 1}, out);
    if (out.state != Verdict::holds) return out;
    if (const std::string differ = difference(subject, {&together.given[i], 1}, single.given); !differ.empty())
      return broken(fmt::format("gives item {} of a batch another result than alone ({})", i, differ));
  }
  std::vector<Item> reversed(items.rbegin(), items.rend());
  Answers backwards = asked_soundly(subject, made, reversed, out);
  std::reverse(backwards.given.begin(), backwards.given.end());
  if (const std::string differ = difference(subject, together.given, backwards.given);
      out.state == Verdict::holds && !differ.empty())
    return broken("gives other results where the items are asked in another order: " + differ);
  return out;
}

Verdict deterministic(Subject& subject) {
  if (!subject.deterministic() && !subject.is(Kind::inferencer)) return untried("it does not say that it is deterministic");
  SXT_ASKED(made, subject);
  Verdict out;
  const std::vector<Item> items = subject.many(16);
  const Answers first = asked_soundly(subject, made, items, out), second = asked_soundly(subject, made, items, out);
  auto another = ready(subject);
  if (!another) return broken("a second object: " + another.error().message);
  const Answers third = asked_soundly(subject, *another, items, out);
  for (const Answers* other : {&second, &third})
    if (const std::string differ = difference(subject, first.given, other->given);
        out.state == Verdict::holds && !differ.empty())
      return broken(fmt::format("gives two results for one question, {}: {}",
                                other == &second ? "asked twice" : "asked of two objects", differ));
  return out;
}

Verdict odd_texts(Subject& subject) {
  SXT_ASKED(made, subject);
  const std::string odd[] = {"",
                             std::string("a\0b", 3),
                             "e\xCC\x81 \xE4\xB8\xAD\xE6\x96\x87 \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA9",
                             "\xE2\x80\xA8\xEF\xBB\xBF\xEF\xBF\xBD\x01\x1B[31m",
                             "%s%n\\ \"quoted\" {question} {{x}}",
                             "((((((((((((((((((((a+)+)+)+)+)+)+)+)+)+",
                             "1e999 NaN -inf 0x",
                             std::string(200'000, 'x'),
                             [] { std::string out; for (int i = 0; i < 20'000; ++i) out += "[{("; return out; }()};
  Verdict out;
  for (const std::string& text : odd) {
    Item item = subject.items.front();
    item.text = text;
    item.record_json = fmt::format(R"({{"question":{0},"A":{0},"answer":"A"}})", json::quote(text));
    if (subject.is(Kind::metric)) item.reference_json = json::quote(text);
    (void)asked_soundly(subject, made, {&item, 1}, out);
    if (out.state != Verdict::holds) {
      out.why += fmt::format(", on the text {} ({} bytes)", json::quote(text.substr(0, 20)), text.size());
      return out;
    }
  }
  if (!subject.is(Kind::metric)) return out;
  for (const char* reference : {"null", "0", "true", "[]", "{}", "[\"A\",\"B\"]", "1e308", "\"\""}) {
    Item item = subject.items.front();
    item.reference_json = reference;
    (void)asked_soundly(subject, made, {&item, 1}, out);
    if (out.state != Verdict::holds) return broken(fmt::format("{}, on the reference {}", out.why, reference));
  }
  return out;
}

Verdict same_as(Subject& subject, Lending how, const char* where) {
  SXT_ASKED(made, subject);
  Verdict out;
  const std::vector<Item> items = subject.many(8);
  const Answers plain = asked_soundly(subject, made, items, out);
  const Answers other = asked_soundly(subject, made, items, out, how);
  if (const std::string differ = difference(subject, plain.given, other.given);
      out.state == Verdict::holds && (plain.status != other.status || !differ.empty()))
    return broken(fmt::format("answers otherwise {}: {}", where, differ.empty() ? other.message : differ));
  return out;
}
Verdict borrowed(Subject& subject) { return same_as(subject, {.guarded = true}, "where texts end at the end of a page"); }
Verdict growth(Subject& subject) {
  return same_as(subject, {.longer = 40}, "where the core's structs are longer than those it was built with");
}

Verdict threads(Subject& subject) {
  SXT_ASKED(made, subject);
  Verdict out;
  const std::vector<Item> items = subject.many(8);
  const Answers expected = asked_soundly(subject, made, items, out);
  if (out.state != Verdict::holds || expected.status != SXT_OK) return out;
  constexpr size_t count = 4;
  std::vector<Verdict> verdicts(count);
  std::vector<std::thread> all;
  for (size_t t = 0; t < count; ++t)
    all.emplace_back([&, t] {
      auto own = ready(subject);  // created on one thread, used on it while others do the same
      if (!own) {
        verdicts[t] = broken("an object that is created on another thread: " + own.error().message);
        return;
      }
      const auto begin = Clock::now();
      for (int turn = 0; turn < 10 && verdicts[t].state == Verdict::holds && seconds_since(begin) < enough_s; ++turn) {
        const Answers answers = asked_soundly(subject, *own, items, verdicts[t]);
        if (const std::string differ = difference(subject, expected.given, answers.given);
            verdicts[t].state == Verdict::holds && !differ.empty())
          verdicts[t] = broken("gives another result while other objects are in use on other threads: " + differ);
      }
    });
  for (std::thread& one : all) one.join();
  for (Verdict& verdict : verdicts)
    if (verdict.state != Verdict::holds) return std::move(verdict);
  std::thread([&] {  // one object may change threads between calls
    const Answers moved = asked_soundly(subject, made, items, out);
    if (out.state == Verdict::holds && !difference(subject, expected.given, moved.given).empty())
      out = broken("gives another result on another thread than the one that it was created on");
  }).join();
  return out;
}

Verdict cancelled(Subject& subject) {
  SXT_ASKED(made, subject);
  if (const Answers sane = ask(subject, made, subject.many(4)); sane.status != SXT_OK)
    return untried("it refuses what the kit asks");
  TrialHost::the().cancelled = true;
  const std::vector<Item> items = subject.many(200);
  const auto begin = Clock::now();
  const Answers answers = ask(subject, made, items);
  const double took = seconds_since(begin);
  TrialHost::the().cancelled = false;
  if (!answers.complaint.empty()) return broken(answers.complaint);
  if (took > 10)
    return broken(fmt::format("took {:.0f} s to come back after the run was cancelled; poll cancelled() every few ms", took));
  if (answers.status != SXT_OK && answers.status != SXT_CANCELLED)
    return broken(fmt::format("returned status {} when it was cancelled; SXT_CANCELLED (or SXT_OK) is wanted", answers.status));
  return {};
}

Verdict late(Subject& subject) {
  {
    SXT_ASKED(made, subject);
    (void)ask(subject, made, subject.many(16));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  if (const uint64_t n = late_puts())
    return broken(fmt::format("put {} results after its call had returned; the sink is the call's", n));
  return {};
}

constexpr Rule rules[] = {
    {"no_items", "abi/base.h, sxt_sink", "a call over no items", no_items},
    {"one_item", "the kind's header", "one item, one result of the right form", one_item},
    {"borrowed", "abi/base.h, Memory and sxt_str", "inputs are read as far as they reach, not written to, and not kept",
     borrowed},
    {"growth", "abi/base.h, Growth", "longer structs of a newer core", growth},
    {"many_items", "abi/base.h, sxt_sink", "10,000 items, one result each", many_items},
    {"batch", "the kind's header", "a result does not depend on what else is asked", alone},
    {"deterministic", "abi/base.h, SXT_CAP_DETERMINISTIC", "one question, one result", deterministic},
    {"odd_texts", "abi/base.h, sxt_str and Errors", "any UTF-8 gets an answer or a sentence", odd_texts},
    {"threads", "abi/base.h, Threads", "several objects at once; one object on one thread after the other", threads},
    {"cancelled", "abi/base.h, sxt_host.cancelled", "a cancelled call comes back", cancelled},
    {"late", "abi/base.h, sxt_sink", "nothing is put after the call", late}};

}  // namespace

std::span<const Rule> item_rules() { return rules; }

}  // namespace sextant::conformance
