// Nearest neighbours as products: every query against every row of a table in one linear layer,
// whose results are ranked on the host.
#pragma once
#include <cstdint>
#include <vector>

#include "workloads/graph/graph.h"

namespace ane::workloads {

// `count` vectors of `width` values, row by row.
struct Vectors {
  std::int64_t count = 0, width = 0;
  std::vector<float> values;
};

// Each row divided by its length, so that a product is a cosine; rows of length 0 stay.
Vectors unit_rows(Vectors vectors);

// Input "queries" [1, width, 1, queries], output "scores" [1, table.count, 1, queries].
Graph nearest_graph(const Vectors& table, std::int64_t queries);
// Its input.
Tensor nearest_input(const Vectors& queries);

struct Neighbour {
  std::int64_t row = 0;
  double score = 0;
};
// The k highest of each query (column of `scores`, any float format), highest first, of equal ones
// the lower row first.
std::vector<std::vector<Neighbour>> ranked(const Tensor& scores, std::int64_t k);
// The same by products in float64.
std::vector<std::vector<Neighbour>> nearest_reference(const Vectors& table, const Vectors& queries,
                                                      std::int64_t k);
// Share of the rows of `b` that `a` names as well, query by query.
double recall(const std::vector<std::vector<Neighbour>>& a,
              const std::vector<std::vector<Neighbour>>& b);

}  // namespace ane::workloads
