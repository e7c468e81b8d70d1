#include "workloads/request/file/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <set>

#include "isa/error.h"
#include "workloads/graph/static_quantise.h"
#include "workloads/onnx/onnx.h"
#include "workloads/request/fp16_layers.h"

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

// Bytes of what a model keeps, about.
std::size_t bytes_of(const model::Packed& p) {
  return p.bytes.size();
}
std::size_t bytes_of(const model::Array& a) {
  return a.f.size() * sizeof(float) + a.i.size() * sizeof(std::int64_t);
}
constexpr std::size_t node_bytes = 1024;
std::size_t bytes_of(const model::Graph& g) {
  std::size_t bytes = node_bytes * g.nodes.size();
  for (const auto& [name, packed] : g.constants) bytes += bytes_of(*packed);
  for (const model::Node& n : g.nodes)
    for (const auto& [name, a] : n.attributes) {
      if (a.tensor != nullptr) bytes += bytes_of(*a.tensor);
      if (a.graph != nullptr) bytes += bytes_of(*a.graph);
    }
  return bytes;
}
std::size_t bytes_of(const Source& s) {
  std::size_t bytes = bytes_of(*s.graph);
  for (const auto& [name, f] : s.functions) bytes += bytes_of(*f.body);
  return bytes;
}
std::size_t bytes_of(const Model& m) {
  std::size_t bytes = node_bytes * m.nodes.size();
  for (const model::Value& v : m.values) {
    if (v.data != nullptr) bytes += bytes_of(*v.data);
    if (v.packed != nullptr) bytes += bytes_of(*v.packed);  // keeps the file's alive
  }
  return bytes;
}

// Files and models as they were made, the last asked ones, as far as they fit.
template <class Value>
class Kept {
 public:
  using Shared = std::shared_ptr<const Value>;

  // make() runs once for all who ask meanwhile, and holds up nobody who asks for something else.
  template <class Make>
  Shared get(const std::string& key, Make make) {
    std::promise<Shared> promise;
    std::shared_future<Shared> made;
    {
      const std::scoped_lock lock(mutex_);
      Entry& e = all_[key];
      e.asked = ++asked_;
      if (e.made.valid())
        made = e.made;
      else
        e.made = promise.get_future().share();
    }
    if (made.valid()) return made.get();
    try {
      auto value = std::make_shared<const Value>(make());
      promise.set_value(value);
      keep(key, 1 + bytes_of(*value));
      return value;
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      all_.erase(key);
      promise.set_exception(std::current_exception());
      throw;
    }
  }

 private:
  struct Entry {
    std::shared_future<Shared> made;
    std::size_t bytes = 0;  // 0: not made yet
    std::uint64_t asked = 0;
  };

  void keep(const std::string& key, std::size_t bytes) {
    constexpr std::size_t most = std::size_t{2} << 30;
    const std::scoped_lock lock(mutex_);
    all_[key].bytes = bytes;
    bytes_ += bytes;
    while (bytes_ > most) {
      auto oldest = all_.end();
      for (auto at = all_.begin(); at != all_.end(); ++at)
        if (at->second.bytes > 0 && at->first != key &&
            (oldest == all_.end() || at->second.asked < oldest->second.asked))
          oldest = at;
      if (oldest == all_.end()) return;
      bytes_ -= oldest->second.bytes;
      all_.erase(oldest);
    }
  }

