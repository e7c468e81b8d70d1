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
#include "workloads/mpnn/structure/features.h"

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

std::string note_of(const std::string& text) {
  try {
    parse_structure(text, "f.pdb");
  } catch (const InputError& e) {
    return e.note();
  }
  return "no error";
}

// A chain of `count` alanines numbered from `first`.
std::string chain_of(char chain, int first, int count, float x = 0) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += residue("ALA", chain, std::to_string(first + i), x + 4.0f * static_cast<float>(i));
  return out;
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
            "f.pdb:3: residue number ' x 1 ' is no number");
  EXPECT_EQ(error_of(text.substr(0, second + 40)),
            "f.pdb:3: ATOM record of 40 characters, it needs at least 54");
  EXPECT_EQ(error_of("MODEL        1\nATOM\n"),
            "f.pdb:2: ATOM record of 4 characters, it needs at least 54");
}

TEST(Structure, NothingToDesignIsAnError) {
  EXPECT_THAT(error_of(atom("CA", "ALA", 'A', "1", 0)), HasSubstr("no residue has all of"));
  EXPECT_THAT(error_of(atom("O", "HOH", 'A', "1", 0, ' ', "HETATM")), HasSubstr("no amino acids"));
  EXPECT_THAT(error_of(residue("ALA", 'A', "1", 0) + residue("ALA", 'A', "A000", 0) +
                       residue("ALA", 'A', "ZZZ9", 0)),
              HasSubstr("too many places"));
}

TEST(Structure, FilesOfOtherKindsAreCalledWhatTheyAre) {
  EXPECT_EQ(error_of("HEADER    TEST\n"),
            "f.pdb: neither PDB (no ATOM records) nor mmCIF (no data_ block) but plain text");
  EXPECT_THAT(error_of(""), HasSubstr("but an empty file"));
  EXPECT_THAT(error_of("<!DOCTYPE html>\n<html></html>"), HasSubstr("but a web page"));
  EXPECT_THAT(error_of("version https://git-lfs.github.com/spec/v1\n"),
              HasSubstr("but a git LFS pointer"));
  EXPECT_THAT(error_of(std::string("\xFF\xFE"
                                   "A\0T\0",
                                   6)),
              HasSubstr("but UTF-16 text"));
  EXPECT_THAT(error_of("<?xml version=\"1.0\"?><PDBx:datablock>"), HasSubstr("an XML document"));
  EXPECT_THAT(error_of(">5L33\nMKV\n"), HasSubstr("FASTA text"));
  EXPECT_THAT(error_of("\x83\xa7version\xa5\x30.3.0\xaa"
                       "dataBlocks"),
              HasSubstr("a BinaryCIF file"));
}

TEST(Structure, EndAndTerEndNothing) {
  for (const char* between : {"END\n", "TER\nEND   \n", "TER\n", "END\nHEADER    B\n", "ENDMDL\n",
                              "CONECT    1    2\nEND\n\xEF\xBB\xBF"}) {
    const auto s =
        parse_structure(chain_of('A', 1, 2) + between + chain_of('B', 1, 3) + "END\n", "x");
    EXPECT_EQ(s.sequence_text(), "AA/AAA") << between;
  }
  // One chain in parts stays one chain.
  const auto s = parse_structure(chain_of('A', 1, 2) + "TER\n" + chain_of('A', 3, 1), "x");
  EXPECT_EQ(s.sequence_text(), "AAA");
  EXPECT_THAT(s.notes, IsEmpty());
}

