// The shape of the results file and how an older one becomes the present one (docs/results.md).
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "results/sqlite.h"

namespace ane::results {

// Marks a file as ours ("ANES"), in SQLite's header: a database of another program is refused.
inline constexpr std::int32_t application_id = 0x414e4553;

// migrations()[n] makes version n + 1 of version n; a landed one is never edited.
struct Migration {
  std::string_view summary, sql;
};
std::span<const Migration> migrations();

// The SQL views, made anew with each migration, so that they may be edited freely.
std::string view_sql();

// Brings an open file to the present version; one that is only read goes on in memory, and stays
// as it is. Throws InputError for a file of another program or of a newer version of this one, for
// tables that are not those of their version, and for triggers, which would change what is added.
void migrate(Database& database);

}  // namespace ane::results