  std::mutex mutex_;
  std::map<std::string, Entry> all_;
  std::size_t bytes_ = 0;
  std::uint64_t asked_ = 0;
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
  std::vector<std::string> borne;
  for (Node& n : g.nodes) {
    const auto refusal = n.op->refuse(g.call(n), machine);
    if (refusal) borne.emplace_back(refusal->label);
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
  if (std::ranges::find(borne, label) == borne.end()) {
    std::ranges::sort(borne);
    borne.erase(std::unique(borne.begin(), borne.end()), borne.end());
    throw InputError(
        "without", fmt::format("no operator bears '{}'", label),
        borne.empty() ? "the accelerator takes all of them" : choice_note(label, borne));
  }
  g.nodes = std::move(kept);
  for (std::size_t i = 0; i < g.nodes.size(); ++i)
    g.values[static_cast<std::size_t>(g.nodes[i].output)].producer = static_cast<int>(i);
  if (g.nodes.empty()) throw InputError("without", "nothing is left");
  std::erase_if(g.outputs,
                [&](ValueId v) { return g.values[static_cast<std::size_t>(v)].producer < 0; });
  return g;
}

// Items of a call stand along the first extent of inputs: an open one of which nothing else is said
// has as many; one of the others must hold as many, or several times as many.
void hold_items(Binding& b, const Source& s, std::int64_t batch) {
  bool held = batch == 1;
  std::string fewer, note;
  for (const model::Declared& d : s.graph->inputs) {
    const auto said = b.shapes.find(d.name);
    if (s.graph->constants.count(d.name) != 0 || b.inputs.count(d.name) != 0 ||
        (said == b.shapes.end() && !d.shaped))
      continue;
    model::Shape shape;
    bool closed = true, own = false;  // one that stays open is told of when it is bound
    if (said != b.shapes.end()) {
      shape = said->second;
    } else {
      for (const model::Dimension& x : d.dims) {
        const auto named = b.dims.find(x.symbol);
        const bool open = x.extent < 0 && named == b.dims.end();
        if (open && shape.empty()) own = true;
        if (open && !shape.empty()) closed = false;
        shape.push_back(x.extent >= 0 ? x.extent : open ? batch : named->second);
      }
    }
    if (shape.empty()) continue;
    if (shape[0] > 0 && shape[0] % batch == 0) {
      held = true;
    } else if (fewer.empty()) {
      fewer = fmt::format(": '{}' is {}", d.name, fmt::join(shape, "x"));
      const bool fixed = d.shaped && !d.dims.empty() && d.dims[0].extent >= 0;
      shape[0] = batch;
      note = fixed ? "the file fixes its first extent; one that leaves it open"
                   : fmt::format("shape={}:{}", encoded_path(d.name), fmt::join(shape, "x"));
    }
    if (own && closed) b.shapes[d.name] = std::move(shape);
  }
  if (!held)
    throw InputError("batch", fmt::format("no input holds {} items{}", batch, fewer), note);
}

// The smallest bucket that holds each open extent, in its place; what that pads, as sentences.
std::vector<std::string> round_up(Binding& b, const std::string& text) {
  std::vector<std::string> notes;
  std::set<std::string> named;
  for (const Entry& e : entries_of("buckets", text)) {
    if (!named.insert(e.name).second)
      throw InputError("buckets", fmt::format("'{}' is there twice", e.name),
                       "all of one together");
    const auto asked = b.dims.find(e.name);
    if (asked == b.dims.end())
      throw InputError("buckets", fmt::format("dim says no extent for '{}'", e.name),
                       fmt::format("dim={}:100", encoded_path(e.name)));
    std::int64_t next = 0, largest = 0;
    for (std::size_t at = 0; at <= e.value.size();) {
      const std::size_t end = std::min(e.value.find('/', at), e.value.size());
      std::int64_t v = 0;
      const char *from = e.value.data() + at, *to = e.value.data() + end;
      const auto [stop, fault] = std::from_chars(from, to, v);
      if (fault != std::errc{} || stop != to || v < 1)
        throw InputError("buckets",
                         fmt::format("'{}' of {} is no extent", std::string(from, to), e.name),
                         "as seq:64/128/256");
      if (v >= asked->second && (next == 0 || v < next)) next = v;
      largest = std::max(largest, v);
      at = end + 1;
    }
    if (next == 0)
      throw InputError(
          "buckets", fmt::format("{}={} is beyond the largest, {}", e.name, asked->second, largest),
          "a larger bucket");
    if (next != asked->second)
      notes.push_back(fmt::format("{}={} runs in the program of {}", e.name, asked->second, next));
    asked->second = next;
  }
  return notes;
}

std::shared_ptr<const Source> source_of(const std::string& file) {
  const std::string path = decoded_path(file);
  std::error_code none;
  if (std::filesystem::exists(path, none) && !std::filesystem::is_regular_file(path, none))
    throw InputError(path, "is no file");
  return sources().get(path, [&] { return onnx::read_onnx(path); });
}

}  // namespace

