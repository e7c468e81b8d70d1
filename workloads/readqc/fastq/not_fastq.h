// Files that are given for FASTQ and are something else, told by their first bytes.
#pragma once
#include <string>
#include <string_view>

namespace ane::workloads::readqc {

// head: the first bytes of the file, decompressed where gzip is true; name: for errors. Throws
// InputError, which says what the file is and how to get FASTQ of it, for compressed files that are
// not read, alignments, other formats of sequences, archives, text of 16 bits, web pages and
// pointers of git LFS. Returns where nothing of this is recognised, be it FASTQ or not.
void refuse_other_formats(std::string_view head, bool gzip, const std::string& name);

// Without a byte order mark of UTF-8 in front, as editors and joined files put there.
std::string_view without_mark(std::string_view text);

}  // namespace ane::workloads::readqc
