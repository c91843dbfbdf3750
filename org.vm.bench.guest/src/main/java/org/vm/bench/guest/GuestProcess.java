package org.vm.bench.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A monitor as a process. It ends with this object, or with the benchmark. */
final class GuestProcess implements AutoCloseable {
    /** Takes what the process prints. */
    interface Sink {
        void accept(byte[] bytes, int length) throws IOException;
    }

    private static final Duration FAREWELL = Duration.ofSeconds(15);

    private final Process process;
    private final long started;
    private final Thread hook;
    private final Transcript errors = new Transcript();

    private GuestProcess(Process process, long started) {
        this.process = process;
        this.started = started;
        this.hook = new Thread(this::end, "end " + process.pid());
    }

    /**
     * @param environment variables beside those of this process
     * @param end         called when nothing more will come
     */
    static GuestProcess start(List<String> command, Map<String, String> environment, Sink output, Runnable end) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        // The program that is measured stays the one that was built when the benchmark began.
        builder.environment().put("VMM_NO_BUILD", "1");
        long started = System.nanoTime();
        try {
            GuestProcess guest = new GuestProcess(builder.start(), started);
            Runtime.getRuntime().addShutdownHook(guest.hook);
            guest.pump(guest.process.getInputStream(), output, end);
            guest.pump(guest.process.getErrorStream(), (bytes, length) -> guest.errors.write(bytes, 0, length),
                    guest.errors::close);
            return guest;
        } catch (IOException e) {
            throw new BenchException("cannot start " + command.getFirst() + ": " + e.getMessage(), e);
        }
    }

    private void pump(InputStream from, Sink to, Runnable end) {
        Thread.ofPlatform().daemon().name("output of " + process.pid()).start(() -> {
            byte[] chunk = new byte[1 << 16];
            try (from) {
                for (int count = from.read(chunk); count >= 0; count = from.read(chunk)) {
                    to.accept(chunk, count);
                }
            } catch (IOException e) {
                byte[] why = ("its output cannot be read: " + e.getMessage() + "\n").getBytes(StandardCharsets.UTF_8);
                errors.write(why, 0, why.length);
            } finally {
                end.run();
            }
        });
    }

    /** {@link System#nanoTime} just before it was started. */
    long started() {
        return started;
    }

    void type(String keys) throws IOException {
        OutputStream input = process.getOutputStream();
        input.write(keys.getBytes(StandardCharsets.UTF_8));
        input.flush();
    }

    long pid() {
        return process.pid();
    }

    /** What it printed as errors. */
    Transcript errors() {
        return errors;
    }

    /** Waits for its end until {@code deadline} ({@link System#nanoTime}). @return whether it has ended */
    boolean await(long deadline) throws InterruptedException {
        return process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    /** Ends it, if it still runs. */
    @Override
    public void close() {
        end();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // Then the hook is already doing its work.
            return;
        }
    }

    /** Politely first: our monitor clears up behind itself. */
    private void end() {
        process.destroy();
        try {
            process.waitFor(FAREWELL.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroyForcibly();
        }
    }
}