model::Data one_number(const model::Declared& input, double number) {
  auto a = std::make_shared<model::Array>(input.dtype,
                                          model::Shape(input.shaped ? input.dims.size() : 0, 1));
  a->set(0, number);
  model::settle(*a);
  return a;
}

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
    if (text[k] == '%' && k + 2 < text.size() &&
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

std::shared_ptr<const Source> ModelFile::source() const {
  return source_of(file);
}

void ModelFile::settle() {
  if (file.empty()) return;
  file = encoded_path(decoded_path(file));
  const std::string now = source()->digest;
  if (!digest.empty() && digest != now)
    throw InputError(decoded_path(file), fmt::format("is another file: {}, not {}", now, digest),
                     "without digest=");
  digest = now;
}

namespace {

void take_dims(Binding& b, const std::string& dim) {
  for (const Entry& e : entries_of("dim", dim)) {
    std::int64_t v = 0;
    const auto [end, fault] = std::from_chars(e.value.data(), e.value.data() + e.value.size(), v);
    if (fault != std::errc{} || end != e.value.data() + e.value.size() || v < 1)
      throw InputError("dim", fmt::format("{}:{} is no extent", e.name, e.value), "as batch:8");
    b.dims[e.name] = v;
  }
}

}  // namespace

std::vector<std::string> ModelFile::padding_notes() const {
  Binding b;
  take_dims(b, dim);
  return round_up(b, buckets);
}

Binding ModelFile::binding(std::int64_t batch) const {
  Binding b;
  for (const Entry& e : entries_of("shape", shape)) b.shapes[e.name] = extents(e.value);
  take_dims(b, dim);
  round_up(b, buckets);
  const std::shared_ptr<const Source> read = source();
  const Source& s = *read;
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
    b.inputs[e.name] = one_number(*at, v);
  }
  for (const Entry& e : entries_of("buckets", buckets))
    for (const model::Declared& d : s.graph->inputs)
      if (b.shapes.count(d.name) != 0 &&
          std::ranges::find(d.dims, e.name, &model::Dimension::symbol) != d.dims.end())
        throw InputError("buckets", fmt::format("shape says what '{}' of '{}' is", e.name, d.name),
                         fmt::format("without shape={}:...", encoded_path(d.name)));
  hold_items(b, s, batch);
  return b;
}

std::shared_ptr<const Model> ModelFile::bound(std::int64_t batch) const {
  const std::string key =
      fmt::format("{} {} {} {} {} {} {}", file, digest, shape, dim, buckets, given, batch);
  return models().get(key, [&] { return model::bind(*source(), binding(batch)); });
}

void ModelFile::check(const Request& r, const std::string&) const {
  bound(r.batch);
}

std::string ModelFile::label() const {
  return source()->name;
}

double ModelFile::parameters() const {
  return source()->parameters;
}

Job ModelFile::job(const Request& r, const JobFor& target) const {
  const auto m = bound(r.batch);
  std::vector<std::string> notes = padding_notes();
  notes.insert(notes.end(), m->notes.begin(), m->notes.end());
  if (!target.programs) {
    if (!without.empty())
      throw InputError("without", "leaves operators out of the accelerator's graph alone",
                       "unit=ane");
    WorkList all;
    const double activation = bytes_of(r.formats.activations), weight = bytes_of(r.formats.weights);
    for (const model::BoundNode& n : m->nodes)
      if (!n.op->cost.free) all.push_back(model::work_of(*n.op, m->use(n), activation, weight));
    if (all.empty())
      throw InputError(label(), "computes nothing: all its outputs are constants or views");
    return {.stages = {{.work = std::move(all)}}, .notes = std::move(notes)};
  }
  const Numbers numbers = numbers_of(r.formats, target.machine);
  model::Mapped mapped = model::map_model(
      *m,
      {.machine = target.machine, .weights = numbers.weights, .values = target.seed.has_value()});
  if (numbers.int8_activations)
    mapped.graph = statically_quantised(
        mapped.graph, numbers.codes, {},
        [&](const std::string& layer) { return names_layer(r.formats.fp16_layers, layer); });
  std::set<std::string> gone;  // names of nodes that are left out
  if (!without.empty()) {
    for (const Node& n : mapped.graph.nodes) gone.insert(n.name);
    mapped.graph = left_out(std::move(mapped.graph), target.machine, without);
    for (const Node& n : mapped.graph.nodes) gone.erase(n.name);
  }
  Stage stage{.work = std::move(mapped.graph)};
  if (r.conditions.placement == Placing::coreml) {
    mil::Program program = mil::program_of(*m);
    std::erase_if(program.ops, [&](const mil::Op& op) {
      return std::ranges::any_of(op.names, [&](const std::string& n) { return gone.contains(n); });
    });
    stage.program = std::make_shared<const mil::Program>(std::move(program));
  }
  Job job{.notes = std::move(notes)};
  job.stages.push_back(std::move(stage));
  return job;
}

namespace kind {
extern const Kind model;
constinit const Kind model =
    kind_of<ModelFile>("model", "an ONNX file", "item",
                       takes_weights | takes_activations | takes_batch | takes_state | takes_host);
}  // namespace kind

}  // namespace ane::workloads
