// kind=llm: a decoder-only language model, a prompt (prefill) or the tokens of an answer (decode).
#pragma once
#include "workloads/networks/networks.h"
#include "workloads/request/kind.h"

namespace ane::workloads {

struct LlmWork : Work {
  std::string name_;
  std::int64_t params = 0, layers = 0, hidden = 0, ffn = 0, heads = 0, kv_heads = 0, vocab = 0;
  std::int64_t head_dim = 0;  // 0: hidden / heads
  std::int64_t experts = 0, experts_used = 0, window = 0, full_every = 0, logits = 0;
  std::optional<bool> tied_embeddings, gated;
  Phase phase = Phase::decode;
  std::int64_t tokens = 1, context = 0, capacity = 0;
  std::int64_t call_tokens = 0, calls = 0, dispatches = 0, positions = 0, cpu_ops = 0;
  std::int64_t weight_bytes = 0, bytes = 0;
  KeyValueState state = KeyValueState::device;

  static constexpr Key keys[] = {
      needed<&LlmWork::name_>("name", "llama-2-7b, ..., or any with its shape"),
      key<&LlmWork::params>("params", "parameters as the source counts them"),
      key<&LlmWork::layers>("layers", "blocks", 1, 1e4),
      key<&LlmWork::hidden>("hidden", "width", 1, 1e7),
      key<&LlmWork::ffn>("ffn", "width of the feed-forward", 1, 1e7),
      key<&LlmWork::heads>("heads", "of queries", 1, 1e5),
      key<&LlmWork::kv_heads>("kv_heads", "of keys and values", 1, 1e5),
      key<&LlmWork::head_dim>("head_dim", "width of a head", 1, 1e6),
      key<&LlmWork::vocab>("vocab", "entries of the vocabulary", 1, 1e9),
      key<&LlmWork::tied_embeddings>("tied_embeddings", "one matrix at both ends"),
      key<&LlmWork::gated>("gated", "feed-forward of three matrices, else of two"),
      key<&LlmWork::experts>("experts", "feed-forwards of a block", 1, 1e5),
      key<&LlmWork::experts_used>("experts_used", "of them, each token", 1, 1e5),
      key<&LlmWork::window>("window", "keys that a layer of local attention sees", 1, 1e8),
      key<&LlmWork::full_every>("full_every", "one layer in so many attends to all keys", 1, 1e4),
      needed<&LlmWork::phase>("phase", "decode or prefill"),
      key<&LlmWork::tokens>("tokens", "of the call, or of the answer", 1, 1e7),
      key<&LlmWork::context>("context", "tokens before it", 0, 1e8),
      key<&LlmWork::capacity>("capacity", "keys that a program is compiled for", 0, 1e8),
      key<&LlmWork::call_tokens>("call_tokens", "tokens that one call takes", 0, 1e7),
      key<&LlmWork::calls>("calls", "programs of one pass", 0, 1e5),
      key<&LlmWork::dispatches>("dispatches", "calls of the engine of one pass", 0, 1e6),
      key<&LlmWork::positions>("positions", "that a program computes", 0, 1e7),
      key<&LlmWork::logits>("logits", "positions with logits; 1 unless said", 0, 1e7),
      key<&LlmWork::cpu_ops>("cpu_ops", "operators between programs left to the CPU", 0, 1e6),
      key<&LlmWork::weight_bytes>("weight_bytes",
                                  "read for each token, where the source states it"),
      // device: the program reads keys and values in place and writes this call's columns (Core ML
      // states of macOS 15). buffers: a whole cache is an input and an output of each call, of
      // which the host hands over only the buffer; host: and copies it.
      key<&LlmWork::state>("state", "where keys and values stay: device, buffers, host"),
      key<&LlmWork::bytes>("bytes", "that a bandwidth figure counts"),
  };

  static std::vector<Named> named();
  static std::optional<std::string> spelt(std::string_view name);
  static std::string usual(std::string_view said);

  // From the keys, else from the built-in table by name.
  LanguageModel shape() const;
  LanguageCallShape call(const Request& r) const;
  double cache_bytes(const LanguageModel& model, const Request& r) const;

  void settle() override;
  void check(const Request&, const std::string& place) const override;
  double nominal_flop(const Request& r) const override;
  double items(const Request& r) const override {
    return static_cast<double>(tokens) * static_cast<double>(r.batch);
  }
  double counted_bytes(const Request&) const override {
    return static_cast<double>(weight_bytes > 0 ? weight_bytes : bytes);
  }
  double parameters() const override;
  std::string label() const override { return name_; }
  Job job(const Request& r, const JobFor& target) const override;
};

}  // namespace ane::workloads
