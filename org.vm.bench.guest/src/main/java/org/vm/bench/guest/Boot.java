package org.vm.bench.guest;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * One start of Linux.
 *
 * @param init   seconds from the start of the process to the kernel's start of {@code /init}
 * @param prompt seconds to the shell's prompt
 * @param memory that the process has then
 */
record Boot(double init, double prompt, ResidentMemory memory) {
    private static final String INIT = "Run /init";
    private static final String PROMPT = ":~# ";
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Duration POWEROFF = Duration.ofSeconds(60);

    /** Boots to the prompt, then powers off. */
    static Boot measure(Monitor monitor, Path initrd) throws InterruptedException {
        Transcript console = new Transcript();
        try (GuestProcess guest = GuestProcess.start(monitor.command(initrd, 1), monitor.environment(),
                (bytes, length) -> console.write(bytes, 0, length), console::close)) {
            long deadline = guest.started() + LIMIT.toNanos();
            double init = seconds(guest, console.await(INIT, deadline), console, INIT, monitor);
            double prompt = seconds(guest, console.await(PROMPT, deadline), console, PROMPT, monitor);
            ResidentMemory memory = ResidentMemory.of(guest.pid());
            guest.type("poweroff\n");
            if (!guest.await(System.nanoTime() + POWEROFF.toNanos())) {
                throw new BenchException(monitor.name() + " did not end after poweroff; the last that it printed:\n"
                        + console.tail());
            }
            return new Boot(init, prompt, memory);
        } catch (IOException e) {
            throw new BenchException(monitor.name() + " ended at the prompt: " + e.getMessage(), e);
        }
    }

    private static double seconds(GuestProcess guest, OptionalLong at, Transcript console, String phrase, Monitor monitor) {
        return (at.orElseThrow(() -> new BenchException(monitor.name() + " never printed '" + phrase
                + "'; the last that it printed:\n" + console.tail() + "\n" + guest.errors().tail())) - guest.started()) / 1e9;
    }
}
