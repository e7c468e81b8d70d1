#include "workloads/readqc/fastq/not_fastq.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "isa/error.h"

namespace ane::workloads::readqc {
namespace {

using namespace std::string_view_literals;

enum class Way : std::uint8_t {
  filter,    // a command that unpacks standard input, or FILE, to standard output
  command,   // a command that writes FASTQ of FILE
  unpacks,   // the same, and it takes FILE inside gzip too
  sentence,  // what to do
};

struct Format {
  std::string_view name;
  Way way;
  std::string_view how;
};

struct Magic {
  std::string_view bytes;
  Format format;
};
constexpr std::string_view call_bases = "call its bases first: dorado basecaller --emit-fastq";
constexpr std::string_view variants = "give the reads that the variants were called from";
constexpr std::array magics{
    Magic{"BZh"sv, {"bzip2", Way::filter, "bzip2 -dc"}},
    Magic{"\xfd\x37zXZ\0"sv, {"xz", Way::filter, "xz -dc"}},
    Magic{"\x28\xb5\x2f\xfd"sv, {"zstd", Way::filter, "zstd -dc"}},
    Magic{"\x04\x22\x4d\x18"sv, {"LZ4", Way::filter, "lz4 -dc"}},
    Magic{"LZIP"sv, {"lzip", Way::filter, "lzip -dc"}},
    Magic{"\x1f\x9d"sv, {"compress (.Z)", Way::filter, "gzip -dc"}},
    Magic{"\x1f\x8b"sv, {"gzip", Way::filter, "gzip -dc"}},  // behind gzip, which is read
    Magic{"PK\3\4"sv, {"a zip archive", Way::command, "unzip -p FILE"}},
    Magic{"PK\5\6"sv, {"an empty zip archive", Way::sentence, "fetch the reads again"}},
    Magic{"7z\xbc\xaf\x27\x1c"sv, {"a 7-Zip archive", Way::command, "7z x -so FILE"}},
    Magic{"Rar!\x1a\x07"sv, {"a RAR archive", Way::command, "unrar p -inul FILE"}},
    Magic{"BAM\1"sv, {"BAM", Way::unpacks, "samtools fastq FILE"}},
    Magic{"CRAM"sv, {"CRAM", Way::command, "samtools fastq --reference GENOME.fa FILE"}},
    Magic{"BAI\1"sv, {"an index of BAM", Way::sentence, "samtools fastq of the BAM file itself"}},
    Magic{"CSI\1"sv, {"an index of BAM", Way::sentence, "samtools fastq of the BAM file itself"}},
    Magic{"BCF"sv, {"BCF", Way::sentence, variants}},
    Magic{"##fileformat=VCF"sv, {"VCF", Way::sentence, variants}},
    Magic{"NCBI.sra"sv, {"an SRA archive", Way::command, "fasterq-dump --stdout FILE"}},
    Magic{".sff"sv, {"SFF", Way::command, "sff2fastq FILE"}},
    Magic{"\x89HDF\r\n\x1a\n"sv, {"HDF5 (FAST5)", Way::sentence, call_bases}},
    Magic{"\x8bPOD\r\n\x1a\n"sv, {"POD5", Way::sentence, call_bases}},
    Magic{"version https://git-lfs"sv,
          {"a git LFS pointer to reads that were not fetched", Way::sentence,
           "git lfs pull fetches them"}},
    Magic{"/annex/objects/"sv,
          {"a git-annex pointer to reads that were not fetched", Way::sentence,
           "git annex get fetches them"}},
    Magic{"\xff\xfe\0\0"sv, {"UTF-32 text", Way::filter, "iconv -f UTF-32 -t UTF-8"}},
    Magic{"\0\0\xfe\xff"sv, {"UTF-32 text", Way::filter, "iconv -f UTF-32 -t UTF-8"}},
    Magic{"\xff\xfe"sv, {"UTF-16 text, little-endian", Way::filter, "iconv -f UTF-16 -t UTF-8"}},
    Magic{"\xfe\xff"sv, {"UTF-16 text, big-endian", Way::filter, "iconv -f UTF-16 -t UTF-8"}},
    Magic{"@\0"sv, {"UTF-16 text, little-endian", Way::filter, "iconv -f UTF-16LE -t UTF-8"}},
    Magic{"\0@"sv, {"UTF-16 text, big-endian", Way::filter, "iconv -f UTF-16BE -t UTF-8"}},
    Magic{"%PDF-"sv, {"a PDF document", Way::sentence, "give the reads, FASTQ, plain or gzip"}},
};
constexpr Format tar{"a tar archive", Way::unpacks, "tar -xOf FILE"};
constexpr Format sam{"SAM", Way::command, "samtools fastq FILE"};
constexpr Format fasta{"FASTA, which has no qualities", Way::sentence,
                       "give the reads as their instrument wrote them, FASTQ, plain or gzip"};
constexpr Format answer{"a web page, XML or JSON, as servers answer in place of a file",
                        Way::sentence, "look at what came, and fetch the reads again"};

std::vector<std::string_view> split(std::string_view text, char at, std::size_t most) {
  std::vector<std::string_view> parts;
  while (parts.size() < most) {
    const std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

bool whole_number(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

// A line of the header, as "@SQ\tSN:chr1": titles of FASTQ may begin so, but a '+' follows them.
bool is_sam_header(std::string_view head) {
  const auto lines = split(head, '\n', 3);
  if (lines.size() == 3 && lines[2].starts_with('+')) return false;
  const std::string_view tag = head.substr(0, 4);
  if (tag == "@CO\t") return true;
  return (tag == "@HD\t" || tag == "@SQ\t" || tag == "@RG\t" || tag == "@PG\t") &&
         head.size() > 6 && head[6] == ':';
}

// Eleven columns: name, flags, reference, position, mapping quality, CIGAR string, ...; qseq has as
// many, but a number in place of the CIGAR string.
bool is_alignment(std::string_view head) {
  const auto columns = split(head.substr(0, head.find('\n')), '\t', 11);
  return columns.size() == 11 && whole_number(columns[1]) && whole_number(columns[3]) &&
         whole_number(columns[4]) && !columns[5].empty() && !whole_number(columns[5]) &&
         columns[5].find_first_not_of("*0123456789MIDNSHPX=") == std::string_view::npos;
}

const Format* format_of(std::string_view head) {
  for (const Magic& m : magics)
    if (head.starts_with(m.bytes)) return &m.format;
  if (is_sam_header(head) || is_alignment(head)) return &sam;
  if (head.starts_with('@')) return nullptr;
  if (head.size() > 262 && head.substr(257, 5) == "ustar") return &tar;
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return nullptr;
  if (head[first] == '>') return &fasta;
  return head[first] == '<' || head[first] == '{' ? &answer : nullptr;
}

std::string how_to_read(const Format& f, bool gzip) {
  if (f.way == Way::sentence) return std::string(f.how);
  constexpr std::string_view reads = "anesim ... --reads /dev/stdin";
  if (f.way == Way::filter)
    return gzip ? fmt::format("gzip -dc FILE | {} | {}", f.how, reads)
                : fmt::format("{} FILE | {}", f.how, reads);
  return fmt::format("{}{} | {}",
                     gzip && f.way == Way::command ? "unpack it with gzip -d, then " : "", f.how,
                     reads);
}

}  // namespace

void refuse_other_formats(std::string_view head, bool gzip, const std::string& name) {
  const Format* f = format_of(without_mark(head));
  if (f == nullptr) return;
  throw InputError(name,
                   fmt::format("is {}{}, not FASTQ", f->name,
                               gzip && f->way != Way::unpacks ? " (inside gzip)" : ""),
                   how_to_read(*f, gzip));
}

std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text;
}

}  // namespace ane::workloads::readqc
