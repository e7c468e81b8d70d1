#include "workloads/files/checkpoint.h"

#include <fmt/format.h>

#include <bit>
#include <functional>
#include <limits>
#include <utility>

#include "workloads/files/archive.h"
#include "workloads/files/pickle.h"

namespace ane::workloads {
namespace {

using isa::Format;

struct ElementType {
  std::string_view storage;
  std::size_t bytes;
  Format format;
};
constexpr ElementType element_types[]{
    {"torch.FloatStorage", 4, Format::fp32},  {"torch.HalfStorage", 2, Format::fp16},
    {"torch.DoubleStorage", 8, Format::fp32}, {"torch.BFloat16Storage", 2, Format::fp32},
    {"torch.LongStorage", 8, Format::i32},    {"torch.IntStorage", 4, Format::i32},
    {"torch.ShortStorage", 2, Format::i32},   {"torch.CharStorage", 1, Format::i8},
    {"torch.ByteStorage", 1, Format::u8},     {"torch.BoolStorage", 1, Format::u8}};

const ElementType& type_of(const std::string& storage) {
  for (const ElementType& t : element_types)
    if (t.storage == storage) return t;
  ANE_CHECK(false, "a storage that the pickle reader lets through but nobody reads");
}

constexpr std::uint64_t most_bytes = std::uint64_t{8} << 30;

using ReadStorage = std::function<const std::string&(const PickleStorage&)>;

template <class To, class From, class Convert>
void gather(const std::string& from, std::span<To> to, const std::vector<std::int64_t>& at,
            Convert convert) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    From v;
    std::memcpy(&v, from.data() + static_cast<std::size_t>(at[i]) * sizeof(From), sizeof(From));
    to[i] = convert(v);
  }
}

class Flattener {
 public:
  Flattener(const Pickle& pickle, const std::string& place, const ReadStorage& read)
      : pickle_(pickle), place_(place), read_(read) {}

  Checkpoint run() {
    visit(pickle_.root, "", 0);
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& what) const {
    throw InputError(place_, fmt::format("'{}': {}", path, what));
  }

