/* The pool alone, in C++: `submit` takes anything that can be called and gives a std::future of what it returns.
 *
 *     c++ -std=c++17 jobs.cpp $(pkg-config --cflags --libs poolsend) -o jobs
 *     ./jobs FILE...
 *
 * A job counts the lines of each file. Its result is awaited for one second; it goes on whether or not anybody waits,
 * and is asked again later. What a job throws comes out of its future. (A FIFO takes as long as you like.) */
#include <poolsend.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

class Pool {
public:
  Pool(unsigned threads, unsigned queue)
  {
    poolsend_pool *made;
    check(poolsend_pool_new(&made, threads, queue));
    pool.reset(made);
  }

  // Waits for room.
  template <typename Function> auto submit(Function function)
  {
    return hand_over(std::move(function), POOLSEND_NEVER).value();
  }

  // Nothing if there is no room now.
  template <typename Function> auto try_submit(Function function) { return hand_over(std::move(function), 0); }

private:
  struct Freed {
    void operator()(poolsend_pool *handle) const noexcept { poolsend_pool_free(handle); } // waits for all jobs
  };
  std::unique_ptr<poolsend_pool, Freed> pool;

  static void check(int result)
  {
    if (result < 0)
      throw std::system_error(-result, std::generic_category());
  }

  // A task can be called and keeps what the function threw, so that nothing is thrown through the library.
  template <typename Task> static void *run(void *context)
  {
    std::unique_ptr<Task> task(static_cast<Task *>(context));
    (*task)();
    return nullptr;
  }

  template <typename Function> auto hand_over(Function function, poolsend_time timeout)
  {
    using Result = std::invoke_result_t<Function>;
    using Task = std::packaged_task<Result()>;
    auto task = std::make_unique<Task>(std::move(function));
    std::optional<std::future<Result>> future(task->get_future());
    const int result = poolsend_pool_submit(pool.get(), run<Task>, task.get(), timeout, nullptr);
    check(result);
    if (result == 0)
      task.release(); // run owns it
    else
      future.reset();
    return future;
  }
};

static std::ptrdiff_t count_lines(const std::string &path)
{
  std::ifstream file(path);
  if (!file)
    throw std::runtime_error("cannot be opened");
  return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
}

static std::string answer_of(std::future<std::ptrdiff_t> &future)
try {
  return std::to_string(future.get()) + " lines";
} catch (const std::exception &problem) {
  return problem.what();
}

int main(int argc, char **argv)
try {
  const std::vector<std::string> paths(argv + 1, argv + argc);
  std::vector<std::future<std::ptrdiff_t>> answers;
  std::cout << std::unitbuf;

  Pool pool(2, 0);
  for (const std::string &path : paths) {
    const auto job = [path] { return count_lines(path); };
    auto answer = pool.try_submit(job);
    if (!answer)
      std::cout << path << ": waits for room\n";
    answers.push_back(answer ? std::move(*answer) : pool.submit(job));
  }

  for (size_t i = 0; i < paths.size(); i++)
    if (answers[i].wait_for(std::chrono::seconds(1)) == std::future_status::timeout)
      std::cout << paths[i] << ": not within a second\n";
  for (size_t i = 0; i < paths.size(); i++)
    std::cout << paths[i] << ": " << answer_of(answers[i]) << '\n';
  return 0;
} catch (const std::exception &problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}
