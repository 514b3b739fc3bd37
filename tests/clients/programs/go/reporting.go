package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// How a program for Go takes its plan and reports: as reporting.py does for Python.
type plan struct {
	URL       string
	Scenarios map[string]asked
}

// Returns the plan, whose file is the program's last argument.
func readPlan() plan {
	text, err := os.ReadFile(os.Args[len(os.Args)-1])
	if err != nil {
		panic(err)
	}
	var told plan
	if err := json.Unmarshal(text, &told); err != nil {
		panic(err)
	}
	return told
}

// Does what the plan says, and reports; module is what the client is a part of.
func (told plan) report(module string, acts map[string]func(asked) (sight, error)) {
	say(sight{"version": versionOf(module)})
	for name, wanted := range told.Scenarios {
		saw, err := acts[name](wanted)
		if err != nil {
			say(sight{"scenario": name, "raised": err.Error()})
		} else {
			say(sight{"scenario": name, "saw": saw})
		}
	}
}

// Returns the version of a module that the program was built with.
func versionOf(module string) string {
	built, _ := debug.ReadBuildInfo()
	for _, dependency := range built.Deps {
		if dependency.Path == module {
			return strings.TrimPrefix(dependency.Version, "v")
		}
	}
	return "none"
}

func say(value sight) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Printf("\n%s\n", text)
}
