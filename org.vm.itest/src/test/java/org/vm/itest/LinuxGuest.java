package org.vm.itest;

import static org.junit.Assert.assertTrue;
import static org.junit.Assume.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.osgi.framework.BundleContext;
import org.vm.api.backend.AttachableConsole;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;

/** Debian's kernel and a shell in a machine of the container, with a disk of programs from {@code bench/guest}. */
final class LinuxGuest implements AutoCloseable {
    static final String NAME = "linux";
    private static final Duration BOOT = Duration.ofMinutes(4);
    private static final Duration STEP = Duration.ofMinutes(2);
    private static final String PROMPT = "root@linux:~# ";
    private static final Path SOURCES = Path.of("..", "bench", "guest").toAbsolutePath().normalize();

    private final MachineManager machines;
    private final Terminal terminal;
    final Machine machine;

    /** What comes out of a console, and a keyboard. */
    static final class Terminal implements AttachableConsole.Viewer, AutoCloseable {
        private final ConsoleClient console;
        private final StringBuilder said = new StringBuilder();
        private int seen;

        Terminal(BundleContext context) throws Exception {
            console = new ConsoleClient(context, NAME, "serial0", this);
        }

        @Override
        public synchronized void show(byte[] bytes, int offset, int length) {
            said.append(new String(bytes, offset, length, StandardCharsets.ISO_8859_1));
            notifyAll();
        }

        /** What is said up to that text, the text included, since the last call. */
        synchronized String expect(String text, Duration limit) throws InterruptedException {
            long until = System.nanoTime() + limit.toNanos();
            int at;
            while ((at = said.indexOf(text, seen)) < 0) {
                long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
                assertTrue("'" + text + "' was not seen within " + limit.toSeconds() + " s, but:\n" + said.substring(seen), left > 0);
                wait(left);
            }
            String output = said.substring(seen, at + text.length());
            seen = at + text.length();
            return output;
        }

        synchronized String all() {
            return said.toString();
        }

        void type(String text) throws InterruptedException {
            console.type(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
        }

        @Override
        public void close() {
            console.close();
        }
    }

    private LinuxGuest(MachineManager machines, Machine machine, Terminal terminal) {
        this.machines = machines;
        this.machine = machine;
        this.terminal = terminal;
    }

    /** Makes the machine with its disk; skips where guest, compiler or file system tools are missing. */
    static LinuxGuest create(BundleContext context, MachineManager machines, Path folder, int vcpus, String... programs) throws Exception {
        Path guest = Path.of(System.getenv().getOrDefault("VMM_CACHE", Path.of(System.getProperty("user.home"), ".cache", "vmm").toString()),
                "guests", "trixie-linux");
        assumeTrue("the guest linux is not in the cache; get it with: ./vmm fetch linux", Files.exists(guest.resolve("guest.properties")));
        Path tools = disk(folder, programs);
        Machine machine = machines.create(NAME, Map.of("memory", "256M", "vcpus", vcpus, "kernel", guest.resolve("Image").toString(),
                "initrd", guest.resolve("initrd.cpio").toString(), "append", "console=ttyS0"));
        machines.addDevice(NAME, "virtio.blk", "tools", Map.of("file", tools.toString()));
        return new LinuxGuest(machines, machine, new Terminal(context));
    }

    private static Path disk(Path folder, String... programs) throws Exception {
        Path root = Files.createDirectory(folder.resolve("tools"));
        for (String program : programs) {
            tool("riscv64-linux-gnu-gcc", "-O2", "-static", "-march=rv64gc", "-mabi=lp64d", "-o", root.resolve(program).toString(),
                    SOURCES.resolve(program + ".c").toString(), "-lpthread", "-lm");
        }
        Path disk = folder.resolve("tools.img");
        tool("mke2fs", "-q", "-t", "ext4", "-d", root.toString(), disk.toString(), "16M");
        return disk;
    }

    private static void tool(String... command) throws Exception {
        Optional<Path> found = Stream.of((System.getenv("PATH") + ":/sbin:/usr/sbin").split(File.pathSeparator))
                .map(place -> Path.of(place, command[0])).filter(Files::isExecutable).findFirst();
        assumeTrue("there is no " + command[0], found.isPresent());
        command[0] = found.get().toString();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        try (InputStream output = process.getInputStream()) {
            output.transferTo(said);
        }
        assertTrue(command[0] + " does not end", process.waitFor(2, TimeUnit.MINUTES));
        assertTrue(String.join(" ", command) + ":\n" + said, process.exitValue() == 0);
    }

    LinuxGuest boot() throws Exception {
        machine.start();
        terminal.expect(PROMPT, BOOT);
        sh("dmesg -n 1; " + device("tools", "tools") + "; mkdir -p /tools; mount -t ext4 $tools /tools");
        return this;
    }

    /** Shell text that puts the device file of a disk into a variable. */
    static String device(String disk, String variable) {
        return "for b in /sys/block/vd*; do [ \"$(cat $b/serial)\" = " + disk + " ] && " + variable + "=/dev/${b##*/}; done";
    }

    /** Runs a command in the guest's shell. @return what it prints */
    String sh(String command) throws InterruptedException {
        return sh(command, STEP);
    }

    String sh(String command, Duration limit) throws InterruptedException {
        // The quotes keep the markers out of the echo of what is typed.
        terminal.type("echo BE''GIN; " + command + "; echo EN''D\n");
        terminal.expect("BEGIN\r\n", limit);
        String output = terminal.expect("END\r\n", limit);
        terminal.expect(PROMPT, limit);
        return output.substring(0, output.length() - "END\r\n".length()).replace("\r", "").strip();
    }

    void powerOff() throws Exception {
        terminal.type("poweroff\n");
        assertTrue("the guest ends in order", machine.ended().get(STEP.toSeconds(), TimeUnit.SECONDS) == 0);
    }

    @Override
    public void close() throws IOException {
        terminal.close();
        machines.delete(NAME);
    }
}
