package org.vm.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
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
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.event.EventHandler;
import org.vm.api.device.MmioDevice;
import org.vm.api.hotplug.HotplugException;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.hotplug.Removal;
import org.vm.api.hotplug.SlotInfo;
import org.vm.api.hotplug.SlotState;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;

/** However a device leaves, by its configuration, its bundle or a command: its guest is asked first. The test is the guest. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class HotplugIT {
    private static final String DISK = "org.vm.device.virtio.blk";
    private static final String STORAGE = "org.vm.backend.block";
    private static final Duration LONG = Duration.ofSeconds(60);
    // Registers of the root port of slot 1, in configuration space
    private static final int PORT = 1 << 15;
    private static final int BUS_NUMBERS = PORT + 0x18;
    private static final int CARD_COMMAND = (1 << 20) + 4;
    private static final int SLOT_CONTROL = 0x18;
    private static final int SLOT_STATUS = 0x1a;

    @Inject
    private BundleContext context;
    @Inject
    private ConfigurationAdmin configurations;
    @Inject
    private MachineManager machines;
    @Rule
    public TemporaryFolder folder = new TemporaryFolder();
    private final List<String> topics = new CopyOnWriteArrayList<>();
    private ServiceRegistration<EventHandler> handler;
    private Machine machine;
    private MmioDevice pci;
    private int express;
    private Path image;

    @Configuration
    public Option[] configuration() {
        return options(Container.with("org.vm.api", "org.vm.isa", "org.vm.mmu", "org.vm.isa.riscv", "org.vm.engine.interp",
                "org.vm.device.riscv", "org.vm.device.pci", "org.vm.device.virtio", STORAGE, "org.vm.backend.console", "org.vm.machine"));
    }

    @Before
    public void boot() throws Exception {
        handler = context.registerService(EventHandler.class,
                event -> topics.add(event.getTopic() + " " + event.getProperty("device")),
                new Hashtable<>(Map.of("event.topics", "org/vm/hotplug/*")));
        image = Files.write(folder.newFile("disk.img").toPath(), new byte[1 << 20]);
        machine = machines.create("hot", Map.of("memory", "16M", "kernel", endlessLoop().toString(),
                "parts", new String[] {"pci.patience=5"}));
        await("the board", () -> machine.missing().stream().noneMatch(what -> what.startsWith("device")));
        machine.start();
        pci = machine.devices().find("pci").orElseThrow().device();
        express = capability();
        // The guest looks at the slot, and its driver takes it over: an empty slot is switched off.
        pci.write(BUS_NUMBERS, 4, 0x010100);
        pci.write(express + SLOT_CONTROL, 2, 0x17f1);
    }

    @After
    public void end() throws Exception {
        handler.unregister();
        for (var configuration : disks()) {
            configuration.delete();
        }
        machines.delete("hot");
        await("its disks are gone", () -> disks().length == 0);
    }

    /** A Linux Image that jumps over its header and then to itself. */
    private Path endlessLoop() throws Exception {
        ByteBuffer loop = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
        loop.putInt(0, 0x0400_006F).putLong(8, 0x20_0000).putLong(16, 128).putInt(32, 2);
        loop.put(48, "RISCV".getBytes(StandardCharsets.US_ASCII)).putInt(56, 0x0543_5352);
        loop.putInt(64, 0x0000_006F);
        return Files.write(folder.newFile("loop.img").toPath(), loop.array());
    }

    /** Where the PCI Express capability of the port is. */
    private int capability() {
        long at = pci.read(PORT + 0x34, 1);
        while (pci.read(PORT + at, 1) != 0x10) {
            at = pci.read(PORT + at + 1, 1);
        }
        return (int) (PORT + at);
    }

    // What the guest does

    /** Switches on what is there. */
    private void switchOn() throws Exception {
        await("a card", () -> (pci.read(express + SLOT_STATUS, 2) & 0x41) == 0x41);
        pci.write(express + SLOT_STATUS, 2, 0x11f);
        pci.write(express + SLOT_CONTROL, 2, 0x12f1);
        pci.write(express + SLOT_CONTROL, 2, 0x11f1);
        pci.write(CARD_COMMAND, 2, 6);
        await("it is on", () -> slot().state() == SlotState.POWERED_ON);
    }

    private void awaitButton() throws Exception {
        await("the button", () -> (pci.read(express + SLOT_STATUS, 2) & 1) != 0);
        pci.write(express + SLOT_STATUS, 2, 0x11f);
        pci.write(express + SLOT_CONTROL, 2, 0x12f1);
    }

    private void switchOff() {
        pci.write(CARD_COMMAND, 2, 0);
        pci.write(express + SLOT_CONTROL, 2, 0x16f1);
        pci.write(express + SLOT_CONTROL, 2, 0x17f1);
    }

    private SlotInfo slot() {
        return machine.devices().hotplug().orElseThrow().slots().getFirst();
    }

    private boolean absent() {
        return machine.devices().plugged().stream().noneMatch(p -> p.device().name().equals("disk0"));
    }

    private org.osgi.service.cm.Configuration plugged() throws Exception {
        var configuration = configurations.getFactoryConfiguration(DISK, "hot-disk0", "?");
        configuration.update(new Hashtable<>(Map.of("vm", "hot", "name", "disk0", "bus", "slot1", "file", image.toString())));
        switchOn();
        return configuration;
    }

    @Test
    public void theManagerIsAServiceOfItsMachine() throws Exception {
        var references = context.getServiceReferences(HotplugManager.class, "(vm=hot)");
        assertEquals(1, references.size());
        assertEquals(8, context.getService(references.iterator().next()).slots().size());
        assertEquals(SlotInfo.Way.NATIVE, slot().way());
    }

    @Test
    public void aDiskWhoseConfigurationIsDeletedStaysUntilTheGuestHasLetItGo() throws Exception {
        plugged().delete();
        awaitButton();
        assertEquals(SlotState.POWERING_OFF, slot().state());
        assertEquals("disk0", slot().device());
        switchOff();
        await("it is gone", () -> slot().state() == SlotState.EMPTY && absent());
        plugged();
        await("its file is free again", () -> slot().device().equals("disk0"));
        await("events", () -> topics.containsAll(List.of("org/vm/hotplug/INSERTED disk0", "org/vm/hotplug/ADDED disk0",
                "org/vm/hotplug/REMOVED disk0")));
    }

    @Test
    public void aDiskThatTheGuestDoesNotLetGoIsTakenAwayAfterAWhile() throws Exception {
        plugged().delete();
        awaitButton();
        await("it is taken", () -> slot().state() == SlotState.EMPTY && absent());
        assertEquals(0, disks().length);
    }

    @Test
    public void theBundleOfTheStorageStopsWhenTheGuestHasLetTheDiskGo() throws Exception {
        plugged();
        Bundle storage = Stream.of(context.getBundles()).filter(b -> STORAGE.equals(b.getSymbolicName())).findFirst()
                .orElseThrow();
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> {
            try {
                storage.stop();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        awaitButton();
        assertFalse(stopped.isDone());
        switchOff();
        stopped.get(20, TimeUnit.SECONDS);
        assertTrue(absent());
        storage.start();
        switchOn();
    }

    @Test
    public void aDiskThatIsRemovedByCommandKeepsItsConfigurationUntilItHasLeft() throws Exception {
        plugged();
        var refused = machines.removeDevice("hot", "disk0", Duration.ofMillis(300), Removal.ASK).toCompletableFuture();
        awaitButton();
        ExecutionException e = assertThrows(ExecutionException.class, () -> refused.get(10, TimeUnit.SECONDS));
        assertEquals(HotplugException.Reason.TIMED_OUT, ((HotplugException) e.getCause()).reason());
        assertEquals(1, disks().length);
        assertEquals("disk0", slot().device());
        var removed = machines.removeDevice("hot", "disk0", LONG, Removal.ASK).toCompletableFuture();
        switchOff();
        removed.get(10, TimeUnit.SECONDS);
        await("its configuration is gone", () -> disks().length == 0);
        plugged();
        machines.removeDevice("hot", "disk0", LONG, Removal.FORCE).toCompletableFuture().get(10, TimeUnit.SECONDS);
        await("its configuration is gone again", () -> disks().length == 0);
    }

    private org.osgi.service.cm.Configuration[] disks() {
        try {
            var found = configurations.listConfigurations("(service.factoryPid=" + DISK + ")");
            return found == null ? new org.osgi.service.cm.Configuration[0] : found;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertFalse("waited in vain: " + what, System.nanoTime() > deadline);
            never.await(20, TimeUnit.MILLISECONDS);
        }
    }
}
