package org.vm.backend.agent.internal;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;
import org.vm.api.backend.ConsoleBackend;

/** The other end of an {@link AgentPort}: a device with a driver, and an agent over files that are a test's. */
final class FakeGuest implements ConsoleBackend.Listener {
    /** Contents of the files that there are. */
    final Map<String, String> files = new ConcurrentHashMap<>();
    /** What was written, as {@code path=text}. */
    final ConcurrentLinkedQueue<String> written = new ConcurrentLinkedQueue<>();
    /** What becomes of answers; {@code null}: none is sent. */
    volatile UnaryOperator<String> tamper = answer -> answer;
    volatile String forbidden = "";

    private record Open(String path, StringBuilder pending) {}

    private final AgentPort port;
    private final ByteArrayOutputStream request = new ByteArrayOutputStream();
    private final Map<Long, Open> open = new HashMap<>();
    private long handles = 1000;

    FakeGuest(AgentPort port) {
        this.port = port;
    }

    FakeGuest boot() {
        port.connect(this);
        return this;
    }

    FakeGuest start() {
        port.opened(true);
        return this;
    }

    void say(String text) {
        port.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    synchronized int openFiles() {
        return open.size();
    }

    @Override
    public synchronized void inputAvailable() {
        // A small buffer, as drivers have them.
        ByteBuffer some = ByteBuffer.allocate(7);
        while (port.read(some.clear()) > 0) {
            for (some.flip(); some.hasRemaining();) {
                byte next = some.get();
                if (next == (byte) 0xFF) {
                    request.reset();
                } else if (next != '\n') {
                    request.write(next);
                } else {
                    String line = request.toString(StandardCharsets.UTF_8);
                    request.reset();
                    String answer = tamper.apply(answer(JsonParser.parseString(line).getAsJsonObject()));
                    if (answer != null) {
                        say(answer);
                    }
                }
            }
        }
    }

    @Override
    public void resized(int columns, int rows) {}

    private String answer(JsonObject request) {
        JsonObject arguments = request.has("arguments") ? request.getAsJsonObject("arguments") : new JsonObject();
        Open file = arguments.has("handle") ? open.get(arguments.get("handle").getAsLong()) : null;
        if (arguments.has("handle") && file == null) {
            return error("handle '" + arguments.get("handle") + "' has not been found");
        }
        switch (request.get("execute").getAsString()) {
            case "guest-sync-delimited" -> {
                return "\u00ff" + returned(arguments.get("id").toString());
            }
            case "guest-info" -> {
                return returned(info());
            }
            case "guest-file-open" -> {
                String path = arguments.get("path").getAsString();
                if (!files.containsKey(path)) {
                    return error("failed to open file '" + path + "': No such file or directory");
                }
                open.put(++handles, new Open(path, new StringBuilder(files.get(path))));
                return returned(Long.toString(handles));
            }
            case "guest-file-read" -> {
                String some = file.pending.substring(0, Math.min(file.pending.length(), 10));
                file.pending.delete(0, some.length());
                return returned("{\"count\": %d, \"buf-b64\": \"%s\", \"eof\": %b}".formatted(some.length(),
                        Base64.getEncoder().encodeToString(some.getBytes(StandardCharsets.UTF_8)), file.pending.isEmpty()));
            }
            case "guest-file-write" -> {
                file.pending.setLength(0);
                file.pending.append(new String(Base64.getDecoder().decode(arguments.get("buf-b64").getAsString()),
                        StandardCharsets.UTF_8));
                return returned("{\"count\": 1, \"eof\": false}");
            }
            case "guest-file-flush" -> {
                if (files.get(file.path).equals("busy")) {
                    return error("failed to flush file: Device or resource busy");
                }
                written.add(file.path + "=" + file.pending);
                return returned("{}");
            }
            case "guest-file-close" -> {
                open.remove(arguments.get("handle").getAsLong());
                return returned("{}");
            }
            default -> {
                return error("unknown");
            }
        }
    }

    private String info() {
        List<String> commands = new ArrayList<>();
        for (String name : List.of("guest-ping", "guest-file-open", "guest-file-close", "guest-file-read", "guest-file-write",
                "guest-file-flush")) {
            commands.add("{\"enabled\": %b, \"name\": \"%s\", \"success-response\": true}".formatted(
                    !name.equals(forbidden), name));
        }
        return "{\"version\": \"9.2\", \"supported_commands\": [" + String.join(", ", commands) + "]}";
    }

    private static String returned(String value) {
        return "{\"return\": " + value + "}\n";
    }

    private static String error(String why) {
        return "{\"error\": {\"class\": \"GenericError\", \"desc\": \"" + why + "\"}}\n";
    }
}
