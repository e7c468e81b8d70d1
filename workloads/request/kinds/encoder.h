// kind=encoder: a transformer encoder by name, in the size that the keys give.
#pragma once
#include "workloads/networks/networks.h"
#include "workloads/request/kind.h"

namespace ane::workloads {

struct EncoderWork : Work {
  std::string name_;
  std::int64_t tokens = 0, layers = 0, hidden = 0, ffn = 0, heads = 0, macs = 0;  // 0: its own

  static constexpr Key keys[] = {
      needed<&EncoderWork::name_>("name", "distilbert, bert-base, whisper-small, ..."),
      key<&EncoderWork::tokens>("tokens", "of one sequence", 1, 1e7),
      key<&EncoderWork::layers>("layers", "blocks", 1, 1e4),
      key<&EncoderWork::hidden>("hidden", "width", 1, 1e7),
      key<&EncoderWork::ffn>("ffn", "width of the feed-forward", 1, 1e7),
      key<&EncoderWork::heads>("heads", "of attention", 1, 1e5),
      key<&EncoderWork::macs>("macs", "multiply-accumulates as the source counts them"),
  };

  static std::vector<Named> named();
  static std::optional<std::string> spelt(std::string_view name);

  Encoder shape() const;
  void settle() override;
  double nominal_flop(const Request&) const override { return 2 * static_cast<double>(macs); }
  std::string label() const override { return name_; }
  Job job(const Request& r, const JobFor& target) const override;
};

}  // namespace ane::workloads
