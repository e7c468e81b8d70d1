#include "workloads/graph/nearest.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "isa/error.h"
#include "kernels/arithmetic.h"

namespace ane::workloads {
namespace {

std::vector<Neighbour> highest(std::int64_t rows, std::int64_t k,
                               const std::function<double(std::int64_t)>& score) {
  std::vector<Neighbour> all(static_cast<std::size_t>(rows));
  for (std::int64_t r = 0; r < rows; ++r) all[static_cast<std::size_t>(r)] = {r, score(r)};
  const auto kept = all.begin() + std::min(k, rows);
  std::partial_sort(all.begin(), kept, all.end(), [](const Neighbour& a, const Neighbour& b) {
    return a.score != b.score ? a.score > b.score : a.row < b.row;
  });
  all.erase(kept, all.end());
  return all;
}

}  // namespace

Vectors unit_rows(Vectors v) {
  for (std::int64_t r = 0; r < v.count; ++r) {
    float* row = v.values.data() + r * v.width;
    double square = 0;
    for (std::int64_t i = 0; i < v.width; ++i)
      square += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    if (square == 0) continue;
    const double length = std::sqrt(square);
    for (std::int64_t i = 0; i < v.width; ++i)
      row[i] = static_cast<float>(static_cast<double>(row[i]) / length);
  }
  return v;
}

Graph nearest_graph(const Vectors& table, std::int64_t queries) {
  GraphBuilder b("nearest");
  const ValueId x =
      b.input("queries", {Format::fp16, {.w = queries, .h = 1, .c = table.width, .n = 1}});
  auto rows = std::make_shared<Parameters>();
  rows->cout = table.count;
  rows->cin = table.width;
  rows->weights = table.values;
  b.output(b.linear("scores", x, std::move(rows)));
  return b.finish();
}

Tensor nearest_input(const Vectors& queries) {
  Tensor t(Format::fp32, {1, queries.width, 1, queries.count});
  const auto to = t.as<float>();
  for (std::int64_t q = 0; q < queries.count; ++q)
    for (std::int64_t i = 0; i < queries.width; ++i)
      to[static_cast<std::size_t>(i * queries.count + q)] =
          queries.values[static_cast<std::size_t>(q * queries.width + i)];
  return t;
}

std::vector<std::vector<Neighbour>> ranked(const Tensor& scores, std::int64_t k) {
  ANE_CHECK(scores.shape.size() == 4, "scores [1, rows, 1, queries]");
  const std::int64_t rows = scores.shape[1], queries = scores.shape[3];
  std::vector<std::vector<Neighbour>> out;
  for (std::int64_t q = 0; q < queries; ++q)
    out.push_back(highest(
        rows, k, [&](std::int64_t r) { return kernels::element(scores, r * queries + q); }));
  return out;
}

std::vector<std::vector<Neighbour>> nearest_reference(const Vectors& table, const Vectors& queries,
                                                      std::int64_t k) {
  std::vector<std::vector<Neighbour>> out;
  for (std::int64_t q = 0; q < queries.count; ++q) {
    const float* query = queries.values.data() + q * queries.width;
    out.push_back(highest(table.count, k, [&](std::int64_t r) {
      const float* row = table.values.data() + r * table.width;
      return std::transform_reduce(
          query, query + table.width, row, 0.0, std::plus{},
          [](float a, float b) { return static_cast<double>(a) * static_cast<double>(b); });
    }));
  }
  return out;
}

double recall(const std::vector<std::vector<Neighbour>>& a,
              const std::vector<std::vector<Neighbour>>& b) {
  ANE_CHECK(a.size() == b.size() && !a.empty(), "the same queries");
  std::int64_t found = 0, all = 0;
  for (std::size_t q = 0; q < b.size(); ++q)
    for (const Neighbour& wanted : b[q]) {
      ++all;
      found += std::ranges::find(a[q], wanted.row, &Neighbour::row) != a[q].end() ? 1 : 0;
    }
  return static_cast<double>(found) / static_cast<double>(all);
}

}  // namespace ane::workloads