TEST(Structure, TwoMoleculesUnderOneLetterAreRefused) {
  for (const char* between : {"TER\n", "END\n", "", "TER\nEND\nREMARK\n"}) {
    const std::string text = chain_of('A', 1, 2) + between + chain_of('A', 1, 2, 40);
    EXPECT_THAT(error_of(text), HasSubstr("residue 1 of chain 'A' is given a second time: two "
                                          "molecules share this chain name"))
        << between;
    EXPECT_THAT(note_of(text), HasSubstr("column 22"));
  }
  // Of another sequence, and where only some numbers are shared.
  EXPECT_THAT(error_of(chain_of('A', 1, 3) + "TER\n" + residue("TRP", 'A', "3", 50)),
              HasSubstr("residue 3 of chain 'A'"));
  EXPECT_THAT(error_of(chain_of(' ', 1, 3) + chain_of(' ', 2, 1, 50)),
              HasSubstr("residue 2 of chain '_'"));
  // The line is that of the atom that is there already: the ninth.
  EXPECT_THAT(error_of(chain_of('A', 1, 2) + chain_of('A', 1, 2)), HasSubstr("f.pdb:9: "));
  // Alternates and side chains at the end of the file are of the same residue.
  std::string late = chain_of('A', 1, 2);
  for (const char* name : {"N", "CA"}) late += atom(name, "ALA", 'A', "1", 9, 'B');
  const auto s = parse_structure(late + atom("CB", "ALA", 'A', "2", 3), "x");
  EXPECT_EQ(s.length(), 2);
  EXPECT_THAT(s.notes, ElementsAre(HasSubstr("2 alternate locations")));
}

// Segments stand in columns 73 to 76.
std::string with_segment(std::string text, const std::string& segment) {
  std::string out;
  for (std::size_t end = 0; !text.empty(); text.erase(0, end + 1)) {
    end = text.find('\n');
    out += fmt::format("{:<72}{:<4}\n", text.substr(0, end), segment);
  }
  return out;
}

TEST(Structure, MoleculesWithoutALetterAreToldApartByTheirSegments) {
  const std::string two =
      with_segment(chain_of(' ', 1, 2), "PROA") + with_segment(chain_of(' ', 1, 3), "PROB");
  const auto s = parse_structure(two, "x");
  EXPECT_EQ(s.sequence_text(), "AA/AAA");
  EXPECT_EQ(s.chains[1].name, "PROB");
  EXPECT_EQ(s.labels[2], "PROB1");
  EXPECT_THAT(s.notes, ElementsAre("chains without a name are called by their segments: PROA, "
                                   "PROB"));
  EXPECT_EQ(parse_structure(two, "x", {{"PROB"}, {}}).length(), 3);
  // One segment alone names nothing: old files have their entry's code there.
  EXPECT_EQ(parse_structure(with_segment(chain_of(' ', 1, 2), "1UBQ"), "x").chains[0].name, "_");
  EXPECT_EQ(parse_structure(with_segment(chain_of('C', 1, 2), "PROA"), "x").chains[0].name, "C");
  const auto three = parse_structure(two + chain_of(' ', 1, 1), "x");
  EXPECT_EQ(three.chains.size(), 3U);
  EXPECT_THAT(error_of(with_segment(chain_of(' ', 1, 2), "A") +
                       with_segment(chain_of(' ', 1, 2), "B") + chain_of('A', 1, 1)),
              HasSubstr("'A' is the name of a chain and of a segment"));
  EXPECT_THAT(error_of(with_segment(chain_of('P', 1, 2), "PROA") +
                       with_segment(chain_of('P', 1, 2), "PROB")),
              HasSubstr("two molecules share this chain name"));
}

std::string five_digits(const std::string& line, const std::string& number) {
  std::string out;
  std::string rest = line;
  for (std::size_t end = 0; !rest.empty(); rest.erase(0, end + 1)) {
    end = rest.find('\n');
    out += rest.substr(0, 22) + fmt::format("{:>5}", number) + rest.substr(27, end - 27) + "\n";
  }
  return out;
}

