#include "workloads/files/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <unordered_map>

#include "isa/error.h"
#include "workloads/files/describe.h"

namespace ane::workloads {
namespace {

// Callables, each built by this file itself.
constexpr std::array<std::string_view, 5> callables{
    "collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_parameter", "torch.Size"};

bool callable(std::string_view name) {
  return std::find(callables.begin(), callables.end(), name) != callables.end();
}

// A value takes some 80 bytes here but as little as one in the file; the largest checkpoints have
// some ten thousand tensors of twenty values each.
constexpr std::size_t most_values = 1'000'000;
// What is copied for each use of a value that the file holds once.
constexpr std::size_t most_extents = 64;  // PyTorch's own limit of dimensions
constexpr std::size_t most_arguments = 16;
constexpr std::size_t longest_storage_key = 256;

constexpr PickleId mark = 0xFFFFFFFF;

class Interpreter {
 public:
  Interpreter(std::string_view bytes, const std::string& place, std::size_t start)
      : bytes_(bytes), place_(place), at_(start) {}

  Pickle run() {
    for (;;) {
      opcode_at_ = at_;
      const auto op = static_cast<unsigned char>(take(1)[0]);
      if (op == '.') {
        out_.root = pop();
        if (!stack_.empty()) fail("values are left over at its end");
        out_.end = at_;
        return std::move(out_);
      }
      step(op);
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& note = "") const {
    throw InputError(place_, fmt::format("pickle, byte {}: {}", opcode_at_, what), note);
  }
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) fail("truncated");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  template <class T>
  T number() {
    T v;
    std::memcpy(&v, take(sizeof(T)).data(), sizeof(T));
    return v;
  }
  std::string line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("truncated");
    std::string text(bytes_.substr(at_, end - at_));
    at_ = end + 1;
    return text;
  }

  void push(PickleValue v) {
    if (out_.pool.size() == most_values) fail(fmt::format("more than {} values", most_values));
    out_.pool.push_back(std::move(v));
    push_id(static_cast<PickleId>(out_.pool.size() - 1));
  }
  void push_id(PickleId id) {
    if (stack_.size() == most_values)
      fail(fmt::format("more than {} values on its stack", most_values));
    stack_.push_back(id);
  }
  PickleId pop() {
    if (stack_.empty() || stack_.back() == mark) fail("nothing on its stack");
    const PickleId id = stack_.back();
    stack_.pop_back();
    return id;
  }
  PickleId top() {
    if (stack_.empty() || stack_.back() == mark) fail("nothing on its stack");
    return stack_.back();
  }
  std::vector<PickleId> pop_to_mark() {
    const auto found = std::find(stack_.rbegin(), stack_.rend(), mark);
    if (found == stack_.rend()) fail("no mark on its stack");
    std::vector<PickleId> items(found.base(), stack_.end());
    stack_.erase(found.base() - 1, stack_.end());
    return items;
  }
  template <class T>
  const T& as(PickleId id, const char* what) const {
    const T* v = std::get_if<T>(&out_.pool[id]);
    if (!v) fail(fmt::format("expected {}", what));
    return *v;
  }
  std::vector<std::int64_t> integers(PickleId id) const {
    std::vector<std::int64_t> out;
    const auto& items = as<PickleSequence>(id, "a tuple of integers").items;
    if (items.size() > most_extents)
      fail(fmt::format("a tensor of {} dimensions (limit {})", items.size(), most_extents));
    for (const PickleId item : items) out.push_back(as<std::int64_t>(item, "an integer"));
    return out;
  }
  std::vector<PickleId> arguments(PickleId id, const char* what) const {
    const auto& items = as<PickleSequence>(id, what).items;
    if (items.size() > most_arguments)
      fail(fmt::format("{} of {} (limit {})", what, items.size(), most_arguments));
    return items;
  }

  void push_tuple(std::size_t count) {
    PickleSequence t{true, std::vector<PickleId>(count)};
    while (count-- > 0) t.items[count] = pop();
    push(std::move(t));
  }
  void push_global(std::string name) {
    if (!callable(name) && !element_type_of_storage(name))
      fail(fmt::format("refused: it names '{}', which is neither a tensor nor a plain container",
                       shown(name)),
           "only checkpoints of tensors, numbers, texts, lists and dictionaries are read, and "
           "nothing in them is ever run; save the state_dict instead of the module");
    push(PickleGlobal{std::move(name)});
  }
  void append(PickleId list, std::span<const PickleId> items) {
    as<PickleSequence>(list, "a list");
    auto& s = std::get<PickleSequence>(out_.pool[list]);
    if (s.tuple) fail("appends to a tuple");
    s.items.insert(s.items.end(), items.begin(), items.end());
  }
  void set_items(PickleId dict, std::span<const PickleId> items) {
    as<PickleDict>(dict, "a dictionary");
    if (items.size() % 2) fail("a key without a value");
    auto& d = std::get<PickleDict>(out_.pool[dict]);
    for (std::size_t i = 0; i < items.size(); i += 2) d.items.emplace_back(items[i], items[i + 1]);
  }

