package org.vm.bench.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.vm.guest.ExecOutput;
import org.vm.guest.GuestExec;

/** Runs programs in machines that it starts for each of them. */
final class Laboratory {
    /** What a guest's clock may be off: the console's delay, and something of its own. */
    private static final double CLOCK_SECONDS = 0.5;
    private static final double CLOCK_PART = 0.1;

    private final GuestFiles guest;
    private final Binaries binaries;
    private final Duration limit;

    /** @param limit for one run of a program, the guest's boot included */
    Laboratory(GuestFiles guest, Binaries binaries, Duration limit) {
        this.guest = guest;
        this.binaries = binaries;
        this.limit = limit;
    }

    Boot boot(Monitor monitor) throws InterruptedException {
        return Boot.measure(monitor, guest.initrd());
    }

    /** @throws BenchException if the program does not come to its end, or the guest's clock is wrong */
    Measurement run(Program program, Monitor monitor, int rounds) throws InterruptedException {
        GuestExec exec = new GuestExec(program.command(rounds));
        Path initrd = null;
        try {
            initrd = Files.createTempFile("vmm-bench", ".cpio");
            initrd.toFile().deleteOnExit();
            Path programs = Files.createTempFile("vmm-bench", ".programs");
            try {
                Overlay.write(guest.initrd(), files(program), programs);
                exec.writeInitrd(programs, initrd);
            } finally {
                Files.delete(programs);
            }
            return run(program, monitor, rounds, exec, initrd);
        } catch (IOException e) {
            throw new BenchException(program.name() + " cannot be put into the guest: " + e.getMessage(), e);
        } finally {
            delete(initrd);
        }
    }

    private Map<String, byte[]> files(Program program) throws IOException, InterruptedException {
        Map<String, byte[]> files = new HashMap<>();
        files.put(program.binary(), binaries.program(program.binary()));
        if (program.script().isPresent()) {
            files.put(program.script().get(), binaries.script(program.script().get()));
        }
        if (program.child().isPresent()) {
            files.put(program.child().get() + ".pie", binaries.pie(program.child().get()));
            files.putAll(binaries.libraries());
        }
        return files;
    }

    private Measurement run(Program program, Monitor monitor, int rounds, GuestExec exec, Path initrd)
            throws InterruptedException {
        Transcript console = new Transcript();
        Transcript printed = new Transcript();
        ExecOutput split = exec.output(printed, console);
        try (GuestProcess process = GuestProcess.start(monitor.command(initrd, program.vcpus()), monitor.environment(),
                (bytes, length) -> split.accept(ByteBuffer.wrap(bytes, 0, length)), printed::close)) {
            long deadline = process.started() + limit.toNanos();
            OptionalLong begin = printed.await(Measurement.BEGIN, deadline);
            OptionalLong total = printed.await(Measurement.TOTAL, deadline);
            String what = program.name() + " in " + monitor.name();
            if (!process.await(deadline)) {
                throw new BenchException(what + " did not end within " + limit.toSeconds() + " s; it printed:\n"
                        + printed.tail() + "\nand on the console:\n" + console.tail());
            }
            // The process has ended, its last words may still be on their way through the pipe.
            printed.awaitEnd(deadline);
            if (split.status().orElse(-1) != 0) {
                throw new BenchException(what + (split.status().isPresent()
                        ? " failed with status " + split.status().getAsInt() : " did not come to its end") + "; it printed:\n"
                        + printed.tail() + "\nand on the console:\n" + console.tail() + "\n" + process.errors().tail());
            }
            Measurement result = Measurement.parse(printed.text(), rounds).orElseThrow(() -> new BenchException(
                    what + " gave no whole report of " + rounds + " rounds; it printed:\n" + printed.tail()));
            checkClock(what, result.seconds(), (total.orElseThrow() - begin.orElseThrow()) / 1e9);
            return result;
        }
    }

    static void checkClock(String what, double inside, double outside) {
        if (Math.abs(inside - outside) > CLOCK_SECONDS + CLOCK_PART * outside) {
            throw new BenchException("%s measured %.2f s by the guest's clock and %.2f s by the host's".formatted(what,
                    inside, outside));
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new BenchException("cannot delete " + file + ": " + e.getMessage(), e);
        }
    }
}
