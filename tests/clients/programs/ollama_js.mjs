// The official client for JavaScript.

import { Ollama } from "ollama";

import { plan, report, versionOf } from "./reporting.mjs";

const client = new Ollama({ host: plan.url });

const messages = ({ prompt }) => [{ role: "user", content: prompt }];

async function stream({ model, prompt }) {
  const pieces = [];
  for await (const part of await client.chat({
    model,
    messages: messages({ prompt }),
    stream: true,
  })) {
    if (part.message.content) pieces.push(part.message.content);
  }
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

await report(versionOf("ollama"), {
  async list() {
    const { models } = await client.list();
    return { models: models.map((model) => model.name) };
  },

  async show({ model }) {
    const shown = await client.show({ model });
    return {
      capabilities: shown.capabilities,
      context: shown.model_info["openai.context_length"],
    };
  },

  async chat({ model, prompt }) {
    const { message } = await client.chat({ model, messages: messages({ prompt }) });
    return { text: message.content };
  },

  stream,

  async tools({ model, prompt, tools }) {
    const offered = Object.keys(tools).map((name) => ({
      type: "function",
      function: {
        name,
        description: `Tells of the ${name}.`,
        parameters: {
          type: "object",
          properties: { city: { type: "string" } },
          required: ["city"],
        },
      },
    }));
    const talk = messages({ prompt });
    const { message } = await client.chat({ model, messages: talk, tools: offered });
    talk.push(message);
    const calls = [];
    for (const call of message.tool_calls ?? []) {
      const { name } = call.function;
      calls.push([name, call.function.arguments]);
      talk.push({ role: "tool", tool_name: name, content: tools[name] });
    }
    const last = await client.chat({ model, messages: talk, tools: offered });
    return { calls, text: last.message.content };
  },

  async structured({ model, prompt, schema }) {
    const { message } = await client.chat({
      model,
      messages: messages({ prompt }),
      format: schema,
    });
    return { value: JSON.parse(message.content) };
  },

  async image({ model, prompt, png }) {
    const { message } = await client.chat({
      model,
      messages: [{ role: "user", content: prompt, images: [png] }],
    });
    return { text: message.content };
  },

  async thinking({ model, prompt }) {
    const { message } = await client.chat({
      model,
      messages: messages({ prompt }),
      think: true,
    });
    return { thinking: message.thinking, text: message.content };
  },

  async fill({ model, prefix, suffix }) {
    const { response } = await client.generate({ model, prompt: prefix, suffix });
    return { text: response };
  },

  async embeddings({ model, texts }) {
    const { embeddings } = await client.embed({ model, input: texts });
    return { vectors: embeddings };
  },

  unknown: failing,
  broken: failing,
});
