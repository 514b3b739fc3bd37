//go:build ignore

// Makes go_syntax_cases.json: what a real Go says of bodies that are not JSON.
//
//	go run tests/core/go_syntax_cases.go > tests/core/go_syntax_cases.json
//
// A body is shown as Latin-1, so that any byte can stand in JSON.  An error of
// null means that the first value is well-formed.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// picked is what the reference's table shows, and what else is worth a look of its own.
var picked = []string{
	// Blank, well-formed, and followed by something.
	"", " ", " \t\r\n", "null", " true", "false\n", "12", "-0", "-0.5e+3", "1E-2", `"x"`, "[]", "[ ]", "{}", "{ }", "[[ ] , { } ]",
	` { "a" : [ 1 , 2 ] , "b" : { "c" : null } } `, "{\r\"a\"\t:\n1}", "[1\r,\t2\n]",
	`{"a":1} trailing`, `{"a":1}{`, "[1] [", "[]]", "{}}", `"x"y`, "true1", "nullx", "1 x", "1]", "01", "-01", "00", "0x10", "1_000", "1,2",
	`{"a":1,"a":2}`, `"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"`, `"\ud800"`, `"\u0000"`, "\"\x7f\"",
	// Too large for a float64 is not an error of syntax.
	"1e999", "[-1e999]", "[1e999",
	// What the reference's table shows.
	"hello", "<html>", "model=x", `{"a":}`, "[1,]", `{"a":True}`, `{"a":NaN}`, `{"a":.5}`, "{bad}", "{'a':1}", `{"a":1,}`, "{1:2}",
	`{"a" 1}`, `{"a":1 "b":2}`, `{"a":01}`, "[1 2]", "\"a\nb\"", `"\x"`, `"\'"`, `"\u12x4"`, "-x", "1.x", "1ex", "1e+x",
	"tx", "fx", "nx", "not json", "foo", "trux",
	// What is JSON elsewhere.
	"NaN", "Infinity", "[-Infinity]", "+1", "[.5]", "[5.]", "[1.e5]", "[--1]", "[1.2.3]", "[1e5.5]", "[1ee5]", "[1e+-5]", "0b1", "'a'", "undefined",
	"// comment\n{}", "/* */{}", "{,}", "[,]", `{"a"}`, `{"a":1,,"b":2}`, "[1,,2]", `{"a"::1}`, `{"a":1;}`, `{"a"=1}`, "[1}", `{"a":1]`, "]", "}", ":", ",",
	"True", "TRUE", "nULL", "[nil]", "data: {}", "model=x&prompt=y",
	// Other encodings: byte order marks, UTF-16, spaces of other alphabets, invalid UTF-8.
	"\xef\xbb\xbf{}", "\xff\xfe{\x00}\x00", "{\x00}\x00", "\xc2\xa0{}", "[\xc2\xa01]", "[1\xe2\x80\xa8]", "\"\xff\xc3\x28\xed\xa0\x80\"", "{\"\xff\":1}", "{\xff:1}",
	"[1,\x00]", "\"\x7f\xff\"", "\x0b[]", "\x0c[]", "[\x0b]", "[1\x0c]", "{\x0b}", "{\"a\"\x0c:1}", "\x85[]",
}

// whole documents are cut at every byte.
var whole = []string{
	`{"m":"\u00e9\n","l":[1,-2.5e+10,0,true,false,null,{}],"o":{"a":[]}}`,
	` [ "\\" , -0 , 1E5 , { "k" : 10 } ] `,
}

// structure is followed by each byte of others: the places where a value, a key or a sign is expected.
var structure = []string{
	"[", "[1,", "[ ", `{"a":`, "{", `{"a":1,`, `{"a"`, `{"a" `, `{"a":1`, `{"a":"x"`, `{"a":[]`, `{"a":{} `, "[1", `["x"`, "[[]", "[{} ", "[true",
	"-", "[-", "[0", "[-0", "[10", "[1.", "[1.0", "[1e", "[1E", "[1e+", "[1e-", "[1e5", "[1.5e5", `{"`, `{"\`,
}

const others = "\x00\t\n\r \"',:;=/\\+-.0189AEaefntu[]{}\x7f\xff"

// escapes is followed by the digits of a \u escape and by their neighbours in ASCII.
var escapes = []string{`"\u`, `"\u1`, `"\u12`, `"\u123`}

const digits = "/09:@AFG`afg\"\\\n\xe9"

// latin1 makes a text of bytes.
func latin1(body string) string {
	runes := make([]rune, len(body))
	for i := range len(body) {
		runes[i] = rune(body[i])
	}
	return string(runes)
}

// ascii is JSON of a text, with all that an editor may not show written as an escape.
func ascii(text any) string {
	var quoted strings.Builder
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err)
	}
	var shown strings.Builder
	for _, letter := range strings.TrimSpace(quoted.String()) {
		if letter < 0x7f {
			shown.WriteRune(letter)
		} else {
			fmt.Fprintf(&shown, `\u%04x`, letter)
		}
	}
	return shown.String()
}

// message is what Decode says, or nil: Go also refuses a number because of its size, which is not syntax.
func message(body string) any {
	var value any
	var wrongType *json.UnmarshalTypeError
	err := json.NewDecoder(strings.NewReader(body)).Decode(&value)
	if err == nil || errors.As(err, &wrongType) {
		return nil
	}
	return err.Error()
}

func main() {
	bodies := append([]string{}, picked...)
	for _, document := range whole {
		for i := range len(document) {
			bodies = append(bodies, document[:i])
		}
	}
	for b := range 256 {
		for _, before := range []string{"", `"`, `"\`} {
			bodies = append(bodies, before+string([]byte{byte(b)}))
		}
	}
	for _, before := range structure {
		for _, b := range []byte(others) {
			bodies = append(bodies, before+string([]byte{b}))
		}
	}
	for _, before := range escapes {
		for _, b := range []byte(digits) {
			bodies = append(bodies, before+string([]byte{b}))
		}
	}
	for _, word := range []string{"true", "false", "null"} {
		for i := 1; i <= len(word); i++ {
			for _, after := range []string{"", "x", strings.ToUpper(word[i-1 : i]), word[i-1 : i], `"`, " ", "\n", "]", "\xff"} {
				bodies = append(bodies, "["+word[:i]+after)
			}
		}
	}
	deepest := strings.Repeat("[", 10_000)
	bodies = append(bodies, deepest, deepest+"[", deepest+"{", deepest[1:]+`{"a":[`)

	var lines []string
	seen := map[string]bool{}
	for _, body := range bodies {
		if !seen[body] {
			seen[body] = true
			lines = append(lines, fmt.Sprintf(`{"body": %s, "error": %s}`, ascii(latin1(body)), ascii(message(body))))
		}
	}
	fmt.Printf("[\n%s\n]\n", strings.Join(lines, ",\n"))
}
