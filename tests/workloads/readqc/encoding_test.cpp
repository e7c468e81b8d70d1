#include "workloads/readqc/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "readqc_data.h"
#include "workloads/files/npy.h"
#include "workloads/readqc/fastq/fastq.h"

namespace ane::workloads::readqc {
namespace {

using testing::ElementsAre;

ReadBatch one_read(const std::string& bases, std::uint8_t quality) {
  ReadBatch batch;
  append_read(batch, bases, std::vector<std::uint8_t>(bases.size(), quality));
  return batch;
}

TEST(OrdinalEncoding, IsBasesThenQualitiesAndZeroBehindTheRead) {
  const kernels::Tensor x = encode(one_read("ACGTN", 31), {});
  ASSERT_EQ(x.shape, (kernels::Shape{1, 300}));
  const auto f = x.as<float>();
  EXPECT_THAT(f.subspan(0, 6), ElementsAre(0.0F, 0.25F, 0.5F, 0.75F, 1.0F, 0.0F));
  EXPECT_EQ(f[150], 31.0F / 93.0F);
  EXPECT_EQ(f[154], 31.0F / 93.0F);
  EXPECT_EQ(f[155], 0.0F);
}

TEST(OneHotEncoding, HasOneChannelABaseAndOneForTheQuality) {
  const kernels::Tensor x = encode(one_read("ATN", 20), {.kind = EncodingKind::one_hot});
  ASSERT_EQ(x.shape, (kernels::Shape{1, 6, 150}));
  const auto f = x.as<float>();
  for (std::size_t c = 0; c < 5; ++c)
    EXPECT_THAT(f.subspan(c * 150, 4), ElementsAre(c == 0, c == 3, c == 4, 0)) << "channel " << c;
  EXPECT_THAT(f.subspan(5 * 150, 4), ElementsAre(0.5F, 0.5F, 0.5F, 0.0F));
}

TEST(KmerEncoding, CountsOverlappingAndSeparateKmersWithTheFirstBaseOnTop) {
  const ReadBatch read = one_read("ACGTNA", 20);
  const Encoding overlapping{.kind = EncodingKind::kmers, .k = 3};
  const kernels::Tensor x = encode(read, overlapping);
  ASSERT_EQ(x.shape, (kernels::Shape{1, 148}));
  // ACG = 0*16 + 1*4 + 2, CGT = 27; GTN TNA hold an unknown base; NA. reaches behind the end.
  EXPECT_THAT(x.as<std::int32_t>().subspan(0, 6), ElementsAre(6, 27, 64, 64, 65, 65));
  const Encoding separate{.kind = EncodingKind::kmers, .k = 3, .overlapping = false};
  const kernels::Tensor y = encode(read, separate);
  ASSERT_EQ(y.shape, (kernels::Shape{1, 50}));
  EXPECT_THAT(y.as<std::int32_t>().subspan(0, 3), ElementsAre(6, 64, 65));
}

TEST(KmerEncoding, StaysInsideItsVocabularyForEveryK) {
  for (std::int64_t k = 3; k <= 6; ++k) {
    const Encoding e{.kind = EncodingKind::kmers, .k = k};
    const kernels::Tensor x = encode(one_read(std::string(150, 'T'), 20), e);
    EXPECT_EQ(x.size(), kmer_tokens(k, true));
    for (const std::int32_t token : x.as<std::int32_t>()) EXPECT_EQ(token, kmer_vocabulary(k) - 3);
  }
}

TEST(Encoding, OfPartOfABatchIsThatPart) {
  ReadBatch batch = one_read("AC", 10);
  append_read(batch, "GT", std::vector<std::uint8_t>{20, 30});
  const kernels::Tensor all = encode(batch, {}), second = encode(batch, {}, 1, 1);
  EXPECT_EQ(std::memcmp(all.bytes.data() + 1200, second.bytes.data(), 1200), 0);
}

TEST(OrdinalEncoding, GivesTheGoldenInputsBitForBit) {
  const std::string reads = golden_path("readqc_512.fastq");
  const std::string golden = golden_path("readqc_mlp_ERR127302_fastp.npz");
  SKIP_WITHOUT(reads);
  SKIP_WITHOUT(golden);
  const kernels::Tensor ours = encode(FastqReader(reads).rest(), {});
  const std::vector<float> theirs = Npz(golden)["x"].floats();
  const auto f = ours.as<float>();
  ASSERT_EQ(f.size(), theirs.size());
  EXPECT_EQ(std::memcmp(f.data(), theirs.data(), theirs.size() * sizeof(float)), 0);
}

}  // namespace
}  // namespace ane::workloads::readqc
