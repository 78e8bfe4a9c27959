// A component of every kind that does what the sample's text says behind "do:", and is sound else: what --isolate must hold.
// tools/acceptance/chaos.py asks for it.
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

void fork_bomb() {
  for (int i = 0; i < 64; ++i)
    if (::fork() == 0)
      for (;;) ::pause();
}
void take_all_memory() {
  for (;;) {
    auto* block = static_cast<volatile char*>(std::malloc(16 << 20));
    if (!block) throw std::bad_alloc();
    for (size_t i = 0; i < 16 << 20; i += 4096) block[i] = 1;
  }
}
void damage_heap() {
  auto* block = static_cast<char*>(std::malloc(24));
  for (int i = -32; i < 4000; ++i) const_cast<volatile char*>(block)[i] = 'x';
  std::free(block);
}
void write_outside() {
  const char* to = std::getenv("SEXTANT_CHAOS_FILE");
  const int fd = ::open(to ? to : "/tmp/sextant-chaos", O_CREAT | O_WRONLY, 0644);
  if (fd < 0 || ::write(fd, "x", 1) != 1) throw std::runtime_error("could not write outside");
}
void open_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("could not reach anybody");
}

/// What stands behind "do:", and doing it.
std::string act(std::string_view text) {
  const size_t at = text.find("do:");
  if (at == text.npos) return {};
  std::string what(text.substr(at + 3));
  what.resize(std::min(what.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), what.size()));
  if (what == "crash") ::raise(SIGSEGV);
  if (what == "abort") std::abort();
  if (what == "exit") ::_exit(0);
  if (what == "throw") throw 42;
  if (what == "loop")
    for (volatile bool on = true; on;) {}
  if (what == "leak") take_all_memory();
  if (what == "fork") fork_bomb();
  if (what == "write") write_outside();
  if (what == "socket") open_socket();
  if (what == "late") std::this_thread::sleep_for(std::chrono::milliseconds(300));
  if (what == "heap") damage_heap();
  if (what == "close")
    for (int fd = 0; fd < 512; ++fd) ::close(fd);
  if (what == "kill") ::kill(::getppid(), SIGKILL);
  if (what == "chdir" && ::chdir("/") != 0) throw std::runtime_error("no folder /");
  if (what == "locale") std::setlocale(LC_ALL, "");
  if (what == "signals")
    for (int signal = 1; signal < 32; ++signal) std::signal(signal, SIG_IGN);
  if (what == "print") std::printf("{\"id\":1,\"results\":[7]}\n"), std::fflush(stdout);
  return what;
}

// ---- a metric on the bare ABI: the SDK would not let it lie ---------------------------------------------------------------
sxt_status score(sxt_object*, const sxt_judged* const* judged, uint64_t n, sxt_sink ret, sxt_error* e) {
  return guard(e, [&] {
    for (uint64_t i = 0; i < n; ++i) {
      const std::string did = act(view(judged[i]->prediction));
      static const std::string one = R"({"value":1})";
      if (did == "lie") ret.put(ret.ctx, i, {one.data(), uint64_t{1} << 40});
      else if (did == "nan") Sink{ret}(i, R"({"value":NaN})");
      else if (did == "twice") Sink{ret}(i, one), Sink{ret}(i, one);
      else if (did == "beyond") Sink{ret}(i + 1000, one);
      else if (did != "nothing") Sink{ret}(i, one);
    }
  });
}
const sxt_metric_v1 metric_table = {sizeof(sxt_metric_v1), 0, score, nullptr};
sxt_status create_metric(const sxt_host*, sxt_str, sxt_object** ret, sxt_error*) {
  static sxt_object object = {sizeof(sxt_object), 0, [](sxt_object*) {},
                              [](sxt_object*, const char*) -> const void* { return &metric_table; }};
  *ret = &object;
  return SXT_OK;
}

struct Extract : Postprocessor {
  using Postprocessor::Postprocessor;
  std::string apply(std::string_view text) override {
    act(text);
    return std::string(text);
  }
};
struct Prompt : Template {
  using Template::Template;
  std::string render(const sxt_render_item& item) override {
    act(view(item.record_json));
    const auto record = or_throw(json::parse(view(item.record_json), "record"));
    return R"({"pieces":[{"section":"round","text":)" + json::quote(json::find_string(record, "question").value_or("")) + "}]}";
  }
};
struct Step : Inferencer {
  using Inferencer::Inferencer;
  std::string step(const Question& question) override {
    act(json::write(question.sample));
    if (question.rounds() == 0) return ask(question.turns());
    return done(question.reply(0));
  }
};
struct Rows : Retriever {
  using Retriever::Retriever;
  void prepare(std::span<const sxt_corpus_row* const>) override {}
  std::vector<uint64_t> retrieve(const sxt_query& query, uint64_t) override {
    act(view(query.record_json));
    return {};
  }
};
struct Load : Dataset {
  using Dataset::Dataset;
  std::string describe() override { return R"({"splits":{"test":4},"fields":["question","answer"]})"; }
  uint64_t count(std::string_view) override { return 4; }
  void read(std::string_view, uint64_t first, uint64_t n, const Sink& ret_record_json) override {
    for (uint64_t i = 0; i < n; ++i) {
      if (first + i == 2) act("do:" + context.text("do"));
      ret_record_json(i, R"({"question":"q","answer":"A"})");
    }
  }
};
struct Reply : Model {
  using Model::Model;
  sxt_model_info info() override {
    sxt_model_info out{};
    out.abilities = SXT_MODEL_GENERATE;
    out.context_length = 4096;
    return out;
  }
  std::string describe() override { return R"({"family":"chaos","cannot_score":"it only generates"})"; }
  std::vector<int32_t> tokenize(std::string_view, uint32_t) override { throw PluginError(SXT_UNSUPPORTED, "no tokens"); }
  std::string detokenize(std::span<const int32_t>, uint32_t) override { throw PluginError(SXT_UNSUPPORTED, "no tokens"); }
  std::string render_chat(std::string_view) override { throw PluginError(SXT_UNSUPPORTED, "no chat template"); }
  std::string plan(uint64_t, std::span<const sxt_request* const>) override {
    return R"({"prompt_tokens":0,"computed_tokens":0,"kv_bytes":0,"peak_bytes":0})";
  }
  void run(uint64_t, std::span<const sxt_request* const> requests, const sxt_result_sink& sink) override {
    for (size_t i = 0; i < requests.size(); ++i) {
      const std::string did = act(view(requests[i]->prefix));
      sxt_result result{};
      result.struct_size = did == "lie" ? 4 : sizeof result;
      result.text = borrow("A");
      if (did != "nothing") sink.put(sink.ctx, i, &result);
      if (did == "twice") sink.put(sink.ctx, i, &result);
    }
  }
};

constexpr sxt_component metric = {sizeof(sxt_component),
                                  SXT_METRIC,
                                  0,
                                  0,
                                  "chaos",
                                  "1",
                                  "",
                                  "Apache-2.0",
                                  R"({"type":"object","properties":{},"additionalProperties":false})",
                                  create_metric,
                                  nullptr};

}  // namespace

SEXTANT_PLUGIN(
    metric, component<Extract>({.id = "chaos"}), component<Prompt>({.id = "chaos"}),
    component<Step>({.id = "chaos", .facts = R"({"form":"open","rounds":"many"})"}), component<Rows>({.id = "chaos"}),
    component<Load>({.id = "chaos",
                     .schema = R"({"type":"object","properties":{"path":{"type":"string"},"do":{"type":"string"}}})"}),
    component<Reply>({.id = "chaos"}))
