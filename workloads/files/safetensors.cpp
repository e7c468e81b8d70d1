#include "workloads/files/safetensors.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <system_error>
#include <vector>

#include "isa/error.h"

namespace ane::workloads {
namespace {

using nlohmann::json;
constexpr std::uint64_t largest_header = 100'000'000;  // the limit of the reference implementation

struct Type {
  std::string_view name;
  isa::Format format;
};
constexpr std::array types{Type{"F32", isa::Format::fp32}, Type{"F16", isa::Format::fp16},
                           Type{"I32", isa::Format::i32}, Type{"I8", isa::Format::i8},
                           Type{"U8", isa::Format::u8}};

isa::Format format_of(const std::string& name, const std::string& place) {
  std::string known;
  for (const Type& t : types) {
    if (t.name == name) return t.format;
    known += fmt::format("{}{}", known.empty() ? "one of: " : ", ", t.name);
  }
  throw InputError(place, fmt::format("element type '{}' is not read", name), known);
}

std::string_view name_of(isa::Format format) {
  for (const Type& t : types)
    if (t.format == format) return t.name;
  ANE_CHECK(false, "a format of the table");
}

// Parses with the one check that a JSON library leaves out: no key twice in one object.
json parse_header(std::string_view text, const std::string& place) {
  std::vector<std::set<std::string>> keys;
  std::string twice;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      twice = value.get<std::string>();
    return true;
  };
  try {
    json header = json::parse(text, watch);
    if (!header.is_object()) throw InputError(place, "the header is no JSON object");
    if (!twice.empty()) throw InputError(place, fmt::format("'{}' stands twice", twice));
    return header;
  } catch (const json::exception& e) {
    throw InputError(place, fmt::format("the header is no JSON: {}", e.what()));
  }
}

// A whole number of at least 0.
std::int64_t whole(const json& value, const std::string& place, const char* what) {
  if (!value.is_number_unsigned() ||
      value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
    throw InputError(place,
                     fmt::format("{} is no whole number of at least 0: {}", what, value.dump()));
  return value.get<std::int64_t>();
}

struct Entry {
  std::string name;
  isa::Format format = isa::Format::fp32;
  kernels::Shape shape;
  std::int64_t begin = 0, end = 0;
};

Entry parse_entry(const std::string& name, const json& value, const std::string& file) {
  const std::string place = fmt::format("{}: tensor '{}'", file, name);
  if (!value.is_object()) throw InputError(place, "is no JSON object");
  for (const auto& [key, unused] : value.items())
    if (key != "dtype" && key != "shape" && key != "data_offsets")
      throw InputError(place, fmt::format("unknown key '{}'", key),
                       "one of: dtype, shape, data_offsets");
  for (const char* key : {"dtype", "shape", "data_offsets"})
    if (!value.contains(key)) throw InputError(place, fmt::format("has no '{}'", key));
  if (!value["dtype"].is_string()) throw InputError(place, "'dtype' is no string");
  if (!value["shape"].is_array()) throw InputError(place, "'shape' is no list");
  const json& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2)
    throw InputError(place, "'data_offsets' is no list of two");

  Entry e{.name = name, .format = format_of(value["dtype"].get<std::string>(), place), .shape = {}};
  std::int64_t bytes = isa::byte_size(e.format);
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
                           kernels::to_string(e.shape), name_of(e.format), bytes));
  return e;
}

}  // namespace

