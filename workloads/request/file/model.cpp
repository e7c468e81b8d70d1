#include "workloads/request/file/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <mutex>

#include "isa/error.h"
#include "workloads/onnx/onnx.h"

namespace ane::workloads {
namespace {

using model::Binding;
using model::Model;
using model::Source;

constexpr std::string_view escaped = " ,%\t\n=";

// One entry of "name:value,name:value"; names may hold colons.
struct Entry {
  std::string name, value;
};
std::vector<Entry> entries_of(std::string_view key, const std::string& text) {
  std::vector<Entry> all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string one = text.substr(at, end - at);
    const std::size_t colon = one.rfind(':');
    if (colon == std::string::npos || colon == 0)
      throw InputError(std::string(key), fmt::format("'{}' names no value", one),
                       key == "shape" ? "as x:1x3x224x224" : "as name:8");
    all.push_back({decoded_path(one.substr(0, colon)), one.substr(colon + 1)});
    at = end + 1;
  }
  return all;
}

// Files once a program's life, models once a binding.
template <class Value>
class Kept {
 public:
  template <class Make>
  std::shared_ptr<const Value> get(const std::string& key, Make make) {
    const std::scoped_lock lock(mutex_);
    if (const auto at = all_.find(key); at != all_.end()) return at->second;
    auto made = std::make_shared<const Value>(make());
    if (all_.size() >= 16) all_.clear();
    return all_.emplace(key, std::move(made)).first->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Value>> all_;
};
Kept<Source>& sources() {
  static Kept<Source> all;
  return all;
}
Kept<Model>& models() {
  static Kept<Model> all;
  return all;
}

// The graph without the nodes that are refused with this label: what they give is there already.
Graph left_out(Graph g, const isa::Machine& machine, const std::string& label) {
  std::vector<Node> kept;
  for (Node& n : g.nodes) {
    const auto refusal = n.op->refuse(g.call(n), machine);
    if (!refusal || refusal->label != label) {
      kept.push_back(std::move(n));
      continue;
    }
    // What it reads is still made, and handed on.
    for (const ValueId v : n.inputs)
      if (g.values[static_cast<std::size_t>(v)].producer >= 0 &&
          std::ranges::find(g.outputs, v) == g.outputs.end())
        g.outputs.push_back(v);
    Value& made = g.values[static_cast<std::size_t>(n.output)];
    made.producer = -1;
    made.state = true;  // nobody hands it over
    g.inputs.push_back(n.output);
    std::erase(g.outputs, n.output);
  }
  g.nodes = std::move(kept);
  for (std::size_t i = 0; i < g.nodes.size(); ++i)
    g.values[static_cast<std::size_t>(g.nodes[i].output)].producer = static_cast<int>(i);
  if (g.nodes.empty()) throw InputError("without", "nothing is left");
  std::erase_if(g.outputs,
                [&](ValueId v) { return g.values[static_cast<std::size_t>(v)].producer < 0; });
  return g;
}

std::shared_ptr<const Source> source_of(const std::string& file) {
  const std::string path = decoded_path(file);
  std::error_code none;
  if (std::filesystem::exists(path, none) && !std::filesystem::is_regular_file(path, none))
    throw InputError(path, "is no file");
  return sources().get(path, [&] { return onnx::read_onnx(path); });
}

}  // namespace

std::string encoded_path(const std::string& path) {
  std::string text;
  for (const char c : path)
    if (escaped.find(c) != std::string_view::npos)
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      text += c;
  return text;
}

std::string decoded_path(const std::string& text) {
  std::string path;
  for (std::size_t k = 0; k < text.size(); ++k) {
    int code = 0;
    if (text[k] == '%' && k + 2 < text.size() + 0 &&
        std::from_chars(text.data() + k + 1, text.data() + k + 3, code, 16).ptr ==
            text.data() + k + 3) {
      path += static_cast<char>(code);
      k += 2;
    } else {
      path += text[k];
    }
  }
  return path;
}

const Source& ModelFile::source() const {
  // Kept beside the work, so that a reference stays good.
  thread_local std::shared_ptr<const Source> last;
  last = source_of(file);
  return *last;
}

void ModelFile::settle() {
  if (file.empty()) return;
  file = encoded_path(decoded_path(file));
  const std::string now = source().digest;
  if (!digest.empty() && digest != now)
    throw InputError(decoded_path(file), fmt::format("is another file: {}, not {}", now, digest),
                     "without digest=");
  digest = now;
}

Binding ModelFile::binding(std::int64_t batch) const {
  Binding b;
  for (const Entry& e : entries_of("shape", shape)) b.shapes[e.name] = extents(e.value);
  for (const Entry& e : entries_of("dim", dim)) {
    std::int64_t v = 0;
    const auto [end, fault] = std::from_chars(e.value.data(), e.value.data() + e.value.size(), v);
    if (fault != std::errc{} || end != e.value.data() + e.value.size() || v < 1)
      throw InputError("dim", fmt::format("{}:{} is no extent", e.name, e.value), "as batch:8");
    b.dims[e.name] = v;
  }
  const Source& s = source();
  for (const Entry& e : entries_of("given", given)) {
    double v = 0;
    const auto [end, fault] = std::from_chars(e.value.data(), e.value.data() + e.value.size(), v);
    if (fault != std::errc{} || end != e.value.data() + e.value.size())
      throw InputError("given", fmt::format("{}:{} is no number", e.name, e.value), "as sr:16000");
    const auto at = std::ranges::find(s.graph->inputs, e.name, &model::Declared::name);
    if (at == s.graph->inputs.end()) {
      std::vector<std::string> names;
      for (const model::Declared& d : s.graph->inputs) names.push_back(d.name);
      throw InputError("given", fmt::format("'{}' is no input of the model", e.name),
                       choice_note(e.name, names));
    }
    model::Shape one(at->shaped ? at->dims.size() : 0, 1);
    auto a = std::make_shared<model::Array>(at->dtype, one);
    a->set(0, v);
    b.inputs[e.name] = std::move(a);
  }
  // The first extent of an input is its batch where it is open, or 1 and more are asked for.
  for (const model::Declared& d : s.graph->inputs) {
    if (s.graph->constants.count(d.name) != 0 || b.shapes.count(d.name) != 0 ||
        b.inputs.count(d.name) != 0 || !d.shaped || d.dims.empty())
      continue;
    const model::Dimension& first = d.dims[0];
    if (first.extent < 0 && b.dims.count(first.symbol) != 0) continue;
    if (first.extent >= 0 && first.extent != 1) continue;
    if (first.extent == 1 && batch == 1) continue;
    model::Shape all{batch};
    bool closed = true;
    for (std::size_t k = 1; k < d.dims.size() && closed; ++k) {
      const auto said = b.dims.find(d.dims[k].symbol);
      closed = d.dims[k].extent >= 0 || said != b.dims.end();
      if (closed) all.push_back(d.dims[k].extent >= 0 ? d.dims[k].extent : said->second);
    }
    // One that stays open is told of when it is bound.
    if (!closed) continue;
    if (first.extent == 1)
      throw InputError("batch", fmt::format("input '{}' has a first extent of 1", d.name),
                       fmt::format("shape={}:{}", encoded_path(d.name), fmt::join(all, "x")));
    b.shapes[d.name] = std::move(all);
  }
  return b;
}

std::shared_ptr<const Model> ModelFile::bound(std::int64_t batch) const {
  const std::string key = fmt::format("{} {} {} {} {} {}", file, digest, shape, dim, given, batch);
  return models().get(key, [&] { return model::bind(source(), binding(batch)); });
}

void ModelFile::check(const Request& r, const std::string&) const {
  bound(r.batch);
}

std::string ModelFile::label() const {
  return source().name;
}

double ModelFile::parameters() const {
  return source().parameters;
}

Job ModelFile::job(const Request& r, const JobFor& target) const {
  const auto m = bound(r.batch);
  if (!target.programs) {
    WorkList all;
    const double activation = bytes_of(r.formats.activations), weight = bytes_of(r.formats.weights);
    for (const model::BoundNode& n : m->nodes)
      if (!n.op->cost.free) all.push_back(model::work_of(*n.op, m->use(n), activation, weight));
    if (all.empty())
      throw InputError(label(), "computes nothing: all its outputs are constants or views");
    return {.stages = {{.work = std::move(all)}}};
  }
  const Numbers numbers = numbers_of(r.formats, target.machine);
  if (numbers.int8_activations)
    throw InputError("activations", "INT8 activations of a file need scales for every tensor",
                     "weights=int8 activations=fp16");
  model::Mapped mapped = model::map_model(
      *m,
      {.machine = target.machine, .weights = numbers.weights, .values = target.seed.has_value()});
  if (!without.empty()) mapped.graph = left_out(std::move(mapped.graph), target.machine, without);
  return {.stages = {{.work = std::move(mapped.graph)}}};
}

namespace kind {
extern const Kind model;
constinit const Kind model =
    kind_of<ModelFile>("model", "an ONNX file", "item",
                       takes_weights | takes_activations | takes_batch | takes_state | takes_host);
}  // namespace kind

}  // namespace ane::workloads
