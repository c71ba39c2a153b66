/* A sender in an epoll loop that has other work, in C++: nothing in it ever blocks.
 *
 *     c++ -std=c++17 epoll.cpp $(pkg-config --cflags --libs poolsend) -o epoll
 *     producer | ./epoll https://a.example/ https://b.example/
 *
 * Every line that comes on standard input, a pipe or a terminal, becomes a message; a timer ticks four times a second
 * all the while. What a sender has to tell makes its descriptor readable. When it can take no message now, the line
 * stays in the buffer and nothing more is read, which holds up the producer. At the end of the input the sender is
 * closed, and the loop goes on until every message has settled. */
#include <poolsend.h>

#include <cerrno>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

template <auto Free> struct Freed {
  template <typename Handle> void operator()(Handle *handle) const noexcept
  {
    Free(handle);
  }
};
using Sender = std::unique_ptr<poolsend_sender, Freed<poolsend_free>>;
using Event = std::unique_ptr<poolsend_event, Freed<poolsend_event_free>>;

// What the system has returned, unless it failed.
static int need(int result, const char *what)
{
  if (result < 0)
    throw std::system_error(errno, std::generic_category(), what);
  return result;
}

class Descriptor
{
public:
  explicit Descriptor(int made) : fd(made)
  {
  }
  ~Descriptor()
  {
    close(fd);
  }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  operator int() const
  {
    return fd;
  }

private:
  const int fd;
};

class Loop
{
public:
  void watch(int fd, std::function<void()> on_readable)
  {
    if (!handlers.emplace(fd, std::move(on_readable)).second)
      return;
    epoll_event interest = {};
    interest.events = EPOLLIN;
    interest.data.fd = fd;
    need(epoll_ctl(poll, EPOLL_CTL_ADD, fd, &interest), "epoll_ctl");
  }

  // Not from its own handler.
  void ignore(int fd)
  {
    if (handlers.erase(fd) > 0)
      need(epoll_ctl(poll, EPOLL_CTL_DEL, fd, nullptr), "epoll_ctl");
  }

  void wait()
  {
    epoll_event ready[8];
    const int count = epoll_wait(poll, ready, 8, -1);
    if (count < 0 && errno != EINTR)
      need(count, "epoll_wait");
    for (int i = 0; i < count; i++)
      handlers.at(ready[i].data.fd)();
  }

private:
  Descriptor poll{need(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
  std::map<int, std::function<void()>> handlers;
};

// What was read of standard input and not yet submitted.
class Input
{
public:
  void read()
  {
    char piece[4096];
    const ssize_t size = ::read(STDIN_FILENO, piece, sizeof piece);
    if (size < 0 && (errno == EINTR || errno == EAGAIN))
      return;
    text.append(piece, need(static_cast<int>(size), "standard input"));
    over = size == 0;
  }

  // The next line, once all of it is there; the last may lack its end, and so does one that is too long, which is cut.
  std::optional<std::string_view> line() const
  {
    const size_t end = text.find('\n');
    if (end == text.npos && (text.empty() || (!over && text.size() < most)))
      return std::nullopt;
    return std::string_view(text).substr(0, end);
  }

  void drop_line()
  {
    text.erase(0, line()->size() + 1);
  }
  bool wanted() const
  {
    return !over && !line();
  }
  bool ended() const
  {
    return over && text.empty();
  }

private:
  static constexpr size_t most = 65536;
  std::string text;
  bool over = false;
};

static const char *why(int result, const poolsend_error &error)
{
  return *error.text ? error.text : poolsend_strerror(result);
}

static Sender make_sender(const std::vector<ps_endpoint_settings> &apis)
{
  ps_sender_settings config;
  poolsend_config_init(&config);
  config.endpoints = apis.data();
  config.endpoint_count = apis.size();
  poolsend_sender *sender;
  poolsend_error error;
  if (const int result = poolsend_new(&sender, &config, &error))
    throw std::runtime_error(why(result, error));
  return Sender(sender);
}

// False: the sender has no room for it now.
static bool submit(poolsend_sender &sender, std::string_view line, uint64_t number)
{
  poolsend_message message;
  poolsend_message_init(&message);
  message.body = line.data();
  message.size = line.size();
  message.line = number;
  poolsend_error error;
  const int result = poolsend_submit(&sender, &message, 0, &error);
  if (result < 0)
    std::cerr << "line " << number << ": " << why(result, error) << '\n';
  return result != POOLSEND_TIMEOUT;
}

static void tell(const poolsend_event &event)
{
  std::cout << "line " << event.line << ": ";
  if (event.kind == POOLSEND_EVENT_DELIVERED)
    std::cout << "sent to " << event.attempt->name << '\n';
  else if (!event.winner)
    std::cout << "nobody took it\n";
  else
    std::cout << "settled after " << event.attempt_count << " attempts\n";
}

// False: the sender has told all there is to tell.
static bool tell_events(poolsend_sender &sender)
{
  poolsend_event *event;
  int result;
  while ((result = poolsend_next(&sender, 0, &event)) == 0)
    tell(*Event(event));
  return result != POOLSEND_CLOSED;
}

static void run(poolsend_sender &sender)
{
  Loop loop;
  Input input;
  uint64_t lines = 0;
  bool open = true;

  const Descriptor ticker(need(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create"));
  const itimerspec quarter = {{0, 250000000}, {0, 250000000}};
  need(timerfd_settime(ticker, 0, &quarter, nullptr), "timerfd_settime");
  loop.watch(ticker, [&] {
    uint64_t times;
    if (read(ticker, &times, sizeof times) == sizeof times)
      std::cout << "tick: " << poolsend_count(&sender).pending << " messages on their way\n";
  });

  const int events = poolsend_fd(&sender);
  if (events < 0)
    throw std::runtime_error(poolsend_strerror(events));
  loop.watch(events, [&] { open = tell_events(sender); });

  while (open) {
    if (input.wanted())
      loop.watch(STDIN_FILENO, [&] { input.read(); });
    else
      loop.ignore(STDIN_FILENO); // and not left without an interest: of a hangup it would be told all the same
    loop.wait();
    // There may be room again: at the next tick, if no event says so.
    for (auto line = input.line(); line && submit(sender, *line, lines + 1); line = input.line()) {
      input.drop_line();
      lines++;
    }
    if (input.ended())
      poolsend_close(&sender, POOLSEND_NEVER);
  }
}

int main(int argc, char **argv)
try {
  std::vector<ps_endpoint_settings> apis;
  for (int i = 1; i < argc; i++)
    apis.emplace_back().url = argv[i];
  std::cout << std::unitbuf;
  run(*make_sender(apis));
  return 0;
} catch (const std::exception &problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}
