#include "waves.hpp"
#include <algorithm>
#include <tuple>
#include "../config/perturb.hpp"
#include "../infer/tools/tools.hpp"
#include "../render/render.hpp"
#include "python_tool.hpp"

namespace sextant::serve {
namespace {

// A wave ends with the first task by which it has `wanted` bytes of text: little at first, so that the model starts at once,
// then four times as much each time, so that what begins a wave anew is rarely computed twice. Tasks are cut only where one
// would fill the memory: its examples are then computed again.
constexpr uint64_t first_wanted = 256 << 10, most_wanted = 8 << 20, full = 16 << 20;
// Tasks that belong together (variants of one set) are prepared row by row, so that what their prompts share is in one wave.
constexpr size_t requests_max =
    4096;  // of a task that is cut: each holds a few KiB until it is answered, however short its text

uint64_t text_bytes(const data::Request& request) {
  uint64_t bytes = request.text.size() + request.ids.size() * sizeof(int32_t);
  if (request.text.empty())
    for (const data::Message& message : request.messages) bytes += message.text().size();
  for (const data::Text& text : request.continuations) bytes += text.size();
  for (const auto& ids : request.continuation_ids) bytes += ids.size() * sizeof(int32_t);
  return bytes;
}

}  // namespace

Waves::Waves(ModelSession& session, KeyBase keys, Board& board, std::deque<Task>& tasks, std::function<bool()> cancelled,
             std::function<void(size_t)> done, std::function<void(size_t, Task::State)> settled)
    : session_(session),
      keys_(std::move(keys)),
      board_(board),
      tasks_(tasks),
      cancelled_(std::move(cancelled)),
      done_(std::move(done)),
      settled_(std::move(settled)) {}

Result<void> Waves::open_task(Task& task) {
  SXT_CHECK(task.feed().open());
  return board_.open_task(task.spec().name);
}

// What every request of a task says in the same way, a conversation's text, and the key.
Result<void> Waves::complete(data::Request& request, size_t task, size_t attempt) {
  request.turn = tasks_[task].next_turn(attempt);
  if (request.ask == data::Ask::tool || request.ask == data::Ask::tokenize) return {};
  SXT_CHECK(session_.check(request));
  SXT_CHECK(session_.write_out(request));
  // nearly free, and not in the key: a response of before, which does not say it, is as good
  if (request.sampling && !(request.sampling->temperature > 0)) request.least_margin = session_.gives_margins();
  if (request.sampling) request.sampling->stream = stream_of(tasks_[task].id(attempt), request.turn);
  request.key = content_key(keys_, request);
  return {};
}

// Tools and tokenizers ask no model.
Result<std::optional<data::Response>> Waves::answer_here(const data::Request& request) {
  data::Response response;
  if (request.ask == data::Ask::tool) {
    const infer::Tool* tool = infer::find_tool(request.tool.name);
    SXT_TRY(response.text, tool && !tool->run ? run_python(request.tool.arguments)
                                              : infer::run_tool(request.tool.name, request.tool.arguments));
    return std::optional(std::move(response));
  }
  if (request.ask != data::Ask::tokenize) return std::optional<data::Response>();
  SXT_TRY(response.ids, session_.tokenize(request.text.str(), request.add_special));
  return std::optional(std::move(response));
}

// Asks round after round, until the attempt waits for the model or is over.
Result<void> Waves::ask(size_t task, size_t attempt, Task::State state, Wave& wave) {
  Task& asked = tasks_[task];
  while (state == Task::State::again) {
    std::vector<data::Request>& requests = asked.begin(attempt);
    state = Task::State::waiting;
    const size_t count = requests.size();  // with the last answer the round is over, and the requests are gone
    for (size_t i = 0; i < count; ++i) {
      data::Request& request = requests[i];
      const Place place{task, attempt, i};
      auto here = [&]() -> Result<std::optional<data::Response>> {
        SXT_CHECK(complete(request, task, attempt));
        return answer_here(request);
      }();
      if (!here) {
        if (here.error().kind == Error::Kind::config || here.error().kind == Error::Kind::cancelled) return here.error();
        data::Response failed;
        failed.error = here.error();
        state = asked.answer(place, std::move(failed));
      } else if (*here) {
        state = asked.answer(place, **std::move(here));
      } else {
        SXT_TRY(Board::Found found, board_.look(request, place, asked.spec().name));
        if (found.response) {
          state = asked.answer(place, *std::move(found.response), true);
        } else if (!found.asked) {
          wave.bytes += text_bytes(request);
          wave.requests.push_back(&request);
          wave.places.push_back(place);
        }
      }
    }
  }
  if (state == Task::State::done || state == Task::State::failed) settled_(task, state);
  return {};
}

// The next row of an open task; true: it has none, and has been prepared.
Result<bool> Waves::fill(size_t task_number, Wave& wave) {
  Task& task = tasks_[task_number];
  if (cancelled_()) return Error{Error::Kind::cancelled, "interrupted"};
  auto item = task.feed().next();
  if (!item) return true;
  if (!item->prepared) {
    // an error of the configuration is every row's, and so is an interrupt; one of the data is this row's
    const Error& error = item->prepared.error();
    if (error.kind == Error::Kind::config || error.kind == Error::Kind::cancelled) return error;
    task.add_failed(item->row, error);
    return false;
  }
  const auto question = std::make_shared<const Prepared>(*std::move(item->prepared));
  for (uint32_t repeat = 0; repeat < task.spec().repeats; ++repeat) {
    const size_t attempt = task.add(question, repeat);
    SXT_CHECK(ask(task_number, attempt, task.start(attempt), wave));
  }
  return false;
}

// A task that cannot be run is not asked about either. Others that were prepared with it may wait for the same requests, which
// are then computed all the same.
void Waves::take_back(size_t task, Wave& wave) {
  if (ended_.size() > 1) return;
  size_t kept = 0;
  for (size_t i = 0; i < wave.requests.size(); ++i) {
    if (wave.places[i].task == task) {
      wave.bytes -= text_bytes(*wave.requests[i]);
      board_.drop(wave.requests[i]->key);
      continue;
    }
    wave.requests[kept] = wave.requests[i];
    wave.places[kept++] = wave.places[i];
  }
  wave.requests.resize(kept);
  wave.places.resize(kept);
}

void Waves::open_tasks() {
  const std::string_view set = config::varied_set(tasks_[task_].spec().name);
  size_t end = task_ + 1;
  while (end < tasks_.size() && config::varied_set(tasks_[end].spec().name) == set) ++end;
  ended_.assign(end - task_, std::nullopt);
  for (size_t i = 0; i < ended_.size(); ++i)
    if (const auto opened = open_task(tasks_[task_ + i]); !opened) ended_[i] = opened;
}

// In their order, so that the last one is prepared last.
void Waves::end_tasks() {
  for (const auto& ended : ended_) {
    if (*ended) tasks_[task_].prepared();
    else tasks_[task_].refuse(ended->error());
    done_(task_++);
  }
  ended_.clear();
}

std::optional<Wave> Waves::first_turns() {
  Wave wave;
  const uint64_t wanted = std::min(first_wanted << std::min<size_t>(2 * waves_, 32), most_wanted);
  while (task_ < tasks_.size() && wave.bytes < wanted) {
    if (cancelled_()) return std::nullopt;
    if (ended_.empty()) open_tasks();
    const auto all_ended = [&] {
      return std::all_of(ended_.begin(), ended_.end(), [](const auto& one) { return one.has_value(); });
    };
    while (!all_ended() && wave.bytes < full && wave.requests.size() < requests_max)
      for (size_t i = 0; i < ended_.size(); ++i) {
        if (ended_[i]) continue;
        const auto filled = fill(task_ + i, wave);
        if (!filled && filled.error().kind == Error::Kind::cancelled) return std::nullopt;
        if (!filled) take_back(task_ + i, wave);
        if (!filled) ended_[i] = filled.error();
        else if (*filled) ended_[i] = Result<void>();
      }
    if (!all_ended()) break;
    end_tasks();
  }
  if (wave.requests.empty()) return std::nullopt;
  ++waves_;
  return wave;
}

std::optional<Wave> Waves::next_turns() {
  std::vector<Place> places;
  {
    const std::lock_guard lock(mutex_);
    if (turns_.empty()) return std::nullopt;
    places = std::move(turns_.front());
    turns_.pop_front();
  }
  Wave wave;
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return std::tie(a.task, a.attempt) < std::tie(b.task, b.attempt); });
  for (const Place& place : places) {
    if (cancelled_()) return std::nullopt;
    if (const auto asked = ask(place.task, place.attempt, Task::State::again, wave); !asked)
      settled_(place.task, tasks_[place.task].fail(place.attempt, asked.error()));
  }
  return wave;
}

std::optional<Wave> Waves::next() {
  for (;;) {
    if (cancelled_()) return std::nullopt;
    bool turns = false, firsts = task_ < tasks_.size();
    {
      std::unique_lock lock(mutex_);
      if (stopped_) return std::nullopt;
      if (turns_.empty() && !firsts) {
        if (at_work_ == 0) return std::nullopt;
        changed_.wait(lock, [this] { return stopped_ || at_work_ == 0 || !turns_.empty(); });
        continue;
      }
      turns = !turns_.empty();
    }
    std::optional<Wave> wave = turns ? next_turns() : first_turns();
    if (!wave) {
      if (cancelled_()) return std::nullopt;
      continue;
    }
    if (wave->requests.empty()) continue;  // the journal had all answers
    const std::lock_guard lock(mutex_);
    ++at_work_;
    return wave;
  }
}

void Waves::again(const Place& place) {
  const std::lock_guard lock(mutex_);
  ready_.push_back(place);
}

void Waves::over() {
  const std::lock_guard lock(mutex_);
  --at_work_;
  if (!ready_.empty()) turns_.push_back(std::move(ready_));
  ready_.clear();
  changed_.notify_all();
}

void Waves::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace sextant::serve
