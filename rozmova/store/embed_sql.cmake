# cmake -DINPUTS=a.sql,b.sql -DOUTPUT=x.cpp -DFUNCTION=name -P embed_sql.cmake
# Each file is named NNNN_what_it_does.sql; the number is its version.
string(REPLACE "," ";" inputs "${INPUTS}")
set(rows "")
foreach(input IN LISTS inputs)
  get_filename_component(stem "${input}" NAME_WE)
  if(NOT stem MATCHES "^0*([1-9][0-9]*)_(.+)$")
    message(FATAL_ERROR "${input}: a migration is named NNNN_what_it_does.sql")
  endif()
  set(version ${CMAKE_MATCH_1})
  set(title ${CMAKE_MATCH_2})
  file(READ "${input}" sql)
  if(sql MATCHES "\\)--sql\"")
    message(FATAL_ERROR "${input}: the text )--sql\" would end the literal")
  endif()
  string(APPEND rows "    {${version}, \"${title}\", R\"--sql(${sql})--sql\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Made from the .sql files beside embed_sql.cmake; change those.
#include \"rozmova/store/migration.hpp\"

namespace rozmova::store {
namespace {

constexpr Migration migrations[] = {
${rows}};

}  // namespace

std::span<const Migration> ${FUNCTION}() { return migrations; }

}  // namespace rozmova::store
")
