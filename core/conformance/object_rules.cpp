#include <cfenv>
#include <chrono>
#include <clocale>
#include <cstring>
#include <fcntl.h>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <sextant/json_schema.hpp>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../plugin/manifest.hpp"
#include "rules.hpp"

namespace sextant::conformance {
namespace {

namespace fs = std::filesystem;

Verdict schema_has_path(Subject& subject) {
  if (!subject.is(plugin::Kind::dataset) || schema::accepts(subject.info.schema, "path")) return {};
  return broken("its schema has no property \"path\", so that every configuration that the core makes is refused; "
                "add \"path\": {\"type\": \"string\"}");
}

Verdict create(Subject& subject) {
  if (subject.config.empty()) return untried(subject.why_no_config);
  auto one = subject.make(), two = subject.make();
  if (!one) {
    if (one.error().kind == Error::Kind::config) return untried(one.error().message + "; give a configuration with --config");
    return broken(one.error().message);
  }
  if (!two) return broken("a second object beside the first one: " + two.error().message);
  if (one->object() == two->object()) return broken("create gave the same object twice; each owner destroys his own");
  return {};
}

Verdict unknown_interfaces(Subject& subject) {
  if (subject.config.empty()) return untried(subject.why_no_config);
  auto made = subject.make();
  if (!made) return untried(made.error().message);
  for (const std::string& id :
       {subject.interface_id() + "0", std::string("sextant."), std::string(), std::string("sextant.unknown/1"),
        subject.interface_id().substr(0, subject.interface_id().size() - 1) + "2"})
    if (made->object()->get_interface(made->object(), id.c_str()))
      return broken(fmt::format("get_interface(\"{}\") gives a table; an id that is not known gives NULL", id));
  return {};
}

/// Values that the schema of one property allows and that nobody expects.
std::vector<json::Document> hostile_values(const json::Value& property) {
  std::vector<json::Document> out;
  const auto add = [&](auto&& value) { out.emplace_back().Swap(value); };
  const auto text = [&](std::string_view bytes) {
    json::Document value;
    value.SetString(bytes.data(), static_cast<rapidjson::SizeType>(bytes.size()), value.GetAllocator());
    add(value);
  };
  if (const json::Value* values = json::find(property, "enum"); values && values->IsArray())
    for (const auto& one : values->GetArray()) out.push_back(json::copy(one));
  for (const std::string_view bytes :
       {std::string_view(), std::string_view("\0x", 2), std::string_view("e\xCC\x81\xE2\x80\xA8\xF0\x9F\x99\x82"),
        std::string_view("%s%n{}{0}\\")})
    text(bytes);
  text(std::string(100'000, 'x'));
  for (const double number : {0.0, -1.0, 1e308, -1e308, 0.5}) {
    json::Document value;
    value.SetDouble(number);
    add(value);
  }
  for (const int64_t number : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{1} << 31, INT64_MAX}) {
    json::Document value;
    value.SetInt64(number);
    add(value);
  }
  for (const char* json_text : {"true", "false", "null", "[]", "{}", "[\"\"]", "[[]]", "[0]"})
    if (auto value = json::parse(json_text, "")) add(*value);
  return out;
}

// Whatever the schema lets through, create answers: with an object, or with a status and a sentence.
Verdict hostile_configurations(Subject& subject) {
  const auto parsed = json::parse(subject.info.schema, "schema");
  const json::Value* properties = parsed ? json::find(*parsed, "properties") : nullptr;
  if (!properties || !properties->IsObject()) return {};
  if (subject.is(plugin::Kind::model) && !subject.config.empty() && subject.config.size() > 400)
    return untried("a model that is loaded anew for each value");
  const std::string name = plugin::component_name(subject.info.kind, subject.info.id);
  const auto base = json::parse(subject.config.empty() ? "{}" : subject.config, "configuration");
  size_t tried = 0;
  const auto begin = std::chrono::steady_clock::now();
  constexpr std::chrono::seconds most(3);  // a program is started anew for each
  for (const auto& property : properties->GetObject()) {
    for (const json::Document& value : hostile_values(property.value)) {
      json::Document config = json::copy(*base);
      json::set(config, json::text(property.name), json::Value(value, config.GetAllocator()), config.GetAllocator());
      const auto checked = schema::check_config(name, subject.info.schema, json::write(config), "--config");
      if (!checked || std::chrono::steady_clock::now() - begin > most) continue;
      ++tried;
      const auto made = subject.make(*checked);
      if (!made && made.error().kind != Error::Kind::config)
        return broken(fmt::format("with \"{}\": {}: {}", json::text(property.name), json::write(value).substr(0, 60),
                                  made.error().message));
    }
  }
  return {Verdict::holds, tried ? "" : "the schema has no property whose value can be chosen"};
}

/// What belongs to the process and not to a plugin.
struct ProcessState {
  std::string folder, locale;
  mode_t mask = 0;
  int rounding = 0, descriptors = 0;
  struct sigaction actions[32] = {};
  static ProcessState look() {
    ProcessState out;
    std::error_code code;
    out.folder = fs::current_path(code).string();
    out.locale = std::setlocale(LC_ALL, nullptr);
    out.mask = ::umask(0);
    ::umask(out.mask);
    out.rounding = std::fegetround();
    for (int fd = 0; fd < 1024; ++fd) out.descriptors += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    for (int signal = 1; signal < 32; ++signal) ::sigaction(signal, nullptr, &out.actions[signal]);
    return out;
  }
};

Verdict leaves_the_process(Subject& subject) {
  if (subject.config.empty()) return untried(subject.why_no_config);
  const int output = ::memfd_create("output", MFD_CLOEXEC), stdout_kept = ::fcntl(1, F_DUPFD_CLOEXEC, 10);
  ::dup2(output, 1);
  const ProcessState before = ProcessState::look();
  Verdict out;
  {
    auto made = ready(subject);
    if (!made) out = untried(made.error().message);
    else if (!subject.is(plugin::Kind::dataset)) (void)ask(subject, *made, subject.many(4));
  }
  const ProcessState after = ProcessState::look();
  std::fflush(nullptr);
  const off_t printed = ::lseek(output, 0, SEEK_END);
  ::dup2(stdout_kept, 1);
  ::close(stdout_kept), ::close(output);
  if (out.state != Verdict::holds) return out;
  if (printed > 0) return broken("writes to standard output, where results go; use the host's log");
  if (after.folder != before.folder) return broken(fmt::format("changed the current folder to {}", after.folder));
  if (after.locale != before.locale) return broken(fmt::format("changed the locale to {}", after.locale));
  if (after.mask != before.mask) return broken("changed the file mask (umask)");
  if (after.rounding != before.rounding) return broken("changed the rounding mode");
  if (after.descriptors != before.descriptors)
    return broken(fmt::format("left {} open descriptors, of {} before: files stay open, or one was closed that is not its own",
                              after.descriptors, before.descriptors));
  for (int signal = 1; signal < 32; ++signal)
    if (after.actions[signal].sa_handler != before.actions[signal].sa_handler)
      return broken(fmt::format("changed the handler of signal {} ({})", signal, ::strsignal(signal)));
  return {};
}

constexpr Rule rules[] = {
    {"path", "abi/dataset.h", "a loader's schema knows \"path\"", schema_has_path},
    {"create", "abi/base.h, sxt_component.create", "objects are created beside each other", create},
    {"interfaces", "abi/base.h, sxt_object.get_interface", "an unknown interface is NULL", unknown_interfaces},
    {"configuration", "abi/base.h, Errors", "every configuration that the schema allows gets an answer",
     hostile_configurations},
    {"process", "docs/adr/0027", "folder, mask, locale, rounding, signals and descriptors stay as they are",
     leaves_the_process}};

}  // namespace

std::span<const Rule> object_rules() { return rules; }

}  // namespace sextant::conformance
