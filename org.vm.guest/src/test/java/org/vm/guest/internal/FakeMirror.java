package org.vm.guest.internal;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A mirror on the loopback interface, which can be made to misbehave. */
final class FakeMirror implements AutoCloseable {
    /** Requests as they came: path, then the Range header if there was one. */
    final List<String> requests = new CopyOnWriteArrayList<>();
    final Map<String, byte[]> files = new ConcurrentHashMap<>();
    /** Answers to a path are cut after so many bytes, as often as the list has elements. */
    final Map<String, List<Integer>> cuts = new ConcurrentHashMap<>();
    /** Statuses to answer first. */
    final Map<String, List<Integer>> statuses = new ConcurrentHashMap<>();
    volatile boolean ranges = true;

    private final HttpServer server;

    FakeMirror(Map<String, byte[]> files) throws IOException {
        this.files.putAll(files);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/debian/", this::answer);
        server.start();
    }

    String base() {
        return "http://" + server.getAddress().getAddress().getHostAddress() + ":" + server.getAddress().getPort() + "/debian";
    }

    URI uri(String path) {
        return URI.create(base() + "/" + path);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath().substring("/debian/".length());
        String range = exchange.getRequestHeaders().getFirst("Range");
        requests.add(range == null ? path : path + " " + range);
        Integer status = next(statuses, path);
        byte[] content = files.get(path);
        try (exchange) {
            if (status != null || content == null) {
                exchange.sendResponseHeaders(status != null ? status : 404, -1);
                return;
            }
            int from = 0;
            if (range != null && ranges) {
                from = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
                exchange.getResponseHeaders().set("Content-Range",
                        "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
            }
            exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from == 0 ? -1 : content.length - from);
            Integer cut = next(cuts, path);
            OutputStream out = exchange.getResponseBody();
            out.write(content, from, Math.min(cut == null ? Integer.MAX_VALUE : cut, content.length - from));
            out.flush();
            // Closing the exchange with less written than announced ends the connection: that is the cut.
        }
    }

    private static Integer next(Map<String, List<Integer>> plan, String path) {
        List<Integer> left = plan.get(path);
        return left == null || left.isEmpty() ? null : left.remove(0);
    }

    @Override public void close() {
        server.stop(0);
    }
}
