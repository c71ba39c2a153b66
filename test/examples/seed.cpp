/* Send a message to the first of several APIs that takes it, and learn later who got it as well.
 *
 *     c++ -std=c++17 seed.cpp $(pkg-config --cflags --libs poolsend) -o seed
 *     ./seed https://answers-after-3-s.example/ https://answers-after-4-s.example/ https://answers-at-once.example/
 *
 * The handles of the library are owned by unique_ptr; what is wrong with a configuration or a message is thrown. What a
 * server did is no exception but told in an event: here that of the win, after two seconds, and then that of the
 * end. */
#include <poolsend.h>

#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string_view>

template <auto Free> struct Freed {
  template <typename Handle> void operator()(Handle *handle) const noexcept
  {
    Free(handle);
  }
};
using Config = std::unique_ptr<poolsend_config, Freed<poolsend_config_free>>;
using Sender = std::unique_ptr<poolsend_sender, Freed<poolsend_free>>;
using Message = std::unique_ptr<poolsend_message, Freed<poolsend_message_free>>;
using Report = std::unique_ptr<poolsend_report, Freed<poolsend_report_free>>;

static Sender make_sender(int argc, char **urls)
{
  const Config config(poolsend_config_new());
  for (int i = 0; i < argc; i++)
    poolsend_config_add(config.get(), urls[i]);
  Sender sender(poolsend_open(config.get()));
  if (!sender)
    throw std::runtime_error(poolsend_config_error(config.get()));
  return sender;
}

// Returns at the win, or when nobody has taken the message.
static Report deliver(poolsend_sender &sender, std::string_view body)
{
  const Message message(poolsend_message_new(body.data(), body.size()));
  poolsend_report *report;
  if (poolsend_deliver(&sender, message.get(), POOLSEND_NEVER, &report) < 0)
    throw std::runtime_error(poolsend_message_error(message.get()));
  return Report(report);
}

int main(int argc, char **argv)
try {
  const Sender sender = make_sender(argc - 1, argv + 1);
  const Report report = deliver(*sender, R"({"alert": "disk full"})");

  const poolsend_event *event;
  const int result = poolsend_report_delivered(report.get(), 0, &event);
  if (result == 0)
    std::cout << "sent to " << poolsend_attempt_url(poolsend_event_winner(event)) << std::endl;
  if (poolsend_report_settled(report.get(), POOLSEND_NEVER, &event) == 0)
    for (size_t i = 0; i < poolsend_event_attempt_count(event); i++) {
      const poolsend_attempt *attempt = poolsend_event_attempt_at(event, i);
      const poolsend_fate fate = poolsend_attempt_fate(attempt);
      if (fate != POOLSEND_FATE_DELIVERED)
        std::cout << poolsend_attempt_url(attempt) << ": " << poolsend_fate_name(fate) << '\n';
      else if (attempt != poolsend_event_winner(event))
        std::cout << "also sent to " << poolsend_attempt_url(attempt) << '\n';
    }
  if (result != 0)
    throw std::runtime_error(poolsend_strerror(result));
  return 0;
} catch (const std::exception &problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}
