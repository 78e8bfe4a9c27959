#include "provider_batch.hpp"
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <fmt/format.h>
#include <sextant/sdk.hpp>
#include <sextant/sha256.hpp>
#include "reply.hpp"

namespace sextant::openai {
namespace {

namespace fs = std::filesystem;

constexpr size_t lines_max = 50'000, bytes_max = 100u << 20;  // of one job; both providers take as much

// Where the id of a job that is under way is remembered; empty: nowhere.
fs::path memory_of(const std::string& key) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (cache && *cache) return fs::path(cache) / "sextant" / "batches" / key;
  return home && *home ? fs::path(home) / ".cache" / "sextant" / "batches" / key : fs::path();
}

void remember(const std::string& key, const std::string& id) {
  const fs::path path = memory_of(key);
  if (path.empty()) return;
  std::error_code code;  // without it, the job would be paid for again after an interruption, and nothing else
  fs::create_directories(path.parent_path(), code);
  std::ofstream(path) << id;
}

std::string remembered(const std::string& key) {
  std::string id;
  std::ifstream(memory_of(key)) >> id;
  return id;
}

void forget(const std::string& key) {
  std::error_code code;
  fs::remove(memory_of(key), code);
}

std::string path_of(const std::string& url) {
  const size_t begin = url.find('/', url.find("://") + 3);
  return begin == url.npos ? "/" : url.substr(begin, url.find('?') - begin);
}

}  // namespace

ProviderBatch::ProviderBatch(const Settings& settings, Transfers& transfers, Around around)
    : settings_(settings), transfers_(transfers), around_(std::move(around)) {}
ProviderBatch::~ProviderBatch() { transfers_.drop(box_); }

std::string ProviderBatch::job_url(const std::string& id) const {
  return settings_.url((anthropic() ? "/messages/batches/" : "/batches/") + id);
}

std::unique_ptr<Exchange> ProviderBatch::ask(std::string url, std::string body, std::string type) {
  auto exchange = std::make_unique<Exchange>();
  exchange->url = std::move(url);
  exchange->body = std::move(body);
  if (!type.empty()) exchange->sent_type = std::move(type);
  exchange->owner = &box_;
  std::vector<std::unique_ptr<Exchange>> one;
  one.push_back(std::move(exchange));
  transfers_.submit(std::move(one));
  for (;;) {
    around_.check();
    if (auto arrived = box_.take(std::chrono::milliseconds(200)); !arrived.empty()) return std::move(arrived.front());
  }
}

json::Document ProviderBatch::answer_of(const Exchange& e, const std::string& what) const {
  if (e.over || e.status == 0)
    throw PluginError(SXT_NO_DEVICE, fmt::format("the server at {} answers nothing any more ({}); when it is back, run the same "
                                                 "command with -r to go on",
                                                 settings_.base_url, settings_.clean(complaint(e))));
  auto answer = json::parse(e.answer, "");
  if (e.verdict == Verdict::answered && answer && answer->IsObject()) return *std::move(answer);
  throw PluginError(e.verdict == Verdict::refused ? SXT_BAD_CONFIG : SXT_NO_DEVICE,
                    fmt::format("the server at {} does not {} (HTTP {}: {}); batch=false asks it for one reply at a time",
                                settings_.base_url, what, e.status, settings_.clean(complaint(e))));
}

void ProviderBatch::submit(std::vector<std::unique_ptr<Exchange>> exchanges) {
  Job job;
  std::string lines;
  const auto send = [&] {
    if (!job.open.empty()) start(std::exchange(job, Job()), std::exchange(lines, {}));
  };
  for (auto& exchange : exchanges) {
    if (job.open.size() == lines_max || lines.size() + exchange->body.size() > bytes_max) send();
    const std::string id = fmt::format("r{}", job.open.size());
    lines += anthropic() ? fmt::format(R"({{"custom_id":"{}","params":{}}})", id, exchange->body)
                         : fmt::format(R"({{"custom_id":"{}","method":"POST","url":{},"body":{}}})", id,
                                       json::quote(path_of(exchange->url)), exchange->body);
    lines += '\n';
    job.open.emplace(id, std::move(exchange));
  }
  send();
}

void ProviderBatch::start(Job job, const std::string& lines) {
  job.key = sha256_hex(fmt::format("{}\n{}", settings_.base_url, lines));
  job.id = remembered(job.key);
  if (!job.id.empty()) {
    const auto known = ask(job_url(job.id));
    if (known->verdict == Verdict::answered)
      around_.say(fmt::format("goes on with the batch {} of before", job.id));
    else
      job.id.clear();
  }
  if (job.id.empty()) {
    job.id = create(lines, job);
    remember(job.key, job.id);
    around_.say(fmt::format("the batch {} has {} requests; it may take a day, and -r goes on with it", job.id, job.open.size()));
  }
  job.next_look = Clock::now();
  jobs_.push_back(std::move(job));
}

std::string ProviderBatch::create(const std::string& lines, const Job& job) {
  std::string body;
  if (anthropic()) {
    body = R"({"requests":[)" + lines.substr(0, lines.size() - 1) + "]}";
    std::replace(body.begin(), body.end(), '\n', ',');  // bodies are written in one line each
  } else {
    body = fmt::format(R"({{"input_file_id":{},"endpoint":{},"completion_window":"24h"}})", json::quote(upload(lines)),
                       json::quote(path_of(job.open.begin()->second->url)));
  }
  const json::Document made = answer_of(*ask(jobs_url(), std::move(body)), "make a batch");
  if (const auto id = json::find_string(made, "id")) return *id;
  throw PluginError(SXT_NO_DEVICE, fmt::format("the server at {} made a batch without an id", settings_.base_url));
}

