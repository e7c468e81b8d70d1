// FASTQ, plain and packed, with the quality offset told and given.
#include "workloads/readqc/fastq/fastq.h"

#include <utility>

#include "isa/error.h"
#include "tests/fuzz/packed.h"

namespace ane::fuzz {
namespace {

namespace qc = workloads::readqc;

void read_all(const std::string& path, std::optional<int> phred) {
  qc::FastqReader reader(path, phred);
  qc::WindowFit fit;
  std::int64_t reads = 0;
  for (;;) {
    const qc::ReadBatch batch = reader.next_batch(3);
    if (batch.empty()) break;
    fit.add(batch);
    for (std::int64_t i = 0; i < batch.size(); ++i) {
      const qc::ReadView read = batch[i];
      require(read.bases.size() == read.qualities.size(), "as many qualities as bases");
      require(std::cmp_less_equal(read.bases.size(), read.length), "a window longer than its read");
      for (const std::uint8_t q : read.qualities) require(q <= 93, "a score above 93");
      for (const std::uint8_t b : read.bases) require(b <= 4, "a base that is none");
    }
    reads += batch.size();
  }
  require(reads == reader.records(), "reads that are not counted");
  reader.warning();
  fit.longer_remark();
  fit.shorter_remark();
}

}  // namespace

void read(std::string_view bytes) {
  const File file(bytes.starts_with('\0') ? packed(Choices(bytes.substr(1))) : std::string(bytes));
  for (const std::optional<int> phred : {std::optional<int>(33), std::optional<int>(64)}) try {
      read_all(file.path(), phred);
    } catch (const InputError&) {
    }
  read_all(file.path(), std::nullopt);
}

std::vector<std::string> seeds() {
  const std::string record = "@r1\nACGTN\n+\nIIII#\n";
  return {gzip_member(record), bgzip_block(record) + bgzip_block(record) + bgzip_block(""),
          std::string("\0\1\1", 3) + record,
          "@r\n" + std::string(200, 'A') + "\n+\n" + std::string(200, 'F') + "\n"};
}

}  // namespace ane::fuzz
