// kind=model: an ONNX file, bound to shapes by the request's keys.
#pragma once
#include <memory>
#include <string>

#include "workloads/model/mapping.h"
#include "workloads/request/kind.h"

namespace ane::workloads {

struct ModelFile : Work {
  std::string file, digest, shape, dim, buckets, given, without;

  static constexpr Key keys[] = {
      needed<&ModelFile::file>("file", "the ONNX file; blanks, commas and % as %20, %2C, %25"),
      key<&ModelFile::digest>("digest", "of the file; another file of that name is an error"),
      key<&ModelFile::shape>("shape", "of inputs: x:1x3x224x224,y:1x4"),
      key<&ModelFile::dim>("dim", "open extents by name: height:224,width:224"),
      key<&ModelFile::buckets>(
          "buckets",
          "extents that programs are made for: an open extent of `dim` runs in "
          "the next one, seq:64/128/256"),
      key<&ModelFile::given>("given", "inputs of one number that are known: sr:16000"),
      key<&ModelFile::without>("without",
                               "a label of refusals: what bears it is left out of the "
                               "accelerator's graph, so that the difference is what it costs"),
  };

  void settle() override;
  void check(const Request& r, const std::string& place) const override;
  std::string label() const override;
  double parameters() const override;
  Job job(const Request& r, const JobFor& target) const override;

  // The file as it was read, once for all who ask. InputError as read_onnx has it.
  std::shared_ptr<const model::Source> source() const;
  // What `shape`, `dim`, `buckets`, `given` and the items of a call say of its inputs. InputError
  // for entries of another form, and for items that no input has.
  model::Binding binding(std::int64_t batch) const;
  // What `buckets` pads, a sentence each.
  std::vector<std::string> padding_notes() const;
  // Bound so, once for all who ask. InputError as bind has it.
  std::shared_ptr<const model::Model> bound(std::int64_t batch) const;
};

// The one number of an input, in its type and rank.
model::Data one_number(const model::Declared& input, double number);

// A path as the value of the key `file`, and back; also names of inputs and of open extents.
std::string encoded_path(const std::string& path);
std::string decoded_path(const std::string& text);

}  // namespace ane::workloads
