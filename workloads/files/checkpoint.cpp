#include "workloads/files/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "workloads/files/archive.h"
#include "workloads/files/describe.h"
#include "workloads/files/pickle.h"

namespace ane::workloads {
namespace {

// What a file of any size may hold; the largest checkpoints of this field have some thousand
// tensors with names of less than 100 letters.
constexpr std::size_t longest_key = 1024;
constexpr std::size_t most_values = 100'000;
constexpr std::size_t most_text = std::size_t{16} << 20;  // of paths and texts, together
constexpr int deepest = 32;
// Tied weights share a storage; many tensors over a small one would fill the memory.
constexpr std::int64_t most_shares = 8;

// The bytes of a storage, exactly as many as its elements take.
using ReadStorage = std::function<const std::string&(const PickleStorage&)>;

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
    throw InputError(place_, path.empty() ? what : fmt::format("'{}': {}", shown(path), what));
  }

  void visit(PickleId id, const std::string& path, int depth) {
    // A hostile file can share a child so often that its tree is exponential, or contain itself.
    if (depth > deepest) fail(path, fmt::format("nested more than {} deep", deepest));
    if (++visited_ > most_values) fail(path, fmt::format("more than {} values", most_values));
    add_text(path, path);
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
      add_text(path, *text);
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

  void add_text(const std::string& path, const std::string& text) {
    text_ += text.size();
    if (text_ > most_text)
      fail(path, fmt::format("more than {} bytes of paths and texts", most_text));
  }

  std::string key_text(PickleId id, const std::string& path) const {
    const PickleValue& key = pickle_.value(id);
    if (const auto* text = std::get_if<std::string>(&key)) {
      if (text->size() > longest_key)
        fail(path, fmt::format("a key of {} bytes (limit {})", text->size(), longest_key));
      return *text;
    }
    if (const auto* integer = std::get_if<std::int64_t>(&key)) return std::to_string(*integer);
    fail(path, "a key that is neither text nor integer");
  }

  // The number of elements, each of them within the elements that the storage claims.
  std::int64_t checked_count(const PickleTensor& t, std::int64_t stored,
                             const std::string& path) const {
    if (t.shape.size() != t.strides.size()) fail(path, "sizes and strides differ in number");
    std::int64_t count = 1, last = t.offset;
    bool empty = false;
    for (std::size_t d = 0; d < t.shape.size(); ++d) {
      if (t.shape[d] < 0 || t.strides[d] < 0) fail(path, "negative size or stride");
      std::int64_t reach = 0;
      empty |= t.shape[d] == 0;
      const std::int64_t extent = std::max<std::int64_t>(t.shape[d], 1);
      if (__builtin_mul_overflow(count, extent, &count) ||
          __builtin_mul_overflow(extent - 1, t.strides[d], &reach) ||
          __builtin_add_overflow(last, reach, &last))
        fail(path, "its size overflows");
    }
    if (empty) return 0;
    if (t.offset < 0 || last >= stored)
      fail(path, fmt::format("reaches element {} of a storage of {}", last, stored));
    if (count > stored)
      fail(path,
           fmt::format("has {} elements on a storage of {} (an expanded view)", count, stored));
    return count;
  }

  // The elements in row-major order, as many bytes each as in the storage.
  static std::string packed(const PickleTensor& t, std::int64_t count, std::size_t bytes,
                            const std::string& from) {
    std::string out(static_cast<std::size_t>(count) * bytes, '\0');
    std::vector<std::int64_t> index(t.shape.size(), 0);
    std::int64_t position = t.offset;
    for (std::size_t i = 0; i < out.size(); i += bytes) {
      std::memcpy(out.data() + i, from.data() + static_cast<std::size_t>(position) * bytes, bytes);
      for (std::size_t d = t.shape.size(); d-- > 0;) {
        position += t.strides[d];
        if (++index[d] < t.shape[d]) break;
        position -= index[d] * t.strides[d];
        index[d] = 0;
      }
    }
    return out;
  }

  static bool contiguous(const PickleTensor& t) {
    std::int64_t step = 1;
    for (std::size_t d = t.shape.size(); d-- > 0; step *= t.shape[d])
      if (t.shape[d] > 1 && t.strides[d] != step) return false;
    return true;
  }

  // Nothing is allocated before the storage is known to hold what the tensor claims.
  kernels::Tensor load(const PickleTensor& t, const std::string& path) {
    const auto& storage = std::get<PickleStorage>(pickle_.value(t.storage));
    const std::int64_t count = checked_count(t, storage.elements, path);
    const std::string place = fmt::format("{}: '{}'", place_, shown(path));
    if (count == 0) return tensor_of(*storage.type, {}, t.shape, place);
    const std::string& from = read_(storage);
    std::int64_t& used = used_[storage.key];
    used += count;
    if (used > most_shares * storage.elements)
      fail(path, fmt::format("tensors on storage {} have more than {} times its {} elements",
                             storage.key, most_shares, storage.elements));
    const std::size_t bytes = storage.type->bytes;
    if (contiguous(t))
      return tensor_of(*storage.type,
                       std::string_view(from).substr(static_cast<std::size_t>(t.offset) * bytes,
                                                     static_cast<std::size_t>(count) * bytes),
                       t.shape, place);
    return tensor_of(*storage.type, packed(t, count, bytes, from), t.shape, place);
  }

  const Pickle& pickle_;
  const std::string& place_;
  const ReadStorage& read_;
  Checkpoint out_;
  std::size_t visited_ = 0, text_ = 0;
  std::map<std::string, std::int64_t> used_;  // elements of tensors, by the storage's key
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
  if (!found) {
    std::string note;
    for (const std::string& name : archive.names())
      if (name.ends_with(".pt") || name.ends_with(".pth") || name.ends_with(".ckpt"))
        note = fmt::format("it holds '{}': unpack it first", shown(name));
    throw InputError(place, "a zip archive without data.pkl is no PyTorch checkpoint", note);
  }
  if (archive.has(folder + "constants.pkl"))
    throw InputError(place, "a TorchScript module, not a checkpoint",
                     "save the state_dict with torch.save");
  if (archive.has(folder + "byteorder") && archive.read(folder + "byteorder") != "little")
    throw InputError(place, "big-endian checkpoint cannot be read");
  const std::string where = place + ":" + folder + "data.pkl";
  const Pickle pickle = read_pickle(archive.read(folder + "data.pkl"), where);
  std::map<std::string, std::string> loaded;
  const ReadStorage read = [&](const PickleStorage& s) -> const std::string& {
    const std::string name = folder + "data/" + s.key;
    const std::uint64_t need = static_cast<std::uint64_t>(s.elements) * s.type->bytes;
    if (const std::uint64_t has = archive.size(name); has != need)
      throw InputError(place, fmt::format("storage {} needs {} bytes, the archive holds {}",
                                          shown(s.key), need, has));
    const auto [entry, fresh] = loaded.try_emplace(s.key);
    if (fresh) entry->second = archive.read(name);
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
    if (const auto* s = std::get_if<PickleStorage>(&v)) bytes_per_element[s->key] = s->type->bytes;
  std::map<std::string, std::string> storages;
  std::size_t at = keys.end;
  for (const PickleId id : list->items) {
    const std::string key = text_of(keys.value(id));
    if (!bytes_per_element.contains(key))
      throw InputError(place, fmt::format("storage '{}' belongs to no tensor", shown(key)));
    std::int64_t count = 0;
    if (bytes.size() - at < 8) throw InputError(place, "truncated in its storages");
    std::memcpy(&count, bytes.data() + at, 8);
    at += 8;
    const std::size_t size = bytes_per_element.at(key);
    if (count < 0 || static_cast<std::uint64_t>(count) > (bytes.size() - at) / size)
      throw InputError(place, fmt::format("storage '{}' is truncated", shown(key)));
    storages[key] = bytes.substr(at, static_cast<std::size_t>(count) * size);
    at += static_cast<std::size_t>(count) * size;
  }
  const ReadStorage read = [&](const PickleStorage& s) -> const std::string& {
    const auto found = storages.find(s.key);
    if (found == storages.end() ||
        found->second.size() != static_cast<std::uint64_t>(s.elements) * s.type->bytes)
      throw InputError(place,
                       fmt::format("storage '{}' is missing or of another size", shown(s.key)));
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
  const FileKind kind = kind_of(bytes);
  throw InputError(
      place,
      fmt::format("no PyTorch checkpoint (neither a zip archive nor a pickle): {}", kind.what),
      std::string(kind.note));
}

Checkpoint read_checkpoint(const std::string& path) {
  return parse_checkpoint(read_file(path), path);
}

}  // namespace ane::workloads
