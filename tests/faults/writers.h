// The commands that write, each in a folder of its own, and what must hold of it whatever happened
// to them.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tests/faults/process.h"

namespace ane::faults {

struct Writer {
  std::string name;
  std::vector<std::string> arguments;
  std::vector<std::string> outputs{};  // files that are whole or as they were
  bool stores = false;                 // adds to runs.db
};

const std::vector<Writer>& writers();

// A folder with the inputs of all writers.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  Start start(const Writer& writer) const { return {writer.arguments, path_}; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  // Bytes of the outputs that are there.
  std::map<std::string, std::string> outputs(const Writer& writer) const;
  // As before any writer ran.
  void clear();
  // What a writer left beside its outputs.
  std::vector<std::string> left_behind() const;
  // Empty where the store opens, holds together and gives back every run whole, or is absent.
  std::string fault_of_store() const;
  std::size_t runs() const;

 private:
  std::string path_;
};

// What each output is allowed to hold: what was there before, or what the writer makes undisturbed.
// Empty, or which of them is neither.
std::string fault_of_outputs(const std::map<std::string, std::string>& before,
                             const std::map<std::string, std::string>& whole,
                             const std::map<std::string, std::string>& now);

}  // namespace ane::faults
