#include "transfers.hpp"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <random>
#include <strings.h>
#include <unistd.h>

namespace sextant::openai {
namespace {

constexpr size_t answer_max = 256u << 20;  // bytes; more is not an answer

void global_init() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

uint64_t mixed(uint64_t& state) {  // splitmix64
  uint64_t x = state += UINT64_C(0x9E3779B97F4A7C15);
  x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
  return x ^ x >> 31;
}

uint64_t seed_of_this_process() {
  std::random_device device;
  return static_cast<uint64_t>(device()) << 32 ^ device() ^ static_cast<uint64_t>(::getpid());
}

}  // namespace

struct Transfers::Slot {
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  char trouble[CURL_ERROR_SIZE] = {};
  std::unique_ptr<Exchange> exchange;
  bool too_much = false;

  ~Slot() {
    if (easy) curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }
  static size_t on_body(char* data, size_t size, size_t n, void* user) {
    auto& slot = *static_cast<Slot*>(user);
    if (slot.exchange->answer.size() + size * n > answer_max) {
      slot.too_much = true;
      return 0;
    }
    slot.exchange->answer.append(data, size * n);
    return size * n;
  }
  static size_t on_header(char* data, size_t size, size_t n, void* user) {
    static_cast<Slot*>(user)->header({data, size * n});
    return size * n;
  }
  void header(std::string_view line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (colon == line.npos) return;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    const auto is = [&](std::string_view name) {
      return colon == name.size() && ::strncasecmp(line.data(), name.data(), colon) == 0;
    };
    const int64_t now_s = static_cast<int64_t>(::time(nullptr));
    if (is("retry-after")) exchange->wait_ms = std::max(exchange->wait_ms, retry_after_ms(value, false, now_s));
    else if (is("retry-after-ms")) exchange->wait_ms = std::max(exchange->wait_ms, retry_after_ms(value, true, now_s));
    else if (is("content-type")) exchange->content_type = value;
    else if (is("x-request-id")) exchange->served_id = value;
    else if (is("location")) exchange->location = value;
    else if (is("server")) exchange->server = value;
  }
};

Transfers::Transfers(TransferOptions options)
    : options_(std::move(options)), multi_((global_init(), curl_multi_init())), id_prefix_([] {
        uint64_t state = seed_of_this_process();
        return fmt::format("sxt-{:016x}-", mixed(state));
      }()),
      throttle_(options_.most), random_state_(seed_of_this_process()) {
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.most) + 8);
  thread_ = std::thread([this] { loop(); });
}

Transfers::~Transfers() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  events_.wake();
  thread_.join();
  for (auto& slot : slots_)
    if (slot->exchange) curl_multi_remove_handle(multi_, slot->easy);
  slots_.clear();
  curl_multi_cleanup(multi_);
}

Transfers::Time Transfers::now() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_).count();
}
uint64_t Transfers::random() { return mixed(random_state_); }

void Transfers::submit(std::vector<std::unique_ptr<Exchange>> exchanges) {
  {
    const std::lock_guard lock(mutex_);
    if (inbox_.empty()) inbox_ = std::move(exchanges);
    else for (auto& exchange : exchanges) inbox_.push_back(std::move(exchange));
  }
  events_.wake();
}

bool Transfers::again(std::unique_ptr<Exchange>& exchange) {
  if (++exchange->failures > options_.max_retries) return false;
  std::vector<std::unique_ptr<Exchange>> one;
  one.push_back(std::move(exchange));
  submit(std::move(one));
  return true;
}

void Transfers::drop(const Mailbox& owner) {
  std::unique_lock lock(mutex_);
  drops_.push_back(&owner);
  events_.wake();
  dropped_.wait(lock, [&] { return std::find(drops_.begin(), drops_.end(), &owner) == drops_.end(); });
}

// The loop is never held up by anything but libcurl: what arrives is put into mailboxes.
void Transfers::loop() {
  for (;;) {
    try {
      if (!turn()) return;
    } catch (const std::exception& e) {  // memory
      abandon(e.what());
    }
  }
}

// False: the end.
bool Transfers::turn() {
  take_in();
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
  }
  end_drops();
  start_what_may();
  events_.turn(wait_ms());
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* slot = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
    finish(*reinterpret_cast<Slot*>(slot), message->data.result);
  }
  give_up();
  return true;
}

