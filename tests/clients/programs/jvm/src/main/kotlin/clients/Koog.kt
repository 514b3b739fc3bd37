package clients

import ai.koog.agents.core.tools.ToolDescriptor
import ai.koog.agents.core.tools.ToolParameterDescriptor
import ai.koog.agents.core.tools.ToolParameterType
import ai.koog.http.client.ktor.KtorKoogHttpClient
import ai.koog.prompt.Prompt
import ai.koog.prompt.dsl.prompt
import ai.koog.prompt.executor.ollama.client.OllamaClient
import ai.koog.prompt.executor.ollama.client.OllamaParams
import ai.koog.prompt.executor.ollama.client.toLLModel
import ai.koog.prompt.llm.LLMCapability
import ai.koog.prompt.llm.LLMProvider
import ai.koog.prompt.llm.LLModel
import ai.koog.prompt.message.AttachmentContent
import ai.koog.prompt.message.AttachmentSource
import ai.koog.prompt.message.MessagePart
import ai.koog.prompt.params.LLMParams
import ai.koog.prompt.streaming.StreamFrame
import com.fasterxml.jackson.databind.JsonNode
import io.ktor.client.HttpClient
import io.ktor.client.engine.java.Java
import java.net.http.HttpClient.Version
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.jsonObject

/** JetBrains' framework for agents, with an HTTP client that asks for HTTP/2, as JetBrains' IDEs give it. */
class Koog(url: String) {
    private val http = HttpClient(Java) { engine { protocolVersion = Version.HTTP_2 } }
    private val client = OllamaClient(KtorKoogHttpClient.Factory(http), url)

    fun list(@Suppress("UNUSED_PARAMETER") asked: JsonNode) = runBlocking {
        mapOf("models" to client.getModels().map { it.name })
    }

    fun show(asked: JsonNode) = runBlocking {
        val card = client.getModelOrNull(asked["model"].asText())!!
        val words = mapOf(
            LLMCapability.Completion to "completion",
            LLMCapability.Tools to "tools",
            LLMCapability.Vision.Image to "vision",
        )
        mapOf("capabilities" to card.capabilities.map { words[it] ?: it.id }, "context" to card.contextLength)
    }

    /** An answer; asked for thirty times at once, as JetBrains' IDEs do for a message in the chat. */
    fun chat(asked: JsonNode) = runBlocking {
        val model = model(asked)
        val texts = List(30) { async { client.execute(question(asked), model, emptyList()).textContent() } }
        mapOf("text" to texts.awaitAll().distinct().single())
    }

    fun stream(asked: JsonNode) = runBlocking { mapOf("pieces" to pieces(asked, model(asked))) }

    fun tools(asked: JsonNode) = runBlocking {
        val model = model(asked)
        val city = ToolParameterDescriptor("city", "Where.", ToolParameterType.String)
        val tools = asked["tools"].fieldNames().asSequence().toList().map {
            ToolDescriptor(it, "Tells of the $it.", listOf(city), emptyList())
        }
        val question = question(asked)
        val reply = client.execute(question, model, tools)
        val calls = reply.parts.filterIsInstance<MessagePart.Tool.Call>()
        val results = prompt(question) {
            message(reply)
            calls.forEach { toolResult(it.tool, asked["tools"][it.tool].asText(), it.id) }
        }
        mapOf(
            "calls" to calls.map { listOf(it.tool, Reporting.JSON.readTree(it.args)) },
            "text" to client.execute(results, model, tools).textContent(),
        )
    }

    fun structured(asked: JsonNode) = runBlocking {
        val schema = Json.parseToJsonElement(asked["schema"].toString()).jsonObject
        val params = OllamaParams(schema = LLMParams.Schema.JSON.Standard("size", schema))
        val reply = client.execute(question(asked, params), model(asked), emptyList())
        mapOf("value" to Reporting.JSON.readTree(reply.textContent()))
    }

    fun image(asked: JsonNode) = runBlocking {
        val picture = AttachmentSource.Image(AttachmentContent.Binary.Base64(asked["png"].asText()), "png")
        val question = prompt("image") {
            user {
                text(asked["prompt"].asText())
                image(picture)
            }
        }
        mapOf("text" to client.execute(question, model(asked), emptyList()).textContent())
    }

    fun thinking(asked: JsonNode) = runBlocking {
        val reply = client.execute(question(asked, OllamaParams(think = true)), model(asked), emptyList())
        val thoughts = reply.parts.filterIsInstance<MessagePart.Reasoning>().flatMap { it.content }
        mapOf("thinking" to thoughts.joinToString(""), "text" to reply.textContent())
    }

    fun embeddings(asked: JsonNode) = runBlocking {
        val texts = asked["texts"].map { it.asText() }
        mapOf("vectors" to client.embed(texts, model(asked)))
    }

    /** The model is named without a look at the list, as users do with the models that Koog knows. */
    fun failing(asked: JsonNode) = runBlocking {
        val model = LLModel(LLMProvider.Ollama, asked["model"].asText(), listOf(LLMCapability.Completion))
        try {
            pieces(asked, model)
            mapOf("error" to null)
        } catch (error: Exception) {
            mapOf("error" to Reporting.textOf(error))
        }
    }

    private suspend fun pieces(asked: JsonNode, model: LLModel) =
        client.executeStreaming(question(asked), model, emptyList()).toList()
            .filterIsInstance<StreamFrame.TextDelta>().map { it.text }

    private suspend fun model(asked: JsonNode): LLModel =
        client.getModelOrNull(asked["model"].asText())!!.toLLModel()

    private fun question(asked: JsonNode, params: LLMParams = OllamaParams()): Prompt =
        prompt("question", params) { user(asked["prompt"].asText()) }
}

fun main(words: Array<String>) {
    val reporting = Reporting(words)
    val koog = Koog(reporting.url())
    reporting.report(
        OllamaClient::class.java,
        mapOf(
            "list" to Reporting.Act(koog::list),
            "show" to Reporting.Act(koog::show),
            "chat" to Reporting.Act(koog::chat),
            "stream" to Reporting.Act(koog::stream),
            "tools" to Reporting.Act(koog::tools),
            "structured" to Reporting.Act(koog::structured),
            "image" to Reporting.Act(koog::image),
            "thinking" to Reporting.Act(koog::thinking),
            "embeddings" to Reporting.Act(koog::embeddings),
            "unknown" to Reporting.Act(koog::failing),
            "broken" to Reporting.Act(koog::failing),
        ),
    )
}
