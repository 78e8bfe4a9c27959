#include "run_tasks.hpp"
#include <chrono>
#include <exception>
#include <fmt/format.h>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include "../base/alternative_stack.hpp"
#include "../base/process.hpp"
#include "../base/queue.hpp"
#include "call_progress.hpp"
#include "version.hpp"
#include "waves.hpp"

namespace sextant::serve {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t answers_waiting = 4096;  // for the journal; a disk that is slower than the model for long holds it up
constexpr size_t answers_together = 256;  // journalled by one write, where so many have come
constexpr std::chrono::milliseconds gathering(1);  // where fewer have, more are let come: each write and each waking costs
// Done, and waiting for the closer, with their samples in memory. It is the preparer that waits while there are more, not the
// keeper: what the model has computed is journalled at once. So there can be more of them by what the waves at work hold.
constexpr size_t tasks_waiting = 8;

constexpr size_t callers_of_a_device = 2;    // it is at one wave while the other's texts are tokenised
constexpr size_t callers_in_flight = 6;

std::atomic<uint64_t> unkept = 0;

std::deque<Task> make_tasks(std::vector<TaskSpec> specs, const store::RunFolder* folder) {
  std::deque<Task> tasks;
  for (TaskSpec& spec : specs) tasks.emplace_back(std::move(spec), folder);
  return tasks;
}

KeyBase key_base(plugin::Host& host, const ModelSession& session) {
  return {session.weights_sha256(), session.key_config(), code_version(host, session.config()), session.depends_on_sample()};
}

// The journals of this run, and with --cache those of the other runs in its folder.
Result<store::Responses> open_responses(const Job& job, const std::string& model) {
  namespace fs = std::filesystem;
  if (!job.folder) return store::Responses::none();
  std::vector<fs::path> earlier;
  const fs::path own = store::journal_folder(job.folder->path(), model);
  if (job.cache) {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(job.folder->path().parent_path(), code))
      if (entry.is_directory(code) && entry.path() != job.folder->path())
        earlier.push_back(store::journal_folder(entry.path(), model));
    std::sort(earlier.begin(), earlier.end());
  }
  return store::Responses::open(own, earlier);
}

// A thread that takes what comes through a queue, until that is closed and empty; the end of this object is the end of both.
template <class T> class Server {
 public:
  template <class Use> Server(Queue<T>& queue, Use use)
      : queue_(queue), thread_([&queue, use] {
          const AlternativeStack stack;
          if constexpr (std::is_invocable_v<Use, std::vector<T>>) {
            for (auto values = queue.pop_some(answers_together); !values.empty(); values = queue.pop_some(answers_together)) {
              const bool few = values.size() < answers_together;
              use(std::move(values));
              if (few) std::this_thread::sleep_for(gathering);
            }
          } else {
            while (auto value = queue.pop()) use(*std::move(value));
          }
        }) {}
  ~Server() { queue_.close(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  Queue<T>& queue_;
  std::jthread thread_;
};

// What runs concurrently: the preparer makes waves, two callers take turns at the model (one computes, the other's texts are
// tokenised meanwhile), the keeper journals answers, the closer writes predictions and scores them.
class ModelRun {
 public:
  ModelRun(plugin::Host& host, ModelSession& session, std::vector<TaskSpec> specs, store::Responses responses, const Job& job)
      : host_(host),
        session_(session),
        job_(job),
        tasks_(make_tasks(std::move(specs), job.folder)),
        board_(std::move(responses)),
        waves_(
            session, key_base(host, session), board_, tasks_, [this] { return cancelled(); },
            [this](size_t task) { task_prepared(task); },
            [this](size_t task, Task::State state) { settled(task, state, false); }) {}
  std::vector<store::TaskRecord> go();

 private:
  struct Answer {
    size_t task = 0;          // who asked
    data::Response response;
    bool over = false;        // no answer: all of the wave's have come
  };
  bool cancelled() const { return job_.cancelled && job_.cancelled->load(); }
  template <class Body> void guarded(Body&& body);
  void work();
  void task_prepared(size_t task);
  void settled(size_t task, Task::State state, bool computed);
  void compute(const Wave& wave);
  void keep(std::vector<Answer> answers);
  void close(size_t task);
  void stop(const Error& error);
  void end(const Error& error);
  std::optional<Error> ended();
  void tokens(uint64_t call, uint64_t done);
  template <class Change> void advance(Change change);
  std::vector<store::TaskRecord> records(double elapsed_s);

  plugin::Host& host_;
  ModelSession& session_;
  const Job& job_;
  std::deque<Task> tasks_;
  Board board_;
  Waves waves_;
  Queue<Wave> prepared_{1};
  Queue<Answer> answers_{answers_waiting};
  Queue<size_t> done_;  // tasks to be closed
  std::mutex mutex_;    // for what follows
  std::optional<Error> end_;  // what ended the run before its time: nothing more is computed
  bool lost_ = false;         // nothing more can be kept
  std::exception_ptr thrown_; // the first exception of any thread
  bool all_prepared_ = false;
  Progress progress_;
  CallProgress calls_;
};

std::optional<Error> ModelRun::ended() {
  const std::lock_guard lock(mutex_);
  return end_;
}

void ModelRun::end(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!end_) end_ = error;  // what is left is still prepared: a set whose data are missing is said to be
}

void ModelRun::stop(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!lost_) end_ = error;  // it is worth more than the backend's word that it was interrupted
  lost_ = true;
  waves_.stop();
  if (job_.cancelled) job_.cancelled->store(true);
}