void Transfers::take_in() {
  std::vector<std::unique_ptr<Exchange>> fresh;
  {
    const std::lock_guard lock(mutex_);
    fresh.swap(inbox_);
  }
  for (auto& exchange : fresh) {
    if (exchange->failures > 0) {
      ++retries_;
      const int64_t wait = backoff_ms(options_.backoff_ms, exchange->failures, random());
      later(std::move(exchange), wait);
    } else {
      ready_.push_back(std::move(exchange));
    }
  }
}

void Transfers::later(std::unique_ptr<Exchange> exchange, int64_t wait_ms) {
  later_.emplace(now() + wait_ms, std::move(exchange));
}

void Transfers::start_what_may() {
  const Time time = now();
  if (time < throttle_.closed_until_ms() || lost(time)) return;
  while (busy_ < throttle_.limit()) {
    if (!later_.empty() && later_.begin()->first <= time) {
      start(std::move(later_.extract(later_.begin()).mapped()));
    } else if (!ready_.empty()) {
      auto exchange = std::move(ready_.front());
      ready_.pop_front();
      start(std::move(exchange));
    } else {
      return;
    }
  }
}

void Transfers::start(std::unique_ptr<Exchange> exchange) {
  if (idle_.empty()) {
    auto slot = std::make_unique<Slot>();
    slot->easy = curl_easy_init();
    if (!slot->easy) throw std::bad_alloc();
    CURL* easy = slot->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "sextant");
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout_ms));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout_ms));
    if (const char* authorities = std::getenv("SSL_CERT_FILE"); authorities && *authorities)
      curl_easy_setopt(easy, CURLOPT_CAINFO, authorities);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->trouble);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Slot::on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot.get());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Slot::on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot.get());
    curl_easy_setopt(easy, CURLOPT_PRIVATE, slot.get());
    idle_.push_back(slot.get());
    slots_.push_back(std::move(slot));
  }
  Slot& slot = *idle_.back();
  idle_.pop_back();
  Exchange& e = *exchange;
  ++e.tries;
  e.sent_ms = now();
  e.id = id_prefix_ + std::to_string(++sent_);
  e.status = 0;
  e.wait_ms = 0;
  for (std::string* text : {&e.content_type, &e.answer, &e.trouble, &e.served_id, &e.location, &e.server}) text->clear();
  slot.exchange = std::move(exchange);
  slot.too_much = false;
  slot.trouble[0] = '\0';
  curl_slist_free_all(slot.headers);
  slot.headers = curl_slist_append(nullptr, ("X-Request-Id: " + e.id).c_str());
  for (const std::string& header : options_.headers) slot.headers = curl_slist_append(slot.headers, header.c_str());
  if (!e.body.empty()) {
    slot.headers = curl_slist_append(slot.headers, ("Content-Type: " + e.sent_type).c_str());
    slot.headers = curl_slist_append(slot.headers, "Expect:");
    curl_easy_setopt(slot.easy, CURLOPT_POST, 1L);
    curl_easy_setopt(slot.easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(e.body.size()));
    curl_easy_setopt(slot.easy, CURLOPT_POSTFIELDS, e.body.data());
  } else {
    curl_easy_setopt(slot.easy, CURLOPT_HTTPGET, 1L);
  }
  curl_easy_setopt(slot.easy, CURLOPT_HTTPHEADER, slot.headers);
  curl_easy_setopt(slot.easy, CURLOPT_URL, e.url.c_str());
  ++busy_;
  curl_multi_add_handle(multi_, slot.easy);
}

void Transfers::finish(Slot& slot, CURLcode code) {
  curl_multi_remove_handle(multi_, slot.easy);
  --busy_;
  std::unique_ptr<Exchange> exchange = std::move(slot.exchange);
  idle_.push_back(&slot);
  if (code == CURLE_OK) {
    curl_easy_getinfo(slot.easy, CURLINFO_RESPONSE_CODE, &exchange->status);
    exchange->verdict = verdict_of_status(exchange->status);
    // no waiting brings back what has been spent
    if (exchange->status == 429 && exchange->answer.find("insufficient_quota") != std::string::npos)
      exchange->verdict = Verdict::refused;
  } else {
    exchange->verdict = verdict_of_code(code);
    exchange->trouble = slot.too_much ? fmt::format("the answer is longer than {} MiB", answer_max >> 20)
                        : slot.trouble[0] ? slot.trouble : curl_easy_strerror(code);
  }
  settle(std::move(exchange));
}

