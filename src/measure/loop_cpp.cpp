/* The timed loop in C++: its own containers, and the client of
 * tensor_client.hpp. */
#include "measure/loop.h"

#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

#include "base/tick.h"
#include "srb/tensor_client.hpp"

namespace
{

/* Whole pages, so that they can be renewed and nothing else lies on them. */
template <class T> struct Pages {
    using value_type = T;

    static constexpr std::align_val_t page{SRB_LOOP_PAGE};

    static std::size_t bytes(std::size_t n)
    {
        return (n * sizeof(T) + SRB_LOOP_PAGE - 1) / SRB_LOOP_PAGE *
               SRB_LOOP_PAGE;
    }

    T *allocate(std::size_t n)
    {
        void *pages = ::operator new(bytes(n), page);

        loop_renew(pages, bytes(n));
        return static_cast<T *>(pages);
    }

    void deallocate(T *data, std::size_t) noexcept
    {
        ::operator delete(data, page);
    }

    friend bool operator==(const Pages &, const Pages &)
    {
        return true;
    }
    friend bool operator!=(const Pages &, const Pages &)
    {
        return false;
    }
};

using Tensor = std::vector<float, Pages<float>>;

/* The vectors' zeros are what touches their pages first. */
struct Tensors {
    explicit Tensors(std::size_t count) : out(count), in(count)
    {
    }

    Tensor out, in;
};

class Loop
{
  public:
    explicit Loop(const loop_task &t)
        : task(t), client(t.client), key(t.key, t.key_length),
          tensors(*static_cast<Tensors *>(t.own))
    {
    }

    void run()
    {
        if (task.tensors > 0) {
            run_all();
            return;
        }
        while (loop_more(task.load)) {
            if (task.puts && !put())
                return;
            if (task.gets && !get())
                return;
        }
    }

  private:
    void run_all()
    {
        while (loop_more(task.load)) {
            if (task.puts && !put_all())
                return;
            if (task.infers && loop_infer(task.load) < 0)
                return;
            if (task.gets && !get_all())
                return;
            if (task.puts && task.retires && loop_retire(task.load) < 0)
                return;
        }
    }

    bool put_each()
    {
        if (task.pipelined)
            return client.put_tensors(task.put, task.tensors);
        for (auto x = task.put; x != task.put + task.tensors; ++x)
            if (!client.put({x->key, x->key_length}, x->data, x->count))
                return false;
        return true;
    }

    bool get_each()
    {
        if (task.pipelined)
            return client.unpack_tensors(task.get, task.tensors);
        for (auto x = task.get; x != task.get + task.tensors; ++x)
            if (!client.unpack({x->key, x->key_length}, x->data, x->count))
                return false;
        return true;
    }

    bool put_set()
    {
        return loop_describe(task.load) == 0 && put_each() &&
               loop_append(task.load) == 0;
    }

    bool get_set()
    {
        return loop_describe(task.load) == 0 && get_each();
    }

    bool put_all()
    {
        loop_stamp_all(task.load);
        const std::int64_t start = tick_now();
        const bool done = task.lists ? put_set() : put_each();
        const std::int64_t end = tick_now();
        return loop_put(task.load, done ? 0 : -1, start, end) == 0;
    }

    bool get_all()
    {
        loop_spoil_all(task.load);
        const std::int64_t start = tick_now();
        const bool done = task.lists ? get_set() : get_each();
        const std::int64_t end = tick_now();
        return loop_got(task.load, done ? 0 : -1, start, end) == 0;
    }

    bool put()
    {
        loop_stamp(task.load);
        const std::int64_t start = tick_now();
        const bool done = client.put(key, tensors.out);
        const std::int64_t end = tick_now();
        return loop_put(task.load, done ? 0 : -1, start, end) == 0;
    }

    bool get()
    {
        loop_spoil(task.load);
        const std::int64_t start = tick_now();
        const bool done = client.unpack(key, tensors.in);
        const std::int64_t end = tick_now();
        return loop_got(task.load, done ? 0 : -1, start, end) == 0;
    }

    const loop_task &task;
    srb::TensorClientRef client;
    std::string_view key;
    Tensors &tensors;
};

} // namespace

void *loop_cpp_allocate(std::size_t count, float **out, float **in)
try {
    auto tensors = std::make_unique<Tensors>(count);

    *out = tensors->out.data();
    *in = tensors->in.data();
    return tensors.release();
} catch (const std::exception &) { // no memory, or more than a vector takes
    return nullptr;
}

void loop_cpp_release(void *own)
{
    delete static_cast<Tensors *>(own);
}

void loop_cpp_run(const loop_task *t)
{
    Loop(*t).run();
}