  void visit(PickleId id, const std::string& path, int depth) {
    // A hostile file can share a child so often that its tree is exponential, or contain itself.
    if (depth > 32) fail(path, "nested more than 32 deep");
    if (++visited_ > 1'000'000) fail(path, "more than a million values");
    const PickleValue& value = pickle_.value(id);
    const auto below = [&](const std::string& key) {
      return path.empty() ? key : path + "." + key;
    };
    if (const auto* dict = std::get_if<PickleDict>(&value)) {
      for (const auto& [key, item] : dict->items)
        visit(item, below(key_text(key, path)), depth + 1);
    } else if (const auto* list = std::get_if<PickleSequence>(&value)) {
      for (std::size_t i = 0; i < list->items.size(); ++i)
        visit(list->items[i], below(std::to_string(i)), depth + 1);
    } else if (const auto* tensor = std::get_if<PickleTensor>(&value)) {
      out_.tensors.emplace_back(path, load(*tensor, path));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      out_.texts[path] = *text;
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      out_.numbers[path] = static_cast<double>(*integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      out_.numbers[path] = *real;
    } else if (const auto* truth = std::get_if<bool>(&value)) {
      out_.numbers[path] = *truth ? 1 : 0;
    } else if (!std::holds_alternative<std::monostate>(value)) {
      fail(path, "neither a tensor nor a plain value");
    }
  }

  std::string key_text(PickleId id, const std::string& path) const {
    const PickleValue& key = pickle_.value(id);
    if (const auto* text = std::get_if<std::string>(&key)) return *text;
    if (const auto* integer = std::get_if<std::int64_t>(&key)) return std::to_string(*integer);
    fail(path, "a key that is neither text nor integer");
  }

  // Where each element lies in its storage, checked against the storage's size.
  std::vector<std::int64_t> positions(const PickleTensor& t, std::int64_t stored,
                                      const std::string& path) const {
    if (t.shape.size() != t.strides.size()) fail(path, "sizes and strides differ in number");
    std::int64_t count = 1, last = t.offset;
    for (std::size_t d = 0; d < t.shape.size(); ++d) {
      if (t.shape[d] < 0 || t.strides[d] < 0) fail(path, "negative size or stride");
      if (t.shape[d] == 0) return {};
    }
    for (std::size_t d = 0; d < t.shape.size(); ++d) {
      std::int64_t reach = 0;
      if (__builtin_mul_overflow(count, t.shape[d], &count) ||
          __builtin_mul_overflow(t.shape[d] - 1, t.strides[d], &reach) ||
          __builtin_add_overflow(last, reach, &last))
        fail(path, "its size overflows");
    }
    if (t.offset < 0 || last >= stored)
      fail(path, fmt::format("reaches element {} of a storage of {}", last, stored));
    if (count > stored)
      fail(path,
           fmt::format("has {} elements on a storage of {} (an expanded view)", count, stored));
    std::vector<std::int64_t> at(static_cast<std::size_t>(count));
    std::vector<std::int64_t> index(t.shape.size(), 0);
    std::int64_t position = t.offset;
    for (std::int64_t& a : at) {
      a = position;
      for (std::size_t d = t.shape.size(); d-- > 0;) {
        position += t.strides[d];
        if (++index[d] < t.shape[d]) break;
        position -= index[d] * t.strides[d];
        index[d] = 0;
      }
    }
    return at;
  }

  kernels::Tensor load(const PickleTensor& t, const std::string& path) {
    const auto& storage = std::get<PickleStorage>(pickle_.value(t.storage));
    const ElementType& type = type_of(storage.type);
    const auto at = positions(t, storage.elements, path);
    kernels::Tensor out;
    out.format = type.format;
    out.shape = t.shape;
    out.bytes.resize(at.size() * static_cast<std::size_t>(isa::byte_size(type.format)));
    // Many tensors over one small storage must not fill the memory.
    loaded_ += out.bytes.size();
    if (loaded_ > most_bytes) fail(path, fmt::format("more than {} bytes of tensors", most_bytes));
    if (at.empty()) return out;
    const std::string& from = read_(storage);
    const auto same = [](auto v) { return v; };
    const auto to_i32 = [&](std::int64_t v) {
      if (!std::in_range<std::int32_t>(v)) fail(path, fmt::format("{} is no 32-bit integer", v));
      return static_cast<std::int32_t>(v);
    };
    if (type.format == Format::fp16) {
      gather<std::uint16_t, std::uint16_t>(from, out.as<std::uint16_t>(), at, same);
    } else if (type.bytes == 1) {
      gather<std::uint8_t, std::uint8_t>(from, out.as<std::uint8_t>(), at, same);
    } else if (type.format == Format::i32) {
      const auto to = out.as<std::int32_t>();
      if (type.bytes == 2) gather<std::int32_t, std::int16_t>(from, to, at, to_i32);
      if (type.bytes == 4) gather<std::int32_t, std::int32_t>(from, to, at, to_i32);
      if (type.bytes == 8) gather<std::int32_t, std::int64_t>(from, to, at, to_i32);
    } else {
      const auto to = out.as<float>();
      if (type.bytes == 2)
        gather<float, std::uint16_t>(from, to, at, [](std::uint16_t v) {
          return std::bit_cast<float>(static_cast<std::uint32_t>(v) << 16);
        });
      if (type.bytes == 4) gather<float, float>(from, to, at, same);
      if (type.bytes == 8)
        gather<float, double>(from, to, at, [](double v) { return static_cast<float>(v); });
    }
    return out;
  }

  const Pickle& pickle_;
  const std::string& place_;
  const ReadStorage& read_;
  Checkpoint out_;
  int visited_ = 0;
  std::uint64_t loaded_ = 0;
};

std::string text_of(const PickleValue& v) {
  const auto* text = std::get_if<std::string>(&v);
  return text ? *text : std::string();
}

Checkpoint parse_zip(std::string bytes, const std::string& place) {
  const Archive archive(std::move(bytes), place);
  std::string folder;
  bool found = false;
  for (const std::string& name : archive.names())
    if (name == "data.pkl" || name.ends_with("/data.pkl")) {
      if (found) throw InputError(place, "two data.pkl in one archive");
      folder = name.substr(0, name.size() - 8), found = true;
    }
  if (!found)
    throw InputError(place, "a zip archive without data.pkl is no PyTorch checkpoint",
                     archive.has("constants.pkl") ? "TorchScript modules cannot be read" : "");
  if (archive.has(folder + "constants.pkl"))
    throw InputError(place, "a TorchScript module, not a checkpoint",
                     "save the state_dict with torch.save");
  if (archive.has(folder + "byteorder") && archive.read(folder + "byteorder") != "little")
    throw InputError(place, "big-endian checkpoint cannot be read");
  const std::string where = place + ":" + folder + "data.pkl";
  const Pickle pickle = read_pickle(archive.read(folder + "data.pkl"), where);
  std::map<std::string, std::string> loaded;
  const ReadStorage read = [&](const PickleStorage& s) -> const std::string& {
    const auto [entry, fresh] = loaded.try_emplace(s.key);
    if (fresh) entry->second = archive.read(folder + "data/" + s.key);
    const std::uint64_t need = static_cast<std::uint64_t>(s.elements) * type_of(s.type).bytes;
    if (entry->second.size() != need)
      throw InputError(place, fmt::format("storage {} needs {} bytes, the archive holds {}", s.key,
                                          need, entry->second.size()));
    return entry->second;
  };
  return Flattener(pickle, where, read).run();
}

// Pickles in a row: magic number, protocol version, machine's sizes, the object, the storages'
// keys; then each storage as a 64-bit element count and its elements.
Checkpoint parse_legacy(const std::string& bytes, const std::string& place) {
  const Pickle magic = read_pickle(bytes, place);
  if (text_of(magic.value(magic.root)) != "long:1950a86a20f9469cfc6c")
    throw InputError(place, "a pickle, but no PyTorch checkpoint",
                     "it must be a file that torch.save wrote");
  const Pickle version = read_pickle(bytes, place, magic.end);
  if (const auto* v = std::get_if<std::int64_t>(&version.value(version.root)); !v || *v != 1001)
    throw InputError(place, "an unknown version of the older checkpoint format");
  const Pickle machine = read_pickle(bytes, place, version.end);
  const Pickle object = read_pickle(bytes, place, machine.end);
  const Pickle keys = read_pickle(bytes, place, object.end);
  const auto* list = std::get_if<PickleSequence>(&keys.value(keys.root));
  if (!list) throw InputError(place, "the list of storages is missing");
  std::map<std::string, std::size_t> bytes_per_element;
  for (const PickleValue& v : object.pool)
    if (const auto* s = std::get_if<PickleStorage>(&v))
      bytes_per_element[s->key] = type_of(s->type).bytes;
  std::map<std::string, std::string> storages;
  std::size_t at = keys.end;
  for (const PickleId id : list->items) {
    const std::string key = text_of(keys.value(id));
    if (!bytes_per_element.contains(key))
      throw InputError(place, fmt::format("storage '{}' belongs to no tensor", key));
    std::int64_t count = 0;
    if (bytes.size() - at < 8) throw InputError(place, "truncated in its storages");
    std::memcpy(&count, bytes.data() + at, 8);
    at += 8;
    const std::size_t size = bytes_per_element.at(key);
    if (count < 0 || static_cast<std::uint64_t>(count) > (bytes.size() - at) / size)
      throw InputError(place, fmt::format("storage '{}' is truncated", key));
    storages[key] = bytes.substr(at, static_cast<std::size_t>(count) * size);
    at += static_cast<std::size_t>(count) * size;
  }
  const ReadStorage read = [&](const PickleStorage& s) -> const std::string& {
    const auto found = storages.find(s.key);
    if (found == storages.end() ||
        found->second.size() / type_of(s.type).bytes != static_cast<std::uint64_t>(s.elements))
      throw InputError(place, fmt::format("storage '{}' is missing or of another size", s.key));
    return found->second;
  };
  return Flattener(object, place, read).run();
}

}  // namespace

const kernels::Tensor* Checkpoint::find(const std::string& name) const {
  for (const auto& [n, tensor] : tensors)
    if (n == name) return &tensor;
  return nullptr;
}

Checkpoint parse_checkpoint(std::string bytes, const std::string& place) {
  if (is_zip(bytes)) return parse_zip(std::move(bytes), place);
  if (bytes.starts_with('\x80')) return parse_legacy(bytes, place);
  throw InputError(place, "no PyTorch checkpoint: neither a zip archive nor a pickle");
}

Checkpoint read_checkpoint(const std::string& path) {
  return parse_checkpoint(read_file(path), path);
}

}  // namespace ane::workloads
