// Sends HTTP requests as Java's HttpClient does that is left as it comes: it wants HTTP/2, and
// says so on plain http by the header "Upgrade: h2c".  JetBrains' IDEs use it.
//
//     java HttpRequests.java URL
//
// takes a request from each line of its standard input, in fields between tabs: how often to send
// it (all at once), the method, the path, and the body, empty for none.  GET is also sent with a
// body of no bytes, that is, "Content-Length: 0".  It prints each reply's version and lines:
//
//     reply HTTP_1_1 200
//     line {"models": []}
//     end
//
// and "done" after the last; "failed" and why instead, if there is none.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

import static java.nio.charset.StandardCharsets.UTF_8;

class HttpRequests {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final PrintStream OUT = new PrintStream(System.out, true, UTF_8);

    public static void main(String[] words) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] fields = line.split("\t", -1);
            try {
                send(Integer.parseInt(fields[0]), fields[1], URI.create(words[0] + fields[2]), fields[3]);
                OUT.println("done");
            } catch (Exception error) {
                OUT.println("failed " + error);
            }
        }
    }

    private static void send(int times, String method, URI uri, String body) {
        List<CompletableFuture<HttpResponse<Stream<String>>>> replies = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            HttpRequest.Builder request = HttpRequest.newBuilder(uri);
            if (method.equals("POST")) {
                request.header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
            } else if (i % 2 == 1) {
                request.method(method, BodyPublishers.ofString(""));
            }
            replies.add(CLIENT.sendAsync(request.build(), BodyHandlers.ofLines()));
        }
        for (CompletableFuture<HttpResponse<Stream<String>>> reply : replies) {
            HttpResponse<Stream<String>> response = reply.join();
            OUT.println("reply " + response.version() + " " + response.statusCode());
            response.body().forEach(line -> OUT.println("line " + line));
            OUT.println("end");
        }
    }
}