  // persistent_load of torch.save: ('storage', type, key, location, elements[, view]).
  void push_storage() {
    const auto tuple = arguments(pop(), "a storage tuple");
    if (tuple.size() < 5 || as<std::string>(tuple[0], "'storage'") != "storage")
      fail("a persistent object that is no storage");
    const std::string& name = as<PickleGlobal>(tuple[1], "a storage type").name;
    const ElementType* type = element_type_of_storage(name);
    if (!type) fail(fmt::format("'{}' is no storage type", name));
    const std::string& key = as<std::string>(tuple[2], "a storage key");
    if (key.size() > longest_storage_key)
      fail(fmt::format("a storage key of {} bytes (limit {})", key.size(), longest_storage_key));
    const auto elements = as<std::int64_t>(tuple[4], "an element count");
    // The upper limit keeps elements * 8 bytes far from wrapping round.
    if (elements < 0 || elements > std::int64_t{1} << 40)
      fail(fmt::format("a storage of {} elements", elements));
    if (tuple.size() > 5 && !std::holds_alternative<std::monostate>(out_.pool[tuple[5]]))
      fail("a storage that is a view of another cannot be read");
    push(PickleStorage{type, key, elements});
  }

  void reduce() {
    const PickleId id = pop();
    const std::string name = as<PickleGlobal>(pop(), "a known callable").name;
    const std::vector<PickleId> given = arguments(id, "a tuple of arguments");
    if (name == "collections.OrderedDict") {
      if (!given.empty()) fail("an OrderedDict with arguments cannot be read");
      push(PickleDict{});
    } else if (name == "torch.Size") {
      if (given.size() != 1) fail("a Size without extents");
      push_id(given[0]);
    } else if (name == "torch._utils._rebuild_parameter") {
      if (given.empty()) fail("a parameter without a tensor");
      as<PickleTensor>(given[0], "a tensor");
      push_id(given[0]);
    } else if (name.starts_with("torch._utils._rebuild_tensor")) {
      if (given.size() < 4) fail("a tensor without storage, offset, size or strides");
      as<PickleStorage>(given[0], "a storage");
      push(PickleTensor{given[0], as<std::int64_t>(given[1], "an offset"), integers(given[2]),
                        integers(given[3])});
    } else {
      fail(fmt::format("'{}' cannot be called", name));
    }
  }

  // A state on a dictionary: state_dict's _metadata, of no meaning here.
  void build() {
    pop();
    as<PickleDict>(top(), "a dictionary before BUILD");
  }

  void long_integer(std::size_t count) {
    const std::string_view digits = take(count);
    if (count > 16) fail("an integer of more than 128 bits");
    // A longer one stays text: the only such number in these files is the older format's magic.
    if (count > 8) {
      std::string text = "long:";
      bool leading = true;
      for (std::size_t i = count; i-- > 0;) {
        const auto byte = static_cast<unsigned char>(digits[i]);
        if (leading && byte == 0) continue;
        text += fmt::format("{:02x}", byte);
        leading = false;
      }
      push(std::move(text));
      return;
    }
    std::uint64_t v = 0;
    for (std::size_t i = count; i-- > 0;) v = v << 8 | static_cast<unsigned char>(digits[i]);
    const bool negative = count > 0 && static_cast<unsigned char>(digits[count - 1]) >= 128;
    if (negative && count < 8) v |= ~std::uint64_t{0} << (8 * count);
    push(static_cast<std::int64_t>(v));
  }

  void memoize(std::uint64_t slot) {
    memo_[slot] = top();
    if (memo_.size() > most_values) fail(fmt::format("more than {} values kept", most_values));
  }
  void recall(std::uint64_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) fail(fmt::format("nothing was stored as {}", slot));
    push_id(found->second);
  }

  void step(unsigned char op);

  std::string_view bytes_;
  const std::string& place_;
  std::size_t at_ = 0, opcode_at_ = 0;
  Pickle out_;
  std::vector<PickleId> stack_;
  std::unordered_map<std::uint64_t, PickleId> memo_;
};