TEST(Structure, ResidueNumbersTakeColumns23To27) {
  const std::string any = residue("ALA", 'A', "1", 0);
  const auto s = parse_structure(
      five_digits(any, "9999 ") + five_digits(any, "10000") + five_digits(any, "10001"), "x");
  EXPECT_THAT(s.labels, ElementsAre("A9999", "A10000", "A10001"));
  const auto inserted = parse_structure(
      five_digits(any, "1000 ") + five_digits(any, "1000A") + five_digits(any, "1001 "), "x");
  EXPECT_THAT(inserted.labels, ElementsAre("A1000", "A1000A", "A1001"));
  EXPECT_THAT(parse_structure(five_digits(any, "-1001") + five_digits(any, "-1000"), "x").labels,
              ElementsAre("A-1001", "A-1000"));
  const auto hybrid = parse_structure(
      five_digits(any, "9999 ") + five_digits(any, "A000 ") + five_digits(any, "A001 "), "x");
  EXPECT_THAT(hybrid.labels, ElementsAre("A9999", "A10000", "A10001"));
  EXPECT_THAT(hybrid.notes, ElementsAre(HasSubstr("hybrid-36")));
  EXPECT_THAT(parse_structure(five_digits(any, "ZZZZ ") + five_digits(any, "a000 "), "x").labels,
              ElementsAre("A1223055", "A1223056"));
  for (const char* number : {"1 2  ", "12.5 ", "A-1  ", "     ", "0x10 "})
    EXPECT_THAT(error_of(five_digits(any, number)), HasSubstr("is no number")) << number;
}

TEST(Structure, PlacesThatAreNotInTheOrderOfTheFileAreTold) {
  // IMGT numbers a loop 111, 111A, 112A, 112: the original sorts, and so does this, with a word.
  const auto s =
      parse_structure(residue("ALA", 'H', "111", 0) + residue("CYS", 'H', "111A", 4) +
                          residue("ASP", 'H', "112A", 8) + residue("GLU", 'H', "112", 12),
                      "x");
  EXPECT_EQ(s.sequence_text(), "ACED");
  EXPECT_THAT(s.notes, ElementsAre(HasSubstr("1 residues stand behind a higher one (112 behind "
                                             "112A)")));
  const auto turned = parse_structure(chain_of('A', 5, 2) + chain_of('A', 1, 4, 40), "x");
  EXPECT_THAT(turned.notes, ElementsAre(HasSubstr("4 residues stand behind a higher one (1 behind "
                                                  "6)")));
  EXPECT_THAT(parse_structure(chain_of('B', 1, 2) + chain_of('A', 1, 2), "x").notes, IsEmpty());
}

TEST(Structure, LinesMayEndAfterZAndInAnyWay) {
  const std::string text = chain_of('A', 1, 3);
  std::string cut;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    cut += text.substr(at, 54) + "\n";
  cut.pop_back();
  EXPECT_EQ(parse_structure(cut, "x").length(), 3);
  for (const char* end : {"\r\n", "\r"}) {
    std::string other;
    for (const char c : text) other += c == '\n' ? std::string(end) : std::string(1, c);
    EXPECT_EQ(parse_structure(other, "x").length(), 3);
    other.resize(other.size() - std::string(end).size());
    EXPECT_EQ(parse_structure(other, "x").length(), 3);
  }
  EXPECT_THAT(error_of(cut.substr(0, cut.size() - 1)), HasSubstr("f.pdb:12: ATOM record of 53"));
}

TEST(Structure, AByteOrderMarkIsNoText) {
  EXPECT_EQ(parse_structure("\xEF\xBB\xBF" + chain_of('A', 1, 2), "x").length(), 2);
}

TEST(Structure, RecordsThatAreNoAtomsAreNotRead) {
  const std::string text =
      "LINK         O   GLY A   1                NA    NA A 101     1555   1\n" +
      std::string("SSBOND\nCRYST1 x\nSEQRES\nHELIX\nMTRIX1\nORIGX1\nSCALE1\n") +
      "ANISOU    1\nREMARK 350\n" + chain_of('A', 1, 2) + "MASTER\nCONECT";
  EXPECT_EQ(parse_structure(text, "x").length(), 2);
}

