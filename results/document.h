// The JSON that every command prints is one object whose member "anesim" says what made it:
//   {"anesim": {"schema": 1, "version": "0.1.0+fb8031fca93e", "command": ["run", "mpnn"]}, ...}
// Its members are described by docs/schema/anesim-1.json: units are suffixes of names (_s, _j, _w,
// _bytes, _per_s), shares end in _share or are named so, what has no meaning is null.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

namespace ane::results {

inline constexpr int json_schema = 1;

// The program that runs and the words it was asked with, without its own name.
struct Program {
  std::string version{};
  std::vector<std::string> command{};
};
const Program& program();
// Once, before anything is printed or stored.
void set_program(Program program);

// Words as a shell takes them: "run 'kind=matmul m=1 n=1 k=1' --chip M4".
std::string shell_text(std::span<const std::string> words);

// The head and the members of `body`, an object, as text with a line feed. Bytes that are no UTF-8
// are replaced.
std::string document(const nlohmann::ordered_json& body);

// A list of `body` as CSV, by its JSON pointer ("/chips/0/parameters"): a column a member of its
// elements, in their order; empty for null, a list or an object as its JSON.
std::string document_csv(const nlohmann::ordered_json& body, const std::string& list);

// The same for a list that is too long to be kept: begin, then an element at a time.
class DocumentList {
 public:
  explicit DocumentList(std::string key) : key_(std::move(key)) {}
  std::string next(const nlohmann::ordered_json& element);  // what is to be printed now
  std::string end();

 private:
  std::string key_;
  bool begun_ = false;
};

}  // namespace ane::results
