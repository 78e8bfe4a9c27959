#include "waves.hpp"
#include <algorithm>
#include <tuple>
#include "../infer/tools/tools.hpp"
#include "../render/render.hpp"
#include "python_tool.hpp"

namespace sextant::serve {
namespace {

// A wave ends with the first task by which it has `wanted` bytes of text: little at first, so that the model starts at once,
// then four times as much each time, so that what begins a wave anew is rarely computed twice. Tasks are cut only where one
// would fill the memory: its examples are then computed again.
constexpr uint64_t first_wanted = 256 << 10, most_wanted = 8 << 20, full = 16 << 20;
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
  SXT_CHECK(session_.write_out(request));
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

Result<bool> Waves::fill(Wave& wave) {
  Task& task = tasks_[task_];
  while (wave.bytes < full && wave.requests.size() < requests_max) {
    if (cancelled_()) return Error{Error::Kind::cancelled, "interrupted"};
    auto item = task.feed().next();
    if (!item) return true;
    if (!item->prepared) {
      // an error of the configuration is every row's, and so is an interrupt; one of the data is this row's
      const Error& error = item->prepared.error();
      if (error.kind == Error::Kind::config || error.kind == Error::Kind::cancelled) return error;
      task.add_failed(item->row, error);
      continue;
    }
    const auto question = std::make_shared<const Prepared>(*std::move(item->prepared));
    for (uint32_t repeat = 0; repeat < task.spec().repeats; ++repeat) {
      const size_t attempt = task.add(question, repeat);
      SXT_CHECK(ask(task_, attempt, task.start(attempt), wave));
    }
  }
  return false;
}

void Waves::end_task(const Result<void>& prepared) {
  if (prepared) tasks_[task_].prepared();
  else tasks_[task_].refuse(prepared.error());
  open_ = false;
  done_(task_++);
}

std::optional<Wave> Waves::first_turns() {
  Wave wave;
  const uint64_t wanted = std::min(first_wanted << std::min<size_t>(2 * waves_, 32), most_wanted);
  while (task_ < tasks_.size() && wave.bytes < wanted) {
    if (cancelled_()) return std::nullopt;
    if (!open_) {
      if (const auto opened = open_task(tasks_[task_]); !opened) {
        end_task(opened);
        continue;
      }
      open_ = true;
    }
    const size_t before = wave.requests.size();
    const uint64_t bytes_before = wave.bytes;
    const auto filled = fill(wave);
    if (!filled && filled.error().kind == Error::Kind::cancelled) return std::nullopt;
    if (!filled) {
      for (size_t i = before; i < wave.requests.size(); ++i) board_.drop(wave.requests[i]->key);
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