void Transfers::settle(std::unique_ptr<Exchange> exchange) {
  const Time time = now();
  const bool there = exchange->verdict == Verdict::answered || exchange->verdict == Verdict::refused;
  if (there) {
    last_answer_ = time;
    first_trouble_ = -1;
    if (said_gone_) options_.say("the server answers again");
    said_gone_ = false;
    if (exchange->verdict == Verdict::answered) throttle_.went_well();
  } else if (first_trouble_ < 0) {
    first_trouble_ = time;
  }
  switch (exchange->verdict) {
    case Verdict::busy:
      throttle_.too_much(time, exchange->wait_ms);
      break;
    case Verdict::gone:
      if (exchange->wait_ms > 0) throttle_.too_much(time, exchange->wait_ms);
      break;
    case Verdict::failed:
      if (++exchange->failures > options_.max_retries) {
        exchange->owner->put(std::move(exchange));
        return;
      }
      break;
    default:
      exchange->owner->put(std::move(exchange));
      return;
  }
  ++retries_;
  const int64_t wait = std::max(exchange->wait_ms, backoff_ms(options_.backoff_ms, exchange->tries, random()));
  later(std::move(exchange), wait);
}

// It has answered nothing for long: nothing more is sent. A server that says how long to wait is waited for longer than one
// that says nothing.
bool Transfers::lost(Time time) const {
  if (first_trouble_ < 0 || time - first_trouble_ < options_.outage_ms) return false;
  return time >= throttle_.closed_until_ms() || time - first_trouble_ >= 10 * options_.outage_ms;
}

// What the server is still at work on counts as a sign of life until its own deadline.
void Transfers::give_up() {
  if (first_trouble_ < 0) return;
  const Time time = now();
  const Exchange* last = later_.empty() ? nullptr : later_.begin()->second.get();
  const std::string why = !last ? "" : last->status ? fmt::format("HTTP {}", last->status) : last->trouble;
  if (!said_gone_ && busy_ == 0 && time - first_trouble_ > std::min<int64_t>(options_.outage_ms / 4, 10'000)) {
    said_gone_ = true;
    options_.say(fmt::format("no answer comes any more ({}); the server is tried again for {:.0f} s", why,
                             static_cast<double>(options_.outage_ms) / 1000));
  }
  if (busy_ == 0 && lost(time)) abandon(why);
}

// All that waits goes back; what is submitted from here on is tried anew.
void Transfers::abandon(const std::string& why) {
  for (auto& [at, exchange] : later_) ready_.push_back(std::move(exchange));
  later_.clear();
  for (auto& exchange : ready_) {
    exchange->over = true;
    exchange->trouble = why;
    exchange->owner->put(std::move(exchange));
  }
  ready_.clear();
  first_trouble_ = -1;
}

void Transfers::end_drops() {
  std::vector<const Mailbox*> drops;
  {
    const std::lock_guard lock(mutex_);
    if (drops_.empty()) return;
    drops = drops_;
    std::erase_if(inbox_, [&](const auto& e) { return std::find(drops.begin(), drops.end(), e->owner) != drops.end(); });
  }
  const auto dropped = [&](const std::unique_ptr<Exchange>& e) {
    return std::find(drops.begin(), drops.end(), e->owner) != drops.end();
  };
  std::erase_if(ready_, dropped);
  std::erase_if(later_, [&](const auto& item) { return dropped(item.second); });
  for (auto& slot : slots_)
    if (slot->exchange && dropped(slot->exchange)) {
      curl_multi_remove_handle(multi_, slot->easy);
      slot->exchange.reset();
      --busy_;
      idle_.push_back(slot.get());
    }
  const std::lock_guard lock(mutex_);
  std::erase_if(drops_, [&](const Mailbox* one) { return std::find(drops.begin(), drops.end(), one) != drops.end(); });
  dropped_.notify_all();
}

int Transfers::wait_ms() const {
  int64_t wait = 1000;
  const Time time = now();
  const Time closed = throttle_.closed_until_ms();
  if (busy_ < throttle_.limit()) {
    if (!ready_.empty()) wait = std::min(wait, closed - time);
    if (!later_.empty()) wait = std::min(wait, std::max(closed, later_.begin()->first) - time);
  }
  if (first_trouble_ >= 0) wait = std::min<int64_t>(wait, std::max<int64_t>(1, std::min<int64_t>(options_.outage_ms / 8, 100)));
  return static_cast<int>(std::clamp<int64_t>(wait, 0, 1000));
}

}  // namespace sextant::openai
