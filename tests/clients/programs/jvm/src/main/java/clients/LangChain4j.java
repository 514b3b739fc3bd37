package clients;

import com.fasterxml.jackson.databind.JsonNode;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.ollama.OllamaChatModel;
import dev.langchain4j.model.ollama.OllamaEmbeddingModel;
import dev.langchain4j.model.ollama.OllamaModel;
import dev.langchain4j.model.ollama.OllamaModelCard;
import dev.langchain4j.model.ollama.OllamaModels;
import dev.langchain4j.model.ollama.OllamaStreamingChatModel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** LangChain4j, which Quarkus uses, too. */
public final class LangChain4j {
    private final String url;
    private final OllamaModels models;

    private LangChain4j(String url) {
        this.url = url;
        models = OllamaModels.builder().baseUrl(url).build();
    }

    public static void main(String[] words) throws Exception {
        Reporting reporting = new Reporting(words);
        LangChain4j client = new LangChain4j(reporting.url());
        Map<String, Reporting.Act> acts = new HashMap<>();
        acts.put("list", client::list);
        acts.put("show", client::show);
        acts.put("chat", client::chat);
        acts.put("stream", client::stream);
        acts.put("tools", client::tools);
        acts.put("structured", client::structured);
        acts.put("image", client::image);
        acts.put("thinking", client::thinking);
        acts.put("embeddings", client::embeddings);
        acts.put("unknown", client::failing);
        acts.put("broken", client::failing);
        reporting.report(OllamaChatModel.class, acts);
    }

    private Map<String, ?> list(JsonNode asked) {
        return Map.of("models", models.availableModels().content().stream().map(OllamaModel::getName).toList());
    }

    private Map<String, ?> show(JsonNode asked) {
        OllamaModelCard card = models.modelCard(asked.get("model").asText()).content();
        return Map.of(
            "capabilities", card.getCapabilities(),
            "context", card.getModelInfo().get("openai.context_length"));
    }

    private Map<String, ?> chat(JsonNode asked) {
        return Map.of("text", model(asked).chat(asked.get("prompt").asText()));
    }

    private Map<String, ?> stream(JsonNode asked) throws Exception {
        List<String> pieces = new ArrayList<>();
        CompletableFuture<ChatResponse> end = new CompletableFuture<>();
        OllamaStreamingChatModel.builder().baseUrl(url).modelName(asked.get("model").asText()).build()
            .chat(asked.get("prompt").asText(), new StreamingChatResponseHandler() {
                @Override
                public void onPartialResponse(String piece) {
                    pieces.add(piece);
                }

                @Override
                public void onCompleteResponse(ChatResponse response) {
                    end.complete(response);
                }

                @Override
                public void onError(Throwable error) {
                    end.completeExceptionally(error);
                }
            });
        end.get();
        return Map.of("pieces", pieces);
    }

    private Map<String, ?> tools(JsonNode asked) throws Exception {
        List<ToolSpecification> tools = new ArrayList<>();
        asked.get("tools").fieldNames().forEachRemaining(name -> tools.add(
            ToolSpecification.builder().name(name).description("Tells of the " + name + ".")
                .parameters(JsonObjectSchema.builder().addStringProperty("city").required("city").build())
                .build()));
        List<ChatMessage> talk = new ArrayList<>(List.of(UserMessage.from(asked.get("prompt").asText())));
        AiMessage reply = ask(asked, talk, tools);
        talk.add(reply);
        List<List<?>> calls = new ArrayList<>();
        for (var call : reply.toolExecutionRequests()) {
            calls.add(List.of(call.name(), Reporting.JSON.readTree(call.arguments())));
            talk.add(ToolExecutionResultMessage.from(call, asked.get("tools").get(call.name()).asText()));
        }
        return Map.of("calls", calls, "text", ask(asked, talk, tools).text());
    }

    private AiMessage ask(JsonNode asked, List<ChatMessage> talk, List<ToolSpecification> tools) {
        ChatRequest request = ChatRequest.builder().messages(talk).toolSpecifications(tools).build();
        return model(asked).chat(request).aiMessage();
    }

    private Map<String, ?> structured(JsonNode asked) throws Exception {
        JsonSchema schema = JsonSchema.builder().name("size")
            .rootElement(JsonRawSchema.from(asked.get("schema").toString())).build();
        ChatRequest request = ChatRequest.builder()
            .messages(UserMessage.from(asked.get("prompt").asText()))
            .responseFormat(
                ResponseFormat.builder().type(ResponseFormatType.JSON).jsonSchema(schema).build())
            .build();
        return Map.of("value", Reporting.JSON.readTree(model(asked).chat(request).aiMessage().text()));
    }

    private Map<String, ?> image(JsonNode asked) {
        UserMessage message = UserMessage.from(
            TextContent.from(asked.get("prompt").asText()),
            ImageContent.from(asked.get("png").asText(), "image/png"));
        return Map.of("text", model(asked).chat(message).aiMessage().text());
    }

    private Map<String, ?> thinking(JsonNode asked) {
        AiMessage reply = OllamaChatModel.builder()
            .baseUrl(url).modelName(asked.get("model").asText()).think(true).returnThinking(true).build()
            .chat(UserMessage.from(asked.get("prompt").asText())).aiMessage();
        return Map.of("thinking", reply.thinking(), "text", reply.text());
    }

    private Map<String, ?> embeddings(JsonNode asked) {
        List<TextSegment> texts = new ArrayList<>();
        asked.get("texts").forEach(text -> texts.add(TextSegment.from(text.asText())));
        var reply = OllamaEmbeddingModel.builder()
            .baseUrl(url).modelName(asked.get("model").asText()).build().embedAll(texts);
        return Map.of("vectors", reply.content().stream().map(vector -> vector.vectorAsList()).toList());
    }

    private Map<String, ?> failing(JsonNode asked) throws Exception {
        Map<String, String> saw = new HashMap<>();
        try {
            stream(asked);
            saw.put("error", null);
        } catch (ExecutionException error) {
            saw.put("error", Reporting.textOf(error.getCause()));
        }
        return saw;
    }

    private ChatModel model(JsonNode asked) {
        return OllamaChatModel.builder().baseUrl(url).modelName(asked.get("model").asText()).build();
    }
}
