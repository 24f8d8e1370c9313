/* tensors ADDRESSES: put some tensors into a database, and get them back.
 *
 *     c++ -std=c++17 tensors.cpp -lsrb_tensor_client && ./a.out 127.0.0.1:6379
 */
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <srb/tensor_client.hpp>
#include <string>
#include <vector>

/* One tensor there and back; false after saying why. */
static bool there_and_back(srb::TensorClient &client, int number)
{
    const std::string key = "example_cpp_" + std::to_string(number);
    std::vector<float> out(1000), in(1000);

    std::iota(out.begin(), out.end(), static_cast<float>(number));
    if (!client.put(key, out) || !client.unpack(key, in)) {
        std::cerr << "tensors: " << client.error() << '\n';
        return false;
    }
    if (in == out)
        return true;
    std::cerr << "tensors: " << key << " came back changed\n";
    return false;
}

/* All of them at once, back to back. */
static bool together(srb::TensorClient &client)
{
    std::vector<std::string> keys;
    std::vector<std::vector<float>> out, in;
    std::vector<srb_tensor> put, got;

    for (int k = 0; k < 12; k++) {
        keys.push_back("example_cpp_" + std::to_string(k));
        out.emplace_back(100 + k, static_cast<float>(k));
        in.emplace_back(100 + k);
    }
    for (std::size_t k = 0; k < keys.size(); k++) {
        put.push_back(srb::tensor_of(keys[k], out[k]));
        got.push_back(srb::tensor_of(keys[k], in[k]));
    }
    if (!client.put_tensors(put) || !client.unpack_tensors(got)) {
        std::cerr << "tensors: " << client.error() << '\n';
        return false;
    }
    if (in == out)
        return true;
    std::cerr << "tensors: of several one came back changed\n";
    return false;
}

int main(int argc, char **argv)
{
    srb::TensorClientOptions options{argc > 1 ? argv[1] : "127.0.0.1:6379"};
    std::string why;

    options.timeout = 5;
    auto client = srb::TensorClient::open(options, why);
    if (!client) {
        std::cerr << "tensors: " << why << '\n';
        return EXIT_FAILURE;
    }
    for (int k = 0; k < 12; k++)
        if (!there_and_back(*client, k))
            return EXIT_FAILURE;
    if (!together(*client))
        return EXIT_FAILURE;
    std::cout << "12 tensors there and back\n";
    return EXIT_SUCCESS;
}
