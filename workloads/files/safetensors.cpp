#include "workloads/files/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <vector>

#include "isa/error.h"
#include "isa/file.h"
#include "workloads/files/archive.h"
#include "workloads/files/describe.h"
#include "workloads/files/elements.h"

namespace ane::workloads {
namespace {

using nlohmann::json;
constexpr std::uint64_t largest_header = 100'000'000;  // the limit of the reference implementation

constexpr int deepest = 8;  // tensors, their offsets: a header has three levels
constexpr std::size_t most_tensors = 100'000, longest_key = 1024, most_extents = 64;

const ElementType& type_named(const std::string& name, const std::string& place) {
  if (const ElementType* type = element_type_of_safetensors(name)) return *type;
  std::string known;
  for (const ElementType& t : element_types())
    known += fmt::format("{}{}", known.empty() ? "one of: " : ", ", t.safetensors);
  throw InputError(place, fmt::format("element type '{}' is not read", shown(name)), known);
}

std::string_view name_of(isa::Format format) {
  for (const ElementType& t : element_types())
    if (t.format == format) return t.safetensors;
  ANE_CHECK(false, "a format of the table");
}

[[noreturn]] void fail_as(const std::string& place, const std::string& what,
                          std::string_view bytes) {
  const FileKind kind = kind_of(bytes);
  throw InputError(place, fmt::format("{} ({})", what, kind.what), std::string(kind.note));
}

// The depth of the JSON text, told before anything is made of it: a value nested a million deep
// would overflow the stack where it is printed.
int depth_of(std::string_view text) {
  int depth = 0, most = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '[' || c == '{'))
      most = std::max(most, ++depth);
    else if (!quoted && (c == ']' || c == '}'))
      --depth;
  }
  return most;
}

// Parses with the one check that a JSON library leaves out: no key twice in one object.
json parse_header(std::string_view text, const std::string& place) {
  if (depth_of(text) > deepest)
    throw InputError(
        place,
        fmt::format("is no safetensors file: its JSON is nested more than {} deep", deepest));
  std::vector<std::set<std::string>> keys;
  std::string twice;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& key = value.get_ref<const std::string&>();
      if (key.size() > longest_key)
        throw InputError(place, fmt::format("a key of {} bytes in the header (limit {})",
                                            key.size(), longest_key));
      if (!keys.back().insert(key).second) twice = key;
      if (keys.back().size() > most_tensors)
        throw InputError(place, fmt::format("more than {} keys in the header", most_tensors));
    }
    return true;
  };
  try {
    json header = json::parse(text, watch);
    if (!header.is_object()) throw InputError(place, "the header is no JSON object");
    if (!twice.empty()) throw InputError(place, fmt::format("'{}' stands twice", shown(twice)));
    return header;
  } catch (const json::exception& e) {
    throw InputError(place, fmt::format("the header is no JSON: {}", shown(e.what(), 200)));
  }
}

// A whole number of at least 0.
std::int64_t whole(const json& value, const std::string& place, const char* what) {
  if (!value.is_number_unsigned() ||
      value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
    throw InputError(
        place, fmt::format("{} is no whole number of at least 0: {}", what, shown(value.dump())));
  return value.get<std::int64_t>();
}

struct Entry {
  std::string name;
  const ElementType* type = nullptr;
  kernels::Shape shape;
  std::int64_t begin = 0, end = 0;
};

Entry parse_entry(const std::string& name, const json& value, const std::string& file) {
  const std::string place = fmt::format("{}: tensor '{}'", file, shown(name));
  if (!value.is_object()) throw InputError(place, "is no JSON object");
  for (const auto& [key, unused] : value.items())
    if (key != "dtype" && key != "shape" && key != "data_offsets")
      throw InputError(place, fmt::format("unknown key '{}'", shown(key)),
                       "one of: dtype, shape, data_offsets");
  for (const char* key : {"dtype", "shape", "data_offsets"})
    if (!value.contains(key)) throw InputError(place, fmt::format("has no '{}'", key));
  if (!value["dtype"].is_string()) throw InputError(place, "'dtype' is no string");
  if (!value["shape"].is_array()) throw InputError(place, "'shape' is no list");
  const json& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2)
    throw InputError(place, "'data_offsets' is no list of two");

  if (value["shape"].size() > most_extents)
    throw InputError(place,
                     fmt::format("{} extents (limit {})", value["shape"].size(), most_extents));
  Entry e{.name = name, .type = &type_named(value["dtype"].get<std::string>(), place), .shape = {}};
  auto bytes = static_cast<std::int64_t>(e.type->bytes);
  for (const json& extent : value["shape"]) {
    e.shape.push_back(whole(extent, place, "an extent"));
    if (__builtin_mul_overflow(bytes, e.shape.back(), &bytes))
      throw InputError(place, "is larger than any file");
  }
  e.begin = whole(offsets[0], place, "an offset");
  e.end = whole(offsets[1], place, "an offset");
  if (e.end < e.begin || e.end - e.begin != bytes)
    throw InputError(
        place, fmt::format("offsets {} to {} do not hold shape {} of {} ({} bytes)", e.begin, e.end,
                           kernels::to_string(e.shape), e.type->safetensors, bytes));
  return e;
}

}  // namespace

