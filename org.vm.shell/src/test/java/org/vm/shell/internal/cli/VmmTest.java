package org.vm.shell.internal.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jline.terminal.Terminal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.VmException;
import org.vm.api.machine.MachineManager;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestCatalog;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.shell.internal.command.Consoles;
import org.vm.shell.internal.command.FakeManager;
import org.vm.shell.internal.terminal.FakeConsole;
import org.vm.shell.internal.text.ProgressLine;

@Timeout(30)
class VmmTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final FakeManager manager = new FakeManager();
    private final FakeConsole console = new FakeConsole();
    private final List<String> lines = new ArrayList<>();
    private String input = "";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"--help", "run --help", "fetch -h", "shell --help"})
    void helpGoesToStandardOutputAndFits80Columns(String arguments) {
        assertEquals(0, vmm(arguments.split(" ")));
        assertTrue(out().contains("Usage: vmm"), out());
        assertTrue(out().contains("xample"), out());
        assertTrue(out().lines().allMatch(line -> line.length() <= 80), out());
        assertEquals("", err());
    }

    @Test
    void versionNamesTheJavaItRunsOn() {
        assertEquals(0, vmm("--version"));
        assertTrue(out().contains("Java " + Runtime.version()), out());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --fast                     | vmm: unknown option: '--fast'; see: vmm --help
            fly                        | vmm: unmatched argument at index 0: 'fly'; see: vmm --help
            run                        | vmm: run what? name a guest (builtin, linux), a FILE.cfg, an ELF program or an Image; see: vmm run --help
            run linux --vcpus many     | vmm run: invalid value for option '--vcpus': 'many' is not an int; see: vmm run --help
            run nothing.img            | vmm: there is no file 'nothing.img' and no guest of that name; guests are: builtin, linux, opensbi
            run linux --disk none.img  | vmm: file 'none.img' does not exist
            run linux --memory lots    | vmm: 'lots' is no size: write bytes or a number with K, M, G or T, as in 512M
            run linux --aia imsic      | vmm: machine 'vm' asks for advanced interrupt architecture 'imsic'; there are: none, aplic, aplic-imsic
            run linux --vcpus 99       | vmm: machine 'vm' asks for 99 vCPUs; 1 to 64 are possible
            run linux --mode warp      | vmm: machine 'vm' asks for mode 'warp'; there are: interpreter, jit, hybrid, accelerated
            run linux --name a/b       | vmm: machine name 'a/b' must consist of letters, digits, - _ .
            run none.cfg               | vmm: file 'none.cfg' does not exist
            run --kernel none --exec x | vmm: file 'none' does not exist
            run linux --firmware linux | vmm: 'linux' is no firmware; there are: opensbi, u-boot, or a file
            fetch windows              | vmm: there is no file 'windows' and no guest of that name; guests are: builtin, linux, opensbi
            """)
    void everyMistakeIsOneSentenceOnStandardErrorAndStatus2(String arguments, String sentence) {
        assertEquals(2, vmm(arguments.split(" ")));
        assertEquals(sentence + "\n", err());
        assertEquals("", out());
        assertEquals(List.of(), manager.calls);
    }

    @Test
    void aGuestWithoutOurInitRunsNoCommands() throws Exception {
        assertEquals(2, vmm("run", file("Image"), "--exec", "id"));
        assertTrue(err().startsWith("vmm: --exec works with a guest that has our /init"), err());
    }

    @Test
    void runMakesAMachineFeedsItItsInputAndDeletesItAfterwards() throws Exception {
        input = "ls\n";
        CompletableFuture<Integer> status = start("run", "linux", "--vcpus", "2", "--append", "quiet", "--disk",
                file("a.img") + ",ro");
        console.attached.await();
        console.print("# ");
        assertEquals("ls\n", console.typed.take());
        assertEquals("poweroff\n", console.typed.take());
        manager.machines.getFirst().end.complete(7);
        assertEquals(7, status.get());
        assertEquals("# ", out());
        assertEquals(List.of("create linux {kernel=/guests/Image, initrd=" + folder.resolve("initrd")
                        + ", memory=512M, append=console=ttyS0 quiet, vcpus=2}",
                "add linux virtio.blk disk0 {file=" + folder.resolve("a.img") + ", readOnly=true}", "delete linux"),
                manager.calls);
    }

    @Test
    void execPrintsTheCommandsOutputAloneAndReturnsItsStatus() throws Exception {
        CompletableFuture<Integer> status = start("run", "linux", "--exec", "uname");
        console.attached.await();
        Matcher overlay = Pattern.compile("initrd=(\\S+?)[,}]").matcher(manager.calls.getFirst());
        assertTrue(overlay.find());
        Matcher token = Pattern.compile("(?<=\\x00)[0-9a-f]{32}(?=\n)").matcher(Files.readString(Path.of(overlay.group(1)),
                ISO_8859_1));
        assertTrue(token.find());
        console.print("booting\r\n\001" + token.group() + "<\nLinux\n\001" + token.group() + ">3\nbye\r\n");
        manager.machines.getFirst().end.complete(0);
        assertEquals(3, status.get());
        assertEquals("Linux\n", out());
        assertEquals("booting\r\nbye\r\n", err());
        assertFalse(Files.exists(Path.of(overlay.group(1))), "the temporary initrd is gone");
    }

    @Test
    void aGuestThatEndsBeforeTheCommandIsAFailure() throws Exception {
        CompletableFuture<Integer> status = start("run", "linux", "--exec", "uname");
        console.attached.await();
        manager.machines.getFirst().end.complete(0);
        assertEquals(1, status.get());
        assertEquals("vmm: the guest ended (status 0) without running the command; its console is above\n", err());
    }

    @Test
    void aMachineThatFailsIsReported() throws Exception {
        CompletableFuture<Integer> status = start("run", file("prog.elf"));
        console.attached.await();
        manager.machines.getFirst().end.completeExceptionally(new VmException("machine 'prog' failed: no engine"));
        assertEquals(1, status.get());
        assertEquals("vmm: machine 'prog' failed: no engine\n", err());
    }

    @Test
    void aConfigurationFileIsAMachine() throws Exception {
        Path cfg = Files.writeString(folder.resolve("org.vm.machine-small.cfg"), "memory = 64M\nappend = a=b\n");
        CompletableFuture<Integer> status = start("run", cfg.toString(), "--memory", "1M");
        console.attached.await();
        manager.machines.getFirst().end.complete(0);
        assertEquals(0, status.get());
        assertEquals("create small {append=a=b, memory=1048576}", manager.calls.getFirst());
    }

    @Test
    void fetchListsOrFetches() {
        assertEquals(0, vmm("fetch"));
        assertEquals("linux          a Linux (in the cache)\nopensbi        a firmware (in the cache)\n", out());
        out.reset();
        assertEquals(0, vmm("fetch", "opensbi"));
        assertEquals("opensbi: a firmware\n  firmware /guests/fw.bin\n", out());
        assertEquals("fetching: 0%\nfetching: 50%\nfetching: 100%\n", err());
    }

    @Test
    void theShellReadsAPipe() {
        input = "list\n\nbad\nexit\nnever\n";
        assertEquals(1, vmm("shell"));
        assertEquals(List.of("list", "bad"), lines);
        assertEquals("bad is bad\n", err());
    }

    private CompletableFuture<Integer> start(String... arguments) {
        return CompletableFuture.supplyAsync(() -> vmm(arguments), task -> Thread.ofVirtual().start(task));
    }

    private int vmm(String... arguments) {
        return Vmm.run(new FakeHost(), List.of(arguments));
    }

    private String file(String name) throws Exception {
        return Files.writeString(folder.resolve(name), "x").toString();
    }

    private String out() {
        return out.toString(UTF_8).replace(System.lineSeparator(), "\n");
    }

    private String err() {
        return err.toString(UTF_8).replace(System.lineSeparator(), "\n");
    }

    @Test
    void progressOnATerminalStaysOnOneLine() {
        ProgressLine line = new ProgressLine(new PrintWriter(err, true), true);
        line.report("kernel", 0, 20 << 20);
        line.report("kernel", 20 << 20, 20 << 20);
        assertArrayEquals(new String[] {"", "\033[Kkernel: 0% of 20 MiB", "\033[Kkernel: 100% of 20 MiB\n"},
                err().split("\r"));
    }

    private final class FakeHost implements Host, GuestCatalog {
        @Override
        public InputStream in() {
            return new ByteArrayInputStream(input.getBytes(UTF_8));
        }

        @Override
        public OutputStream out() {
            return out;
        }

        @Override
        public PrintStream err() {
            return new PrintStream(err, true);
        }

        @Override
        public Optional<Terminal> terminal() {
            return Optional.empty();
        }

        @Override
        public MachineManager machines() {
            return manager;
        }

        @Override
        public GuestCatalog guests() {
            return this;
        }

        @Override
        public Consoles consoles() {
            Consoles consoles = new Consoles();
            for (String name : List.of("linux", "prog", "small")) {
                consoles.add(console, Map.of("vm", name, "name", "serial0"));
            }
            return consoles;
        }

        @Override
        public boolean stopping() {
            return false;
        }

        @Override
        public void prompt(String greeting) {}

        @Override
        public void execute(String line) {
            lines.add(line);
            if (line.equals("bad")) {
                throw new VmException("bad is bad");
            }
        }

        @Override
        public List<Entry> entries() {
            return List.of(new Entry("linux", "a Linux"), new Entry("opensbi", "a firmware"));
        }

        @Override
        public boolean isPrepared(String name) {
            return true;
        }

        @Override
        public GuestImage prepare(String name, FetchOptions options, Progress progress) {
            if (name.equals("opensbi")) {
                progress.report("fetching", 0, 2);
                progress.report("fetching", 1, 2);
                progress.report("fetching", 2, 2);
                return new GuestImage(name, "a firmware", Optional.of(Path.of("/guests/fw.bin")), Optional.empty(),
                        Optional.empty(), "");
            }
            try {
                return new GuestImage(name, "a Linux", Optional.empty(), Optional.of(Path.of("/guests/Image")),
                        Optional.of(Files.write(folder.resolve("initrd"), new byte[6])), "console=ttyS0");
            } catch (IOException e) {
                throw new VmException("no initrd", e);
            }
        }
    }
}
