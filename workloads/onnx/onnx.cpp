#include "workloads/onnx/onnx.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "isa/error.h"
#include "isa/file.h"
#include "workloads/files/describe.h"

namespace ane::workloads::onnx {
namespace {

namespace wire = ::onnx;
using model::Attribute;
using model::Dtype;
using model::Packed;
using model::Shape;

// What a file may nest: protobuf's own limit is 100.
constexpr int most_nested = 100;
constexpr std::uint64_t most_bytes = (std::uint64_t{1} << 31) - 1;  // of one message

template <class Message>
bool parse(Message& message, const std::string& bytes) {
  google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetRecursionLimit(most_nested);
  return message.ParseFromCodedStream(&coded) && coded.ConsumedEntireMessage();
}

struct WireType {
  int code;
  Dtype type;
};
constexpr WireType wire_types[] = {
    {wire::TensorProto::FLOAT, Dtype::f32},    {wire::TensorProto::UINT8, Dtype::u8},
    {wire::TensorProto::INT8, Dtype::i8},      {wire::TensorProto::UINT16, Dtype::u16},
    {wire::TensorProto::INT16, Dtype::i16},    {wire::TensorProto::INT32, Dtype::i32},
    {wire::TensorProto::INT64, Dtype::i64},    {wire::TensorProto::BOOL, Dtype::boolean},
    {wire::TensorProto::FLOAT16, Dtype::f16},  {wire::TensorProto::DOUBLE, Dtype::f64},
    {wire::TensorProto::UINT32, Dtype::u32},   {wire::TensorProto::UINT64, Dtype::u64},
    {wire::TensorProto::BFLOAT16, Dtype::bf16}};

Dtype dtype_of(int code, const std::string& place) {
  for (const WireType& w : wire_types)
    if (w.code == code) return w.type;
  throw InputError(place,
                   code == wire::TensorProto::STRING
                       ? "holds strings, which are not read"
                       : fmt::format("holds elements of type {}, which "
                                     "is not read",
                                     code),
                   "float32, float16, bfloat16, float64, bool, and 8 to 64-bit integers");
}

class Reader {
 public:
  Reader(std::string place, std::string folder)
      : place_(std::move(place)), folder_(std::move(folder)) {}

  model::Source source(wire::ModelProto& m) {
    model::Source s;
    const std::string file = place_.substr(place_.rfind('/') + 1);
    s.name = file.substr(0, file.rfind('.'));
    if (!m.has_graph()) throw InputError(place_, "holds no graph");
    s.versions = versions_of(m.opset_import());
    for (wire::FunctionProto& f : *m.mutable_functions()) {
      model::Function function;
      function.inputs.assign(f.input().begin(), f.input().end());
      function.outputs.assign(f.output().begin(), f.output().end());
      auto body = std::make_shared<model::Graph>();
      body->name = f.name();
      std::map<std::string, int> versions = versions_of(f.opset_import());
      versions.insert(s.versions.begin(), s.versions.end());
      for (wire::NodeProto& n : *f.mutable_node()) body->nodes.push_back(node(n, versions));
      function.body = std::move(body);
      s.functions[{domain_of(f.domain()), f.name()}] = std::move(function);
    }
    s.graph = graph(*m.mutable_graph(), s.versions);
    s.parameters = parameters_;
    return s;
  }

  std::shared_ptr<Packed> tensor(wire::TensorProto& t) {
    const std::string where = place_ + (t.name().empty() ? "" : ": " + shown(t.name()));
    auto p = std::make_shared<Packed>();
    p->type.dtype = dtype_of(t.data_type(), where);
    for (const std::int64_t extent : t.dims()) p->type.shape.push_back(extent);
    const std::int64_t count = model::checked_elements(p->type.shape, where);
    if (t.has_segment()) throw InputError(where, "a tensor in segments is not read");
    const auto size = static_cast<std::uint64_t>(count) *
                      static_cast<std::uint64_t>(model::info(p->type.dtype).bytes);
    if (t.data_location() == wire::TensorProto::EXTERNAL)
      p->bytes = external(t, where, size);
    else if (t.has_raw_data())
      p->bytes = std::move(*t.mutable_raw_data());
    else
      p->bytes = typed(t, p->type.dtype);
    if (p->bytes.size() != size)
      throw InputError(where, fmt::format("{} bytes for {}, which takes {}", p->bytes.size(),
                                          model::to_string(p->type), size));
    if (model::is_real(p->type.dtype)) parameters_ += static_cast<double>(count);
    return p;
  }

 private:
  static std::string domain_of(const std::string& domain) {
    return domain == "ai.onnx" ? "" : domain;
  }

