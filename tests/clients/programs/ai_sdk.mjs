// The AI SDK with either of its two providers for Ollama, which is the first argument.

import { embedMany, generateText, isStepCount, jsonSchema, Output, streamText, tool } from "ai";
import { z } from "zod";

import { plan, report, versionOf } from "./reporting.mjs";

const PROVIDERS = {
  async "ollama-ai-provider-v2"() {
    const { createOllama } = await import("ollama-ai-provider-v2");
    const ollama = createOllama({ baseURL: `${plan.url}/api` });
    return {
      chat: ollama,
      thinking: (model) => ({
        model: ollama(model),
        providerOptions: { ollama: { think: true } },
      }),
      embedding: ollama.embedding,
      fill: (model, suffix) => ollama.completion(model, { suffix }),
    };
  },
  async "ai-sdk-ollama"() {
    const { createOllama } = await import("ai-sdk-ollama");
    const ollama = createOllama({ baseURL: plan.url });
    return {
      chat: ollama,
      thinking: (model) => ({ model: ollama(model, { think: true }) }),
      embedding: ollama.embedding,
    };
  },
};

const name = process.argv[2];
const provider = await PROVIDERS[name]();

// The SDK has errors of a stream for `onError` and ends the text without them.
async function stream({ model, prompt }) {
  const pieces = [];
  let failed;
  const { textStream } = streamText({
    model: provider.chat(model),
    prompt,
    onError({ error }) {
      failed = error;
    },
  });
  for await (const text of textStream) if (text) pieces.push(text);
  if (failed) throw failed;
  return { pieces };
}

async function failing(asked) {
  try {
    await stream(asked);
  } catch (error) {
    return { error: error.message };
  }
  return { error: null };
}

await report(versionOf(name), {
  async chat({ model, prompt }) {
    const { text } = await generateText({ model: provider.chat(model), prompt });
    return { text };
  },

  stream,

  async tools({ model, prompt, tools }) {
    const calls = [];
    const offered = Object.entries(tools).map(([name, result]) => [
      name,
      tool({
        description: `Tells of the ${name}.`,
        inputSchema: z.object({ city: z.string() }),
        execute(input) {
          calls.push([name, input]);
          return result;
        },
      }),
    ]);
    const { text } = await generateText({
      model: provider.chat(model),
      prompt,
      tools: Object.fromEntries(offered),
      stopWhen: isStepCount(2),
    });
    return { calls, text };
  },

  async structured({ model, prompt, schema }) {
    const { output } = await generateText({
      model: provider.chat(model),
      prompt,
      output: Output.object({ schema: jsonSchema(schema) }),
    });
    return { value: output };
  },

  async image({ model, prompt, png }) {
    const { text } = await generateText({
      model: provider.chat(model),
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: prompt },
            { type: "file", data: png, mediaType: "image/png" },
          ],
        },
      ],
    });
    return { text };
  },

  async thinking({ model, prompt }) {
    const { reasoningText, text } = await generateText({ ...provider.thinking(model), prompt });
    return { thinking: reasoningText, text };
  },

  async fill({ model, prefix, suffix }) {
    const { text } = await generateText({ model: provider.fill(model, suffix), prompt: prefix });
    return { text };
  },

  async embeddings({ model, texts }) {
    const { embeddings } = await embedMany({ model: provider.embedding(model), values: texts });
    return { vectors: embeddings };
  },

  unknown: failing,
  broken: failing,
});