TEST(Structure, WhatIsNoProteinIsCalledWhatItIs) {
  std::string dna, rna, modern;
  for (const char* name : {"P", "O5'", "C5'"}) {
    dna += atom(name, "DA", 'X', "1", 1);
    rna += atom(name, "U", 'X', "1", 1);
    modern += atom(name, "DG5", 'X', "1", 1);
  }
  EXPECT_THAT(error_of(dna), HasSubstr("no protein, only nucleic acid: 1 DA"));
  EXPECT_THAT(error_of(rna), HasSubstr("no protein, only nucleic acid: 1 U"));
  EXPECT_THAT(error_of(modern), HasSubstr("no protein, only nucleic acid: 1 DG5"));
  EXPECT_THAT(error_of(dna + atom("O", "HOH", 'W', "2", 0)), HasSubstr("only nucleic acid"));
  EXPECT_THAT(error_of(atom("C1", "LIG", 'L', "1", 0)), HasSubstr("no amino acids, only 1 LIG"));
  // Beside a protein they are masked places, as the original has them; alone they are refused.
  const std::string both = chain_of('A', 1, 2) + dna;
  EXPECT_EQ(parse_structure(both, "x").sequence_text(), "AA/X");
  EXPECT_THROW(parse_structure(both, "x", {{"X"}, {}}), InputError);
}

TEST(Structure, GapsOutOfProportionToTheResiduesAreRefusedWithTheirFigures) {
  const auto two = [](int apart) {
    return chain_of('A', 1, 1) + residue("ALA", 'A', std::to_string(1 + apart), 50);
  };
  EXPECT_EQ(parse_structure(two(511), "x").length(), 512);
  EXPECT_THAT(error_of(two(512)),
              HasSubstr("chain A has 2 residues in 513 places, 1 to 513: too many places to fill "
                        "in (in all 511 for 2 residues, limit 510)"));
  std::string many;
  for (char chain = 'A'; chain <= 'F'; ++chain)
    many += residue("ALA", chain, "1", 0) + residue("ALA", chain, "900", 50);
  EXPECT_THAT(error_of(many), HasSubstr("in all 5388 for 12 residues"));
}

TEST(Structure, CoordinatesBeyondReasonAreRefused) {
  std::string text = residue("ALA", 'A', "1", 0);
  EXPECT_THAT(error_of(std::string(text).replace(30, 8, "99999999")), HasSubstr("beyond 1000000"));
  EXPECT_THAT(error_of(std::string(text).replace(30, 8, "     nan")), HasSubstr("is no number"));
  EXPECT_THAT(error_of(std::string(text).replace(30, 8, "     inf")), HasSubstr("is no number"));
  EXPECT_THAT(error_of(std::string(text).replace(30, 8, "   1.2.3")), HasSubstr("is no number"));
}

TEST(Structure, DesignedChainsAreAmongThoseThatAreRead) {
  const std::string text = chain_of('A', 1, 2) + chain_of('B', 1, 2);
  EXPECT_THROW(parse_structure(text, "x", {{"A"}, {"B"}}), InputError);
}

