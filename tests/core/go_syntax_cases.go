//go:build ignore

// Makes go_syntax_cases.json: what a real Go says of bodies that are not JSON.
//
//	go run tests/core/go_syntax_cases.go > tests/core/go_syntax_cases.json
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// latin1 makes a text of bytes, so that any byte can stand in JSON.
func latin1(body string) string {
	runes := make([]rune, len(body))
	for i := range len(body) {
		runes[i] = rune(body[i])
	}
	return string(runes)
}

func main() {
	bodies := []string{
		"", " \n", "null", "true", "12", "-0.5e+3", `"x"`, "[]", "{}", `{"a":1} trailing`, "[1] [", "01", "1.", "-",
		"hello", "<html>", "model=x", `{"a":}`, "[1,]", `{"a":True}`, `{"a":NaN}`, `{"a":.5}`, "{bad}", "{'a':1}",
		`{"a":1,}`, "{1:2}", `{"a" 1}`, `{"a":1 "b":2}`, `{"a":01}`, "[1 2]", "\"a\nb\"", `"\x"`, `"\'"`, `"\u12x4"`,
		"-x", "1.x", "1ex", "1e+x", "tx", "fx", "nx", "not json", "foo", "trux", "\xef\xbb\xbf{}", "[1,\x00]", "\"\x7f\xff\"",
		strings.Repeat("[", 10000), strings.Repeat("[", 10001), strings.Repeat(`{"a":`, 10001),
	}
	whole := `{"m":"\u00e9\n","l":[1,-2.5e+10,true,false,null,{}],"o":{"a":[]}}`
	for i := range len(whole) {
		bodies = append(bodies, whole[:i])
	}
	for _, place := range []string{"%s", "[%s", `{%s`, `{"a"%s`, `{"a":1%s`, `[1%s`, `"%s`, `"\%s`, `"\u0%s`, "-%s", "1.%s", "1e%s", "t%s"} {
		for _, b := range []byte("\x00\t\n \"'\\/,:.+-019aAeEftnu{}[]\x7f\x80\xa0\xad\xff") {
			bodies = append(bodies, fmt.Sprintf(place, string([]byte{b})))
		}
	}
	var lines []string
	for _, body := range bodies {
		var value any
		var message any
		if err := json.NewDecoder(bytes.NewReader([]byte(body))).Decode(&value); err != nil {
			message = err.Error()
		}
		line, _ := json.Marshal([]any{latin1(body), message})
		lines = append(lines, string(line))
	}
	fmt.Printf("[\n%s\n]\n", strings.Join(lines, ",\n"))
}