Safetensors parse_safetensors(const std::string& bytes, const std::string& place) {
  if (bytes.size() < 8)
    throw InputError(place, "is no safetensors file: shorter than its header length");
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  if (length > largest_header || length > bytes.size() - 8)
    throw InputError(place,
                     fmt::format("is no safetensors file or is cut off: a header of {} bytes "
                                 "in a file of {}",
                                 length, bytes.size()));
  const std::string_view text(bytes.data() + 8, static_cast<std::size_t>(length));
  if (!text.starts_with('{')) throw InputError(place, "the header does not start with '{'");
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
        throw InputError(place, fmt::format("metadata '{}' is no string", key));
      out.metadata[key] = word.get<std::string>();
    }
  }
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
  std::int64_t at = 0;
  const auto data = static_cast<std::int64_t>(bytes.size() - 8 - length);
  for (const Entry& e : entries) {
    if (e.begin != at)
      throw InputError(fmt::format("{}: tensor '{}'", place, e.name),
                       fmt::format("starts at byte {} of the data, {} expected: tensors {}",
                                   e.begin, at, e.begin > at ? "leave a gap" : "overlap"));
    if (e.end > data)
      throw InputError(fmt::format("{}: tensor '{}'", place, e.name),
                       fmt::format("ends at byte {} of {}: the file is cut off", e.end, data));
    kernels::Tensor tensor(e.format, e.shape);
    if (e.end > e.begin)
      std::memcpy(tensor.bytes.data(), bytes.data() + 8 + length + e.begin,
                  static_cast<std::size_t>(e.end - e.begin));
    out.tensors[e.name] = std::move(tensor);
    at = e.end;
  }
  if (at != data)
    throw InputError(place, fmt::format("{} bytes behind the last tensor", data - at));
  return out;
}

Safetensors read_safetensors(const std::string& path) {
  if (std::filesystem::is_directory(path)) throw InputError(path, "is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw InputError(path,
                     fmt::format("cannot be opened: {}", std::generic_category().message(errno)));
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) throw InputError(path, "cannot be read");
  return parse_safetensors(bytes, path);
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

namespace {

// Where the bytes go: a device or a pipe takes them as they come; a file is replaced as a whole,
// the target of a link and not the link.
struct Destination {
  std::filesystem::path path;
  bool replaced = true;
};

[[noreturn]] void cannot_be_written(const std::string& path, int error) {
  throw InputError(path,
                   fmt::format("cannot be written: {}", std::generic_category().message(error)));
}

Destination destination_of(const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty()) throw InputError("", "no name is given for the file to write");
  std::error_code none;
  const fs::file_status status = fs::status(path, none);
  if (fs::is_directory(status)) cannot_be_written(path, EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) return {path, false};
  fs::path target = path;
  for (int links = 0; links < 40 && fs::is_symlink(target, none); ++links)
    target = target.parent_path() / fs::read_symlink(target, none);
  return {target, true};
}

// A new file beside the destination, under a name that nobody has.
std::FILE* open_part(const std::string& path, const Destination& to, std::string& part) {
  for (int n = 1;; ++n) {
    part = to.path.string() + (n == 1 ? ".part" : fmt::format(".part{}", n));
    std::FILE* file = std::fopen(part.c_str(), "wbx");
    if (file != nullptr) return file;
    if (errno != EEXIST || n == 100) cannot_be_written(path, errno);
  }
}

}  // namespace

void check_writable(const std::string& path) {
  const Destination to = destination_of(path);
  if (!to.replaced) {
    if (::access(path.c_str(), W_OK) != 0) cannot_be_written(path, errno);
    return;
  }
  std::string part;
  std::fclose(open_part(path, to, part));
  std::remove(part.c_str());
}

void write_safetensors(const Safetensors& contents, const std::string& path) {
  const std::string bytes = safetensors_bytes(contents);
  const Destination to = destination_of(path);
  std::string part;
  std::FILE* file = to.replaced ? open_part(path, to, part) : std::fopen(path.c_str(), "wb");
  if (file == nullptr) cannot_be_written(path, errno);
  int error = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() ? 0 : errno;
  if (std::fclose(file) != 0 && error == 0) error = errno;
  if (error == 0 && to.replaced && std::rename(part.c_str(), to.path.c_str()) != 0) error = errno;
  if (error == 0) return;
  if (to.replaced) std::remove(part.c_str());
  cannot_be_written(path, error);
}

}  // namespace ane::workloads
