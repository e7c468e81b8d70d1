// What the rows of operators say they take against the schemas of the ONNX project, as Debian's
// libonnx has them: versions up to 17.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <onnx/defs/schema.h>

#include <map>
#include <set>

#include "workloads/model/operator.h"

namespace ane::workloads::model {
namespace {

using Schema = onnx::OpSchema;
constexpr int last_version = 17;

std::map<std::string, std::vector<Schema>> schemas() {
  std::map<std::string, std::vector<Schema>> all;
  for (const Schema& s : onnx::OpSchemaRegistry::get_all_schemas_with_history())
    if (s.domain().empty()) all[s.Name()].push_back(s);
  return all;
}

Attribute::Is kind_of(onnx::AttributeProto::AttributeType type) {
  using Is = Attribute::Is;
  switch (type) {
    case onnx::AttributeProto::FLOAT:
      return Is::real;
    case onnx::AttributeProto::INT:
      return Is::integer;
    case onnx::AttributeProto::STRING:
      return Is::text;
    case onnx::AttributeProto::TENSOR:
      return Is::tensor;
    case onnx::AttributeProto::GRAPH:
      return Is::graph;
    case onnx::AttributeProto::FLOATS:
      return Is::reals;
    case onnx::AttributeProto::INTS:
      return Is::integers;
    default:
      return Is::texts;
  }
}

// Attributes that are refused on purpose, with the versions before which the operator is not read.
const std::map<std::string, std::string> not_read{
    {"Cast 1 to", "a type by its name"},       {"Constant sparse_value", "sparse"},
    {"Constant value_string", "strings"},      {"Constant value_strings", "strings"},
    {"GlobalLpPool 1 p", "a real order"},      {"LpPool 1 p", "a real order"},
    {"Upsample 1 height_scale", "two scales"}, {"Upsample 1 width_scale", "two scales"},
};
bool refused(const Schema& s, const std::string& name) {
  return not_read.count(s.Name() + " " + name) != 0 ||
         not_read.count(fmt::format("{} {} {}", s.Name(), s.SinceVersion(), name)) != 0;
}

TEST(OnnxSchemas, RowsTakeWhatTheProjectSays) {
  std::size_t compared = 0;
  const auto all = schemas();
  for (const Family& f : families())
    for (const Operator& o : f) {
      ASSERT_FALSE(o.takes.operands.empty()) << o.name << " does not say what it takes";
      const auto at = all.find(std::string(o.name));
      if (at == all.end()) continue;
      for (const Schema& s : at->second) {
        // A schema is of its version until the next: the row is asked at its first.
        const int version = s.SinceVersion();
        if (version > last_version || (version < o.since && o.since > 1)) continue;
        ++compared;
        const std::string place = fmt::format("{} {}", o.name, version);
        const Takes::Operands count = o.takes.at(version);
        // Split 1 has its parts as an attribute and as an operand; the first is read.
        const int most = place == "Split 1" ? 1 : s.max_input();
        EXPECT_EQ(count.least, s.min_input()) << place;
        EXPECT_EQ(count.most, most) << place;
        std::set<std::string> names;
        for (const auto& [name, a] : s.attributes()) {
          if (name == "consumed_inputs" || refused(s, name)) continue;
          names.insert(name);
          const auto rule = std::ranges::find_if(o.takes.attributes,
                                                 [&, n = std::string_view(name)](const Rule& r) {
                                                   return r.name == n && r.in(version);
                                                 });
          if (rule == o.takes.attributes.end()) {
            ADD_FAILURE() << place << " lacks " << name;
            continue;
          }
          EXPECT_EQ(static_cast<int>(rule->is), static_cast<int>(kind_of(a.type)))
              << place << " " << name;
          if (rule->is == Attribute::Is::text && !rule->texts.empty() &&
              !a.default_value.s().empty()) {
            EXPECT_NE((" " + std::string(rule->texts) + " ").find(" " + a.default_value.s() + " "),
                      std::string::npos)
                << place << " " << name;
          }
        }
        for (const Rule& r : o.takes.attributes)
          if (r.in(version)) {
            EXPECT_TRUE(names.count(std::string(r.name)) != 0)
                << place << " has no " << r.name << " there";
          }
      }
    }
  EXPECT_GT(compared, 250U);
}

}  // namespace
}  // namespace ane::workloads::model