// An exception must not leave a thread: go() throws it again when all threads have ended.
template <class Body> void ModelRun::guarded(Body&& body) {
  try {
    body();
  } catch (const std::exception& e) {
    {
      const std::lock_guard lock(mutex_);
      if (!thrown_) thrown_ = std::current_exception();
    }
    stop({Error::Kind::internal, fmt::format("the run cannot go on: {}", e.what())});
  }
}

template <class Change> void ModelRun::advance(Change change) {
  const std::lock_guard lock(mutex_);
  change(progress_);
  const Progress& p = progress_;
  if (all_prepared_ && p.samples_computed > 0)
    progress_.tokens_total = p.tokens_done * (p.samples_total - p.samples_done + p.samples_computed) / p.samples_computed;
  if (job_.progress) job_.progress(progress_);
}

void ModelRun::tokens(uint64_t call, uint64_t done) {
  advance([&](Progress& p) { p.tokens_done += calls_.more(call, done); });
}

void ModelRun::task_prepared(size_t task) {
  advance([&](Progress& p) {
    p.samples_total += tasks_[task].counts().samples;
    all_prepared_ = task + 1 == tasks_.size();
  });
  if (tasks_[task].take_done()) done_.push(task);
  done_.wait_below(tasks_waiting);
}

// An attempt is over.
void ModelRun::settled(size_t task, Task::State state, bool computed) {
  advance([&](Progress& p) {
    ++p.samples_done;
    p.dataset = tasks_[task].spec().name;
    p.samples_computed += computed && state == Task::State::done;
  });
  if (tasks_[task].take_done()) done_.push(task);
}

void ModelRun::compute(const Wave& wave) {
  if (!ended()) {
    const uint64_t call = plugin::Host::new_call();
    const auto ran = session_.model().run(call, wave.requests, [&](size_t i, data::Response response) {
      ++unkept;
      answers_.push({wave.places[i].task, std::move(response), false});
    });
    advance([&](Progress&) { calls_.ended(call); });
    if (!ran) end(ran.error());
  }
  ++unkept;
  answers_.push({0, {}, true});
}

void ModelRun::keep(std::vector<Answer> answers) {
  std::vector<Board::Answer> came;
  size_t over = 0;
  for (Answer& answer : answers) {
    if (answer.over) ++over;
    else came.push_back({&tasks_[answer.task].spec().name, std::move(answer.response)});
  }
  const bool lost = [this] {
    const std::lock_guard lock(mutex_);
    return lost_;
  }();
  if (!lost && !came.empty()) {
    auto deliveries = board_.settle(std::move(came));
    if (!deliveries) stop(deliveries.error());
    else
      for (Board::Delivery& delivery : *deliveries) {
        const Task::State state = tasks_[delivery.place.task].answer(delivery.place, std::move(delivery.response));
        if (state == Task::State::again) waves_.again(delivery.place);
        if (state == Task::State::done || state == Task::State::failed) settled(delivery.place.task, state, true);
      }
  }
  for (; over > 0; --over) waves_.over();
}

void ModelRun::close(size_t i) {
  Task& task = tasks_[i];
  if (const auto closed = task.close(nullptr); !closed) return stop(closed.error());
  if (task.record().status == "complete" && job_.complete) job_.complete(task.spec(), task.record());
}