TEST(Structure, SamplesOfSeveralChainsAreSeparatedAsTheOriginalDoes) {
  const std::string text = chain_of('A', 1, 2) + chain_of('B', 1, 3) + chain_of('C', 1, 1);
  EXPECT_EQ(designed_chains(to_input(parse_structure(text, "x")), "ACDEFG"), "AC/DEF/G");
  EXPECT_EQ(designed_chains(to_input(parse_structure(text, "x", {{}, {"A", "C"}})), "ACDEFG"),
            "AC/D");
  EXPECT_EQ(designed_chains(to_input(parse_structure(text, "x", {{}, {"B"}})), "ACDEFG"), "ACD");
  EXPECT_EQ(designed_chains(padded(to_input(parse_structure(text, "x")), 10), "ACDEFG"),
            "AC/DEF/G");
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

// An atom_site loop of these columns besides atoms, residues and coordinates; `cells` of a residue
// number and a chain gives theirs.
template <class Cells>
std::string loop(const std::string& columns, Cells cells, const std::string& extra = "") {
  std::string text =
      "data_T\nloop_\n_atom_site.group_PDB\n_atom_site.label_atom_id\n_atom_site.label_comp_id\n"
      "_atom_site.Cartn_x\n_atom_site.Cartn_y\n_atom_site.Cartn_z\n" +
      columns;
  for (const char* chain : {"A", "B"})
    for (int number = 1; number <= 3; ++number)
      for (const char* name : {"N", "CA", "C", "O"})
        text += fmt::format("ATOM {} ALA 1.0 2.0 {}.0 {}\n", name, number, cells(number, chain));
  return text + extra;
}

TEST(Structure, MmcifIsReadByTheColumnsThatItHas) {
  const auto both = [](int n, const char* chain) { return fmt::format("{} {}", n, chain); };
  const std::string numbers = "_atom_site.label_seq_id\n", chains = "_atom_site.label_asym_id\n";
  // Labels alone, with waters that have no number there.
  const std::string waters = "HETATM O HOH 9 9 9 . W\nHETATM O HOH 8 9 9 . W\n";
  const auto labels = parse_structure(loop(numbers + chains, both, waters), "x");
  EXPECT_EQ(labels.sequence_text(), "AAA/AAA");
  EXPECT_THAT(labels.notes, ElementsAre("HETATM residues left out: 2 HOH"));
  // The authors' alone, both of them mixed, and no chain at all.
  EXPECT_EQ(parse_structure(loop("_atom_site.auth_seq_id\n_atom_site.auth_asym_id\n", both), "x")
                .sequence_text(),
            "AAA/AAA");
  EXPECT_EQ(parse_structure(loop(numbers + "_atom_site.auth_asym_id\n", both), "x").labels[4],
            "B2");
  EXPECT_EQ(parse_structure(loop("_atom_site.auth_seq_id\n" + chains, both), "x").length(), 6);
  EXPECT_EQ(parse_structure(
                loop(numbers, [](int n, const char* c) { return n + (c[0] == 'B' ? 3 : 0); }), "x")
                .sequence_text(),
            "AAAAAA");
  // An authors' column that says nothing is none.
  EXPECT_EQ(
      parse_structure(loop(numbers + chains +
                               "_atom_site.auth_asym_id\n"
                               "_atom_site.auth_seq_id\n",
                           [](int n, const char* c) { return fmt::format("{} {} ? .", n, c); }),
                      "x")
          .labels[4],
      "B2");
  EXPECT_THAT(error_of(loop(chains, [](int, const char* c) { return c; })),
              HasSubstr("neither auth_seq_id nor label_seq_id"));
  EXPECT_THAT(error_of(loop(numbers + chains, both, "ATOM CA ALA 1 1 1 . A\n")),
              HasSubstr("a residue ALA of chain A has no number"));
  EXPECT_THAT(error_of(loop(numbers + chains, both, "ATOM CA ALA 1 1 1 4x A\n")),
              HasSubstr("row 25 of the atom_site loop that starts here has the residue number "
                        "'4x'"));
  EXPECT_THAT(parse_structure(loop(numbers + chains, both, "ATOM O HOH 1 1 1 . W\n"), "x").notes,
              ElementsAre("residues without a number left out: 1 HOH"));
  EXPECT_THAT(error_of(loop(numbers + chains, both, "ATOM CA ALA 1 1 1 2 A\n")),
              HasSubstr("two molecules share this chain name"));
  EXPECT_EQ(parse_structure("\xEF\xBB\xBF" + loop(numbers + chains, both), "x").length(), 6);
  // Insertion codes count beside labels too: some programs write the authors' numbers there.
  EXPECT_EQ(parse_structure(loop(numbers + chains + "_atom_site.pdbx_PDB_ins_code\n",
                                 [](int n, const char* c) {
                                   return fmt::format("{} {} {}", n == 3 ? 2 : n, c,
                                                      n == 3 ? "A" : "?");
                                 }),
                            "x")
                .labels[2],
            "A2A");
}

TEST(Structure, OfSeveralDataBlocksTheFirstIsReadAndTheOthersAreTold) {
  const std::string first = mmcif("1.0");
  std::string second = mmcif("1.0");
  second.replace(second.find("data_T"), 6, "data_second");
  const auto s = parse_structure(first + second, "x");
  EXPECT_EQ(s.length(), 3);
  EXPECT_THAT(s.notes, Contains("of the data blocks with atoms the first, 'T', is read; left out: "
                                "'second' (8 atoms of chains A)"));
  // Blocks without atoms are nothing to tell.
  EXPECT_THAT(parse_structure("data_a\n_cell.length_a 1\n" + first, "x").notes,
              testing::Not(Contains(HasSubstr("data block"))));
  std::string many = first;
  for (int i = 0; i < 6; ++i)
    many += std::string(second).insert(second.find("second"), std::to_string(i));
  EXPECT_THAT(parse_structure(many, "x").notes, Contains(HasSubstr("and 2 more")));
}

TEST(Structure, WhatLaterModelsHoldIsTold) {
  const std::string first = "MODEL        1\n" + chain_of('A', 1, 2) + "ENDMDL\n";
  const auto again = parse_structure(
      first + "MODEL        2\n" + chain_of('A', 1, 2) + chain_of('B', 1, 1) + "ENDMDL\n", "x");
  EXPECT_EQ(again.sequence_text(), "AA/A");
  EXPECT_THAT(again.notes,
              ElementsAre("2 models: of each atom the first model that has it counts; 2 residues "
                          "given again are left out, 1 that only a later model has are read"));
  // Without MODEL records, behind ENDMDL begins another one.
  EXPECT_THAT(parse_structure(chain_of('A', 1, 2) + "ENDMDL\n" + chain_of('A', 1, 2), "x").notes,
              ElementsAre(HasSubstr("2 models")));
  EXPECT_THAT(error_of(first + "MODEL        2\n" + chain_of('B', 1, 2) + chain_of('B', 1, 2)),
              HasSubstr("two molecules share this chain name"));
}

TEST(Structure, MessagesOfTheLibraryAreShort) {
  const std::string tag = "_" + std::string(200'000, 'a') + ".b";
  const std::string error = error_of("data_T\n" + tag + " 1\n" + tag + " 2\n");
  EXPECT_THAT(error, HasSubstr("broken mmCIF: "));
  EXPECT_LT(error.size(), 200U);
}

TEST(Structure, NamesOfChainsHaveALimit) {
  const std::string name(1000, 'c');
  EXPECT_THAT(error_of(loop("_atom_site.auth_seq_id\n_atom_site.auth_asym_id\n",
                            [&](int n, const char*) { return fmt::format("{} {}", n, name); })),
              HasSubstr("a chain name of 1000 letters"));
}

TEST(Structure, TheStructuresOfTheCasesAreReadOrToldApart) {
  const std::string folder = SOURCE_DIR "/../shared/cases/structures/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no folder " << folder;
  for (const auto& [name, length] : std::initializer_list<std::pair<std::string, std::int64_t>>{
           {"end_between_chains.pdb", 24},
           {"segid_blank_chain.pdb", 24},
           {"five_digit_resnum.pdb", 12},
           {"pymol_no_auth_seq.cif", 24},
           {"label_only_waters.cif", 24},
           {"no_final_newline_54col.pdb", 12},
           {"bom.cif", 24},
           {"two_chains_for_design.pdb", 24}})
    EXPECT_EQ(read_structure(folder + name).length(), length) << name;
  EXPECT_THROW(read_structure(folder + "homodimer_same_letter_same_seq.pdb"), InputError);
  EXPECT_THROW(read_structure(folder + "dna_only.pdb"), InputError);
  EXPECT_THAT(read_structure(folder + "two_blocks.cif").notes, ElementsAre(HasSubstr("left out")));
  EXPECT_THAT(read_structure(folder + "imgt_112A_before_112.pdb").notes,
              ElementsAre(HasSubstr("112 behind 112A")));
}

TEST(Structure, AFileMadeToFillTheMemoryIsRefused) {
  const std::string path =
      testing::TempDir() + "/" + std::to_string(getpid()) + "_anesim_zeros.pdb.gz";
  gzFile f = gzopen(path.c_str(), "wb1");
  const std::string zeros(1 << 20, '\0');
  for (int i = 0; i < 120; ++i) gzwrite(f, zeros.data(), static_cast<unsigned>(zeros.size()));
  gzclose(f);
  try {
    read_structure(path);
    FAIL() << "read";
  } catch (const InputError& e) {
    EXPECT_THAT(e.what(), HasSubstr("that unpack to more than"));
  }
  std::filesystem::remove(path);
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
