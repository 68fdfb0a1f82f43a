#include <string>

#include <doctest/doctest.h>

#include "pushforward/core/point_io.hpp"

#include "tests/support/scratch.hpp"

using namespace pushforward;
using testing::Scratch;

namespace {

CsvTable table(const std::string& text, const CsvOptions& options = {}) {
  const Scratch scratch;
  return read_csv(scratch.file("t.csv", text), options);
}

// "line:column fault: message"
std::string refusal(const std::string& text, const CsvOptions& options = {}) {
  const Scratch scratch;
  const auto path = scratch.file("t.csv", text);
  try {
    (void)read_csv(path, options);
  } catch (const DataError& error) {
    return std::to_string(error.line()) + ":" + std::to_string(error.column()) + " " +
           std::string(name(error.fault())) + ": " + error.message();
  }
  return "accepted";
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("csv: rows become points, with the header's names") {
  const CsvTable t = table("x,y\n1,2\n3.5,-4e-2\n");
  CHECK(t.names == Names{"x", "y"});
  REQUIRE(t.values.rows() == 2);
  REQUIRE(t.values.cols() == 2);
  CHECK(t.values(0, 1) == 3.5);
  CHECK(t.values(1, 1) == -0.04);
  CHECK(t.dropped_rows == 0);
}

TEST_CASE("csv: comma, semicolon and tab are told apart by the first line") {
  for (const std::string d : {",", ";", "\t"}) {
    const CsvTable t = table("\"a,;\tb\"" + d + "c" + d + "d\n1" + d + "2" + d + "3\n");
    CHECK(t.names == Names{"a,;\tb", "c", "d"});
    CHECK(t.values(2, 0) == 3.0);
  }
  CHECK(table("1\n2\n").values.cols() == 2);
  CHECK(refusal("a;b,c\n1;2\n", {.delimiter = Delimiter::comma}) ==
        "2:1 malformed: row 2 has 1 fields, expected 2 as in row 1");
  CHECK(table("a;b,c\n1;2\n", {.delimiter = Delimiter::semicolon}).names == Names{"a", "b,c"});
}

TEST_CASE("csv: a first row without numbers is a header, one of numbers is data") {
  CHECK(table("1,2\n3,4\n").values.cols() == 2);
  CHECK(table("1,2\n3,4\n").names == Names{"0", "1"});
  CHECK(table("1,2\n3,4\n", {.header = true}).values.cols() == 1);
  CHECK(table("1,2\n3,4\n", {.header = true}).names == Names{"1", "2"});
  CHECK(table(",x\n0,5\n").names == Names{"", "x"});
  CHECK(refusal("year,2019\n1,2\n") ==
        "1:1 malformed: the first row has numbers and \"year\"; say whether it is a header with "
        "\"header\": true or false");
  CHECK(table("year,2019\n1,2\n", {.header = true}).values.cols() == 1);
  CHECK(refusal("x,y\n1,2\n", {.header = false}) ==
        "1:1 bad_value: \"x\" in row 1, column 0 is not a number");
}

TEST_CASE("csv: byte-order mark, CRLF, lone CR, blank lines and a last line without end") {
  const CsvTable expected = table("x,y\n1,2\n3,4\n");
  for (const std::string text :
       {"\xEF\xBB\xBFx,y\r\n1,2\r\n3,4\r\n", "x,y\r1,2\r3,4\r", "\n\nx,y\n\n1,2\n\r\n3,4",
        "\xEF\xBB\xBF\r\nx,y\r\n1,2\r\n3,4\r\n\r\n", "x,y\n +1 ,\t2\n3.0e0,4 \n"}) {
    const CsvTable t = table(text);
    CHECK(t.names == expected.names);
    CHECK(t.values == expected.values);
  }
}

TEST_CASE("csv: quotes follow RFC 4180") {
  const CsvTable t = table("\"the \"\"x\"\"\",\"two\nlines\"\n\"1\",\"2\"\n3,4\n");
  CHECK(t.names == Names{"the \"x\"", "two\nlines"});
  CHECK(t.values(0, 0) == 1.0);
  CHECK(refusal("x,y\n1,\"2\n3,4\n") == "2:3 malformed: the quote that opens here is not closed");
  CHECK(refusal("x,y\n1,\"2\"3\n") == "2:6 malformed: text follows a closing quote");
  CHECK(refusal("x,y\n1,2\"3\"\n") ==
        "2:4 malformed: a quote inside a field that does not start with one");
  // Lines are counted through quoted line ends, rows are not; columns count characters.
  CHECK(refusal("x,\"y\r\nz\"\n1,2\n\xC3\xA9\xC3\xA9,!\n", {.columns = {"y\r\nz"}}) ==
        "4:4 bad_value: \"!\" in row 3, column \"y\r\nz\" is not a number");
}

TEST_CASE("csv: columns are chosen by name or by place, in the order asked") {
  const std::string text = "id,x,y,x\na,1,2,9\nb,3,4,8\n";
  const CsvTable t = table(text, {.columns = {"y", Index{1}}});
  CHECK(t.names == Names{"y", "x"});
  CHECK(t.values(0, 1) == 4.0);
  CHECK(t.values(1, 1) == 3.0);
  CHECK(refusal(text, {.columns = {"x"}}) ==
        "0:0 unknown_column: column \"x\" is there twice; name it by its place");
  CHECK(refusal(text, {.columns = {"z"}}) ==
        "0:0 unknown_column: there is no column \"z\"; columns are \"id\", \"x\", \"y\", \"x\"");
  CHECK(refusal(text, {.columns = {Index{4}}}) ==
        "0:0 unknown_column: there is no column 4; columns are 0 to 3");
  CHECK(refusal(text, {.columns = {Index{-1}}}) ==
        "0:0 unknown_column: there is no column -1; columns are 0 to 3");
  CHECK(refusal("1,2\n", {.columns = {"x"}}) ==
        "0:0 unknown_column: column \"x\" is asked for, but there is no header");
}

TEST_CASE("csv: a missing entry is an error that counts the rows, or drops them") {
  std::string text = "y,x\n";
  for (int row = 2; row <= 20001; ++row) {
    text += row == 1042 ? "1,n/a\n" : row > 19995 ? "1,\n" : "1,2\n";
  }
  CHECK(refusal(text) ==
        "1042:3 bad_value: \"n/a\" in row 1042, column \"x\" is not a number; drop such rows with "
        "\"missing\": \"drop\" (would drop 7 of 20000 rows)");
  const CsvTable t = table(text, {.missing = Missing::drop});
  CHECK(t.values.cols() == 19993);
  CHECK(t.dropped_rows == 7);
  for (const std::string mark : {"", " ", "NA", "NaN", "null", "None", "?", ".", "-"}) {
    CHECK(table("x,y\n1," + mark + "\n3,4\n", {.missing = Missing::drop}).values.cols() == 1);
    CHECK(table("x,y\n1," + mark + "\n3,4\n", {.columns = {"x"}}).values.cols() == 2);
  }
  CHECK(table("x\n?\n", {.missing = Missing::drop}).values.cols() == 0);
}

TEST_CASE("csv: what is not a finite number is named by place, row and column, dropped or not") {
  for (const Missing missing : {Missing::error, Missing::drop}) {
    const CsvOptions options{.missing = missing};
    CHECK(refusal("x,y\n1,2\n3,4O\n", options) ==
          "3:3 bad_value: \"4O\" in row 3, column \"y\" is not a number");
    CHECK(refusal("x,y\n1,inf\n", options) ==
          "2:3 bad_value: \"inf\" in row 2, column \"y\" is not a finite double");
    CHECK(refusal("x,y\n1,1e999\n", options) ==
          "2:3 bad_value: \"1e999\" in row 2, column \"y\" is not a finite double");
    CHECK(refusal("x;y\n1;2,5\n", options) ==
          "2:3 bad_value: \"2,5\" in row 2, column \"y\" is not a number; write a decimal point, "
          "not a comma");
    CHECK(refusal("x,y\n1,0x10\n", options) ==
          "2:3 bad_value: \"0x10\" in row 2, column \"y\" is not a number");
  }
  CHECK(refusal("x\n" + std::string(5000, 'z') + "\n") ==
        "2:1 bad_value: \"" + std::string(57, 'z') +
            "...\" in row 2, column \"x\" is not a number");
}

TEST_CASE("csv: ragged, empty and binary files are refused") {
  CHECK(refusal("x,y\n1,2\n1,2,3\n") ==
        "3:1 malformed: row 3 has 3 fields, expected 2 as in row 1");
  CHECK(refusal("") == "0:0 malformed: the file holds no rows");
  CHECK(refusal("\n\r\n\n") == "0:0 malformed: the file holds no rows");
  CHECK(table("x,y\n").values.cols() == 0);
  CHECK(table("x,y\n").values.rows() == 2);
  CHECK(refusal(std::string("x\0y\n1\n", 6)) == "0:0 malformed: holds zero bytes: not a text file");
  CHECK(refusal("\xFF\xFEx") == "0:0 malformed: the text is UTF-16; save it as UTF-8");
  CHECK(refusal("\x93NUMPY") == "0:0 malformed: this is an npy file, not CSV");
  CHECK(refusal(std::string(200'000, ',')) == "1:100001 malformed: more than 100000 columns");
}

TEST_CASE("csv: any prefix of a file is read or refused, never worse") {
  const std::string whole = "\xEF\xBB\xBF\"a\"\"b\",y\r\n\"1\",2.5e1\r\n,3\r\n";
  const Scratch scratch;
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    try {
      const CsvTable t =
          read_csv(scratch.file("cut.csv", whole.substr(0, length)), {.missing = Missing::drop});
      CHECK(t.values.allFinite());
    } catch (const DataError&) {
    }
  }
}