  template <class List>
  static std::map<std::string, int> versions_of(const List& imports) {
    std::map<std::string, int> versions;
    for (const auto& i : imports)
      versions[domain_of(i.domain())] =
          static_cast<int>(std::clamp<std::int64_t>(i.version(), 0, 1000));
    return versions;
  }

  template <class From, class Wire>
  static void put(const Wire& list, std::string& bytes) {
    bytes.resize(static_cast<std::size_t>(list.size()) * sizeof(From));
    std::size_t at = 0;
    for (const auto v : list) {
      const auto value = static_cast<From>(v);
      std::memcpy(bytes.data() + at, &value, sizeof(From));
      at += sizeof(From);
    }
  }

  static std::string typed(const wire::TensorProto& t, Dtype type) {
    std::string bytes;
    switch (type) {
      case Dtype::f32:
        put<float>(t.float_data(), bytes);
        break;
      case Dtype::f64:
        put<double>(t.double_data(), bytes);
        break;
      case Dtype::i64:
        put<std::int64_t>(t.int64_data(), bytes);
        break;
      case Dtype::u64:
        put<std::uint64_t>(t.uint64_data(), bytes);
        break;
      case Dtype::u32:
        put<std::uint32_t>(t.uint64_data(), bytes);
        break;
      case Dtype::i32:
        put<std::int32_t>(t.int32_data(), bytes);
        break;
      case Dtype::i16:
      case Dtype::u16:
      case Dtype::f16:
      case Dtype::bf16:
        put<std::uint16_t>(t.int32_data(), bytes);
        break;
      default:
        put<std::uint8_t>(t.int32_data(), bytes);
    }
    return bytes;
  }

  // Beside the file, or below its folder; never elsewhere.
  std::string external(const wire::TensorProto& t, const std::string& where, std::uint64_t size) {
    namespace fs = std::filesystem;
    std::string location;
    std::uint64_t offset = 0;
    for (const auto& e : t.external_data()) {
      if (e.key() == "location") location = e.value();
      if (e.key() == "offset" || e.key() == "length") {
        std::uint64_t number = 0;
        const auto [end, fault] =
            std::from_chars(e.value().data(), e.value().data() + e.value().size(), number);
        if (fault != std::errc{} || end != e.value().data() + e.value().size())
          throw InputError(where,
                           fmt::format("external data with {} '{}'", e.key(), shown(e.value())));
        if (e.key() == "offset") offset = number;
        if (e.key() == "length" && number != size)
          throw InputError(
              where, fmt::format("external data of {} bytes for a tensor of {}", number, size));
      }
    }
    if (folder_.empty() || location.empty())
      throw InputError(where, "its data lie in another file, which is not named");
    std::error_code none;
    const fs::path folder = fs::weakly_canonical(folder_, none);
    const fs::path file = fs::weakly_canonical(folder / location, none);
    const auto inside =
        std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
    if (fs::path(location).is_absolute() || !inside || !fs::is_regular_file(file, none))
      throw InputError(where, fmt::format("its data would lie in '{}'", shown(location)),
                       "a file in the folder of the model");
    auto at = files_.find(file.string());
    if (at == files_.end())
      at = files_.emplace(file.string(), read_file(file.string(), std::uint64_t{64} << 30)).first;
    const std::string& all = at->second;
    if (offset > all.size() || size > all.size() - offset)
      throw InputError(where, fmt::format("its data end at byte {} of '{}', which has {}",
                                          offset + size, shown(location), all.size()));
    return all.substr(offset, size);
  }

  Attribute attribute(wire::AttributeProto& a, const std::map<std::string, int>& versions) {
    Attribute out;
    using Is = Attribute::Is;
    out.of_function = a.ref_attr_name();
    if (a.has_t()) {
      out.is = Is::tensor;
      // A constant of strings may be there for nobody: it is refused where it is used.
      if (a.t().data_type() != wire::TensorProto::STRING)
        out.tensor = std::make_shared<model::Array>(model::unpack(*tensor(*a.mutable_t())));
    } else if (a.has_g()) {
      out.is = Is::graph;
      out.graph = graph(*a.mutable_g(), versions);
    } else if (a.ints_size() > 0 || a.type() == wire::AttributeProto::INTS) {
      out.is = Is::integers;
      out.integers.assign(a.ints().begin(), a.ints().end());
    } else if (a.floats_size() > 0 || a.type() == wire::AttributeProto::FLOATS) {
      out.is = Is::reals;
      out.reals.assign(a.floats().begin(), a.floats().end());
    } else if (a.strings_size() > 0 || a.type() == wire::AttributeProto::STRINGS) {
      out.is = Is::texts;
      out.texts.assign(a.strings().begin(), a.strings().end());
    } else if (a.has_i()) {
      out.is = Is::integer;
      out.integer = a.i();
    } else if (a.has_f()) {
      out.is = Is::real;
      out.real = a.f();
    } else if (a.has_s()) {
      out.is = Is::text;
      out.text = a.s();
    } else if (a.type() == wire::AttributeProto::INT) {  // defaults of proto 3 are left out
      out.is = Is::integer;
    } else if (a.type() == wire::AttributeProto::FLOAT) {
      out.is = Is::real;
    } else if (a.type() == wire::AttributeProto::STRING) {
      out.is = Is::text;
    }
    return out;
  }