std::string ProviderBatch::upload(const std::string& lines) {
  std::string boundary = "sextant-" + sha256_hex(lines).substr(0, 32);
  std::string body = fmt::format(
      "--{0}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{0}\r\nContent-Disposition: form-data; "
      "name=\"file\"; filename=\"requests.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n",
      boundary);
  body.append(lines).append(fmt::format("\r\n--{}--\r\n", boundary));
  const json::Document made = answer_of(
      *ask(settings_.url("/files"), std::move(body), "multipart/form-data; boundary=" + boundary), "take a file of requests");
  if (const auto id = json::find_string(made, "id")) return *id;
  throw PluginError(SXT_NO_DEVICE, fmt::format("the server at {} took a file and gave it no id", settings_.base_url));
}

// Asks how far the job is. ret_results: where its answers are, when it is over.
ProviderBatch::State ProviderBatch::look(Job& job, std::vector<std::string>& ret_results) {
  const json::Document about = answer_of(*ask(job_url(job.id)), "tell of the batch " + job.id);
  const json::Value* counts = json::find(about, "request_counts");
  const auto count = [&](const char* key) { return counts ? json::find_int(*counts, key).value_or(0) : 0; };
  State state{false, json::find_string(about, anthropic() ? "processing_status" : "status").value_or("")};
  const int64_t done = anthropic() ? count("succeeded") + count("errored") : count("completed") + count("failed");
  if (done != job.done && done > 0) around_.say(fmt::format("batch {}: {} of {} requests are done", job.id, done, job.open.size()));
  job.done = done;
  if (anthropic()) {
    state.over = state.word == "ended";
    if (const auto url = json::find_string(about, "results_url")) ret_results.push_back(*url);
    return state;
  }
  if (state.word == "failed") {
    const json::Value* errors = json::find(about, "errors");
    const json::Value* data = errors ? json::find(*errors, "data") : nullptr;
    const std::string why = data && data->IsArray() && !data->Empty()
                                ? json::find_string((*data)[0], "message").value_or("")
                                : "it does not say why";
    forget(job.key);
    throw PluginError(SXT_BAD_CONFIG, fmt::format("the server at {} refuses the batch {} ({}); batch=false asks it for one reply "
                                                  "at a time",
                                                  settings_.base_url, job.id, settings_.clean(why)));
  }
  state.over = state.word == "completed" || state.word == "expired" || state.word == "cancelled";
  for (const char* key : {"output_file_id", "error_file_id"})
    if (const auto id = json::find_string(about, key); id && !id->empty())
      ret_results.push_back(settings_.url("/files/" + *id + "/content"));
  return state;
}

void ProviderBatch::take_results(Job& job, const std::string& lines, std::vector<std::unique_ptr<Exchange>>& out) {
  for (size_t begin = 0; begin < lines.size();) {
    const size_t end = std::min(lines.find('\n', begin), lines.size());
    const auto line = json::parse(std::string_view(lines).substr(begin, end - begin), "");
    begin = end + 1;
    if (!line || !line->IsObject()) continue;  // whose answer it was is found by what is left open
    const auto it = job.open.find(json::find_string(*line, "custom_id").value_or(""));
    if (it == job.open.end()) continue;        // a second answer to the same, or to nothing
    Exchange& e = *it->second;
    e.tries = std::max(1u, e.tries);
    e.content_type = "application/json";
    const json::Value* result = json::find(*line, anthropic() ? "result" : "response");
    if (anthropic()) {
      const std::string type = result ? json::find_string(*result, "type").value_or("") : "";
      const json::Value* body = result ? json::find(*result, type == "succeeded" ? "message" : "error") : nullptr;
      const json::Value* error = body && type == "errored" ? json::find(*body, "error") : nullptr;
      const std::string kind = error ? json::find_string(*error, "type").value_or("") : "";
      e.status = type == "succeeded" ? 200 : kind == "invalid_request_error" ? 400 : 500;
      e.answer = body ? json::write(*body) : "";
    } else {
      const json::Value* body = result ? json::find(*result, "body") : nullptr;
      e.status = result && result->IsObject() ? static_cast<long>(json::find_int(*result, "status_code").value_or(500)) : 500;
      e.answer = body ? json::write(*body) : json::write(*line);
    }
    e.verdict = verdict_of_status(e.status);
    out.push_back(std::move(it->second));
    job.open.erase(it);
  }
}

std::vector<std::unique_ptr<Exchange>> ProviderBatch::step() {
  std::vector<std::unique_ptr<Exchange>> out;
  const auto now = Clock::now();
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    std::vector<std::string> results;
    State state;
    if (now >= job->next_look) {
      state = look(*job, results);
      job->next_look = Clock::now() + std::chrono::milliseconds(settings_.batch_poll_ms);
    }
    if (!state.over) {
      ++job;
      continue;
    }
    for (const std::string& url : results) {
      const auto file = ask(url);
      if (file->verdict != Verdict::answered) answer_of(*file, "give the answers of the batch " + job->id);
      take_results(*job, file->answer, out);
    }
    forget(job->key);
    for (auto& [id, exchange] : job->open) {
      exchange->tries = std::max(1u, exchange->tries);
      exchange->verdict = Verdict::failed;
      exchange->status = 0;
      exchange->trouble = fmt::format("the batch {} ended ({}) without an answer to it", job->id, state.word);
      out.push_back(std::move(exchange));
    }
    job = jobs_.erase(job);
  }
  return out;
}

}  // namespace sextant::openai