Safetensors parse_safetensors(const std::string& bytes, const std::string& place) {
  if (bytes.size() < 8)
    fail_as(place, "is no safetensors file: shorter than its header length", bytes);
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  if (length > largest_header || length > bytes.size() - 8)
    fail_as(
        place,
        fmt::format("is no safetensors file or is cut off: a header of {} bytes in a file of {}",
                    length, bytes.size()),
        bytes);
  const std::string_view text(bytes.data() + 8, static_cast<std::size_t>(length));
  if (!text.starts_with('{')) fail_as(place, "the header does not start with '{'", bytes);
  const json header = parse_header(text, place);

  Safetensors out;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      entries.push_back(parse_entry(name, value, place));
      continue;
    }
    if (!value.is_object()) throw InputError(place, "'__metadata__' is no JSON object");
    for (const auto& [key, word] : value.items()) {
      if (!word.is_string())
        throw InputError(place, fmt::format("metadata '{}' is no string", shown(key)));
      out.metadata[key] = word.get<std::string>();
    }
  }
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
  std::int64_t at = 0;
  const auto data = static_cast<std::int64_t>(bytes.size() - 8 - length);
  for (const Entry& e : entries) {
    if (e.begin != at)
      throw InputError(fmt::format("{}: tensor '{}'", place, shown(e.name)),
                       fmt::format("starts at byte {} of the data, {} expected: tensors {}",
                                   e.begin, at, e.begin > at ? "leave a gap" : "overlap"));
    if (e.end > data)
      throw InputError(fmt::format("{}: tensor '{}'", place, shown(e.name)),
                       fmt::format("ends at byte {} of {}: the file is cut off", e.end, data));
    out.tensors[e.name] =
        tensor_of(*e.type,
                  std::string_view(bytes).substr(
                      static_cast<std::size_t>(8 + length) + static_cast<std::size_t>(e.begin),
                      static_cast<std::size_t>(e.end - e.begin)),
                  e.shape, fmt::format("{}: tensor '{}'", place, shown(e.name)));
    at = e.end;
  }
  if (at != data)
    throw InputError(place, fmt::format("{} bytes behind the last tensor", data - at));
  return out;
}

Safetensors read_safetensors(const std::string& path) {
  return parse_safetensors(read_file(path), path);
}

std::string safetensors_bytes(const Safetensors& contents) {
  json header = json::object();
  if (!contents.metadata.empty()) header["__metadata__"] = contents.metadata;
  std::size_t at = 0;
  for (const auto& [name, tensor] : contents.tensors) {
    header[name] = {{"dtype", name_of(tensor.format)},
                    {"shape", tensor.shape},
                    {"data_offsets", {at, at + tensor.bytes.size()}}};
    at += tensor.bytes.size();
  }
  // A file's name may be no UTF-8: its bytes are replaced, better than a model that is lost.
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // blanks behind the JSON are allowed
  std::string out;
  for (unsigned i = 0; i < 8; ++i) out += static_cast<char>(text.size() >> (8 * i) & 0xff);
  out += text;
  for (const auto& [name, tensor] : contents.tensors)
    out.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  return out;
}

void write_safetensors(const Safetensors& contents, const std::string& path) {
  write_file(path, safetensors_bytes(contents));
}

}  // namespace ane::workloads
