# cmake -DINPUTS=a.json,b.json -DOUTPUT=x.cpp -P embed.cmake: each file as a text of the program.
string(REPLACE "," ";" inputs "${INPUTS}")
set(texts "")
foreach(input IN LISTS inputs)
  get_filename_component(stem "${input}" NAME_WE)
  file(READ "${input}" text)
  if(text MATCHES "\\)--json\"")
    message(FATAL_ERROR "${input}: the text )--json\" would end the literal")
  endif()
  string(APPEND texts "const std::string_view ${stem}_json = R\"--json(${text})--json\";\n")
endforeach()
file(WRITE "${OUTPUT}" "// Made from the .json files beside embed.cmake; change those.
#include \"rozmova/api/documents.hpp\"

namespace rozmova::api {

${texts}
}  // namespace rozmova::api
")
