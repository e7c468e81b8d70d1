// Reads as the quality models see them: the first 150 bases and their Phred scores, one byte each,
// and of the bases behind this window what a rule counts. Encodings and models look at the window
// and nothing else; a rule judges the whole read, because a read passes or fails as a whole.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ane::workloads::readqc {

inline constexpr std::int64_t window = 150;  // bases; the read length of biometal's model

// Base codes. `unknown` is N, '.' and the IUPAC codes of more than one base; `padding` fills the
// window behind a short read.
inline constexpr std::uint8_t base_a = 0, base_c = 1, base_g = 2, base_t = 3, base_unknown = 4,
                              base_padding = 5;

// What rules and targets count in the bases behind the window; the model never sees them.
struct Counts {
  std::int64_t quality_sum = 0, below_q15 = 0;
  std::int64_t unknown = 0;    // N and its like
  std::int64_t known = 0;      // A, C, G, T
  std::int64_t gc = 0;         // G and C among them
  std::int64_t changes = 0;    // bases that differ from the one in front
  double expected_errors = 0;  // the sum of 10^(-Q/10), in read order
};
// Of bases [first, end) of a read; first >= 1.
Counts counts_behind(std::span<const std::uint8_t> bases, std::span<const std::uint8_t> qualities,
                     std::size_t first);

// One read of a batch; both spans have the read's length inside the window (0 to 150).
struct ReadView {
  std::span<const std::uint8_t> bases;      // base codes
  std::span<const std::uint8_t> qualities;  // Phred scores, 0 to 93
  std::int64_t length = 0;                  // of the whole read
  Counts tail = {};                         // of the bases behind the window
};

// A record as its file has it, for who writes reads again.
struct ReadText {
  std::string text;               // four lines, each with its line feed
  std::int32_t file = 0;          // of several
  std::string_view name() const;  // behind '@', up to the first blank
};

// Reads in columns: `window` bytes a read for bases and for qualities, padded.
struct ReadBatch {
  std::vector<std::uint8_t> bases, qualities;
  std::vector<std::int32_t> lengths;       // bases inside the window
  std::vector<std::int64_t> full_lengths;  // bases in the file
  std::vector<Counts> tails;               // of the bases behind the window
  std::vector<std::int64_t> records;       // record number in its file, from 1
  std::vector<ReadText> texts;             // of readers that keep them; else empty

  std::int64_t size() const { return static_cast<std::int64_t>(lengths.size()); }
  bool empty() const { return lengths.empty(); }
  ReadView operator[](std::int64_t i) const {
    const auto at = static_cast<std::size_t>(i);
    const auto start = at * static_cast<std::size_t>(window);
    const auto n = static_cast<std::size_t>(lengths[at]);
    return {{bases.data() + start, n}, {qualities.data() + start, n}, full_lengths[at], tails[at]};
  }

  void reserve(std::int64_t reads);
  // One whole read: base codes and Phred scores of one length, cut to the window or padded.
  void append(std::span<const std::uint8_t> read_bases,
              std::span<const std::uint8_t> read_qualities, std::int64_t record);
  void append(const ReadBatch& more);
  ReadBatch select(std::span<const std::int64_t> indices) const;
};

// Bases and Phred scores given directly, for tests and generated reads; bases by letter.
void append_read(ReadBatch& batch, std::string_view bases, std::span<const std::uint8_t> qualities);

// How reads fit into the window, for a word to the user.
struct WindowFit {
  std::int64_t reads = 0, longer = 0, shorter = 0;
  // Bases inside the window that the model saw in training; 0: not known.
  std::int64_t trained_shortest = 0, trained_longest = 0;
  std::int64_t outside = 0;  // reads of other lengths

  void add(const ReadBatch& batch);
  // "reads longer than 150 bases: 5 of 8; ..."; empty when there are none.
  std::string longer_remark() const;
  std::string shorter_remark() const;
  // "the model was trained on reads of 100 to 150 bases, and does not fit 12 of 20: ..."
  std::string outside_remark() const;
};

// A copy of every read of `shortest` bases and more, cut to a length between that and the least of
// `longest` and its own, all alike likely; what lies behind is gone, for rules as well. The records
// stay, so that a read and its copy are in one part. 1 <= shortest <= longest <= window.
ReadBatch cut_reads(const ReadBatch& reads, std::int64_t shortest, std::int64_t longest,
                    std::uint64_t seed);

// Which part of a data set a record belongs to: 70 % train, 15 % validation, 15 % test, by a hash
// of its number in its file. Both mates of a pair have the same number, hence the same part: no
// test read has its mate in the training set.
enum class Part : std::uint8_t { train, validation, test };
Part part_of(std::int64_t record);
std::vector<std::int64_t> indices_of(const ReadBatch& reads, Part part);

// The base code of a letter: A C G T (U), both cases; N, '.' and the ambiguous IUPAC codes are
// `unknown`; 255 for anything else.
extern const std::array<std::uint8_t, 256> base_codes;
// 10^(-Q/10) of a Phred score.
extern const std::array<double, 256> error_rates;

// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the same stream on every host, unlike std::shuffle
// and the standard distributions.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::uint64_t below(std::uint64_t n);  // [0, n), 1 <= n <= 2^32; bias below n / 2^32
  float uniform();                       // [0, 1), 24 bits

 private:
  std::uint64_t state_;
};

}  // namespace ane::workloads::readqc
