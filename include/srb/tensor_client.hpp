/* tensor_client.hpp - tensor_client.h for C++ (17).
 *
 * Failures are values here too: false (or no client), and words; nothing
 * throws but what std::string throws without memory.
 *
 *     std::string why;
 *     auto client = srb::TensorClient::open({"127.0.0.1:6379"}, why);
 *     if (!client || !client->put("key", tensor))
 *         ...
 */
#ifndef SRB_TENSOR_CLIENT_HPP
#define SRB_TENSOR_CLIENT_HPP

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "srb/tensor_client.h"

namespace srb
{

struct TensorClientOptions {
    std::string addresses;
    std::string user{};
    std::string password{};
    double timeout = 0; // s; 0: 30
    srb_client_kind kind = SRB_CLIENT_SOCKET;
};

/* One of several tensors; key and tensor must outlive its use. */
template <class Tensor>
[[nodiscard]] srb_tensor tensor_of(std::string_view key, Tensor &tensor)
{
    return {key.data(), key.size(), tensor.data(), tensor.size()};
}

/* Somebody else's client: it does not close it. */
class TensorClientRef
{
  public:
    explicit TensorClientRef(srb_tensor_client *c) noexcept : client(c)
    {
    }

    [[nodiscard]] bool put(std::string_view key, const float *data,
                           std::size_t count) noexcept
    {
        return srb_put_tensor_n(client, key.data(), key.size(), data, count) ==
               0;
    }

    [[nodiscard]] bool unpack(std::string_view key, float *data,
                              std::size_t count) noexcept
    {
        return srb_unpack_tensor_n(client, key.data(), key.size(), data,
                                   count) == 0;
    }

    /* Whatever has data() and size(): std::vector, std::array, a span. It
     * stays as long as it is. */
    template <class Tensor>
    [[nodiscard]] bool put(std::string_view key, const Tensor &tensor) noexcept
    {
        return put(key, tensor.data(), tensor.size());
    }

    template <class Tensor>
    [[nodiscard]] bool unpack(std::string_view key, Tensor &tensor) noexcept
    {
        return unpack(key, tensor.data(), tensor.size());
    }

    /* Several back to back, see srb_put_tensors(). */
    [[nodiscard]] bool put_tensors(const srb_tensor *tensors,
                                   std::size_t n) noexcept
    {
        return srb_put_tensors(client, tensors, n) == 0;
    }

    [[nodiscard]] bool unpack_tensors(const srb_tensor *tensors,
                                      std::size_t n) noexcept
    {
        return srb_unpack_tensors(client, tensors, n) == 0;
    }

    /* Whatever has data() and size() and holds srb_tensor, see tensor_of(). */
    template <class Tensors>
    [[nodiscard]] bool put_tensors(const Tensors &tensors) noexcept
    {
        return put_tensors(tensors.data(), tensors.size());
    }

    template <class Tensors>
    [[nodiscard]] bool unpack_tensors(const Tensors &tensors) noexcept
    {
        return unpack_tensors(tensors.data(), tensors.size());
    }

    [[nodiscard]] const char *error() const noexcept
    {
        return srb_tensor_client_error(client);
    }

  private:
    friend class TensorClient;
    srb_tensor_client *client;
};

/* One's own client; it can be moved, not copied. */
class TensorClient : public TensorClientRef
{
  public:
    [[nodiscard]] static std::optional<TensorClient>
    open(const TensorClientOptions &o, std::string &why)
    {
        const srb_tensor_client_options plain = {
            o.addresses.c_str(), o.user.empty() ? nullptr : o.user.c_str(),
            o.password.empty() ? nullptr : o.password.c_str(), o.timeout,
            o.kind};
        char words[1024] = "";
        srb_tensor_client *c =
            srb_tensor_client_open(&plain, words, sizeof words);

        why = words;
        if (!c)
            return std::nullopt;
        return TensorClient(c);
    }

    TensorClient(TensorClient &&other) noexcept
        : TensorClientRef(std::exchange(other.client, nullptr))
    {
    }

    TensorClient &operator=(TensorClient &&other) noexcept
    {
        std::swap(client, other.client);
        return *this;
    }

    TensorClient(const TensorClient &) = delete;
    TensorClient &operator=(const TensorClient &) = delete;

    ~TensorClient()
    {
        srb_tensor_client_close(client);
    }

  private:
    explicit TensorClient(srb_tensor_client *c) noexcept : TensorClientRef(c)
    {
    }
};

} // namespace srb

#endif