// Each server goes on after an error, so that nobody waits for room in its queue for ever. They end in turn, the last one
// first.
void ModelRun::work() {
  const Server closer(done_, [this](size_t task) { guarded([&] { close(task); }); });
  const Server keeper(answers_, [this](std::vector<Answer> answers) {
    const size_t count = answers.size();
    guarded([&] { keep(std::move(answers)); });
    unkept -= count;
  });
  if (session_.concurrent()) {
    const auto call = [this](const Wave& wave) { guarded([&] { compute(wave); }); };
    // a model that waits for many requests at once, not for a device, needs others to be at while the last of a wave take long
    const size_t callers = session_.requests_in_flight() > 0 ? callers_in_flight : callers_of_a_device;
    std::deque<Server<Wave>> servers;
    for (size_t i = 0; i < callers; ++i) servers.emplace_back(prepared_, call);
    guarded([this] { while (auto wave = waves_.next()) prepared_.push(*std::move(wave)); });
  } else {
    guarded([this] { while (const auto wave = waves_.next()) compute(*wave); });
  }
}

std::vector<store::TaskRecord> ModelRun::go() {
  const auto start_time = Clock::now();
  host_.on_progress([this](uint64_t call, uint64_t done, uint64_t) { tokens(call, done); });
  try {
    work();
  } catch (const std::system_error& e) {  // before anything was prepared
    end({Error::Kind::device,
         fmt::format("no further thread can be started ({}); allow this user more processes (ulimit -u)", e.code().message())});
  }
  host_.on_progress({});
  if (thrown_) std::rethrow_exception(thrown_);  // main() says what it was; run.json stays "incomplete"
  if (cancelled()) end({Error::Kind::cancelled, "interrupted"});
  return records(std::chrono::duration<double>(Clock::now() - start_time).count());
}

std::vector<store::TaskRecord> ModelRun::records(double elapsed_s) {
  // the time of all calls is shared out by the tokens that each task made them compute
  uint64_t tokens = 0;
  for (Task& task : tasks_) tokens += task.record().computed_tokens + task.record().generated_tokens;
  std::vector<store::TaskRecord> records;
  for (Task& task : tasks_) {
    store::TaskRecord& record = task.record();
    if (record.status.empty()) (void)task.close(end_ ? &*end_ : nullptr);  // not complete: there is nothing to write
    if (record.status != "missing") {
      record.infer_s = tokens ? elapsed_s * static_cast<double>(record.computed_tokens + record.generated_tokens) /
                                    static_cast<double>(tokens)
                              : 0;
      record.peak_rss_bytes = peak_resident_bytes();
    }
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

std::string code_version(plugin::Host& host, const config::ModelConfig& model) {
  const auto found = host.registry().find(plugin::Kind::model, model.backend);
  return fmt::format("{}+{}", version, found ? found->file->sha256.substr(0, 12) : "");
}

const std::atomic<uint64_t>& unkept_answers() { return unkept; }

std::vector<store::TaskRecord> run_tasks(plugin::Host& host, ModelSession& session, std::vector<TaskSpec> specs,
                                         const Job& job) {
  auto responses = open_responses(job, session.config().abbr);
  if (responses) return ModelRun(host, session, std::move(specs), *std::move(responses), job).go();
  std::vector<store::TaskRecord> records;
  for (TaskSpec& spec : specs) {
    Task task(std::move(spec), job.folder);
    task.refuse(responses.error());
    records.push_back(task.record());
  }
  return records;
}

Result<Plan> plan_tasks(plugin::Host& host, ModelSession& session, std::vector<TaskSpec> specs) {
  std::deque<Task> tasks = make_tasks(std::move(specs), nullptr);
  Board board(store::Responses::none());
  Waves waves(session, key_base(host, session), board, tasks, [] { return false; }, [](size_t) {}, [](size_t, Task::State) {});
  PlanOfWaves plan(resident_bytes());
  const auto add = [&](const Wave& wave) -> Result<void> {
    SXT_TRY(const json::Document planned, session.model().plan(plugin::Host::new_call(), wave.requests));
    plan.add(planned, wave.bytes);
    for (const Place& place : wave.places) tasks[place.task].forget(place.attempt);
    waves.over();
    return {};
  };
  std::optional<Wave> wave = waves.next();
  if (!wave) {
    SXT_TRY(const json::Document planned, session.model().plan(plugin::Host::new_call(), {}));
    plan.add(planned, 0);
  }
  for (; wave; wave = waves.next()) SXT_CHECK(add(*wave));
  Plan out = plan.take();
  for (const Task& task : tasks) {
    out.tasks.push_back(task.plan());
    out.exact = out.exact && task.spec().inferencer->one_round();
  }
  return out;
}

}  // namespace sextant::serve
