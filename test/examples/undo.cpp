/* An order that two APIs have taken is taken back from the second, in C++: late results are there to be acted on.
 *
 *     c++ -std=c++17 undo.cpp $(pkg-config --cflags --libs poolsend) -o undo
 *     ./undo https://a.example/order https://a.example/cancel https://b.example/order https://b.example/cancel
 *
 * Each API has two URLs, one that takes orders and one that cancels them. Events are pulled rather than pushed to a
 * callback: taking back is a request of its own, which takes its time, and as long as it does no event is fetched and
 * the sender takes up no more orders than max_pending. A callback would have to be over in microseconds. */
#include <poolsend.h>

#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

template <auto Free> struct Freed {
  template <typename Handle> void operator()(Handle *handle) const noexcept
  {
    Free(handle);
  }
};
using Sender = std::unique_ptr<poolsend_sender, Freed<poolsend_free>>;
using Event = std::unique_ptr<poolsend_event, Freed<poolsend_event_free>>;

// What has not been done is thrown, with the reason.
static void check(int result, const poolsend_error &error)
{
  if (result != 0)
    throw std::runtime_error(*error.text ? error.text : poolsend_strerror(result));
}

static Sender make_sender(const std::vector<ps_endpoint_settings> &apis, unsigned retries = 0)
{
  ps_sender_settings config;
  poolsend_config_init(&config);
  config.endpoints = apis.data();
  config.endpoint_count = apis.size();
  config.retries = retries;
  config.events = POOLSEND_EVENT_SETTLED;
  poolsend_sender *sender;
  poolsend_error error;
  check(poolsend_new(&sender, &config, &error), error);
  return Sender(sender);
}

static poolsend_message json_message(const std::string &body)
{
  poolsend_message message;
  poolsend_message_init(&message);
  message.body = body.data();
  message.size = body.size();
  message.json = true;
  return message;
}

// By a sender with a single API: nobody else can get this one.
static void cancel(const ps_endpoint_settings &api, const std::string &order)
{
  const std::string id = "cancel:" + order; // by which the API can tell a cancellation that it has had already
  const std::string body = "{\"cancel\": \"" + order + "\"}";
  const Sender sender = make_sender({api}, 2);
  poolsend_message message = json_message(body);
  message.id = id.c_str();
  poolsend_error error;
  check(poolsend_deliver(sender.get(), &message, POOLSEND_S(10), nullptr, &error), error);
}

// What it could not undo is told: that is for a person.
static void undo(const poolsend_attempt &attempt, const ps_endpoint_settings &api, const std::string &order)
try {
  std::cout << attempt.url << " had it too: " << std::flush;
  cancel(api, order);
  std::cout << "undone" << std::endl;
} catch (const std::exception &problem) {
  std::cout << "could not be undone: " << problem.what() << std::endl;
}

static void act_on(const poolsend_event &settled, const std::vector<ps_endpoint_settings> &cancel_apis)
{
  if (!settled.winner)
    std::cout << "nobody has taken the order" << std::endl;
  for (size_t i = 0; i < settled.attempt_count; i++) {
    const poolsend_attempt &attempt = *settled.attempts[i];
    if (&attempt == settled.winner)
      std::cout << attempt.url << " has the order" << std::endl;
    else if (attempt.fate == POOLSEND_FATE_UNKNOWN)
      std::cout << attempt.url << " may have it: not undone" << std::endl;
    else if (attempt.fate == POOLSEND_FATE_DELIVERED)
      undo(attempt, cancel_apis[attempt.endpoint], settled.message);
  }
}

// Nothing when the sender has told all there is to tell.
static Event next_event(poolsend_sender &sender)
{
  poolsend_event *event;
  poolsend_next(&sender, POOLSEND_NEVER, &event);
  return Event(event);
}

int main(int argc, char **argv)
try {
  std::vector<ps_endpoint_settings> apis, cancel_apis;
  for (int i = 1; i + 1 < argc; i += 2) {
    apis.emplace_back().url = argv[i];
    cancel_apis.emplace_back().url = argv[i + 1];
  }
  const Sender sender = make_sender(apis);
  const std::string order = R"({"order": "two pizzas"})";
  const poolsend_message message = json_message(order);
  poolsend_error error;
  check(poolsend_submit(sender.get(), &message, POOLSEND_NEVER, &error), error);

  poolsend_close(sender.get(), POOLSEND_NEVER);
  while (const Event event = next_event(*sender))
    act_on(*event, cancel_apis);
  return 0;
} catch (const std::exception &problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}
