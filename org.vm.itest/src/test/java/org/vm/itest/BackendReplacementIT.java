package org.vm.itest;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.options;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.ConfigurationAdmin;
import org.vm.api.backend.AttachableConsole;
import org.vm.api.backend.AttachableConsole.Attachment;
import org.vm.api.backend.StorageMove;
import org.vm.api.backend.StorageMover;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;
import org.vm.api.machine.MachineState;
import org.vm.api.replace.BundleReplacer;
import org.vm.api.replace.Replacement;

/** Bundles of what is behind devices are replaced while a guest runs: its disks and its terminal are what they were. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class BackendReplacementIT {
    private static final String STORAGE = "org.vm.backend.block";
    private static final String CONSOLE = "org.vm.backend.console";

    @Inject
    private BundleContext context;
    @Inject
    private ConfigurationAdmin configurations;
    @Inject
    private MachineManager machines;
    @Inject
    private BundleReplacer replacer;
    @Rule
    public TemporaryFolder folder = new TemporaryFolder();
    private final ByteArrayOutputStream seen = new ByteArrayOutputStream();
    private Machine machine;
    private AttachableConsole console;
    private Attachment attachment;

    @Configuration
    public Option[] configuration() {
        return options(Container.with("org.vm.api", "org.vm.isa", "org.vm.mmu", "org.vm.isa.riscv", "org.vm.engine.interp",
                "org.vm.device.riscv", "org.vm.device.pci", "org.vm.device.virtio", STORAGE, CONSOLE, "org.vm.machine"),
                systemProperty("builtin").value(Path.of("../org.vm.guest.builtin/target/builtin.img").toAbsolutePath().toString()));
    }

    @Before
    public void aGuestIsAtItsPrompt() throws Exception {
        machine = machines.create("guest", Map.of("memory", "16M", "kernel", System.getProperty("builtin")));
        machine.start();
        var found = context.getServiceReferences(AttachableConsole.class, "(vm=guest)").iterator().next();
        console = context.getService(found);
        attachment = console.attach((bytes, offset, length) -> {
            synchronized (seen) {
                seen.write(bytes, offset, length);
            }
        }, 1 << 20);
        await("the prompt", () -> seen().contains("> "));
    }

    @After
    public void deleteAll() throws Exception {
        attachment.close();
        machines.delete("guest");
        var left = configurations.listConfigurations(null);
        for (var configuration : left == null ? new org.osgi.service.cm.Configuration[0] : left) {
            configuration.delete();
        }
    }

    private String seen() {
        synchronized (seen) {
            return seen.toString(StandardCharsets.US_ASCII);
        }
    }

    private void type(String text) {
        assertEquals(text.length(), console.type(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII))));
    }

    private Replacement replace(String name) throws IOException {
        Bundle bundle = Stream.of(context.getBundles()).filter(b -> name.equals(b.getSymbolicName())).findFirst().orElseThrow();
        Replacement replacement = replacer.replace(bundle.getBundleId(), ReactorJar.of(name), Duration.ZERO);
        assertEquals(MachineState.RUNNING, machine.state());
        assertEquals(List.of(), machine.devices().kept());
        return replacement;
    }

    @Test
    public void noByteIsLostOfATerminalWhoseConsolesBundleIsReplaced() throws Exception {
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 10; i++) {
            // Some are echoed before, some wait in the console or in the serial port.
            String word = "w" + i + "xyz";
            type(word);
            expected.append(word);
            Replacement replacement = replace(CONSOLE);
            assertTrue(replacement.toString(), replacement.devices().contains("guest/uart"));
            type(".");
            expected.append('.');
        }
        await("the echo", () -> seen().contains(expected));
        type("\b".repeat(expected.length()) + "check\r");
        await("the checks", () -> seen().contains("check other harts"));
        assertTrue(new String(console.recent(), StandardCharsets.US_ASCII).contains(expected));
    }

    @Test
    public void aSerialPortGetsAnotherConsoleUnderTheGuest() throws Exception {
        Object port = machine.devices().find("uart").orElseThrow().device();
        configurations.getFactoryConfiguration(CONSOLE, "other", "?")
                .update(new Hashtable<>(Map.of("vm", "guest", "name", "other")));
        await("the other console", () -> other() != null);
        attachment.close();
        synchronized (seen) {
            seen.reset();
        }
        attachment = other().attach((bytes, offset, length) -> {
            synchronized (seen) {
                seen.write(bytes, offset, length);
            }
        }, 1 << 20);
        String word = "typed-before";
        type(word);
        machines.changeDevice("guest", "uart", Map.of("console.target", "(&(vm=guest)(name=other))"));
        await("the other console is connected", () -> machine.devices().find("uart").orElseThrow().device().info().get("console")
                .contains("other"));
        AttachableConsole before = console;
        console = other();
        type("-after");
        await("the echo", () -> (new String(before.recent(), StandardCharsets.US_ASCII) + seen()).contains(word + "-after"));
        type("\b".repeat(word.length() + 6) + "check\r");
        await("the checks", () -> seen().contains("check other harts"));
        assertSame(port, machine.devices().find("uart").orElseThrow().device());
        assertEquals(MachineState.RUNNING, machine.state());
    }

    private AttachableConsole other() {
        try {
            return context.getServiceReferences(AttachableConsole.class, "(&(vm=guest)(name=other))").stream().findFirst()
                    .map(context::getService).orElse(null);
        } catch (org.osgi.framework.InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    public void disksInRamAndInFilesAreWhatTheyWereWhenTheBundleOfTheirStorageIsReplaced() throws Exception {
        byte[] contents = new byte[1 << 20];
        new Random(1).nextBytes(contents);
        Path image = Files.write(folder.newFile("disk.img").toPath(), contents);
        Path copy = Files.write(folder.newFile("copy.img").toPath(), contents);
        machines.addDevice("guest", "virtio.blk", "ram", Map.of("file", copy.toString()));
        machines.addDevice("guest", "virtio.blk", "file", Map.of("file", image.toString()));
        Hashtable<String, Object> pool = new Hashtable<>(Map.of("name", "pool", "size", "1M"));
        configurations.getFactoryConfiguration(STORAGE + ".ram", "pool", "?").update(pool);
        machines.addDevice("guest", "virtio.blk.named", "named", Map.of("backend.target", "(name=pool)"));
        await("the disks", () -> Stream.of("ram", "file", "named").allMatch(name -> machine.devices().find(name).isPresent()));
        move("ram", Map.of("ram", ""));
        for (int i = 0; i < 3; i++) {
            Replacement replacement = replace(STORAGE);
            assertTrue(replacement.toString(), replacement.devices().containsAll(List.of("guest/ram", "guest/file", "guest/named")));
        }
        Path after = folder.getRoot().toPath().resolve("after.img");
        move("ram", Map.of("file", after.toString()));
        assertArrayEquals(contents, Files.readAllBytes(after));
        assertArrayEquals(contents, Files.readAllBytes(image));
    }

    private void move(String disk, Map<String, String> to) throws Exception {
        StorageMover mover = context.getService(context.getServiceReference(StorageMover.class));
        StorageMove move = mover.move("guest", disk, to).ended().toCompletableFuture().get(20, TimeUnit.SECONDS);
        assertEquals(move.detail(), StorageMove.State.DONE, move.state());
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertTrue("waited in vain: " + what, System.nanoTime() < deadline);
            never.await(10, TimeUnit.MILLISECONDS);
        }
    }
}
