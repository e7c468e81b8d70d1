// One random use of an operator, and what draws it.
#pragma once
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/onnx_writer.h"

namespace ane::onnxruntime {

using onnx_writer::attribute;
using Dims = std::vector<std::int64_t>;

// Codes of TensorProto.
enum Type { real = 1, u8 = 2, i8 = 3, i32 = 6, i64 = 7, boolean = 9 };

struct Input {
  Type type = real;
  Dims dims{};
  std::vector<double> values{};
};

inline std::int64_t count(const Dims& d) {
  std::int64_t n = 1;
  for (const std::int64_t e : d) n *= e;
  return n;
}

struct Case {
  std::string op{}, domain{};
  std::int64_t opset = 17;
  std::vector<std::string> attributes{};
  std::vector<std::string> operands{};  // by name; empty: left out
  std::map<std::string, Input> inputs{};
  std::vector<std::pair<std::string, Type>> outputs{{"y", real}};
  std::vector<std::string> constants{};
  double tolerance = 1e-4;  // of |y| + 1
};

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  std::int64_t whole(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
  }
  bool coin() { return whole(0, 1) == 1; }
  double number(double least, double most) {
    // As float32, which is what both sides get.
    return static_cast<double>(
        static_cast<float>(std::uniform_real_distribution<double>(least, most)(random_)));
  }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[static_cast<std::size_t>(whole(0, std::ssize(all) - 1))];
  }
  Dims dims(std::int64_t least_rank, std::int64_t most_rank, std::int64_t most = 6) {
    Dims d(static_cast<std::size_t>(whole(least_rank, most_rank)));
    for (std::int64_t& e : d) e = whole(1, most);
    return d;
  }
  // What broadcasts against d.
  Dims broadcast(Dims d) {
    for (std::int64_t& e : d)
      if (whole(0, 3) == 0) e = 1;
    const auto from = whole(0, std::ssize(d) - 1);
    return coin() ? d : Dims(d.begin() + from, d.end());
  }
  std::int64_t axis(std::int64_t rank) { return whole(-rank, rank - 1); }

  void give(Case& c, const std::string& name, Dims d, double least = -2, double most = 2,
            Type type = real) {
    Input in{.type = type, .dims = std::move(d), .values = {}};
    for (std::int64_t k = 0; k < count(in.dims); ++k)
      in.values.push_back(type == real
                              ? number(least, most)
                              : static_cast<double>(whole(static_cast<std::int64_t>(least),
                                                          static_cast<std::int64_t>(most))));
    c.operands.push_back(name);
    c.inputs[name] = std::move(in);
  }
  // Whole numbers that shapes may depend on.
  static void fixed(Case& c, const std::string& name, const Dims& values) {
    c.constants.push_back(onnx_writer::whole(name, values));
    c.operands.push_back(name);
  }

 private:
  std::mt19937_64 random_;
};

inline Dims joined(std::initializer_list<std::int64_t> front, const Dims& back) {
  Dims d(front);
  d.insert(d.end(), back.begin(), back.end());
  return d;
}

using Generator = std::function<Case(Maker&)>;
using Generators = std::vector<std::pair<std::string, Generator>>;

// Of functions of elements, reductions and moves of tensors.
Generators tensor_cases();
// Of convolutions, pools, products, norms, recurrent layers and numbers of eight bits.
Generators network_cases();
// Of joined operators and products of codes.
Generators fused_cases();

}  // namespace ane::onnxruntime
