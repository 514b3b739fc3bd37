// The official client for Go, which the ollama command line uses, too.
package main

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/ollama/ollama/api"
)

// What a scenario asks for: the fields that it needs.
type asked struct {
	Model  string
	Prompt string
	Prefix string
	Suffix string
	Tools  map[string]string
	Schema json.RawMessage
	PNG    []byte
	Texts  []string
}

type sight = map[string]any

var (
	background = context.Background()
	client     *api.Client
	never      = false
)

func list(asked) (sight, error) {
	reply, err := client.List(background)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, model := range reply.Models {
		names = append(names, model.Name)
	}
	return sight{"models": names}, nil
}

func show(wanted asked) (sight, error) {
	reply, err := client.Show(background, &api.ShowRequest{Model: wanted.Model})
	if err != nil {
		return nil, err
	}
	return sight{
		"capabilities": reply.Capabilities,
		"context":      reply.ModelInfo["openai.context_length"],
	}, nil
}

// Sends a request for a chat, and returns all pieces of the reply put together, and those of its text.
func ask(request *api.ChatRequest) (api.Message, []string, error) {
	whole, pieces := api.Message{Role: "assistant"}, []string{}
	err := client.Chat(background, request, func(reply api.ChatResponse) error {
		if reply.Message.Content != "" {
			pieces = append(pieces, reply.Message.Content)
		}
		whole.Content += reply.Message.Content
		whole.Thinking += reply.Message.Thinking
		whole.ToolCalls = append(whole.ToolCalls, reply.Message.ToolCalls...)
		return nil
	})
	return whole, pieces, err
}

func question(wanted asked) *api.ChatRequest {
	messages := []api.Message{{Role: "user", Content: wanted.Prompt}}
	return &api.ChatRequest{Model: wanted.Model, Messages: messages, Stream: &never}
}

func chat(wanted asked) (sight, error) {
	reply, _, err := ask(question(wanted))
	return sight{"text": reply.Content}, err
}

func stream(wanted asked) (sight, error) {
	request := question(wanted)
	request.Stream = nil
	_, pieces, err := ask(request)
	return sight{"pieces": pieces}, err
}

func tools(wanted asked) (sight, error) {
	request := question(wanted)
	names := slices.Collect(maps.Keys(wanted.Tools))
	slices.Sort(names)
	slices.Reverse(names) // A map has no order; the model calls them in the order that they come in.
	for _, name := range names {
		properties := api.NewToolPropertiesMap()
		properties.Set("city", api.ToolProperty{Type: api.PropertyType{"string"}})
		request.Tools = append(request.Tools, api.Tool{
			Type: "function",
			Function: api.ToolFunction{
				Name:        name,
				Description: "Tells of the " + name + ".",
				Parameters: api.ToolFunctionParameters{
					Type:       "object",
					Required:   []string{"city"},
					Properties: properties,
				},
			},
		})
	}
	reply, _, err := ask(request)
	if err != nil {
		return nil, err
	}
	request.Messages = append(request.Messages, reply)
	calls := [][]any{}
	for _, call := range reply.ToolCalls {
		name := call.Function.Name
		calls = append(calls, []any{name, call.Function.Arguments})
		result := api.Message{Role: "tool", Content: wanted.Tools[name], ToolName: name, ToolCallID: call.ID}
		request.Messages = append(request.Messages, result)
	}
	reply, _, err = ask(request)
	return sight{"calls": calls, "text": reply.Content}, err
}

func structured(wanted asked) (sight, error) {
	request := question(wanted)
	request.Format = wanted.Schema
	reply, _, err := ask(request)
	return sight{"value": json.RawMessage(reply.Content)}, err
}

func image(wanted asked) (sight, error) {
	request := question(wanted)
	request.Messages[0].Images = []api.ImageData{wanted.PNG}
	reply, _, err := ask(request)
	return sight{"text": reply.Content}, err
}

func thinking(wanted asked) (sight, error) {
	request := question(wanted)
	request.Think = &api.ThinkValue{Value: true}
	reply, _, err := ask(request)
	return sight{"thinking": reply.Thinking, "text": reply.Content}, err
}

func fill(wanted asked) (sight, error) {
	text := ""
	request := &api.GenerateRequest{
		Model: wanted.Model, Prompt: wanted.Prefix, Suffix: wanted.Suffix, Stream: &never,
	}
	err := client.Generate(background, request, func(reply api.GenerateResponse) error {
		text += reply.Response
		return nil
	})
	return sight{"text": text}, err
}

func embeddings(wanted asked) (sight, error) {
	reply, err := client.Embed(background, &api.EmbedRequest{Model: wanted.Model, Input: wanted.Texts})
	if err != nil {
		return nil, err
	}
	return sight{"vectors": reply.Embeddings}, nil
}

func failing(wanted asked) (sight, error) {
	if _, err := stream(wanted); err != nil {
		return sight{"error": err.Error()}, nil
	}
	return sight{"error": nil}, nil
}

func main() {
	told := readPlan()
	address, err := url.Parse(told.URL)
	if err != nil {
		panic(err)
	}
	client = api.NewClient(address, http.DefaultClient)
	told.report("github.com/ollama/ollama", map[string]func(asked) (sight, error){
		"list":       list,
		"show":       show,
		"chat":       chat,
		"stream":     stream,
		"tools":      tools,
		"structured": structured,
		"image":      image,
		"thinking":   thinking,
		"fill":       fill,
		"embeddings": embeddings,
		"unknown":    failing,
		"broken":     failing,
	})
}
