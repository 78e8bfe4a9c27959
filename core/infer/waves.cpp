#include "waves.hpp"
#include <algorithm>

namespace sextant::infer {
namespace {

// A wave ends with the first task by which it has `wanted` bytes of text: little at first, so that the model starts at once, then
// four times as much each time, so that what begins a wave anew is rarely computed twice. Tasks are cut only where one would
// fill the memory: its examples are then computed again.
constexpr uint64_t first_wanted = 256 << 10, most_wanted = 8 << 20, full = 16 << 20;

uint64_t text_bytes(const data::Request& request) {
  uint64_t bytes = request.text.size();
  for (const data::Text& text : request.continuations) bytes += text.size();
  return bytes;
}

}  // namespace

std::vector<const data::Request*> Wave::pointers() const {
  std::vector<const data::Request*> out;
  for (const data::Request& request : requests) out.push_back(&request);
  return out;
}

struct Waves::Open {
  plan::TaskData data;
  plugin::Template renderer;
  std::optional<Preparer> preparer;
  size_t row = 0;
};

Waves::Waves(plugin::Host& host, ModelSession& session, const ModelJob& job, std::deque<Task>& tasks, std::function<void(size_t)> done)
    : host_(host),
      session_(session),
      job_(job),
      tasks_(tasks),
      done_(std::move(done)),
      code_version_(code_version(host, session.config())),
      earlier_(job.cache && job.folder ? job.folder->path() : std::filesystem::path(), session.config().abbr) {}
Waves::~Waves() = default;

bool Waves::cancelled() const { return job_.cancelled && job_.cancelled->load(); }

Result<void> Waves::open_task(Task& task) {
  SXT_TRY(plan::TaskData data, plan::load_data(host_, task.dataset(), *job_.run));
  SXT_TRY(plugin::Template renderer, make_template(host_, task.dataset(), job_.run->compat));
  SXT_CHECK(task.open());
  open_.reset(new Open{std::move(data), std::move(renderer), {}, 0});
  open_->preparer.emplace(session_, open_->renderer, task.dataset(), *job_.run, code_version_);
  return {};
}

Result<bool> Waves::fill(Wave& wave) {
  Task& task = tasks_[task_];
  for (; open_->row < open_->data.rows.size(); ++open_->row) {
    if (wave.bytes >= full) return false;
    if (cancelled()) return Error{Error::Kind::cancelled, "interrupted"};
    const plan::Row& row = open_->data.rows[open_->row];
    auto prepared = open_->preparer->prepare(open_->data, row);
    if (!prepared) {
      // an error of the configuration is every row's, and so is an interrupt; one of the data is this row's
      if (prepared.error().kind == Error::Kind::config || prepared.error().kind == Error::Kind::cancelled) return prepared.error();
      task.add_failed(row.index, prepared.error());
      continue;
    }
    SXT_TRY(const std::optional<size_t> number, task.add(std::move(prepared->sample), job_.cache ? &earlier_ : nullptr));
    if (!number) continue;
    wave.bytes += text_bytes(prepared->request);
    wave.requests.push_back(std::move(prepared->request));
    wave.places.push_back({task_, *number});
  }
  return true;
}

void Waves::end_task(const Result<void>& prepared) {
  if (prepared) tasks_[task_].prepared();
  else tasks_[task_].refuse(prepared.error());
  earlier_.forget(tasks_[task_].dataset().task_name);
  open_.reset();
  done_(task_++);
}

std::optional<Wave> Waves::next() {
  Wave wave;
  const uint64_t wanted = std::min(first_wanted << std::min<size_t>(2 * waves_, 32), most_wanted);
  while (task_ < tasks_.size() && wave.bytes < wanted) {
    if (cancelled()) return std::nullopt;
    if (!open_) {
      if (const auto opened = open_task(tasks_[task_]); !opened) {
        end_task(opened);
        continue;
      }
    }
    const size_t before = wave.requests.size();
    const uint64_t bytes_before = wave.bytes;
    const auto filled = fill(wave);
    if (!filled && filled.error().kind == Error::Kind::cancelled) return std::nullopt;
    if (!filled) {
      wave.requests.resize(before);
      wave.places.resize(before);
      wave.bytes = bytes_before;
      end_task(filled.error());
    } else if (*filled) {
      end_task({});
    } else {
      break;
    }
  }
  if (wave.requests.empty()) return std::nullopt;
  ++waves_;
  return wave;
}

}  // namespace sextant::infer
