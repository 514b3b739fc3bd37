package clients;

import com.fasterxml.jackson.databind.JsonNode;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.Media;
import org.springframework.ai.model.tool.DefaultToolCallingManager;
import org.springframework.ai.model.tool.ToolCallingManager;
import org.springframework.ai.ollama.OllamaChatModel;
import org.springframework.ai.ollama.OllamaEmbeddingModel;
import org.springframework.ai.ollama.api.OllamaApi;
import org.springframework.ai.ollama.api.OllamaChatOptions;
import org.springframework.ai.ollama.api.OllamaEmbeddingOptions;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.function.FunctionToolCallback;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.util.MimeTypeUtils;

import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Spring AI, without Spring Boot, which only sets its options. */
public final class SpringAi {
    private final OllamaApi api;

    private SpringAi(String url) {
        api = OllamaApi.builder().baseUrl(url).build();
    }

    public static void main(String[] words) throws Exception {
        Reporting reporting = new Reporting(words);
        SpringAi client = new SpringAi(reporting.url());
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
        acts.put("unknown", asked -> failing(asked, client::chat));
        acts.put("broken", asked -> failing(asked, client::stream));
        reporting.report(OllamaChatModel.class, acts);
    }

    private Map<String, ?> list(JsonNode asked) {
        return Map.of("models", api.listModels().models().stream().map(OllamaApi.Model::name).toList());
    }

    private Map<String, ?> show(JsonNode asked) {
        var shown = api.showModel(new OllamaApi.ShowModelRequest(asked.get("model").asText()));
        return Map.of(
            "capabilities", shown.capabilities(),
            "context", shown.modelInfo().get("openai.context_length"));
    }

    private Map<String, ?> chat(JsonNode asked) {
        return Map.of("text", model(options(asked)).call(asked.get("prompt").asText()));
    }

    private Map<String, ?> stream(JsonNode asked) {
        var pieces = model(options(asked)).stream(asked.get("prompt").asText()).collectList().block();
        return Map.of("pieces", pieces.stream().filter(piece -> !piece.isEmpty()).toList());
    }

    /** What a tool is called with. */
    public record Place(String city) {
    }

    private Map<String, ?> tools(JsonNode asked) {
        List<List<?>> calls = new ArrayList<>();
        List<ToolCallback> tools = new ArrayList<>();
        asked.get("tools").fields().forEachRemaining(tool -> {
            Function<Place, String> call = place -> {
                calls.add(List.of(tool.getKey(), Map.of("city", place.city())));
                return tool.getValue().asText();
            };
            tools.add(FunctionToolCallback.builder(tool.getKey(), call)
                .description("Tells of the " + tool.getKey() + ".")
                .inputType(Place.class)
                .toolCallResultConverter((result, type) -> String.valueOf(result))
                .build());
        });
        OllamaChatOptions options =
            OllamaChatOptions.builder().model(asked.get("model").asText()).toolCallbacks(tools).build();
        ToolCallingManager caller = DefaultToolCallingManager.builder().build();
        Prompt prompt = new Prompt(asked.get("prompt").asText(), options);
        ChatResponse response = model(options).call(prompt);
        while (response.hasToolCalls()) {
            prompt = new Prompt(caller.executeToolCalls(prompt, response).conversationHistory(), options);
            response = model(options).call(prompt);
        }
        return Map.of("calls", calls, "text", textOf(response));
    }

    private Map<String, ?> structured(JsonNode asked) throws Exception {
        OllamaChatOptions options = OllamaChatOptions.builder()
            .model(asked.get("model").asText()).outputSchema(asked.get("schema").toString()).build();
        return Map.of("value", Reporting.JSON.readTree(model(options).call(asked.get("prompt").asText())));
    }

    private Map<String, ?> image(JsonNode asked) {
        byte[] picture = Base64.getDecoder().decode(asked.get("png").asText());
        UserMessage message = UserMessage.builder().text(asked.get("prompt").asText())
            .media(new Media(MimeTypeUtils.IMAGE_PNG, new ByteArrayResource(picture))).build();
        return Map.of("text", textOf(model(options(asked)).call(new Prompt(message))));
    }

    private Map<String, ?> thinking(JsonNode asked) {
        OllamaChatOptions options =
            OllamaChatOptions.builder().model(asked.get("model").asText()).enableThinking().build();
        ChatResponse response = model(options).call(new Prompt(asked.get("prompt").asText()));
        String thoughts = response.getResult().getMetadata().get("thinking");
        return Map.of("thinking", thoughts, "text", textOf(response));
    }

    private Map<String, ?> embeddings(JsonNode asked) {
        List<String> texts = new ArrayList<>();
        asked.get("texts").forEach(text -> texts.add(text.asText()));
        OllamaEmbeddingModel model = OllamaEmbeddingModel.builder().ollamaApi(api)
            .options(OllamaEmbeddingOptions.builder().model(asked.get("model").asText()).build())
            .build();
        return Map.of("vectors", model.embed(texts));
    }

    private static Map<String, ?> failing(JsonNode asked, Reporting.Act act) {
        Map<String, String> saw = new HashMap<>();
        try {
            act.see(asked);
            saw.put("error", null);
        } catch (Exception error) {
            saw.put("error", Reporting.textOf(error));
        }
        return saw;
    }

    private OllamaChatOptions options(JsonNode asked) {
        return OllamaChatOptions.builder().model(asked.get("model").asText()).build();
    }

    private OllamaChatModel model(OllamaChatOptions options) {
        return OllamaChatModel.builder().ollamaApi(api).options(options).build();
    }

    private static String textOf(ChatResponse response) {
        return response.getResult().getOutput().getText();
    }
}
