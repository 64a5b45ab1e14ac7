// Command lua runs a health check as Argo CD does (util/lua/lua.go of github.com/argoproj/argo-cd): gopher-lua, the base,
// package and table libraries and an os that knows the time alone, the resource as the global obj, one second of time.
//
//	lua SCRIPT < OBJECTS
//
// OBJECTS is a JSON array. It prints one, with {"status", "message"} or {"error"} for each of them.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"
)

type result struct {
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: lua SCRIPT < OBJECTS")
	}
	script, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	input, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(input))
	decoder.UseNumber()
	var objects []any
	if err := decoder.Decode(&objects); err != nil {
		return err
	}
	results := make([]result, 0, len(objects))
	for _, object := range objects {
		health, err := evaluate(string(script), object)
		if err != nil {
			health = result{Error: err.Error()}
		}
		results = append(results, health)
	}
	return json.NewEncoder(out).Encode(results)
}

func evaluate(script string, object any) (result, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage},
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
		{lua.OsLibName, openTimeOnly},
	} {
		call := lua.P{Fn: state.NewFunction(library.open), Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return result{}, err
		}
	}
	timeout, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(timeout)
	state.SetGlobal("obj", value(state, object))
	if err := state.DoString(script); err != nil {
		return result{}, err
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return result{}, fmt.Errorf("the script returned a %s, not a table", state.Get(-1).Type())
	}
	return read(table)
}

// read takes what Argo CD takes: it decodes both members as strings.
func read(table *lua.LTable) (result, error) {
	status, ok := table.RawGetString("status").(lua.LString)
	if !ok {
		return result{}, fmt.Errorf("status is no string")
	}
	message := table.RawGetString("message")
	text, ok := message.(lua.LString)
	if !ok && message != lua.LNil {
		return result{}, fmt.Errorf("message is no string")
	}
	switch status {
	case "Healthy", "Suspended", "Progressing", "Degraded", "Missing", "Unknown":
		return result{Status: string(status), Message: string(text)}, nil
	}
	return result{}, fmt.Errorf("%q is no health status", string(status))
}

func openTimeOnly(state *lua.LState) int {
	now := func(state *lua.LState) int {
		state.Push(lua.LNumber(time.Now().Unix()))
		return 1
	}
	state.Push(state.RegisterModule(lua.OsLibName, map[string]lua.LGFunction{"time": now}))
	return 1
}

// value hands JSON over: whole numbers and others are Lua numbers, null is nil.
func value(state *lua.LState, of any) lua.LValue {
	switch it := of.(type) {
	case bool:
		return lua.LBool(it)
	case string:
		return lua.LString(it)
	case json.Number:
		number, _ := it.Float64()
		return lua.LNumber(number)
	case []any:
		list := state.CreateTable(len(it), 0)
		for _, element := range it {
			list.Append(value(state, element))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(it))
		for key, member := range it {
			table.RawSetString(key, value(state, member))
		}
		return table
	}
	return lua.LNil
}
