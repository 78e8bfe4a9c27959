// Components that change or end the process that they run in, as their configuration says: {"at": "count", "do": "exit"}.
#include <cfenv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <sextant/sdk.hpp>

namespace {

void act(const std::string& what) {
  if (what == "exit") std::exit(0);
  if (what == "_exit") ::_exit(0);
  if (what == "_Exit") std::_Exit(0);
  if (what == "quick_exit") std::quick_exit(0);
  if (what == "exit_in_thread") std::thread([] { std::exit(0); }).join();
  if (what == "exit_later") std::atexit([] { ::_exit(0); });
  if (what == "fork") (void)!::fork();  // and both go on
  if (what == "fork_exit" && ::fork() == 0) std::exit(0);
  if (what == "chdir" && ::chdir("/") != 0) throw sextant::DataError("no folder /");
  if (what == "umask") ::umask(0);
  if (what == "round") std::fesetround(FE_UPWARD);
  if (what == "trap") ::feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
  if (what == "ignore_signals")
    for (const int signal : {SIGINT, SIGTERM, SIGSEGV}) std::signal(signal, SIG_IGN);
  if (what == "default_signals")
    for (const int signal : {SIGPIPE, SIGXFSZ, SIGSEGV}) std::signal(signal, SIG_DFL);
  if (what == "close_standard")
    for (int fd = 0; fd <= 2; ++fd) ::close(fd);
  if (what == "close_files")
    for (int fd = 3; fd < 64; ++fd) ::close(fd);
  if (what == "hang")
    for (;;) ::pause();
}

constexpr const char* schema = R"({"type": "object", "properties": {
  "at": {"type": "string"}, "do": {"type": "string"}, "path": {"type": "string"}, "rows": {"type": "integer", "minimum": 0},
  "counts": {"type": "integer"}, "text": {"type": "string"}, "raw": {"type": "string"}}})";

template <class Base> struct Meddler : Base {
  explicit Meddler(sextant::Context context) : Base(std::move(context)) { at("create"); }
  ~Meddler() override { at("destroy"); }

 protected:
  void at(const char* place) const {
    if (this->context.text("at") == place) act(this->context.text("do"));
  }
};

struct Rows : Meddler<sextant::Dataset> {
  using Meddler::Meddler;
  std::string describe() override { return R"({"splits": {"test": 4}, "fields": ["question", "answer"]})"; }
  uint64_t count(std::string_view) override {
    at("count");
    return static_cast<uint64_t>(sextant::json::find_int(context.config(), "counts").value_or(rows()));
  }
  void read(std::string_view, uint64_t first, uint64_t n, const sextant::Sink& ret_record_json) override {
    at("read");
    for (uint64_t i = 0; i < n && first + i < static_cast<uint64_t>(rows()); ++i)
      ret_record_json(
          i, R"({"question":)" + sextant::json::quote(std::to_string(first + i) + context.text("text")) +
                 (context.text("raw").empty() ? "" : R"(,"raw":")" + context.text("raw") + "\"") + R"(,"answer":"A"})");
  }

 private:
  int64_t rows() const { return sextant::json::find_int(context.config(), "rows").value_or(4); }
};

struct Prompt : Meddler<sextant::Template> {
  using Meddler::Meddler;
  std::string render(const sxt_render_item& item) override {
    at("render");
    const auto record = sextant::or_throw(sextant::json::parse(sextant::view(item.record_json), "record"));
    return R"({"pieces": [{"section": "round", "text": )" +
           sextant::json::quote(sextant::json::find_string(record, "question").value_or("")) + "}]}";
  }
};

/// A third for each sample, so that the mean shows how it was rounded.
struct Score : Meddler<sextant::Metric> {
  using Meddler::Meddler;
  double score(const sextant::Judged&) override {
    at("score");
    return 1.0 / 3;
  }
};

}  // namespace

SEXTANT_PLUGIN(sextant::component<Rows>({.id = "meddling_rows", .schema = schema}),
               sextant::component<Prompt>({.id = "meddling_prompt", .schema = schema}),
               sextant::component<Score>({.id = "meddling_score", .schema = schema}))
