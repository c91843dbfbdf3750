package org.vm.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Somebody with a few terminals and a distribution of their own: the same files as the one that was built, but its own
 * {@code plugins/}.
 */
final class Reader implements AutoCloseable {
    private static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    private static final List<String> PARTS = List.of("launcher", "system", "conf", "kit", "guests");
    private static final String PROMPT = "root@linux:~#";

    /** A command that goes on, and what it has said so far. */
    private static final class Terminal {
        private final Process process;
        private final StringBuilder said = new StringBuilder();
        private final Thread listening;

        Terminal(Process process) {
            this.process = process;
            listening = Thread.ofVirtual().start(this::listen);
        }

        private void listen() {
            try (InputStream in = process.getInputStream()) {
                byte[] bytes = new byte[8192];
                for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
                    synchronized (this) {
                        said.append(new String(bytes, 0, read, StandardCharsets.ISO_8859_1));
                        notifyAll();
                    }
                }
            } catch (IOException e) {
                synchronized (this) {
                    said.append("\n(").append(e).append(')');
                }
            }
        }

        synchronized int position() {
            return said.length();
        }

        synchronized String from(int position) {
            return said.substring(position);
        }

        synchronized void await(String text, int from, Duration limit) throws InterruptedException {
            long until = System.nanoTime() + limit.toNanos();
            while (said.indexOf(text, from) < 0) {
                long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
                if (left <= 0) {
                    throw new AssertionError("'" + text + "' was not seen within " + limit.toSeconds() + " s, but:\n" + said.substring(from));
                }
                wait(left);
            }
        }

        void type(String line) throws IOException {
            OutputStream out = process.getOutputStream();
            out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            out.flush();
        }
    }

    private final Path folder;
    private final Path home;
    private final List<Terminal> terminals = new ArrayList<>();
    private Terminal guest;
    private int commands;

    Reader(Path folder, Path built) throws IOException {
        this.folder = folder;
        home = Files.createDirectories(folder.resolve(".vmm"));
        for (String part : PARTS) {
            Files.createSymbolicLink(home.resolve(part), built.resolve(part));
        }
        Files.createDirectory(home.resolve("plugins"));
    }

    /** Types a command into a terminal of its own; {@code ./vmm run} and {@code ./vmm dev} go on, others end with status 0. */
    void host(String line, Duration limit) throws Exception {
        boolean kit = line.startsWith("./vmm new") || line.startsWith("./vmm dev");
        String command = line.startsWith("./vmm") ? "exec '" + JAVA + "' -XX:+UseParallelGC -Xmn32m --sun-misc-unsafe-memory-access=allow"
                + " -Dslf4j.internal.verbosity=ERROR -Dvmm.home='" + home + "' -jar '"
                + home.resolve(kit ? "kit/org.vm.kit.jar" : "launcher/org.vm.launcher.jar") + "'" + line.substring("./vmm".length())
                : line;
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().merge("PATH", "/usr/sbin:/sbin", (old, more) -> old + ":" + more);
        Terminal terminal = new Terminal(builder.start());
        terminals.add(terminal);
        if (line.startsWith("./vmm run")) {
            guest = terminal;
            guest.await(PROMPT, 0, limit);
        } else if (line.startsWith("./vmm dev") && !line.contains("--once")) {
            terminal.await("in plugins/ after", 0, limit);
        } else if (!terminal.process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS) || terminal.process.exitValue() != 0) {
            throw new AssertionError(line + " has failed: " + terminal.from(0));
        }
    }

    /** Types lines into the monitor's shell. @return what it says to them */
    String shell(List<String> lines, Duration limit) throws Exception {
        Process process = new ProcessBuilder(JAVA, "-XX:+UseParallelGC", "-Xmn32m", "--sun-misc-unsafe-memory-access=allow", "-Dvmm.home=" + home, "-jar",
                home.resolve("launcher/org.vm.launcher.jar").toString(), "shell").redirectErrorStream(true).start();
        Terminal terminal = new Terminal(process);
        terminals.add(terminal);
        for (String line : lines) {
            terminal.type(line);
        }
        process.getOutputStream().close();
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("the shell does not end: " + terminal.from(0));
        }
        terminal.listening.join();
        return terminal.from(0);
    }

    /** Where plugins are put. */
    Path plugins() {
        return home.resolve("plugins");
    }

    /** Types a command in the guest, again and again until it says that: what was saved is on its way. */
    void guest(String line, List<String> output, Duration limit) throws Exception {
        long until = System.nanoTime() + limit.toNanos();
        String said;
        do {
            if (System.nanoTime() > until) {
                throw new AssertionError(line + " does not say " + output);
            }
            String end = "END-" + ++commands;
            int before = guest.position();
            // The quotes keep what is echoed from being taken for the end.
            guest.type(line + "; echo END\"-\"" + commands);
            guest.await(end, before, limit);
            said = guest.from(before).replace("\r", "");
        } while (!said.contains("\n" + String.join("\n", output) + "\n"));
    }

    /** Sees a line in the terminal of the last command. */
    void see(String line, Duration limit) throws InterruptedException {
        terminals.getLast().await(line, 0, limit);
    }

    /** @return the monitor's exit status */
    int powerOff(Duration limit) throws Exception {
        guest.type("poweroff");
        if (!guest.process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("the guest does not end: " + guest.from(0));
        }
        return guest.process.exitValue();
    }

    @Override
    public void close() throws IOException {
        for (Terminal terminal : terminals) {
            terminal.process.destroy();
        }
        for (Terminal terminal : terminals) {
            terminal.process.onExit().orTimeout(20, TimeUnit.SECONDS).exceptionally(late -> terminal.process.destroyForcibly()).join();
        }
        for (String part : PARTS) {
            Files.delete(home.resolve(part));
        }
    }
}
