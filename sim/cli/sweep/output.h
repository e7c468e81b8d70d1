// How `anesim sweep` and `anesim show --sweep` print a sweep.
#pragma once
#include <boost/program_options.hpp>
#include <string>

#include "results/sweep.h"
#include "results/view.h"
#include "sim/explore/views.h"

namespace ane::sim {

struct SweepOutput {
  const SweepView* view = nullptr;
  SweepViewOptions options{};
  results::Style style = results::Style::text;
  std::string table{};
  std::size_t columns = 0;
};

// --view, --x, --y.
void add_sweep_view_options(boost::program_options::options_description& options);
SweepOutput sweep_output_of(const boost::program_options::variables_map& given,
                            results::Style style);
void print_sweep(const results::Sweep& sweep, const SweepOutput& output);

// A line a view, for help.
std::string sweep_views_text();

}  // namespace ane::sim
