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

Dtype dtype_of(int code, const std::string& place) {
  if (const auto type = model::dtype_of_code(code)) return *type;
  throw InputError(place,
                   code == wire::TensorProto::STRING
                       ? "holds strings, which are not read"
                       : fmt::format("holds elements of type {}, which "
                                     "is not read",
                                     code),
                   "float32, float16, bfloat16, float64, bool, and 8 to 64-bit integers");
}

// FNV-1a, 64 bits, eight bytes at a time, behind what was digested before.
std::uint64_t digest_from(std::uint64_t before, const std::string& bytes) {
  std::uint64_t h = before ^ 14695981039346656037ull;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    h = (h ^ word) * 1099511628211ull;
    h ^= h >> 32;
  }
  for (; at < bytes.size(); ++at)
    h = (h ^ static_cast<unsigned char>(bytes[at])) * 1099511628211ull;
  return h;
}

class Reader {
 public:
  Reader(std::string place, std::string folder)
      : place_(std::move(place)), folder_(std::move(folder)) {}

  model::Source source(wire::ModelProto& m) {
    model::Source s;
    const std::string file = place_.substr(place_.rfind('/') + 1);
    s.name = file.substr(0, file.rfind('.'));
    if (m.ir_version() < least_ir || m.ir_version() > most_ir)
      throw InputError(
          place_,
          fmt::format("is of version {} of the format (IR), which is not read", m.ir_version()),
          fmt::format("{} to {}", least_ir, most_ir));
    if (!m.has_graph()) throw InputError(place_, "holds no graph");
    s.versions = versions_of(m.opset_import());
    for (wire::FunctionProto& f : *m.mutable_functions()) {
      const model::FunctionName name{domain_of(f.domain()), f.name(), overload(f)};
      if (!s.functions.emplace(name, function(f, s.versions)).second)
        throw InputError(place_, fmt::format("has two functions '{}'", shown(f.name())));
    }
    s.graph = graph(*m.mutable_graph(), s.versions);
    s.parameters = parameters_;
    return s;
  }
  // Of the data in other files, as far as there are any.
  std::uint64_t external_digest() const { return external_digest_; }

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
  std::map<std::string, int> versions_of(const List& imports) const {
    std::map<std::string, int> versions;
    for (const auto& i : imports) {
      const std::string domain = domain_of(i.domain());
      if (domain.empty() && (i.version() < 1 || i.version() > most_opset))
        throw InputError(
            place_,
            fmt::format("imports version {} of the operators, which is not known", i.version()),
            fmt::format("1 to {}", most_opset));
      versions[domain] = static_cast<int>(std::clamp<std::int64_t>(i.version(), 0, 1000));
    }
    return versions;
  }

  // Fields that came after the messages of Debian's library [onnx.proto of ONNX 1.16].
  static constexpr int function_defaults = 11, function_overload = 13, node_overload = 8;
  template <class Message, class Take>
  static void each_later(const Message& m, int field, Take take) {
    const google::protobuf::UnknownFieldSet& all = m.unknown_fields();
    for (int k = 0; k < all.field_count(); ++k)
      if (const auto& f = all.field(k);
          f.number() == field && f.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
        take(f.length_delimited());
  }
  static std::string overload(const wire::FunctionProto& f) {
    std::string name;
    each_later(f, function_overload, [&](const std::string& s) { name = s; });
    return name;
  }

  model::Function function(wire::FunctionProto& f, const std::map<std::string, int>& outer) {
    model::Function out;
    out.inputs.assign(f.input().begin(), f.input().end());
    out.outputs.assign(f.output().begin(), f.output().end());
    out.attributes.insert(f.attribute().begin(), f.attribute().end());
    std::map<std::string, int> versions = versions_of(f.opset_import());
    versions.insert(outer.begin(), outer.end());
    each_later(f, function_defaults, [&](const std::string& bytes) {
      wire::AttributeProto a;
      if (!parse(a, bytes))
        throw InputError(place_, fmt::format("function '{}' has a default that is no attribute",
                                             shown(f.name())));
      out.attributes.insert(a.name());
      out.defaults[a.name()] = attribute(a, versions);
    });
    auto body = std::make_shared<model::Graph>();
    body->name = f.name();
    for (wire::NodeProto& n : *f.mutable_node()) body->nodes.push_back(node(n, versions));
    out.body = std::move(body);
    return out;
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
    if (at == files_.end()) {
      at = files_.emplace(file.string(), fs::file_size(file, none)).first;
      external_size_ += at->second;
    }
    if (offset > at->second || size > at->second - offset)
      throw InputError(where,
                       fmt::format("its data are {} bytes from byte {} of '{}', which has {}", size,
                                   offset, shown(location), at->second));
    // Tensors may share their bytes, but a small file does not unfold to a large model.
    external_taken_ += size;
    if (external_taken_ > 2 * external_size_)
      throw InputError(where, "tensors take the same bytes of a file again and again");
    std::string bytes = read_range(file.string(), offset, size);
    external_digest_ = digest_from(external_digest_, bytes);
    return bytes;
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
    if (version == versions.end())
      throw InputError(place_, fmt::format("node '{}' ({}) is of the operators '{}', of which the "
                                           "file imports no version",
                                           shown(n.name()), shown(n.op_type()),
                                           out.domain.empty() ? "ai.onnx" : shown(out.domain)));
    out.version = version->second;
    out.name = n.name();
    each_later(n, node_overload, [&](const std::string& s) { out.overload = s; });
    out.inputs.assign(n.input().begin(), n.input().end());
    out.outputs.assign(n.output().begin(), n.output().end());
    for (wire::AttributeProto& a : *n.mutable_attribute())
      if (!out.attributes.emplace(a.name(), attribute(a, versions)).second)
        throw InputError(place_, fmt::format("node '{}' ({}) has two attributes '{}'",
                                             shown(n.name()), shown(n.op_type()), shown(a.name())));
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
    d.typed = t.elem_type() != 0;
    if (d.typed) d.dtype = dtype_of(t.elem_type(), place_ + ": " + shown(v.name()));
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
    for (wire::TensorProto& t : *g.mutable_initializer())
      if (!out->constants.emplace(t.name(), tensor(t)).second)
        throw InputError(place_, fmt::format("has two constants '{}'", shown(t.name())));
    for (wire::NodeProto& n : *g.mutable_node()) out->nodes.push_back(node(n, versions));
    --depth_;
    return out;
  }

  std::string place_, folder_;
  std::map<std::string, std::uint64_t> files_;  // of external data: bytes
  std::uint64_t external_size_ = 0, external_taken_ = 0, external_digest_ = 0;
  double parameters_ = 0;
  int depth_ = 0;  // of graphs in each other
};

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
  s.digest = fmt::format("{:016x}", digest_from(reader.external_digest(), bytes));
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
