// Files as wholes: read to their end, written whole or not at all. Every fault is an InputError at
// the path that says what the system said.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace ane {

// All bytes of a file, a pipe or a device.
std::string read_file(const std::string& path);

// The bytes appear under this name all at once, or what was there before stays: they are written
// beside it and renamed. The mode of a file that is there is kept, one that is write-protected is
// an error. Links are followed; a device, a pipe or what standard output goes to is written
// directly.
void write_file(const std::string& path, std::string_view bytes);

// Two names of one regular file, also by links.
bool same_file(const std::string& a, const std::string& b);

// InputError at the output where it is one of the inputs; to be called before any work.
void check_output_file(const std::string& output, std::span<const std::string> inputs);

}  // namespace ane