std::string_view opcode_name(unsigned char op) {
  constexpr std::pair<unsigned char, std::string_view> names[]{
      {'i', "INST"},       {'o', "OBJ"},         {0x81, "NEWOBJ"},      {0x92, "NEWOBJ_EX"},
      {0x82, "EXT1"},      {0x83, "EXT2"},       {0x84, "EXT4"},        {'P', "PERSID"},
      {'I', "INT"},        {'L', "LONG"},        {'F', "FLOAT"},        {'S', "STRING"},
      {'V', "UNICODE"},    {'p', "PUT"},         {'g', "GET"},          {'l', "LIST"},
      {'d', "DICT"},       {0x8b, "LONG4"},      {0x8f, "EMPTY_SET"},   {0x90, "ADDITEMS"},
      {0x91, "FROZENSET"}, {0x96, "BYTEARRAY8"}, {0x97, "NEXT_BUFFER"}, {0x98, "READONLY_BUFFER"}};
  for (const auto& [code, name] : names)
    if (code == op) return name;
  return "an unknown opcode";
}

void Interpreter::step(unsigned char op) {
  switch (op) {
    case 0x80:  // PROTO
      if (const auto version = number<std::uint8_t>(); version < 2 || version > 5)
        fail(fmt::format("protocol {} cannot be read (2 to 5 can)", version));
      return;
    case 0x95:
      take(8);
      return;  // FRAME
    case '(':
      push_id(mark);
      return;  // MARK
    case '0':
      pop();
      return;  // POP
    case '1':
      pop_to_mark();
      return;  // POP_MARK
    case '2':
      push_id(top());
      return;  // DUP
    case 'N':
      push(std::monostate{});
      return;  // NONE
    case 0x88:
      push(true);
      return;  // NEWTRUE
    case 0x89:
      push(false);
      return;  // NEWFALSE
    case 'J':
      push(std::int64_t{number<std::int32_t>()});
      return;  // BININT
    case 'K':
      push(std::int64_t{number<std::uint8_t>()});
      return;  // BININT1
    case 'M':
      push(std::int64_t{number<std::uint16_t>()});
      return;  // BININT2
    case 0x8a:
      long_integer(number<std::uint8_t>());
      return;    // LONG1
    case 'G': {  // BINFLOAT, big-endian
      auto bits = number<std::uint64_t>();
      bits = __builtin_bswap64(bits);
      push(std::bit_cast<double>(bits));
      return;
    }
    case 'X':
    case 'T':
    case 'B':  // BINUNICODE, BINSTRING, BINBYTES
      push(std::string(take(number<std::uint32_t>())));
      return;
    case 0x8c:
    case 'U':
    case 'C':  // SHORT_BINUNICODE, SHORT_BINSTRING, SHORT_BINBYTES
      push(std::string(take(number<std::uint8_t>())));
      return;
    case 0x8d:
    case 0x8e:  // BINUNICODE8, BINBYTES8
      push(std::string(take(number<std::uint64_t>())));
      return;
    case ')':
      push(PickleSequence{true, {}});
      return;  // EMPTY_TUPLE
    case 't':
      push(PickleSequence{true, pop_to_mark()});
      return;  // TUPLE
    case 0x85:
    case 0x86:
    case 0x87:
      push_tuple(op - 0x84u);
      return;  // TUPLE1..3
    case ']':
      push(PickleSequence{});
      return;    // EMPTY_LIST
    case 'a': {  // APPEND
      const PickleId item = pop();
      append(top(), {&item, 1});
      return;
    }
    case 'e': {  // APPENDS
      const auto items = pop_to_mark();
      append(top(), items);
      return;
    }
    case '}':
      push(PickleDict{});
      return;    // EMPTY_DICT
    case 's': {  // SETITEM
      const PickleId value = pop(), key = pop();
      set_items(top(), std::array{key, value});
      return;
    }
    case 'u': {  // SETITEMS
      const auto items = pop_to_mark();
      set_items(top(), items);
      return;
    }
    case 'q':
      memoize(number<std::uint8_t>());
      return;  // BINPUT
    case 'r':
      memoize(number<std::uint32_t>());
      return;  // LONG_BINPUT
    case 0x94:
      memoize(memo_.size());
      return;  // MEMOIZE
    case 'h':
      recall(number<std::uint8_t>());
      return;  // BINGET
    case 'j':
      recall(number<std::uint32_t>());
      return;    // LONG_BINGET
    case 'c': {  // GLOBAL
      const std::string module = line();
      push_global(module + "." + line());
      return;
    }
    case 0x93: {  // STACK_GLOBAL
      const PickleId name = pop(), module = pop();
      push_global(as<std::string>(module, "a module's name") + "." +
                  as<std::string>(name, "a name"));
      return;
    }
    case 'Q':
      push_storage();
      return;  // BINPERSID
    case 'R':
      reduce();
      return;  // REDUCE
    case 'b':
      build();
      return;  // BUILD
    default:
      fail(fmt::format("refused: opcode 0x{:02x} ({})", op, opcode_name(op)),
           "only what a checkpoint of plain tensors needs is read");
  }
}

}  // namespace

Pickle read_pickle(std::string_view bytes, const std::string& place, std::size_t start) {
  return Interpreter(bytes, place, start).run();
}

}  // namespace ane::workloads