  model::Node node(wire::NodeProto& n, const std::map<std::string, int>& versions) {
    model::Node out;
    out.op = n.op_type();
    out.domain = domain_of(n.domain());
    const auto version = versions.find(out.domain);
    out.version = version == versions.end() ? 1 : version->second;
    out.name = n.name();
    out.inputs.assign(n.input().begin(), n.input().end());
    out.outputs.assign(n.output().begin(), n.output().end());
    for (wire::AttributeProto& a : *n.mutable_attribute())
      out.attributes[a.name()] = attribute(a, versions);
    return out;
  }

  model::Declared declared(const wire::ValueInfoProto& v) const {
    model::Declared d;
    d.name = v.name();
    // Outputs of inner graphs often say nothing.
    if (!v.has_type()) return d;
    if (!v.type().has_tensor_type() && depth_ > 1) return d;  // of a branch that may not be taken
    if (!v.type().has_tensor_type())
      throw InputError(place_ + ": " + shown(v.name()),
                       "is a sequence, a map or an optional, which are not read",
                       "a model whose inputs and outputs are tensors");
    const auto& t = v.type().tensor_type();
    if (t.elem_type() != 0) d.dtype = dtype_of(t.elem_type(), place_ + ": " + shown(v.name()));
    d.shaped = t.has_shape();
    for (const auto& x : t.shape().dim()) {
      model::Dimension dim;
      if (x.has_dim_value() && x.dim_value() >= 0) dim.extent = x.dim_value();
      if (x.has_dim_value() && x.dim_value() < 0) dim.extent = -1;
      if (x.has_dim_param()) dim.symbol = x.dim_param();
      d.dims.push_back(std::move(dim));
    }
    return d;
  }

  std::shared_ptr<const model::Graph> graph(wire::GraphProto& g,
                                            const std::map<std::string, int>& versions) {
    auto out = std::make_shared<model::Graph>();
    out->name = g.name();
    ++depth_;
    if (g.sparse_initializer_size() > 0)
      throw InputError(place_, "sparse constants are not read", "dense ones");
    for (const auto& v : g.input()) out->inputs.push_back(declared(v));
    for (const auto& v : g.output()) out->outputs.push_back(declared(v));
    for (wire::TensorProto& t : *g.mutable_initializer()) out->constants[t.name()] = tensor(t);
    for (wire::NodeProto& n : *g.mutable_node()) out->nodes.push_back(node(n, versions));
    --depth_;
    return out;
  }

  std::string place_, folder_;
  std::map<std::string, std::string> files_;
  double parameters_ = 0;
  int depth_ = 0;  // of graphs in each other
};

std::string digest_of(const std::string& bytes) {
  std::uint64_t h = 14695981039346656037ull;  // FNV-1a, 64 bits, eight bytes at a time
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    h = (h ^ word) * 1099511628211ull;
    h ^= h >> 32;
  }
  for (; at < bytes.size(); ++at)
    h = (h ^ static_cast<unsigned char>(bytes[at])) * 1099511628211ull;
  return fmt::format("{:016x}", h);
}

}  // namespace

model::Source parse_onnx(const std::string& bytes, const std::string& place,
                         const std::string& folder) {
  if (bytes.size() > most_bytes)
    throw InputError(place, "is larger than 2 GiB",
                     "large weights lie in a file beside it (external data)");
  wire::ModelProto m;
  if (!parse(m, bytes)) {
    const FileKind kind = kind_of(bytes);
    throw InputError(place, fmt::format("is no ONNX model, or only a part of one: {}", kind.what),
                     std::string(kind.note));
  }
  Reader reader(place, folder);
  model::Source s = reader.source(m);
  s.digest = digest_of(bytes);
  return s;
}

model::Source read_onnx(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return parse_onnx(read_file(path, most_bytes), path, folder.empty() ? "." : folder);
}

model::Data parse_tensor(const std::string& bytes, const std::string& place) {
  wire::TensorProto t;
  if (!parse(t, bytes)) throw InputError(place, "is no tensor of ONNX");
  return std::make_shared<model::Array>(model::unpack(*Reader(place, "").tensor(t)));
}

}  // namespace ane::workloads::onnx
