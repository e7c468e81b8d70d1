#include "workloads/mpnn/structure/structure.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "isa/error.h"
#include "workloads/files/archive.h"
#include "workloads/files/npy.h"

namespace ane::workloads::mpnn {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string data = SOURCE_DIR "/../shared/mpnn/";

std::string atom(const std::string& name, const std::string& type, char chain,
                 const std::string& number, float x, char alternate = ' ',
                 const std::string& record = "ATOM  ") {
  return fmt::format("{:<6}{:>5} {:<4}{}{:>3} {}{:>4}{}   {:8.3f}{:8.3f}{:8.3f}  1.00  0.00\n",
                     record, 1, " " + name, alternate, type, chain,
                     std::isalpha(number.back()) ? number.substr(0, number.size() - 1) : number,
                     std::isalpha(number.back()) ? number.back() : ' ', x, x + 1, x + 2);
}

std::string residue(const std::string& type, char chain, const std::string& number, float x,
                    const std::string& record = "ATOM  ") {
  std::string out;
  for (const char* name : {"N", "CA", "C", "O"})
    out += atom(name, type, chain, number, x++, ' ', record);
  return out;
}

std::string error_of(const std::string& text) {
  try {
    parse_structure(text, "f.pdb");
  } catch (const InputError& e) {
    return e.place() + ": " + e.what();
  }
  return "no error";
}

TEST(Structure, ReadsBackbonesSequenceAndPlaces) {
  const auto s =
      parse_structure(residue("ALA", 'A', "5", 0) + residue("TRP", 'A', "6", 10), "x.pdb");
  EXPECT_EQ(s.length(), 2);
  EXPECT_EQ(s.sequence_text(), "AW");
  EXPECT_THAT(s.labels, ElementsAre("A5", "A6"));
  EXPECT_THAT(s.residue_index, ElementsAre(0, 1));
  EXPECT_EQ(s.atoms[1 * 12 + 3 * 1 + 2], 13.0f);  // residue 1, CA, z
  EXPECT_THAT(s.notes, IsEmpty());
  EXPECT_EQ(s.name, "x");
}

TEST(Structure, MissingNumbersBecomeMaskedPlacesAndAreTold) {
  const auto s = parse_structure(residue("ALA", 'A', "5", 0) + residue("GLY", 'A', "8", 10), "x");
  EXPECT_EQ(s.sequence_text(), "AXXG");
  EXPECT_THAT(s.mask, ElementsAre(1, 0, 0, 1));
  EXPECT_THAT(s.residue_index, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(s.notes, ElementsAre(HasSubstr("2 residue numbers between 5 and 8")));
}

TEST(Structure, AResidueWithoutAllFourAtomsKeepsItsTypeAndIsMasked) {
  const auto s = parse_structure(residue("ALA", 'A', "1", 0) + atom("CA", "LYS", 'A', "2", 4), "x");
  EXPECT_EQ(s.sequence_text(), "AK");
  EXPECT_THAT(s.mask, ElementsAre(1, 0));
  EXPECT_EQ(s.atoms[12 + 3], 4.0f);
  EXPECT_EQ(s.atoms[12], 0.0f);
  EXPECT_THAT(s.notes, ElementsAre(HasSubstr("1 residues lack one of N, CA, C, O")));
}

TEST(Structure, InsertionCodesFollowTheirNumber) {
  const auto s = parse_structure(residue("ALA", 'A', "52", 0) + residue("CYS", 'A', "52B", 10) +
                                     residue("ASP", 'A', "52A", 20) + residue("GLU", 'A', "53", 30),
                                 "x");
  EXPECT_EQ(s.sequence_text(), "ADCE");
  EXPECT_THAT(s.labels, ElementsAre("A52", "A52A", "A52B", "A53"));
}

TEST(Structure, TheFirstAlternateLocationCounts) {
  std::string text;
  for (const char* name : {"N", "CA", "C", "O"})
    text += atom(name, "SER", 'A', "1", 1, 'B') + atom(name, "SER", 'A', "1", 9, 'A');
  const auto s = parse_structure(text, "x");
  EXPECT_EQ(s.length(), 1);
  EXPECT_EQ(s.atoms[0], 1.0f);
  EXPECT_THAT(s.notes, ElementsAre(HasSubstr("4 alternate locations")));
}

TEST(Structure, OfTwoTypesAtOnePlaceTheFirstCounts) {
  std::string text;
  for (const char* name : {"N", "CA", "C", "O"})
    text += atom(name, "SER", 'A', "1", 1, 'A') + atom(name, "THR", 'A', "1", 9, 'B');
  const auto s = parse_structure(text, "x");
  EXPECT_EQ(s.sequence_text(), "S");
  EXPECT_EQ(s.atoms[0], 1.0f);
  EXPECT_THAT(s.notes, ElementsAre(HasSubstr("1 residues are given as two types")));
}

TEST(Structure, TheFirstOfSeveralModelsCounts) {
  const auto s =
      parse_structure("MODEL        1\n" + residue("ALA", 'A', "1", 1) +
                          "ENDMDL\nMODEL        2\n" + residue("ALA", 'A', "1", 50) + "ENDMDL\n",
                      "x");
  EXPECT_EQ(s.length(), 1);
  EXPECT_EQ(s.atoms[0], 1.0f);
  EXPECT_THAT(s.notes, ElementsAre(HasSubstr("2 models")));
}

TEST(Structure, HetatmIsLeftOutButSelenomethionineIsMethionine) {
  const auto s =
      parse_structure(residue("ALA", 'A', "1", 0) + residue("MSE", 'A', "2", 10, "HETATM") +
                          residue("SEP", 'A', "3", 20, "HETATM") + residue("UNK", 'A', "4", 30) +
                          atom("O", "HOH", 'A', "900", 3, ' ', "HETATM"),
                      "x");
  EXPECT_EQ(s.sequence_text(), "AMXX");
  EXPECT_THAT(s.mask, ElementsAre(1, 1, 0, 1));
  EXPECT_THAT(s.notes, Contains("1 selenomethionines (MSE) read as methionine"));
  EXPECT_THAT(s.notes, Contains("HETATM residues left out: 1 HOH, 1 SEP"));
  EXPECT_THAT(s.notes, Contains("residues that are none of the twenty, read as X: 1 UNK"));
}

TEST(Structure, ChainsComeInOrderDesignedFirstAndJumpByAHundred) {
  const std::string text = residue("GLY", 'b', "1", 0) + residue("CYS", 'B', "1", 10) +
                           residue("ALA", 'A', "7", 20) + residue("ASP", '1', "2", 30);
  const auto all = parse_structure(text, "x");
  EXPECT_EQ(all.sequence_text(), "A/C/G/D");
  EXPECT_THAT(all.residue_index, ElementsAre(0, 101, 202, 303));
  EXPECT_THAT(all.chain_code, ElementsAre(1, 2, 3, 4));
  const auto some = parse_structure(text, "x", {{"A", "B"}, {"B"}});
  EXPECT_EQ(some.sequence_text(), "C/A");
  EXPECT_TRUE(some.chains[0].designed);
  EXPECT_FALSE(some.chains[1].designed);
  EXPECT_THROW(parse_structure(text, "x", {{"Z"}, {}}), InputError);
}

TEST(Structure, AChainWithoutANameIsReadAndTold) {
  const auto s = parse_structure(residue("ALA", ' ', "1", 0), "x");
  EXPECT_EQ(s.chains.at(0).name, "_");
  EXPECT_THAT(s.notes, ElementsAre("a chain without a name is called '_'"));
}

TEST(Structure, ABrokenPdbLineIsNamed) {
  std::string text = "HEADER    TEST\n" + residue("ALA", 'A', "1", 0);
  const std::size_t second = text.find("ATOM", 20);
  EXPECT_EQ(error_of(std::string(text).replace(second + 30, 8, "  12.x45")),
            "f.pdb:3: coordinate '  12.x45' is no number");
  EXPECT_EQ(error_of(std::string(text).replace(second + 22, 4, " x 1")),
            "f.pdb:3: residue number ' x 1' is no number");
  EXPECT_EQ(error_of(text.substr(0, second + 40)),
            "f.pdb:3: ATOM   record of 40 characters, it needs at least 54");
  EXPECT_EQ(error_of("MODEL        1\nATOM\n"),
            "f.pdb: neither PDB (no ATOM records) nor mmCIF (no data_ block)");
  EXPECT_EQ(error_of(""), "f.pdb: neither PDB (no ATOM records) nor mmCIF (no data_ block)");
}

TEST(Structure, NothingToDesignIsAnError) {
  EXPECT_THAT(error_of(atom("CA", "ALA", 'A', "1", 0)), HasSubstr("no residue has all of"));
  EXPECT_THAT(error_of(atom("O", "HOH", 'A', "1", 0, ' ', "HETATM")), HasSubstr("no amino acids"));
  EXPECT_THAT(error_of(residue("ALA", 'A', "1", 0) + residue("ALA", 'A', "A000", 0) +
                       residue("ALA", 'A', "ZZZ9", 0)),
              HasSubstr("too many places"));
}

std::string mmcif(const std::string& x) {
  std::string text =
      "# a comment\ndata_T\nloop_\n_atom_site.group_PDB\n_atom_site.id\n"
      "_atom_site.type_symbol\n_atom_site.label_atom_id\n_atom_site.label_alt_id\n"
      "_atom_site.label_comp_id\n_atom_site.label_asym_id\n_atom_site.label_entity_id\n"
      "_atom_site.label_seq_id\n_atom_site.pdbx_PDB_ins_code\n_atom_site.Cartn_x\n"
      "_atom_site.Cartn_y\n_atom_site.Cartn_z\n_atom_site.occupancy\n"
      "_atom_site.B_iso_or_equiv\n_atom_site.auth_seq_id\n_atom_site.auth_asym_id\n"
      "_atom_site.pdbx_PDB_model_num\n";
  int id = 0;
  for (const char* name : {"N", "CA", "C", "O"})
    text += fmt::format("ATOM {} C {} . ALA Q 1 1 ? {} 1.5 2.5 1.0 0.0 5 A 1\n", ++id, name, x);
  for (const char* name : {"N", "CA", "C", "O"})
    text += fmt::format("ATOM {} C {} . TRP Q 1 2 B 0.5 1.5 2.5 1.0 0.0 7 A 1\n", ++id, name);
  return text;
}

TEST(Structure, MmcifIsReadByTheAuthorsNames) {
  const auto s = parse_structure(mmcif("-1.25"), "t.cif");
  EXPECT_EQ(s.sequence_text(), "AXW");
  EXPECT_THAT(s.labels, ElementsAre("A5", "A6", "A7B"));
  EXPECT_EQ(s.atoms[0], -1.25f);
}

TEST(Structure, BrokenMmcifIsAnErrorWithItsLine) {
  EXPECT_THAT(error_of(mmcif("abc")), HasSubstr("f.pdb:3: row 1 of the atom_site loop"));
  EXPECT_THAT(error_of(mmcif("1.0") + "loop_\n_a.b\n_a.c\n1 2 3\n"), HasSubstr("f.pdb:"));
  EXPECT_THAT(error_of("data_T\n_a.b 1\n"), HasSubstr("no block of this mmCIF file"));
}

TEST(Structure, GzipIsReadAndATruncatedOneIsAnError) {
  const std::string path =
      testing::TempDir() + "/" + std::to_string(getpid()) + "_anesim_structure_test.pdb.gz";
  std::string text;
  for (int i = 1; i < 200; ++i)
    text += residue("ALA", 'A', std::to_string(i), static_cast<float>(i));
  gzFile f = gzopen(path.c_str(), "wb");
  gzwrite(f, text.data(), static_cast<unsigned>(text.size()));
  gzclose(f);
  EXPECT_EQ(read_structure(path).length(), 199);
  EXPECT_EQ(read_structure(path).name, std::to_string(getpid()) + "_anesim_structure_test");
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 20);
  EXPECT_THROW(read_structure(path), InputError);
}

TEST(Structure, AMutatedFileIsReadOrRefusedButNeverBreaksTheProgram) {
  const std::string text = "HEADER    T\n" + residue("ALA", 'A', "1", 0) +
                           residue("MSE", 'B', "2", 10, "HETATM") + residue("GLY", 'B', "3A", 20);
  const std::string cif = mmcif("1.0");
  std::uint64_t state = 7;
  int refused = 0, read = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string t = round % 2 ? text : cif;
    for (int edits = 0; edits < 3; ++edits) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      t[(state >> 33) % t.size()] = static_cast<char>(state >> 25);
    }
    try {
      parse_structure(t, "f");
      ++read;
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(refused, 100);
}

TEST(Structure, TheProteinsOfTheWorkloadAreTheGoldensInputs) {
  for (const std::string name : {"5L33", "6MRR"}) {
    if (!std::filesystem::exists(data + name + ".pdb")) GTEST_SKIP() << "no data in " << data;
    const auto s = read_structure(data + name + ".pdb");
    const Npz golden(data + "oracles_real_weights/oracle_" + name + ".npz");
    EXPECT_EQ(s.atoms, golden["X"].floats());
    EXPECT_EQ(s.sequence, golden["S"].integers());
    EXPECT_EQ(s.mask, golden["mask"].floats());
    EXPECT_EQ(s.residue_index, golden["residue_idx"].integers());
    EXPECT_EQ(s.chain_code, golden["chain_encoding_all"].integers());
  }
}

}  // namespace
}  // namespace ane::workloads::mpnn
