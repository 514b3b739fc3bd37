// LangChain for JavaScript, which n8n and Obsidian Copilot use.

import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOllama, OllamaEmbeddings } from "@langchain/ollama";
import { z } from "zod";

import { plan, report, versionOf } from "./reporting.mjs";

const baseUrl = plan.url;

const chatOf = (model, settings) => new ChatOllama({ baseUrl, model, ...settings });

async function stream({ model, prompt }) {
  const pieces = [];
  for await (const chunk of await chatOf(model).stream(prompt)) {
    if (chunk.text) pieces.push(chunk.text);
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

await report(versionOf("@langchain/ollama"), {
  async chat({ model, prompt }) {
    return { text: (await chatOf(model).invoke(prompt)).text };
  },

  stream,

  async tools({ model, prompt, tools }) {
    const offered = Object.entries(tools).map(([name, result]) =>
      tool(() => result, {
        name,
        description: `Tells of the ${name}.`,
        schema: z.object({ city: z.string() }),
      }),
    );
    const chat = chatOf(model).bindTools(offered);
    const talk = [new HumanMessage(prompt)];
    const message = await chat.invoke(talk);
    talk.push(message);
    for (const call of message.tool_calls) {
      talk.push(await offered.find(({ name }) => name === call.name).invoke(call));
    }
    if (!talk.slice(2).every((result) => result instanceof ToolMessage)) throw new Error(talk);
    return {
      calls: message.tool_calls.map((call) => [call.name, call.args]),
      text: (await chat.invoke(talk)).text,
    };
  },

  async structured({ model, prompt, schema }) {
    return { value: await chatOf(model).withStructuredOutput(schema).invoke(prompt) };
  },

  async image({ model, prompt, png }) {
    const content = [
      { type: "text", text: prompt },
      { type: "image_url", image_url: `data:image/png;base64,${png}` },
    ];
    return { text: (await chatOf(model).invoke([new HumanMessage({ content })])).text };
  },

  async thinking({ model, prompt }) {
    const message = await chatOf(model, { think: true }).invoke(prompt);
    return { thinking: message.additional_kwargs.reasoning_content, text: message.text };
  },

  async embeddings({ model, texts }) {
    return { vectors: await new OllamaEmbeddings({ baseUrl, model }).embedDocuments(texts) };
  },

  unknown: failing,
  broken: failing,
});
